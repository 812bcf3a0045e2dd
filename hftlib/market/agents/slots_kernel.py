"""Slots, where agents keep their resting orders, and what agents want done with them.

Slot `i` of a book stands in three columns of the ints: its order's id (0: empty), price and lots.
The first half of the slots bids, the second asks; within a side classes follow each other from the
best price outward.

Agents only say what they want; the loop carries it out after their turn, in one place. So agents
compile without the matching engine inside them.
"""

from hftlib.core.compiled import kernel
from hftlib.market.agents.layout import (
    ASSET,
    ASSET_FLOATS,
    ASSET_STRIDE,
    BOOK_FLOATS,
    BOOK_FLOATS_STRIDE,
    BOOK_INTS,
    BOOK_INTS_STRIDE,
    FILL_SLOT,
    FREE_SLOT,
    IMPACT_BPS,
    INVENTORY,
    NOW,
    OWNER_MAKERS,
    OWNER_SPOOFER,
    SHOW,
    SIDE_SLOTS,
    SLOTS_AT,
    SPOOF_ORDER,
    STATE_FROM,
    STATE_TO,
    TAKE,
    VALUE,
    WANTED,
    WANTED_BOOK,
    WANTED_COUNT,
    WANTED_KIND,
    WANTED_LOTS,
    WANTED_OWNER,
    WANTED_SIDE,
    WANTED_SLOT,
    WANTED_STRIDE,
    WANTED_TICKS,
    Floats,
    Ints,
)
from hftlib.market.layout import (
    ALLOW,
    ASK,
    BID,
    GTC,
    LIMIT,
    LIMIT_MAKER,
    TOP_ASK_LOTS,
    TOP_ASK_TICKS,
    TOP_BID_LOTS,
    TOP_BID_TICKS,
)
from hftlib.market.matching_kernel import cancel, place, remaining_of
from hftlib.market.orders import NO_PRICE, TimeInForce

IOC = int(TimeInForce.IOC)
MOST_IMPACT_BPS = 30.0


@kernel
def state_of(ints: Ints, books: Ints, book: int) -> Ints:
    """Return a book's own part of the array of all books."""
    block = BOOK_INTS + book * BOOK_INTS_STRIDE
    return books[ints[block + STATE_FROM] : ints[block + STATE_TO]]


@kernel
def best_ticks(state: Ints, side: int) -> int:
    """Return the best price of a side, NO_PRICE when nothing stands there."""
    return state[TOP_BID_TICKS] if side == BID else state[TOP_ASK_TICKS]  # type: ignore[no-any-return]


@kernel
def best_lots(state: Ints, side: int) -> int:
    """Return the lots at the best price of a side."""
    return state[TOP_BID_LOTS] if side == BID else state[TOP_ASK_LOTS]  # type: ignore[no-any-return]


@kernel
def opposite(side: int) -> int:
    """Return the other side."""
    return ASK if side == BID else BID


@kernel
def want(
    ints: Ints, kind: int, book: int, slot: int, side: int, ticks: int, lots: int, owner: int
) -> None:
    """Note what an agent wants done after its turn."""
    at = WANTED + ints[WANTED_COUNT] * WANTED_STRIDE
    ints[WANTED_COUNT] += 1
    ints[at + WANTED_KIND] = kind
    ints[at + WANTED_BOOK] = book
    ints[at + WANTED_SLOT] = slot
    ints[at + WANTED_SIDE] = side
    ints[at + WANTED_TICKS] = ticks
    ints[at + WANTED_LOTS] = lots
    ints[at + WANTED_OWNER] = owner


@kernel
def want_filled(ints: Ints, book: int, slot: int, ticks: int, lots: int) -> None:
    """Want an order of the makers to rest in a slot, in place of whatever it holds."""
    side = BID if slot < ints[BOOK_INTS + book * BOOK_INTS_STRIDE + SIDE_SLOTS] else ASK
    want(ints, FILL_SLOT, book, slot, side, ticks, lots, OWNER_MAKERS)


@kernel
def want_free(ints: Ints, book: int, slot: int) -> None:
    """Want a slot's order cancelled."""
    want(ints, FREE_SLOT, book, slot, BID, 0, 0, OWNER_MAKERS)


