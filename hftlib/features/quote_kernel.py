"""Features of the top of the book: prices, spread, imbalance and order flow from frame to frame."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hftlib.book.layout import (
    ASK_TOP_COUNT,
    ASK_TOP_QUANTA,
    ASK_TOP_TICKS,
    BID_TOP_COUNT,
    BID_TOP_QUANTA,
    BID_TOP_TICKS,
    TOP_DEPTH,
    Ints,
)
from hftlib.core.compiled import kernel
from hftlib.features.layout import (
    BAR_REMOVED,
    BEST_ASK_PRICE,
    BEST_ASK_SIZE,
    BEST_BID_PRICE,
    BEST_BID_SIZE,
    HAS_PREVIOUS,
    IMBALANCE_1,
    IMBALANCE_5,
    IMBALANCE_10,
    IMBALANCE_20,
    MID,
    OFI_1,
    OFI_10,
    OFI_LEVELS,
    OFI_RESTARTS,
    OFI_SUMS,
    PREVIOUS_ASK_QUANTA,
    PREVIOUS_ASK_TICKS,
    PREVIOUS_BID_QUANTA,
    PREVIOUS_BID_TICKS,
    PRICE_SCALE,
    SIZE_SCALE,
    SPREAD,
    SPREAD_BPS,
    SPREAD_TICKS,
    TICK_UNITS,
    WEIGHTED_MID,
)

Floats = NDArray[np.float64]
"""The flat array of a measurer."""

_MISSING: Final = math.nan
_NO_PRICE: Final = -math.inf


@kernel
def price_of(floats: Floats, ticks: float) -> float:
    """Return ticks as a price in quote units, the float nearest to its decimal text."""
    return ticks * floats[TICK_UNITS] / floats[PRICE_SCALE]  # type: ignore[no-any-return]


@kernel
def balance_of(plus: float, minus: float) -> float:
    """Return (plus - minus) / (plus + minus), missing where both are zero."""
    total = plus + minus
    if total > 0.0:
        return (plus - minus) / total
    return _MISSING


@kernel
def sum_of(ints: Ints, first: int, count: int, low: int, high: int) -> float:
    """Return the sum of the values low..high-1, of `count` that stand from `first` on."""
    total = 0.0
    for index in range(low, min(high, count)):
        total += ints[first + index]
    return total


@kernel
def measure_imbalance(ints: Ints, floats: Floats, bids: int, asks: int) -> None:
    """Measure (Qb - Qa) / (Qb + Qa) over the first 1, 5, 10 and 20 levels of both sides."""
    bid = float(ints[BID_TOP_QUANTA])
    ask = float(ints[ASK_TOP_QUANTA])
    floats[IMBALANCE_1] = balance_of(bid, ask)
    bid += sum_of(ints, BID_TOP_QUANTA, bids, 1, 5)
    ask += sum_of(ints, ASK_TOP_QUANTA, asks, 1, 5)
    floats[IMBALANCE_5] = balance_of(bid, ask)
    bid += sum_of(ints, BID_TOP_QUANTA, bids, 5, 10)
    ask += sum_of(ints, ASK_TOP_QUANTA, asks, 5, 10)
    floats[IMBALANCE_10] = balance_of(bid, ask)
    bid += sum_of(ints, BID_TOP_QUANTA, bids, 10, 20)
    ask += sum_of(ints, ASK_TOP_QUANTA, asks, 10, 20)
    floats[IMBALANCE_20] = balance_of(bid, ask)


@kernel
def measure_best(ints: Ints, floats: Floats, count: int, ticks_at: int, price_at: int) -> None:
    """Measure best price and size of one side; both are missing where the side is empty."""
    if count == 0:
        floats[price_at] = _MISSING
        floats[price_at + 1] = _MISSING
        return
    floats[price_at] = price_of(floats, float(ints[ticks_at]))
    floats[price_at + 1] = ints[ticks_at + TOP_DEPTH] / floats[SIZE_SCALE]


@kernel
def forget_quotes(floats: Floats) -> None:
    """Set every feature of the top of the book to missing."""
    for index in range(BEST_BID_PRICE, IMBALANCE_20 + 1):
        floats[index] = _MISSING


@kernel
def measure_quotes(ints: Ints, floats: Floats) -> None:
    """Measure best prices, mid, spread, weighted mid and imbalance.

    mid = (b + a) / 2; spread_bps = 10⁴ (a - b) / mid; weighted mid = b + (a - b)·qb / (qb + qa).
    """
    bids = ints[BID_TOP_COUNT]
    asks = ints[ASK_TOP_COUNT]
    if bids == 0 or asks == 0:
        forget_quotes(floats)
        measure_best(ints, floats, bids, BID_TOP_TICKS, BEST_BID_PRICE)
        measure_best(ints, floats, asks, ASK_TOP_TICKS, BEST_ASK_PRICE)
        return
    measure_best(ints, floats, bids, BID_TOP_TICKS, BEST_BID_PRICE)
    measure_best(ints, floats, asks, ASK_TOP_TICKS, BEST_ASK_PRICE)
    bid = float(ints[BID_TOP_TICKS])
    ask = float(ints[ASK_TOP_TICKS])
    share = floats[BEST_BID_SIZE] / (floats[BEST_BID_SIZE] + floats[BEST_ASK_SIZE])
    floats[MID] = price_of(floats, 0.5 * (bid + ask))
    floats[SPREAD] = price_of(floats, ask - bid)
    floats[SPREAD_TICKS] = ask - bid
    floats[SPREAD_BPS] = 2e4 * (ask - bid) / (ask + bid) if ask + bid > 0.0 else _MISSING
    floats[WEIGHTED_MID] = price_of(floats, bid + (ask - bid) * share)
    measure_imbalance(ints, floats, bids, asks)


@kernel
def compare_side(
    ints: Ints,
    floats: Floats,
    count: int,
    ticks_at: int,
    before_ticks: int,
    before_quanta: int,
    sign: float,
    counted: float,
) -> None:
    """Add each level's change of one side to its sum of order flow, and remember the level.

    Prices are taken times `sign` (1 bids, -1 asks), so that the better price is the greater one;
    a level that is not there has the worst price and no size. `counted` is 0 where there is
    nothing to compare with.
    """
    quanta_at = ticks_at + TOP_DEPTH
    for level in range(OFI_LEVELS):
        price = _NO_PRICE
        size = 0.0
        if level < count:
            price = sign * ints[ticks_at + level]
            size = float(ints[quanta_at + level])
        before = floats[before_ticks + level]
        change = 0.0
        if price >= before:
            change = size
        if price <= before:
            change -= floats[before_quanta + level]
        floats[before_ticks + level] = price
        floats[before_quanta + level] = size
        floats[OFI_SUMS + level] += sign * counted * change
        if level == 0 and change < 0.0:
            floats[BAR_REMOVED] -= counted * change


@kernel
def measure_flow(ints: Ints, floats: Floats) -> None:
    """Measure order-flow imbalance since the frame before, per level and summed over ten.

    e_m = W_m - V_m, where W_m (bids) is q_t when the m-th price rose, q_t - q_t-1 when it stayed
    and -q_t-1 when it fell, V_m its mirror for asks (Cont, Kukanov, Stoikov 2014 for m = 1; Xu,
    Gould, Howison 2018 for m > 1). Sums are kept in quanta, features are in base units.
    """
    counted = floats[HAS_PREVIOUS]
    floats[HAS_PREVIOUS] = 1.0
    compare_side(
        ints,
        floats,
        ints[BID_TOP_COUNT],
        BID_TOP_TICKS,
        PREVIOUS_BID_TICKS,
        PREVIOUS_BID_QUANTA,
        1.0,
        counted,
    )
    compare_side(
        ints,
        floats,
        ints[ASK_TOP_COUNT],
        ASK_TOP_TICKS,
        PREVIOUS_ASK_TICKS,
        PREVIOUS_ASK_QUANTA,
        -1.0,
        counted,
    )
    total = 0.0
    for level in range(OFI_LEVELS):
        total += floats[OFI_SUMS + level]
        floats[OFI_1 + level] = floats[OFI_SUMS + level] / floats[SIZE_SCALE]
    floats[OFI_10] = total / floats[SIZE_SCALE]


@kernel
def restart_flow(floats: Floats) -> None:
    """Let the next frame be a first one: its difference to the last is no order flow."""
    if floats[HAS_PREVIOUS] > 0.0:
        floats[OFI_RESTARTS] += 1.0
    floats[HAS_PREVIOUS] = 0.0
