import json

import msgspec
import pytest

from hftlib.core.events import BookSnapshot, FeedStatus, SnapshotRequest, Trade
from hftlib.core.frames import FrameKind
from hftlib.core.instrument import Instrument
from hftlib.core.states import FeedCondition, Side
from hftlib.venues.ccxt.session import ASK_AGAIN_NS, HISTORY_NS, TRADES_KEPT
from tests.reference.venue_feed import START_NS, Feed, conditions, kinds

SYMBOL = "BTC/USD"
NOW_MS = START_NS // 1_000_000
WHOLE = {"bids": [["100.00", "1.5"]], "asks": [["100.01", "2"]]}


@pytest.fixture
def feed() -> Feed:
    return Feed("kraken", Instrument("kraken", SYMBOL, "BTC", "USD", "0.01", "0.00000001"))


def book(**more) -> str:
    return json.dumps({"type": "book", "symbol": SYMBOL, **WHOLE, **more})


def trades(*rows, symbol=SYMBOL) -> str:
    usual = {"price": "100.01", "size": "0.5", "side": "buy"}
    told = [{**usual, **row} for row in rows]
    return json.dumps({"type": "trades", "symbol": symbol, "trades": told})


def poll(feed: Feed, text: str):
    return feed.session.receive(feed.frame(text, FrameKind.POLL))


def test_the_first_book_is_synced_and_never_verified(feed):
    snapshot, synced = feed.ws(book(ts=NOW_MS, nonce=77))
    assert isinstance(snapshot, BookSnapshot)
    assert (snapshot.verified, snapshot.last_update_id) == (False, 77)
    assert snapshot.ts_event == NOW_MS * 1_000_000
    assert bytes(snapshot.bids) == b'[["100.00", "1.5"]]'
    assert (synced.condition, synced.reason) == (
        FeedCondition.SYNCED,
        "a whole book, watched by ccxt",
    )
    assert feed.session.is_synced(SYMBOL)


def test_later_books_replace_the_one_before_and_are_counted_where_they_have_no_number(feed):
    feed.ws(book())
    (second,) = feed.ws(book(asks=[]))
    assert (second.last_update_id, second.ts_event) == (2, None)
    # The newest word wins: a nonce may begin anew within ccxt.
    assert feed.ws(book(nonce=5))[0].last_update_id == 5
    assert feed.ws(book(nonce=4))[0].last_update_id == 4
    assert feed.session.reporter.of_symbol(SYMBOL).market_events == 4


def test_the_same_book_again_is_a_duplicate_when_pushed_and_nothing_new_when_polled(feed):
    feed.ws(book())
    assert kinds(feed.ws(book())) == ["DUPLICATE"]
    assert kinds(poll(feed, book())) == ["ACKNOWLEDGED"]
    assert kinds(poll(feed, book(nonce=1))) == ["BookSnapshot"]


def test_a_polled_book_says_so(feed):
    assert poll(feed, book())[1].reason == "a whole book, polled by ccxt"


def test_a_closed_connection_takes_the_book_with_it(feed):
    feed.opened("ccxt://kraken/book/BTC/USD", "book")
    feed.ws(book(), "book")
    assert kinds(feed.closed("gone", "other")) == ["CLOSED"]
    assert feed.session.is_synced(SYMBOL)
    told = feed.closed("", "book")
    assert [(one.condition, one.symbol, one.reason) for one in told] == [
        (FeedCondition.CLOSED, "", "connection closed"),
        (FeedCondition.CLOSED, SYMBOL, "connection closed"),
    ]
    assert not feed.session.is_synced(SYMBOL)
    # The same book on the new connection is the book again, no duplicate.
    assert kinds(feed.opened("", "book")) == ["OPENED"]
    assert kinds(feed.ws(book(), "book")) == ["BookSnapshot", "SYNCED"]
    assert kinds(feed.opened("", "book")) == ["OPENED", "CLOSED"]


def test_distrust_asks_for_a_new_subscription_and_asks_again(feed):
    feed.ws(book())
    told, request = feed.session.distrust(SYMBOL, "crossed", feed.now_ns, FeedCondition.CROSSED)
    assert told.condition is FeedCondition.CROSSED
    assert (request.symbol, request.connection) == (SYMBOL, "ws")
    assert kinds(feed.session.distrust(SYMBOL, "crossed", feed.now_ns)) == ["GAP"]
    assert kinds(feed.timer()) == ["ACKNOWLEDGED"]
    asked = feed.timer(ASK_AGAIN_NS)[1]
    assert isinstance(asked, SnapshotRequest)
    assert asked.reason == "no book came"
    # The book that was refused may come again: it is judged again.
    assert kinds(feed.ws(book())) == ["BookSnapshot", "SYNCED"]
    assert kinds(feed.timer(ASK_AGAIN_NS)) == ["ACKNOWLEDGED"]


