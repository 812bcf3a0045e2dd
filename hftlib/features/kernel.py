"""The measurer's kernel: one compiled call from the bytes of a frame to book and features.

Time comes in with every call, in nanoseconds; it never runs back: an earlier stamp counts as the
latest one seen, and one that is more than PATIENCE earlier restarts bars and windows.
"""

import math

from hftlib.book.kernel import apply_levels, apply_text, has_room, refresh_top, replace_text
from hftlib.book.layout import ASK_LEVELS, ASK_SIDE, BID_LEVELS, BID_SIDE, NEEDS_ROOM, Ints
from hftlib.book.scanner_kernel import Text
from hftlib.book.window_kernel import clear_side
from hftlib.core.compiled import FLOATS, INT, INTS, TEXT, entry, kernel
from hftlib.features.bar_kernel import close_bars, restart_bars
from hftlib.features.depth_kernel import forget_depth, walk_book
from hftlib.features.layout import (
    FORGET,
    HAS_PREVIOUS,
    NEXT_BAR,
    NEXT_DEADLINE,
    NEXT_EXPIRY,
    NOW,
    ORIGIN_S,
    PATIENCE,
    SECOND,
    SNAPSHOT,
    TIME_RESTARTS,
    TRADE,
)
from hftlib.features.micro_price_kernel import forget_micro_state, measure_micro_price
from hftlib.features.quote_kernel import (
    Floats,
    forget_quotes,
    measure_flow,
    measure_quotes,
    restart_flow,
)
from hftlib.features.trade_kernel import (
    add_trade,
    expire_trades,
    restart_trades,
    settle_spreads,
)


@kernel
def restart_time(floats: Floats, now: float) -> None:
    """Begin bars and time windows anew at `now`."""
    floats[NOW] = now
    restart_bars(floats, now)
    restart_trades(floats)


@kernel
def advance(floats: Floats, ts_ns: int) -> float:
    """Move event time on and settle what it passes; return the time since the origin.

    Everything that falls due is measured with the mid that stood before this event.
    """
    if math.isnan(floats[ORIGIN_S]):
        floats[ORIGIN_S] = float(ts_ns // SECOND)
        restart_time(floats, float(ts_ns % SECOND))
    now = float(ts_ns - int(floats[ORIGIN_S]) * SECOND)
    latest = floats[NOW]
    if now < latest:
        if latest - now <= PATIENCE:
            return latest  # type: ignore[no-any-return]
        floats[TIME_RESTARTS] += 1.0
        restart_time(floats, now)
    floats[NOW] = now
    if now >= floats[NEXT_BAR]:
        close_bars(floats, now)
    if now >= floats[NEXT_DEADLINE]:
        settle_spreads(floats, now)
    if now >= floats[NEXT_EXPIRY]:
        expire_trades(floats, now)
    return now


@kernel
def measure_frame(ints: Ints, floats: Floats, ts_ns: int, anew: bool) -> None:
    """Measure the features of one depth frame; `anew` where it is not to be compared."""
    advance(floats, ts_ns)
    if anew:
        restart_flow(floats)
        forget_micro_state(floats)
    measure_quotes(ints, floats)
    measure_flow(ints, floats)
    measure_micro_price(ints, floats)


@entry(INTS, FLOATS, TEXT, TEXT, TEXT, INT, INT, INT)
def measure_text(
    ints: Ints,
    floats: Floats,
    bids: Text,
    asks: Text,
    changes: Text,
    layout: int,
    replace: int,
    ts_ns: int,
) -> int:
    """Apply a delta's texts, or a snapshot's when `replace` is not 0, and measure the frame.

    Returns the levels applied, or a negative code of book/layout.py with nothing changed.
    """
    if replace != 0:
        applied = replace_text(ints, bids, asks, changes, layout)
    else:
        applied = apply_text(ints, bids, asks, changes, layout)
    if applied >= 0:
        refresh_top(ints)
        measure_frame(ints, floats, ts_ns, replace != 0)
    return applied


@entry(FLOATS, INT, INT, INT, INT)
def measure_trade(floats: Floats, ticks: int, quanta: int, sign: int, ts_ns: int) -> None:
    """Measure the features of one trade; `sign` is 1 for a buyer who took, else -1."""
    add_trade(floats, ticks, quanta, sign, advance(floats, ts_ns))


@kernel
def forget_book(floats: Floats, ts_ns: int) -> None:
    """Set every feature of the book to missing: from `ts_ns` on it is not trusted."""
    advance(floats, ts_ns)
    forget_quotes(floats)
    forget_depth(floats)
    restart_flow(floats)
    forget_micro_state(floats)


@entry(INTS, FLOATS, INT, INT)
def measure_depth(ints: Ints, floats: Floats, trusted: int, ts_ns: int) -> None:
    """Measure the features of the whole depth, or forget the book where it is not trusted.

    `ts_ns` is the time from which the book is not trusted; it is not read where it is.
    """
    if trusted != 0:
        walk_book(ints, floats)
    else:
        forget_book(floats, ts_ns)


@kernel
def apply_row(ints: Ints, kind: int, ticks: Ints, quanta: Ints, starts: Ints, row: int) -> int:
    """Apply one row's stored levels to the book; return the levels applied, or NEEDS_ROOM."""
    at = starts[2 * row]
    bids = starts[2 * row + 1] - at
    asks = starts[2 * row + 2] - at - bids
    kept = 0 if kind == SNAPSHOT else 1
    levels = max(kept * ints[BID_LEVELS] + bids, kept * ints[ASK_LEVELS] + asks)
    if not has_room(ints, levels):
        return NEEDS_ROOM
    if kind == SNAPSHOT:
        clear_side(ints, BID_SIDE)
        clear_side(ints, ASK_SIDE)
    apply_levels(ints, BID_SIDE, ticks, at, quanta, at, bids)
    apply_levels(ints, ASK_SIDE, ticks, at + bids, quanta, at + bids, asks)
    return int(bids + asks)


@entry(INTS, FLOATS, INTS, INTS, INTS, INTS, INTS, INTS, INT, INT, FLOATS)
def measure_rows(
    ints: Ints,
    floats: Floats,
    kinds: Ints,
    stamps: Ints,
    starts: Ints,
    ticks: Ints,
    quanta: Ints,
    columns: Ints,
    with_depth: int,
    first: int,
    output: Floats,
) -> int:
    """Measure stored events from row `first` on; return the row that found no room, or the count.

    Row r is a DELTA, SNAPSHOT, TRADE or FORGET at stamps[r]; its bids are the levels starts[2r]
    to starts[2r+1], its asks those up to starts[2r+2]; a trade is one level, among the bids where
    its buyer took. output[r] gets the features named by `columns`.
    """
    for row in range(first, kinds.size):
        if kinds[row] == TRADE:
            at = starts[2 * row]
            sign = 1 if starts[2 * row + 1] > at else -1
            add_trade(floats, ticks[at], quanta[at], sign, advance(floats, stamps[row]))
        elif kinds[row] == FORGET:
            forget_book(floats, stamps[row])
        else:
            if apply_row(ints, kinds[row], ticks, quanta, starts, row) < 0:
                return row
            refresh_top(ints)
            measure_frame(ints, floats, stamps[row], kinds[row] == SNAPSHOT)
        if with_depth != 0 and floats[HAS_PREVIOUS] > 0.0:
            walk_book(ints, floats)
        for column in range(columns.size):
            output[row * columns.size + column] = floats[columns[column]]
    return kinds.size
