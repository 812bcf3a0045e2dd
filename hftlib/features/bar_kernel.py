"""Features of bars of one second of event time: volatility, price impact, cancels.

A bar's mid is the one that stands just before the first event at or after the bar's end. Bars
without events carry the mid on; a mid that is missing makes the bar's return missing.
"""

import math

from hftlib.core.compiled import kernel
from hftlib.features.layout import (
    AMIHUD,
    BAR_CAPACITY,
    BAR_CHANGE,
    BAR_HEAD,
    BAR_MID,
    BAR_NOTIONAL,
    BAR_NOTIONAL_RING,
    BAR_REMOVED,
    BAR_REMOVED_RING,
    BAR_RETURN,
    BAR_SIGNED,
    BAR_SIGNED_RING,
    BAR_VOLUME,
    BAR_VOLUME_RING,
    BARS_HELD,
    BIPOWER_VOLATILITY,
    CANCEL_TO_TRADE,
    JUMP_SHARE,
    KYLE_LAMBDA,
    MID,
    MINIMUM_BARS,
    NEXT_BAR,
    REALISED_VOLATILITY,
    SECOND,
    SIZE_SCALE,
    WINDOW_BARS,
)
from hftlib.features.quote_kernel import Floats


@kernel
def push_bar(floats: Floats) -> None:
    """Move the bar under way into the ring and begin the next one."""
    place = int(floats[BAR_HEAD]) & (BAR_CAPACITY - 1)
    mid = floats[MID]
    before = floats[BAR_MID]
    gain = math.nan
    if mid > 0.0 and before > 0.0:
        gain = math.log(mid / before)
    floats[BAR_RETURN + place] = gain
    floats[BAR_CHANGE + place] = mid - before
    floats[BAR_SIGNED_RING + place] = floats[BAR_SIGNED]
    floats[BAR_VOLUME_RING + place] = floats[BAR_VOLUME]
    floats[BAR_NOTIONAL_RING + place] = floats[BAR_NOTIONAL]
    floats[BAR_REMOVED_RING + place] = floats[BAR_REMOVED]
    floats[BAR_SIGNED] = 0.0
    floats[BAR_VOLUME] = 0.0
    floats[BAR_NOTIONAL] = 0.0
    floats[BAR_REMOVED] = 0.0
    floats[BAR_MID] = mid
    floats[BAR_HEAD] += 1.0


@kernel
def place_of(floats: Floats, index: int, held: int) -> int:
    """Return the ring's place of bar `index` of the last `held`, oldest first."""
    return (int(floats[BAR_HEAD]) - held + index) & (BAR_CAPACITY - 1)


@kernel
def measure_volatility(floats: Floats, held: int) -> None:
    """Measure realised and bipower volatility over the bars, and the share of jumps.

    RV = Σ r²; BV = π/2 · Σ |r_i|·|r_i-1| (Barndorff-Nielsen, Shephard 2004); both as 10⁴·√, the
    share as max(0, 1 - BV / RV). Missing under ten returns.
    """
    squares = 0.0
    products = 0.0
    seen = 0
    before = math.nan
    for index in range(held):
        gain = abs(floats[BAR_RETURN + place_of(floats, index, held)])
        if not math.isnan(gain):
            seen += 1
            squares += gain * gain
            if not math.isnan(before):
                products += gain * before
        before = gain
    products *= 0.5 * math.pi
    enough = seen >= MINIMUM_BARS
    floats[REALISED_VOLATILITY] = 1e4 * math.sqrt(squares) if enough else math.nan
    floats[BIPOWER_VOLATILITY] = 1e4 * math.sqrt(products) if enough else math.nan
    floats[JUMP_SHARE] = math.nan
    if enough and squares > 0.0:
        floats[JUMP_SHARE] = max(0.0, 1.0 - products / squares)


@kernel
def measure_lambda(floats: Floats, held: int) -> None:
    """Measure Kyle's lambda: the slope of mid changes on signed volume, with intercept.

    ΔM_k = α + λ·q_k + u_k over the bars (Kyle 1985), in quote units per base unit. Missing under
    ten bars with a change or where the signed volume never varies.
    """
    count = 0.0
    mean_flow = 0.0
    mean_change = 0.0
    joint = 0.0
    square = 0.0
    for index in range(held):
        place = place_of(floats, index, held)
        change = floats[BAR_CHANGE + place]
        if not math.isnan(change):
            count += 1.0
            off = floats[BAR_SIGNED_RING + place] - mean_flow
            mean_flow += off / count
            mean_change += (change - mean_change) / count
            square += off * (floats[BAR_SIGNED_RING + place] - mean_flow)
            joint += off * (change - mean_change)
    floats[KYLE_LAMBDA] = math.nan
    if count >= MINIMUM_BARS and square > 0.0:
        floats[KYLE_LAMBDA] = joint / square * floats[SIZE_SCALE]


@kernel
def measure_illiquidity(floats: Floats, held: int) -> None:
    """Measure Amihud's illiquidity over the bars that traded.

    mean of |r_k| / value_k (Amihud 2002), in bps per million quote units. Missing under ten bars
    that have a return and a trade.
    """
    total = 0.0
    count = 0
    for index in range(held):
        place = place_of(floats, index, held)
        gain = abs(floats[BAR_RETURN + place])
        value = floats[BAR_NOTIONAL_RING + place]
        if value > 0.0 and not math.isnan(gain):
            total += gain / value
            count += 1
    floats[AMIHUD] = 1e10 * total / count if count >= MINIMUM_BARS else math.nan


@kernel
def measure_cancels(floats: Floats, held: int) -> None:
    """Measure the cancel-to-trade ratio at the best prices over the bars.

    (removed - traded) / traded, at least 0: `removed` is what left the best queues from frame to
    frame, the sum of C and M in Cont, Kukanov, Stoikov (2014). Missing where nothing traded.
    """
    removed = 0.0
    traded = 0.0
    for index in range(held):
        place = place_of(floats, index, held)
        removed += floats[BAR_REMOVED_RING + place]
        traded += floats[BAR_VOLUME_RING + place]
    floats[CANCEL_TO_TRADE] = math.nan
    if traded > 0.0:
        floats[CANCEL_TO_TRADE] = max(0.0, removed - traded) / traded


@kernel
def measure_bars(floats: Floats) -> None:
    """Measure every feature of the last bars: at most as many as the window, and those held."""
    held = int(min(floats[WINDOW_BARS], floats[BAR_HEAD]))
    floats[BARS_HELD] = float(held)
    measure_volatility(floats, held)
    measure_lambda(floats, held)
    measure_illiquidity(floats, held)
    measure_cancels(floats, held)


@kernel
def close_bars(floats: Floats, now: float) -> None:
    """Close every bar whose end `now` has reached, and measure once."""
    passed = math.floor((now - floats[NEXT_BAR]) / SECOND) + 1
    floats[NEXT_BAR] += float(passed * SECOND)
    for _ in range(min(passed, BAR_CAPACITY + 1)):
        push_bar(floats)
    measure_bars(floats)


@kernel
def restart_bars(floats: Floats, now: float) -> None:
    """Forget the bars and begin one that ends at the next whole second after `now`."""
    floats[BAR_HEAD] = 0.0
    floats[BAR_MID] = math.nan
    floats[BAR_SIGNED] = 0.0
    floats[BAR_VOLUME] = 0.0
    floats[BAR_NOTIONAL] = 0.0
    floats[BAR_REMOVED] = 0.0
    floats[NEXT_BAR] = float((math.floor(now / SECOND) + 1) * SECOND)
    measure_bars(floats)
