"""The books of a Binance session: what the sync decided, told as events."""

from collections import deque
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from hftlib.core.events import BookDelta, BookSnapshot, Event, Layout
from hftlib.core.frames import Frame
from hftlib.core.states import FeedCondition
from hftlib.venues.binance import messages
from hftlib.venues.binance.depth_sync import (
    DiffDepthSync,
    Held,
    Phase,
    Rule,
    Verdict,
    dump_held,
    load_held,
)
from hftlib.venues.binance.market import in_order
from hftlib.venues.counters import Counters, Reporter
from hftlib.venues.polled import ENDS_POLLING, Polled
from hftlib.venues.stamps import MILLISECONDS_LIMIT, stamp_ns

AHEAD_EVENTS: Final = 100
"""Events of one book, ten a second, that a faster connection may be ahead."""

_PAIRS: Final = Layout.PAIRS
_REPETITIONS: Final = frozenset({Verdict.DUPLICATE, Verdict.LATE, Verdict.AHEAD})
_STEPS: Final = frozenset({Verdict.APPLY, Verdict.JOIN})
_BREAKS: Final = frozenset({Verdict.START, Verdict.OVERFLOW, Verdict.GAP})


class Book:
    """Hold what the session knows of one symbol's book.

    It lives on `connection`, whose end is its own. `mover` brought the last event applied: for the
    time of a hand-over that may be the other connection, whose events wait in `ahead` when they
    come before those that they follow.
    """

    __slots__ = ("ahead", "connection", "counters", "mover", "polled", "symbol", "sync")

    def __init__(self, symbol: str, sync: DiffDepthSync, counters: Counters) -> None:
        self.symbol = symbol
        self.sync = sync
        self.counters = counters
        self.connection = ""
        self.mover = ""
        self.ahead: deque[tuple[str, Held]] = deque(maxlen=AHEAD_EVENTS)
        self.polled = Polled()


class Case(NamedTuple):
    """Hold one event that did not simply follow, and where its book stood before."""

    book: Book
    held: Held
    frame: Frame
    waiting: int
    current: int

    @property
    def ids(self) -> str:
        """Return the event's ids in words."""
        chain = f" (pu {self.held.previous})" if self.held.previous else ""
        return f"event {self.held.first}..{self.held.last}{chain}"


