"""Coinbase Advanced Trade: the one counter, pushed snapshots, trades newest first, REST."""

import json

import msgspec
import pytest

from hftlib.core.events import (
    BestBidOffer,
    BookDelta,
    BookSnapshot,
    Candle,
    PartialDepth,
    Statistics24h,
    Trade,
)
from hftlib.core.frames import FrameKind
from hftlib.core.states import FeedCondition, Side
from hftlib.venues.coinbase.pushed_books import ASK_AGAIN_NS
from tests.reference.venue_feed import START_NS, Feed, instrument, kinds, plain

TIME = "2026-08-09T21:05:48.228568804Z"
TIME_NS = 1_786_309_548_228_568_804
BASE = "https://api.coinbase.com/api/v3/brokerage/market"


def advanced(*symbols: str) -> Feed:
    names = symbols or ("BTC-USD", "ETH-USD")
    return Feed("coinbase", *(instrument("coinbase", symbol) for symbol in names))


def frame(channel: str, number: int, *events: dict) -> str:
    body = {
        "channel": channel,
        "client_id": "",
        "timestamp": TIME,
        "sequence_num": number,
        "events": list(events),
    }
    return json.dumps(body, separators=(",", ":"))


def level2(number: int, kind: str = "update", *products: str) -> str:
    update = {"side": "bid", "event_time": TIME, "price_level": "1.01", "new_quantity": "2"}
    events = [
        {"type": kind, "product_id": product, "updates": [update]}
        for product in products or ("BTC-USD",)
    ]
    return frame("l2_data", number, *events)


def heartbeat(number: int, counter: object = 41_691) -> str:
    event = {"current_time": "2026-08-09 21:05:48", "heartbeat_counter": counter}
    return frame("heartbeats", number, event)


def live() -> Feed:
    feed = advanced()
    feed.opened("wss://advanced-trade-ws.coinbase.com")
    feed.ws(level2(0, "snapshot", "BTC-USD"))
    feed.ws(level2(1, "snapshot", "ETH-USD"))
    return feed


def test_snapshots_and_updates():
    feed = advanced()
    snapshot, synced = feed.ws(level2(0, "snapshot"))
    assert isinstance(snapshot, BookSnapshot)
    assert synced.condition is FeedCondition.SYNCED
    (delta,) = feed.ws(level2(1))
    assert isinstance(delta, BookDelta)
    assert (delta.first_update_id, delta.last_update_id, delta.verified) == (1, 1, True)
    assert delta.ts_event == TIME_NS
    assert b"price_level" in bytes(delta.changes)
    assert feed.session.is_synced("BTC-USD")
    counts = feed.session.reporter.of_symbol("BTC-USD")
    assert (counts.applied, counts.market_events, counts.frames) == (1, 1, 2)


def test_a_frame_may_carry_several_products():
    feed = advanced()
    events = feed.ws(level2(0, "snapshot", "BTC-USD", "ETH-USD"))
    assert [event.symbol for event in events] == ["BTC-USD", "BTC-USD", "ETH-USD", "ETH-USD"]
    assert kinds(feed.ws(frame("l2_data", 1))) == ["ACKNOWLEDGED"]


def test_a_gap_distrusts_every_book_of_the_connection():
    feed = live()
    events = feed.ws(heartbeat(5))
    assert kinds(events) == ["GAP", "SnapshotRequest", "GAP", "SnapshotRequest", "HEARTBEAT"]
    assert "sequence_num 5 after 1" in events[0].reason
    assert not feed.session.is_synced("ETH-USD")
    assert kinds(feed.ws(level2(6))) == ["DROPPED_BEFORE_SYNC"]
    assert kinds(feed.ws(level2(7, "snapshot"))) == ["BookSnapshot", "SYNCED"]
    assert kinds(feed.ws(level2(8))) == ["BookDelta"]
    assert feed.session.reporter.of_symbol("BTC-USD").resyncs == 1


