"""Binance's session: every stream, every framing, every refusal, and the books over reconnects."""

import json

import msgspec
import pytest

from hftlib.core.events import (
    BestBidOffer,
    BookDelta,
    BookSnapshot,
    Candle,
    MarkPrice,
    PartialDepth,
    SnapshotRequest,
    Statistics24h,
    Trade,
)
from hftlib.core.states import FeedCondition, Side
from hftlib.venues.binance.depth_sync import ASK_AGAIN_NS
from tests.reference.venue_feed import Feed, conditions, instrument, kinds, plain

DEPTH_URL = "https://api.binance.com/api/v3/depth?symbol=BTCUSDT&limit=1000"
SPOT_URL = "wss://stream.binance.com:9443"
TESTNET = "这是测试币456"
E_MS = 1_723_161_255_208


def spot() -> Feed:
    symbols = ("BTCUSDT", "ETHUSDT", TESTNET)
    return Feed("binance", *(instrument("binance", symbol) for symbol in symbols))


def usdm() -> Feed:
    return Feed("binance_usdm", instrument("binance_usdm", "BTCUSDT", "0.10", "0.001"))


def combined(stream: str, data: object) -> str:
    body = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    return f'{{"stream":"{stream}","data":{body}}}'


def depth(first: int, last: int, symbol: str = "BTCUSDT", **more: object) -> dict[str, object]:
    return {
        "e": "depthUpdate",
        "E": E_MS,
        "s": symbol,
        "U": first,
        "u": last,
        **more,
        "b": [["61837.63000000", "1.00000000"]],
        "a": [],
    }


def diff(first: int, last: int, symbol: str = "BTCUSDT", **more: object) -> str:
    return combined(f"{symbol.lower()}@depth@100ms", depth(first, last, symbol, **more))


def snapshot(last: int) -> str:
    return f'{{"lastUpdateId":{last},"bids":[["61837.63","2"]],"asks":[["61837.64","1"]]}}'


def live(feed: Feed, at: int = 10) -> Feed:
    feed.ws(diff(at - 5, at))
    feed.rest(DEPTH_URL, snapshot(at))
    assert kinds(feed.ws(diff(at + 1, at + 1))) == ["BookDelta"]
    return feed


# the book ---------------------------------------------------------------------------------------


def test_buffer_snapshot_and_live():
    feed = spot()
    first = feed.ws(diff(1, 5))
    assert kinds(first) == ["BUFFERING", "SnapshotRequest"]
    assert isinstance(first[1], SnapshotRequest)
    assert (first[1].symbol, first[1].connection) == ("BTCUSDT", "ws")
    assert kinds(feed.ws(diff(6, 9))) == ["BUFFERING"]
    assert not feed.session.is_synced("BTCUSDT")
    events = feed.rest(DEPTH_URL, snapshot(5))
    assert kinds(events) == ["BookSnapshot", "DROPPED_BEFORE_SYNC", "BookDelta", "SYNCED"]
    assert feed.session.is_synced("BTCUSDT")
    (event,) = feed.ws(diff(10, 12))
    assert isinstance(event, BookDelta)
    assert (event.first_update_id, event.last_update_id) == (10, 12)
    assert event.ts_event == E_MS * 1_000_000
    assert event.ts_recv == feed.now_ns
    assert bytes(event.bids) == b'[["61837.63000000","1.00000000"]]'
    counts = feed.session.reporter.of_symbol("BTCUSDT")
    assert (counts.applied, counts.dropped_before_sync, counts.frames) == (2, 1, 4)


def test_a_snapshot_before_any_event_waits_for_the_first():
    feed = spot()
    assert kinds(feed.rest(DEPTH_URL, snapshot(5))) == ["BookSnapshot", "BUFFERING"]
    assert not feed.session.is_synced("BTCUSDT")
    assert kinds(feed.ws(diff(5, 6))) == ["BookDelta", "SYNCED"]


def test_a_stale_snapshot_is_asked_for_again():
    feed = spot()
    feed.ws(diff(10, 12))
    assert kinds(feed.rest(DEPTH_URL, snapshot(9))) == ["STALE_SNAPSHOT", "SnapshotRequest"]


