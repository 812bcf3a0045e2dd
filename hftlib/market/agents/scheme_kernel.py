"""Agents of scenarios: one who shows orders without meaning to trade, one who works a large order.

The spoofer rests a few large orders behind the best price of one side, withdraws them when the
price comes near or their time is over, and begins anew on the other side. The worker sends a child
every now and then, as fast as its dial says, and takes no more than the best price offers.
"""

from hftlib.core.compiled import kernel
from hftlib.market.agents.chance_kernel import exponential, log_normal, uniform
from hftlib.market.agents.layout import (
    BOOK_FLOATS,
    BOOK_FLOATS_STRIDE,
    BOOK_INTS,
    BOOK_INTS_STRIDE,
    DIAL_SPOOF,
    DIAL_WORKED,
    LEAST_LOTS,
    LOTS_PER_UNIT,
    OWNER_SPOOFER,
    OWNER_WORKER,
    QUOTE_LOTS,
    SHOW,
    SPOOF_FIRST_TICKS,
    SPOOF_LEFT,
    SPOOF_ORDERS,
    SPOOF_SIDE,
    TOLERANCE_BPS,
    WITHDRAW,
    Floats,
    Ints,
)
from hftlib.market.agents.slots_kernel import best_lots, best_ticks, opposite, want, want_taken
from hftlib.market.layout import ASK, BID
from hftlib.market.orders import NO_PRICE

IDLE_S = 1.0
LOOK_S = 0.2
LOOKS = 25
CHILD_S = 1.5
SPOOF_TIMES = 12.0


@kernel
def act_as_spoofer(ints: Ints, floats: Floats, state: Ints, chance: int, book: int) -> float:
    """Show, watch or withdraw the large orders; return the seconds until the next look."""
    block = BOOK_INTS + book * BOOK_INTS_STRIDE
    own = BOOK_FLOATS + book * BOOK_FLOATS_STRIDE
    bid = best_ticks(state, BID)
    ask = best_ticks(state, ASK)
    wanted = floats[own + DIAL_SPOOF] > 0.0 and bid != NO_PRICE and ask != NO_PRICE
    if ints[block + SPOOF_LEFT] <= 0:
        if not wanted:
            return IDLE_S
        _show(ints, floats, chance, book, bid, ask)
        return exponential(ints, chance, LOOK_S)
    ints[block + SPOOF_LEFT] -= 1
    if not wanted or ints[block + SPOOF_LEFT] <= 0 or _is_near(ints, floats, book, bid, ask):
        for number in range(SPOOF_ORDERS):
            want(ints, WITHDRAW, book, number, BID, 0, 0, OWNER_SPOOFER)
        ints[block + SPOOF_LEFT] = 0
        ints[block + SPOOF_SIDE] = opposite(ints[block + SPOOF_SIDE])
        return exponential(ints, chance, IDLE_S)
    return exponential(ints, chance, LOOK_S)


@kernel
def _show(ints: Ints, floats: Floats, chance: int, book: int, bid: int, ask: int) -> None:
    """Rest large orders behind the best price, each a little farther."""
    block = BOOK_INTS + book * BOOK_INTS_STRIDE
    own = BOOK_FLOATS + book * BOOK_FLOATS_STRIDE
    side = ints[block + SPOOF_SIDE]
    step = max(2, int(ask * 1e-4 * 1.5 * floats[own + TOLERANCE_BPS]))
    for number in range(SPOOF_ORDERS):
        lots = int(SPOOF_TIMES * floats[own + QUOTE_LOTS] * (0.8 + 0.4 * uniform(ints, chance)))
        distance = (number + 2) * step
        ticks = max(1, bid - distance) if side == BID else ask + distance
        want(ints, SHOW, book, number, side, ticks, max(lots, 1), OWNER_SPOOFER)
    ints[block + SPOOF_LEFT] = LOOKS
    ints[block + SPOOF_FIRST_TICKS] = bid - 2 * step if side == BID else ask + 2 * step


@kernel
def _is_near(ints: Ints, floats: Floats, book: int, bid: int, ask: int) -> bool:
    """Say whether the best price has come half the way to the nearest large order."""
    block = BOOK_INTS + book * BOOK_INTS_STRIDE
    own = BOOK_FLOATS + book * BOOK_FLOATS_STRIDE
    step = max(2, int(ask * 1e-4 * 1.5 * floats[own + TOLERANCE_BPS]))
    if ints[block + SPOOF_SIDE] == BID:
        return bid - ints[block + SPOOF_FIRST_TICKS] < step  # type: ignore[no-any-return]
    return ints[block + SPOOF_FIRST_TICKS] - ask < step  # type: ignore[no-any-return]


@kernel
def act_as_worker(ints: Ints, floats: Floats, state: Ints, chance: int, book: int) -> float:
    """Send a child of the large order, if one is worked; return the seconds until the next."""
    block = BOOK_INTS + book * BOOK_INTS_STRIDE
    own = BOOK_FLOATS + book * BOOK_FLOATS_STRIDE
    units_per_second = floats[own + DIAL_WORKED]
    side = BID if units_per_second > 0.0 else ASK
    best = best_ticks(state, opposite(side))
    if units_per_second == 0.0 or best == NO_PRICE:
        return IDLE_S
    mean = abs(units_per_second) * CHILD_S * floats[own + LOTS_PER_UNIT]
    lots = int(log_normal(ints, chance, 0.73 * mean, 0.8))
    offered = best_lots(state, opposite(side))
    lots = max(ints[block + LEAST_LOTS], min(lots, offered))
    want_taken(ints, book, OWNER_WORKER, side, best, lots)
    return exponential(ints, chance, CHILD_S)
