"""One list of checks run over every codec: whatever comes in, it answers, counts, and goes on."""

import json
import random
from collections.abc import Callable
from typing import NamedTuple

import msgspec
import pytest

from hftlib.core.events import Event, FeedStatus
from hftlib.core.frames import FrameKind
from hftlib.core.instrument import Instrument
from hftlib.core.states import DECODE_ERRORS, FeedCondition, Side
from hftlib.core.venue import VENUES
from hftlib.venues.binance.encode import BinanceWriter, combined
from hftlib.venues.coinbase import encode as coinbase
from hftlib.venues.coinbase.encode import AdvancedWriter, DayText, ExchangeWriter, PrintedTrade
from tests.reference.venue_feed import Feed, conditions, plain

T_NS = 1_786_309_548_228_000_000
BIDS, ASKS = [(100, 5), (99, 7)], [(101, 4), (103, 2)]


class Sample(NamedTuple):
    """Hold the frames of one healthy minute of a venue, in order."""

    instrument: Instrument
    frames: list[tuple[FrameKind, bytes, str]]

    def feed(self) -> Feed:
        return Feed(self.instrument.venue, self.instrument)


def play(feed: Feed, kind: FrameKind, payload: bytes, request: str) -> list[Event]:
    return feed.session.receive(feed.frame(payload, kind, request))


def binance(venue: str, symbol: str, tick: str, quantum: str, rest: str) -> Sample:
    kept = Instrument(venue, symbol, "BTC", "USD", tick, quantum, quantum)
    writer = BinanceWriter(kept)
    stream = f"{symbol.lower()}@depth@100ms"
    url = f"https://x{rest}/depth?symbol={symbol}"
    steps = [(7, 8, 6), (9, 10, 8), (11, 12, 10), (13, 15, 12)]
    deltas = [combined(stream, writer.depth_update(T_NS, ids, BIDS, ASKS, T_NS)) for ids in steps]
    trade = writer.trade(T_NS, T_NS, 1, 100, 5, Side.BUY)
    ticker = writer.book_ticker(8, BIDS[0], ASKS[0], T_NS, T_NS)
    frames = [
        (FrameKind.POLL, writer.snapshot(6, BIDS, ASKS, T_NS, T_NS), url),
        (FrameKind.OPENED, b"", f"wss://x/stream?streams={stream}"),
        (FrameKind.WS, deltas[0], ""),
        (FrameKind.REST, writer.snapshot(8, BIDS, ASKS, T_NS, T_NS), url),
        *((FrameKind.WS, delta, "") for delta in deltas[1:]),
        (FrameKind.WS, combined(f"{symbol.lower()}@trade", trade), ""),
        (FrameKind.WS, combined(f"{symbol.lower()}@bookTicker", ticker), ""),
        (FrameKind.WS, trade, ""),
        (FrameKind.WS, writer.depth_update(T_NS, (16, 17, 15), ASKS, BIDS, T_NS), ""),
    ]
    return Sample(kept, frames)


def advanced() -> Sample:
    kept = Instrument("coinbase", "BTC-USD", "BTC", "USD", "0.01", "0.00000001")
    writer = AdvancedWriter(kept)
    changes = [(Side.BUY, 100, 5), (Side.SELL, 101, 6)]
    trades = [PrintedTrade(number, 100, 5, Side.BUY, T_NS) for number in (1, 2)]
    texts = [
        coinbase.advanced_subscriptions(0, T_NS, {"level2": ["BTC-USD"]}),
        writer.level2(1, T_NS, changes, snapshot=True),
        writer.level2(2, T_NS, changes),
        writer.market_trades(3, T_NS, trades, snapshot=True),
        writer.ticker(4, T_NS, DayText("1", "1", "1", "1", "1"), (BIDS[0], ASKS[0])),
        coinbase.advanced_heartbeat(5, T_NS, 7),
        writer.level2(6, T_NS, changes),
    ]
    rows = b'[{"price":"1.00","size":"5"}]'
    book = b'{"pricebook":{"product_id":"BTC-USD","bids":%b,"asks":[]}}' % rows
    polled = (FrameKind.POLL, book, "https://x/market/product_book?product_id=BTC-USD")
    return Sample(kept, [polled, *((FrameKind.WS, text, "") for text in texts)])


