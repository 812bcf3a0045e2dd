"""The window moves with the best price and loses nothing on the way."""

from random import Random

import pytest

from hftlib.book import layout as place
from hftlib.book.book import Book
from hftlib.book.layout import ASK, BASE, BID, CHUNKS, SIDES
from tests.book.book_events import (
    INSTRUMENT,
    SMALL_WINDOW,
    assert_structure,
    delta,
    levels_of,
    snapshot,
    top_of,
)

WINDOW = 1 << SMALL_WINDOW


@pytest.fixture
def book() -> Book:
    return Book(INSTRUMENT, window_bits=SMALL_WINDOW)


def change(book: Book, side: int, *levels: tuple[int, int]) -> None:
    """Change one side; the other stays empty, so that nothing crosses."""
    book.apply_delta(delta(list(levels), []) if side == BID else delta([], list(levels)))
    assert_structure(book.ints)


@pytest.mark.parametrize("side", [BID, ASK])
def test_a_better_price_outside_moves_the_window_and_spills_the_far_end(book, side) -> None:
    worse, better = (-1, 1) if side == BID else (1, -1)
    start = 1_000_000
    levels = [(start + worse * 9 * step, step + 1) for step in range(150)]
    change(book, side, *levels)
    assert book.ints[SIDES[side] + CHUNKS] == 0
    change(book, side, (start + better * 2 * WINDOW, 9))
    assert book.ints[SIDES[side] + CHUNKS] > 0
    assert levels_of(book, side) == [(start + better * 2 * WINDOW, 9), *levels]
    change(book, side, (start + better * 2 * WINDOW, 0))
    assert book.ints[SIDES[side] + CHUNKS] == 0, "the window came back"
    assert levels_of(book, side) == levels


@pytest.mark.parametrize("side", [BID, ASK])
def test_a_best_price_near_the_far_end_takes_the_window_along(book: Book, side: int) -> None:
    worse = -1 if side == BID else 1
    start = 1_000_000
    steps = [(start + worse * 1_000 * step, 1) for step in range(20)]
    change(book, side, *steps)
    base = book.ints[SIDES[side] + BASE]
    for number, (ticks, _) in enumerate(steps[:-1], 1):
        change(book, side, (ticks, 0))
        assert levels_of(book, side) == steps[number:]
        assert top_of(book, side) == steps[number:]
    assert book.ints[SIDES[side] + BASE] > base
    change(book, side, (steps[-1][0], 0))
    assert levels_of(book, side) == []


def test_a_wide_book_shows_its_top_from_the_overflow(book: Book) -> None:
    asks = [(10_000 * step * step, step) for step in range(1, 40)]
    bids = [(20_000_000 - 10_000 * step, step) for step in range(1, 40)]
    book.apply_snapshot(snapshot(bids[:0], asks))
    assert top_of(book, ASK) == asks[: place.TOP_DEPTH]
    book.apply_snapshot(snapshot(bids, asks[:0]))
    assert top_of(book, BID) == bids[: place.TOP_DEPTH]


def test_a_deletion_beyond_either_end_is_counted(book: Book) -> None:
    change(book, ASK, (500_000, 1))
    change(book, ASK, (1, 0), (500_000 + 3 * WINDOW, 0), (500_001, 0))
    assert book.unknown_deletes == 3
    change(book, ASK, (500_000 + 3 * WINDOW, 5), (500_000 + 3 * WINDOW, 0))
    assert book.unknown_deletes == 3
    assert levels_of(book, ASK) == [(500_000, 1)]


def test_a_price_may_come_and_go_within_one_frame(book: Book) -> None:
    change(book, ASK, (500_000, 1), (600_000, 2))
    change(book, ASK, (1_000, 3), (1_000, 0))
    assert levels_of(book, ASK) == [(500_000, 1), (600_000, 2)]
    change(book, ASK, (499_999, 3), (499_999, 0), (500_000, 0), (600_000, 0), (600_000, 7))
    assert levels_of(book, ASK) == [(600_000, 7)]


def test_the_largest_and_the_smallest_price_live_together(book: Book) -> None:
    for side in (BID, ASK):
        change(book, side, (1, 1), (place.MAXIMUM_TICKS // 100, 2), (77, 3))
        expected = [(1, 1), (77, 3), (place.MAXIMUM_TICKS // 100, 2)]
        assert levels_of(book, side) == (expected[::-1] if side == BID else expected)
        assert book.size_at(side, place.MAXIMUM_TICKS // 100) == 2
        book.clear()


@pytest.mark.parametrize("side", [BID, ASK])
def test_a_snapshot_over_a_scattered_book_leaves_nothing_behind(book: Book, side: int) -> None:
    random = Random(3)
    change(book, side, *((ticks, 1) for ticks in random.sample(range(1, 10**7), 700)))
    levels = [(5_000, 1)]
    book.apply_snapshot(snapshot(levels, []) if side == BID else snapshot([], levels))
    assert_structure(book.ints)
    assert levels_of(book, side) == levels