def test_a_gap_starts_over():
    feed = live(spot())
    events = feed.ws(diff(14, 15))
    assert kinds(events) == ["GAP", "SnapshotRequest"]
    assert "14..15 does not follow 11" in events[0].reason
    assert not feed.session.is_synced("BTCUSDT")
    assert kinds(feed.rest(DEPTH_URL, snapshot(20))) == [
        "BookSnapshot",
        "DROPPED_BEFORE_SYNC",
        "SYNCED",
    ]
    assert feed.session.reporter.of_symbol("BTCUSDT").resyncs == 1


def test_a_gap_within_the_buffer_is_told_with_the_snapshot():
    feed = spot()
    for first, last in ((1, 2), (3, 4), (9, 9)):
        feed.ws(diff(first, last))
    assert kinds(feed.rest(DEPTH_URL, snapshot(2))) == [
        "BookSnapshot",
        "DROPPED_BEFORE_SYNC",
        "BookDelta",
        "GAP",
        "SnapshotRequest",
    ]


def test_duplicates_late_and_dropped_events_are_counted():
    feed = live(spot())
    assert kinds(feed.ws(diff(11, 11))) == ["DUPLICATE"]
    assert kinds(feed.ws(diff(8, 9))) == ["LATE"]
    other = spot()
    other.ws(diff(1, 5))
    other.rest(DEPTH_URL, snapshot(9))
    assert kinds(other.ws(diff(6, 8))) == ["DROPPED_BEFORE_SYNC"]


def test_a_snapshot_that_nobody_wants_is_not_applied():
    feed = live(spot())
    assert kinds(feed.rest(DEPTH_URL, snapshot(3))) == ["STALE_SNAPSHOT"]
    assert kinds(feed.rest(DEPTH_URL, snapshot(50))) == ["DUPLICATE"]
    assert kinds(feed.ws(diff(12, 12))) == ["BookDelta"]


def test_distrust_asks_once():
    feed = live(spot())
    events = feed.session.distrust("BTCUSDT", "crossed", feed.now_ns, FeedCondition.CROSSED)
    assert kinds(events) == ["CROSSED", "SnapshotRequest"]
    assert events[1].connection == "ws"
    assert kinds(feed.session.distrust("BTCUSDT", "again", feed.now_ns)) == ["GAP"]
    assert kinds(feed.rest(DEPTH_URL, snapshot(11))) == ["BookSnapshot", "SYNCED"]


def test_a_snapshot_that_does_not_come_is_asked_for_again():
    feed = spot()
    feed.ws(diff(1, 5))
    feed.now_ns += ASK_AGAIN_NS
    assert kinds(feed.ws(diff(6, 7))) == ["BUFFERING", "SnapshotRequest"]
    assert kinds(feed.timer()) == ["ACKNOWLEDGED"]
    assert kinds(feed.timer(ASK_AGAIN_NS)) == ["ACKNOWLEDGED", "SnapshotRequest"]


def test_an_overflow_is_counted_and_starts_over():
    feed = spot()
    for last in range(1, 5_001):
        feed.ws(diff(last, last))
    events = feed.ws(diff(5_001, 5_001))
    assert kinds(events)[:2] == ["OVERFLOW", "SnapshotRequest"]
    assert events[0].count == 5_000


def test_closing_and_opening_forget_the_books_of_that_connection():
    feed = live(spot())
    feed.ws(diff(1, 1, "ETHUSDT"), connection="other")
    assert kinds(feed.closed("1006")) == ["CLOSED", "CLOSED"]
    assert not feed.session.is_synced("BTCUSDT")
    assert kinds(feed.opened(SPOT_URL + "/ws/btcusdt@depth")) == ["OPENED"]
    assert kinds(feed.ws(diff(50, 51))) == ["BUFFERING", "SnapshotRequest"]
    assert kinds(feed.opened(SPOT_URL)) == ["OPENED", "CLOSED"]
    assert kinds(feed.closed(connection="nothing")) == ["CLOSED"]


def test_ids_that_contradict_are_malformed():
    feed = spot()
    feed.ws(diff(1, 5))
    assert kinds(feed.ws(diff(9, 8))) == ["MALFORMED"]
    assert feed.session.reporter.of_symbol("BTCUSDT").decode_errors == 1


