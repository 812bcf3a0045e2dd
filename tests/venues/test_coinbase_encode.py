"""Coinbase frames written here read back as what they say; captured ones byte for byte."""

import json
from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hftlib.core.events import BookDelta, BookSnapshot, Candle, Trade
from hftlib.core.frames import FrameKind
from hftlib.core.instrument import Instrument
from hftlib.core.states import FeedCondition, Side
from hftlib.venues.coinbase import encode
from hftlib.venues.coinbase.encode import AdvancedWriter, DayText, ExchangeWriter, PrintedTrade
from hftlib.venues.level_text import Levels
from hftlib.venues.stamps import iso_ns
from tests.reference.capture_reader import cryptofeed_frames
from tests.reference.dict_book import read_levels
from tests.reference.venue_feed import Feed, kinds

BTC = Instrument("coinbase", "BTC-USD", "BTC", "USD", "0.01", "0.00000001")
YFI = Instrument("coinbase_exchange", "YFI-BTC", "YFI", "BTC", "0.00001", "0.000001")
T_NS = 1_786_309_548_228_568_000
DAY = DayText("5", "1", "9", "0.5", "77.7")
changes = st.lists(
    st.tuples(st.sampled_from(Side), st.integers(1, 10**10), st.integers(0, 10**12)), max_size=8
)
quotes = st.none() | st.tuples(st.integers(1, 10**8), st.integers(1, 10**12))
printed = st.builds(
    PrintedTrade,
    trade_id=st.integers(1, 10**15),
    ticks=st.integers(1, 10**8),
    quanta=st.integers(1, 10**12),
    side=st.sampled_from(Side),
    ts_event=st.integers(0, 10**15).map(lambda microseconds: microseconds * 1000),
)


def split(given_changes) -> tuple[list, list]:
    sides: tuple[list, list] = ([], [])
    for side, ticks, quanta in given_changes:
        sides[side is Side.SELL].append((ticks, quanta))
    return sides


@given(changes, changes)
def test_advanced_books_round_trip(first, second):
    feed, writer = Feed("coinbase", BTC), AdvancedWriter(BTC)
    snapshot = feed.ws(writer.level2(0, T_NS, first, snapshot=True))[0]
    assert isinstance(snapshot, BookSnapshot)
    assert read_levels(snapshot, BTC) == split(first)
    (delta,) = feed.ws(writer.level2(1, T_NS, second))
    assert isinstance(delta, BookDelta)
    assert read_levels(delta, BTC) == split(second)
    assert (delta.ts_event, delta.last_update_id) == (T_NS, 1)


@given(
    st.lists(printed, min_size=1, max_size=4, unique_by=lambda trade: trade.trade_id), st.booleans()
)
def test_advanced_trades_round_trip(trades, snapshot):
    trades.sort(key=lambda trade: trade.trade_id)
    text = AdvancedWriter(BTC).market_trades(0, T_NS, trades, snapshot=snapshot)
    events = [event for event in Feed("coinbase", BTC).ws(text) if isinstance(event, Trade)]
    assert [
        PrintedTrade(e.trade_id, e.price_ticks, e.size_quanta, e.side, e.ts_event) for e in events
    ] == trades
    assert all(event.historical == snapshot for event in events)


@given(bid=quotes, ask=quotes)
def test_advanced_tickers_round_trip(bid, ask):
    feed, writer = Feed("coinbase", BTC), AdvancedWriter(BTC)
    best, day = feed.ws(writer.ticker(0, T_NS, DAY, (bid, ask)))
    assert (best.bid_ticks, best.bid_quanta) == (bid or (None, None))
    assert (best.ask_ticks, best.ask_quanta) == (ask or (None, None))
    assert (day.last, day.high, day.low, day.volume_base) == ("5", "9", "0.5", "77.7")
    assert kinds(feed.ws(writer.ticker(1, T_NS, DAY, None))) == ["Statistics24h"]


def test_the_other_advanced_frames_round_trip():
    feed, writer = Feed("coinbase", BTC), AdvancedWriter(BTC)
    open_ns = T_NS // 10**9 * 10**9
    bar = Candle("coinbase", "BTC-USD", T_NS, 0, "FIVE_MINUTE", open_ns, 0, 1, 4, 0, 3, 7, False)
    (candle,) = feed.ws(writer.candles(0, T_NS, [bar], snapshot=True))
    assert (candle.open_ns, candle.open_ticks, candle.high_ticks) == (open_ns, 1, 4)
    assert (candle.low_ticks, candle.close_ticks, candle.volume_quanta) == (0, 3, 7)
    assert kinds(feed.ws(writer.candles(1, T_NS, [bar]))) == ["Candle"]
    (beat,) = feed.ws(encode.advanced_heartbeat(2, T_NS, 41_691))
    assert beat.reason == "heartbeat 41691"
    (subscribed,) = feed.ws(encode.advanced_subscriptions(3, T_NS, {"level2": ["BTC-USD"]}))
    assert subscribed.reason == "subscribed: level2"
    assert kinds(feed.ws(encode.advanced_error("no"))) == ["REFUSED"]
    assert json.loads(encode.advanced_heartbeat(2, T_NS, 1))["client_id"] == ""


