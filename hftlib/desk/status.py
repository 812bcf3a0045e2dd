"""What is said about one book and its feed: state, counters, ages, features, statistics."""

from typing import Final

from hftlib.core.states import DECODE_ERRORS, BookState, FeedCondition
from hftlib.desk.board import NS_PER_MS
from hftlib.desk.run import Key, Run
from hftlib.wire.messages import ClockReply, Status

NOT_YET: Final = "nothing of this symbol has arrived yet"


def features_of(run: Run, key: Key) -> dict[str, float | None]:
    """Return the features of a book by name, empty before the book exists."""
    measurer = run.engine.measurers.get(key)
    if measurer is None:
        return {}
    return measurer.vector().as_dict()


def times_met(run: Run, key: Key, *conditions: FeedCondition) -> int:
    """Return how often the run met the conditions, for the symbol or its venue as a whole."""
    venue, symbol = key
    counts = run.engine.counts
    return sum(counts[venue, name, condition] for name in (symbol, "") for condition in conditions)


def status_of(run: Run, key: Key, clock: ClockReply | None) -> Status:
    """Return the status of one book as it stands. Raises KeyError where there is no such book."""
    board, book = run.board(key), run.engine.books.get(key)
    since = None if book is None else book.state_since
    return Status(
        state=BookState.SYNCING if book is None else book.state,
        verified=book is not None and book.verified,
        reason=NOT_YET if book is None else book.state_reason,
        state_since_ms=None if since is None else since / NS_PER_MS,
        source=run.source,
        origin=run.origin,
        age_ms=None if board.last_recv is None else (run.now_ns - board.last_recv) / NS_PER_MS,
        frames=board.frames,
        frames_per_s=round(board.frames_per_s(), 1),
        gaps=times_met(run, key, FeedCondition.GAP),
        resyncs=run.engine.resyncs[key],
        decode_errors=times_met(run, key, *DECODE_ERRORS),
        dropped_before_sync=times_met(run, key, FeedCondition.DROPPED_BEFORE_SYNC),
        unknown_deletes=0 if book is None else book.unknown_deletes,
        crossed=times_met(run, key, FeedCondition.CROSSED),
        message_age_ms=board.message_age(),
        features=features_of(run, key),
        statistics=board.statistics_now(),
        clock=clock,
        bid_levels=0 if book is None else book.bid_levels,
        ask_levels=0 if book is None else book.ask_levels,
        last_update_id=0 if book is None else book.last_update_id,
    )