def test_a_stream_that_carries_another_symbol_is_malformed():
    feed = live(spot())
    frame = combined("btcusdt@depth@100ms", depth(12, 12, "ETHUSDT"))
    assert kinds(feed.ws(frame)) == ["MALFORMED"]


def test_a_symbol_without_instrument_is_unknown():
    feed = spot()
    assert kinds(feed.ws(diff(1, 5, "NOSUCH"))) == ["UNKNOWN"]
    url = DEPTH_URL.replace("BTCUSDT", "NOSUCH")
    assert kinds(feed.rest(url, snapshot(5))) == ["UNKNOWN"]
    feed.instruments["NOSUCH"] = instrument("binance", "NOSUCH")
    assert kinds(feed.ws(diff(1, 5, "NOSUCH"))) == ["BUFFERING", "SnapshotRequest"]


def test_the_state_survives_a_checkpoint():
    feed = live(spot())
    feed.ws(diff(1, 5, "ETHUSDT"))
    feed.opened(SPOT_URL + "/ws/btcusdt@depth5", connection="raw")
    other = spot()
    state = msgspec.msgpack.decode(msgspec.msgpack.encode(feed.session.checkpoint()))
    other.session.restore(state)
    other.count, other.now_ns = feed.count, feed.now_ns
    eth = DEPTH_URL.replace("BTC", "ETH")
    for step in (
        lambda f: f.ws(diff(12, 12)),
        lambda f: f.ws(diff(14, 14)),
        lambda f: f.rest(eth, snapshot(3)),
        lambda f: f.ws(snapshot(7), connection="raw"),
    ):
        assert plain(step(other)) == plain(step(feed))
    assert other.session.reporter.totals() == feed.session.reporter.totals()
    assert other.session.checkpoint() == feed.session.checkpoint()


# spellings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spell",
    [
        lambda stream, data: json.dumps({"stream": stream, "data": data}),
        lambda stream, data: json.dumps({"data": data, "stream": stream}),
        lambda stream, data: "\n " + json.dumps({"stream": stream, "data": data}, indent=2),
        lambda stream, data: json.dumps({"stream": stream, "data": dict(reversed(data.items()))}),
        lambda stream, data: json.dumps(data, separators=(",", ":")),
        lambda stream, data: json.dumps(data),
        lambda stream, data: combined(stream.replace("@", "\\u0040"), data),
    ],
)
def test_every_spelling_of_a_depth_event_is_read(spell):
    feed = live(spot())
    (event,) = feed.ws(spell("btcusdt@depth@100ms", depth(12, 12)))
    assert isinstance(event, BookDelta)


def test_symbols_may_be_any_text():
    feed = spot()
    feed.ws(diff(1, 5, TESTNET))
    url = f"https://x/api/v3/depth?symbol={'%E8%BF%99%E6%98%AF%E6%B5%8B%E8%AF%95%E5%B8%81'}456"
    assert kinds(feed.rest(url, snapshot(5)))[0] == "BookSnapshot"
    assert kinds(feed.ws(diff(6, 6, TESTNET))) == ["BookDelta"]
    assert kinds(feed.ws(json.dumps({"stream": f"{TESTNET}@depth", "data": depth(7, 7, TESTNET)})))


def test_microseconds_are_told_by_magnitude():
    feed = live(spot())
    (event,) = feed.ws(diff(12, 12).replace(str(E_MS), f"{E_MS}123"))
    assert event.ts_event == E_MS * 1_000_000 + 123_000


# partial depth ----------------------------------------------------------------------------------

PARTIAL = '{"lastUpdateId":160,"bids":[["0.02","10"],["0.01","5"]],"asks":[["0.03","100"]]}'


def test_partial_depth_of_a_combined_stream():
    feed = spot()
    (event,) = feed.ws(f'{{"stream":"btcusdt@depth5@100ms","data":{PARTIAL}}}')
    assert isinstance(event, PartialDepth)
    assert (event.symbol, event.last_update_id, event.ts_event) == ("BTCUSDT", 160, None)
    assert event.bids == ((2, 1_000_000_000), (1, 500_000_000))
    assert event.asks == ((3, 10_000_000_000),)


