"""The book: one instrument's levels, whether they may be trusted, and since when and why."""

import hashlib
from enum import StrEnum
from typing import Final

import msgspec
import numpy as np

from hftlib.book.checkpoint import (
    VERSION,
    Checkpoint,
    decode,
    encode,
    pack_levels,
    unpack_levels,
)
from hftlib.book.kernel import change_book, change_side, read_levels, read_size
from hftlib.book.layout import (
    ASK,
    ASK_LEVELS,
    ASK_SIDE,
    ASK_TOP_COUNT,
    ASK_TOP_QUANTA,
    ASK_TOP_TICKS,
    BID,
    BID_LEVELS,
    BID_SIDE,
    BID_TOP_COUNT,
    BID_TOP_QUANTA,
    BID_TOP_TICKS,
    CROSSED,
    LEVELS,
    LEVELS_APPLIED,
    LEVELS_WANTED,
    MALFORMED,
    NEEDS_ROOM,
    OFF_QUANTUM,
    SCRATCH_ROOM,
    SCRATCH_WANTED,
    SIDES,
    TOO_LARGE,
    UNKNOWN_DELETES,
    WINDOW_BITS,
    Ints,
    allocate,
)
from hftlib.core.compiled import direct
from hftlib.core.events import BookDelta, BookSnapshot, LevelText
from hftlib.core.instrument import Instrument
from hftlib.core.states import BookState

FIRST_LEVELS: Final = 8192
"""Levels a side that a new book has room for before it grows."""
FIRST_SCRATCH: Final = 2048
"""Levels a side of one frame that a new book has room for before it grows."""


Level = tuple[int, int]
"""Price in ticks and size in quanta."""


class Outcome(StrEnum):
    """Say what became of an event: applied and sound, applied but crossed, or refused and why."""

    APPLIED = "applied"
    CROSSED = "best bid at or above best ask"
    MALFORMED = "malformed level text"
    OFF_QUANTUM = "price off the tick or size off the quantum"
    TOO_LARGE = "number that does not fit 63 bits"


# Looking a member up in its class costs more than all else that `accept` does.
_APPLIED: Final = Outcome.APPLIED
_LIVE: Final = BookState.LIVE

_REFUSED: Final = {
    MALFORMED: Outcome.MALFORMED,
    OFF_QUANTUM: Outcome.OFF_QUANTUM,
    TOO_LARGE: Outcome.TOO_LARGE,
}


class TopOfBook(msgspec.Struct, frozen=True, gc=False):
    """Show the best levels of a book and whether to trust them; a missing side is None."""

    venue: str
    symbol: str
    state: BookState
    verified: bool
    best_bid: Level | None
    best_ask: Level | None
    ts_event: int | None
    ts_recv: int | None
    last_update_id: int


def texts_of(event: BookSnapshot | BookDelta) -> tuple[LevelText, LevelText, LevelText]:
    """Return the texts (bids, asks, changes) of an event as kernels take them."""
    return event.bids, event.asks, event.changes


