"""The engine: one frame in, its facts out; the same for live, local, replay and batch.

`on_event` is synchronous and pure: it reads no clock and draws no random number; time is the
receive stamp of the frame. What the venues room yields for a frame moves the books:

- a BookSnapshot replaces a book; one that was not LIVE stays SYNCING until the session says
  SYNCED;
- a BookDelta is in sequence; when the kernel refuses its text or finds the book crossed, the
  session is told to distrust the symbol, and what the same frame still holds for it is left out;
- a FeedStatus GAP, OVERFLOW, CROSSED, DRIFT or CLOSED takes the trust from a symbol, or from all
  of its connection;
- a REST body of a LIVE book is compared with it; levels that stay different are a DRIFT, and the
  session is told to distrust the symbol;
- silence beyond the venue's limit makes the books of a connection STALE until it is heard again;
- a FeedStatus HANDED_OVER moves the books of a connection to the one that has taken over;
- after each change of a LIVE book its signals are evaluated; where a side changes it is a fact,
  and where a book loses its trust its signals end.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from hftlib.book.book import Book, Outcome
from hftlib.core.errors import TapeError
from hftlib.core.events import (
    BestBidOffer,
    BookDelta,
    BookSnapshot,
    Event,
    FeedStatus,
    PartialDepth,
    SnapshotRequest,
    Trade,
)
from hftlib.core.frames import Frame, FrameKind
from hftlib.core.instrument import Instrument
from hftlib.core.states import BookState, FeedCondition
from hftlib.engine.checkpoint import BookEntry, Checkpoint, decode, encode
from hftlib.engine.drift import DriftCheck
from hftlib.engine.facts import BookFact, Fact
from hftlib.engine.staleness import SECOND, SilenceWatch
from hftlib.engine.stopwatch import DECODED, FEATURED, SIGNALLED, Stopwatch
from hftlib.engine.top_check import TopCheck
from hftlib.features.measurer import FeatureVector, Measurer
from hftlib.signals.catalogue import DEFAULT_SIGNALS
from hftlib.signals.signal import SignalRule
from hftlib.signals.watch import SignalWatch
from hftlib.venues.counters import WEIGHED
from hftlib.venues.registry import open_session
from hftlib.venues.session import Session

Key = tuple[str, str]
"""(venue, symbol) of a book."""

_TAKES_TRUST: Final = {
    FeedCondition.GAP: BookState.GAP,
    FeedCondition.OVERFLOW: BookState.GAP,
    FeedCondition.CROSSED: BookState.CROSSED,
    FeedCondition.DRIFT: BookState.GAP,
    FeedCondition.CLOSED: BookState.DOWN,
}
_CONDITION_OF: Final = {
    Outcome.CROSSED: FeedCondition.CROSSED,
    Outcome.MALFORMED: FeedCondition.MALFORMED,
    Outcome.OFF_QUANTUM: FeedCondition.OFF_QUANTUM,
    Outcome.TOO_LARGE: FeedCondition.MALFORMED,
}
_LIVE: Final = BookState.LIVE
_WS: Final = FrameKind.WS
_POLL: Final = FrameKind.POLL
_APPLIED: Final = Outcome.APPLIED


def instruments_at(venue: str, instruments: Mapping[Key, Instrument]) -> dict[str, Instrument]:
    """Return the instruments of one venue by symbol."""
    return {symbol: one for (of, symbol), one in instruments.items() if of == venue}


class Engine:
    """Hold the sessions, books and measurers of a run and turn frames into facts.

    Books and measurers are keyed by (venue, symbol). `counts` tells how often a symbol (empty:
    its connection) met a condition, `applied` how many deltas a book took, `resyncs` how often it
    was synced again.
    """

    def __init__(
        self,
        instruments: Iterable[Instrument],
        stopwatch: Stopwatch | None = None,
        signals: Sequence[SignalRule] = DEFAULT_SIGNALS,
    ) -> None:
        """Begin a run that knows `instruments`; `stopwatch` is told of each stage of a frame."""
        self.instruments = {(one.venue, one.symbol): one for one in instruments}
        self.signals = tuple(signals)
        self.books: dict[Key, Book] = {}
        self.measurers: dict[Key, Measurer] = {}
        self.watches: dict[Key, SignalWatch] = {}
        self.sessions: dict[str, Session] = {}
        self.top_checks: dict[Key, TopCheck] = {}
        self.drift_checks: dict[Key, DriftCheck] = {}
        self.counts: Counter[tuple[str, str, FeedCondition]] = Counter()
        self.frames = 0
        self.events = 0
        self.applied: Counter[Key] = Counter()
        self.resyncs: Counter[Key] = Counter()
        self._stopwatch = stopwatch
        self._known: dict[str, dict[str, Instrument]] = {}
        self._lane_of: dict[Key, str] = {}
        self._synced_once: set[Key] = set()
        self._refused: set[Key] = set()
        self._silence = SilenceWatch()
        self._next_judgement = 0
        self._handlers: dict[type, Callable[[Frame, Any, list[Fact]], None]] = {
            BookDelta: self._on_delta,
            BookSnapshot: self._on_snapshot,
            Trade: self._on_trade,
            BestBidOffer: self._on_best,
            PartialDepth: self._on_partial,
            FeedStatus: self._on_status,
        }

    def on_event(self, frame: Frame) -> list[Fact]:
        """Return the facts that one frame yields, in order."""
        facts: list[Fact] = []
        self.frames += 1
        self._refused.clear()
        events = self._receive(frame)
        if self._stopwatch is not None:
            self._stopwatch.mark(DECODED)
        for event in events:
            self._handle(frame, event, facts)
        now, kind, lane = frame.ts_recv, frame.kind, frame.connection
        if (kind is _WS or kind is _POLL) and self._silence.hear(frame.venue, lane, now):
            self._wake(frame.venue, frame.connection, now, "connection heard again", facts)
        if now >= self._next_judgement:
            self._judge_silence(now, facts)
        return facts

    def learn(self, instruments: Iterable[Instrument]) -> None:
        """Let books of more instruments come; one whose book is there keeps its increments."""
        for one in instruments:
            key = (one.venue, one.symbol)
            if key not in self.books:
                self.instruments[key] = one
                if one.venue in self._known:
                    self._known[one.venue][one.symbol] = one

    def vector_of(self, venue: str, symbol: str) -> FeatureVector:
        """Return the feature vector of a book as it stands. Raises KeyError where there is none."""
        return self.measurers[venue, symbol].vector()

    def count(self, condition: FeedCondition) -> int:
        """Return how often a condition was met in this run, over all venues and symbols."""
        return sum(number for (_, _, met), number in self.counts.items() if met is condition)

    def checkpoint(self) -> bytes:
        """Return the whole state of the run, to go on from with `restore`."""
        return encode(
            Checkpoint(
                sessions={venue: session.checkpoint() for venue, session in self.sessions.items()},
                books=[
                    BookEntry(*key, book.dump(), self.measurers[key].dump(), self.applied[key])
                    for key, book in self.books.items()
                ],
                counts=[(*key, number) for key, number in self.counts.items()],
                resyncs=[(*key, number) for key, number in self.resyncs.items()],
                lanes=[(*key, lane) for key, lane in self._lane_of.items()],
                synced_once=sorted(self._synced_once),
                silence=self._silence.dump(),
                next_judgement=self._next_judgement,
                frames=self.frames,
                events=self.events,
                drift=[(*key, check.dump()) for key, check in self.drift_checks.items()],
                signals=[(*key, watch.dump()) for key, watch in self.watches.items()],
            )
        )

    def restore(self, blob: bytes) -> None:
        """Go on from a checkpoint of a run with the same instruments.

        Raises TapeError when the checkpoint cannot be read or names an unknown instrument; the
        engine is then of no use and a fresh one is needed.
        """
        state = decode(blob)
        try:
            for venue, session in state.sessions.items():
                self._session(venue).restore(session)
            for entry in state.books:
                key = (entry.venue, entry.symbol)
                self._book(*key).load(entry.book)
                self.measurers[key].load(entry.features)
                self.applied[key] = entry.applied
        except (KeyError, TypeError, ValueError) as error:
            raise TapeError(f"a checkpoint that does not fit this run: {error!r}") from error
        self.counts.update({(venue, of, met): number for venue, of, met, number in state.counts})
        self.resyncs.update({(venue, of): number for venue, of, number in state.resyncs})
        self._lane_of.update({(venue, of): lane for venue, of, lane in state.lanes})
        self._synced_once.update(state.synced_once)
        for venue, of, seen in state.drift:
            self.drift_checks[venue, of].load(seen)
        for venue, of, sides in state.signals:
            self.watches[venue, of].load(sides)
        self._silence.load(state.silence)
        self._next_judgement = state.next_judgement
        self.frames, self.events = state.frames, state.events

    def _session(self, venue: str) -> Session:
        session = self.sessions.get(venue)
        if session is None:
            known = self._known[venue] = instruments_at(venue, self.instruments)
            session = self.sessions[venue] = open_session(venue, known)
        return session

    def _receive(self, frame: Frame) -> Sequence[Event]:
        if frame.kind is FrameKind.OPERATOR:
            return (_noted(frame),)
        return (self.sessions.get(frame.venue) or self._session(frame.venue)).receive(frame)

    def _book(self, venue: str, symbol: str) -> Book:
        book = self.books.get((venue, symbol))
        if book is None:
            book = self.books[venue, symbol] = Book(self.instruments[venue, symbol])
            measurer = self.measurers[venue, symbol] = Measurer(book)
            self.watches[venue, symbol] = SignalWatch(measurer, self.signals)
            self.top_checks[venue, symbol] = TopCheck()
            self.drift_checks[venue, symbol] = DriftCheck()
        return book

    def _handle(self, frame: Frame, event: Event, facts: list[Fact]) -> None:
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(frame, event, facts)
            return
        if not isinstance(event, SnapshotRequest):
            self.events += 1
        facts.append(event)  # type: ignore[arg-type]  # book events have handlers

    def _on_delta(self, frame: Frame, delta: BookDelta, facts: list[Fact]) -> None:
        key = (delta.venue, delta.symbol)
        self.events += 1
        if self._refused and key in self._refused:
            self._leave_out(frame, delta, facts)
            return
        if frame.kind is _WS:
            self._lane_of[key] = frame.connection
        outcome = self.measurers[key].on_delta(delta)
        if outcome is not _APPLIED:
            self._distrust(frame, key, outcome, facts)
            return
        self.applied[key] += 1
        book = self.books[key]
        fact = _book_fact(book, delta.ts_recv)
        self.top_checks[key].on_book(fact)
        facts.append(fact)
        if self._stopwatch is not None:
            self._stopwatch.mark(FEATURED)
        if book.state is _LIVE:
            self._evaluate(key, delta.ts_recv, facts)

    def _evaluate(self, key: Key, now: int, facts: list[Fact]) -> None:
        """Look at the signals of a LIVE book."""
        changed = self.watches[key].look(now)
        if changed is not None:
            facts += changed
        if self._stopwatch is not None:
            self._stopwatch.mark(SIGNALLED)

    def _on_snapshot(self, frame: Frame, snapshot: BookSnapshot, facts: list[Fact]) -> None:
        key = (snapshot.venue, snapshot.symbol)
        book = self._book(*key)
        self.events += 1
        self._refused.discard(key)
        self.top_checks[key].forget()
        self.drift_checks[key].forget()
        if frame.kind is _WS or frame.kind is _POLL:
            self._lane_of[key] = frame.connection
        was_live = book.state is _LIVE
        outcome = self.measurers[key].on_snapshot(snapshot)
        if self._stopwatch is not None:
            self._stopwatch.mark(FEATURED)
        if outcome is not _APPLIED:
            self._distrust(frame, key, outcome, facts)
        elif was_live:
            facts.append(_book_fact(book, snapshot.ts_recv))
            self._evaluate(key, snapshot.ts_recv, facts)
        else:
            reason = "snapshot taken, not yet in sequence"
            book.set_state(BookState.SYNCING, snapshot.ts_recv, reason)

    def _distrust(self, frame: Frame, key: Key, outcome: Outcome, facts: list[Fact]) -> None:
        """Drop a book that the kernel refused or found crossed, and ask for a new snapshot."""
        self._refused.add(key)
        venue, symbol = key
        condition = _CONDITION_OF[outcome]
        session = self._session(venue)
        facts.append(_book_fact(self.books[key], frame.ts_recv))
        for event in session.distrust(symbol, outcome.value, frame.ts_recv, condition):
            self._handle(frame, event, facts)

    def _leave_out(self, frame: Frame, delta: BookDelta, facts: list[Fact]) -> None:
        status = FeedStatus(
            delta.venue,
            frame.connection,
            delta.symbol,
            delta.ts_event,
            frame.ts_recv,
            FeedCondition.DROPPED_BEFORE_SYNC,
            "the book was distrusted within this frame",
        )
        self._on_status(frame, status, facts)

    def _on_trade(self, _frame: Frame, trade: Trade, facts: list[Fact]) -> None:
        self.events += 1
        self._book(trade.venue, trade.symbol)
        self.measurers[trade.venue, trade.symbol].on_trade(trade)
        facts.append(trade)

    def _on_partial(self, frame: Frame, shown: PartialDepth, facts: list[Fact]) -> None:
        self.events += 1
        facts.append(shown)
        key = (shown.venue, shown.symbol)
        book = self.books.get(key)
        if frame.kind is not FrameKind.REST or book is None or book.state is not _LIVE:
            return
        drifted = self.drift_checks[key].compare(book, shown)
        if drifted:
            reason = f"{drifted} levels differ from REST for the second time"
            session, drift = self._session(shown.venue), FeedCondition.DRIFT
            for event in session.distrust(shown.symbol, reason, frame.ts_recv, drift):
                self._handle(frame, event, facts)

    def _on_best(self, _frame: Frame, best: BestBidOffer, facts: list[Fact]) -> None:
        self.events += 1
        self._book(best.venue, best.symbol)
        self.top_checks[best.venue, best.symbol].on_ticker(best)
        facts.append(best)

    def _on_status(self, _frame: Frame, status: FeedStatus, facts: list[Fact]) -> None:
        condition, key = status.condition, (status.venue, status.symbol)
        number = status.count if condition in WEIGHED else 1
        self.counts[status.venue, status.symbol, condition] += number
        facts.append(status)
        if condition in _TAKES_TRUST:
            self._take_trust(status, _TAKES_TRUST[condition], facts)
        elif condition is FeedCondition.SYNCED:
            self._give_trust(status, facts)
        elif condition is FeedCondition.HANDED_OVER:
            self._hand_over(status, facts)
        elif condition is FeedCondition.BUFFERING and status.symbol:
            self._lane_of[key] = status.connection
        if condition is FeedCondition.CLOSED:
            self._silence.forget(status.venue, status.connection)

    def _take_trust(self, status: FeedStatus, state: BookState, facts: list[Fact]) -> None:
        for key in self._keys_of(status.venue, status.connection, status.symbol):
            self.measurers[key].distrust(status.ts_event)
            self._move(key, state, status.ts_recv, status.reason, facts)

    def _give_trust(self, status: FeedStatus, facts: list[Fact]) -> None:
        key = (status.venue, status.symbol)
        if key in self._refused:
            return
        if key in self._synced_once:
            self.resyncs[key] += 1
        self._synced_once.add(key)
        self._move(key, _LIVE, status.ts_recv, "in sequence", facts)

    def _move(self, key: Key, state: BookState, now: int, reason: str, facts: list[Fact]) -> None:
        book = self.books[key]
        if book.state is not state:
            book.set_state(state, now, reason)
            facts.append(_book_fact(book, now))
            if state is _LIVE:
                self._evaluate(key, now, facts)
            else:
                facts += self.watches[key].end(now, f"the book is {state}: {reason}")

    def _hand_over(self, status: FeedStatus, facts: list[Fact]) -> None:
        """Move the books of a lane to its successor, which has been streaming all along."""
        venue, old, successor = status.venue, status.connection, status.reason
        for key in [key for key, lane in self._lane_of.items() if (key[0], lane) == (venue, old)]:
            self._lane_of[key] = successor
        self._silence.forget(venue, old)
        if self._silence.hears(venue, successor):
            self._wake(venue, successor, status.ts_recv, "connection handed over", facts)

    def _keys_of(self, venue: str, connection: str, symbol: str) -> list[Key]:
        """Return the books that a status means: one symbol's, or all of its connection."""
        if symbol:
            return [(venue, symbol)] if (venue, symbol) in self.books else []
        lane = (venue, connection)
        held = [key for key, name in self._lane_of.items() if (key[0], name) == lane]
        return [key for key in held if key in self.books]

    def _wake(self, venue: str, connection: str, now: int, reason: str, facts: list[Fact]) -> None:
        for key in self._keys_of(venue, connection, ""):
            if self.books[key].state is BookState.STALE:
                self._move(key, _LIVE, now, reason, facts)

    def _judge_silence(self, now: int, facts: list[Fact]) -> None:
        self._next_judgement = now + SECOND
        for venue, connection, silent_ns in self._silence.newly_silent(now):
            reason = f"connection silent for {silent_ns / SECOND:.1f} s"
            status = FeedStatus(venue, connection, "", None, now, FeedCondition.STALE, reason)
            self.counts[venue, "", FeedCondition.STALE] += 1
            facts.append(status)
            for key in self._keys_of(venue, connection, ""):
                if self.books[key].state is _LIVE:
                    self._move(key, BookState.STALE, now, reason, facts)


def _noted(frame: Frame) -> FeedStatus:
    """Return what an operator's frame is: no venue's, and no change of any book."""
    condition, reason = FeedCondition.ACKNOWLEDGED, "operator's frame"
    return FeedStatus(frame.venue, frame.connection, "", None, frame.ts_recv, condition, reason)


def _book_fact(book: Book, ts_recv: int) -> BookFact:
    bid, ask = book.best_bid, book.best_ask
    return BookFact(
        book.instrument.venue,
        book.instrument.symbol,
        book.ts_event,
        ts_recv,
        book.state,
        book.verified,
        book.state_reason,
        book.last_update_id,
        bid[0] if bid else None,
        bid[1] if bid else None,
        ask[0] if ask else None,
        ask[1] if ask else None,
    )
