"""Level changes gathered into one message: each level once, with its last total.

Bids come best first, then asks best first, as captured from production.
"""

from typing import NamedTuple

import numpy as np

from hftlib.market.listings import Listing
from hftlib.market.matching import MatchingBook
from hftlib.market.orders import BookSide, Change, Rows
from hftlib.venues.level_text import Levels, side_levels


class Gathered(NamedTuple):
    """Hold levels with the time of the newest change among them."""

    time_ns: int
    levels: Levels


class LevelChanges:
    """Gather a book's changes between two messages."""

    def __init__(self, listing: Listing) -> None:
        """Begin with none."""
        self._lot_quanta = listing.lot_quanta
        self._rows: list[Rows] = []

    def take(self, rows: Rows) -> None:
        """Take changes in, oldest first."""
        if len(rows):
            self._rows.append(rows)

    def drain(self) -> Gathered | None:
        """Return what was gathered and begin anew; None when nothing was."""
        if not self._rows:
            return None
        rows = self._rows[0] if len(self._rows) == 1 else np.concatenate(self._rows)
        self._rows.clear()
        return Gathered(int(rows[-1, Change.TIME_NS]), _last_totals(rows, self._lot_quanta))


def _last_totals(rows: Rows, lot_quanta: int) -> Levels:
    """Return the last total of each level, bids and then asks, best first."""
    newest_first = rows[::-1]
    keys = newest_first[:, Change.TICKS] * 2 + newest_first[:, Change.SIDE]
    levels, places = np.unique(keys, return_index=True)
    quanta = newest_first[places, Change.LOTS] * lot_quanta
    is_ask = (levels & 1) == int(BookSide.ASK)
    order = np.concatenate((np.flatnonzero(~is_ask)[::-1], np.flatnonzero(is_ask)))
    levels = levels[order]
    return Levels(levels & 1, levels >> 1, quanta[order])


def side_of(book: MatchingBook, side: BookSide, lot_quanta: int) -> Levels:
    """Return a side of a book as levels, best first."""
    ticks, lots = book.levels(side)
    return side_levels(int(side), ticks, lots * lot_quanta)


def whole_book(book: MatchingBook, lot_quanta: int) -> Levels:
    """Return a book as levels, bids and then asks, best first."""
    bids = side_of(book, BookSide.BID, lot_quanta)
    asks = side_of(book, BookSide.ASK, lot_quanta)
    return Levels(*(np.concatenate(columns) for columns in zip(bids, asks, strict=True)))
