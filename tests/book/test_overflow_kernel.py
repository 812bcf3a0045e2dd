"""The ordered overflow against a dict: insertions, splits, joins and room."""

from random import Random

import pytest

from hftlib.book import layout as place
from hftlib.book.layout import ASK_SIDE, CHUNK, CHUNKS, SIGN, Ints
from hftlib.book.overflow_kernel import drop_far, find_far, put_far
from tests.book.book_events import INSTRUMENT, SMALL_WINDOW, _far_keys

ROOM = 500


@pytest.fixture
def ints() -> Ints:
    return place.allocate(INSTRUMENT, SMALL_WINDOW, ROOM, 1)


def test_an_empty_overflow_holds_nothing(ints: Ints) -> None:
    assert find_far(ints, ASK_SIDE, 5) == 0
    assert drop_far(ints, ASK_SIDE, 5) == 0


def test_a_level_is_new_once_then_replaced_and_deleted_once(ints: Ints) -> None:
    assert put_far(ints, ASK_SIDE, 5, 11) == 1
    assert put_far(ints, ASK_SIDE, 5, 12) == 0
    assert find_far(ints, ASK_SIDE, 5) == 12
    assert [find_far(ints, ASK_SIDE, key) for key in (4, 6)] == [0, 0]
    assert [drop_far(ints, ASK_SIDE, key) for key in (4, 6, 5, 5)] == [0, 0, 1, 0]
    assert ints[ASK_SIDE + CHUNKS] == 0


@pytest.mark.parametrize("order", ["rising", "falling", "shuffled"])
def test_a_full_overflow_stays_within_its_chunks(ints: Ints, order: str) -> None:
    random = Random(7)
    keys = list(range(0, 3 * ROOM, 3))
    if order == "shuffled":
        random.shuffle(keys)
    elif order == "falling":
        keys.reverse()
    for key in keys:
        assert put_far(ints, ASK_SIDE, key, key + 1) == 1
    assert _far_keys(ints, ASK_SIDE) == sorted(keys)
    assert ints[ASK_SIDE + CHUNKS] <= place.chunks_for(ROOM) - 1
    random.shuffle(keys)
    while keys:
        gone = keys.pop()
        assert find_far(ints, ASK_SIDE, gone) == gone + 1
        assert drop_far(ints, ASK_SIDE, gone) == 1
        if len(keys) % 50 == 0:
            assert _far_keys(ints, ASK_SIDE) == sorted(keys)


def test_a_full_chunk_splits_in_halves(ints: Ints) -> None:
    for key in range(CHUNK):
        put_far(ints, ASK_SIDE, key, 1)
    assert ints[ASK_SIDE + CHUNKS] == 1
    put_far(ints, ASK_SIDE, CHUNK, 1)
    assert ints[ASK_SIDE + CHUNKS] == 2
    assert ints[ASK_SIDE + SIGN] == 1