def exchange() -> Sample:
    kept = Instrument("coinbase_exchange", "YFI-BTC", "YFI", "BTC", "0.00001", "0.000001")
    writer = ExchangeWriter(kept)
    trade = PrintedTrade(5, 100, 5, Side.BUY, T_NS)
    texts = [
        coinbase.exchange_subscriptions({"level2_batch": ["YFI-BTC"]}),
        writer.snapshot(BIDS, ASKS),
        writer.update(T_NS, [(Side.BUY, 100, 5)]),
        writer.match(trade, 9, ("m", "t")),
        writer.ticker(trade, 9, DayText("1", "1", "1", "1", "1"), (BIDS[0], ASKS[0])),
        writer.heartbeat(T_NS, 10, 5),
        writer.update(T_NS, [(Side.SELL, 101, 0)]),
    ]
    book = b'{"sequence":7,"bids":[["0.00100","0.000005",1]],"asks":[]}'
    polled = (FrameKind.POLL, book, "https://x/products/YFI-BTC/book?level=2")
    return Sample(kept, [polled, *((FrameKind.WS, text, "") for text in texts)])


def lobster() -> Sample:
    kept = Instrument("lobster", "AMZN", "AMZN", "USD", "0.0001", "1")
    rows = [
        f"342{second}.5,{kind},7,5,2238100,1|2239500,100,2238100,21".encode()
        for second, kind in enumerate((1, 3, 4, 5, 2), 10)
    ]
    opened = (FrameKind.OPENED, b"", "lobster://AMZN/2012-06-21")
    return Sample(kept, [opened, *((FrameKind.WS, row, "") for row in rows)])


