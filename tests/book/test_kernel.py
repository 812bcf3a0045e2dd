"""The entries: stored integer levels, room that is missing, rows that do not all fit."""

import numpy as np
import pytest

from hftlib.book import layout as place
from hftlib.book.kernel import change_book, change_side
from hftlib.book.layout import ASK_SIDE, BID_SIDE, LEVELS_WANTED, NEEDS_ROOM, Ints
from hftlib.core.compiled import direct
from hftlib.core.events import Layout
from tests.book.book_events import INSTRUMENT, SMALL_WINDOW, assert_structure, pairs_text


@pytest.fixture
def ints() -> Ints:
    return place.allocate(INSTRUMENT, SMALL_WINDOW, levels=100, scratch=1_000)


def columns(*levels: tuple[int, int]) -> tuple[Ints, Ints]:
    return tuple(np.array(column, np.int64) for column in zip(*levels, strict=True))


def test_stored_levels_are_applied_to_one_side(ints: Ints) -> None:
    assert change_side(ints, BID_SIDE, *columns((100, 1), (99, 2), (55, 0)), 0) == 3
    assert change_side(ints, BID_SIDE, *columns((101, 3), (100, 0)), 0) == 2
    assert ints[place.BID_TOP_COUNT] == 2
    assert ints[place.BID_TOP_TICKS : place.BID_TOP_TICKS + 2].tolist() == [101, 99]
    assert ints[place.BID_TOP_QUANTA : place.BID_TOP_QUANTA + 2].tolist() == [3, 2]
    assert (ints[place.UNKNOWN_DELETES], ints[place.LEVELS_APPLIED]) == (1, 5)
    assert change_side(ints, ASK_SIDE, *columns((101, 1)), 1) == 1
    assert ints[place.CROSSED] == 1
    assert_structure(ints)


@pytest.mark.parametrize("replace", [0, 1])
def test_levels_without_room_are_refused_and_change_nothing(ints: Ints, replace: int) -> None:
    change_side(ints, ASK_SIDE, *columns((100, 1)), 0)
    before = ints.copy()
    before[LEVELS_WANTED] = 2_000 + (replace == 0)
    many = np.arange(1, 2_001)
    assert change_side(ints, ASK_SIDE, many, many, replace) == NEEDS_ROOM
    assert np.array_equal(ints, before)


@pytest.mark.parametrize("replace", [0, 1])
def test_texts_without_room_are_refused_and_change_no_level(ints: Ints, replace: int) -> None:
    change_side(ints, ASK_SIDE, *columns((100, 1)), 0)
    text = pairs_text([(ticks, 1) for ticks in range(1, 801)])
    call = direct(change_book)
    assert call(ints, b"[]", text, b"", Layout.PAIRS, replace) == NEEDS_ROOM
    assert call(ints, text, text, b"", Layout.PAIRS, replace) == NEEDS_ROOM
    assert (ints[place.ASK_LEVELS], ints[place.BID_LEVELS]) == (1, 0)
    assert_structure(ints)


def test_an_unknown_layout_is_malformed(ints: Ints) -> None:
    assert direct(change_book)(ints, b"[]", b"[]", b"[]", 4, 0) == place.MALFORMED
