"""The book's standing: states with time and reason, outcomes, views and growth."""

import pytest

from hftlib.book.book import FIRST_LEVELS, FIRST_SCRATCH, Book, Outcome, TopOfBook, texts_of
from hftlib.book.layout import ASK, BID, SCRATCH_ROOM
from hftlib.core.events import BookSnapshot, Layout
from hftlib.core.states import BookState
from tests.book.book_events import (
    INSTRUMENT,
    SMALL_WINDOW,
    SYMBOL,
    VENUE,
    assert_structure,
    delta,
    levels_of,
    pairs_text,
    snapshot,
    text_delta,
)


@pytest.fixture
def book() -> Book:
    return Book(INSTRUMENT, window_bits=SMALL_WINDOW)


def standing(book: Book) -> tuple:
    return book.state, book.state_since, book.state_reason


def test_a_new_book_is_empty_and_syncing(book: Book) -> None:
    assert standing(book) == (BookState.SYNCING, None, "no snapshot yet")
    assert book.best_bid is None
    assert book.best_ask is None
    assert (book.bid_levels, book.ask_levels, book.unknown_deletes) == (0, 0, 0)
    assert levels_of(book, BID) == levels_of(book, ASK) == []
    assert book.size_at(BID, 100) == 0


def test_a_snapshot_makes_the_book_live(book: Book) -> None:
    assert book.apply_snapshot(snapshot([(100, 5)], [(101, 6)])) is Outcome.APPLIED
    assert standing(book) == (BookState.LIVE, 11, "snapshot applied")
    assert book.top() == TopOfBook(
        VENUE, SYMBOL, BookState.LIVE, True, (100, 5), (101, 6), 10, 11, 1
    )


def test_a_delta_moves_the_stamps_and_not_the_state(book: Book) -> None:
    book.apply_snapshot(snapshot([(100, 5)], [(101, 6)]))
    assert book.apply_delta(delta([(100, 0), (99, 7)], [(101, 1)])) is Outcome.APPLIED
    assert standing(book) == (BookState.LIVE, 11, "snapshot applied")
    assert (book.best_bid, book.best_ask) == ((99, 7), (101, 1))
    assert (book.last_update_id, book.ts_event, book.ts_recv) == (2, 20, 21)


def test_a_delta_alone_does_not_make_a_book_live(book: Book) -> None:
    assert book.apply_delta(delta([(100, 1)], [])) is Outcome.APPLIED
    assert book.state is BookState.SYNCING


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (b'[["1.00","1"],["2.00"]]', Outcome.MALFORMED),
        (b'[["1.00","1"],["2.001","1"]]', Outcome.OFF_QUANTUM),
        (b'[["1.00","1"],["2.00","0.0001"]]', Outcome.OFF_QUANTUM),
        (b'[["1.00","1"],["99999999999999999999","1"]]', Outcome.TOO_LARGE),
    ],
)
def test_a_refused_delta_changes_nothing_but_the_state(book, text: bytes, outcome) -> None:
    book.apply_snapshot(snapshot([(100, 5)], [(101, 6)]))
    before = book.state_hash()
    assert book.apply_delta(text_delta(Layout.PAIRS, text, b'[["1.03","1"]]')) is outcome
    assert book.apply_delta(text_delta(Layout.PAIRS, b'[["1.00","1"]]', text)) is outcome
    assert book.state_hash() == before
    assert standing(book) == (BookState.GAP, 21, outcome.value)
    assert book.last_update_id == 1


def test_a_refused_snapshot_leaves_the_old_levels_untrusted(book: Book) -> None:
    book.apply_snapshot(snapshot([(100, 5)], [(101, 6)]))
    bad = BookSnapshot(VENUE, SYMBOL, 30, 31, 9, Layout.PAIRS, b"[]", b"[[]]")
    assert book.apply_snapshot(bad) is Outcome.MALFORMED
    assert levels_of(book, BID) == [(100, 5)]
    assert book.state is BookState.GAP
    good = snapshot([(90, 1)], [], update_id=10, ts=40)
    assert book.apply_snapshot(good) is Outcome.APPLIED
    assert standing(book) == (BookState.LIVE, 41, "snapshot applied")
    assert levels_of(book, ASK) == []


def test_a_crossed_book_says_so_until_the_next_sound_snapshot(book: Book) -> None:
    book.apply_snapshot(snapshot([(100, 5)], [(101, 6)]))
    assert book.apply_delta(delta([(101, 1)], [])) is Outcome.CROSSED
    assert standing(book) == (BookState.CROSSED, 21, "best bid at or above best ask")
    assert book.apply_delta(delta([(101, 0)], [], ts=30)) is Outcome.APPLIED
    assert book.state is BookState.CROSSED
    assert book.apply_snapshot(snapshot([(101, 5)], [(100, 6)], ts=40)) is Outcome.CROSSED
    assert book.state_since == 21, "the same state keeps its time"
    assert book.apply_snapshot(snapshot([(99, 5)], [(100, 6)], ts=50)) is Outcome.APPLIED
    assert standing(book) == (BookState.LIVE, 51, "snapshot applied")