def test_captured_advanced_updates_are_written_alike(captures):
    """The writer adds client_id; the rest is the captured frame, one event time a frame."""
    path = captures("coinbase-adv-20260809") / "COINBASE_seq0_519.jsonl.gz"
    sides = {"bid": Side.BUY, "offer": Side.SELL}
    compared = 0
    for frame in cryptofeed_frames(path, "coinbase"):
        if frame.kind is not FrameKind.WS or b'"l2_data"' not in frame.payload[:30]:
            continue
        body = json.loads(frame.payload)
        (event,) = body["events"]
        if event["product_id"] != "BTC-USD" or event["type"] == "snapshot":
            continue
        rows = [
            (
                sides[row["side"]],
                BTC.price_ticks(row["price_level"]),
                BTC.size_quanta(row["new_quantity"]),
            )
            for row in event["updates"]
        ]
        written = AdvancedWriter(BTC).level2(body["sequence_num"], iso_ns(body["timestamp"]), rows)
        again = json.loads(written)
        assert list(again) == ["channel", "client_id", *list(body)[1:]]
        stripped = [
            {name: row[name] for name in ("side", "price_level", "new_quantity")}
            for row in event["updates"]
        ]
        assert [
            {name: row[name] for name in ("side", "price_level", "new_quantity")}
            for row in again["events"][0]["updates"]
        ] == stripped
        assert list(again["events"][0]["updates"][0]) == list(event["updates"][0])
        compared += 1
    assert compared > 100


@given(changes, changes)
def test_exchange_books_round_trip(first, second):
    feed, writer = Feed("coinbase_exchange", YFI), ExchangeWriter(YFI)
    bids, asks = split(first)
    snapshot = feed.ws(writer.snapshot(bids, asks))[0]
    assert isinstance(snapshot, BookSnapshot)
    assert read_levels(snapshot, YFI) == (bids, asks)
    (delta,) = feed.ws(writer.update(T_NS, second))
    assert isinstance(delta, BookDelta)
    assert read_levels(delta, YFI) == split(second)
    assert delta.ts_event == T_NS


@given(printed, st.booleans())
def test_exchange_trades_round_trip(trade, last):
    text = ExchangeWriter(YFI).match(trade, 5, ("maker", "taker"), last=last)
    (event,) = Feed("coinbase_exchange", YFI).ws(text)
    found = (event.trade_id, event.price_ticks, event.size_quanta, event.side, event.ts_event)
    assert PrintedTrade(*found) == trade
    assert event.historical == last


@given(printed, quotes, quotes)
def test_exchange_tickers_round_trip(trade, bid, ask):
    text = ExchangeWriter(YFI).ticker(trade, 5, DAY, (bid, ask))
    best, day = Feed("coinbase_exchange", YFI).ws(text)
    assert (best.bid_ticks, best.bid_quanta) == (bid or (None, None))
    assert (best.ask_ticks, best.ask_quanta) == (ask or (None, None))
    assert (day.open, day.volume_base) == ("1", "77.7")


def test_the_other_exchange_frames_round_trip():
    feed = Feed("coinbase_exchange", YFI)
    (beat,) = feed.ws(ExchangeWriter(YFI).heartbeat(T_NS, 9, 12))
    assert (beat.condition, beat.ts_event) == (FeedCondition.HEARTBEAT, T_NS)
    (listed,) = feed.ws(encode.exchange_subscriptions({"level2_batch": ["YFI-BTC"]}))
    assert listed.reason == "subscribed: level2_batch"
    (refused,) = feed.ws(encode.exchange_error("Failed to subscribe", "level2 needs auth"))
    assert refused.condition is FeedCondition.REFUSED


def rewrite(writer: ExchangeWriter, kept: Instrument, body: dict) -> bytes:
    """Write a captured message anew from its figures."""

    def level(price: str, size: str) -> tuple[int, int]:
        return kept.price_ticks(price), kept.size_quanta(size)

    if body["type"] == "snapshot":
        return writer.snapshot(*([level(*row) for row in body[side]] for side in ("bids", "asks")))
    if body["type"] == "l2update":
        rows = [(Side(side.upper()), *level(*rest)) for side, *rest in body["changes"]]
        return writer.update(iso_ns(body["time"]), rows)
    side = Side.SELL if body["side"] == "buy" else Side.BUY
    figures = level(body["price"], body["size"])
    trade = PrintedTrade(body["trade_id"], *figures, side, iso_ns(body["time"]))
    orders = body["maker_order_id"], body["taker_order_id"]
    return writer.match(trade, body["sequence"], orders, last=body["type"] == "last_match")