def test_a_gap_on_another_connection_leaves_the_books_alone():
    feed = live()
    feed.ws(heartbeat(0), connection="other")
    assert kinds(feed.ws(heartbeat(5), connection="other")) == ["GAP", "HEARTBEAT"]
    assert feed.session.is_synced("BTC-USD")


def test_duplicates_and_late_frames_are_not_used():
    feed = live()
    feed.ws(level2(2))
    assert kinds(feed.ws(level2(2))) == ["DUPLICATE"]
    assert kinds(feed.ws(level2(1))) == ["LATE"]
    assert kinds(feed.ws(heartbeat(0))) == ["LATE"]
    assert kinds(feed.ws(level2(3))) == ["BookDelta"]


def test_updates_before_a_snapshot_ask_for_a_subscription_now_and_then():
    feed = advanced()
    assert kinds(feed.ws(level2(0))) == ["DROPPED_BEFORE_SYNC", "SnapshotRequest"]
    assert kinds(feed.ws(level2(1))) == ["DROPPED_BEFORE_SYNC"]
    feed.now_ns += ASK_AGAIN_NS
    assert kinds(feed.ws(level2(2))) == ["DROPPED_BEFORE_SYNC", "SnapshotRequest"]
    assert kinds(feed.timer()) == ["ACKNOWLEDGED"]
    assert kinds(feed.timer(ASK_AGAIN_NS)) == ["ACKNOWLEDGED", "SnapshotRequest"]


def test_distrust_asks_once():
    feed = live()
    events = feed.session.distrust("BTC-USD", "crossed", feed.now_ns, FeedCondition.CROSSED)
    assert kinds(events) == ["CROSSED", "SnapshotRequest"]
    assert kinds(feed.session.distrust("BTC-USD", "again", feed.now_ns)) == ["GAP"]
    assert not feed.session.is_synced("BTC-USD")
    assert feed.session.is_synced("ETH-USD")
    assert kinds(feed.timer()) == ["ACKNOWLEDGED"]


def test_closing_and_opening_forget_the_books():
    feed = live()
    assert kinds(feed.closed("1006")) == ["CLOSED", "CLOSED", "CLOSED"]
    assert not feed.session.is_synced("BTC-USD")
    assert kinds(feed.ws(level2(9))) == ["DROPPED_BEFORE_SYNC", "SnapshotRequest"]
    assert kinds(feed.opened()) == ["OPENED", "CLOSED"]
    assert kinds(feed.closed(connection="nothing")) == ["CLOSED"]


def test_a_garbled_book_frame_leaves_a_gap():
    feed = live()
    assert kinds(feed.ws(level2(2)[:-4])) == ["MALFORMED"]
    assert kinds(feed.ws(level2(3)))[0] == "GAP"
    feed = live()
    broken = level2(2).replace('"updates"', '"update5"')
    assert kinds(feed.ws(broken)) == ["MALFORMED"], "readable number, but a book's change is lost"
    assert kinds(feed.ws(level2(3)))[0] == "GAP"


def test_a_garbled_frame_without_a_book_counts_on():
    feed = live()
    broken = frame("ticker", 2, {"tickers": [{"product_id": 5}]})
    assert kinds(feed.ws(broken)) == ["MALFORMED"]
    assert kinds(feed.ws(level2(3))) == ["BookDelta"]
    assert kinds(feed.ws(broken.replace(":2,", ":9,"))) == [
        "MALFORMED",
        *["GAP", "SnapshotRequest"] * 2,
    ]


def test_an_event_of_an_unknown_type_distrusts_its_book():
    feed = live()
    assert kinds(feed.ws(level2(2, "delta"))) == ["MALFORMED", "GAP", "SnapshotRequest"]


