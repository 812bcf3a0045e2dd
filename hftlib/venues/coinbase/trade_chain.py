"""Coinbase's trade ids: contiguous per product, so a lost trade shows, and may still come late.

1. The first trade of a product sets the chain.
2. The next id is the one before plus one; a higher one says that those in between are missing.
3. A lower id fills a hole when it is one of the missing (it came late), else it is a duplicate.
4. A heartbeat's last_trade_id above the chain says that trades are missing up to it.
"""

from enum import Enum, auto
from typing import Final, NamedTuple

_HOLES: Final = 64


class Place(Enum):
    """Say where a trade stands in its product's chain."""

    NEXT = auto()
    AFTER_HOLE = auto()
    FILLS_HOLE = auto()
    DUPLICATE = auto()


class Admission(NamedTuple):
    """Say where a trade stands and how many are missing before it."""

    place: Place
    missing: int = 0


class TradeChain:
    """Follow one product's trade ids; the latest holes are kept, as inclusive ranges."""

    __slots__ = ("holes", "last")

    def __init__(self) -> None:
        self.last: int | None = None
        self.holes: list[tuple[int, int]] = []

    def admit(self, trade_id: int) -> Admission:
        """Return where a trade stands, and move the chain."""
        if self.last is None or trade_id == self.last + 1:
            self.last = trade_id
            return Admission(Place.NEXT)
        if trade_id > self.last:
            return Admission(Place.AFTER_HOLE, self._leave_hole(trade_id - 1, trade_id))
        return self.fill(trade_id)

    def _leave_hole(self, end: int, last: int) -> int:
        assert self.last is not None
        missing = end - self.last
        self.holes.append((self.last + 1, end))
        del self.holes[:-_HOLES]
        self.last = last
        return missing

    def fill(self, trade_id: int) -> Admission:
        """Return whether a trade was missing; the chain's end does not move (backfills)."""
        for index, (start, end) in enumerate(self.holes):
            if start <= trade_id <= end:
                rest = ((start, trade_id - 1), (trade_id + 1, end))
                self.holes[index : index + 1] = [hole for hole in rest if hole[0] <= hole[1]]
                return Admission(Place.FILLS_HOLE)
        return Admission(Place.DUPLICATE)

    def is_missing_up_to(self, trade_id: int) -> int:
        """Return how many trades are missing when the venue says that this one was the last.

        A product whose trades are not followed misses none.
        """
        if self.last is None or trade_id <= self.last:
            return 0
        return self._leave_hole(trade_id, trade_id)

    def dump(self) -> dict[str, object]:
        """Return the state as plain values."""
        return {"last": self.last, "holes": [list(hole) for hole in self.holes]}

    def load(self, last: int | None, holes: list[list[int]]) -> None:
        """Take the state that `dump` returned."""
        self.last = last
        self.holes = [(start, end) for start, end in holes]
