from functools import partial

import pytest

from hftlib.core.instrument import Instrument
from hftlib.core.states import BookState, Source
from hftlib.desk.run import ALL_HISTORY_BYTES, Run, levels_of
from hftlib.engine.engine import Engine
from tests.desk_support.recording import (
    BEST_BID,
    INSTRUMENTS,
    START_NS,
    STEP_NS,
    SYMBOL,
    VENUE,
    frames,
)

KEY = (VENUE, SYMBOL)


def new_run() -> Run:
    return Run(partial(Engine, INSTRUMENTS), Source.TAPE, "test")


@pytest.fixture(scope="module")
def played() -> Run:
    """Return a run of ten seconds."""
    run = new_run()
    for frame in frames(100):
        run.feed(frame)
    return run


def test_a_run_keeps_what_its_facts_say(played: Run) -> None:
    board = played.board(KEY)
    assert played.has_live_book
    assert played.now_ns == START_NS + 100 * STEP_NS + 1_000
    assert board.trades_seen == len(board.trades) == 20
    assert board.last_recv == played.now_ns
    assert board.message_age().p50 == pytest.approx(2.0, abs=0.01)


def test_columns_are_sampled_once_a_period_and_before_the_event_that_passes_it(played: Run) -> None:
    columns = played.board(KEY).store.since(0)
    times = [column.time_ms for column in columns]
    assert times == [START_NS / 1e6 + 100.0 * step for step in range(2, 101)]
    assert all(column.trusted for column in columns)
    assert columns[0].best_bid_ticks == BEST_BID


def test_a_quiet_stretch_is_filled_with_what_stood(played: Run) -> None:
    run = new_run()
    for frame in frames(10):
        run.feed(frame)
    before = len(run.board(KEY).store)
    run.advance(run.now_ns + 1_000_000_000)
    columns = run.board(KEY).store.since(0)
    assert len(columns) == before + 10
    assert columns[-1].offsets is columns[-2].offsets


def test_the_clock_never_goes_backwards_but_by_a_restart(played: Run) -> None:
    run = new_run()
    run.advance(500)
    run.advance(400)
    assert run.now_ns == 500
    run.restart(100)
    assert run.now_ns == 100


def test_a_restart_forgets_the_stretch_that_was_left() -> None:
    run = new_run()
    for frame in frames(50):
        run.feed(frame)
    epoch = run.board(KEY).store.epoch
    run.restart(START_NS)
    board = run.board(KEY)
    assert (len(board.store), len(board.trades), board.frames) == (0, 0, 0)
    assert board.store.epoch == epoch + 1
    assert not run.has_live_book
    assert run.engine.books == {}


def test_a_checkpoint_goes_on_where_it_was_taken(played: Run) -> None:
    run, all_frames = new_run(), list(frames(100))
    half = len(all_frames) // 2
    for frame in all_frames[:half]:
        run.feed(frame)
    blob = run.engine.checkpoint()
    run.restart(all_frames[half].ts_recv, blob)
    for frame in all_frames[half:]:
        run.feed(frame)
    book, expected = run.engine.books[KEY], played.engine.books[KEY]
    assert book.state is BookState.LIVE
    assert book.state_hash() == expected.state_hash()


def test_columns_before_the_time_asked_for_are_left_out() -> None:
    run = new_run()
    run.restart(START_NS, sampled_from=START_NS + 40 * STEP_NS)
    for frame in frames(50):
        run.feed(frame)
    times = [column.time_ms for column in run.board(KEY).store.since(0)]
    assert times[0] == START_NS / 1e6 + 4_100.0
    assert len(times) == 10


def test_levels_are_in_base_units(played: Run) -> None:
    (bid_ticks, bid_sizes), (ask_ticks, _) = levels_of(played.engine.books[KEY], 3)
    assert bid_ticks.tolist() == [BEST_BID, BEST_BID - 1, BEST_BID - 2]
    assert ask_ticks.tolist() == [BEST_BID + 1, BEST_BID + 2, BEST_BID + 3]
    assert bid_sizes.tolist() == [3.5, 5.5, 6.5]


def test_history_is_counted_over_all_books(played: Run) -> None:
    assert played.history_bytes() == played.board(KEY).store.held_bytes > 0


def test_an_unknown_book_has_no_board(played: Run) -> None:
    with pytest.raises(KeyError):
        played.board((VENUE, "DOGE"))


def test_the_columns_of_all_books_share_one_bound() -> None:
    known = [
        Instrument("binance", f"C{n}USDT", f"C{n}", "USDT", "0.01", "0.001") for n in range(32)
    ]
    run = Run(partial(Engine, known), Source.SIMULATED, "test")
    boards = [run.board(("binance", one.symbol)) for one in known]
    assert {board.store._most_bytes for board in boards} == {ALL_HISTORY_BYTES // 32}
