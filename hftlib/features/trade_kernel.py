"""Features of trades: volume delta, flow over windows, VPIN, effective and realised spread."""

import math

from hftlib.core.compiled import kernel
from hftlib.features.layout import (
    BAR_NOTIONAL,
    BAR_SIGNED,
    BAR_VOLUME,
    BOUGHT,
    BUCKET_BOUGHT,
    BUCKET_HEAD,
    BUCKET_RING,
    BUCKET_SIZE,
    BUCKET_SOLD,
    BUCKETS,
    BUY_VOLUME,
    CALIBRATION,
    CALIBRATION_TRADES,
    CALIBRATION_VOLUME,
    COUNT_WINDOW,
    EFFECTIVE_HEAD,
    EFFECTIVE_RING,
    EFFECTIVE_SPREAD,
    FLOW_COUNT,
    FLOW_WINDOW_NS,
    FLOW_WINDOWS,
    HORIZON,
    IMPACT_RING,
    INVERSE,
    LAST_TRADE_PRICE,
    LAST_TRADE_SIZE,
    MID,
    MULTIPLIER,
    NEXT_DEADLINE,
    NEXT_EXPIRY,
    PENDING_CAPACITY,
    PENDING_DEADLINE,
    PENDING_FACTOR,
    PENDING_HEAD,
    PENDING_MID,
    PENDING_PRICE,
    PENDING_TAIL,
    PRICE_IMPACT,
    REALISED_HEAD,
    REALISED_RING,
    REALISED_SPREAD,
    REALISED_SPREAD_OVERFLOWS,
    SELL_VOLUME,
    SIGNED,
    SIZE_SCALE,
    SOLD,
    SPREAD_CAPACITY,
    TAIL,
    TRADE_CAPACITY,
    TRADE_COUNT,
    TRADE_FLOW_1S,
    TRADE_FLOW_100,
    TRADE_HEAD,
    TRADE_SIGNED,
    TRADE_TIME,
    TRADE_VOLUME_1S,
    TRADE_WINDOW_OVERFLOWS,
    TRADES_A_BUCKET,
    VOLUME,
    VOLUME_DELTA,
    VPIN,
    VPIN_BUCKET,
    WINDOWS,
)
from hftlib.features.quote_kernel import Floats, price_of

_TRADE_MASK = TRADE_CAPACITY - 1
_PENDING_MASK = PENDING_CAPACITY - 1


@kernel
def drop_oldest(floats: Floats, window: int) -> None:
    """Take the oldest trade out of one window's sums."""
    signed = floats[TRADE_SIGNED + (int(floats[window + TAIL]) & _TRADE_MASK)]
    floats[window + SIGNED] -= signed
    floats[window + VOLUME] -= abs(signed)
    floats[window + TAIL] += 1.0


@kernel
def flow_of(floats: Floats, window: int) -> float:
    """Return signed over total volume of one window, missing where it is empty."""
    if floats[window + VOLUME] > 0.0:
        return floats[window + SIGNED] / floats[window + VOLUME]  # type: ignore[no-any-return]
    return math.nan


@kernel
def measure_windows(floats: Floats) -> None:
    """Measure trade flow and volume of each time window, and when the next trade leaves one."""
    floats[NEXT_EXPIRY] = math.inf
    for number in range(FLOW_WINDOWS):
        window = WINDOWS + 3 * number
        floats[TRADE_FLOW_1S + number] = flow_of(floats, window)
        floats[TRADE_VOLUME_1S + number] = floats[window + VOLUME] / floats[SIZE_SCALE]
        if floats[window + TAIL] < floats[TRADE_HEAD]:
            oldest = floats[TRADE_TIME + (int(floats[window + TAIL]) & _TRADE_MASK)]
            floats[NEXT_EXPIRY] = min(floats[NEXT_EXPIRY], oldest + FLOW_WINDOW_NS[number])


@kernel
def expire_trades(floats: Floats, now: float) -> None:
    """Take the trades at or before now - window out of each time window."""
    for number in range(FLOW_WINDOWS):
        window = WINDOWS + 3 * number
        bound = now - FLOW_WINDOW_NS[number]
        while (
            floats[window + TAIL] < floats[TRADE_HEAD]
            and floats[TRADE_TIME + (int(floats[window + TAIL]) & _TRADE_MASK)] <= bound
        ):
            drop_oldest(floats, window)
    measure_windows(floats)