def test_an_unknown_name_distrusts_every_book_once_as_it_may_be_garbled():
    feed = live()
    again = ["GAP", "SnapshotRequest"] * 2
    assert kinds(feed.ws(level2(2, "update", "NOSUCH-USD"))) == ["UNKNOWN", *again]
    feed = live()
    strange = level2(2).replace("l2_data", "l2_dat`")
    assert kinds(feed.ws(strange)) == ["UNKNOWN", *again]
    restored = live()
    restored.session.restore(feed.session.checkpoint())
    restored.ws(level2(3, "snapshot"))
    assert kinds(restored.ws(strange.replace(":2,", ":4,"))) == ["UNKNOWN"]
    assert restored.session.is_synced("BTC-USD")


def test_client_id_and_key_order_do_not_matter():
    feed = live()
    body = json.loads(level2(2))
    del body["client_id"]
    assert kinds(feed.ws(json.dumps(body))) == ["BookDelta"]
    body["sequence_num"] = 3
    assert kinds(feed.ws(json.dumps(dict(reversed(body.items()))))) == ["BookDelta"]


def test_usdc_products_are_answered_as_usd():
    feed = advanced("BTC-USDC")
    (snapshot, _) = feed.ws(level2(0, "snapshot", "BTC-USD"))
    assert snapshot.symbol == "BTC-USDC"
    assert kinds(feed.ws(level2(1, "update", "ETH-USD")))[0] == "UNKNOWN"
    both = advanced("BTC-USDC", "BTC-USD")
    (snapshot, _) = both.ws(level2(0, "snapshot", "BTC-USD"))
    assert snapshot.symbol == "BTC-USD"


def trade(trade_id: int, side: str = "SELL", product: str = "BTC-USD") -> dict:
    return {
        "product_id": product,
        "trade_id": str(trade_id),
        "price": "65083.67",
        "size": "0.002186",
        "time": TIME,
        "side": side,
    }


def trades(number: int, *rows: dict, kind: str = "update") -> str:
    return frame("market_trades", number, {"type": kind, "trades": list(rows)})


def test_trades_come_newest_first_and_name_the_maker():
    feed = advanced()
    events = feed.ws(trades(0, trade(12), trade(11, "BUY"), kind="snapshot"))
    assert all(isinstance(event, Trade) and event.historical for event in events)
    assert [(event.trade_id, event.side) for event in events] == [(11, Side.SELL), (12, Side.BUY)]
    (event,) = feed.ws(trades(1, trade(13)))
    assert (event.historical, event.price_ticks, event.size_quanta) == (False, 6_508_367, 218_600)
    assert event.ts_event == TIME_NS
    assert kinds(feed.ws(frame("market_trades", 2))) == ["ACKNOWLEDGED"]
    assert kinds(feed.ws(trades(2, trade(14)))) == ["DUPLICATE"]


def test_missing_and_repeated_trades_are_told():
    feed = advanced()
    feed.ws(trades(0, trade(11)))
    events = feed.ws(trades(1, trade(15), trade(14)))
    assert kinds(events) == ["TRADES_MISSING", "Trade", "Trade"]
    assert events[0].count == 2
    events = feed.ws(trades(2, trade(15), trade(13), kind="snapshot"))
    assert kinds(events) == ["LATE", "Trade", "DUPLICATE"]


def test_a_trade_that_cannot_be_read_spoils_no_other():
    feed = advanced()
    events = feed.ws(trades(0, trade(12), trade(11, "MAYBE"), trade(10, product="NO-USD")))
    assert sorted(kinds(events)) == ["MALFORMED", "Trade", "UNKNOWN"]
    assert kinds(feed.ws(trades(1, {**trade(13), "trade_id": "x"}))) == ["MALFORMED"]


TICKER = {
    "type": "ticker",
    "product_id": "BTC-USD",
    "price": "65086.18",
    "volume_24_h": "2867.54532609",
    "low_24_h": "64675.22",
    "high_24_h": "65252.99",
    "best_bid": "65083.66",
    "best_bid_quantity": "0.20371215",
    "best_ask": "65083.67",
    "best_ask_quantity": "0.24290402",
}


