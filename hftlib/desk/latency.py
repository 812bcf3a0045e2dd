"""How long frames take inside a live desk: one histogram a stage, of fixed size, always on.

A frame's time begins with its receive stamp, the moment at which the desk got hold of it. Buckets
grow with the value, sixteen to a doubling, so that a quantile is at most 6.25 % too high and never
too low.
"""

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from hftlib.engine.stopwatch import STAGES

_BITS: Final = 4
_BUCKETS: Final = (64 - _BITS) << _BITS


class Bucket(msgspec.Struct, frozen=True):
    """Say how many durations were at most `edge_ns` and above the bucket before."""

    edge_ns: int
    count: int


class Histogram:
    """Hold durations in nanoseconds as they were counted up to one moment."""

    __slots__ = ("_counts", "total_ns")

    def __init__(self, counts: list[int], total_ns: int) -> None:
        """Take the count of each bucket and the sum of all durations."""
        self._counts = counts
        self.total_ns = total_ns

    @property
    def count(self) -> int:
        """Return how many durations were counted."""
        return sum(self._counts)

    @property
    def longest_ns(self) -> int | None:
        """Return the longest duration, to the bucket; None before the first."""
        return self.quantile_ns(1.0)

    def quantile_ns(self, share: float) -> int | None:
        """Return what `share` (0 to 1) of the durations do not exceed; None before the first."""
        wanted = max(share * self.count, 1)
        below = 0
        for bucket in self.buckets():
            below += bucket.count
            if below >= wanted:
                return bucket.edge_ns
        return None

    def buckets(self) -> Iterator[Bucket]:
        """Yield the buckets that hold something, the shortest durations first."""
        for place, number in enumerate(self._counts):
            if number:
                yield Bucket(_edge_ns(place), number)

    def since(self, earlier: "Histogram") -> "Histogram":
        """Return what was counted after `earlier`."""
        pairs = zip(self._counts, earlier._counts, strict=True)
        return Histogram([now - before for now, before in pairs], self.total_ns - earlier.total_ns)


def _edge_ns(place: int) -> int:
    """Return the greatest duration of the bucket at a place."""
    shift = max((place >> _BITS) - 1, 0)
    return ((place - (shift << _BITS) + 1) << shift) - 1


class Latency:
    """Be the stopwatch of a live desk: `begin` at each frame, then the engine's marks."""

    __slots__ = ("_began_ns", "_counts", "_now_ns", "_seen", "_totals")

    def __init__(self, now_ns: Callable[[], int]) -> None:
        """Measure with the clock that stamps the frames."""
        self._now_ns = now_ns
        self._began_ns = 0
        self._counts = [[0] * _BUCKETS for _ in STAGES]
        self._totals = [0 for _ in STAGES]
        self._seen = self.stages()

    def begin(self, ts_recv: int) -> None:
        """Begin with a frame that came in at `ts_recv`; 0 for one that is not to be measured."""
        self._began_ns = ts_recv

    def mark(self, stage: int) -> None:
        """Note that the frame has reached a stage."""
        began = self._began_ns
        if began:
            duration = self._now_ns() - began
            shift = duration.bit_length() - 5  # _BITS + 1, written out: this is asked every frame
            place = duration if shift <= 0 else (shift << 4) + (duration >> shift)
            self._counts[stage][place] += 1
            self._totals[stage] += duration

    def stages(self) -> dict[str, Histogram]:
        """Return by stage what was measured from the start on."""
        return {
            name: Histogram(counts.copy(), total)
            for name, counts, total in zip(STAGES, self._counts, self._totals, strict=True)
        }

    def take_recent(self) -> dict[str, Histogram]:
        """Return by stage what was measured since the last call."""
        seen, self._seen = self._seen, self.stages()
        return {name: stage.since(seen[name]) for name, stage in self._seen.items()}
