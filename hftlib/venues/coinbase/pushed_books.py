"""Books whose snapshot is pushed on the websocket itself: no REST snapshot, no update ids.

1. Subscribe; the venue sends a snapshot of the whole book, then changes in order.
2. Changes before the snapshot belong to nothing: dropped and counted, and the subscription is
   asked for again when none comes.
3. A snapshot replaces the book at any time: on one connection it is the newest word.
4. Whenever the book is distrusted, closed or garbled: wait for a new snapshot, which only a new
   subscription (or connection) brings.
5. While no connection gets through, the book may be polled over REST (see polled).
"""

from typing import Any, Final

from hftlib.core.events import Event
from hftlib.core.frames import Frame
from hftlib.core.states import FeedCondition
from hftlib.venues.counters import Counters, Reporter
from hftlib.venues.polled import Polled

ASK_AGAIN_NS: Final = 5_000_000_000


class PushedBook:
    """Hold what a session knows of one product's book."""

    __slots__ = ("asked_ns", "connection", "counters", "is_synced", "polled", "symbol")

    def __init__(self, symbol: str, counters: Counters) -> None:
        self.symbol = symbol
        self.counters = counters
        self.connection = ""
        self.is_synced = False
        self.asked_ns: int | None = None
        self.polled = Polled()


class PushedBooks:
    """Run that procedure for every product of a venue."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._books: dict[str, PushedBook] = {}

    def of(self, symbol: str) -> PushedBook:
        """Return the book of a symbol, made at first use."""
        book = self._books.get(symbol)
        if book is None:
            counters = self._reporter.of_symbol(symbol)
            book = self._books[symbol] = PushedBook(symbol, counters)
        return book

    def knows(self, symbol: str) -> bool:
        """Say whether a symbol's book was met."""
        return symbol in self._books

    def is_synced(self, symbol: str) -> bool:
        """Say whether a book has its snapshot and nothing was lost since."""
        return symbol in self._books and self._books[symbol].is_synced

    def begin(self, book: PushedBook, snapshot: Event, frame: Frame, reason: str) -> list[Event]:
        """Return a snapshot and the status that says the book is in sync."""
        book.connection = frame.connection
        book.is_synced = True
        book.asked_ns = None
        book.polled.end()
        return [self._counted(book, snapshot, frame), self._synced(book, frame, reason)]

    def poll(self, book: PushedBook, snapshot: Event, frame: Frame) -> list[Event]:
        """Return what a polled book becomes, unless its stream is in sync."""
        book.counters.frames += 1
        if book.is_synced:
            reason = "a polled book is not needed, the stream is in sync"
            condition = FeedCondition.DUPLICATE
            return [self._reporter.status(frame, condition, reason, symbol=book.symbol)]
        events = [self._counted(book, snapshot, frame)]
        if book.polled.take(frame):
            events.append(self._synced(book, frame, "polled, not verified"))
        return events

    def _counted(self, book: PushedBook, snapshot: Event, frame: Frame) -> Event:
        book.counters.market_events += 1
        self._reporter.of_connection(frame.connection).market_events += 1
        return snapshot

    def _synced(self, book: PushedBook, frame: Frame, reason: str) -> Event:
        return self._reporter.status(frame, FeedCondition.SYNCED, reason, symbol=book.symbol)

    def follow(self, book: PushedBook, delta: Event, frame: Frame) -> list[Event]:
        """Return a change when the book is in sync, else say that it was dropped."""
        if book.is_synced:
            book.counters.applied += 1
            self._reporter.of_connection(frame.connection).applied += 1
            return [delta]
        book.connection = frame.connection
        reason = "change before a snapshot"
        dropped = self._reporter.status(
            frame, FeedCondition.DROPPED_BEFORE_SYNC, reason, symbol=book.symbol
        )
        return [dropped, *self._ask(book, frame.ts_recv, reason)]

    def _ask(self, book: PushedBook, ts_recv: int, reason: str) -> list[Event]:
        """Return a request, unless one was made a short while ago."""
        if book.asked_ns is not None and ts_recv - book.asked_ns < ASK_AGAIN_NS:
            return []
        book.asked_ns = ts_recv
        return [self._reporter.request(book.connection, ts_recv, book.symbol, reason)]

    def distrust(
        self, symbol: str, reason: str, ts_recv: int, condition: FeedCondition
    ) -> list[Event]:
        """Drop the sync of one book and ask for a new subscription."""
        book = self.of(symbol)
        told = self._reporter.status_at(book.connection, ts_recv, condition, reason, symbol=symbol)
        if book.is_synced:
            book.asked_ns = None
        book.is_synced = False
        if book.polled.end() and not book.connection:
            return [told]  # the next poll brings it back
        return [told, *self._ask(book, ts_recv, reason)]

    def distrust_all(self, frame: Frame, reason: str) -> list[Event]:
        """Drop the sync of every book in sync on a frame's connection."""
        events: list[Event] = []
        for book in self._books.values():
            if book.is_synced and book.connection == frame.connection:
                events += self.distrust(book.symbol, reason, frame.ts_recv, FeedCondition.GAP)
        return events

    def forget(self, frame: Frame, reason: str) -> list[Event]:
        """Drop every book of a connection that was closed or opened anew."""
        events: list[Event] = []
        for book in self._books.values():
            is_its_stream = book.connection == frame.connection
            if not is_its_stream and not book.polled.is_on_connection(frame.connection):
                continue
            if is_its_stream:
                book.is_synced = False
                book.asked_ns = None
                book.connection = ""
            book.polled.end()
            events.append(
                self._reporter.status(frame, FeedCondition.CLOSED, reason, symbol=book.symbol)
            )
        return events

    def ask_again(self, frame: Frame) -> list[Event]:
        """Return the requests for subscriptions that are awaited for too long."""
        events: list[Event] = []
        for book in self._books.values():
            if book.asked_ns is not None:
                events += self._ask(book, frame.ts_recv, "no snapshot came")
        return events

    def dump(self) -> dict[str, Any]:
        """Return every book's state as plain values."""
        return {
            book.symbol: [book.connection, book.is_synced, book.asked_ns, *book.polled.dump()]
            for book in self._books.values()
        }

    def load(self, state: dict[str, Any]) -> None:
        """Take the state that `dump` returned."""
        self._books.clear()
        for symbol, (connection, is_synced, asked_ns, *polled) in state.items():
            book = self.of(symbol)
            book.connection, book.is_synced, book.asked_ns = connection, is_synced, asked_ns
            book.polled.load(polled)
