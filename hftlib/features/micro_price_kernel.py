"""Micro-price of Stoikov (2018), estimated while the frames go by.

Stoikov, "The micro-price: a high-frequency estimator of future prices", Quantitative Finance
18(12), 2018. A frame's state is its imbalance I = qb / (qb + qa) in ten classes and its spread of
1, 2, or 3 and more ticks. From state to state either the mid stays (Q) or it moves (T, with mean
move R1). G1 = (I - Q)⁻¹ R1, B = (I - Q)⁻¹ T, G* = Σ B^k G1, micro-price = mid + G*. Every
transition counts together with its mirror image (imbalance 1 - I, move -dM), which makes the sum
converge. The paper drops moves and spreads that are too great; here every move counts, and great
spreads share a class.
"""

import math

from hftlib.book.layout import (
    ASK_TOP_COUNT,
    ASK_TOP_QUANTA,
    ASK_TOP_TICKS,
    BID_TOP_COUNT,
    BID_TOP_QUANTA,
    BID_TOP_TICKS,
    Ints,
)
from hftlib.core.compiled import kernel
from hftlib.features.layout import (
    ESTIMATE_EVERY,
    IMBALANCE_STATES,
    MICRO_FIXED,
    MICRO_MID,
    MICRO_MOVE,
    MICRO_MOVES,
    MICRO_PRICE,
    MICRO_READY,
    MICRO_SHIFT,
    MICRO_STATE,
    MICRO_STAY,
    MICRO_SUM,
    MICRO_TABLE,
    MICRO_TERM,
    MICRO_TERMS,
    MICRO_TOLERANCE,
    MICRO_TOTAL,
    MICRO_WAIT,
    MICRO_WORK,
    MINIMUM_MOVES,
    SPREAD_STATES,
    STATES,
)
from hftlib.features.quote_kernel import Floats, price_of


@kernel
def micro_state(spread_ticks: int, bid_quanta: float, ask_quanta: float) -> int:
    """Return the state of a quote: its spread's class times ten plus its imbalance's class."""
    imbalance = int(IMBALANCE_STATES * bid_quanta / (bid_quanta + ask_quanta))
    imbalance = min(imbalance, IMBALANCE_STATES - 1)
    spread = min(max(spread_ticks, 1), SPREAD_STATES) - 1
    return spread * IMBALANCE_STATES + imbalance


@kernel
def mirror_of(state: int) -> int:
    """Return the state of the same spread with bids and asks exchanged."""
    imbalance = state % IMBALANCE_STATES
    return state - imbalance + IMBALANCE_STATES - 1 - imbalance


@kernel
def count_step(floats: Floats, before: int, after: int, move: float) -> None:
    """Count one transition and its mirror image; `move` is that of bid + ask, in ticks."""
    there = mirror_of(before)
    block = MICRO_STAY if move == 0.0 else MICRO_MOVE
    floats[block + before * STATES + after] += 1.0
    floats[block + there * STATES + mirror_of(after)] += 1.0
    floats[MICRO_SHIFT + before] += 0.5 * move
    floats[MICRO_SHIFT + there] -= 0.5 * move
    if move != 0.0:
        floats[MICRO_MOVES] += 1.0


@kernel
def prepare_estimate(floats: Floats) -> None:
    """Fill the working matrix with I - Q, the totals of the rows, and R1 as right-hand side."""
    for row in range(STATES):
        total = 0.0
        for column in range(STATES):
            at = row * STATES + column
            total += floats[MICRO_STAY + at] + floats[MICRO_MOVE + at]
        floats[MICRO_TOTAL + row] = total
        weight = 1.0 / total if total > 0.0 else 0.0
        for column in range(STATES):
            at = row * STATES + column
            floats[MICRO_WORK + at] = -weight * floats[MICRO_STAY + at]
        floats[MICRO_WORK + row * STATES + row] += 1.0
        floats[MICRO_TERM + row] = weight * floats[MICRO_SHIFT + row]


