"""The engine's own books of the last minute: what a client's book is held against.

Levels are kept whole every few seconds, changes one by one in between, so that a book at any
update id or time costs one merge, and memory is bounded by the time kept.
"""

import hashlib
from collections import deque
from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from hftlib.exchange.book_feed import BookFeed
from hftlib.market.matching import MatchingBook
from hftlib.market.orders import BookSide, Change, Rows

KEEP_NS: Final = 75_000_000_000
"""How far back a book can be asked for at least."""
WHOLE_NS: Final = 5_000_000_000
"""Time between two whole books."""

Ladder = tuple[Rows, Rows]
"""One side: ticks and lots, best first."""


class TrueBook(NamedTuple):
    """Hold a book as the engine had it: each side is (ticks, lots), best first."""

    update_id: int
    time_ns: int
    bids: Ladder
    asks: Ladder


def digest_of(book: TrueBook, lot_quanta: int = 1, depth: int | None = None) -> bytes:
    """Return SHA-256 over the best `depth` levels of each side, all where it is None.

    Of each side come its length, the ticks, and the sizes in quanta, as 64-bit integers.
    """
    digest = hashlib.sha256()
    for ticks, lots in (book.bids, book.asks):
        shown, quanta = ticks[:depth], lots[:depth] * lot_quanta
        digest.update(len(shown).to_bytes(8, "little") + shown.tobytes() + quanta.tobytes())
    return digest.digest()


class _Stretch:
    """Hold a whole book and the changes that came after it."""

    __slots__ = ("asks", "bids", "changes", "time_ns", "update_id")

    def __init__(self, book: MatchingBook, time_ns: int) -> None:
        self.update_id = book.update_id
        self.time_ns = time_ns
        self.bids: Ladder = book.levels(BookSide.BID)
        self.asks: Ladder = book.levels(BookSide.ASK)
        self.changes: list[Rows] = []

    def rows(self) -> Rows:
        """Return the changes as one array."""
        if not self.changes:
            return np.empty((0, len(Change)), np.int64)
        if len(self.changes) > 1:
            self.changes = [np.concatenate(self.changes)]
        return self.changes[0]


class BookTruth:
    """Keep one book's last minute, from the first `take` on."""

    def __init__(self, feed: BookFeed) -> None:
        """Begin with nothing."""
        self.feed = feed
        self.taken_ns = 0
        self.taken_id = 0
        self._stretches: deque[_Stretch] = deque()

    def take(self, now_ns: int) -> None:
        """Take what the feed gathered since its last publication; it was drained at `now_ns`."""
        changes = self.feed.flow.changes
        if self._stretches and len(changes):
            self._stretches[-1].changes.append(changes)
        self.taken_ns, self.taken_id = now_ns, self.feed.book.update_id
        if not self._stretches or now_ns - self._stretches[-1].time_ns >= WHOLE_NS:
            self._begin(now_ns)

    def _begin(self, now_ns: int) -> None:
        """Keep the whole book as it stands, and let go of what is older than need be."""
        self._stretches.append(_Stretch(self.feed.book, now_ns))
        while len(self._stretches) > 1 and self._stretches[1].time_ns <= now_ns - KEEP_NS:
            self._stretches.popleft()

    def at_id(self, update_id: int) -> TrueBook | None:
        """Return the book at an update id; None when it is too old or has not come."""
        before = [one for one in self._stretches if one.update_id <= update_id]
        if not before or update_id > self.taken_id:
            return None
        rows = before[-1].rows()
        return _merged(before[-1], rows[rows[:, Change.UPDATE_ID] <= update_id])

    def at_time(self, time_ns: int) -> TrueBook | None:
        """Return the book at a time, what happened at that very time included.

        None when it is too old or has not come.
        """
        before = [one for one in self._stretches if one.time_ns <= time_ns]
        if not before or time_ns > self.taken_ns:
            return None
        rows = before[-1].rows()
        return _merged(before[-1], rows[rows[:, Change.TIME_NS] <= time_ns])

    def latest(self) -> TrueBook | None:
        """Return the book as it was taken last; None before the first time."""
        return self.at_id(self.taken_id)


class Truth:
    """Keep the last minute of every book of the market."""

    def __init__(self, feeds: Mapping[tuple[str, str], BookFeed]) -> None:
        """Begin with nothing."""
        self.books = {key: BookTruth(feed) for key, feed in feeds.items()}

    def take(self, now_ns: int) -> None:
        """Take what all feeds gathered; call it after they were drained, before `published`."""
        for book in self.books.values():
            book.take(now_ns)

    def book(self, venue: str, symbol: str) -> BookTruth:
        """Return one book's truth. Raises KeyError when the symbol is not listed."""
        return self.books[venue, symbol]


def _merged(stretch: _Stretch, rows: Rows) -> TrueBook:
    is_bid = rows[:, Change.SIDE] == BookSide.BID
    last = rows[-1] if len(rows) else None
    return TrueBook(
        stretch.update_id if last is None else int(last[Change.UPDATE_ID]),
        stretch.time_ns if last is None else int(last[Change.TIME_NS]),
        _side(stretch.bids, rows[is_bid], descending=True),
        _side(stretch.asks, rows[~is_bid], descending=False),
    )


def _side(before: Ladder, rows: Rows, *, descending: bool) -> Ladder:
    """Return a side after changes: the last total of each level, gone where it is zero."""
    ticks = np.concatenate((before[0], rows[:, Change.TICKS]))
    lots = np.concatenate((before[1], rows[:, Change.LOTS]))
    # The first of the reversed is the last: np.unique keeps first places.
    levels, places = np.unique(ticks[::-1], return_index=True)
    totals = lots[::-1][places]
    there = totals > 0
    levels, totals = levels[there], totals[there]
    return (levels[::-1], totals[::-1]) if descending else (levels, totals)
