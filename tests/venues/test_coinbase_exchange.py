"""Coinbase Exchange: no sequence, the defences, trades accounted for, REST."""

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
from hftlib.core.states import FeedCondition, Side
from tests.reference.venue_feed import START_NS, Feed, instrument, kinds, plain

TIME = "2021-04-17T16:43:37.067586Z"
LATER = "2021-04-17T16:43:37.167586Z"
TIME_NS = 1_618_677_817_067_586_000
BASE = "https://api.exchange.coinbase.com"
SNAPSHOT = (
    '{"type":"snapshot","product_id":"YFI-BTC","asks":[["0.83","0.1"]],"bids":[["0.82","1"]]}'
)


def exchange() -> Feed:
    symbols = ("YFI-BTC", "SKL-BTC")
    return Feed("coinbase_exchange", *(instrument("coinbase_exchange", name) for name in symbols))


def update(time: str = TIME, size: str = "2.5", product: str = "YFI-BTC") -> str:
    return (
        f'{{"type":"l2update","product_id":"{product}",'
        f'"changes":[["buy","0.81","{size}"]],"time":"{time}"}}'
    )


def match(trade_id: int, side: str = "buy", kind: str = "match", product: str = "YFI-BTC") -> str:
    body = {
        "type": kind,
        "trade_id": trade_id,
        "maker_order_id": "m",
        "taker_order_id": "t",
        "side": side,
        "size": "0.000007",
        "price": "0.82",
        "product_id": product,
        "sequence": 451_724_584,
        "time": TIME,
    }
    return json.dumps(body, separators=(",", ":"))


def heartbeat(last_trade_id: int, product: str = "YFI-BTC") -> str:
    return (
        f'{{"type":"heartbeat","last_trade_id":{last_trade_id},"product_id":"{product}",'
        f'"sequence":90,"time":"{TIME}"}}'
    )


def live() -> Feed:
    feed = exchange()
    feed.opened("wss://ws-feed.exchange.coinbase.com")
    feed.ws(SNAPSHOT)
    feed.ws(SNAPSHOT.replace("YFI", "SKL"))
    return feed


def test_snapshots_and_updates_are_never_verified():
    feed = exchange()
    snapshot, synced = feed.ws(SNAPSHOT)
    assert isinstance(snapshot, BookSnapshot)
    assert (snapshot.verified, snapshot.last_update_id, snapshot.ts_event) == (False, 1, None)
    assert synced.condition is FeedCondition.SYNCED
    (delta,) = feed.ws(update())
    assert isinstance(delta, BookDelta)
    assert (delta.verified, delta.last_update_id, delta.ts_event) == (False, 2, TIME_NS)
    assert bytes(delta.changes) == b'[["buy","0.81","2.5"]]'
    assert feed.session.is_synced("YFI-BTC")


def test_a_snapshot_may_carry_a_time_and_come_again():
    feed = live()
    feed.ws(update(LATER))
    timed = SNAPSHOT.replace('"asks"', f'"time":"{TIME}","asks"')
    snapshot, _ = feed.ws(timed)
    assert snapshot.ts_event == TIME_NS
    assert kinds(feed.ws(update(TIME))) == ["BookDelta"], "the snapshot began time anew"


def test_the_same_update_twice_running_is_a_duplicate():
    feed = live()
    feed.ws(update())
    assert kinds(feed.ws(update())) == ["DUPLICATE"]
    assert kinds(feed.ws(update(size="3"))) == ["BookDelta"]


def test_an_update_older_than_the_one_before_distrusts_the_book():
    feed = live()
    feed.ws(update(LATER))
    events = feed.ws(update(TIME))
    assert kinds(events) == ["GAP", "SnapshotRequest"]
    assert "time went back" in events[0].reason
    assert kinds(feed.ws(update(TIME))) == ["DROPPED_BEFORE_SYNC"]
    assert kinds(feed.ws(SNAPSHOT)) == ["BookSnapshot", "SYNCED"]