@pytest.mark.parametrize(
    "url",
    [
        f"{SPOT_URL}/ws/btcusdt@depth5",
        f"{SPOT_URL}/ws/btcusdt@depth5@100ms/ethusdt@trade",
        f"{SPOT_URL}/stream?streams=btcusdt@depth10",
        f"{SPOT_URL}/ws/btcusdt%40depth20?timeUnit=MICROSECOND",
    ],
)
def test_raw_partial_depth_finds_its_symbol_in_the_url(url: str):
    feed = spot()
    feed.opened(url)
    (event,) = feed.ws(PARTIAL)
    assert isinstance(event, PartialDepth)
    assert event.symbol == "BTCUSDT"


def test_raw_partial_depth_of_one_subscription():
    feed = spot()
    feed.opened(f"{SPOT_URL}/ws")
    assert kinds(feed.ws(PARTIAL)) == ["UNKNOWN"]
    feed.sent('{"method":"SUBSCRIBE","params":["ethusdt@depth5","ethusdt@trade"],"id":1}')
    (event,) = feed.ws(PARTIAL)
    assert event.symbol == "ETHUSDT"
    feed.sent('{"method":"SUBSCRIBE","params":["btcusdt@depth5"],"id":2}')
    assert kinds(feed.ws(PARTIAL)) == ["UNKNOWN"], "two streams, nothing tells them apart"
    feed.sent('{"method":"UNSUBSCRIBE","params":["ethusdt@depth5"],"id":3}')
    (event,) = feed.ws(PARTIAL)
    assert event.symbol == "BTCUSDT"
    assert kinds(feed.sent('{"method":"LIST_SUBSCRIPTIONS","id":4}')) == ["ACKNOWLEDGED"]
    assert kinds(feed.sent("garbage")) == ["MALFORMED"]


def test_a_url_that_is_none_opens_nothing():
    feed = spot()
    assert kinds(feed.opened("wss://[1/ws/btcusdt@depth5")) == ["OPENED"]
    assert kinds(feed.ws(PARTIAL)) == ["UNKNOWN"]


def test_futures_partial_depth_has_the_shape_of_an_event():
    feed = usdm()
    data = depth(5, 9, T=E_MS, pu=4)
    data["b"] = [["61837.6", "0.001"]]
    (event,) = feed.ws(combined("btcusdt@depth5@100ms", data))
    assert isinstance(event, PartialDepth)
    assert (event.last_update_id, event.bids) == (9, ((618_376, 1),))
    assert event.ts_event == E_MS * 1_000_000


def test_futures_raw_depth_is_partial_where_only_that_is_open():
    feed = usdm()
    feed.opened("wss://fstream.binance.com/public/ws/btcusdt@depth5/ethusdt@depth")
    data = depth(5, 9, T=E_MS, pu=4)
    data["b"] = []
    raw = json.dumps(data, separators=(",", ":"))
    assert kinds(feed.ws(raw)) == ["PartialDepth"]
    assert kinds(feed.ws(raw)) == ["PartialDepth"]
    feed.sent('{"method":"SUBSCRIBE","params":["btcusdt@depth"],"id":1}')
    assert kinds(feed.ws(raw)) == ["UNKNOWN"]
    feed.opened("wss://fstream.binance.com/public/ws/btcusdt@depth@100ms")
    assert kinds(feed.ws(raw)) == ["BUFFERING", "SnapshotRequest"]


def test_futures_raw_depth_of_an_unknown_symbol():
    feed = usdm()
    raw = json.dumps(depth(5, 9, "NOSUCH", T=E_MS, pu=4), separators=(",", ":"))
    assert kinds(feed.ws(raw)) == ["UNKNOWN"]


def test_futures_follow_pu():
    feed = usdm()
    stream = "btcusdt@depth@0ms"
    feed.ws(combined(stream, depth(100, 110, T=E_MS, pu=90)))
    url = "https://fapi.binance.com/fapi/v1/depth?symbol=BTCUSDT"
    body = snapshot(105).replace('"bids"', f'"E":{E_MS},"T":{E_MS},"bids"')
    events = feed.rest(url, body)
    assert kinds(events) == ["BookSnapshot", "BookDelta", "SYNCED"]
    assert isinstance(events[0], BookSnapshot)
    assert events[0].ts_event == E_MS * 1_000_000
    assert kinds(feed.ws(combined(stream, depth(200, 210, T=E_MS, pu=110)))) == ["BookDelta"]
    events = feed.ws(combined(stream, depth(211, 220, T=E_MS, pu=209)))
    assert kinds(events) == ["GAP", "SnapshotRequest"]
    assert "(pu 209)" in events[0].reason


