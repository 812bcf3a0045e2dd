"""Chance with a seed, and the two functions it needs, in plain arithmetic.

Draws are the same on every machine, compiled or not: the generator is multiply-with-carry on 63
bits (Marsaglia 1994), its halves folded as in MWC64X (Thomas 2011), so nothing overflows; `exp`
and `log` are sums of IEEE products, so no library's last digit enters a run. `MULTIPLIER` makes
MULTIPLIER * 2**32 - 1 a safe prime: the period is about 2**62.

`ints[at]` holds a generator's state, between 1 and MULTIPLIER * 2**32 - 2.
"""

import math
from typing import Final

from hftlib.book.layout import Ints
from hftlib.core.compiled import kernel

MULTIPLIER: Final = 2147483085
LARGEST_STATE: Final = MULTIPLIER * 2**32 - 2

_LOW = 2**32 - 1
_UNIT = 2.0**-32
_LN2 = 0.6931471805599453
_ROOT_HALF = 0.7071067811865476


@kernel
def uniform(ints: Ints, at: int) -> float:
    """Return a number between 0 and 1, never one of them; 32 random bits."""
    state = ints[at]
    state = MULTIPLIER * (state & _LOW) + (state >> 32)
    ints[at] = state
    return (((state & _LOW) ^ (state >> 32)) + 0.5) * _UNIT  # type: ignore[no-any-return]


@kernel
def below(ints: Ints, at: int, limit: int) -> int:
    """Return an integer from 0 up to `limit` - 1."""
    return int(uniform(ints, at) * limit)


@kernel
def natural_log(number: float) -> float:
    """Return the natural logarithm of a positive number, to about 1e-15."""
    mantissa, exponent = math.frexp(number)
    if mantissa < _ROOT_HALF:
        mantissa *= 2.0
        exponent -= 1
    ratio = (mantissa - 1.0) / (mantissa + 1.0)
    square = ratio * ratio
    total = 0.0
    for odd in range(21, 0, -2):
        total = total * square + 1.0 / odd
    return 2.0 * ratio * total + exponent * _LN2


@kernel
def exponential_of(power: float) -> float:
    """Return e to a power between -700 and 700, to about 1e-15 of the result."""
    halvings = math.floor(power / _LN2 + 0.5)
    rest = power - halvings * _LN2
    total = 1.0
    for degree in range(14, 0, -1):
        total = 1.0 + total * rest / degree
    return math.ldexp(total, int(halvings))


@kernel
def exponential(ints: Ints, at: int, mean: float) -> float:
    """Return a waiting time of that mean."""
    return -mean * natural_log(uniform(ints, at))


@kernel
def normal(ints: Ints, at: int) -> float:
    """Return a standard normal number (Marsaglia's polar method)."""
    square = 2.0
    first = 0.0
    while square >= 1.0:
        first = 2.0 * uniform(ints, at) - 1.0
        second = 2.0 * uniform(ints, at) - 1.0
        square = first * first + second * second
    return first * math.sqrt(-2.0 * natural_log(square) / square)


@kernel
def log_normal(ints: Ints, at: int, median: float, spread: float) -> float:
    """Return a log-normal number; `spread` is the deviation of its logarithm."""
    return median * exponential_of(spread * normal(ints, at))


@kernel
def pareto(ints: Ints, at: int, least: float, exponent: float) -> float:
    """Return a number of at least `least` whose tail falls off with `exponent`."""
    return least * exponential_of(-natural_log(uniform(ints, at)) / exponent)


@kernel
def between(ints: Ints, at: int, low: float, high: float) -> float:
    """Return a number from `low` to `high`, its logarithm evenly spread."""
    return low * exponential_of(uniform(ints, at) * natural_log(high / low))