@kernel
def want_taken(ints: Ints, book: int, owner: int, side: int, ticks: int, lots: int) -> None:
    """Want to take up to `lots` at `ticks` or better, and to leave nothing."""
    want(ints, TAKE, book, 0, side, ticks, lots, owner)


@kernel
def carry_out(ints: Ints, floats: Floats, books: Ints) -> None:
    """Do what was wanted, in turn."""
    for number in range(ints[WANTED_COUNT]):
        at = WANTED + number * WANTED_STRIDE
        kind = ints[at + WANTED_KIND]
        book = ints[at + WANTED_BOOK]
        block = BOOK_INTS + book * BOOK_INTS_STRIDE
        state = state_of(ints, books, book)
        if kind == FILL_SLOT or kind == FREE_SLOT:
            free_slot(ints, floats, state, book, ints[at + WANTED_SLOT])
        elif kind != TAKE:
            _withdraw(ints, state, block + SPOOF_ORDER + ints[at + WANTED_SLOT])
        if kind == FILL_SLOT or kind == TAKE or kind == SHOW:
            order = _place(ints, state, at)
            if kind == FILL_SLOT and order > 0:
                _note(ints, book, at, order)
            elif kind == SHOW and order > 0:
                ints[block + SPOOF_ORDER + ints[at + WANTED_SLOT]] = order
    ints[WANTED_COUNT] = 0


@kernel
def _place(ints: Ints, state: Ints, at: int) -> int:
    """Place a wanted order; return its id, or a negated refusal."""
    takes = ints[at + WANTED_KIND] == TAKE
    return place(
        state,
        ints[NOW],
        ints[at + WANTED_OWNER],
        ints[at + WANTED_SIDE],
        LIMIT if takes else LIMIT_MAKER,
        IOC if takes else GTC,
        ints[at + WANTED_TICKS],
        ints[at + WANTED_LOTS],
        NO_PRICE,
        0,
        ALLOW,
    )


@kernel
def _note(ints: Ints, book: int, at: int, order: int) -> None:
    """Remember an order in its slot."""
    block = BOOK_INTS + book * BOOK_INTS_STRIDE
    slots = 2 * ints[block + SIDE_SLOTS]
    slot_at = ints[block + SLOTS_AT] + ints[at + WANTED_SLOT]
    ints[slot_at] = order
    ints[slot_at + slots] = ints[at + WANTED_TICKS]
    ints[slot_at + 2 * slots] = ints[at + WANTED_LOTS]


@kernel
def _withdraw(ints: Ints, state: Ints, at: int) -> None:
    """Cancel an order of the spoofer, if it has one there."""
    if ints[at] != 0:
        cancel(state, ints[NOW], OWNER_SPOOFER, ints[at])
        ints[at] = 0


@kernel
def free_slot(ints: Ints, floats: Floats, state: Ints, book: int, slot: int) -> None:
    """Cancel what is left of a slot's order, if anything, and book what was filled."""
    look_at_slot(ints, floats, state, book, slot)
    at = ints[BOOK_INTS + book * BOOK_INTS_STRIDE + SLOTS_AT] + slot
    if ints[at] != 0:
        cancel(state, ints[NOW], OWNER_MAKERS, ints[at])
        ints[at] = 0


@kernel
def look_at_slot(ints: Ints, floats: Floats, state: Ints, book: int, slot: int) -> None:
    """Book what was filled of a slot's order; the slot is empty when nothing is left.

    What takers do tells of what they know: the value moves with them, linearly (Kyle 1985).
    """
    block = BOOK_INTS + book * BOOK_INTS_STRIDE
    side_slots = ints[block + SIDE_SLOTS]
    at = ints[block + SLOTS_AT] + slot
    if ints[at] == 0:
        return
    left = remaining_of(state, ints[at])
    filled = ints[at + 4 * side_slots] - left
    if filled > 0:
        bought = filled if slot < side_slots else -filled
        own = BOOK_FLOATS + book * BOOK_FLOATS_STRIDE
        floats[own + INVENTORY] += bought
        impact_bps = max(-MOST_IMPACT_BPS, min(MOST_IMPACT_BPS, bought * floats[own + IMPACT_BPS]))
        value = ASSET_FLOATS + ints[block + ASSET] * ASSET_STRIDE + VALUE
        floats[value] *= 1.0 - 1e-4 * impact_bps
        ints[at + 4 * side_slots] = left
    if left == 0:
        ints[at] = 0