def test_a_garbled_update_distrusts_its_book_or_every_book():
    feed = live()
    broken = update().replace(TIME, "yesterday")
    assert kinds(feed.ws(broken)) == ["MALFORMED", "GAP", "SnapshotRequest"]
    assert feed.session.is_synced("SKL-BTC")
    assert kinds(feed.ws(broken)) == ["MALFORMED"], "a book that waits already is left to wait"
    assert kinds(feed.ws(update()[:-5])) == ["MALFORMED", "GAP", "SnapshotRequest"]
    assert not feed.session.is_synced("SKL-BTC")
    assert kinds(feed.ws(match(5)[:-5])) == ["MALFORMED"]


def test_a_garbled_update_of_an_unknown_product_distrusts_every_book():
    feed = live()
    broken = update(product="A-B").replace('"changes"', '"chances"')
    assert kinds(feed.ws(broken)) == ["MALFORMED", *["GAP", "SnapshotRequest"] * 2]
    assert not feed.session.is_synced("YFI-BTC")


def test_an_unknown_product_distrusts_every_book_once_as_its_name_may_be_garbled():
    feed = live()
    for text in (match(1, product="A-B"), heartbeat(1, "A-B")):
        assert kinds(feed.ws(text)) == ["UNKNOWN"], "no book could have missed this"
    assert kinds(feed.ws(update(product="A-B"))) == ["UNKNOWN", *["GAP", "SnapshotRequest"] * 2]
    feed.ws(SNAPSHOT)
    assert kinds(feed.ws(update(product="A-B"))) == ["UNKNOWN"]
    assert kinds(feed.ws(SNAPSHOT.replace("YFI-BTC", "A-B"))) == ["UNKNOWN"]
    assert feed.session.is_synced("YFI-BTC")


def test_an_unknown_type_distrusts_every_book_once_as_it_may_be_garbled():
    feed = live()
    strange = update().replace("l2update", "l2updatf")
    assert kinds(feed.ws(strange)) == ["UNKNOWN", *["GAP", "SnapshotRequest"] * 2]
    feed.ws(SNAPSHOT)
    assert kinds(feed.ws(strange)) == ["UNKNOWN"]
    restored = live()
    restored.session.restore(feed.session.checkpoint())
    assert kinds(restored.ws(strange)) == ["UNKNOWN"], "names survive a checkpoint"


def test_an_update_with_a_garbled_key_distrusts_its_book():
    for key in ("changes", "time", "type"):
        feed = live()
        events = feed.ws(update().replace(f'"{key}"', f'"{key[:-1]}X"'))
        assert kinds(events)[0] in ("MALFORMED", "UNKNOWN")
        assert not feed.session.is_synced("YFI-BTC")


def test_a_match_names_the_maker():
    feed = exchange()
    (past,) = feed.ws(match(10, "sell", "last_match"))
    assert isinstance(past, Trade)
    assert (past.historical, past.side, past.trade_id) == (True, Side.BUY, 10)
    (trade,) = feed.ws(match(11, "buy"))
    assert (trade.historical, trade.side, trade.price_ticks) == (False, Side.SELL, 82)
    assert (trade.size_quanta, trade.ts_event) == (700, TIME_NS)
    assert kinds(feed.ws(match(12, "both"))) == ["MALFORMED"]


def test_missing_trades_are_counted_by_matches_and_heartbeats():
    feed = exchange()
    assert kinds(feed.ws(heartbeat(9))) == ["HEARTBEAT"], "no trades are followed yet"
    feed.ws(match(10))
    assert kinds(feed.ws(match(13))) == ["TRADES_MISSING", "Trade"]
    assert kinds(feed.ws(heartbeat(13))) == ["HEARTBEAT"]
    beat, missing = feed.ws(heartbeat(15))
    assert (beat.ts_event, missing.count) == (TIME_NS, 2)
    assert kinds(feed.ws(match(14))) == ["LATE", "Trade"]
    assert kinds(feed.ws(match(14))) == ["DUPLICATE"]
    assert feed.session.reporter.of_symbol("YFI-BTC").as_dict()["trades_missing"] == 4
    assert not feed.session.reporter.of_symbol("YFI-BTC").gaps


