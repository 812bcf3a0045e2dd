"""Micro-price of Stoikov (2018), estimated while the frames go by.

Stoikov, "The micro-price: a high-frequency estimator of future prices", Quantitative Finance
18(12), 2018. A frame's state is its imbalance I = qb / (qb + qa) in ten classes and its spread of
1, 2, or 3 and more ticks. From state to state either the mid stays (Q) or it moves (T, with mean
move R1). G1 = (I - Q)⁻¹ R1, B = (I - Q)⁻¹ T, G* = Σ B^k G1, micro-price = mid + G*. Every
transition counts together with its mirror image (imbalance 1 - I, move -dM), which makes the sum
converge. The paper drops moves and spreads that are too great; here every move counts, and great
spreads share a class.

The sum is never summed: (I - B) G* = G1 is (I - Q - T) G* = R1, and the mirror images make G* odd,
G*(1 - I) = -G*(I), so that one unknown is left for a state and its mirror image. Steps are counted
as signed entries between these pairs, and one small system is solved.
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
    MICRO_ANSWER,
    MICRO_FIXED,
    MICRO_MID,
    MICRO_MOVES,
    MICRO_PRICE,
    MICRO_READY,
    MICRO_SEEN,
    MICRO_SHIFT,
    MICRO_STATE,
    MICRO_STEPS,
    MICRO_TABLE,
    MICRO_WAIT,
    MICRO_WORK,
    MINIMUM_MOVES,
    PAIRS,
    SPREAD_STATES,
    STATES,
)
from hftlib.features.quote_kernel import Floats, price_of

_HALF = IMBALANCE_STATES // 2


@kernel
def micro_state(spread_ticks: int, bid_quanta: float, ask_quanta: float) -> int:
    """Return the state of a quote: its spread's class times ten plus its imbalance's class."""
    imbalance = int(IMBALANCE_STATES * bid_quanta / (bid_quanta + ask_quanta))
    imbalance = min(imbalance, IMBALANCE_STATES - 1)
    spread = min(max(spread_ticks, 1), SPREAD_STATES) - 1
    return spread * IMBALANCE_STATES + imbalance


@kernel
def sign_of(state: int) -> float:
    """Return 1 for a state with more bids, -1 for its mirror image."""
    return 1.0 if state % IMBALANCE_STATES >= _HALF else -1.0


@kernel
def pair_of(state: int) -> int:
    """Return the number that a state shares with its mirror image."""
    imbalance = state % IMBALANCE_STATES
    place = imbalance - _HALF if imbalance >= _HALF else _HALF - 1 - imbalance
    return state // IMBALANCE_STATES * _HALF + place


@kernel
def count_step(floats: Floats, before: int, after: int, move: float) -> None:
    """Count one step between states; `move` is that of bid + ask, in ticks."""
    pair = pair_of(before)
    sign = sign_of(before)
    floats[MICRO_SEEN + pair] += 1.0
    floats[MICRO_STEPS + pair * PAIRS + pair_of(after)] += sign * sign_of(after)
    if move != 0.0:
        floats[MICRO_SHIFT + pair] += 0.5 * sign * move
        floats[MICRO_MOVES] += 1.0


@kernel
def prepare_system(floats: Floats) -> None:
    """Fill the working matrix with I - Q - T and the answer with R1, over pairs of states."""
    for row in range(PAIRS):
        seen = floats[MICRO_SEEN + row]
        weight = 1.0 / seen if seen > 0.0 else 0.0
        for column in range(PAIRS):
            at = row * PAIRS + column
            floats[MICRO_WORK + at] = -weight * floats[MICRO_STEPS + at]
        floats[MICRO_WORK + row * PAIRS + row] += 1.0
        floats[MICRO_ANSWER + row] = weight * floats[MICRO_SHIFT + row]


@kernel
def eliminate(floats: Floats) -> bool:
    """Bring the system to upper triangular form; False where it has no single answer.

    Its matrix is weakly diagonally dominant by rows, which keeps elimination without exchange of
    rows stable. A class of states that never changes its sign makes it singular.
    """
    for step in range(PAIRS):
        first = MICRO_WORK + step * PAIRS
        if floats[first + step] < 1e-9:
            return False
        for row in range(step + 1, PAIRS):
            start = MICRO_WORK + row * PAIRS
            factor = floats[start + step] / floats[first + step]
            for column in range(step + 1, PAIRS):
                floats[start + column] -= factor * floats[first + column]
            floats[MICRO_ANSWER + row] -= factor * floats[MICRO_ANSWER + step]
    return True


@kernel
def estimate_micro_price(floats: Floats) -> None:
    """Estimate the table G* in ticks from the steps so far; states never seen stay missing."""
    floats[MICRO_READY] = 0.0
    prepare_system(floats)
    if not eliminate(floats):
        return
    for row in range(PAIRS - 1, -1, -1):
        start = MICRO_WORK + row * PAIRS
        for column in range(row + 1, PAIRS):
            floats[MICRO_ANSWER + row] -= floats[start + column] * floats[MICRO_ANSWER + column]
        floats[MICRO_ANSWER + row] /= floats[start + row]
    for state in range(STATES):
        pair = pair_of(state)
        floats[MICRO_TABLE + state] = math.nan
        if floats[MICRO_SEEN + pair] > 0.0:
            floats[MICRO_TABLE + state] = sign_of(state) * floats[MICRO_ANSWER + pair]
    floats[MICRO_READY] = 1.0


@kernel
def forget_micro_state(floats: Floats) -> None:
    """Let the next frame be a first one, and the micro-price be missing until then."""
    floats[MICRO_STATE] = -1.0
    floats[MICRO_PRICE] = math.nan


@kernel
def measure_micro_price(ints: Ints, floats: Floats) -> None:
    """Count the step into this frame and measure mid + G*(imbalance, spread)."""
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
