"""Takers: large parents split into children, the informed, and those who follow the trend.

The signs of market orders have long memory because large orders are split (Lillo, Mike and Farmer
2005): parents' lengths are Pareto, a few are worked at once, each order is a child of one of them.
Children rarely take more than the best price offers (Farmer et al. 2004). Orders excite each other
(Hawkes 1971; Bacry, Mastromatteo and Muzy 2015). The informed see the value without delay and take
when it has left the best prices behind (Kyle 1985). A new parent follows the trend a little.
"""

from hftlib.core.compiled import kernel
from hftlib.market.agents.chance_kernel import (
    below,
    exponential,
    exponential_of,
    log_normal,
    pareto,
    uniform,
)
from hftlib.market.agents.layout import (
    BOOK_FLOATS,
    BOOK_FLOATS_STRIDE,
    BOOK_INTS,
    BOOK_INTS_STRIDE,
    CHILD_SPREAD,
    DIAL_LEAN,
    DIAL_TAKERS,
    EXCITED_SECONDS,
    EXCITEMENT,
    HEAT,
    INFORMED_SHARE,
    LEAST_LOTS,
    MOMENTUM,
    NOW,
    OWNER_INFORMED,
    OWNER_NOISE,
    PARENT_LEFT,
    PARENT_LOTS,
    PARENT_SIDE,
    PARENT_TAIL,
    PARENTS_AT_WORK,
    SECOND_NS,
    TAKEN_NS,
    TAKER_BOUND,
    TAKER_LOTS,
    TAKER_SPREAD,
    TAKERS_PER_SECOND,
    TOLERANCE_BPS,
    TREND,
    TREND_MID,
    TREND_NS,
    Floats,
    Ints,
)
from hftlib.market.agents.maker_kernel import fair_ticks
from hftlib.market.agents.slots_kernel import best_lots, best_ticks, opposite, want_taken
from hftlib.market.layout import ASK, BID
from hftlib.market.orders import NO_PRICE

TREND_SECONDS = 60.0
MOST_CHILDREN = 100.0
FIRST_SHARE = 0.7
PATIENT_SHARE = 0.8
SLIP_BPS = 3.0
MOST_TAKERS = 3_000.0


@kernel
def act_as_takers(ints: Ints, floats: Floats, state: Ints, chance: int, book: int) -> float:
    """Send one order that takes, or only look; return the seconds until the next look.

    Orders come at the rate of a Hawkes process, drawn by Ogata's (1981) thinning.
    """
    block = BOOK_INTS + book * BOOK_INTS_STRIDE
    own = BOOK_FLOATS + book * BOOK_FLOATS_STRIDE
    passed_s = (ints[NOW] - ints[block + TAKEN_NS]) / SECOND_NS
    ints[block + TAKEN_NS] = ints[NOW]
    excited_s = floats[own + EXCITED_SECONDS]
    heat = floats[own + HEAT] * exponential_of(-min(passed_s / excited_s, 100.0))
    calm = floats[own + TAKERS_PER_SECOND] * (1.0 - floats[own + EXCITEMENT])
    calm *= floats[own + DIAL_TAKERS]
    bid = best_ticks(state, BID)
    ask = best_ticks(state, ASK)
    accepted = uniform(ints, chance) * floats[own + TAKER_BOUND] < calm + heat
    if accepted and bid != NO_PRICE and ask != NO_PRICE:
        _follow_trend(ints, floats, book, 0.5 * (bid + ask))
        _send(ints, floats, state, chance, book, bid, ask)
        heat += floats[own + EXCITEMENT] / excited_s
    floats[own + HEAT] = heat
    floats[own + TAKER_BOUND] = calm + heat
    return exponential(ints, chance, 1.0 / (calm + heat))