def test_a_ticker_may_lack_the_best_sizes():
    body = {
        "type": "ticker",
        "sequence": 1,
        "product_id": "YFI-BTC",
        "price": "0.82",
        "open_24h": "0.79",
        "volume_24h": "87.0017",
        "low_24h": "0.78",
        "high_24h": "0.88",
        "best_bid": "0.81",
        "best_ask": "0.83",
        "side": "sell",
        "time": TIME,
        "trade_id": 5,
        "last_size": "1",
    }
    feed = exchange()
    best, day = feed.ws(json.dumps(body, separators=(",", ":")))
    assert isinstance(best, BestBidOffer)
    assert (best.bid_ticks, best.bid_quanta, best.ask_ticks) == (81, None, 83)
    assert isinstance(day, Statistics24h)
    assert (day.open, day.volume_base, day.volume_quote) == ("0.79", "87.0017", None)
    del body["time"]
    best, _ = feed.ws(json.dumps({**body, "best_bid_size": "2"}))
    assert (best.bid_quanta, best.ts_event) == (200_000_000, None)


def test_the_other_types():
    feed = exchange()
    listed = '{"type":"subscriptions","channels":[{"name":"level2","product_ids":["YFI-BTC"]}]}'
    (status,) = feed.ws(listed)
    assert (status.condition, status.reason) == (FeedCondition.ACKNOWLEDGED, "subscribed: level2")
    assert kinds(feed.ws(" " + listed)) == ["ACKNOWLEDGED"]
    refused = '{"type":"error","message":"Failed to subscribe","reason":"level2 needs auth"}'
    (status,) = feed.ws(refused)
    assert status.reason == "Failed to subscribe: level2 needs auth"
    (status,) = feed.ws('{"type":"error","message":"No channels provided"}')
    assert status.reason == "No channels provided"
    for kind in ("status", "received", "open", "done", "change", "activate", "auction"):
        assert kinds(feed.ws(f'{{"type":"{kind}"}}')) == ["ACKNOWLEDGED"]
    assert kinds(feed.ws('{"type":"brand_new"}')) == ["UNKNOWN"]
    assert kinds(feed.ws("[]")) == ["MALFORMED"]
    assert kinds(feed.timer()) == ["ACKNOWLEDGED"]


def test_closing_and_opening_forget_the_books():
    feed = live()
    assert kinds(feed.closed("ErrSlowConsume")) == ["CLOSED", "CLOSED", "CLOSED"]
    assert kinds(feed.ws(update())) == ["DROPPED_BEFORE_SYNC", "SnapshotRequest"]
    assert kinds(feed.opened()) == ["OPENED", "CLOSED"]
    assert kinds(feed.closed(connection="nothing")) == ["CLOSED"]


def test_distrust():
    feed = live()
    events = feed.session.distrust("YFI-BTC", "drift", feed.now_ns, FeedCondition.DRIFT)
    assert kinds(events) == ["DRIFT", "SnapshotRequest"]


# REST -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("third", [3, "order-id"])
def test_a_book_is_shown_as_its_top(third: object):
    feed = exchange()
    body = {"sequence": 7, "bids": [["0.82", "1", third]] * 600, "asks": [["0.83", "2", third]]}
    (partial,) = feed.rest(f"{BASE}/products/YFI-BTC/book?level=2", json.dumps(body))
    assert isinstance(partial, PartialDepth)
    assert (partial.last_update_id, len(partial.bids), partial.ts_event) == (7, 500, None)
    assert partial.asks == ((83, 200_000_000),)
    body["time"] = TIME
    (partial,) = feed.rest(f"{BASE}/products/YFI-BTC/book", json.dumps(body))
    assert partial.ts_event == TIME_NS


def test_ticker_and_statistics():
    feed = exchange()
    body = {"bid": "0.82", "ask": "0.83", "time": TIME, "trade_id": 1, "price": "0.82"}
    (best,) = feed.rest(f"{BASE}/products/YFI-BTC/ticker", json.dumps(body))
    assert (best.bid_ticks, best.bid_quanta) == (82, None)
    figures = {"open": "1", "high": "2", "low": "0.5", "last": "1.5", "volume": "9"}
    (day,) = feed.rest(f"{BASE}/products/YFI-BTC/stats", json.dumps(figures))
    assert (day.last, day.open, day.volume_base) == ("1.5", "1", "9")


