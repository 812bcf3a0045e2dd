"""Counts of a whole run: cheap enough to be taken every second, whatever the number of books."""

from collections import Counter
from typing import TYPE_CHECKING, Final

import msgspec

from hftlib.core.states import DECODE_ERRORS, BookState, FeedCondition

if TYPE_CHECKING:
    from hftlib.desk.run import Run

_NS_PER_MS: Final = 1_000_000
NEVER_SEEN: Final = "nothing of it has arrived yet"


class BookTally(msgspec.Struct, frozen=True):
    """Tell how one book stands, and for how long: `since_ms` is None before its first state."""

    venue: str
    symbol: str
    state: BookState
    reason: str
    since_ms: float | None
    verified: bool


class Tallies(msgspec.Struct, frozen=True):
    """Tell how often what happened in a run, all its books together."""

    books: tuple[BookTally, ...]
    frames: int
    events: int
    gaps: int
    resyncs: int
    decode_errors: int
    crossed: int
    drifts: int

    def by_state(self) -> Counter[BookState]:
        """Return how many books are in each state; states without any are left out."""
        return Counter(book.state for book in self.books)


def tally(run: "Run") -> Tallies:
    """Return the counts of a run as it stands."""
    engine = run.engine
    met = Counter[FeedCondition]()
    for (_, _, condition), number in engine.counts.items():
        met[condition] += number
    return Tallies(
        books=tuple(_book(run, *key) for key in sorted(engine.instruments)),
        frames=engine.frames,
        events=engine.events,
        gaps=met[FeedCondition.GAP],
        resyncs=sum(engine.resyncs.values()),
        decode_errors=sum(met[condition] for condition in DECODE_ERRORS),
        crossed=met[FeedCondition.CROSSED],
        drifts=met[FeedCondition.DRIFT],
    )


def _book(run: "Run", venue: str, symbol: str) -> BookTally:
    book = run.engine.books.get((venue, symbol))
    if book is None:
        return BookTally(venue, symbol, BookState.SYNCING, NEVER_SEEN, None, False)
    since = book.state_since
    since_ms = None if since is None else max(0.0, (run.now_ns - since) / _NS_PER_MS)
    return BookTally(venue, symbol, book.state, book.state_reason, since_ms, book.verified)
