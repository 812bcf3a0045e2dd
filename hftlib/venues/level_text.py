"""Levels as JSON text, written by a compiled kernel: for local venues that send many of them."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hftlib.core.compiled import direct
from hftlib.venues.layout import FORM_SIZE
from hftlib.venues.level_text_kernel import write_levels

_LONGEST_NUMBER: Final = 40
"""More than 19 digits, 19 zeros before them and a point."""

Column = NDArray[np.int64]


class Levels(NamedTuple):
    """Hold levels as columns: sides (0 bid, 1 ask), ticks, and sizes in quanta (0 deletes)."""

    sides: Column
    ticks: Column
    quanta: Column


class Number(NamedTuple):
    """Say how a number is written: its count times `scale` in units of 10**-decimals."""

    scale: int
    decimals: int
    padded: bool


def side_levels(side: int, ticks: Column, quanta: Column) -> Levels:
    """Return levels that all stand on one side."""
    return Levels(np.full(len(ticks), side, np.int64), ticks, quanta)


class _Form:
    """Hold the words around a level's numbers, ready for the kernel."""

    def __init__(self, price: Number, size: Number, *texts: str) -> None:
        """Lay out what stands before a bid, before an ask, between the numbers, and behind."""
        words = [one.encode() for one in texts]
        self.words = b"".join(words)
        self.places = np.empty(FORM_SIZE, np.int64)
        self.places[:6] = (*price, *size)
        self.places[6:] = np.cumsum([len(one) for one in words[:3]])
        self.longest = 2 * _LONGEST_NUMBER + 1 + len(self.words)


class LevelWriter:
    """Write levels the way one venue writes them, for one instrument."""

    def __init__(self, price: Number, size: Number) -> None:
        """Write prices and sizes as told."""
        self._price = price
        self._size = size
        self._pair = _Form(price, size, '["', '["', '","', '"]')
        self._kernel = direct(write_levels)

    def write(self, levels: Levels, bid: str, ask: str, middle: str, end: str) -> str:
        """Return rows parted by commas; the four texts stand around a level's two numbers."""
        return self._written(levels, _Form(self._price, self._size, bid, ask, middle, end))

    def pairs(self, levels: Levels) -> str:
        """Return rows of ["price","size"] parted by commas."""
        return self._written(levels, self._pair)

    def _written(self, levels: Levels, form: _Form) -> str:
        out = np.empty(form.longest * len(levels.ticks), np.uint8)
        length = self._kernel(*levels, form.places, form.words, out)
        return out[:length].tobytes().decode()