@kernel
def make_room(floats: Floats) -> None:
    """Push the oldest trade out of the ring; count it where a time window still held it."""
    oldest = floats[TRADE_HEAD] - TRADE_CAPACITY
    overflowed = False
    for number in range(FLOW_WINDOWS):
        if floats[WINDOWS + 3 * number + TAIL] <= oldest:
            drop_oldest(floats, WINDOWS + 3 * number)
            overflowed = True
    if overflowed:
        floats[TRADE_WINDOW_OVERFLOWS] += 1.0


@kernel
def push_trade(floats: Floats, signed: float, now: float) -> None:
    """Put a trade into the ring and into the windows' sums."""
    if floats[TRADE_HEAD] >= TRADE_CAPACITY:
        make_room(floats)
    if floats[TRADE_HEAD] - floats[COUNT_WINDOW + TAIL] >= FLOW_COUNT:
        drop_oldest(floats, COUNT_WINDOW)
    place = int(floats[TRADE_HEAD]) & _TRADE_MASK
    floats[TRADE_TIME + place] = now
    floats[TRADE_SIGNED + place] = signed
    floats[TRADE_HEAD] += 1.0
    for number in range(FLOW_WINDOWS + 1):
        window = WINDOWS + 3 * number
        floats[window + SIGNED] += signed
        floats[window + VOLUME] += abs(signed)
    floats[TRADE_FLOW_100] = flow_of(floats, COUNT_WINDOW)
    measure_windows(floats)


@kernel
def count_volume(floats: Floats, price: float, size: float, signed: float) -> None:
    """Add a trade to the running sums and to the bar under way."""
    if signed > 0.0:
        floats[BOUGHT] += signed
    else:
        floats[SOLD] -= signed
    floats[LAST_TRADE_PRICE] = price
    floats[LAST_TRADE_SIZE] = size
    floats[TRADE_COUNT] += 1.0
    floats[BUY_VOLUME] = floats[BOUGHT] / floats[SIZE_SCALE]
    floats[SELL_VOLUME] = floats[SOLD] / floats[SIZE_SCALE]
    floats[VOLUME_DELTA] = (floats[BOUGHT] - floats[SOLD]) / floats[SIZE_SCALE]
    floats[BAR_SIGNED] += signed
    floats[BAR_VOLUME] += abs(signed)
    value = size * floats[MULTIPLIER]
    floats[BAR_NOTIONAL] += value if floats[INVERSE] > 0.0 else value * price


@kernel
def close_bucket(floats: Floats) -> None:
    """Move the full bucket's absolute imbalance into the ring and measure VPIN."""
    place = int(floats[BUCKET_HEAD]) % BUCKETS
    floats[BUCKET_RING + place] = abs(floats[BUCKET_BOUGHT] - floats[BUCKET_SOLD])
    floats[BUCKET_BOUGHT] = 0.0
    floats[BUCKET_SOLD] = 0.0
    floats[BUCKET_HEAD] += 1.0
    if floats[BUCKET_HEAD] >= BUCKETS:
        total = 0.0
        for index in range(BUCKETS):
            total += floats[BUCKET_RING + index]
        floats[VPIN] = total / (BUCKETS * floats[BUCKET_SIZE])


@kernel
def fill_buckets(floats: Floats, signed: float) -> None:
    """Fill volume buckets with a trade, splitting it where it fills more than one.

    VPIN = Σ |V_buy - V_sell| / (n·V) over the last n = 50 full buckets (Easley, López de Prado,
    O'Hara 2012), with the true aggressor side instead of bulk classification.
    """
    size = floats[BUCKET_SIZE]
    rest = abs(signed)
    turns = 0
    while rest > 0.0:
        room = size - floats[BUCKET_BOUGHT] - floats[BUCKET_SOLD]
        if turns > BUCKETS and rest > 2.0 * size:
            rest -= size * math.floor(rest / size - 1.0)
        part = min(rest, room)
        if signed > 0.0:
            floats[BUCKET_BOUGHT] += part
        else:
            floats[BUCKET_SOLD] += part
        rest -= part
        if part >= room:
            close_bucket(floats)
            turns += 1


@kernel
def measure_toxicity(floats: Floats, signed: float) -> None:
    """Feed VPIN; the first trades only set its bucket's size where that was not given."""
    if floats[BUCKET_SIZE] > 0.0:
        fill_buckets(floats, signed)
        return
    floats[CALIBRATION_TRADES] += 1.0
    floats[CALIBRATION_VOLUME] += abs(signed)
    if floats[CALIBRATION_TRADES] >= CALIBRATION:
        average = floats[CALIBRATION_VOLUME] / CALIBRATION
        floats[BUCKET_SIZE] = max(1.0, math.floor(average * TRADES_A_BUCKET))
        floats[VPIN_BUCKET] = floats[BUCKET_SIZE] / floats[SIZE_SCALE]