WRITTEN = ("snapshot", "l2update", "match", "last_match")
INCREMENTS = {
    "YFI-BTC": ("0.00001", "0.000001"),
    "SKL-BTC": ("0.00000001", "0.1"),
    "SKL-USD": ("0.0001", "0.1"),
    "BAND-BTC": ("0.00000001", "0.01"),
    "NMR-EUR": ("0.0001", "0.001"),
}


def test_captured_exchange_frames_are_written_byte_for_byte(captures):
    path = captures("coinbase-exchange-20210417") / "COINBASE_exchange_5products.jsonl.gz"
    products = {
        name: Instrument("coinbase_exchange", name, "A", "B", *steps)
        for name, steps in INCREMENTS.items()
    }
    compared: Counter[str] = Counter()
    for frame in cryptofeed_frames(path, "coinbase_exchange"):
        body = json.loads(frame.payload or b"{}")
        if frame.kind is FrameKind.WS and body["type"] in WRITTEN:
            kept = products[body["product_id"]]
            assert rewrite(ExchangeWriter(kept), kept, body) == frame.payload
            compared[body["type"]] += 1
    assert compared == {"snapshot": 5, "l2update": 6_288, "match": 76, "last_match": 5}


def _instruments(symbol: str) -> Instrument:
    return Instrument("coinbase", symbol, symbol[:3], "USD", "0.01", "0.00000001")


def _written_again(frame: dict) -> bytes | None:
    """Return a captured frame of trades, tickers, candles or levels as the writers write it."""
    number, event = frame["sequence_num"], frame["events"][0]
    ts_event, is_first = iso_ns(frame["timestamp"]), event.get("type") == "snapshot"
    rows = event.get("trades") or event.get("tickers") or event.get("candles")
    product = _instruments(event.get("product_id") or (rows or [event])[0].get("product_id", "BTC"))
    writer = AdvancedWriter(product)
    ticks, quanta = product.price_ticks, product.size_quanta
    match frame["channel"]:
        case "market_trades":
            trades = [
                PrintedTrade(
                    int(row["trade_id"]),
                    ticks(row["price"]),
                    quanta(row["size"]),
                    Side.SELL if row["side"] == "BUY" else Side.BUY,
                    iso_ns(row["time"]),
                )
                for row in reversed(rows)
            ]
            return writer.market_trades(number, ts_event, trades, snapshot=is_first)
        case "ticker":
            (row,) = rows
            day = DayText(
                row["price"],
                "0",
                row["high_24_h"],
                row["low_24_h"],
                row["volume_24_h"],
                row["low_52_w"],
                row["high_52_w"],
                row["price_percent_chg_24_h"],
            )
            best = [
                (ticks(row[f"best_{side}"]), quanta(row[f"best_{side}_quantity"]))
                for side in ("bid", "ask")
            ]
            text = writer.ticker_text(ts_event, day, tuple(best), snapshot=is_first)
            return text.numbered(number)
        case "l2_data" if not is_first:
            sides = {"bid": Side.BUY, "offer": Side.SELL}
            changes = [
                (sides[row["side"]], ticks(row["price_level"]), quanta(row["new_quantity"]))
                for row in event["updates"]
            ]
            time = event["updates"][0]["event_time"]
            return writer.level2_text(ts_event, changes, time).numbered(number)
    return None


def test_captured_advanced_frames_are_written_as_production_writes_them(captures):
    folder = captures("coinbase-adv-20260809")
    equal = Counter()
    for frame in cryptofeed_frames(folder / "COINBASE_seq0_519.jsonl.gz", "coinbase"):
        if frame.kind is not FrameKind.WS:
            continue
        head = json.loads(frame.payload)
        written = _written_again(head)
        if written is not None:
            equal[head["channel"]] += 1
            assert written.replace(b'"client_id":"",', b"") == frame.payload
    assert equal == {"l2_data": 371, "ticker": 86, "market_trades": 40}


@given(changes)
def test_columns_of_levels_are_written_as_rows_are(given_changes):
    columns = [
        np.array(column, np.int64)
        for column in (
            [int(side is Side.SELL) for side, _, _ in given_changes],
            [ticks for _, ticks, _ in given_changes],
            [quanta for _, _, quanta in given_changes],
        )
    ]
    levels, advanced, exchange = Levels(*columns), AdvancedWriter(BTC), ExchangeWriter(YFI)
    assert advanced.level2(3, T_NS, levels) == advanced.level2(3, T_NS, given_changes)
    assert exchange.update(T_NS, levels) == exchange.update(T_NS, given_changes)
    pairs = [(ticks, quanta) for _, ticks, quanta in given_changes]
    assert exchange.snapshot(levels, levels) == exchange.snapshot(pairs, pairs)
