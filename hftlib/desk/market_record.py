"""What one book did, as arrays: the same for a capture, a generated tape, and the bare market."""

from array import array
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from hftlib.features.regularities import depth_bands
from hftlib.market.orders import Rows

SECOND: Final = 1_000_000_000
MILLISECOND: Final = 1_000_000
EDGES_BPS: Final = (1.0, 5.0, 10.0, 25.0)
"""Outer edges of the bands of distance from the mid; the first one begins at the mid."""

Floats = NDArray[np.float64]
Levels = list[tuple[int, int]]


class BookRecord(msgspec.Struct, frozen=True, eq=False):
    """Hold what one book did between two times; stamps are ns of the receiver's clock.

    `changes` columns: stamp, side (0 bid, 1 ask), ticks, size after, size before.
    `trades` columns: stamp, ticks, size, sign (1 buyer took, -1 seller), the venue's stamp in ms.
    `tops` columns: stamp, bid ticks, bid size, ask ticks, ask size; only where both sides stand.
    `depth` columns: stamp, levels in each band of EDGES_BPS, size in each; both sides together.
    Sizes are quanta of `quantum_size` base units; `frames` are stamps by kind of stream.
    """

    venue: str
    symbol: str
    tick_size: float
    quantum_size: float
    start_ns: int
    end_ns: int
    frames: dict[str, Rows]
    changes: Rows
    trades: Rows
    tops: Rows
    depth: Floats

    @property
    def seconds(self) -> float:
        """Return the length in seconds."""
        return (self.end_ns - self.start_ns) / SECOND

    def part(self, start_ns: int, end_ns: int) -> "BookRecord":
        """Return what happened from `start_ns` to before `end_ns`."""
        return msgspec.structs.replace(
            self,
            start_ns=start_ns,
            end_ns=end_ns,
            frames={kind: _between(rows, start_ns, end_ns) for kind, rows in self.frames.items()},
            changes=_between(self.changes, start_ns, end_ns),
            trades=_between(self.trades, start_ns, end_ns),
            tops=_between(self.tops, start_ns, end_ns),
            depth=self.depth[(self.depth[:, 0] >= start_ns) & (self.depth[:, 0] < end_ns)],
        )

    def halves(self) -> tuple["BookRecord", "BookRecord"]:
        """Return both halves of the time: how far they differ tells how sure a figure is."""
        middle = (self.start_ns + self.end_ns) // 2
        return self.part(self.start_ns, middle), self.part(middle, self.end_ns)


def _between(rows: Rows, start_ns: int, end_ns: int) -> Rows:
    stamps = rows if rows.ndim == 1 else rows[:, 0]
    return rows[(stamps >= start_ns) & (stamps < end_ns)]


class LevelLog:
    """Follow the levels of one book; log each change, the tops, and the depth once a second."""

    def __init__(self) -> None:
        """Begin without a book."""
        self.sides: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self.changes = array("q")
        self.tops = array("q")
        self.depth: list[tuple[float, ...]] = []
        self._top: tuple[int, ...] = ()
        self._next_ns = 0

    def restart(self, bids: Levels, asks: Levels) -> None:
        """Replace the book; what a snapshot holds is no change."""
        self.sides = ({t: size for t, size in bids if size}, {t: size for t, size in asks if size})

    def forget(self) -> None:
        """Drop a book that cannot be trusted any more."""
        self.restart([], [])

    @property
    def is_known(self) -> bool:
        """Say whether both sides stand."""
        return all(self.sides)

    def change(self, now_ns: int, side: int, ticks: int, size: int) -> None:
        """Set one level; a size of 0 takes it away."""
        levels = self.sides[side]
        before = levels.get(ticks, 0)
        if size:
            levels[ticks] = size
        elif before:
            del levels[ticks]
        self.changes.extend((now_ns, side, ticks, size, before))

    def sample_depth(self, now_ns: int) -> None:
        """Log the depth where a second has gone by."""
        if now_ns >= self._next_ns and self.is_known:
            self._next_ns = now_ns + SECOND
            bids, asks = (_columns(levels) for levels in self.sides)
            self.depth.append((float(now_ns), *depth_of(bids, asks)))

    def sample_top(self, now_ns: int) -> None:
        """Log the best levels where they are not the same as before."""
        if not self.is_known:
            return
        bid, ask = max(self.sides[0]), min(self.sides[1])
        top = (bid, self.sides[0][bid], ask, self.sides[1][ask])
        if top != self._top:
            self._top = top
            self.tops.extend((now_ns, *top))


def _columns(levels: dict[int, int]) -> tuple[Rows, Rows]:
    count = len(levels)
    return (
        np.fromiter(levels.keys(), np.int64, count),
        np.fromiter(levels.values(), np.int64, count),
    )


def depth_of(
    bids: tuple[Rows, Rows], asks: tuple[Rows, Rows], edges_bps: Sequence[float] = EDGES_BPS
) -> Floats:
    """Return the levels by band of distance, then the size by band, of both sides together.

    Each side is (ticks, size) in any order; distances are from the mid of the best ones, in bps.
    """
    mid = (int(bids[0].max()) + int(asks[0].min())) / 2
    distances = np.abs(np.concatenate((bids[0], asks[0])) / mid - 1) * 1e4
    sizes = np.concatenate((bids[1], asks[1]))
    return np.concatenate(depth_bands(distances, sizes, edges_bps))


def rows_of(flat: "array[int]") -> Rows:
    """Return a flat log of five columns as rows."""
    return np.array(flat, dtype=np.int64).reshape(-1, 5)


def samples_of(depth: Sequence[tuple[float, ...]]) -> Floats:
    """Return the samples of depth as rows, in the right shape even without one."""
    return np.array(depth, dtype=np.float64).reshape(-1, 1 + 2 * len(EDGES_BPS))