@kernel
def _follow_trend(ints: Ints, floats: Floats, book: int, mid: float) -> None:
    """Measure how far the mid stands above its average of the last minute, in bps."""
    block = BOOK_INTS + book * BOOK_INTS_STRIDE
    own = BOOK_FLOATS + book * BOOK_FLOATS_STRIDE
    pull = 1.0
    if floats[own + TREND_MID] > 0.0:
        pull = min(1.0, (ints[NOW] - ints[block + TREND_NS]) / (SECOND_NS * TREND_SECONDS))
    ints[block + TREND_NS] = ints[NOW]
    floats[own + TREND_MID] += pull * (mid - floats[own + TREND_MID])
    floats[own + TREND] = 1e4 * (mid / floats[own + TREND_MID] - 1.0)


@kernel
def _send(
    ints: Ints, floats: Floats, state: Ints, chance: int, book: int, bid: int, ask: int
) -> None:
    """Send an order of the informed when they have something to gain, else a parent's child."""
    own = BOOK_FLOATS + book * BOOK_FLOATS_STRIDE
    if uniform(ints, chance) < floats[own + INFORMED_SHARE]:
        worth = fair_ticks(ints, floats, book, 0.0)
        edge = max(0.5, 2e-4 * floats[own + TOLERANCE_BPS] * worth)
        lots = log_normal(ints, chance, 2.0 * floats[own + TAKER_LOTS], floats[own + CHILD_SPREAD])
        if worth > ask + edge:
            _take_some(ints, floats, state, chance, book, OWNER_INFORMED, BID, ask, lots)
            return
        if worth < bid - edge:
            _take_some(ints, floats, state, chance, book, OWNER_INFORMED, ASK, bid, lots)
            return
    parent = 0 if uniform(ints, chance) < FIRST_SHARE else below(ints, chance, PARENTS_AT_WORK)
    side = _child_side(ints, floats, chance, book, parent)
    lots = log_normal(ints, chance, floats[own + PARENT_LOTS + parent], floats[own + CHILD_SPREAD])
    _take_some(
        ints, floats, state, chance, book, OWNER_NOISE, side, ask if side == BID else bid, lots
    )


@kernel
def _child_side(ints: Ints, floats: Floats, chance: int, book: int, parent: int) -> int:
    """Return the side of a parent's next child; a parent that is done makes room for a new one."""
    block = BOOK_INTS + book * BOOK_INTS_STRIDE
    own = BOOK_FLOATS + book * BOOK_FLOATS_STRIDE
    if ints[block + PARENT_LEFT + parent] <= 0:
        trend = max(-1.0, min(1.0, 0.1 * floats[own + TREND]))
        buys = 0.5 + floats[own + MOMENTUM] * trend
        ints[block + PARENT_SIDE + parent] = BID if uniform(ints, chance) < buys else ASK
        length = min(MOST_CHILDREN, pareto(ints, chance, 1.0, floats[own + PARENT_TAIL]))
        ints[block + PARENT_LEFT + parent] = int(length)
        floats[own + PARENT_LOTS + parent] = log_normal(
            ints, chance, floats[own + TAKER_LOTS], floats[own + TAKER_SPREAD]
        )
    ints[block + PARENT_LEFT + parent] -= 1
    lean = floats[own + DIAL_LEAN]
    if uniform(ints, chance) < abs(lean):
        return BID if lean > 0.0 else ASK
    return ints[block + PARENT_SIDE + parent]  # type: ignore[no-any-return]


@kernel
def _take_some(
    ints: Ints,
    floats: Floats,
    state: Ints,
    chance: int,
    book: int,
    owner: int,
    side: int,
    best: int,
    lots: float,
) -> None:
    """Take at the best price, seldom more than it offers, and never far beyond it."""
    block = BOOK_INTS + book * BOOK_INTS_STRIDE
    own = BOOK_FLOATS + book * BOOK_FLOATS_STRIDE
    limit = best
    offered = best_lots(state, opposite(side))
    if lots > offered and uniform(ints, chance) >= PATIENT_SHARE:
        slip = max(1, int(best * 1e-4 * SLIP_BPS))
        limit = best + slip if side == BID else max(1, best - slip)
    most = MOST_TAKERS * floats[own + TAKER_LOTS]
    lots = max(float(ints[block + LEAST_LOTS]), min(lots, most))
    want_taken(ints, book, owner, side, limit, int(lots))