class Book:
    """Hold the full-depth book of one instrument.

    Prices are ticks, sizes quanta, stamps nanoseconds. `ints` is the flat array that kernels work
    on (`layout` names its places); it is replaced when it grows. `state`, `state_since` and
    `state_reason` say whether the book may be trusted, since when and why; only LIVE is trusted.
    `verified` says whether the venue's protocol lets us prove it.
    """

    def __init__(self, instrument: Instrument, *, window_bits: int = 18) -> None:
        """Make an empty book in state SYNCING. Raises ValueError for a window out of bounds."""
        self.instrument = instrument
        self.ints: Ints = allocate(instrument, window_bits, FIRST_LEVELS, FIRST_SCRATCH)
        self.state = BookState.SYNCING
        self.state_since: int | None = None
        self.state_reason = "no snapshot yet"
        self.verified = True
        self.last_update_id = 0
        self.ts_event: int | None = None
        self.ts_recv: int | None = None
        self._level_room = FIRST_LEVELS
        self._change_book = direct(change_book)

    def apply_snapshot(self, snapshot: BookSnapshot) -> Outcome:
        """Replace the book; never raises for what the text holds. A sound book becomes LIVE."""
        return self.accept(snapshot, self._change(snapshot, replace=1))

    def apply_delta(self, delta: BookDelta) -> Outcome:
        """Apply changed levels; never raises for what the text holds."""
        return self.accept(delta, self._change(delta, replace=0))

    def _change(self, event: BookSnapshot | BookDelta, replace: int) -> int:
        bids, asks, changes = texts_of(event)
        code = self._change_book(self.ints, bids, asks, changes, event.layout, replace)
        while code == NEEDS_ROOM:
            self.make_room()
            code = self._change_book(self.ints, bids, asks, changes, event.layout, replace)
        return code

    def accept(self, event: BookSnapshot | BookDelta, code: int) -> Outcome:
        """Take note of an event whose texts a kernel has applied, or refused, with `code`.

        NEEDS_ROOM is not for here: callers of kernels answer it with `make_room` and a new call.
        """
        if code < 0:
            outcome = _REFUSED[code]
            self.set_state(BookState.GAP, event.ts_recv, outcome.value)
            return outcome
        self.last_update_id = event.last_update_id
        self.ts_event = event.ts_event
        self.ts_recv = event.ts_recv
        self.verified = event.verified
        if self.ints.item(CROSSED):
            self.set_state(BookState.CROSSED, event.ts_recv, Outcome.CROSSED.value)
            return Outcome.CROSSED
        if self.state is not _LIVE and isinstance(event, BookSnapshot):
            self.set_state(_LIVE, event.ts_recv, "snapshot applied")
        return _APPLIED

    def set_state(self, state: BookState, ts: int, reason: str) -> None:
        """Move to a state at `ts` (nanoseconds) for a reason; the same state keeps its time."""
        if state is not self.state:
            self.state = state
            self.state_since = ts
            self.state_reason = reason
        elif self.state_since is None:
            self.state_since, self.state_reason = ts, reason

    def make_room(self) -> None:
        """Move to a larger array after a kernel has answered NEEDS_ROOM."""
        old = self.ints
        scratch = max(int(old[SCRATCH_ROOM]), int(old[SCRATCH_WANTED]))
        # A frame that outgrows the scratch is a snapshot: its levels will want room as well.
        self._level_room = max(self._level_room, 2 * int(old[LEVELS_WANTED]), scratch)
        self.ints = allocate(self.instrument, int(old[WINDOW_BITS]), self._level_room, scratch)
        self._replace_sides(_read(old, BID_SIDE, None), _read(old, ASK_SIDE, None))
        self.ints[UNKNOWN_DELETES] = old[UNKNOWN_DELETES]
        self.ints[LEVELS_APPLIED] = old[LEVELS_APPLIED]

    def clear(self) -> None:
        """Take all levels out of the book; counters, stamps and state stay."""
        nothing = (np.empty(0, np.int64), np.empty(0, np.int64))
        self._replace_sides(nothing, nothing)

    @property
    def best_bid(self) -> Level | None:
        """Return the best bid as (ticks, quanta), None where there is none."""
        return self._best(BID_TOP_COUNT, BID_TOP_TICKS, BID_TOP_QUANTA)

    @property
    def best_ask(self) -> Level | None:
        """Return the best ask as (ticks, quanta), None where there is none."""
        return self._best(ASK_TOP_COUNT, ASK_TOP_TICKS, ASK_TOP_QUANTA)

    def _best(self, count: int, ticks: int, quanta: int) -> Level | None:
        item = self.ints.item
        return (item(ticks), item(quanta)) if item(count) else None

    @property
    def bid_levels(self) -> int:
        """Return how many bid levels the book holds."""
        return self.ints.item(BID_LEVELS)

    @property
    def ask_levels(self) -> int:
        """Return how many ask levels the book holds."""
        return self.ints.item(ASK_LEVELS)

    @property
    def unknown_deletes(self) -> int:
        """Return how many deletions named a level that was not held."""
        return self.ints.item(UNKNOWN_DELETES)

    def top(self) -> TopOfBook:
        """Return the best levels and their standing as one immutable view."""
        return TopOfBook(
            self.instrument.venue,
            self.instrument.symbol,
            self.state,
            self.verified,
            self.best_bid,
            self.best_ask,
            self.ts_event,
            self.ts_recv,
            self.last_update_id,
        )

    def levels(self, side: int, depth: int | None = None) -> tuple[Ints, Ints]:
        """Return ticks and quanta of a side (BID or ASK), best first, at most `depth` of them."""
        return _read(self.ints, SIDES[side], depth)

    def size_at(self, side: int, ticks: int) -> int:
        """Return the quanta that a side (BID or ASK) holds at a price, 0 where it has no level."""
        return int(read_size(self.ints, SIDES[side], ticks))

    def state_hash(self) -> str:
        """Return SHA-256 (hex) over last_update_id and both sides' integer levels, best first."""
        digest = hashlib.sha256(self.last_update_id.to_bytes(8, "little", signed=True))
        for side in (BID, ASK):
            ticks, quanta = self.levels(side)
            digest.update(ticks.size.to_bytes(8, "little"))
            digest.update(ticks.astype("<i8").tobytes() + quanta.astype("<i8").tobytes())
        return digest.hexdigest()

    def dump(self) -> bytes:
        """Return a checkpoint of the whole book: levels, standing and counters."""
        return encode(
            Checkpoint(
                VERSION,
                self.instrument.venue,
                self.instrument.symbol,
                self.instrument.price_increment,
                self.instrument.size_quantum,
                self.state,
                self.state_since,
                self.state_reason,
                self.verified,
                self.last_update_id,
                self.ts_event,
                self.ts_recv,
                self.unknown_deletes,
                self.ints.item(LEVELS_APPLIED),
                pack_levels(*self.levels(BID)),
                pack_levels(*self.levels(ASK)),
            )
        )

    def load(self, blob: bytes) -> None:
        """Become the book of a checkpoint. Raises TapeError, with nothing changed, when bad."""
        checkpoint = decode(blob, self.instrument)
        bids = unpack_levels(checkpoint.bids, -1)
        asks = unpack_levels(checkpoint.asks, 1)
        self._replace_sides(bids, asks)
        self.state = checkpoint.state
        self.state_since = checkpoint.state_since
        self.state_reason = checkpoint.state_reason
        self.verified = checkpoint.verified
        self.last_update_id = checkpoint.last_update_id
        self.ts_event = checkpoint.ts_event
        self.ts_recv = checkpoint.ts_recv
        self.ints[UNKNOWN_DELETES] = checkpoint.unknown_deletes
        self.ints[LEVELS_APPLIED] = checkpoint.levels_applied

    def _replace_sides(self, bids: tuple[Ints, Ints], asks: tuple[Ints, Ints]) -> None:
        for side, levels in zip(SIDES, (bids, asks)):
            while change_side(self.ints, side, *levels, 1) == NEEDS_ROOM:
                self.make_room()


def _read(ints: Ints, side: int, depth: int | None) -> tuple[Ints, Ints]:
    """Return up to `depth` levels of the side whose block begins at `side`, best first."""
    count = ints.item(side + LEVELS)
    if depth is not None:
        count = max(0, min(count, depth))
    ticks, quanta = np.empty(count, np.int64), np.empty(count, np.int64)
    read_levels(ints, side, ticks, quanta)
    return ticks, quanta
