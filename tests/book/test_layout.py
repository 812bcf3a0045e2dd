"""The array of a book: every place lies where no other does, and bad windows are refused."""

import numpy as np
import pytest

from hftlib.book import layout as place
from tests.book.book_events import INSTRUMENT, SMALL_WINDOW

SINGLES = (
    "WINDOW_BITS CHUNK_ROOM SCRATCH_ROOM PRICE_DECIMALS TICK_UNITS SIZE_DECIMALS UNKNOWN_DELETES "
    "LEVELS_APPLIED CROSSED SCRATCH_WANTED LEVELS_WANTED BID_TOP_COUNT ASK_TOP_COUNT"
)


def test_head_and_blocks_do_not_overlap() -> None:
    singles = {name: getattr(place, name) for name in SINGLES.split()}
    used = set(singles.values())
    assert len(used) == len(singles) == 13
    for side in place.SIDES:
        used |= set(range(side, side + place.TOP_TICKS_AT + 1))
    for top in (
        place.BID_TOP_TICKS,
        place.BID_TOP_QUANTA,
        place.ASK_TOP_TICKS,
        place.ASK_TOP_QUANTA,
    ):
        used |= set(range(top, top + place.TOP_DEPTH))
    assert len(used) == 13 + 2 * (place.TOP_TICKS_AT + 1) + 4 * place.TOP_DEPTH
    assert max(used) < place.HEAD_SIZE


def test_the_room_of_both_sides_fills_the_array_without_overlap() -> None:
    ints = place.allocate(INSTRUMENT, SMALL_WINDOW, levels=100, scratch=7)
    window, chunks = 1 << SMALL_WINDOW, place.chunks_for(100)
    taken = np.zeros(ints.size, bool)
    taken[: place.HEAD_SIZE] = True
    for side in place.SIDES:
        for name, size in (
            (place.SLOTS_AT, window),
            (place.WORDS_AT, window // 64),
            (place.SUMMARY_AT, window // place.BLOCK),
            (place.FIRSTS_AT, chunks),
            (place.ORDER_AT, chunks),
            (place.CHUNKS_AT, chunks * place.CHUNK_SIZE),
            (place.SCRATCH_AT, 14),
        ):
            at = ints[side + name]
            assert not taken[at : at + size].any()
            taken[at : at + size] = True
    assert taken.all()


def test_the_increments_of_the_instrument_are_kept() -> None:
    ints = place.allocate(INSTRUMENT, SMALL_WINDOW, 1, 1)
    kept = (place.PRICE_DECIMALS, place.TICK_UNITS, place.SIZE_DECIMALS)
    assert [ints[name] for name in kept] == [2, 1, 3]


@pytest.mark.parametrize("bits", [place.MINIMUM_WINDOW_BITS - 1, place.MAXIMUM_WINDOW_BITS + 1])
def test_a_window_out_of_bounds_is_refused(bits: int) -> None:
    with pytest.raises(ValueError, match="window_bits"):
        place.allocate(INSTRUMENT, bits, 1, 1)