class DepthBooks:
    """Run the local-book procedure of every symbol of one venue."""

    def __init__(self, venue: str, rule: Rule, reporter: Reporter) -> None:
        self._venue = venue
        self._rule = rule
        self._reporter = reporter
        self._books: dict[str, Book] = {}
        self._verdicts: dict[Verdict, Callable[[Case], list[Event]]] = {
            Verdict.APPLY: self._apply,
            Verdict.JOIN: self._join,
            Verdict.BUFFER: self._wait,
            Verdict.START: self._start,
            Verdict.OVERFLOW: self._overflow,
            Verdict.DROP: self._drop,
            Verdict.DUPLICATE: self._repeat,
            Verdict.LATE: self._late,
            Verdict.AHEAD: self._ahead,
            Verdict.GAP: self._gap,
        }

    def of(self, symbol: str) -> Book:
        """Return the book of a symbol, made at first use."""
        book = self._books.get(symbol)
        if book is None:
            sync = DiffDepthSync(self._rule)
            book = self._books[symbol] = Book(symbol, sync, self._reporter.of_symbol(symbol))
        return book

    def is_synced(self, symbol: str) -> bool:
        """Say whether a book follows its sequence."""
        return symbol in self._books and self._books[symbol].sync.trusted

    def take(
        self, book: Book, data: messages.DiffDepth, frame: Frame, lane: Counters
    ) -> list[Event]:
        """Return what a diff depth event becomes. Raises MalformedError when its ids contradict."""
        counters, sync = book.counters, book.sync
        counters.frames += 1
        stamp, first, last = data.event_time, data.first, data.last
        delta = BookDelta(
            self._venue,
            book.symbol,
            stamp * 1_000_000 if stamp <= MILLISECONDS_LIMIT else stamp * 1_000,
            frame.ts_recv,
            first,
            last,
            _PAIRS,
            data.bids,
            data.asks,
        )
        if sync.advance(first, last, data.previous):
            book.mover = frame.connection
            lane.applied += 1
            counters.applied += 1
            return [delta, *self._catch_up(book)] if book.ahead else [delta]
        return self._judge(book, delta, data, frame)

    def _judge(
        self, book: Book, delta: BookDelta, data: messages.DiffDepth, frame: Frame
    ) -> list[Event]:
        in_order(data)
        held = Held(data.first, data.last, data.previous, delta, len(frame.payload))
        case = Case(book, held, frame, book.sync.buffered, book.sync.last_update_id)
        is_full = len(book.ahead) == AHEAD_EVENTS
        from_other = book.mover not in ("", frame.connection) and not is_full
        verdict = book.sync.judge(held, frame.ts_recv, from_other=from_other)
        if verdict not in _REPETITIONS:
            book.connection = book.mover = frame.connection
        events = self._verdicts[verdict](case)
        if verdict in _STEPS:
            events += self._catch_up(book)
        elif verdict in _BREAKS:
            book.ahead.clear()
        if book.sync.should_ask_again(frame.ts_recv):
            events.append(self._request(book, frame, "no snapshot came"))
        return events

    def _count_applied(self, book: Book, frame: Frame, count: int) -> None:
        book.counters.applied += count
        self._reporter.of_connection(frame.connection).applied += count

    def _tell(
        self, book: Book, frame: Frame, condition: FeedCondition, reason: str, count: int = 1
    ) -> Event:
        if condition in ENDS_POLLING:
            book.polled.end()
        return self._reporter.status(frame, condition, reason, symbol=book.symbol, count=count)

    def _request(self, book: Book, frame: Frame, reason: str) -> Event:
        return self._reporter.request(book.connection, frame.ts_recv, book.symbol, reason)

    def _apply(self, case: Case) -> list[Event]:
        self._count_applied(case.book, case.frame, 1)
        return [case.held.delta]

    def _join(self, case: Case) -> list[Event]:
        reason = f"{case.ids} joins snapshot {case.current}"
        synced = self._tell(case.book, case.frame, FeedCondition.SYNCED, reason)
        return [*self._apply(case), synced]

    def _wait(self, case: Case) -> list[Event]:
        reason = f"{case.waiting + 1} events wait for a snapshot"
        return [self._tell(case.book, case.frame, FeedCondition.BUFFERING, reason)]

    def _start(self, case: Case) -> list[Event]:
        return self._ask(case, FeedCondition.BUFFERING, f"first {case.ids} buffered")

    def _overflow(self, case: Case) -> list[Event]:
        reason = f"{case.waiting} buffered events thrown away, no snapshot came"
        return self._ask(case, FeedCondition.OVERFLOW, reason, case.waiting)

    def _drop(self, case: Case) -> list[Event]:
        reason = f"{case.ids} is within snapshot {case.current}"
        return [self._tell(case.book, case.frame, FeedCondition.DROPPED_BEFORE_SYNC, reason)]

    def _repeat(self, case: Case) -> list[Event]:
        return [self._tell(case.book, case.frame, FeedCondition.DUPLICATE, f"{case.ids} again")]

    def _late(self, case: Case) -> list[Event]:
        reason = f"{case.ids} comes after a newer one"
        return [self._tell(case.book, case.frame, FeedCondition.LATE, reason)]

    def _ahead(self, case: Case) -> list[Event]:
        case.book.ahead.append((case.frame.connection, case.held))
        reason = f"{case.ids} waits until {case.book.mover} brings what follows {case.current}"
        return [self._tell(case.book, case.frame, FeedCondition.ACKNOWLEDGED, reason)]

    def _catch_up(self, book: Book) -> list[Event]:
        """Return what a faster connection brought before, and which follows now."""
        events: list[Event] = []
        while book.ahead:
            connection, held = book.ahead[0]
            if book.sync.advance(held.first, held.last, held.previous):
                book.mover = connection
                book.counters.applied += 1
                self._reporter.of_connection(connection).applied += 1
                events.append(held.delta)
            elif held.last > book.sync.last_update_id:
                break
            book.ahead.popleft()
        return events

    def _gap(self, case: Case) -> list[Event]:
        return self._ask(case, FeedCondition.GAP, f"{case.ids} does not follow {case.current}")

    def _ask(
        self, case: Case, condition: FeedCondition, reason: str, count: int = 1
    ) -> list[Event]:
        told = self._tell(case.book, case.frame, condition, reason, count)
        return [told, self._request(case.book, case.frame, reason)]

    def seed(self, symbol: str, body: messages.DepthBody, frame: Frame) -> list[Event]:
        """Return what a REST snapshot becomes."""
        book = self.of(symbol)
        book.counters.frames += 1
        book.connection = book.connection or frame.connection
        seen = book.sync.last_update_id
        seeding = book.sync.seed(body.last_update_id, frame.ts_recv)
        if seeding.verdict is Verdict.SEED:
            return self._seeded(book, body, frame, seeding.dropped, seeding.applied, seeding.missed)
        if seeding.verdict is Verdict.UNWANTED:
            reason = f"snapshot {body.last_update_id} not asked for, book is at {seen}"
            return [self._tell(book, frame, FeedCondition.DUPLICATE, reason)]
        reason = f"snapshot {body.last_update_id} is older than the stream"
        events = [self._tell(book, frame, FeedCondition.STALE_SNAPSHOT, reason)]
        if not book.sync.trusted:
            events.append(self._request(book, frame, reason))
        return events

    def poll(self, symbol: str, body: messages.DepthBody, frame: Frame) -> list[Event]:
        """Return what a polled book becomes: a whole book that nobody can verify.

        A book that follows its stream needs none. One that waits for the stream to join its
        snapshot begins anew with the stream's next event.
        """
        book = self.of(symbol)
        book.counters.frames += 1
        if book.sync.trusted:
            reason = "a polled book is not needed, the stream is in sequence"
            return [self._tell(book, frame, FeedCondition.DUPLICATE, reason)]
        if book.sync.phase is Phase.SEEDED:
            book.sync.reset()
        snapshot = self._snapshot(book, body, frame, verified=False)
        if not book.polled.take(frame):
            return [snapshot]
        reason = f"polled at {body.last_update_id}, not verified"
        synced = self._reporter.status(frame, FeedCondition.SYNCED, reason, symbol=symbol)
        return [snapshot, synced]

    def spoil(self, symbol: str, reason: str, frame: Frame) -> list[Event]:
        """Report a snapshot that cannot be read; while one is awaited, ask again at once."""
        book = self.of(symbol)
        told = self._tell(book, frame, FeedCondition.MALFORMED, reason)
        if book.sync.phase is not Phase.BUFFERING:
            return [told]
        return [told, self._request(book, frame, "the snapshot cannot be read")]

    def _seeded(
        self,
        book: Book,
        body: messages.DepthBody,
        frame: Frame,
        dropped: int,
        applied: tuple[BookDelta, ...],
        missed: bool,
    ) -> list[Event]:
        last = body.last_update_id
        is_proven = book.sync.trusted or not book.polled.is_on
        events: list[Event] = [self._snapshot(book, body, frame, verified=is_proven)]
        if dropped:
            reason = f"events within snapshot {last}"
            events.append(
                self._tell(book, frame, FeedCondition.DROPPED_BEFORE_SYNC, reason, dropped)
            )
        events.extend(applied)
        self._count_applied(book, frame, len(applied))
        events.extend(self._after_seeding(book, frame, last, missed))
        return events

    def _snapshot(
        self, book: Book, body: messages.DepthBody, frame: Frame, *, verified: bool
    ) -> Event:
        stamp = body.event_time
        self._reporter.of_connection(frame.connection).market_events += 1
        book.counters.market_events += 1
        return BookSnapshot(
            self._venue,
            book.symbol,
            None if stamp is None else stamp_ns(stamp),
            frame.ts_recv,
            body.last_update_id,
            _PAIRS,
            body.bids,
            body.asks,
            verified=verified,
        )

    def _after_seeding(self, book: Book, frame: Frame, last: int, missed: bool) -> list[Event]:
        if missed:
            reason = f"buffered events do not follow snapshot {last}"
            return [
                self._tell(book, frame, FeedCondition.GAP, reason),
                self._request(book, frame, reason),
            ]
        if book.sync.trusted:
            reason = f"snapshot {last}, book at {book.sync.last_update_id}"
            return [self._tell(book, frame, FeedCondition.SYNCED, reason)]
        reason = f"snapshot {last} before the first event"
        return [self._tell(book, frame, FeedCondition.BUFFERING, reason)]

    def distrust(
        self, symbol: str, reason: str, ts_recv: int, condition: FeedCondition
    ) -> list[Event]:
        """Drop the sync of a book; a snapshot is asked for unless one is awaited already.

        A book that is polled only is whole again with the next poll.
        """
        book = self.of(symbol)
        was_polled = book.polled.end()
        awaited = book.sync.phase is Phase.BUFFERING
        awaited = awaited or (was_polled and book.sync.phase is Phase.IDLE)
        events: list[Event] = [
            self._reporter.status_at(book.connection, ts_recv, condition, reason, symbol=symbol)
        ]
        if not awaited:
            book.sync.distrust(ts_recv)
            book.ahead.clear()
            events.append(self._reporter.request(book.connection, ts_recv, symbol, reason))
        return events

    def forget(self, frame: Frame, reason: str) -> list[Event]:
        """Reset every book that lives on a connection that was closed or opened anew."""
        events: list[Event] = []
        for book in self._books.values():
            if book.mover == frame.connection:
                book.mover = ""
            if book.polled.is_on_connection(frame.connection):
                events.append(self._tell(book, frame, FeedCondition.CLOSED, reason))
            elif book.connection == frame.connection and book.sync.phase is not Phase.IDLE:
                book.sync.reset()
                book.ahead.clear()
                events.append(self._tell(book, frame, FeedCondition.CLOSED, reason))
        return events

    def hand_over(self, connection: str, successor: str) -> None:
        """Let every book that lives on a connection live on its successor; nothing was lost."""
        for book in self._books.values():
            if book.connection == connection:
                book.connection = successor
            if book.mover == connection:
                book.mover = successor

    def ask_again(self, frame: Frame) -> list[Event]:
        """Return the requests for snapshots that are awaited for too long."""
        late = (b for b in self._books.values() if b.sync.should_ask_again(frame.ts_recv))
        return [self._request(book, frame, "no snapshot came") for book in late]

    def dump(self) -> dict[str, Any]:
        """Return every book's sync as plain values."""
        return {
            symbol: {
                "connection": book.connection,
                "mover": book.mover,
                "ahead": [[connection, dump_held(held)] for connection, held in book.ahead],
                "sync": book.sync.dump(),
                "polled": book.polled.dump(),
            }
            for symbol, book in self._books.items()
        }

    def load(self, state: dict[str, Any]) -> None:
        """Take the state that `dump` returned."""
        self._books.clear()
        for symbol, kept in state.items():
            book = self.of(symbol)
            book.connection = kept["connection"]
            book.mover = kept.get("mover", book.connection)
            for connection, held in kept.get("ahead", ()):
                book.ahead.append((connection, load_held(held)))
            book.sync.load(kept["sync"])
            book.polled.load(kept.get("polled", []))