def test_a_state_keeps_the_time_and_reason_of_its_last_change(book: Book) -> None:
    book.set_state(BookState.SYNCING, 5, "connected")
    assert standing(book) == (BookState.SYNCING, 5, "connected")
    book.set_state(BookState.SYNCING, 6, "still")
    assert standing(book) == (BookState.SYNCING, 5, "connected")
    book.set_state(BookState.DOWN, 7, "socket closed")
    assert standing(book) == (BookState.DOWN, 7, "socket closed")


def test_verified_is_what_the_last_event_says(book: Book) -> None:
    book.apply_snapshot(
        BookSnapshot(VENUE, SYMBOL, None, 1, 0, Layout.PAIRS, b"[]", b"[]", verified=False)
    )
    assert not book.verified
    assert book.ts_event is None


def test_texts_are_handed_on_as_they_are() -> None:
    event = text_delta(Layout.UPDATES, changes=b"[1]")
    assert texts_of(event) == (b"[]", b"[]", b"[1]")


def test_levels_can_be_cut_to_a_depth(book: Book) -> None:
    book.apply_snapshot(snapshot([(100, 1), (99, 2), (98, 3)], [(101, 4), (9_000_000, 5)]))
    assert levels_of(book, BID, 2) == [(100, 1), (99, 2)]
    assert levels_of(book, ASK, 9) == [(101, 4), (9_000_000, 5)]
    assert levels_of(book, ASK, 0) == levels_of(book, ASK, -1) == []
    assert book.size_at(ASK, 9_000_000) == 5
    assert [book.size_at(BID, ticks) for ticks in (99, 97, 5_000)] == [2, 0, 0]


def test_clear_takes_levels_and_leaves_the_standing(book: Book) -> None:
    book.apply_snapshot(snapshot([(100, 1), (1, 1)], [(101, 4), (9_000_000, 5)]))
    book.apply_delta(delta([(50, 0)], []))
    book.clear()
    assert (book.bid_levels, book.ask_levels, book.best_bid, book.best_ask) == (0, 0, None, None)
    assert (book.unknown_deletes, book.state, book.last_update_id) == (1, BookState.LIVE, 2)
    assert_structure(book.ints)


def test_a_snapshot_larger_than_the_room_makes_room(book: Book) -> None:
    count = FIRST_SCRATCH + 10
    bids = [(100_000 - step, 1) for step in range(count)]
    asks = [(200_000 + 3_000 * step, 2) for step in range(FIRST_LEVELS + 500)]
    book.apply_delta(delta([(7, 0)], []))
    assert book.apply_snapshot(snapshot(bids, asks)) is Outcome.APPLIED
    assert levels_of(book, BID) == bids
    assert levels_of(book, ASK) == asks
    assert book.unknown_deletes == 1
    assert_structure(book.ints)


@pytest.mark.parametrize("layout", [Layout.CHANGES, Layout.UPDATES, Layout.OBJECTS])
def test_every_layout_makes_room(book: Book, layout: Layout) -> None:
    count = FIRST_SCRATCH + 1
    row = {
        Layout.CHANGES: '["sell","{}","1"]',
        Layout.UPDATES: '{{"side":"offer","price_level":"{}","new_quantity":"1"}}',
        Layout.OBJECTS: '{{"price":"{}","size":"1"}}',
    }[layout]
    text = f"[{','.join(row.format(ticks) for ticks in range(1, count + 1))}]".encode()
    event = text_delta(layout, asks=text, changes=text)
    assert book.apply_delta(event) is Outcome.APPLIED
    assert book.ask_levels == count
    assert book.ints[SCRATCH_ROOM] > FIRST_SCRATCH


def test_a_delta_into_a_full_book_makes_room_and_keeps_all(book: Book) -> None:
    steps = range(0, 20_000, 2_000)
    for start in steps:
        rows = [(10_000 * (start + step + 1), 1) for step in range(2_000)]
        assert book.apply_delta(delta([], rows)) is Outcome.APPLIED
    assert book.ask_levels == 20_000
    assert_structure(book.ints)


def test_the_hash_depends_on_levels_and_update_id_alone(book: Book) -> None:
    other = Book(INSTRUMENT)
    book.apply_snapshot(snapshot([(100, 5)], [(101, 6)]))
    other.apply_delta(delta([(100, 5), (99, 1)], [(101, 6)], update_id=5))
    assert book.state_hash() != other.state_hash()
    other.apply_delta(delta([(99, 0)], [], update_id=1, ts=99))
    assert book.state_hash() == other.state_hash()
    other.apply_delta(delta([], [], update_id=3))
    assert book.state_hash() != other.state_hash()


def test_zero_price_is_refused(book: Book) -> None:
    text = pairs_text([(0, 1)])
    assert book.apply_delta(text_delta(Layout.PAIRS, text)) is Outcome.MALFORMED
