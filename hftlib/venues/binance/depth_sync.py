"""Binance's local order book, the part that watches update ids; it sees no JSON and no levels.

Spot, as documented (wording of 2025-11-12), with `id` the update id of the local book:

1. Open the diff depth stream `<symbol>@depth` or `<symbol>@depth@100ms`.
2. Buffer its events and remember U, the first update id, of the first one.
3. Fetch the snapshot GET /api/v3/depth?limit=5000.
4. When the snapshot's lastUpdateId is strictly less than that U, fetch again.
5. Drop buffered events with u <= lastUpdateId. The first one kept should have lastUpdateId
   within U..u; as ids may also follow without overlap, U <= lastUpdateId + 1 is what is asked.
6. Set the book to the snapshot and `id` to lastUpdateId.
7. For every event, buffered ones first: with u < id ignore it; with U > id + 1 events were missed,
   start over; else apply it. An event that straddles `id` is applied.
8. Sizes are absolute, zero deletes, deleting a level that is not held is normal.
9. Set `id` to u. Usually the next U is the previous u + 1.

Futures (USD-M and COIN-M):

1. to 3. as above, with GET /fapi/v1/depth or /dapi/v1/depth?limit=1000; when lastUpdateId is less
   than the first U, fetch again.
4. Drop events with u < lastUpdateId.
5. The first event applied has U <= lastUpdateId <= u.
6. Every further event's pu equals the u before it, else start over. U is not the previous u + 1.

Added to both, each of them safe because it only distrusts more or waits longer:

- An event with u = id again is a duplicate, one with u < id is late; neither is applied. While
  buffering, an event not newer than the last buffered one is late too.
- An event that begins after the last one applied began, yet ends before `id`, says that the u of
  that one was garbled: start over.
- Three late events that follow each other, with none applied in between, say that `id` itself ran
  ahead (a garbled id): start over, instead of ignoring the stream until it catches up.
- After a book was distrusted with nothing buffered, a snapshot older than the last id seen is
  stale: the events in between are gone.
- A futures event whose pu is lastUpdateId may begin the chain: it follows the snapshot exactly.
- The buffer is bounded; overflow empties it and starts over. A snapshot that does not come is
  asked for again.
- A stream that stays behind the snapshot for two seconds says that the snapshot's id is garbled:
  start over.
- A snapshot that nobody wanted, while the book is in sequence, is reported and not applied.

Two connections that bring the same stream, while one takes over from the other, tell everything
twice and not at the same time. What the other connection than the one that moved `id` last tells is
applied where it follows; where it ends at or before `id` it is a repetition and proves nothing
about `id`; where it is ahead it waits for what comes before it, from either of the two.
"""

from collections import deque
from enum import Enum, IntEnum, auto
from typing import Any, Final, NamedTuple, Protocol

from hftlib.core.events import BookDelta, Layout

BUFFER_EVENTS: Final = 5_000
BUFFER_BYTES: Final = 32 * 1024 * 1024
ASK_AGAIN_NS: Final = 5_000_000_000
_LATE_STREAK: Final = 3
_JOIN_WITHIN_NS: Final = 2_000_000_000


class Phase(IntEnum):
    """Say how far a book has come.

    IDLE nothing seen · BUFFERING events kept until a snapshot comes · SEEDED snapshot taken, no
    event joined to it yet · LIVE events follow each other.
    """

    IDLE = 0
    BUFFERING = 1
    SEEDED = 2
    LIVE = 3


_LIVE: Final = Phase.LIVE


class Verdict(Enum):
    """Say what is to be done with an event or a snapshot."""

    APPLY = auto()
    JOIN = auto()
    BUFFER = auto()
    START = auto()
    OVERFLOW = auto()
    DROP = auto()
    AHEAD = auto()
    DUPLICATE = auto()
    LATE = auto()
    GAP = auto()
    SEED = auto()
    STALE = auto()
    UNWANTED = auto()


class Held(NamedTuple):
    """Keep one buffered event: its ids, the delta, and the bytes of the frame it came in."""

    first: int
    last: int
    previous: int
    delta: BookDelta
    size: int


class Seeding(NamedTuple):
    """Say what a snapshot made of the buffer: how many were dropped, which are to be applied.

    `missed` tells that a gap was found within the buffer; what came after it is buffered anew.
    """

    verdict: Verdict
    dropped: int = 0
    applied: tuple[BookDelta, ...] = ()
    missed: bool = False


class Rule(Protocol):
    """Compare update ids the way one Binance market documents it."""

    def precedes(self, last: int, snapshot_id: int, /) -> bool:
        """Say whether an event is wholly contained in the snapshot."""
        ...

    def joins(self, first: int, last: int, previous: int, snapshot_id: int, /) -> bool:
        """Say whether an event may be the first one applied to the snapshot."""
        ...

    def follows(self, first: int, last: int, previous: int, current: int, /) -> bool:
        """Say whether an event newer than `current` follows it without a gap."""
        ...