@kernel
def factorise(floats: Floats) -> bool:
    """Factorise I - Q in place without pivoting; False where some states never see a move.

    I - Q is weakly diagonally dominant by rows, which keeps elimination without pivots stable.
    """
    for step in range(STATES):
        pivot = floats[MICRO_WORK + step * STATES + step]
        if pivot < 1e-9:
            return False
        for row in range(step + 1, STATES):
            start = MICRO_WORK + row * STATES
            factor = floats[start + step] / pivot
            if factor != 0.0:
                floats[start + step] = factor
                for column in range(step + 1, STATES):
                    floats[start + column] -= factor * floats[MICRO_WORK + step * STATES + column]
    return True


@kernel
def solve_term(floats: Floats) -> float:
    """Turn the right-hand side into (I - Q)⁻¹ times itself; return its greatest magnitude."""
    for row in range(STATES):
        for column in range(row):
            floats[MICRO_TERM + row] -= (
                floats[MICRO_WORK + row * STATES + column] * floats[MICRO_TERM + column]
            )
    greatest = 0.0
    for row in range(STATES - 1, -1, -1):
        start = MICRO_WORK + row * STATES
        value = floats[MICRO_TERM + row]
        for column in range(row + 1, STATES):
            value -= floats[start + column] * floats[MICRO_TERM + column]
        value /= floats[start + row]
        floats[MICRO_TERM + row] = value
        greatest = max(greatest, abs(value))
    return greatest


@kernel
def add_term(floats: Floats) -> None:
    """Add the term to the sum and leave T times the term as the next right-hand side."""
    for row in range(STATES):
        floats[MICRO_SUM + row] += floats[MICRO_TERM + row]
    for row in range(STATES):
        value = 0.0
        if floats[MICRO_TOTAL + row] > 0.0:
            for column in range(STATES):
                value += floats[MICRO_MOVE + row * STATES + column] * floats[MICRO_TERM + column]
            value /= floats[MICRO_TOTAL + row]
        floats[MICRO_TABLE + row] = value
    for row in range(STATES):
        floats[MICRO_TERM + row] = floats[MICRO_TABLE + row]


@kernel
def estimate_micro_price(floats: Floats) -> None:
    """Estimate the table G* in ticks from the counts so far; states never seen stay missing."""
    floats[MICRO_READY] = 0.0
    prepare_estimate(floats)
    if not factorise(floats):
        return
    for row in range(STATES):
        floats[MICRO_SUM + row] = 0.0
    terms = 0
    greatest = math.inf
    while greatest > MICRO_TOLERANCE and terms < MICRO_TERMS:
        greatest = solve_term(floats)
        add_term(floats)
        terms += 1
    for row in range(STATES):
        seen = floats[MICRO_TOTAL + row] > 0.0
        floats[MICRO_TABLE + row] = floats[MICRO_SUM + row] if seen else math.nan
    floats[MICRO_READY] = 1.0


@kernel
def forget_micro_state(floats: Floats) -> None:
    """Let the next frame be a first one, and the micro-price be missing until then."""
    floats[MICRO_STATE] = -1.0
    floats[MICRO_PRICE] = math.nan


@kernel
def measure_micro_price(ints: Ints, floats: Floats) -> None:
    """Count the transition into this frame and measure mid + G*(imbalance, spread)."""
    if ints[BID_TOP_COUNT] == 0 or ints[ASK_TOP_COUNT] == 0:
        forget_micro_state(floats)
        return
    middle = float(ints[BID_TOP_TICKS] + ints[ASK_TOP_TICKS])
    state = micro_state(
        ints[ASK_TOP_TICKS] - ints[BID_TOP_TICKS],
        float(ints[BID_TOP_QUANTA]),
        float(ints[ASK_TOP_QUANTA]),
    )
    if floats[MICRO_FIXED] == 0.0 and floats[MICRO_STATE] >= 0.0:
        count_step(floats, int(floats[MICRO_STATE]), state, middle - floats[MICRO_MID])
        floats[MICRO_WAIT] += 1.0
        if floats[MICRO_WAIT] >= ESTIMATE_EVERY and floats[MICRO_MOVES] >= MINIMUM_MOVES:
            floats[MICRO_WAIT] = 0.0
            estimate_micro_price(floats)
    floats[MICRO_STATE] = float(state)
    floats[MICRO_MID] = middle
    floats[MICRO_PRICE] = math.nan
    if floats[MICRO_READY] > 0.0:
        floats[MICRO_PRICE] = price_of(floats, 0.5 * middle + floats[MICRO_TABLE + state])
