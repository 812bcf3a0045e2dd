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
    WITHDRAW,
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
    """Do what was wanted, in turn: cancel what an order replaces, then place it.

    The only place where agents meet the matching engine: each more would compile it once more.
    """
    for number in range(ints[WANTED_COUNT]):
        at = WANTED + number * WANTED_STRIDE
        kind = ints[at + WANTED_KIND]
        book = ints[at + WANTED_BOOK]
        block = BOOK_INTS + book * BOOK_INTS_STRIDE
        state = state_of(ints, books, book)
        owner = ints[at + WANTED_OWNER]
        held_at = block + SPOOF_ORDER + ints[at + WANTED_SLOT]
        if kind <= FREE_SLOT:
            look_at_slot(ints, floats, state, book, ints[at + WANTED_SLOT])
            held_at = ints[block + SLOTS_AT] + ints[at + WANTED_SLOT]
        if kind != TAKE and ints[held_at] != 0:
            cancel(state, ints[NOW], owner, ints[held_at])
            ints[held_at] = 0
        if kind == FREE_SLOT or kind == WITHDRAW:
            continue
        ticks = ints[at + WANTED_TICKS]
        lots = ints[at + WANTED_LOTS]
        order = place(
            state,
            ints[NOW],
            owner,
            ints[at + WANTED_SIDE],
            LIMIT if kind == TAKE else LIMIT_MAKER,
            IOC if kind == TAKE else GTC,
            ticks,
            lots,
            NO_PRICE,
            0,
            ALLOW,
        )
        if order > 0 and kind != TAKE:
            ints[held_at] = order
            if kind == FILL_SLOT:
                ints[held_at + 2 * ints[block + SIDE_SLOTS]] = ticks
                ints[held_at + 4 * ints[block + SIDE_SLOTS]] = lots
    ints[WANTED_COUNT] = 0


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
