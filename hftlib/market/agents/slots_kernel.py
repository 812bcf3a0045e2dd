"""Slots: where agents keep their resting orders, and how they learn what was filled.

Slot `i` of a book stands in three columns of the ints: its order's id (0: empty), price and lots.
The first half of the slots bids, the second asks; within a side classes follow each other from the
best price outward.
"""

from hftlib.core.compiled import kernel
from hftlib.market.agents.layout import (
    BOOK_FLOATS,
    BOOK_FLOATS_STRIDE,
    BOOK_INTS,
    BOOK_INTS_STRIDE,
    INVENTORY,
    NOW,
    OWNER_MAKERS,
    SIDE_SLOTS,
    SLOTS_AT,
    Floats,
    Ints,
)
from hftlib.market.matching_kernel import cancel, place, remaining_of
from hftlib.market.orders import NO_PRICE, BookSide, OrderKind, SelfTrade, TimeInForce

BID = int(BookSide.BID)
ASK = int(BookSide.ASK)
LIMIT = int(OrderKind.LIMIT)
MARKET = int(OrderKind.MARKET)
LIMIT_MAKER = int(OrderKind.LIMIT_MAKER)
GTC = int(TimeInForce.GTC)
IOC = int(TimeInForce.IOC)
NO_SELF_TRADE_RULE = int(SelfTrade.NONE)
NOTHING = int(NO_PRICE)


@kernel
def fill_slot(
    ints: Ints, floats: Floats, state: Ints, book: int, slot: int, ticks: int, lots: int
) -> bool:
    """Rest an order of the makers in a slot, after whatever it holds; say whether it rests."""
    block = BOOK_INTS + book * BOOK_INTS_STRIDE
    free_slot(ints, floats, state, book, slot)
    slots = 2 * ints[block + SIDE_SLOTS]
    at = ints[block + SLOTS_AT] + slot
    side = BID if slot < ints[block + SIDE_SLOTS] else ASK
    order = rest(state, ints[NOW], OWNER_MAKERS, side, ticks, lots)
    if order <= 0:
        return False
    ints[at] = order
    ints[at + slots] = ticks
    ints[at + 2 * slots] = lots
    return True


@kernel
def free_slot(ints: Ints, floats: Floats, state: Ints, book: int, slot: int) -> None:
    """Cancel what is left of a slot's order, if anything, and book what was filled."""
    block = BOOK_INTS + book * BOOK_INTS_STRIDE
    at = ints[block + SLOTS_AT] + slot
    order = ints[at]
    if order == 0:
        return
    look_at_slot(ints, floats, state, book, slot)
    if ints[at] != 0:
        cancel(state, ints[NOW], OWNER_MAKERS, order)
        ints[at] = 0


@kernel
def look_at_slot(ints: Ints, floats: Floats, state: Ints, book: int, slot: int) -> None:
    """Book what was filled of a slot's order; the slot is empty when nothing is left."""
    block = BOOK_INTS + book * BOOK_INTS_STRIDE
    side_slots = ints[block + SIDE_SLOTS]
    at = ints[block + SLOTS_AT] + slot
    if ints[at] == 0:
        return
    left = remaining_of(state, ints[at])
    filled = ints[at + 4 * side_slots] - left
    if filled > 0:
        signed = filled if slot < side_slots else -filled
        floats[BOOK_FLOATS + book * BOOK_FLOATS_STRIDE + INVENTORY] += signed
        ints[at + 4 * side_slots] = left
    if left == 0:
        ints[at] = 0


@kernel
def rest(state: Ints, time_ns: int, owner: int, side: int, ticks: int, lots: int) -> int:
    """Place an order that only makes; return its id, or the negated refusal."""
    return place(
        state,
        time_ns,
        owner,
        side,
        LIMIT_MAKER,
        GTC,
        ticks,
        lots,
        NOTHING,
        0,
        NO_SELF_TRADE_RULE,
    )


@kernel
def take(state: Ints, time_ns: int, owner: int, side: int, ticks: int, lots: int) -> int:
    """Take up to `lots` at `ticks` or better and leave nothing; return the id or a refusal."""
    return place(
        state, time_ns, owner, side, LIMIT, IOC, ticks, lots, NOTHING, 0, NO_SELF_TRADE_RULE
    )
