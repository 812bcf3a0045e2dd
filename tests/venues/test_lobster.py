"""LOBSTER rows: level-one books, trades, halts."""

import msgspec
import pytest

from hftlib.core.events import BestBidOffer, BookSnapshot, Trade
from hftlib.core.states import FeedCondition, Side
from hftlib.venues.stamps import midnight_ns
from tests.reference.venue_feed import Feed, instrument, kinds, plain

DAY_NS = midnight_ns("2012-06-21")
ROW = "34200.18960767,1,11885113,21,2238100,1|2239500,100,2238100,21"


def amzn() -> Feed:
    feed = Feed("lobster", instrument("lobster", "AMZN", "0.0001", "1"))
    feed.opened("lobster://AMZN/2012-06-21", connection="ws")
    return feed


def test_a_row_is_a_book_of_one_level():
    feed = amzn()
    snapshot, best, synced = feed.ws(ROW)
    assert isinstance(snapshot, BookSnapshot)
    assert (bytes(snapshot.bids), bytes(snapshot.asks)) == (
        b'[["223.8100","21"]]',
        b'[["223.9500","100"]]',
    )
    assert (snapshot.last_update_id, snapshot.verified) == (1, True)
    assert snapshot.ts_event == DAY_NS + 34_200_189_607_670
    assert isinstance(best, BestBidOffer)
    assert (best.bid_ticks, best.bid_quanta, best.ask_ticks) == (2_238_100, 21, 2_239_500)
    assert synced.condition is FeedCondition.SYNCED
    assert feed.session.is_synced("AMZN")
    assert kinds(feed.ws(ROW)) == ["BookSnapshot", "BestBidOffer"]
    assert feed.session.reporter.of_symbol("AMZN").frames == 2


@pytest.mark.parametrize(
    ("kind", "direction", "side"),
    [("4", "1", Side.SELL), ("4", "-1", Side.BUY), ("5", "-1", Side.BUY)],
)
def test_executions_name_the_resting_order(kind: str, direction: str, side: Side):
    row = f"34200.5,{kind},0,7,2238250,{direction}|2239500,100,2238100,21"
    trade = amzn().ws(row)[2]
    assert isinstance(trade, Trade)
    assert (trade.side, trade.price_ticks, trade.size_quanta) == (side, 2_238_250, 7)


@pytest.mark.parametrize(
    ("quotes", "bids", "asks"),
    [
        ("9999999999,0,2238100,21", b'[["223.8100","21"]]', b"[]"),
        ("2239500,100,-9999999999,0", b"[]", b'[["223.9500","100"]]'),
        ("2239500,0,2238100,0,1,1,1,1", b"[]", b"[]"),
    ],
)
def test_an_empty_side_is_empty(quotes: str, bids: bytes, asks: bytes):
    snapshot, best, _ = amzn().ws(f"34200.5,3,1,1,2238100,1|{quotes}")
    assert (snapshot.bids, snapshot.asks) == (bids, asks)
    assert (best.bid_ticks is None, best.ask_ticks is None) == (bids == b"[]", asks == b"[]")


def test_halts_make_the_book_stale_until_trading_resumes():
    feed = amzn()
    feed.ws(ROW)

    def halt(price: str) -> list[str]:
        return kinds(feed.ws(f"34201,7,0,0,{price},-1|2239500,100,2238100,21"))[2:]

    assert halt("-1") == ["STALE"]
    assert not feed.session.is_synced("AMZN")
    assert halt("0") == ["STALE"]
    assert halt("1") == ["SYNCED"]
    assert feed.session.is_synced("AMZN")
    assert halt("2") == []


def test_a_row_whose_time_goes_back_is_late():
    feed = amzn()
    feed.ws(ROW)
    assert kinds(feed.ws(ROW.replace("34200.1", "34200.0"))) == ["LATE"]


def test_without_an_opened_frame_the_only_instrument_is_meant():
    feed = Feed("lobster", instrument("lobster", "AMZN", "0.0001", "1"))
    snapshot = feed.ws(ROW)[0]
    assert (snapshot.symbol, snapshot.ts_event) == ("AMZN", feed.now_ns)
    feed = Feed("lobster", *(instrument("lobster", name, "0.0001", "1") for name in ("A", "B")))
    assert kinds(feed.ws(ROW)) == ["UNKNOWN"]
    feed.opened("lobster://B")
    assert feed.ws(ROW)[0].ts_event == feed.now_ns


def test_a_distrusted_book_comes_back_with_the_next_row():
    feed = amzn()
    feed.ws(ROW)
    assert kinds(feed.session.distrust("AMZN", "crossed", 5)) == ["GAP"]
    assert kinds(feed.session.distrust("NOSUCH", "crossed", 5)) == ["GAP"]
    assert not feed.session.is_synced("AMZN")
    assert kinds(feed.ws(ROW)) == ["BookSnapshot", "BestBidOffer", "SYNCED"]


def test_opening_and_closing():
    feed = amzn()
    assert kinds(feed.closed()) == ["CLOSED", "CLOSED"]
    assert kinds(feed.closed("end")) == ["CLOSED"]
    assert kinds(feed.opened("lobster://AMZN/yesterday")) == ["MALFORMED"]
    assert kinds(feed.opened("lobster://[1/x")) == ["MALFORMED"]
    assert kinds(feed.timer()) == ["ACKNOWLEDGED"]


@pytest.mark.parametrize(
    ("row", "condition"),
    [
        ("", FeedCondition.MALFORMED),
        (ROW.replace("|", ","), FeedCondition.MALFORMED),
        (ROW.partition("|")[0] + "|1,2", FeedCondition.MALFORMED),
        ("1,1,1|" + ROW.partition("|")[2], FeedCondition.MALFORMED),
        (ROW.replace(",1,11885113", ",8,11885113"), FeedCondition.MALFORMED),
        (ROW.replace("34200.1", "-34200.1"), FeedCondition.MALFORMED),
        (ROW.replace("34200.1", "x"), FeedCondition.OFF_QUANTUM),
        (ROW.replace(",1,11885113", ",4,11885113").replace(",1|", ",0|"), FeedCondition.MALFORMED),
        (b"\xff|", FeedCondition.MALFORMED),
    ],
)
def test_rows_that_cannot_be_read(row: str, condition: FeedCondition):
    (status,) = amzn().ws(row)
    assert status.condition is condition


def test_the_state_survives_a_checkpoint():
    feed = amzn()
    feed.ws(ROW)
    other = Feed("lobster", instrument("lobster", "AMZN", "0.0001", "1"))
    state = msgspec.msgpack.decode(msgspec.msgpack.encode(feed.session.checkpoint()))
    other.session.restore(state)
    other.count, other.now_ns = feed.count, feed.now_ns
    for row in (ROW, ROW.replace("34200.1", "34200.0")):
        assert plain(other.ws(row)) == plain(feed.ws(row))
    assert other.session.checkpoint() == feed.session.checkpoint()
