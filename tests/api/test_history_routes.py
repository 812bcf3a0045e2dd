from decimal import Decimal

import msgspec
import pyarrow as pa
import pytest
import requests

from hftlib.api.tables import ARROW, rows_of
from hftlib.client.connection import DeskConnection, RefusedError
from hftlib.core.provenance import Provenance
from hftlib.core.states import Source
from hftlib.desk.candles import INTERVALS as KEPT_INTERVALS
from hftlib.wire.history import INTERVALS, HistoryReply
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


KINDS = ("features", "books", "trades", "candles", "markouts")


def history(desk: DeskInThread, kind: str, **query: object) -> HistoryReply:
    answer = requests.get(
        f"{desk.url}{API_PREFIX}/history/{kind}/{VENUE}/{SYMBOL}", params=query, timeout=60
    )
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=HistoryReply)


def test_history_is_told_in_pages(desk: DeskInThread) -> None:
    begin, rows = START_NS, []
    for _ in range(4):
        page = history(desk, "trades", start=begin, end=START_NS + 100 * STEP_NS, limit=6)
        assert (page.where, page.columns[3]) == ("tape", "ts_recv")
        rows += page.rows
        if page.next_start is None:
            break
        begin = page.next_start
    assert [row[5] for row in rows] == [7_000 + 5 * number for number in range(1, 20)]


def test_moments_are_nanoseconds_or_iso_text(desk: DeskInThread) -> None:
    one = history(desk, "trades", start=START_NS, end=START_NS + 10 * STEP_NS)
    other = history(desk, "trades", start="2023-11-14T22:13:20Z", end="2023-11-14T22:13:21")
    assert len(one.rows) == 1
    assert one == other


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_answers_as_json_and_as_arrow_alike(desk: DeskInThread, kind: str) -> None:
    told = history(desk, kind, limit=20)
    answer = requests.get(
        f"{desk.url}{API_PREFIX}/history/{kind}/{VENUE}/{SYMBOL}",
        params={"limit": 20, "format": "arrow"},
        timeout=60,
    )
    assert answer.headers["content-type"] == ARROW
    table = pa.ipc.open_stream(answer.content).read_all()
    assert table.column_names == told.columns
    assert [list(row.values()) for row in table.to_pylist()] == told.rows
    assert told.rows
    assert table.schema.metadata[b"source"].decode() == told.source == Provenance.EXCHANGE


def test_rows_are_of_the_source_that_is_asked_for(
    desk: DeskInThread, connection: DeskConnection
) -> None:
    assert history(desk, "trades", limit=3, source="EXCHANGE") == history(desk, "trades", limit=3)
    told = connection.trades(SYMBOL, source="EXCHANGE")
    assert told.attrs == {"source": "EXCHANGE"}
    assert connection.trades(SYMBOL).equals(told)
    with pytest.raises(RefusedError, match="this tape is EXCHANGE: it has nothing of SIMULATED"):
        connection.trades(SYMBOL, source="SIMULATED")


def test_horizons_and_times_are_those_asked_for(desk: DeskInThread) -> None:
    told = history(desk, "markouts", horizon=[0.25, 2], time=START_NS + 50 * STEP_NS)
    assert told.columns[-3:] == ["mid", "markout_250ms", "markout_2s"]
    assert told.rows[0][2:] == [START_NS + 50 * STEP_NS, 30000.005, 0.0, 0.0]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        (f"trades/{VENUE}/DOGE", 404, "BTCUSDT"),
        (f"trades/{VENUE}/{SYMBOL}?start=5&end=5", 422, "empty"),
        (f"trades/{VENUE}/{SYMBOL}?start=yesterday", 422, "no moment"),
        (f"trades/{VENUE}/{SYMBOL}?limit=10001", 422, "as JSON"),
        (f"trades/{VENUE}/{SYMBOL}?source=live", 422, "source"),
        (f"trades/{VENUE}/{SYMBOL}?source=TESTNET", 422, "this tape is EXCHANGE"),
        (f"books/{VENUE}/{SYMBOL}?depth=21", 422, "depth"),
        (f"features/{VENUE}/{SYMBOL}?every=1m", 422, "every"),
        (f"markouts/{VENUE}/{SYMBOL}?horizon=-1", 422, "horizon"),
        (f"markouts/{VENUE}/{SYMBOL}?horizon=nan", 422, "horizon"),
        (f"trades/{VENUE}/{SYMBOL}?start={2**70}", 422, "start"),
        (f"orders/{VENUE}/{SYMBOL}", 404, "Not Found"),
    ],
)
def test_questions_that_cannot_be_answered_are_refused_in_words(
    desk: DeskInThread, path: str, status: int, words: str
) -> None:
    answer = requests.get(f"{desk.url}{API_PREFIX}/history/{path}", timeout=60)
    error = msgspec.json.decode(answer.content, type=ErrorReply)
    assert (answer.status_code, words in error.message) == (status, True), answer.text


def test_a_desk_without_a_store_says_so(connection: DeskConnection) -> None:
    with pytest.raises(RefusedError, match="has no store") as refusal:
        connection.sql("SELECT 1")
    assert refusal.value.status == 503


@pytest.mark.parametrize("body", [b"", b"{}", b'{"sql": "SELECT 1", "max_rows": 0}', b"[1]"])
def test_what_is_no_statement_is_refused(desk: DeskInThread, body: bytes) -> None:
    answer = requests.post(f"{desk.url}{API_PREFIX}/sql", data=body, timeout=5)
    assert answer.status_code == 422


def test_values_are_plain_in_json() -> None:
    table = pa.table(
        {
            "stamp": pa.array([1_500], pa.timestamp("us", tz="UTC")),
            "number": pa.array([float("nan")]),
            "list": pa.array([[1.5, float("inf")]]),
            "bytes": pa.array([b"a"]),
            "day": pa.array([0], pa.date32()),
            "money": pa.array([Decimal("1.50")]),
            "pair": pa.array([{"a": float("nan"), "b": 1}]),
        }
    )
    assert rows_of(table) == [
        [1_500_000, None, [1.5, None], "a", "1970-01-01", "1.50", {"a": None, "b": 1}]
    ]
