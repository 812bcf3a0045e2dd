"""Trials: one fault planted at one place of a tape, and what became of the book."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Final

import msgspec
from msgspec.structs import replace

from hftlib.core.events import FeedStatus, SnapshotRequest
from hftlib.core.instrument import Instrument
from hftlib.core.states import BookState, FeedCondition
from hftlib.core.venue import COINBASE, COINBASE_EXCHANGE
from hftlib.desk.clean_run import CleanRun, Key, Shadow, digest_of
from hftlib.desk.fault_line import Library, Line, Write, line_of, writers_of
from hftlib.engine.engine import Engine
from hftlib.engine.facts import BookFact, Fact
from hftlib.io.faults import SNAPSHOT_FAULTS, Fault, Placed, damaged, flipped, struck
from hftlib.io.tape.reader import TapeReader

SECOND: Final = 1_000_000_000
FOLLOWERS: Final = 8
"""Frames of the same book that a tape must hold behind a place where a fault is planted."""
TAIL_NS: Final = 3 * SECOND
"""Tape time that must come after such a place."""
SETTLED: Final = 5
"""Comparisons in a row that must be equal before a trial ends."""
HORIZON_NS: Final = 10 * SECOND
"""Tape time after the fault that a trial may take, and that the share of time LIVE is of."""
LONG_HORIZON_NS: Final = 30 * SECOND
"""The same for a venue without a sequence, where only time shows what is wrong."""

_TELLING: Final = frozenset(
    {
        FeedCondition.GAP,
        FeedCondition.DUPLICATE,
        FeedCondition.LATE,
        FeedCondition.STALE_SNAPSHOT,
        FeedCondition.MALFORMED,
        FeedCondition.OFF_QUANTUM,
        FeedCondition.UNKNOWN,
        FeedCondition.OVERFLOW,
        FeedCondition.CROSSED,
        FeedCondition.DRIFT,
    }
)
"""Conditions that a clean tape never shows."""

_PUSHED: Final = frozenset({COINBASE, COINBASE_EXCHANGE})
"""Venues whose books have no update id of their own: compared at the same place of the tape."""


class Trial(msgspec.Struct, frozen=True):
    """Report one trial; times in ns of tape time, None for what did not happen.

    `detected_ns` and `settled_ns` count from the fault; `down_ns` is the time not LIVE, and
    `recovery_ns` the part of it in which the venue was there: from the book's first frame after a
    lost connection on. `wrong_ns` is the time LIVE with other levels than the clean run,
    `comparisons` how often that was looked at, `horizon_ns` how much tape there was. `struck` names
    the value that a flipped byte turned into another one, where the frame can still be read.
    """

    venue: str
    symbol: str
    fault: Fault
    place: int
    detected_ns: int | None
    how: FeedCondition | None
    down_ns: int
    recovery_ns: int
    wrong_ns: int
    wrong: int
    comparisons: int
    settled_ns: int | None
    horizon_ns: int
    struck: str | None = None


class Watch:
    """Follow one book through a trial and compare it with the clean run."""

    def __init__(self, clean: CleanRun, engine: Engine, key: Key, started: int) -> None:
        """Begin at `started` (ns) with a LIVE book."""
        self.clean = clean
        self.engine = engine
        self.key = key
        self.started = started
        self.detected: tuple[int, FeedCondition] | None = None
        self.down_since: int | None = None
        self.down_ns = 0
        self.recovery_ns = 0
        self.back_since = started
        self.wrong_since: int | None = None
        self.wrong_ns = 0
        self.wrong = 0
        self.comparisons = 0
        self.equal_in_a_row = 0
        self.settled: int | None = None

    def see(self, place: int, now: int, facts: Sequence[Fact]) -> None:
        """Take the facts of one frame; `place` is where the clean run stands."""
        moved = False
        for fact in facts:
            if isinstance(fact, FeedStatus):
                self._hear(fact, now)
            elif isinstance(fact, BookFact):
                moved = moved or (fact.venue, fact.symbol) == self.key
        if moved:
            self._look(place, now)

    def _hear(self, status: FeedStatus, now: int) -> None:
        telling = status.condition in _TELLING and status.symbol in ("", self.key[1])
        if telling and self.detected is None:
            self.detected = now - self.started, status.condition

    def _look(self, place: int, now: int) -> None:
        book = self.engine.books[self.key]
        if book.state is not BookState.LIVE:
            self.equal_in_a_row, self.settled = 0, None
            self._end_wrong(now)
            self.down_since = now if self.down_since is None else self.down_since
            return
        self._end_down(now)
        self._compare(place, now)

    def _compare(self, place: int, now: int) -> None:
        book, venue = self.engine.books[self.key], self.key[0]
        if venue in _PUSHED:
            expected = self.clean.at_place(self.key, place)
        else:
            expected = self.clean.at_id(self.key, book.last_update_id)
        if expected is None:
            return
        self.comparisons += 1
        if digest_of(book) == expected:
            self._end_wrong(now)
            self.settled = now if self.settled is None else self.settled
            self.equal_in_a_row += 1
            return
        self.wrong += 1
        self.equal_in_a_row, self.settled = 0, None
        self.wrong_since = now if self.wrong_since is None else self.wrong_since

    def _end_down(self, now: int) -> None:
        if self.down_since is not None:
            self.down_ns += now - self.down_since
            self.recovery_ns += now - max(self.down_since, min(self.back_since, now))
            self.down_since = None

    def _end_wrong(self, now: int) -> None:
        if self.wrong_since is not None:
            self.wrong_ns += now - self.wrong_since
            self.wrong_since = None

    def report(self, fault: Fault, place: int, ended: int, horizon: int) -> Trial:
        """Return what was seen by the end of the trial."""
        self._end_down(ended)
        self._end_wrong(ended)
        detected_ns, how = self.detected or (None, None)
        settled = None if self.settled is None else self.settled - self.started
        return Trial(
            *self.key,
            fault,
            place,
            detected_ns,
            how,
            self.down_ns,
            self.recovery_ns,
            self.wrong_ns,
            self.wrong,
            self.comparisons,
            settled,
            horizon,
        )


class Pool:
    """Keep one engine for many uses: new arrays for every book cost more than a trial."""

    def __init__(self, instruments: Sequence[Instrument]) -> None:
        """Begin without an engine."""
        self._instruments = instruments
        self._engine = Engine(instruments)
        self._books: set[Key] = set()

    def restored(self, blob: bytes) -> Engine:
        """Return an engine that stands at a checkpoint; the one handed out before is gone."""
        if self._engine.books.keys() != self._books:
            self._engine = Engine(self._instruments)
        self._engine.restore(blob)
        self._books = set(self._engine.books)
        return self._engine


class Stage:
    """Plant faults at one place of a tape."""

    def __init__(
        self,
        clean: CleanRun,
        place: int,
        key: Key,
        blob: bytes,
        writers: Mapping[Key, Write],
        pools: tuple[Pool, Pool],
    ) -> None:
        """Keep the engine's checkpoint from before the frame at `place`.

        `pools` lend one engine to the trials and one to the shadow.
        """
        self.pool, shadows = pools
        self.clean = clean
        self.place = place
        self.key = key
        self.blob = blob
        self.library = Library(clean, Shadow(clean, place, shadows.restored(blob)), writers)
        self.started = clean.stamps[place]
        limit = LONG_HORIZON_NS if key[0] == COINBASE_EXCHANGE else HORIZON_NS
        self.end = min(self.started + limit, clean.stamps[-1])

    def play(self, fault: Fault, seed: str) -> Trial:
        """Play the tape on with a fault in it, until the book has settled or time is up."""
        random = Random(f"{seed} {self.place} {fault}")
        engine = self.pool.restored(self.blob)
        watch = Watch(self.clean, engine, self.key, self.started)
        line = line_of(self.library, self.key, self.clean.frames[self.place], fault, random)
        now = self.started
        is_lost = fault in SNAPSHOT_FAULTS
        if is_lost:
            self._deliver(line, watch, [(self.place, frame) for frame in line.lose(now)])
        for place, frame in self._frames(fault, random):
            now = frame.ts_recv
            answers = ((self.clean.place_at(a.ts_recv), a) for a in line.due(now))
            self._deliver(line, watch, answers)
            carried = line.carry(frame)
            if is_lost and carried is not None and self._is_of_book(place):
                is_lost, watch.back_since = False, now
            if carried is not None:
                self._deliver(line, watch, [(place, carried)])
            if watch.equal_in_a_row >= SETTLED and (watch.detected or now > self._patience):
                break
        trial = watch.report(fault, self.place, now, self.end - self.started)
        return replace(trial, struck=self._struck(fault, seed))

    def _random(self, fault: Fault, seed: str) -> Random:
        """Return the generator of a trial: the same one whenever it is played."""
        return Random(f"{seed} {self.place} {fault}")

    def _struck(self, fault: Fault, seed: str) -> str | None:
        if fault is not Fault.FLIP:
            return None
        payload = self.clean.frames[self.place].payload
        return struck(payload, flipped(payload, self._random(fault, seed)))

    def _is_of_book(self, place: int) -> bool:
        """Say whether the frame at a place changes the book."""
        places = self.clean.changes[self.key]
        index = bisect_left(places, place)
        return index < len(places) and places[index] == place

    @property
    def _patience(self) -> int:
        """Return until when a book that looks right may still show what the fault did."""
        later = self.place
        for _ in range(FOLLOWERS - 1):
            later = self.clean.later_change(self.key, later)
        return self.clean.stamps[later]

    def _frames(self, fault: Fault, random: Random) -> Iterable[Placed]:
        first, clean = self.place, self.clean
        last = clean.place_at(self.end)
        recorded = [(place, clean.frames[place]) for place in range(first, last + 1)]
        if fault in SNAPSHOT_FAULTS:
            return recorded
        other = clean.later_change(self.key, first) - first
        return damaged(fault, recorded, min(other, last - first), random)

    def _deliver(self, line: Line, watch: Watch, frames: Iterable[Placed]) -> None:
        for place, frame in frames:
            facts = watch.engine.on_event(frame)
            watch.see(place, frame.ts_recv, facts)
            for fact in facts:
                if isinstance(fact, SnapshotRequest):
                    line.ask(fact)


def places_of(clean: CleanRun, count: int, seed: str) -> list[tuple[int, Key]]:
    """Return up to `count` random places of a tape, each once, in order."""
    latest = clean.stamps[-1] - TAIL_NS
    found = [
        (place, key) for place, key in clean.candidates(FOLLOWERS) if clean.stamps[place] <= latest
    ]
    if len(found) <= count:
        return found
    return sorted(Random(f"{seed} places").sample(found, count))


def trials(
    clean: CleanRun,
    places: Sequence[tuple[int, Key]],
    seed: str,
    faults: Sequence[Fault] = tuple(Fault),
) -> Iterator[Trial]:
    """Yield a trial of every fault at every place; `places` must be in order."""
    engine = Engine(clean.instruments)
    pools = Pool(clean.instruments), Pool(clean.instruments)
    writers = writers_of(clean.instruments)
    done = 0
    for place, key in places:
        for frame in clean.frames[done:place]:
            engine.on_event(frame)
        done = place
        stage = Stage(clean, place, key, engine.checkpoint(), writers, pools)
        for fault in faults:
            yield stage.play(fault, seed)


def trials_of_tape(tape: Path, count: int, seed: str, share: tuple[int, int]) -> list[Trial]:
    """Return the trials at one share of `count` random places of a tape.

    `share` is (which, of how many): the places are cut into runs of the tape, so that each worker
    plays its own stretch.
    """
    reader = TapeReader(tape)
    clean = CleanRun(reader.manifest.instruments, reader.frames())
    places = places_of(clean, count, seed)
    which, parts = share
    low, high = len(places) * which // parts, len(places) * (which + 1) // parts
    return list(trials(clean, places[low:high], seed))