def test_past_trades_fill_what_the_stream_missed():
    def row(trade_id: int) -> dict:
        return {"trade_id": trade_id, "side": "sell", "size": "1", "price": "0.82", "time": TIME}

    feed = exchange()
    url = f"{BASE}/products/YFI-BTC/trades"
    events = feed.rest(url, json.dumps([row(12), row(11)]))
    assert [(event.trade_id, event.side) for event in events] == [(11, Side.BUY), (12, Side.BUY)]
    feed.ws(match(10))
    feed.ws(match(12))
    events = feed.rest(url, json.dumps([row(12), row(11), row(10)]))
    assert kinds(events) == ["Trade", "DUPLICATE"]
    assert events[1].count == 2
    assert kinds(feed.rest(url, "[]")) == ["ACKNOWLEDGED"]


def test_candles_write_low_before_high_as_numbers():
    feed = exchange()
    second = START_NS // 1_000_000_000
    url = f"{BASE}/products/YFI-BTC/candles?granularity=60"
    body = (
        f"[[{second},0.81,0.85,0.82,0.84,1e-8],[{second - 60},0.8,0.9,0.82,1,0.30000000000000004]]"
    )
    events = feed.rest(url, body)
    assert all(isinstance(event, Candle) for event in events)
    older, newer = events
    assert (older.low_ticks, older.high_ticks, older.open_ticks, older.close_ticks) == (
        80,
        90,
        82,
        100,
    )
    assert (older.volume_quanta, older.closed, older.interval) == (30_000_000, True, "60")
    assert (newer.volume_quanta, newer.closed) == (1, False)


@pytest.mark.parametrize("number", ["1e40", "1e-40", "1" * 31 + "." + "1" * 20, "1" * 25])
def test_numbers_out_of_reason_are_malformed(number: str):
    url = f"{BASE}/products/YFI-BTC/candles"
    (status,) = exchange().rest(url, f"[[1,0.8,0.9,0.8,0.9,{number}]]")
    assert status.condition in (FeedCondition.MALFORMED, FeedCondition.OFF_QUANTUM)


@pytest.mark.parametrize(
    ("url", "body", "condition"),
    [
        (f"{BASE}/products", "[]", FeedCondition.ACKNOWLEDGED),
        (f"{BASE}/products/YFI-BTC", "{}", FeedCondition.ACKNOWLEDGED),
        (f"{BASE}/time", "{}", FeedCondition.ACKNOWLEDGED),
        (f"{BASE}/currencies/BTC", "{}", FeedCondition.ACKNOWLEDGED),
        (f"{BASE}/products/YFI-BTC/brand_new", "{}", FeedCondition.UNKNOWN),
        (f"{BASE}/brand_new", "{}", FeedCondition.UNKNOWN),
        (f"{BASE}/products/A-B/book", "{}", FeedCondition.UNKNOWN),
        (f"{BASE}/products/A-B/book", '{"message":"NotFound"}', FeedCondition.REFUSED),
        (f"{BASE}/products/YFI-BTC/book", "<html>", FeedCondition.MALFORMED),
        (f"{BASE}/products/YFI-BTC/candles?granularity=7", "[]", FeedCondition.MALFORMED),
    ],
)
def test_bodies_that_are_no_events(url: str, body: str, condition: FeedCondition):
    (status,) = exchange().rest(url, body)
    assert status.condition is condition


def test_the_state_survives_a_checkpoint():
    feed = live()
    feed.ws(update(LATER))
    feed.ws(match(5))
    other = exchange()
    state = msgspec.msgpack.decode(msgspec.msgpack.encode(feed.session.checkpoint()))
    other.session.restore(state)
    other.count, other.now_ns = feed.count, feed.now_ns
    for text in (update(LATER), update(LATER, "9"), match(9), update(TIME)):
        assert plain(other.ws(text)) == plain(feed.ws(text))
    assert other.session.checkpoint() == feed.session.checkpoint()