class SpotRule:
    """Chain events by U and u."""

    def precedes(self, last: int, snapshot_id: int, /) -> bool:
        """Say whether u <= lastUpdateId."""
        return last <= snapshot_id

    def joins(self, first: int, last: int, _previous: int, snapshot_id: int, /) -> bool:
        """Say whether U <= lastUpdateId + 1 <= u."""
        return first <= snapshot_id + 1 <= last

    def follows(self, first: int, last: int, _previous: int, current: int, /) -> bool:
        """Say whether U <= id + 1 and u is newer than id."""
        return first <= current + 1 <= last


class FuturesRule:
    """Chain events by pu, the u of the event before."""

    def precedes(self, last: int, snapshot_id: int, /) -> bool:
        """Say whether u < lastUpdateId."""
        return last < snapshot_id

    def joins(self, first: int, last: int, previous: int, snapshot_id: int, /) -> bool:
        """Say whether U <= lastUpdateId <= u, or pu is lastUpdateId itself."""
        return first <= snapshot_id <= last or previous == snapshot_id

    def follows(self, first: int, last: int, previous: int, current: int, /) -> bool:
        """Say whether pu is the u before and u is newer."""
        return previous == current < last >= first


class DiffDepthSync:
    """Decide about every diff depth event and snapshot of one symbol, by its ids alone."""

    __slots__ = (
        "_asked_ns",
        "_buffer",
        "_buffered_bytes",
        "_bytes_limit",
        "_events_limit",
        "_first",
        "_floor",
        "_follows",
        "_late_at",
        "_late_last",
        "_late_streak",
        "_rule",
        "last_update_id",
        "phase",
        "trusted",
    )

    def __init__(
        self, rule: Rule, *, events_limit: int = BUFFER_EVENTS, bytes_limit: int = BUFFER_BYTES
    ) -> None:
        self._rule = rule
        self._follows = rule.follows
        self._events_limit = events_limit
        self._bytes_limit = bytes_limit
        self._buffer: deque[Held] = deque()
        self.reset()

    def reset(self) -> None:
        """Forget everything: the stream was closed or opened anew."""
        self.phase = Phase.IDLE
        self.trusted = False
        self.last_update_id = -1
        self._first = -1
        self._floor = -1
        self._asked_ns = 0
        self._forget_late()
        self._empty()

    def _empty(self) -> None:
        self._buffer.clear()
        self._buffered_bytes = 0

    def _forget_late(self) -> None:
        self._late_at = -1
        self._late_last = -1
        self._late_streak = 0

    @property
    def buffered(self) -> int:
        """Return how many events wait for a snapshot."""
        return len(self._buffer)

    def advance(self, first: int, last: int, previous: int) -> bool:
        """Say whether an event simply follows the book, and if so move the book's id on."""
        if self.phase is _LIVE and self._follows(first, last, previous, self.last_update_id):
            self.last_update_id = last
            self._first = first
            return True
        return False

    def judge(self, held: Held, ts_recv: int, *, from_other: bool = False) -> Verdict:
        """Decide about an event that `advance` did not take; buffer it where that is due.

        `from_other`: it came over another connection than the one that moved the book's id last.
        """
        if self.phase is Phase.IDLE or self.phase is Phase.BUFFERING:
            return self._keep(held, ts_recv)
        if self.phase is Phase.SEEDED:
            return self._try_to_join(held, ts_recv, from_other=from_other)
        if from_other:
            return self._repeated(held) if held.last <= self.last_update_id else Verdict.AHEAD
        return self._out_of_step(held, ts_recv)

    def _repeated(self, held: Held) -> Verdict:
        return Verdict.DUPLICATE if held.last == self.last_update_id else Verdict.LATE

    def _keep(self, held: Held, ts_recv: int) -> Verdict:
        if self._buffer and held.last <= self._buffer[-1].last:
            return Verdict.LATE
        full = len(self._buffer) >= self._events_limit
        full = full or self._buffered_bytes + held.size > self._bytes_limit
        verdict = Verdict.START if self.phase is Phase.IDLE else Verdict.BUFFER
        if full and self._buffer:
            self._empty()
            verdict = Verdict.OVERFLOW
        self._buffer.append(held)
        self._buffered_bytes += held.size
        self.phase = Phase.BUFFERING
        if verdict is not Verdict.BUFFER:
            self._asked_ns = ts_recv
        return verdict

    def _try_to_join(self, held: Held, ts_recv: int, *, from_other: bool) -> Verdict:
        if self._rule.precedes(held.last, self.last_update_id):
            too_long = ts_recv - self._asked_ns > _JOIN_WITHIN_NS
            return self._start_over(held, ts_recv) if too_long else Verdict.DROP
        if not self._rule.joins(held.first, held.last, held.previous, self.last_update_id):
            return Verdict.AHEAD if from_other else self._start_over(held, ts_recv)
        self.last_update_id = held.last
        self._first = held.first
        self.phase = Phase.LIVE
        joined = Verdict.APPLY if self.trusted else Verdict.JOIN
        self.trusted = True
        return joined

    def _out_of_step(self, held: Held, ts_recv: int) -> Verdict:
        if held.last > self.last_update_id or held.first > self._first:
            return self._start_over(held, ts_recv)
        streak = self._rule.follows(held.first, held.last, held.previous, self._late_last)
        stands = self._late_at == self.last_update_id
        self._late_streak = self._late_streak + 1 if streak and stands else 1
        self._late_last, self._late_at = held.last, self.last_update_id
        if self._late_streak >= _LATE_STREAK:
            return self._start_over(held, ts_recv)
        return self._repeated(held)

    def _start_over(self, held: Held, ts_recv: int) -> Verdict:
        self.distrust(ts_recv)
        self._floor = -1
        self._keep(held, ts_recv)
        return Verdict.GAP

    def distrust(self, ts_recv: int) -> None:
        """Drop the sync; a snapshot is wanted, not older than the last id seen."""
        seen = self._buffer[-1].last if self._buffer else self.last_update_id
        self._floor = max(self._floor, seen)
        self.phase = Phase.BUFFERING
        self.trusted = False
        self._asked_ns = ts_recv
        self._forget_late()
        self._empty()

    def should_ask_again(self, ts_recv: int) -> bool:
        """Say whether a snapshot is awaited for so long that it should be asked for again."""
        waiting = self.phase is Phase.BUFFERING and ts_recv - self._asked_ns >= ASK_AGAIN_NS
        if waiting:
            self._asked_ns = ts_recv
        return waiting

    def seed(self, snapshot_id: int, ts_recv: int) -> Seeding:
        """Decide about a snapshot; when it is taken, say which buffered events apply to it."""
        if self.phase is Phase.LIVE or self.trusted:
            stale = snapshot_id < self.last_update_id
            return Seeding(Verdict.STALE if stale else Verdict.UNWANTED)
        oldest = self._buffer[0].first if self._buffer else self._floor
        if snapshot_id < oldest:
            self._asked_ns = ts_recv
            return Seeding(Verdict.STALE)
        return self._join_buffer(snapshot_id, ts_recv)

    def _join_buffer(self, snapshot_id: int, ts_recv: int) -> Seeding:
        events = tuple(self._buffer)
        known_open = bool(events) or self._floor >= 0
        self._empty()
        self._forget_late()
        self._floor = -1
        self.phase = Phase.SEEDED
        self.last_update_id = snapshot_id
        self.trusted = known_open
        self._asked_ns = ts_recv
        dropped = 0
        applied: list[BookDelta] = []
        for index, held in enumerate(events):
            if self.advance(held.first, held.last, held.previous):
                applied.append(held.delta)
                continue
            verdict = self.judge(held, ts_recv)
            if verdict is Verdict.DROP:
                dropped += 1
            elif verdict is Verdict.APPLY:
                applied.append(held.delta)
            else:
                for later in events[index + 1 :]:
                    self._keep(later, ts_recv)
                return Seeding(Verdict.SEED, dropped, tuple(applied), missed=True)
        return Seeding(Verdict.SEED, dropped, tuple(applied))

    def dump(self) -> dict[str, object]:
        """Return the whole state as plain values."""
        return {
            "phase": int(self.phase),
            "trusted": self.trusted,
            "last_update_id": self.last_update_id,
            "floor": self._floor,
            "asked_ns": self._asked_ns,
            "late_at": self._late_at,
            "first": self._first,
            "late_last": self._late_last,
            "late_streak": self._late_streak,
            "buffer": [dump_held(held) for held in self._buffer],
        }

    def load(self, state: dict[str, object]) -> None:
        """Take the state that `dump` returned."""
        self.reset()
        numbers = {name: value for name, value in state.items() if isinstance(value, int)}
        self.phase = Phase(numbers["phase"])
        self.trusted = bool(state["trusted"])
        self.last_update_id = numbers["last_update_id"]
        self._floor = numbers["floor"]
        self._asked_ns = numbers["asked_ns"]
        self._late_at = numbers["late_at"]
        self._first = numbers.get("first", -1)
        self._late_last = numbers["late_last"]
        self._late_streak = numbers["late_streak"]
        buffer = state["buffer"]
        assert isinstance(buffer, list | tuple)
        for values in buffer:
            held = load_held(values)
            self._buffer.append(held)
            self._buffered_bytes += held.size


def dump_held(held: Held) -> tuple[object, ...]:
    """Return a held event as plain values."""
    return (held.first, held.last, held.previous, held.size, *dump_delta(held.delta))


def load_held(values: list[Any]) -> Held:
    """Return the event that `dump_held` took apart."""
    first, last, previous, size, *delta = values
    return Held(first, last, previous, load_delta(delta), size)


def dump_delta(delta: BookDelta) -> tuple[object, ...]:
    """Return a delta as plain values."""
    return (
        delta.venue,
        delta.symbol,
        delta.ts_event,
        delta.ts_recv,
        delta.first_update_id,
        delta.last_update_id,
        int(delta.layout),
        bytes(delta.bids),
        bytes(delta.asks),
    )


def load_delta(values: list[Any]) -> BookDelta:
    """Return the delta that `dump_delta` took apart."""
    venue, symbol, ts_event, ts_recv, first, last, layout, bids, asks = values
    return BookDelta(
        venue, symbol, ts_event, ts_recv, first, last, Layout(layout), bytes(bids), bytes(asks)
    )
