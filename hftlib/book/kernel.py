"""The order book's kernel: text or integers of levels in, an applied book and its top out.

Other rooms' kernels call `apply_text`, `replace_text`, `apply_levels` and `refresh_top`; Python
calls the entries below. Levels are absolute, zero deletes, and a deletion of a level that
is not held is counted and otherwise ignored (a feed that starts from a short snapshot names many).
"""

from hftlib.book.layout import (
    ASK_SIDE,
    ASK_TOP_COUNT,
    ASK_TOP_TICKS,
    BID_SIDE,
    BID_TOP_COUNT,
    BID_TOP_TICKS,
    CHUNK,
    CHUNK_ROOM,
    CROSSED,
    LEVELS,
    LEVELS_APPLIED,
    LEVELS_WANTED,
    NEEDS_ROOM,
    SCRATCH_AT,
    SCRATCH_ROOM,
    SIGN,
    TOP_COUNT_AT,
    TOP_DEPTH,
    TOP_TICKS_AT,
    UNKNOWN_DELETES,
    Ints,
)
from hftlib.book.scanner_kernel import Text, scan_frame
from hftlib.book.window_kernel import apply_side, clear_side, copy_levels, size_of
from hftlib.core.compiled import INT, INTS, TEXT, entry, kernel


@kernel
def has_room(ints: Ints, levels: int) -> bool:
    """Say whether one side's overflow could hold `levels` levels however they lie.

    Where it could not, LEVELS_WANTED tells Python how many it must make room for.
    """
    if 4 * levels // CHUNK + 2 <= ints[CHUNK_ROOM]:
        return True
    ints[LEVELS_WANTED] = levels
    return False


@kernel
def apply_levels(
    ints: Ints,
    side: int,
    ticks: Ints,
    first_tick: int,
    quanta: Ints,
    first_quantum: int,
    count: int,
) -> int:
    """Apply stored absolute levels to one side (BID_SIDE or ASK_SIDE).

    Ticks stand from `first_tick` on in one array, quanta from `first_quantum` on in another (or
    the same). Returns the levels applied, or NEEDS_ROOM with nothing changed.
    """
    if not has_room(ints, ints[side + LEVELS] + count):
        return NEEDS_ROOM
    ints[UNKNOWN_DELETES] += apply_side(ints, side, ticks, first_tick, quanta, first_quantum, count)
    ints[LEVELS_APPLIED] += count
    return count


@kernel
def apply_scratch(ints: Ints, bids: int, asks: int) -> int:
    """Apply the levels that a scan has put into scratch; return how many, or NEEDS_ROOM."""
    if not has_room(ints, max(ints[BID_SIDE + LEVELS] + bids, ints[ASK_SIDE + LEVELS] + asks)):
        return NEEDS_ROOM
    room = ints[SCRATCH_ROOM]
    at = ints[BID_SIDE + SCRATCH_AT]
    apply_levels(ints, BID_SIDE, ints, at, ints, at + room, bids)
    at = ints[ASK_SIDE + SCRATCH_AT]
    apply_levels(ints, ASK_SIDE, ints, at, ints, at + room, asks)
    return bids + asks


@kernel
def apply_text(ints: Ints, bids: Text, asks: Text, changes: Text, layout: int) -> int:
    """Apply a delta's texts; return the levels applied, or a negative code of layout.py.

    Everything is scanned before anything is applied: a refused frame changes nothing.
    """
    bid_count, ask_count = scan_frame(ints, bids, asks, changes, layout)
    if bid_count < 0 or ask_count < 0:
        return min(bid_count, ask_count)
    return apply_scratch(ints, bid_count, ask_count)


@kernel
def replace_text(ints: Ints, bids: Text, asks: Text, changes: Text, layout: int) -> int:
    """Replace the whole book by a snapshot's texts; return as `apply_text` does."""
    bid_count, ask_count = scan_frame(ints, bids, asks, changes, layout)
    if bid_count < 0 or ask_count < 0:
        return min(bid_count, ask_count)
    if not has_room(ints, max(bid_count, ask_count)):
        return NEEDS_ROOM
    clear_side(ints, BID_SIDE)
    clear_side(ints, ASK_SIDE)
    return apply_scratch(ints, bid_count, ask_count)


@kernel
def refresh_side(ints: Ints, side: int) -> None:
    """Unpack the best TOP_DEPTH levels of one side."""
    ticks = ints[side + TOP_TICKS_AT]
    ints[ints[side + TOP_COUNT_AT]] = copy_levels(
        ints, side, ints, ticks, ints, ticks + TOP_DEPTH, TOP_DEPTH
    )


@kernel
def refresh_top(ints: Ints) -> None:
    """Unpack the best TOP_DEPTH levels of both sides to the head, and say there if they cross."""
    refresh_side(ints, BID_SIDE)
    refresh_side(ints, ASK_SIDE)
    ints[CROSSED] = (
        ints[BID_TOP_COUNT] > 0
        and ints[ASK_TOP_COUNT] > 0
        and ints[BID_TOP_TICKS] >= ints[ASK_TOP_TICKS]
    )


@entry(INTS, TEXT, TEXT, TEXT, INT, INT)
def change_book(
    ints: Ints, bids: Text, asks: Text, changes: Text, layout: int, replace: int
) -> int:
    """Apply a delta's texts, or a snapshot's when `replace` is not 0, and refresh the top."""
    if replace != 0:
        applied = replace_text(ints, bids, asks, changes, layout)
    else:
        applied = apply_text(ints, bids, asks, changes, layout)
    if applied >= 0:
        refresh_top(ints)
    return applied


@entry(INTS, INT, INTS, INTS, INT)
def change_side(ints: Ints, side: int, ticks: Ints, quanta: Ints, replace: int) -> int:
    """Apply integer levels to one side, replaced first when `replace` is not 0; refresh the top.

    Returns the levels applied, or NEEDS_ROOM with nothing changed.
    """
    if replace != 0:
        if not has_room(ints, ticks.size):
            return NEEDS_ROOM
        clear_side(ints, side)
    applied = apply_levels(ints, side, ticks, 0, quanta, 0, ticks.size)
    refresh_top(ints)
    return applied


@entry(INTS, INT, INTS, INTS)
def read_levels(ints: Ints, side: int, ticks: Ints, quanta: Ints) -> int:
    """Copy a side's levels, best first, until the arrays are full; return how many there were."""
    return copy_levels(ints, side, ticks, 0, quanta, 0, ticks.size)


@entry(INTS, INT, INT)
def read_size(ints: Ints, side: int, ticks: int) -> int:
    """Return the quanta that a side holds at a price, 0 when there is no level."""
    return size_of(ints, side, ints[side + SIGN] * ticks)
