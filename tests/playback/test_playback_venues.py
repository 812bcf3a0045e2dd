"""Real captures through every codec into a plain dict book: the counts that must come out."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest

from hftlib.core.events import BestBidOffer, BookDelta, BookSnapshot, FeedStatus, Trade
from hftlib.core.frames import Frame, FrameKind
from hftlib.core.instrument import Instrument
from hftlib.core.states import FeedCondition
from hftlib.venues.registry import instruments_from, open_session
from hftlib.venues.session import Session
from tests.reference.capture_reader import cryptofeed_frames, hftbacktest_frames, lobster_frames
from tests.reference.dict_book import DictBook


class TopBook(DictBook):
    """Keep, beside the dict book, the best levels, and those that each update id showed."""

    def __init__(self, instrument: Instrument) -> None:
        super().__init__(instrument)
        self.tops: dict[int, tuple] = {}
        self._best: list[int | None] = [None, None]

    def change(self, side: dict[int, int], ticks: int, quanta: int) -> None:
        super().change(side, ticks, quanta)
        is_ask, pick = (1, min) if side is self.asks else (0, max)
        best = self._best[is_ask]
        if best is not None and best not in side:
            self._best[is_ask] = None
        elif quanta and best is not None:
            self._best[is_ask] = pick(best, ticks)

    def top(self) -> tuple:
        """Return best bid, its size, best ask, its size; found anew only where one was deleted."""
        if self._best[0] is None:
            self._best[0] = max(self.bids)
        if self._best[1] is None:
            self._best[1] = min(self.asks)
        bid, ask = self._best
        return bid, self.bids[bid], ask, self.asks[ask]


class Playback:
    """Play frames into a session and dict books, counting what comes out."""

    def __init__(self, venue: str, instruments: dict[str, Instrument]) -> None:
        self.session: Session = open_session(venue, instruments)
        self.books = {symbol: TopBook(kept) for symbol, kept in instruments.items()}
        self.crossed = 0
        self.compared = Counter()
        self.trade_ids: dict[str, list[int]] = {symbol: [] for symbol in instruments}
        self.conditions: Counter[FeedCondition] = Counter()
        self._tickers: list[BestBidOffer] = []

    def play(self, frames: Iterable[Frame], *, tops: bool = False) -> "Playback":
        for frame in frames:
            events = self.session.receive(frame)
            assert events
            for event in events:
                self._take(event, tops)
        self._compare()
        return self

    def _take(self, event, tops: bool) -> None:
        if isinstance(event, BookDelta | BookSnapshot):
            book = self.books[event.symbol]
            book.apply(event)
            if tops and isinstance(event, BookDelta):
                book.tops[event.last_update_id] = top = book.top()
                self.crossed += top[0] >= top[2]
        elif isinstance(event, FeedStatus):
            self.conditions[event.condition] += event.count
        elif isinstance(event, BestBidOffer) and tops:
            self._tickers.append(event)
        elif isinstance(event, Trade):
            self.trade_ids[event.symbol].append(event.trade_id)

    def _compare(self) -> None:
        for ticker in self._tickers:
            top = self.books[ticker.symbol].tops.get(ticker.update_id)
            if top is not None:
                best = (ticker.bid_ticks, ticker.bid_quanta, ticker.ask_ticks, ticker.ask_quanta)
                self.compared[best == top] += 1

    def assert_trades_contiguous(self) -> None:
        for ids in self.trade_ids.values():
            assert ids == list(range(ids[0], ids[0] + len(ids))) if ids else True


def binance_instrument(venue: str, symbol: str, tick: str, quantum: str) -> dict[str, Instrument]:
    return {symbol: Instrument(venue, symbol, "BTC", "USDT", tick, quantum)}


CLEAN = ("gaps", "decode_errors", "duplicates", "late", "stale_snapshot", "unknown", "overflow")


def assert_clean(session: Session) -> None:
    totals = session.reporter.totals()
    assert {name: totals[name] for name in CLEAN} == dict.fromkeys(CLEAN, 0)


def test_binance_spot(captures):
    folder: Path = captures("binance-spot-btc-20240808")
    files = [folder / "btcusdt_20240808.gz", folder / "btcusdt_20240809.gz"]
    instruments = binance_instrument("binance", "BTCUSDT", "0.01", "0.00000001")
    played = Playback("binance", instruments)
    played.play(hftbacktest_frames(files, "binance", "BTCUSDT"), tops=True)
    counts = played.session.reporter.of_symbol("BTCUSDT")
    book = played.books["BTCUSDT"]
    assert (counts.dropped_before_sync, counts.applied, counts.gaps) == (2, 6_493, 0)
    assert (played.crossed, book.unknown_deletes) == (0, 26_140)
    assert (len(book.bids), len(book.asks)) == (1_971, 2_962)
    assert played.compared == {True: 1_072}
    assert len(played.trade_ids["BTCUSDT"]) == 19_904
    played.assert_trades_contiguous()
    assert_clean(played.session)
    assert played.session.is_synced("BTCUSDT")


def test_binance_usdm(captures):
    files = [captures("binance-3venue-btc-20240808") / "usdm_btcusdt_20240808.gz"]
    instruments = binance_instrument("binance_usdm", "BTCUSDT", "0.10", "0.001")
    played = Playback("binance_usdm", instruments)
    played.play(hftbacktest_frames(files, "binance_usdm", "BTCUSDT"), tops=True)
    counts = played.session.reporter.of_symbol("BTCUSDT")
    assert (counts.dropped_before_sync, counts.applied, counts.gaps) == (4, 6_547, 0)
    assert (played.crossed, played.compared) == (0, {True: 629})
    played.assert_trades_contiguous()
    assert_clean(played.session)


def test_binance_coinm(captures):
    folder = captures("binance-3venue-btc-20240808")
    files = [folder / f"coinm_btcusd_perp_2024080{day}.gz" for day in (8, 9)]
    instruments = binance_instrument("binance_coinm", "BTCUSD_PERP", "0.1", "1")
    played = Playback("binance_coinm", instruments)
    played.play(hftbacktest_frames(files, "binance_coinm", "BTCUSD_PERP"), tops=True)
    counts = played.session.reporter.of_symbol("BTCUSD_PERP")
    assert (counts.dropped_before_sync, counts.applied, counts.gaps) == (23, 44_772, 0)
    assert (played.crossed, played.compared) == (0, {True: 1_885})
    played.assert_trades_contiguous()
    assert_clean(played.session)


@pytest.mark.parametrize(
    ("venue", "name", "symbols", "same"),
    [
        ("binance", "BINANCE_20211012", "NKNUSDT BLZETH LRCBTC RUNEEUR", 26),
        ("binance_us", "BINANCE_US_20211012", "COMPUSDT OMGBUSD CRVUSDT ZRXUSDT", 56),
    ],
)
def test_cryptofeed_binance(captures, venue: str, name: str, symbols: str, same: int):
    path = captures("cryptofeed-binance-20211012") / f"{name}.jsonl.gz"
    instruments = {
        symbol: Instrument(venue, symbol, "A", "B", "0.00000001", "0.00000001")
        for symbol in symbols.split()
    }
    played = Playback(venue, instruments).play(cryptofeed_frames(path, venue), tops=True)
    assert all(played.session.is_synced(symbol) for symbol in instruments)
    assert (played.crossed, played.compared) == (0, {True: same})
    assert_clean(played.session)


def test_coinbase_advanced(captures):
    path = captures("coinbase-adv-20260809") / "COINBASE_seq0_519.jsonl.gz"
    frames = list(cryptofeed_frames(path, "coinbase"))
    products = next(frame for frame in frames if frame.kind is FrameKind.REST)
    listed = instruments_from("coinbase", products.request, products.payload)
    instruments = {kept.symbol: kept for kept in listed if kept.symbol in ("BTC-USD", "ETH-USD")}
    played = Playback("coinbase", instruments).play(frames)
    numbers = [
        msgspec.json.decode(frame.payload)["sequence_num"]
        for frame in frames
        if frame.kind is FrameKind.WS
    ]
    assert numbers == list(range(520))
    ends = {symbol: best(book) for symbol, book in played.books.items()}
    assert ends == {
        "BTC-USD": ("65083.66", "0.24999473", "65083.67", "0.22885417", 18_773, 27_238),
        "ETH-USD": ("1919.41", "0.15723207", "1919.50", "2.3723852", 6_931, 16_396),
    }
    assert sum(book.unknown_deletes for book in played.books.values()) == 22
    played.assert_trades_contiguous()
    assert_clean(played.session)


def best(book: DictBook) -> tuple:
    kept, bid, ask = book.instrument, max(book.bids), min(book.asks)
    sizes = kept.size_text(book.bids[bid]), kept.size_text(book.asks[ask])
    prices = kept.price_text(bid), kept.price_text(ask)
    return prices[0], sizes[0], prices[1], sizes[1], len(book.bids), len(book.asks)


def test_coinbase_exchange(captures):
    path = captures("coinbase-exchange-20210417") / "COINBASE_exchange_5products.jsonl.gz"
    venue = "coinbase_exchange"
    instruments = {
        symbol: Instrument(venue, symbol, "A", "B", "0.00000001", "0.00000001")
        for symbol in ("SKL-USD", "SKL-BTC", "BAND-BTC", "YFI-BTC", "NMR-EUR")
    }
    played = Playback(venue, instruments).play(cryptofeed_frames(path, venue))
    assert all(played.session.is_synced(symbol) for symbol in instruments)
    assert not any(book.is_crossed or book.unknown_deletes for book in played.books.values())
    assert played.conditions[FeedCondition.TRADES_MISSING] == 0
    assert played.session.reporter.totals()["applied"] == 6_288
    played.assert_trades_contiguous()
    assert_clean(played.session)


def test_lobster(captures):
    folder = captures("lobster-amzn-20120621")
    instruments = {"AMZN": Instrument("lobster", "AMZN", "AMZN", "USD", "0.0001", "1")}
    played = Playback("lobster", instruments)
    played.play(lobster_frames(folder, "AMZN", "2012-06-21"))
    counts = played.session.reporter.of_symbol("AMZN")
    assert counts.frames == 57_515
    assert len(played.trade_ids["AMZN"]) == 8_974 + 2_445
    assert not played.books["AMZN"].is_crossed
    assert_clean(played.session)
