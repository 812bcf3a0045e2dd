"""What assets are worth: walks with stochastic volatility and jumps, in steps of 10 ms.

The volatility is log-normal with a fast and a slow mood, both Ornstein-Uhlenbeck (a discrete cousin
of Taylor 1982 and of the two-factor models of Chernov et al. 2003). Most of a move is small jumps,
one a second or so, as news and large orders bring them: a Poisson process with double exponential
sizes (Kou 2002). A common walk, the first asset's, moves the others by their
beta. A pegged asset is pulled back to its peg. Past values stay in a ring, for those who see late.
"""

import math

from hftlib.core.compiled import kernel
from hftlib.market.agents.chance_kernel import exponential, exponential_of, normal, uniform
from hftlib.market.agents.layout import (
    ASSET_FLOATS,
    ASSET_STRIDE,
    ASSETS,
    BASIS_BPS,
    BASIS_MEAN_BPS,
    BASIS_SECONDS,
    BASIS_SPREAD_BPS,
    BETA,
    BOOK_FLOATS,
    BOOK_FLOATS_STRIDE,
    BOOKS,
    DIAL_DRIFT,
    DIAL_PEG,
    DIAL_PULL,
    DIAL_VOLATILITY,
    JUMP_BPS,
    JUMPS_PER_SECOND,
    MOOD_FAST,
    MOOD_FAST_SPREAD,
    MOOD_SLOW,
    MOOD_SLOW_SPREAD,
    PEG,
    PEG_SECONDS,
    PENDING,
    RELEASE_SECONDS,
    RING,
    RING_SIZE,
    SIGMA_BPS,
    STEPS,
    STEPS_PER_SECOND,
    VALUE,
    Floats,
    Ints,
)

MOOD_FAST_SECONDS = 8.0
MOOD_SLOW_SECONDS = 1_800.0
BASIS_EVERY = 10
_STEP_S = 1.0 / STEPS_PER_SECOND
_ROOT_STEP = math.sqrt(_STEP_S)


@kernel
def step_values(ints: Ints, floats: Floats, chance: int) -> None:
    """Move every asset's value by one step, and now and then the books' bases."""
    ints[STEPS] += 1
    place = ints[STEPS] & (RING_SIZE - 1)
    common = 0.0
    for asset in range(ints[ASSETS]):
        at = ASSET_FLOATS + asset * ASSET_STRIDE
        own = _own_move(ints, floats, chance, at)
        own += floats[at + DIAL_DRIFT] * _STEP_S + _release(floats, at)
        if asset == 0:
            common = own
        else:
            own += floats[at + BETA] * common
        floats[at + VALUE] *= exponential_of(own * 1e-4)
        floats[RING + asset * RING_SIZE + place] = floats[at + VALUE]
    if ints[STEPS] % BASIS_EVERY == 0:
        _step_bases(ints, floats, chance)


@kernel
def _own_move(ints: Ints, floats: Floats, chance: int, at: int) -> float:
    """Return the move of one asset's own walk in bps, and let its moods wander."""
    fast = floats[at + MOOD_FAST]
    slow = floats[at + MOOD_SLOW]
    pull = _STEP_S / MOOD_FAST_SECONDS
    fast += -pull * fast + math.sqrt(2.0 * pull) * normal(ints, chance)
    pull = _STEP_S / MOOD_SLOW_SECONDS
    slow += -pull * slow + math.sqrt(2.0 * pull) * normal(ints, chance)
    floats[at + MOOD_FAST] = fast
    floats[at + MOOD_SLOW] = slow
    mood = floats[at + MOOD_FAST_SPREAD] * fast + floats[at + MOOD_SLOW_SPREAD] * slow
    loud = floats[at + DIAL_VOLATILITY]
    lively = exponential_of(mood)
    loud *= math.sqrt(lively)
    move = floats[at + SIGMA_BPS] * loud * _ROOT_STEP * normal(ints, chance)
    if uniform(ints, chance) < floats[at + JUMPS_PER_SECOND] * lively * _STEP_S:
        size = exponential(ints, chance, floats[at + JUMP_BPS] * loud)
        move += size if uniform(ints, chance) < 0.5 else -size
    if floats[at + PEG_SECONDS] > 0.0:
        gap = floats[at + PEG] * (1.0 + 1e-4 * floats[at + DIAL_PEG]) / floats[at + VALUE] - 1.0
        move += gap * 1e4 * _STEP_S * floats[at + DIAL_PULL] / floats[at + PEG_SECONDS]
    return move  # type: ignore[no-any-return]


@kernel
def _release(floats: Floats, at: int) -> float:
    """Return the part of a pending jump that happens in this step, in bps."""
    pending = floats[at + PENDING]
    if pending == 0.0:
        return 0.0
    part = pending * min(1.0, _STEP_S / floats[at + RELEASE_SECONDS])
    if abs(pending) < 0.01:
        part = pending
    floats[at + PENDING] = pending - part
    return part  # type: ignore[no-any-return]


@kernel
def _step_bases(ints: Ints, floats: Floats, chance: int) -> None:
    """Let each book's basis wander around its mean."""
    for book in range(ints[BOOKS]):
        at = BOOK_FLOATS + book * BOOK_FLOATS_STRIDE
        pull = BASIS_EVERY * _STEP_S / floats[at + BASIS_SECONDS]
        gap = floats[at + BASIS_MEAN_BPS] - floats[at + BASIS_BPS]
        spread = floats[at + BASIS_SPREAD_BPS] * math.sqrt(2.0 * pull)
        floats[at + BASIS_BPS] += pull * gap + spread * normal(ints, chance)


@kernel
def value_seen(ints: Ints, floats: Floats, asset: int, late_s: float) -> float:
    """Return an asset's value as it was `late_s` seconds ago."""
    late = min(int(late_s * STEPS_PER_SECOND), RING_SIZE - 1, ints[STEPS])
    return floats[RING + asset * RING_SIZE + ((ints[STEPS] - late) & (RING_SIZE - 1))]  # type: ignore[no-any-return]