def test_a_ticker_is_a_best_bid_and_offer_and_statistics():
    feed = advanced()
    best, day = feed.ws(frame("ticker", 0, {"type": "snapshot", "tickers": [TICKER]}))
    assert isinstance(best, BestBidOffer)
    assert (best.bid_ticks, best.ask_quanta) == (6_508_366, 24_290_402)
    assert isinstance(day, Statistics24h)
    assert (day.last, day.volume_base, day.open) == ("65086.18", "2867.54532609", None)
    batch = {name: text for name, text in TICKER.items() if not name.startswith("best")}
    events = feed.ws(frame("ticker_batch", 1, {"type": "update", "tickers": [batch]}))
    assert kinds(events) == ["Statistics24h"]
    rows = [{**TICKER, "product_id": "NO-USD"}, TICKER]
    events = feed.ws(frame("ticker", 2, {"type": "update", "tickers": rows}))
    assert kinds(events) == ["UNKNOWN", "BestBidOffer", "Statistics24h"]
    assert kinds(feed.ws(frame("ticker", 3))) == ["ACKNOWLEDGED"]
    assert kinds(feed.ws(frame("ticker", 3))) == ["DUPLICATE"]


def candle(start: int) -> dict:
    return {
        "start": str(start),
        "high": "1.9",
        "low": "1.5",
        "open": "1.6",
        "close": "1.8",
        "volume": "13.9044026",
        "product_id": "BTC-USD",
    }


def test_candles_are_closed_when_their_end_is_past():
    feed = advanced()
    second = TIME_NS // 1_000_000_000
    rows = [candle(second - 300), candle(second)]
    events = feed.ws(frame("candles", 0, {"type": "snapshot", "candles": rows}))
    assert all(isinstance(event, Candle) for event in events)
    assert [event.closed for event in events] == [True, False]
    first = events[0]
    assert (first.interval, first.high_ticks, first.volume_quanta) == (
        "FIVE_MINUTE",
        190,
        1_390_440_260,
    )
    assert kinds(feed.ws(frame("candles", 1))) == ["ACKNOWLEDGED"]
    assert kinds(feed.ws(frame("candles", 1, {"candles": rows}))) == ["DUPLICATE"]


def test_the_other_channels():
    feed = advanced()
    subscribed = feed.ws(frame("subscriptions", 0, {"subscriptions": {"level2": ["BTC-USD"]}}))
    assert kinds(subscribed) == ["ACKNOWLEDGED"]
    assert "level2" in subscribed[0].reason
    assert kinds(feed.ws(heartbeat(1))) == ["HEARTBEAT"]
    assert kinds(feed.ws(heartbeat(2, "41692"))) == ["HEARTBEAT"]
    for number, channel in enumerate(("user", "status", "futures_balance_summary"), 3):
        (status,) = feed.ws(frame(channel, number, {}))
        assert status.condition is FeedCondition.ACKNOWLEDGED
    assert kinds(feed.ws(frame("brand_new", 6, {}))) == ["UNKNOWN"]
    assert kinds(feed.ws('{"type":"error","message":"no such channel"}')) == ["REFUSED"]
    assert kinds(feed.ws('{"type":"error"}')) == ["REFUSED"]
    assert kinds(feed.ws('{"channel":"brand_new"}')) == ["MALFORMED"]
    assert kinds(feed.ws("[]")) == ["MALFORMED"]
    assert kinds(feed.session.receive(feed.frame(b"{}", FrameKind.SENT))) == ["ACKNOWLEDGED"]


# REST -------------------------------------------------------------------------------------------