# market streams ---------------------------------------------------------------------------------

TRADE = {
    "e": "trade",
    "E": E_MS,
    "s": "BTCUSDT",
    "t": 12_345,
    "p": "61837.63000000",
    "q": "0.02000000",
    "T": E_MS - 1,
    "m": True,
    "M": True,
}
TICKER = {"u": 7, "s": "BTCUSDT", "b": "25.35", "B": "31.21", "a": "25.36", "A": "40.66"}
AGGREGATE = {
    "e": "aggTrade",
    "E": E_MS,
    "s": "BTCUSDT",
    "a": 777,
    "p": "0.01",
    "q": "100",
    "f": 100,
    "l": 105,
    "T": E_MS,
    "m": False,
    "M": True,
}
KLINE = {
    "e": "kline",
    "E": E_MS,
    "s": "BTCUSDT",
    "k": {
        "t": E_MS - 8,
        "T": E_MS + 51,
        "s": "BTCUSDT",
        "i": "1m",
        "f": 100,
        "L": 200,
        "o": "0.10",
        "c": "0.20",
        "h": "0.25",
        "l": "0.05",
        "v": "1000",
        "n": 100,
        "x": False,
        "q": "1.0",
        "V": "500",
        "Q": "0.5",
        "B": "0",
    },
}
DAY = {
    "e": "24hrTicker",
    "E": E_MS,
    "s": "BTCUSDT",
    "p": "0.0015",
    "P": "250.00",
    "w": "0.0018",
    "x": "0.0009",
    "c": "0.0025",
    "Q": "10",
    "b": "0.0024",
    "B": "10",
    "a": "0.0026",
    "A": "100",
    "o": "0.0010",
    "h": "0.0025",
    "l": "0.0009",
    "v": "10000",
    "q": "18",
    "O": 0,
    "C": E_MS,
    "F": 0,
    "L": 18150,
    "n": 18151,
}
MARK = {
    "e": "markPriceUpdate",
    "E": E_MS,
    "s": "BTCUSDT",
    "p": "11794.15",
    "i": "11784.62",
    "P": "11784.25",
    "r": "0.00038167",
    "T": E_MS + 9,
}


@pytest.mark.parametrize(
    ("stream", "data", "kind"),
    [
        ("btcusdt@trade", TRADE, Trade),
        ("btcusdt@aggTrade", AGGREGATE, Trade),
        ("btcusdt@bookTicker", TICKER, BestBidOffer),
        ("btcusdt@kline_1m", KLINE, Candle),
        ("btcusdt@kline_1d@+08:00", KLINE, Candle),
        ("btcusdt@ticker", DAY, Statistics24h),
        ("btcusdt@miniTicker", {**DAY, "e": "24hrMiniTicker"}, Statistics24h),
        ("btcusdt@markPrice@1s", MARK, MarkPrice),
    ],
)
def test_one_message_reads_the_same_in_every_framing(stream: str, data: dict, kind: type):
    feed, knowing, plain = spot(), spot(), spot()
    wrapped = combined(stream, data)
    (first,) = feed.ws(wrapped)
    if kind is Trade:
        knowing.ws(combined(stream, {**data, "t": 1, "a": 1}))  # a trade comes once only
    else:
        knowing.ws(wrapped)
    (second,), (raw,) = knowing.ws(wrapped), plain.ws(json.dumps(data))
    assert type(first) is kind
    for other in (second, raw):
        assert msgspec.structs.replace(other, ts_recv=first.ts_recv) == first
    assert knowing.session.reporter.of_connection("ws").market_events == 2