def test_distrust_of_a_book_that_never_came_asks_for_nothing(feed):
    assert kinds(feed.session.distrust(SYMBOL, "test", feed.now_ns)) == ["GAP"]
    assert not feed.session.is_synced(SYMBOL)


def test_a_garbled_frame_leaves_the_books_of_its_connection_distrusted(feed):
    feed.ws(book())
    assert kinds(feed.ws("{", "other")) == ["MALFORMED"]
    assert kinds(feed.ws("{")) == ["MALFORMED", "GAP", "SnapshotRequest"]
    assert kinds(feed.ws("{")) == ["MALFORMED"]
    assert conditions(feed.ws(book(symbol="ETH/USD"))) == [FeedCondition.UNKNOWN]
    assert conditions(feed.ws(book(ts=-1))) == [FeedCondition.MALFORMED]


def test_trades_carry_the_aggressors_side(feed):
    one, two = feed.ws(trades({"id": "41", "ts": NOW_MS}, {"id": "42", "side": "sell"}))
    assert isinstance(one, Trade)
    assert (one.trade_id, one.price_ticks, one.size_quanta) == (41, 10_001, 50_000_000)
    assert (one.side, two.side) == (Side.BUY, Side.SELL)
    assert (one.ts_event, two.ts_event) == (NOW_MS * 1_000_000, None)
    assert not one.historical
    assert feed.session.reporter.of_symbol(SYMBOL).market_events == 2


def test_ids_that_are_no_numbers_are_digested_and_told_apart(feed):
    names = ["a-1", "a-2", "9" * 19, "\ud800", "٣"]
    found = feed.ws(trades(*({"id": name} for name in names if name != "\ud800")))
    numbers = [trade.trade_id for trade in found]
    assert len(set(numbers)) == 4
    assert all(0 <= number < 2**62 for number in numbers)
    assert kinds(feed.ws(trades({"id": "a-1"}))) == ["DUPLICATE"]


def test_trades_that_came_before_are_dropped(feed):
    feed.ws(trades({"id": "1"}, {"id": "2"}))
    (new, repeated) = feed.ws(trades({"id": "1"}, {"id": "2"}, {"id": "3"}))
    assert (new.trade_id, repeated.condition, repeated.count) == (3, FeedCondition.DUPLICATE, 2)
    assert kinds(poll(feed, trades({"id": "3"}))) == ["ACKNOWLEDGED"]
    feed.ws(trades(*({"id": str(number)} for number in range(4, 4 + TRADES_KEPT))))
    # The oldest ids are forgotten.
    assert kinds(feed.ws(trades({"id": "1"}))) == ["Trade"]


def test_trades_without_an_id_are_counted_and_never_taken_for_one_another(feed):
    found = feed.ws(trades({}, {}))
    assert [trade.trade_id for trade in found] == [0, 1]


def test_a_trade_that_cannot_be_told_does_not_cost_the_others(feed):
    rows = ({"side": None}, {"price": "100.001"}, {"id": "3"})
    assert kinds(feed.ws(trades(*rows))) == ["ACKNOWLEDGED", "OFF_QUANTUM", "Trade"]
    assert kinds(feed.ws(trades())) == ["ACKNOWLEDGED"]
    assert kinds(feed.ws(trades({}, symbol="ETH/USD"))) == ["UNKNOWN"]


def test_trades_from_before_the_connection_are_history(feed):
    feed.opened("", "trades")
    early = (feed.now_ns - HISTORY_NS) // 1_000_000 - 1
    old, new = feed.ws(trades({"ts": early}, {"ts": early + 2}), "trades")
    assert (old.historical, new.historical) == (True, False)


def test_the_list_of_markets_is_acknowledged(feed):
    row = {"symbol": "A/B", "base": "A", "quote": "B", "price_increment": "1"}
    text = json.dumps({"type": "markets", "markets": [{**row, "size_quantum": "1"}]})
    (told,) = feed.rest("ccxt://kraken/markets", text)
    assert isinstance(told, FeedStatus)
    assert (told.condition, told.reason) == (FeedCondition.ACKNOWLEDGED, "1 markets")


def test_a_checkpoint_keeps_trades_and_times(feed):
    feed.opened("", "trades")
    feed.ws(trades({"id": "1"}), "trades")
    packed = msgspec.msgpack.encode(feed.session.checkpoint())
    other = Feed("kraken", *feed.instruments.values())
    other.session.restore(msgspec.msgpack.decode(packed))
    other.now_ns = feed.now_ns
    early = (feed.now_ns - HISTORY_NS) // 1_000_000 - 10
    told = other.ws(trades({"id": "1"}, {"id": "2", "ts": early}), "trades")
    assert kinds(told) == ["Trade", "DUPLICATE"]
    assert told[0].historical
