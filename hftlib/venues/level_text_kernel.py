"""Compiled writing of levels as JSON text: the reverse of the book's scanner."""

from typing import Any

from numba import types

from hftlib.book.layout import Ints
from hftlib.core.compiled import INTS, TEXT, entry, kernel
from hftlib.venues.layout import (
    ASK_END,
    BID_END,
    MIDDLE_END,
    PRICE_DECIMALS,
    PRICE_PADDED,
    PRICE_SCALE,
    SIZE_DECIMALS,
    SIZE_PADDED,
    SIZE_SCALE,
)

_ZERO = ord("0")
_POINT = ord(".")
_COMMA = ord(",")
_BYTES = types.Array(types.uint8, 1, "C")


@kernel
def copy_word(out: Any, at: int, words: Any, start: int, stop: int) -> int:
    """Copy words[start:stop] to `out` at `at`; return where it ends."""
    for place in range(start, stop):
        out[at] = words[place]
        at += 1
    return at


@kernel
def write_whole(out: Any, at: int, whole: int) -> int:
    """Write a whole number that is not negative; return where it ends."""
    width, rest = 1, whole // 10
    while rest > 0:
        width += 1
        rest //= 10
    for place in range(at + width - 1, at - 1, -1):
        out[place] = _ZERO + whole % 10
        whole //= 10
    return at + width


@kernel
def write_decimal(out: Any, at: int, units: int, decimals: int, padded: int) -> int:
    """Write `units` counts of 10**-decimals; without padding no trailing zeros, nor their point."""
    whole, scale = units, 1
    for _ in range(decimals):
        scale *= 10
    whole = units // scale
    fraction = units - whole * scale
    at = write_whole(out, at, whole)
    if padded == 0:
        while decimals > 0 and fraction % 10 == 0:
            fraction //= 10
            decimals -= 1
    if decimals == 0:
        return at
    out[at] = _POINT
    for place in range(at + decimals, at, -1):
        out[place] = _ZERO + fraction % 10
        fraction //= 10
    return at + 1 + decimals


@entry(INTS, INTS, INTS, INTS, TEXT, _BYTES)
def write_levels(sides: Ints, ticks: Ints, quanta: Ints, form: Ints, words: Any, out: Any) -> int:
    """Write the levels as rows parted by commas into `out`; return how many bytes they take.

    `words` holds what stands before a bid, before an ask, between price and size, and after the
    size, one behind the other; `form` says where each ends and how numbers are written.
    """
    at = 0
    for row in range(len(ticks)):
        if row > 0:
            out[at] = _COMMA
            at += 1
        if sides[row] == 0:
            at = copy_word(out, at, words, 0, form[BID_END])
        else:
            at = copy_word(out, at, words, form[BID_END], form[ASK_END])
        price = ticks[row] * form[PRICE_SCALE]
        at = write_decimal(out, at, price, form[PRICE_DECIMALS], form[PRICE_PADDED])
        at = copy_word(out, at, words, form[ASK_END], form[MIDDLE_END])
        size = quanta[row] * form[SIZE_SCALE]
        at = write_decimal(out, at, size, form[SIZE_DECIMALS], form[SIZE_PADDED])
        at = copy_word(out, at, words, form[MIDDLE_END], len(words))
    return at