def test_a_trade_names_the_aggressor():
    feed = spot()
    (trade,) = feed.ws(combined("btcusdt@trade", TRADE))
    assert (trade.side, trade.trade_id, trade.aggregate) == (Side.SELL, 12_345, False)
    assert (trade.price_ticks, trade.size_quanta) == (6_183_763, 2_000_000)
    assert trade.ts_event == (E_MS - 1) * 1_000_000
    (trade,) = feed.ws(combined("btcusdt@trade", {**TRADE, "t": 12_346, "m": False}))
    assert trade.side is Side.BUY
    (trade,) = feed.ws(combined("btcusdt@aggTrade", AGGREGATE))
    assert (trade.side, trade.trade_id, trade.aggregate) == (Side.BUY, 777, True)


def test_a_book_ticker_with_an_empty_side():
    feed = spot()
    empty = {**TICKER, "b": "0.00000000", "B": "0.00000000"}
    (best,) = feed.ws(combined("btcusdt@bookTicker", empty))
    assert (best.bid_ticks, best.bid_quanta) == (None, None)
    assert (best.ask_ticks, best.update_id, best.ts_event) == (2_536, 7, None)


def test_a_candle_and_statistics_in_full():
    feed = spot()
    (candle,) = feed.ws(combined("btcusdt@kline_1m", KLINE))
    prices = (candle.open_ticks, candle.high_ticks, candle.low_ticks, candle.close_ticks)
    assert prices == (10, 25, 5, 20)
    assert (candle.interval, candle.closed, candle.volume_quanta) == ("1m", False, 1000 * 10**8)
    (day,) = feed.ws(combined("btcusdt@ticker", DAY))
    assert (day.last, day.open, day.volume_base, day.volume_quote) == (
        "0.0025",
        "0.0010",
        "10000",
        "18",
    )


def test_coinm_counts_contracts_first():
    feed = Feed("binance_coinm", instrument("binance_coinm", "BTCUSD_PERP", "0.1", "1"))
    (day,) = feed.ws(combined("btcusd_perp@ticker", {**DAY, "s": "BTCUSD_PERP"}))
    assert (day.volume_base, day.volume_quote) == ("18", None)


def test_a_mark_price_in_full():
    (mark,) = usdm().ws(combined("btcusdt@markPrice", MARK))
    assert (mark.mark, mark.index, mark.funding_rate) == ("11794.15", "11784.62", "0.00038167")
    assert mark.next_funding_ns == (E_MS + 9) * 1_000_000


def test_arrays_yield_an_event_a_row_and_spoil_no_other():
    feed = spot()
    rows = [{**DAY, "e": "24hrMiniTicker", "s": symbol} for symbol in ("BTCUSDT", "WHATEVER")]
    assert kinds(feed.ws(combined("!miniTicker@arr", rows))) == ["Statistics24h"] * 2
    assert kinds(feed.ws(json.dumps(rows))) == ["Statistics24h"] * 2
    tickers = [{**TICKER, "s": "NOSUCH"}, TICKER]
    assert kinds(feed.ws(combined("!bookTicker", tickers))) == ["UNKNOWN", "BestBidOffer"]
    assert kinds(feed.ws(combined("!miniTicker@arr", []))) == ["ACKNOWLEDGED"]
    assert kinds(feed.ws("[]")) == ["ACKNOWLEDGED"]
    assert kinds(feed.ws('[{"s":"BTCUSDT"}]')) == ["MALFORMED"]


def test_futures_trades_that_no_book_made_are_not_modelled():
    feed = usdm()
    trade = {**TRADE, "p": "1.0", "q": "1", "X": "INSURANCE_FUND"}
    assert kinds(feed.ws(combined("btcusdt@trade", trade))) == ["ACKNOWLEDGED"]
    assert kinds(feed.ws(combined("btcusdt@trade", {**trade, "X": "MARKET"}))) == ["Trade"]
    assert kinds(feed.ws(combined("btcusdt@trade", trade))) == ["ACKNOWLEDGED"]


def test_a_value_off_its_quantum_is_counted():
    feed = spot()
    assert kinds(feed.ws(combined("btcusdt@trade", {**TRADE, "p": "1.001"}))) == ["OFF_QUANTUM"]
    assert feed.session.reporter.of_connection("ws").decode_errors == 1