def ccxt() -> Sample:
    kept = Instrument("kraken", "BTC/USD", "BTC", "USD", "0.01", "0.00000001", origin="ccxt")
    trade = {"id": "7", "ts": T_NS // 1_000_000, "price": "1.00", "size": "0.5", "side": "buy"}
    book = {"type": "book", "symbol": "BTC/USD", "ts": T_NS // 1_000_000, "nonce": 7}
    sides = {"bids": [["1.00", "0.5"], ["0.99", "7"]], "asks": [["1.01", "4"]]}
    row = {"symbol": "BTC/USD", "base": "BTC", "quote": "USD", "price_increment": "0.01"}
    bodies = [
        {**book, **sides},
        {**book, **sides, "nonce": 100},
        {"type": "trades", "symbol": "BTC/USD", "trades": [trade, {**trade, "id": "x-8"}]},
        {**book, **sides, "nonce": None, "ts": None},
    ]
    texts = [json.dumps(body, separators=(",", ":")).encode() for body in bodies]
    markets = {"type": "markets", "markets": [{**row, "size_quantum": "0.00000001"}]}
    frames = [
        (FrameKind.REST, json.dumps(markets).encode(), "ccxt://kraken/markets"),
        (FrameKind.OPENED, b"", "ccxt://kraken/BTC/USD"),
        *((FrameKind.WS, text, "") for text in texts[:-1]),
        (FrameKind.POLL, texts[-1], ""),
    ]
    return Sample(kept, frames)


SAMPLES: dict[str, Callable[[], Sample]] = {
    "binance": lambda: binance("binance", "BTCUSDT", "0.01", "0.00000001", "/api/v3"),
    "binance_us": lambda: binance("binance_us", "BTCUSDT", "0.01", "0.00000001", "/api/v3"),
    "binance_usdm": lambda: binance("binance_usdm", "BTCUSDT", "0.10", "0.001", "/fapi/v1"),
    "binance_coinm": lambda: binance("binance_coinm", "BTCUSD_PERP", "0.1", "1", "/dapi/v1"),
    "coinbase": advanced,
    "coinbase_exchange": exchange,
    "lobster": lobster,
    "kraken": ccxt,
}
every_venue = pytest.mark.parametrize("venue", [*VENUES, "kraken"])


def ask(feed: Feed, kind: FrameKind, payload: bytes, request: str = "") -> list[Event]:
    """Play one frame and check what holds for any frame: an answer, and counts that add up."""
    before = feed.session.reporter.totals().get("events", 0)
    events = play(feed, kind, payload, request)
    assert events
    assert all(event.ts_recv <= feed.now_ns for event in events)
    assert feed.session.reporter.totals()["events"] == before + len(events)
    assert feed.session.reporter.totals()["frames"] == feed.count
    return events


def healthy(feed: Feed, sample: Sample) -> list[Event]:
    events: list[Event] = []
    for kind, payload, request in sample.frames:
        events += ask(feed, kind, payload, request)
    return events


@every_venue
def test_every_venue_is_sampled_and_its_sample_is_healthy(venue: str):
    sample = SAMPLES[venue]()
    feed = sample.feed()
    bad = [event for event in healthy(feed, sample) if isinstance(event, FeedStatus)]
    assert not [event for event in bad if event.condition in DECODE_ERRORS]
    assert feed.session.is_synced(sample.instrument.symbol)


GARBAGE = {
    "nothing": b"",
    "blank": b" \n\t",
    "noise": bytes(random.Random(7).randbytes(300)),
    "html": b"<html>451</html>",
    "null": b"null",
    "number": b"1e400",
    "text": b'"text"',
    "true": b"true",
    "list": b"[]",
    "list of lists": b"[[],[1]]",
    "object": b"{}",
    "bad utf-8": b'{"e":"\xff\xfe"}',
    "bad utf-8 in a name": b'{"stream":"\xff@depth","data":{}}',
    "lone surrogate": b'{"type":"\\ud800"}',
    "deep list": b"[" * 100_000,
    "deep object": b'{"a":' * 100_000,
    "deep data": b'{"stream":"btcusdt@depth","data":' + b"[" * 50_000,
    "huge number": b'{"sequence_num":' + b"9" * 5_000 + b',"channel":"heartbeats","events":[]}',
    "long name": b'{"type":"' + b"x" * 1_000_000 + b'"}',
    "no end": b'{"stream":"btcusdt@depth@100ms',
    "nul": b"\x00" * 64,
    "bom": b"\xef\xbb\xbf{}",
}


@every_venue
@pytest.mark.parametrize("name", GARBAGE)
@pytest.mark.parametrize("kind", list(FrameKind))
def test_garbage_is_answered_and_counted(venue: str, name: str, kind: FrameKind):
    sample = SAMPLES[venue]()
    feed = sample.feed()
    ask(feed, kind, GARBAGE[name])
    request = next((url for _, _, url in sample.frames if "depth?" in url), "https://x/api/depth")
    ask(feed, kind, GARBAGE[name], request)
    healthy(sample.feed(), sample)


@every_venue
def test_garbage_on_the_stream_is_a_decode_error(venue: str):
    for name in ("noise", "html", "bad utf-8", "deep list", "no end", "nul"):
        (status, *_) = ask(SAMPLES[venue]().feed(), FrameKind.WS, GARBAGE[name])
        assert isinstance(status, FeedStatus)
        assert status.condition in DECODE_ERRORS


@every_venue
def test_a_frame_cut_anywhere_is_answered(venue: str):
    sample = SAMPLES[venue]()
    for index, (kind, payload, request) in enumerate(sample.frames):
        for length in range(0, len(payload), 3):
            feed = sample.feed()
            for earlier in sample.frames[:index]:
                play(feed, *earlier)
            ask(feed, kind, payload[:length], request)


@every_venue
def test_a_flipped_byte_is_answered(venue: str):
    sample = SAMPLES[venue]()
    chance = random.Random(11)
    for _ in range(400):
        feed = sample.feed()
        hit = chance.randrange(len(sample.frames))
        for index, (kind, payload, request) in enumerate(sample.frames):
            body = bytearray(payload)
            if index == hit and body:
                body[chance.randrange(len(body))] = chance.randrange(256)
            ask(feed, kind, bytes(body), request)


@every_venue
def test_repeated_frames_change_no_book_twice(venue: str):
    sample = SAMPLES[venue]()
    once, twice = sample.feed(), sample.feed()
    healthy(once, sample)
    for frame in sample.frames:
        ask(twice, *frame)
        if frame[0] is not FrameKind.OPENED:
            ask(twice, *frame)
    name = sample.instrument.symbol
    applied = [feed.session.reporter.of_symbol(name).applied for feed in (once, twice)]
    assert applied[0] == applied[1]
    assert twice.session.is_synced(name)


@every_venue
def test_frames_in_any_order_are_answered(venue: str):
    sample = SAMPLES[venue]()
    for seed in range(40):
        frames = list(sample.frames)
        random.Random(seed).shuffle(frames)
        feed = sample.feed()
        for frame in frames:
            ask(feed, *frame)


WRONG = [None, True, -1, 2**70, 1.5, "", "x", [], {}, [[]], {"a": 1}]


def mutations(value: object) -> list[object]:
    """Return copies of a JSON value with one part replaced by something of another type."""
    found: list[object] = list(WRONG)
    if isinstance(value, dict):
        for name in value:
            found += [{**value, name: other} for other in mutations(value[name])]
            found.append({key: kept for key, kept in value.items() if key != name})
    elif isinstance(value, list) and value:
        found += [[other, *value[1:]] for other in mutations(value[0])]
    return found


@every_venue
def test_wrong_types_anywhere_are_answered(venue: str):
    sample = SAMPLES[venue]()
    for index, (kind, payload, request) in enumerate(sample.frames):
        try:
            body = json.loads(payload)
        except ValueError:
            continue
        feed = sample.feed()
        for earlier in sample.frames[:index]:
            play(feed, *earlier)
        state = msgspec.msgpack.encode(feed.session.checkpoint())
        for mutated in mutations(body):
            text = json.dumps(mutated, separators=(",", ":")).encode()
            feed.session.restore(msgspec.msgpack.decode(state))
            play_and_check(feed, kind, text, request)


def play_and_check(feed: Feed, kind: FrameKind, payload: bytes, request: str) -> None:
    events = play(feed, kind, payload, request)
    assert events


@every_venue
def test_numbers_of_any_size_are_answered(venue: str):
    sample = SAMPLES[venue]()
    for kind, payload, request in sample.frames:
        for digits in (b"9" * 18, b"9" * 19, b"9" * 40, b"-1", b"0", b"1e5", b"0.5"):
            for old in (b"100", b"7", b"1786309548228"):
                play_and_check(sample.feed(), kind, payload.replace(old, digits), request)


@every_venue
def test_a_checkpoint_goes_on_exactly(venue: str):
    sample = SAMPLES[venue]()
    for cut in range(len(sample.frames)):
        feed, other = sample.feed(), sample.feed()
        for frame in sample.frames[:cut]:
            play(feed, *frame)
        packed = msgspec.msgpack.encode(feed.session.checkpoint())
        other.session.restore(msgspec.msgpack.decode(packed))
        other.count, other.now_ns = feed.count, feed.now_ns
        for frame in sample.frames[cut:]:
            assert plain(play(other, *frame)) == plain(play(feed, *frame))
        assert other.session.reporter.totals() == feed.session.reporter.totals()


@every_venue
def test_distrust_of_anything_is_answered(venue: str):
    sample = SAMPLES[venue]()
    feed = sample.feed()
    healthy(feed, sample)
    for symbol in (sample.instrument.symbol, "", "NOSUCH"):
        events = feed.session.distrust(symbol, "test", feed.now_ns, FeedCondition.CROSSED)
        assert events[0].condition is FeedCondition.CROSSED
        assert not feed.session.is_synced(symbol)


@every_venue
def test_a_connection_with_a_successor_is_handed_over_where_ids_allow_it(venue: str):
    """Elsewhere its end is an end like any other: a book that cannot be proven is begun anew."""
    sample = SAMPLES[venue]()
    feed = sample.feed()
    healthy(feed, sample)
    told = ask(feed, FrameKind.CLOSED, b"handed over", "ws+")
    if venue.startswith("binance"):
        (status,) = told
        assert status.condition is FeedCondition.HANDED_OVER
        assert (status.connection, status.reason) == ("ws", "ws+")
        assert feed.session.is_synced(sample.instrument.symbol)
    else:
        assert FeedCondition.HANDED_OVER not in conditions(told)
