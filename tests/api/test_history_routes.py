import msgspec
import pytest
import requests

from hftlib.client.connection import DeskConnection
from hftlib.core.states import Source
from hftlib.desk.candles import INTERVALS as KEPT_INTERVALS
from hftlib.wire.history import INTERVALS
from hftlib.wire.messages import API_PREFIX, ErrorReply
from tests.desk_support.recording import BEST_BID, START_NS, STEP_NS, SYMBOL, VENUE
from tests.desk_support.server import DeskInThread, eventually

SECOND = 1_000_000_000


@pytest.fixture
def played(connection: DeskConnection) -> DeskConnection:
    """Return a connection to a desk that has played 20 s of the tape."""
    connection.seek(START_NS + 200 * STEP_NS)
    eventually(lambda: not connection.clock().seeking)
    return connection


def test_intervals_are_those_that_are_kept() -> None:
    assert tuple(KEPT_INTERVALS) == INTERVALS


def test_candles_are_made_of_the_trades(played: DeskConnection) -> None:
    reply = played.latest_candles(VENUE, SYMBOL, "1s", limit=5)
    assert (reply.venue, reply.symbol, reply.interval) == (VENUE, SYMBOL, "1s")
    assert reply.source is Source.TAPE
    assert len(reply.candles) == 5
    bar = reply.candles[-2]
    assert (bar.open, bar.close) == (f"{(BEST_BID + 1) / 100:.2f}",) * 2
    assert (bar.volume, bar.buy_volume, bar.trades) == ("0.02", "0.02", 2)
    assert bar.quote_volume == "600.0002"
    assert (bar.closed, bar.origin) == (True, "trades")
    assert not bar.complete, "the recording leaves out numbers of trades"
    assert bar.ts_open % SECOND == 0
    assert bar.ts_first is not None
    assert bar.ts_open <= bar.ts_first < bar.ts_open + SECOND


def test_an_open_bar_says_so(played: DeskConnection) -> None:
    (bar,) = played.latest_candles(VENUE, SYMBOL, "1h").candles
    assert (bar.closed, bar.complete) == (False, False), "the tape began within this hour"


@pytest.mark.parametrize(
    ("path", "status", "code", "words"),
    [
        (f"/candles/{VENUE}/DOGE", 404, "UNKNOWN_BOOK", "BTCUSDT"),
        (f"/candles/{VENUE}/{SYMBOL}?interval=3d", 422, "INVALID_REQUEST", "interval"),
        (f"/candles/{VENUE}/{SYMBOL}?limit=0", 422, "INVALID_REQUEST", "limit"),
        (f"/candles/{VENUE}/{SYMBOL}?limit=1501", 422, "INVALID_REQUEST", "limit"),
    ],
)
def test_errors_are_a_code_and_a_sentence(
    desk: DeskInThread, path: str, status: int, code: str, words: str
) -> None:
    answer = requests.get(desk.url + API_PREFIX + path, timeout=5)
    error = msgspec.json.decode(answer.content, type=ErrorReply)
    assert (answer.status_code, error.code) == (status, code)
    assert words in error.message
