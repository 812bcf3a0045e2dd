"""Features of the whole depth: size within bands, slope, and the cost of walking the book."""

import math

from hftlib.book.layout import (
    ASK_SIDE,
    ASK_TOP_COUNT,
    ASK_TOP_TICKS,
    BASE,
    BEST,
    BID_SIDE,
    BID_TOP_COUNT,
    BID_TOP_TICKS,
    CHUNK,
    CHUNKS,
    NO_KEY,
    SIGN,
    WINDOW_BITS,
    Ints,
)
from hftlib.book.overflow_kernel import chunk_at
from hftlib.book.window_kernel import next_key, size_near
from hftlib.core.compiled import kernel
from hftlib.features.layout import (
    ASK_DEPTH,
    ASK_SLOPE,
    BAND_BPS,
    BAND_IMBALANCE,
    BANDS,
    BID_DEPTH,
    BID_SLOPE,
    BUY_PRICE,
    COST_SIZE,
    COST_SIZES,
    SELL_COST,
    SELL_PRICE,
    SIZE_SCALE,
    SLOPE_BPS,
    WALK_BAND,
    WALK_COST,
    WALK_JOINT,
    WALK_LIMIT,
    WALK_SIZE,
    WALK_SQUARE,
    WALK_TARGET,
    WALK_VALUE,
)
from hftlib.features.quote_kernel import Floats, balance_of, price_of


@kernel
def forget_depth(floats: Floats) -> None:
    """Set every feature of the depth to missing."""
    for index in range(BID_DEPTH, SELL_COST + COST_SIZES):
        floats[index] = math.nan


@kernel
def pay(floats: Floats, ticks: float, quanta: float, middle: float, sign: float, at: int) -> None:
    """Measure the price and the cost of each size that this level completes.

    price = Σ p_i·q_i / N over the levels eaten; cost = ±(price - mid) / mid in bps. `at` is where
    the prices stand, the costs come COST_SIZES later; `sign` is 1 when buying, -1 when selling.
    """
    done = int(floats[WALK_COST])
    while done < COST_SIZES and floats[WALK_SIZE] + quanta >= floats[COST_SIZE + done]:
        needed = floats[COST_SIZE + done]
        value = floats[WALK_VALUE] + (needed - floats[WALK_SIZE]) * ticks
        floats[at + done] = price_of(floats, value / needed)
        floats[at + COST_SIZES + done] = sign * 1e4 * (value / needed - middle) / middle
        done += 1
    floats[WALK_COST] = float(done)
    floats[WALK_TARGET] = floats[COST_SIZE + done] if done < COST_SIZES else math.inf


@kernel
def pass_bands(floats: Floats, distance: float, depth_at: int, slope_at: int) -> None:
    """Measure each band, and the slope, that ends before a level `distance` bps from the mid."""
    band = int(floats[WALK_BAND])
    while band < BANDS and distance > BAND_BPS[band]:
        floats[depth_at + band] = floats[WALK_SIZE] / floats[SIZE_SCALE]
        if BAND_BPS[band] == SLOPE_BPS and floats[WALK_SQUARE] > 0.0:
            slope = floats[WALK_JOINT] / floats[WALK_SQUARE]
            floats[slope_at] = slope / floats[SIZE_SCALE]
        band += 1
    floats[WALK_BAND] = float(band)
    floats[WALK_LIMIT] = BAND_BPS[band] if band < BANDS else math.inf


@kernel
def take_level(floats: Floats, side: int, ticks: float, quanta: float, middle: float) -> bool:
    """Take one level of the walk in; False where nothing further is wanted."""
    sign = 1.0 if side == ASK_SIDE else -1.0
    distance = sign * 1e4 * (ticks - middle) / middle
    if distance > floats[WALK_LIMIT]:
        depth_at = ASK_DEPTH if side == ASK_SIDE else BID_DEPTH
        pass_bands(floats, distance, depth_at, ASK_SLOPE if side == ASK_SIDE else BID_SLOPE)
    if floats[WALK_SIZE] + quanta >= floats[WALK_TARGET]:
        pay(floats, ticks, quanta, middle, sign, BUY_PRICE if side == ASK_SIDE else SELL_PRICE)
    floats[WALK_SIZE] += quanta
    floats[WALK_VALUE] += quanta * ticks
    floats[WALK_JOINT] += distance * floats[WALK_SIZE]
    floats[WALK_SQUARE] += distance * distance
    return bool(floats[WALK_BAND] < BANDS or floats[WALK_COST] < COST_SIZES)


@kernel
def walk_window(ints: Ints, floats: Floats, side: int, middle: float) -> bool:
    """Walk through the levels of the book's window; False where nothing further is wanted."""
    end = ints[side + BASE] + (1 << ints[WINDOW_BITS])
    key = ints[side + BEST]
    while key != NO_KEY:
        ticks = float(ints[side + SIGN] * key)
        if not take_level(floats, side, ticks, float(size_near(ints, side, key)), middle):
            return False
        key = next_key(ints, side, key + 1) if key + 1 < end else NO_KEY
    return True


@kernel
def walk_overflow(ints: Ints, floats: Floats, side: int, middle: float) -> None:
    """Walk through the levels beyond the window until nothing further is wanted."""
    for position in range(ints[side + CHUNKS]):
        chunk = chunk_at(ints, side, position)
        for place in range(ints[chunk]):
            ticks = float(ints[side + SIGN] * ints[chunk + 1 + place])
            quanta = float(ints[chunk + 1 + CHUNK + place])
            if not take_level(floats, side, ticks, quanta, middle):
                return


@kernel
def walk_side(ints: Ints, floats: Floats, side: int, middle: float) -> None:
    """Measure the bands, the slope and the costs of one side, best level first."""
    for index in range(WALK_SIZE, WALK_SQUARE + 1):
        floats[index] = 0.0
    floats[WALK_LIMIT] = BAND_BPS[0]
    floats[WALK_TARGET] = floats[COST_SIZE]
    if walk_window(ints, floats, side, middle):
        walk_overflow(ints, floats, side, middle)


@kernel
def walk_book(ints: Ints, floats: Floats) -> None:
    """Measure every feature of the depth; all are missing where a side is empty.

    A band that the book held does not reach beyond, and a size that it cannot fill, are missing.
    """
    forget_depth(floats)
    middle = 0.5 * (ints[BID_TOP_TICKS] + ints[ASK_TOP_TICKS])
    if ints[BID_TOP_COUNT] == 0 or ints[ASK_TOP_COUNT] == 0 or middle <= 0.0:
        return
    walk_side(ints, floats, BID_SIDE, middle)
    walk_side(ints, floats, ASK_SIDE, middle)
    for band in range(BANDS):
        bid = floats[BID_DEPTH + band]
        floats[BAND_IMBALANCE + band] = balance_of(bid, floats[ASK_DEPTH + band])
