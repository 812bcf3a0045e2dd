"""What a run says, made rows of the store's tables: a microsecond or two on the frame's path."""

import struct
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from hftlib.book.layout import ASK, BID
from hftlib.core.events import Candle, FeedStatus, Trade
from hftlib.core.frames import Frame
from hftlib.core.instrument import Instrument
from hftlib.core.states import BookState, FeedCondition
from hftlib.desk.candles import Bar, interval_of
from hftlib.desk.latency import Histogram
from hftlib.desk.run import Key, Run
from hftlib.engine.facts import BookFact, Fact
from hftlib.features.layout import FEATURE_COUNT, HOT_COUNT
from hftlib.io.store.backlog import PIECE_ROWS, OpenBlock
from hftlib.io.store.messages import MISSING
from hftlib.io.store.writer import StoreWriter
from hftlib.signals.signal import Signal
from hftlib.wire.messages import Health

TOP_LEVELS: Final = 20
_LIVE: Final = BookState.LIVE
_NONE: Final = (None,) * FEATURE_COUNT
_STAMPS: Final = struct.Struct("qqqq")
_HOT_BYTES: Final = HOT_COUNT * 8
_MINUTE_NS: Final = 60_000_000_000
_GRACE_NS: Final = 5_000_000_000
"""How long after a minute its last trades may still come in."""

_BOOK: Final = "BOOK"

COUNTED: Final = frozenset(
    {
        FeedCondition.HEARTBEAT,
        FeedCondition.ACKNOWLEDGED,
        FeedCondition.BUFFERING,
        FeedCondition.DROPPED_BEFORE_SYNC,
        FeedCondition.DUPLICATE,
        FeedCondition.LATE,
    }
)
"""Conditions that come with every other frame: one row a second tells how many there were."""


class _BookRows:
    """Hold where the rows of one book go, and what was said of it last."""

    __slots__ = ("block", "hot", "numbers", "seq", "state", "wholes")

    def __init__(self, block: OpenBlock | None, hot: memoryview) -> None:
        self.block = block
        self.hot = hot
        self.wholes = memoryview(b"") if block is None else block.wholes.data.cast("B")
        self.numbers = memoryview(b"") if block is None else block.numbers.data.cast("B")
        self.seq = -1
        self.state: BookState | None = None


