"""Compare a book with what REST shows of it: the defence where no sequence tells of a lost update.

A REST body and a stream are never at the same moment, so one difference proves nothing. A level is
drifted when two bodies in a row show the same size there, the book held the same other size at
both, and they are far enough apart for the stream to have caught up in between.
"""

from typing import Final

from hftlib.book.book import Book
from hftlib.book.layout import ASK, BID
from hftlib.core.events import PartialDepth

CATCH_UP_NS: Final = 1_000_000_000
"""Two bodies closer to each other than this (ns) are taken for one."""

Place = tuple[int, int]
"""Side (BID or ASK) and price in ticks."""

Sizes = tuple[int, int]
"""Quanta that REST shows and that the book holds."""


def differences(book: Book, shown: PartialDepth) -> dict[Place, Sizes]:
    """Return where a book differs from a REST body, as deep as the body goes."""
    found: dict[Place, Sizes] = {}
    for side, levels in ((BID, shown.bids), (ASK, shown.asks)):
        expected = dict(levels)
        if not expected:
            continue
        ticks, quanta = book.levels(side)
        worst = min(expected) if side == BID else max(expected)
        within = ticks >= worst if side == BID else ticks <= worst
        held = dict(zip(ticks[within].tolist(), quanta[within].tolist(), strict=True))
        for price in expected.keys() | held.keys():
            sizes = expected.get(price, 0), held.get(price, 0)
            if sizes[0] != sizes[1]:
                found[side, price] = sizes
    return found


DriftState = tuple[int | None, list[tuple[int, int, int, int]]]
"""When REST was last compared (ns), and the differences of then."""


class DriftCheck:
    """Keep the differences of one book from one REST body to the next."""

    __slots__ = ("_at", "_before")

    def __init__(self) -> None:
        """Begin with nothing compared."""
        self._before: dict[Place, Sizes] = {}
        self._at: int | None = None

    def forget(self) -> None:
        """Drop what was seen: the book has begun anew."""
        self._before = {}
        self._at = None

    def compare(self, book: Book, shown: PartialDepth) -> int:
        """Return how many levels have drifted, seen now and at the body before."""
        if self._at is not None and shown.ts_recv - self._at < CATCH_UP_NS:
            return 0
        found = differences(book, shown)
        stayed = found.items() & self._before.items()
        self._before, self._at = found, shown.ts_recv
        return len(stayed)

    def dump(self) -> DriftState:
        """Return what was seen as plain values for a checkpoint."""
        return self._at, sorted((*place, *sizes) for place, sizes in self._before.items())

    def load(self, state: DriftState) -> None:
        """Take the state of a checkpoint."""
        self._at, rows = state
        self._before = {(side, price): (shown, held) for side, price, shown, held in rows}
