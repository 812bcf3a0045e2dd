"""A tape played once without faults: what every book was after every frame, to compare with."""

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from hftlib.book.book import Book
from hftlib.book.layout import ASK, BID, Ints
from hftlib.core.events import FeedStatus, SnapshotRequest
from hftlib.core.frames import Frame, FrameKind
from hftlib.core.instrument import Instrument
from hftlib.core.states import BookState
from hftlib.core.venue import COINBASE
from hftlib.engine.engine import Engine
from hftlib.engine.facts import BookFact, Fact

Key = tuple[str, str]
"""(venue, symbol) of a book."""

_OF_BOOKS = (BookFact, FeedStatus, SnapshotRequest)

Sides = tuple[tuple[Ints, Ints], tuple[Ints, Ints]]
"""Ticks and quanta of the bids, then of the asks, best first."""


def sides_of(book: Book) -> Sides:
    """Return every level of a book."""
    return book.levels(BID), book.levels(ASK)


def digest_of(book: Book) -> bytes:
    """Return SHA-256 over every level of a book, without its update id."""
    digest = hashlib.sha256()
    for ticks, quanta in sides_of(book):
        digest.update(ticks.size.to_bytes(8, "little") + ticks.tobytes() + quanta.tobytes())
    return digest.digest()


def live_books(facts: Iterable[Fact]) -> set[Key]:
    """Return the books that facts show LIVE: those that an event has changed or woken."""
    return {
        (fact.venue, fact.symbol)
        for fact in facts
        if isinstance(fact, BookFact) and fact.state is BookState.LIVE
    }


class CleanRun:
    """Hold a tape's frames, and the digest of each book after each frame that changed it.

    Frames that touch no book (trades, tickers) are left out, except where one sequence counts all
    frames of a connection.
    """

    def __init__(self, instruments: Sequence[Instrument], frames: Iterable[Frame]) -> None:
        """Play all frames once."""
        self.instruments = instruments
        self.frames: list[Frame] = []
        self.changes: dict[Key, list[int]] = {}
        self._digests: dict[Key, list[bytes]] = {}
        self._by_id: dict[Key, dict[int, bytes]] = {}
        engine = Engine(instruments)
        for frame in frames:
            facts = engine.on_event(frame)
            if frame.venue == COINBASE or any(isinstance(fact, _OF_BOOKS) for fact in facts):
                for key in live_books(facts):
                    self._note(key, len(self.frames), engine.books[key])
                self.frames.append(frame)
        self.stamps = [frame.ts_recv for frame in self.frames]

    def _note(self, key: Key, place: int, book: Book) -> None:
        digest = digest_of(book)
        self.changes.setdefault(key, []).append(place)
        self._digests.setdefault(key, []).append(digest)
        self._by_id.setdefault(key, {})[book.last_update_id] = digest

    def at_place(self, key: Key, place: int) -> bytes | None:
        """Return the digest of a book after the frame at a place; None before it was LIVE."""
        index = bisect_right(self.changes.get(key, []), place)
        return self._digests[key][index - 1] if index else None

    def at_id(self, key: Key, last_update_id: int) -> bytes | None:
        """Return the digest of a book at an update id; None for an id that it never stood at."""
        return self._by_id.get(key, {}).get(last_update_id)

    def place_at(self, ts: int) -> int:
        """Return the place of the last frame that had come by a time (ns)."""
        return bisect_right(self.stamps, ts) - 1

    def later_change(self, key: Key, place: int) -> int:
        """Return the place of the next frame that changes a book. Raises IndexError at the end."""
        return self.changes[key][bisect_right(self.changes[key], place)]

    def candidates(self, followers: int) -> list[tuple[int, Key]]:
        """Return where a fault may be planted: a frame that changes a book that is LIVE already.

        At least `followers` frames of the same book come after it, or nobody could tell.
        """
        found = [
            (place, key)
            for key, places in self.changes.items()
            for place in places[1 : len(places) - followers]
            if self.frames[place].kind is FrameKind.WS
        ]
        return sorted(found)


class Shadow:
    """Play the clean run along from a checkpoint, so that its books can be asked for."""

    def __init__(self, clean: CleanRun, place: int, engine: Engine) -> None:
        """Begin before the frame at `place`, where `engine` stands; it is the shadow's now."""
        self._clean = clean
        self._next = place
        self._engine = engine
        self._places: dict[Key, list[int]] = {}
        self._states: dict[Key, list[tuple[int, Sides]]] = {}
        for key, book in self._engine.books.items():
            if book.state is BookState.LIVE:
                self._keep(key, place - 1, book)

    @property
    def keys(self) -> list[Key]:
        """Return the books that there are."""
        return sorted(self._engine.books)

    def _keep(self, key: Key, place: int, book: Book) -> None:
        self._places.setdefault(key, []).append(place)
        self._states.setdefault(key, []).append((book.last_update_id, sides_of(book)))

    def at_place(self, key: Key, place: int) -> tuple[int, Sides] | None:
        """Return the update id and all levels of a book after a frame; None without a book."""
        while self._next <= place:
            for changed in live_books(self._engine.on_event(self._clean.frames[self._next])):
                self._keep(changed, self._next, self._engine.books[changed])
            self._next += 1
        index = bisect_right(self._places.get(key, []), place)
        return self._states[key][index - 1] if index else None
