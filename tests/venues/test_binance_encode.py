"""Frames written here must be the venue's own bytes, and read back as what they say."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftlib.core.events import BestBidOffer, BookDelta, BookSnapshot, Candle, Trade
from hftlib.core.instrument import Instrument
from hftlib.core.states import FeedCondition, Side
from hftlib.venues.binance import encode
from hftlib.venues.binance.encode import BinanceWriter, DayFigures, TradeCounts
from tests.reference.capture_reader import hftbacktest_frames
from tests.reference.dict_book import read_levels
from tests.reference.venue_feed import Feed, kinds

SPOT = Instrument("binance", "BTCUSDT", "BTC", "USDT", "0.01000000", "0.00000001", "0.00001000")
USDM = Instrument("binance_usdm", "BTCUSDT", "BTC", "USDT", "0.10", "0.001", "0.001")
COINM = Instrument("binance_coinm", "BTCUSD_PERP", "BTC", "USD", "0.1", "1", "1", multiplier="100")
MARKETS = [SPOT, USDM, COINM]
E_NS = 1_723_161_255_208_000_000
URLS = {
    "binance": "https://api.binance.com/api/v3/depth?symbol=BTCUSDT",
    "binance_usdm": "https://fapi.binance.com/fapi/v1/depth?symbol=BTCUSDT",
    "binance_coinm": "https://dapi.binance.com/dapi/v1/depth?symbol=BTCUSD_PERP",
}
CAPTURES = {
    "binance": ("binance-spot-btc-20240808", "btcusdt_20240808.gz"),
    "binance_usdm": ("binance-3venue-btc-20240808", "usdm_btcusdt_20240808.gz"),
    "binance_coinm": ("binance-3venue-btc-20240808", "coinm_btcusd_perp_20240808.gz"),
}
levels = st.lists(st.tuples(st.integers(1, 10**8), st.integers(0, 10**12)), max_size=8)
quotes = st.none() | st.tuples(st.integers(1, 10**8), st.integers(1, 10**12))
stamps = st.integers(10**12, 9 * 10**12)
ids = st.integers(1, 2**50)


def rewrite(writer: BinanceWriter, instrument: Instrument, body: dict) -> bytes:
    """Write a captured message anew from its figures."""

    def level(pair: list[str]) -> tuple[int, int]:
        return instrument.price_ticks(pair[0]), instrument.size_quanta(pair[1])

    def ns(key: str) -> int:
        return body.get(key, 0) * 1_000_000

    kind = body.get("e")
    if kind == "depthUpdate":
        sides = [map(level, body["b"]), map(level, body["a"])]
        return writer.depth_update(
            ns("E"), (body["U"], body["u"], body.get("pu", 0)), *sides, ns("T")
        )
    if kind == "trade":
        side = Side.SELL if body["m"] else Side.BUY
        figures = level([body["p"], body["q"]])
        return writer.trade(ns("E"), ns("T"), body["t"], *figures, side)
    if "lastUpdateId" in body:
        sides = [map(level, body["bids"]), map(level, body["asks"])]
        return writer.snapshot(body["lastUpdateId"], *sides, ns("E"), ns("T"))
    best = level([body["b"], body["B"]]), level([body["a"], body["A"]])
    return writer.book_ticker(body["u"], *best, ns("E"), ns("T"))


@pytest.mark.parametrize("instrument", MARKETS, ids=lambda kept: kept.venue)
def test_captured_frames_are_written_byte_for_byte(captures, instrument: Instrument):
    folder, name = CAPTURES[instrument.venue]
    writer = BinanceWriter(instrument)
    frames = hftbacktest_frames([captures(folder) / name], instrument.venue, instrument.symbol)
    seen = set()
    for frame, _ in zip(frames, range(3_000), strict=False):
        message = json.loads(frame.payload)
        body = message.get("data", message)
        written = rewrite(writer, instrument, body)
        if "stream" in message:
            written = encode.combined(message["stream"], written)
        assert written == frame.payload
        seen.add(body.get("e", "ticker" if "A" in body else "snapshot"))
    assert len(seen) == 4


@pytest.mark.parametrize("instrument", MARKETS, ids=lambda kept: kept.venue)
@given(bids=levels, asks=levels, stamp=stamps, first=ids, more=st.integers(0, 50))
def test_depth_round_trips(instrument, bids, asks, stamp, first, more):
    writer = BinanceWriter(instrument)
    feed = Feed(instrument.venue, instrument)
    event_ns, last = stamp * 1_000_000, first + more
    stream = f"{instrument.symbol.lower()}@depth@100ms"
    begin = writer.depth_update(event_ns, (first - 1, first, first - 2), [], [])
    feed.ws(encode.combined(stream, begin))
    snapshot = feed.rest(URLS[instrument.venue], writer.snapshot(first, bids, asks, event_ns))[0]
    assert isinstance(snapshot, BookSnapshot)
    assert read_levels(snapshot, instrument) == (bids, asks)
    delta_text = writer.depth_update(event_ns, (first + 1, last + 1, first), asks, bids, event_ns)
    delta = feed.ws(encode.combined(stream, delta_text))[0]
    assert isinstance(delta, BookDelta)
    assert (delta.first_update_id, delta.last_update_id) == (first + 1, last + 1)
    assert delta.ts_event == event_ns
    assert read_levels(delta, instrument) == (asks, bids)


@pytest.mark.parametrize("instrument", MARKETS, ids=lambda kept: kept.venue)
@given(bid=quotes, ask=quotes, update=ids, stamp=stamps)
def test_book_tickers_round_trip(instrument, bid, ask, update, stamp):
    writer = BinanceWriter(instrument)
    text = writer.book_ticker(update, bid, ask, stamp * 1_000_000, stamp * 1_000_000)
    (best,) = Feed(instrument.venue, instrument).ws(text)
    assert isinstance(best, BestBidOffer)
    assert (best.bid_ticks, best.bid_quanta) == (bid or (None, None))
    assert (best.ask_ticks, best.ask_quanta) == (ask or (None, None))
    assert best.update_id == update


@pytest.mark.parametrize("microseconds", [False, True])
@pytest.mark.parametrize("instrument", MARKETS, ids=lambda kept: kept.venue)
@given(
    number=ids,
    ticks=st.integers(1, 10**8),
    quanta=st.integers(1, 10**12),
    side=st.sampled_from(Side),
    stamp=stamps,
)
def test_trades_round_trip(microseconds, instrument, number, ticks, quanta, side, stamp):
    writer = BinanceWriter(instrument, microseconds=microseconds)
    now = stamp * 1_000_000
    feed = Feed(instrument.venue, instrument)
    (trade,) = feed.ws(writer.trade(now, now, number, ticks, quanta, side))
    aggregate_text = writer.aggregate_trade(now, now, (number, 1, 2), ticks, quanta, side)
    (aggregate,) = feed.ws(aggregate_text)
    for event, is_aggregate in ((trade, False), (aggregate, True)):
        assert isinstance(event, Trade)
        found = (event.trade_id, event.price_ticks, event.size_quanta, event.side)
        assert found == (number, ticks, quanta, side)
        assert (event.ts_event, event.aggregate) == (now, is_aggregate)


@given(
    prices=st.tuples(*[st.integers(0, 10**8)] * 4), volume=st.integers(0, 10**12), x=st.booleans()
)
def test_candles_round_trip(prices, volume, x):
    given_ = Candle("binance", "BTCUSDT", E_NS, 0, "1m", E_NS, E_NS + 10**9, *prices, volume, x)
    text = BinanceWriter(SPOT).kline(E_NS, given_, TradeCounts(1, 2, 2, "9.5"))
    (candle,) = Feed("binance", SPOT).ws(text)
    assert (candle.open_ticks, candle.high_ticks, candle.low_ticks, candle.close_ticks) == prices
    assert (candle.volume_quanta, candle.closed, candle.open_ns) == (volume, x, E_NS)


DAY = DayFigures(
    change="1",
    change_percent="2",
    weighted_average="3",
    previous_close="4",
    last="5",
    last_size="6",
    bid="7",
    bid_size="8",
    ask="9",
    ask_size="10",
    open="11",
    high="12",
    low="13",
    volume="14",
    quote_volume="15",
    open_ns=E_NS,
    close_ns=E_NS,
    counts=TradeCounts(1, 2, 2, "0"),
)


@pytest.mark.parametrize("instrument", [SPOT, USDM], ids=lambda kept: kept.venue)
def test_day_tickers_round_trip(instrument: Instrument):
    feed, writer = Feed(instrument.venue, instrument), BinanceWriter(instrument)
    for text in (writer.ticker(E_NS, DAY), writer.mini_ticker(E_NS, DAY)):
        (day,) = feed.ws(text)
        figures = (day.last, day.open, day.high, day.low, day.volume_base, day.volume_quote)
        assert figures == ("5", "11", "12", "13", "14", "15")
    assert ("x" in json.loads(writer.ticker(E_NS, DAY))) == (instrument is SPOT)


def test_mark_prices_shutdowns_and_answers_round_trip():
    feed, writer = Feed("binance_usdm", USDM), BinanceWriter(USDM)
    (mark,) = feed.ws(writer.mark_price(E_NS, ("1.5", "1.6", "0.0001"), E_NS + 10**9))
    assert (mark.mark, mark.index, mark.funding_rate) == ("1.5", "1.6", "0.0001")
    assert mark.next_funding_ns == E_NS + 10**9
    assert kinds(feed.ws(writer.server_shutdown(E_NS))) == ["SHUTDOWN_ANNOUNCED"]
    assert encode.acknowledgement(7) == b'{"result":null,"id":7}'
    assert kinds(feed.ws(encode.listing(["btcusdt@depth"], "x"))) == ["ACKNOWLEDGED"]
    (status,) = feed.ws(encode.refusal(2, "Invalid request", None))
    assert status.condition is FeedCondition.REFUSED
    assert (
        encode.rest_refusal(-1121, "Invalid symbol.") == b'{"code":-1121,"msg":"Invalid symbol."}'
    )


def test_a_symbol_of_any_text_is_written_as_utf_8():
    kept = Instrument("binance", '测"试', "A", "B", "0.01", "0.00000001")
    text = encode.combined('测"试@trade', BinanceWriter(kept).trade(1, 1, 1, 1, 1, Side.BUY))
    (trade,) = Feed("binance", kept).ws(text)
    assert trade.symbol == '测"试'


def test_a_tick_that_is_no_power_of_ten():
    kept = Instrument("binance_usdm", "X", "X", "USD", "0.5", "0.01", "0.01")
    assert BinanceWriter(kept).price(3) == "1.5"
    assert (
        BinanceWriter(Instrument("binance", "X", "X", "USD", "0.25", "1")).price(3) == "0.75000000"
    )