class StoreRows:
    """Turn the facts of one run into rows for a writer, until `end`."""

    def __init__(self, run: Run, writer: StoreWriter, *, event_features: bool = True) -> None:
        """Begin; without `event_features` only each second's features are stored."""
        self._run = run
        self._writer = writer
        self._event_features = event_features
        self._engine = run.engine
        self._books: dict[Key, _BookRows] = {}
        self._counted: dict[tuple[str, str, str, FeedCondition], list[Any]] = {}
        self._minute = 0
        self._handlers: Mapping[type, Any] = {
            BookFact: self._on_book,
            Trade: self._on_trade,
            FeedStatus: self._on_status,
            Candle: self._on_candle,
            Signal: self._on_signal,
        }

    def note(self, frame: Frame, facts: list[Fact]) -> None:
        """Take the facts of one frame; the engine stands as that frame left it."""
        if self._run.engine is not self._engine:
            self._begin_anew()
        seq = frame.ingress_seq
        for fact in facts:
            handler = self._handlers.get(type(fact))
            if handler is not None:
                handler(seq, fact)

    def second(self, now_ns: int) -> None:
        """Put the rows of a second: features and best levels of every book, what was counted."""
        if self._run.engine is not self._engine:
            self._begin_anew()
        for key in self._engine.books:
            self._put_second(key, now_ns)
        for (venue, symbol, connection, condition), told in self._counted.items():
            row = (*told[:2], venue, symbol, connection, condition.value, "", *told[2:])
            self._writer.put_row("feed_status", row)
        self._counted.clear()
        minute = (now_ns - _GRACE_NS) // _MINUTE_NS
        if minute != self._minute:
            self._minute = minute
            self._put_bars((minute - 1) * _MINUTE_NS, now_ns)

    def end(self) -> None:
        """Hand over what is left; nothing more comes."""
        for rows in self._books.values():
            if rows.block is not None:
                self._writer.drop_block(rows.block)
        self._books.clear()
        self._writer.cut()

    def latency(self, now_ns: int, recent: Mapping[str, Histogram]) -> None:
        """Put how long each stage took in the second that has passed."""
        for stage, histogram in recent.items():
            buckets = list(histogram.buckets())
            if buckets:
                quantiles = [histogram.quantile_ns(share) for share in (0.5, 0.9, 0.99, 0.999)]
                edges, counts = zip(*((one.edge_ns, one.count) for one in buckets), strict=True)
                row = (None, now_ns, stage, "", histogram.count, *quantiles, histogram.longest_ns)
                self._writer.put_row("latency", (*row, edges, counts))

    def health(self, now_ns: int, health: Health, rss_bytes: int | None = None) -> None:
        """Put how the desk is."""
        report = msgspec.json.encode(health).decode()
        row = (None, now_ns, health.state, health.condition, health.reasons, rss_bytes, report)
        self._writer.put_row("health", row)

    def add(self, table: str, row: Sequence[Any]) -> None:
        """Put any other row: the values of the table's own columns, in order."""
        self._writer.put_row(table, row)

    def _begin_anew(self) -> None:
        """Follow the run to its new engine: the arrays of the old one stand still."""
        self.end()
        self._engine = self._run.engine

    def _open(self, key: Key) -> _BookRows:
        block = None
        if self._event_features:
            shared = {"venue": key[0], "symbol": key[1]}
            block = self._writer.block("features_event", shared)
        hot = self._engine.measurers[key].floats.data.cast("B")[:_HOT_BYTES]
        rows = self._books[key] = _BookRows(block, hot)
        return rows

    def _on_book(self, seq: int, fact: BookFact) -> None:
        rows = self._books.get((fact.venue, fact.symbol))
        if rows is None:
            rows = self._open((fact.venue, fact.symbol))
        if fact.state is not rows.state:
            self._moved(rows, fact)
        block = rows.block
        if block is None or fact.state is not _LIVE:
            return
        at = block.count
        if seq == rows.seq and at:
            at -= 1  # the array holds what the whole frame left: one row for it
        rows.seq = seq
        event = fact.ts_event
        stamp = MISSING if event is None else event
        _STAMPS.pack_into(rows.wholes, at * 32, stamp, fact.ts_recv, seq, fact.last_update_id)
        start = at * _HOT_BYTES
        rows.numbers[start : start + _HOT_BYTES] = rows.hot
        block.count = at = at + 1
        if at == PIECE_ROWS:
            self._writer.take_block(block)

    def _moved(self, rows: _BookRows, fact: BookFact) -> None:
        rows.state = fact.state
        told = (fact.ts_event, fact.ts_recv, fact.venue, fact.symbol)
        row = (*told, "", _BOOK, fact.state.value, 1, fact.reason)
        self._writer.put_row("feed_status", row)

    def _on_trade(self, seq: int, trade: Trade) -> None:
        one = self._engine.instruments[trade.venue, trade.symbol]
        self._writer.put_row(
            "trades",
            (
                trade.ts_event,
                trade.ts_recv,
                trade.venue,
                trade.symbol,
                seq,
                trade.trade_id,
                trade.side.value,
                trade.price_ticks,
                trade.size_quanta,
                one.price_increment,
                one.size_quantum,
                trade.aggregate,
                trade.historical,
            ),
        )

    def _on_status(self, _seq: int, status: FeedStatus) -> None:
        if status.condition in COUNTED:
            self._count(status)
            return
        told = (status.ts_event, status.ts_recv, status.venue, status.symbol, status.connection)
        row = (*told, status.condition.value, "", status.count, status.reason)
        self._writer.put_row("feed_status", row)

    def _count(self, status: FeedStatus) -> None:
        key = (status.venue, status.symbol, status.connection, status.condition)
        told = self._counted.get(key)
        if told is None:
            told = self._counted[key] = [None, 0, 0, status.reason]
        told[0], told[1] = status.ts_event, status.ts_recv
        told[2] += status.count

    def _on_candle(self, _seq: int, candle: Candle) -> None:
        if not candle.closed:
            return
        one = self._engine.instruments[candle.venue, candle.symbol]
        stamps = (candle.ts_event, candle.ts_recv, candle.venue, candle.symbol)
        interval = interval_of(candle.interval) or candle.interval
        times = (interval, "venue", candle.open_ns, candle.close_ns)
        prices = (candle.open_ticks, candle.high_ticks, candle.low_ticks, candle.close_ticks)
        volume = (candle.volume_quanta, None, None, one.price_increment, one.size_quantum, True)
        self._writer.put_row("candles", (*stamps, *times, *prices, *volume))

    def _on_signal(self, seq: int, signal: Signal) -> None:
        book = self._engine.measurers[signal.venue, signal.symbol]
        stamps = (signal.ts_event, signal.ts_recv, signal.venue, signal.symbol, seq)
        said = (signal.name, "", signal.side.value, signal.score, signal.confidence)
        not_yet = (None, None, None, None)
        then = (book.value("mid"), signal.spread_bps, (), (), signal.reason)
        self._writer.put_row("signals", (*stamps, *said, *not_yet, *then))

    def _put_second(self, key: Key, now_ns: int) -> None:
        book, measurer = self._engine.books[key], self._engine.measurers[key]
        is_live = book.state is _LIVE
        told = (book.ts_event, now_ns, *key, book.state.value)
        features = measurer.vector().values if is_live else _NONE
        self._writer.put_row("features_1s", (*told, book.last_update_id, *features))
        levels: tuple[list[int], ...] = ([], [], [], [])
        if is_live:
            sides = (*book.levels(BID, TOP_LEVELS), *book.levels(ASK, TOP_LEVELS))
            levels = tuple(side.tolist() for side in sides)
        one = book.instrument
        counts = (book.bid_levels, book.ask_levels)
        stands = (book.verified, book.last_update_id, one.price_increment, one.size_quantum)
        self._writer.put_row("books_1s", (*told, *stands, *counts, *levels))

    def _put_bars(self, open_ns: int, now_ns: int) -> None:
        """Put the minute that has passed, as far as trades made it."""
        for key, board in self._run.boards.items():
            for bar in board.candles.bars("1m", 3):
                if bar.open_ns == open_ns and not bar.from_venue:
                    self._writer.put_row("candles", _bar_row(key, board.instrument, bar, now_ns))


def _bar_row(key: Key, one: Instrument, bar: Bar, now_ns: int) -> tuple[Any, ...]:
    times = ("1m", "trades", bar.open_ns, bar.open_ns + _MINUTE_NS)
    prices = (bar.open, bar.high, bar.low, bar.close)
    volume = (bar.volume, bar.buy, bar.trades, one.price_increment, one.size_quantum)
    return (bar.last_ts, now_ns, *key, *times, *prices, *volume, bar.complete)