def test_product_book():
    level = {"price": "1.01", "size": "2"}
    book = {"product_id": "BTC-USD", "bids": [level] * 600, "asks": [], "time": TIME}
    body = {"pricebook": book, "last": "1", "mid_market": "1"}
    feed = advanced()
    (partial,) = feed.rest(f"{BASE}/product_book?product_id=BTC-USD", json.dumps(body))
    assert isinstance(partial, PartialDepth)
    assert (len(partial.bids), partial.asks, partial.ts_event) == (500, (), TIME_NS)
    del book["time"]
    (partial,) = feed.rest(f"{BASE}/product_book?product_id=BTC-USD", json.dumps(body))
    assert partial.ts_event is None


def test_past_candles_come_newest_first():
    feed = advanced()
    second = START_NS // 1_000_000_000
    rows = [candle(second), candle(second - 60)]
    for row in rows:
        del row["product_id"]
    url = f"{BASE}/products/BTC-USD/candles?granularity=ONE_MINUTE"
    events = feed.rest(url, json.dumps({"candles": rows}))
    assert [(event.open_ns // 10**9 - second, event.closed) for event in events] == [
        (-60, True),
        (0, False),
    ]
    assert kinds(feed.rest(url, '{"candles":[]}')) == ["ACKNOWLEDGED"]
    url = f"{BASE}/products/BTC-USD/candles?granularity=CENTURY"
    assert kinds(feed.rest(url, json.dumps({"candles": rows}))) == ["MALFORMED"]


def test_past_trades_fill_what_the_stream_missed():
    feed = advanced()
    url = f"{BASE}/products/BTC-USD/ticker?limit=2"
    body = {"trades": [trade(12), trade(11)], "best_bid": "1.00", "best_ask": "1.01"}
    events = feed.rest(url, json.dumps(body))
    assert kinds(events) == ["Trade", "Trade", "BestBidOffer"]
    assert (events[0].trade_id, events[0].historical) == (11, True)
    assert (events[2].bid_ticks, events[2].bid_quanta) == (100, None)
    feed.ws(trades(0, trade(11)))
    feed.ws(trades(1, trade(13)))
    events = feed.rest(url, json.dumps({"trades": [trade(12), trade(11)]}))
    assert kinds(events) == ["Trade", "DUPLICATE"]
    assert kinds(feed.rest(url, '{"trades":[]}')) == ["ACKNOWLEDGED"]


@pytest.mark.parametrize(
    ("url", "body", "condition"),
    [
        (f"{BASE}/products", '{"products":[]}', FeedCondition.ACKNOWLEDGED),
        (f"{BASE}/products/BTC-USD", "{}", FeedCondition.ACKNOWLEDGED),
        ("https://api.coinbase.com/api/v3/brokerage/time", "{}", FeedCondition.ACKNOWLEDGED),
        (f"{BASE}/brand_new", "{}", FeedCondition.UNKNOWN),
        (f"{BASE}/product_book", "<html>", FeedCondition.MALFORMED),
        (f"{BASE}/product_book", '{"error":"NOT_FOUND","message":"no"}', FeedCondition.REFUSED),
        (f"{BASE}/x", '{"errors":[{"id":"rate_limit_exceeded"}]}', FeedCondition.REFUSED),
        ("http://[1/x", "{}", FeedCondition.MALFORMED),
    ],
)
def test_bodies_that_are_no_events(url: str, body: str, condition: FeedCondition):
    (status,) = advanced().rest(url, body)
    assert status.condition is condition


def test_the_state_survives_a_checkpoint():
    feed = live()
    feed.ws(trades(2, trade(5)))
    feed.ws(trades(3, trade(9)))
    feed.session.distrust("ETH-USD", "drift", feed.now_ns)
    other = advanced()
    state = msgspec.msgpack.decode(msgspec.msgpack.encode(feed.session.checkpoint()))
    other.session.restore(state)
    other.count, other.now_ns = feed.count, feed.now_ns
    for text in (level2(4), level2(5, "update", "ETH-USD"), trades(6, trade(7)), level2(9)):
        assert plain(other.ws(text)) == plain(feed.ws(text))
    assert other.session.checkpoint() == feed.session.checkpoint()
