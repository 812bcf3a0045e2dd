"""A run: the engine with what clients may read of it, fed one frame at a time."""

from collections.abc import Callable
from typing import Final

import msgspec
import numpy as np

from hftlib.book.book import Book
from hftlib.book.layout import ASK, BID
from hftlib.core.events import Candle, FeedStatus, SnapshotRequest, Statistics24h, Trade
from hftlib.core.frames import Frame
from hftlib.core.states import BookState, FeedCondition, Source
from hftlib.desk.board import NS_PER_MS, Board, is_trusted
from hftlib.desk.heatmap import (
    COLUMN_NS,
    HISTORY_BYTES,
    HISTORY_COLUMNS,
    MOST_LEVELS,
    ColumnStore,
    Levels,
    Sampler,
    sample,
)
from hftlib.engine.engine import Engine
from hftlib.engine.facts import BookFact, Fact
from hftlib.signals.signal import Signal

ALL_HISTORY_BYTES: Final = 128 * 2**20
"""Bytes of columns that all books of a desk keep together."""

Key = tuple[str, str]


class Run:
    """Feed an engine and keep boards of what it says; one run at a time belongs to a desk."""

    def __init__(self, make_engine: Callable[[], Engine], source: Source, origin: str) -> None:
        """Begin with a fresh engine; `origin` names the recording or the exchange."""
        self._make_engine = make_engine
        self.source = source
        self.origin = origin
        self.engine = make_engine()
        self.boards: dict[Key, Board] = {}
        self.now_ns = 0
        self.has_live_book = False
        self._sampled_from = 0
        self._sampler = Sampler(self._sample)

    def feed(self, frame: Frame) -> list[Fact]:
        """Hand one frame to the engine and its facts to the boards; return the facts."""
        self.advance(frame.ts_recv)
        facts = self.engine.on_event(frame)
        for fact in facts:
            self._note(frame.ingress_seq, fact)
        return facts

    def advance(self, now_ns: int) -> None:
        """Move the run's clock, never backwards; columns are sampled as it passes their time."""
        if now_ns > self.now_ns:
            if now_ns >= self._sampled_from:
                self._sampler.advance(now_ns)
            self.now_ns = now_ns

    def restart(
        self, now_ns: int, checkpoint: bytes | None = None, *, sampled_from: int = 0
    ) -> None:
        """Set the clock to another place: a fresh engine, or one restored from a checkpoint.

        Columns are sampled from the time `sampled_from` on: a seek has no use for older ones.
        """
        self._sampled_from = sampled_from
        self.engine = self._make_engine()
        if checkpoint is not None:
            self.engine.restore(checkpoint)
        self.now_ns = now_ns
        self.has_live_book = False
        self._sampler.restart()
        for board in self.boards.values():
            board.restart()

    def put_down(self, reason: str) -> None:
        """Set every book DOWN: nothing feeds them any more, and no page may show them as LIVE."""
        for book in self.engine.books.values():
            book.set_state(BookState.DOWN, self.now_ns, reason)

    def board(self, key: Key) -> Board:
        """Return the board of a book. Raises KeyError where the run has no such instrument."""
        board = self.boards.get(key)
        if board is None:
            board = self.boards[key] = Board(self.engine.instruments[key], ColumnStore())
            self._share_history()
        return board

    def _share_history(self) -> None:
        """Let the columns of all books, those to come included, keep within one bound."""
        most_bytes = min(HISTORY_BYTES, ALL_HISTORY_BYTES // max(1, len(self.engine.instruments)))
        for board in self.boards.values():
            board.store.keep_within(most_bytes)

    def history_bytes(self) -> int:
        """Return the bytes of columns held for all books."""
        return sum(board.store.held_bytes for board in self.boards.values())

    def _note(self, ingress_seq: int, fact: Fact) -> None:
        if isinstance(fact, (FeedStatus, SnapshotRequest)):
            if isinstance(fact, FeedStatus) and fact.condition is FeedCondition.CLOSED:
                self._interrupt(fact)
            return
        key = (fact.venue, fact.symbol)
        board = self.boards.get(key)
        if board is None:
            if key not in self.engine.instruments:
                return
            board = self.board(key)
        board.see(ingress_seq, fact.ts_event, fact.ts_recv)
        if isinstance(fact, BookFact):
            self.has_live_book |= fact.state is BookState.LIVE
        elif isinstance(fact, Trade):
            board.add_trade(fact)
        elif isinstance(fact, Statistics24h):
            board.statistics = fact
        elif isinstance(fact, Signal):
            board.signals[fact.name] = fact
        elif isinstance(fact, Candle):
            board.add_candle(fact)

    def _interrupt(self, closed: FeedStatus) -> None:
        """Tell the candles of a venue that one of its connections broke off."""
        for (venue, _), board in self.boards.items():
            if venue == closed.venue:
                board.candles.interrupt(closed.ts_recv)

    def _sample(self, boundary_ns: int, count: int) -> None:
        """Append the columns of `count` boundaries; nothing changed between them."""
        first = max(0, count - HISTORY_COLUMNS)
        for key, book in self.engine.books.items():
            trusted = is_trusted(book.state)
            bids, asks = levels_of(book, MOST_LEVELS if trusted else 0)
            column = sample(boundary_ns / NS_PER_MS, trusted, bids, asks)
            store = self.board(key).store
            for index in range(first, count):
                time_ms = boundary_ns / NS_PER_MS + index * COLUMN_NS / NS_PER_MS
                store.append(msgspec.structs.replace(column, time_ms=time_ms))


def levels_of(book: Book, depth: int | None) -> tuple[Levels, Levels]:
    """Return bids and asks as (ticks, sizes in base units), best first."""
    quantum = np.float64(book.instrument.quantum_size)
    bid_ticks, bid_quanta = book.levels(BID, depth)
    ask_ticks, ask_quanta = book.levels(ASK, depth)
    return (bid_ticks, np.multiply(bid_quanta, quantum)), (
        ask_ticks,
        np.multiply(ask_quanta, quantum),
    )