@pytest.mark.parametrize(
    "stream",
    [
        "btcusdt@avgPrice",
        "btcusdt@ticker_1h",
        "!ticker_4h@arr",
        "btcusdt@referencePrice",
        "btcusdt@rpiDepth@500ms",
        "btcusdt_perpetual@continuousKline_1m",
        "!forceOrder@arr",
    ],
)
def test_known_streams_that_are_not_modelled_say_so(stream: str):
    (status,) = spot().ws(combined(stream, {"e": "x", "s": "BTCUSDT"}))
    assert status.condition is FeedCondition.ACKNOWLEDGED
    assert "not modelled" in status.reason


def test_events_that_are_not_modelled_or_not_known():
    feed = spot()
    assert kinds(feed.ws('{"e":"avgPrice","E":1}')) == ["ACKNOWLEDGED"]
    pushed = '{"subscriptionId":0,"event":{"e":"executionReport","E":1}}'
    assert kinds(feed.ws(pushed)) == ["ACKNOWLEDGED"]
    assert kinds(feed.ws(combined("aListenKey", {"e": "ORDER_TRADE_UPDATE"}))) == ["ACKNOWLEDGED"]
    assert kinds(feed.ws('{"e":"brandNew","E":1}')) == ["UNKNOWN"]
    assert kinds(feed.ws(combined("btcusdt@brandNew", {"e": "brandNew"}))) == ["UNKNOWN"]
    assert kinds(feed.ws(combined("btcusdt@brandNew", {"x": 1}))) == ["MALFORMED"]
    assert kinds(feed.ws('{"x":1}')) == ["UNKNOWN"]
    assert kinds(feed.ws('{"u":1}')) == ["UNKNOWN"]


@pytest.mark.parametrize(
    "frame",
    [
        f'{{"e":"serverShutdown","E":{E_MS}}}',
        f'{{"stream":"!serverShutdown","data":{{"e":"serverShutdown","E":{E_MS}}}}}',
        f'{{"event":{{"e":"serverShutdown","E":{E_MS}}}}}',
    ],
)
def test_a_shutdown_is_announced_in_three_framings(frame: str):
    (status,) = spot().ws(frame)
    assert status.condition is FeedCondition.SHUTDOWN_ANNOUNCED
    assert status.ts_event == E_MS * 1_000_000


@pytest.mark.parametrize(
    ("frame", "condition", "words"),
    [
        ('{"result":null,"id":1}', FeedCondition.ACKNOWLEDGED, "null"),
        ('{"result":["btcusdt@aggTrade"],"id":3}', FeedCondition.ACKNOWLEDGED, "aggTrade"),
        ('{"code":0,"msg":"Unknown property","id":1}', FeedCondition.REFUSED, "Unknown property"),
        ('{"code":2,"msg":"Invalid request"}', FeedCondition.REFUSED, "2 Invalid request"),
        ('{"error":{"code":3,"msg":"Invalid JSON"},"id":1}', FeedCondition.REFUSED, "3 Invalid"),
        ('{"id":"x","status":200,"result":{}}', FeedCondition.ACKNOWLEDGED, "{}"),
        (
            '{"id":"x","status":429,"error":{"code":-1003,"msg":"Too many"}}',
            FeedCondition.REFUSED,
            "-1003",
        ),
    ],
)
def test_control_answers(frame: str, condition: FeedCondition, words: str):
    (status,) = spot().ws(frame)
    assert status.condition is condition
    assert words in status.reason


def test_malformed_short_and_long_ways():
    feed = live(spot())
    assert conditions(feed.ws(diff(12, 12)[:-3])) == [FeedCondition.MALFORMED]
    feed.ws(combined("btcusdt@trade", TRADE))
    assert conditions(feed.ws(combined("btcusdt@trade", TRADE)[:-3])) == [FeedCondition.MALFORMED]
    assert conditions(feed.ws(b"\xff\xfe")) == [FeedCondition.MALFORMED]
    assert kinds(feed.ws(diff(12, 12))) == ["BookDelta"]


def test_the_table_of_short_ways_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("hftlib.venues.binance.session._ROUTES_LIMIT", 0)
    feed = live(spot())
    assert kinds(feed.ws(diff(12, 12))) == ["BookDelta"]
