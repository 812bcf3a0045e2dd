"""A made-up market for tests of the page: a walk of the mid with walls, decay and trades."""

import math
import random

import numpy as np
from numpy.typing import NDArray

from hftlib.core.states import BookState
from hftlib.wire.feed import BUY, SELL, Column, Ladder, TradeMark

ROWS = 240


class Market:
    """Hold resting size per row on both sides of a wandering mid; all of it from one seed."""

    def __init__(self, seed: int = 7, *, mid_ticks: int = 6_404_670, row_ticks: int = 50) -> None:
        """Begin at a mid, in ticks of 0.01."""
        self._random = random.Random(seed)
        self._numbers = np.random.default_rng(seed)
        self.row_ticks = row_ticks
        self.mid = float(mid_ticks)
        self._base = mid_ticks // row_ticks - 2_000
        self._sizes = self._numbers.gamma(1.1, 0.4, 4_000).astype(np.float32)
        self._walls: dict[int, tuple[float, int]] = {}
        self._drift = 0.0
        self.step_number = 0
        self.last_update_id = 52_000_000_000

    def step(self, time_ms: float, *, gap: bool = False) -> tuple[Column, list[TradeMark]]:
        """Advance 100 ms; return the column and the trades."""
        self.step_number += 1
        self.last_update_id += self._random.randrange(20, 60)
        self._drift = 0.97 * self._drift + self._random.gauss(0, 9)
        self.mid += self._drift + self._random.gauss(0, 8)
        self._stir()
        rows, sizes = self._cells()
        bid, ask = self.best()
        column = Column(time_ms, bid, ask, gap, rows, sizes)
        return column, ([] if gap else self._trades(time_ms, bid, ask))

    def best(self) -> tuple[int, int]:
        """Return best bid and ask in ticks."""
        return math.floor(self.mid), math.floor(self.mid) + 1

    def ladder(self, depth: int, *, state: BookState = BookState.LIVE) -> Ladder:
        """Return the levels nearest the mid."""
        bid, ask = self.best()
        steps = np.cumsum(self._numbers.integers(1, 60, depth)) - 1
        sizes = self._numbers.gamma(0.9, 0.9, (2, depth)) + 0.001
        return Ladder(
            state, True, self.last_update_id, bid - steps, sizes[0], ask + steps, sizes[1]
        )

    def _stir(self) -> None:
        mid_row = int(self.mid // self.row_ticks) - self._base
        touched = self._numbers.integers(mid_row - ROWS, mid_row + ROWS, 60)
        self._sizes[touched] = self._numbers.gamma(1.1, 0.4, 60)
        if self._random.random() < 0.06:
            row = mid_row + int(self._random.gauss(0, 45))
            self._walls[row] = (self._random.uniform(4, 18), self._random.randrange(60, 900))
        for row, (size, left) in list(self._walls.items()):
            if left <= 0 or abs(row - mid_row) < 2:
                del self._walls[row]
            else:
                self._walls[row] = (size, left - 1)

    def _cells(self) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        mid_row = int(self.mid // self.row_ticks) - self._base
        rows = np.arange(mid_row - ROWS, mid_row + ROWS + 1)
        distance = np.abs(rows - mid_row)
        sizes = self._sizes[rows] * np.minimum(1.0, 0.15 + distance / 18)
        for row, (size, _) in self._walls.items():
            if rows[0] <= row <= rows[-1]:
                sizes[row - rows[0]] += size
        signed = np.where(rows <= mid_row, -sizes, sizes)
        return (rows + self._base).astype(np.float64), signed.astype(np.float32)

    def _trades(self, time_ms: float, bid: int, ask: int) -> list[TradeMark]:
        count = self._numbers.poisson(0.7)
        trades = []
        for index in range(count):
            is_buy = self._random.random() < 0.5 + math.tanh(self._drift / 30) / 2.5
            size = round(self._random.paretovariate(1.3) * 0.01, 5)
            at = time_ms - 100 + 100 * index / count
            trades.append(TradeMark(at, ask if is_buy else bid, size, BUY if is_buy else SELL))
        return trades
