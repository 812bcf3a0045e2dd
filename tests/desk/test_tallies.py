"""Counts of a whole run."""

from functools import partial

from msgspec.structs import replace

from hftlib.core.states import BookState, Source
from hftlib.desk.run import Run
from hftlib.desk.tallies import NEVER_SEEN, tally
from hftlib.engine.engine import Engine
from tests.desk_support.recording import INSTRUMENTS, STEP_NS, SYMBOL, VENUE, frames


def fed(count: int | None) -> Run:
    run = Run(partial(Engine, INSTRUMENTS), Source.TAPE, "a test")
    for frame in list(frames(600))[:count]:
        run.feed(frame)
    return run


def test_a_book_that_was_never_heard_of_is_syncing() -> None:
    tallies = tally(fed(0))
    assert tallies.frames == 0
    assert [(book.symbol, book.state, book.reason) for book in tallies.books] == [
        ("BTCUSDT", BookState.SYNCING, NEVER_SEEN),
        ("ETHUSDT", BookState.SYNCING, NEVER_SEEN),
    ]
    assert tallies.books[0].since_ms is None


def test_a_run_is_counted() -> None:
    run = fed(None)
    tallies = tally(run)
    (book,) = (book for book in tallies.books if book.symbol == SYMBOL)
    assert (book.venue, book.state, book.verified) == (VENUE, BookState.LIVE, True)
    assert book.since_ms > STEP_NS / 1e6
    assert tallies.frames == run.engine.frames > 600
    assert (tallies.gaps, tallies.crossed, tallies.drifts, tallies.decode_errors) == (0, 0, 0, 0)
    assert tallies.by_state() == {BookState.LIVE: 1, BookState.SYNCING: 1}


def test_a_lost_frame_is_a_gap_and_rubbish_a_decode_error() -> None:
    run = Run(partial(Engine, INSTRUMENTS), Source.TAPE, "a test")
    kept = list(frames(600))
    del kept[20]
    for frame in kept[:40]:
        run.feed(frame)
    run.feed(replace(kept[41], payload=b"{rubbish"))
    tallies = tally(run)
    assert tallies.gaps >= 1
    assert tallies.decode_errors == 1