@kernel
def mean_of(floats: Floats, ring: int, head: float) -> float:
    """Return the mean of a ring of the last hundred values, of `head` pushed so far."""
    count = int(min(head, float(SPREAD_CAPACITY)))
    total = 0.0
    for index in range(count):
        total += floats[ring + index]
    return total / count


@kernel
def settle_spreads(floats: Floats, now: float) -> None:
    """Measure the realised spread of the trades whose horizon `now` has reached.

    realised = 2·s·(P - M_t+5s) / M_t and impact = 2·s·(M_t+5s - M_t) / M_t (Huang, Stoll 1996),
    in bps; M_t+5s stands just before the first event at or after the horizon. A trade whose
    M_t+5s is missing leaves no value.
    """
    mid = floats[MID]
    tail = int(floats[PENDING_TAIL])
    head = int(floats[PENDING_HEAD])
    while tail < head and floats[PENDING_DEADLINE + (tail & _PENDING_MASK)] <= now:
        place = tail & _PENDING_MASK
        if not math.isnan(mid):
            factor = floats[PENDING_FACTOR + place]
            target = int(floats[REALISED_HEAD]) % SPREAD_CAPACITY
            floats[REALISED_RING + target] = factor * (floats[PENDING_PRICE + place] - mid)
            floats[IMPACT_RING + target] = factor * (mid - floats[PENDING_MID + place])
            floats[REALISED_HEAD] += 1.0
        tail += 1
    floats[PENDING_TAIL] = float(tail)
    floats[NEXT_DEADLINE] = math.inf
    if tail < head:
        floats[NEXT_DEADLINE] = floats[PENDING_DEADLINE + (tail & _PENDING_MASK)]
    if floats[REALISED_HEAD] > 0.0:
        floats[REALISED_SPREAD] = mean_of(floats, REALISED_RING, floats[REALISED_HEAD])
        floats[PRICE_IMPACT] = mean_of(floats, IMPACT_RING, floats[REALISED_HEAD])


@kernel
def measure_spread(floats: Floats, price: float, signed: float, now: float) -> None:
    """Measure the effective spread 2·s·(P - M) / M in bps, and put the trade up for settlement.

    Huang, Stoll (1996). A trade while the mid is missing leaves no value.
    """
    mid = floats[MID]
    if not mid > 0.0:
        return
    factor = math.copysign(2e4 / mid, signed)
    place = int(floats[EFFECTIVE_HEAD]) % SPREAD_CAPACITY
    floats[EFFECTIVE_RING + place] = factor * (price - mid)
    floats[EFFECTIVE_HEAD] += 1.0
    floats[EFFECTIVE_SPREAD] = mean_of(floats, EFFECTIVE_RING, floats[EFFECTIVE_HEAD])
    if floats[PENDING_HEAD] - floats[PENDING_TAIL] >= PENDING_CAPACITY:
        floats[REALISED_SPREAD_OVERFLOWS] += 1.0
        return
    place = int(floats[PENDING_HEAD]) & _PENDING_MASK
    floats[PENDING_DEADLINE + place] = now + HORIZON
    floats[PENDING_PRICE + place] = price
    floats[PENDING_MID + place] = mid
    floats[PENDING_FACTOR + place] = factor
    floats[PENDING_HEAD] += 1.0
    floats[NEXT_DEADLINE] = min(floats[NEXT_DEADLINE], now + HORIZON)


@kernel
def restart_trades(floats: Floats) -> None:
    """Forget the trades of the time windows and those up for settlement."""
    for number in range(FLOW_WINDOWS):
        window = WINDOWS + 3 * number
        floats[window + TAIL] = floats[TRADE_HEAD]
        floats[window + SIGNED] = 0.0
        floats[window + VOLUME] = 0.0
    floats[PENDING_TAIL] = floats[PENDING_HEAD]
    floats[NEXT_DEADLINE] = math.inf
    measure_windows(floats)


@kernel
def add_trade(floats: Floats, ticks: int, quanta: int, sign: int, now: float) -> None:
    """Measure every feature that a trade changes; `sign` is 1 for a buyer who took, else -1."""
    signed = float(sign) * float(quanta)
    price = price_of(floats, float(ticks))
    count_volume(floats, price, quanta / floats[SIZE_SCALE], signed)
    push_trade(floats, signed, now)
    measure_toxicity(floats, signed)
    measure_spread(floats, price, signed, now)
