"""The matching book's array: what fits, and what is refused before anything is laid out."""

import numpy as np
import pytest

from hftlib.market.layout import (
    LOG_ROWS,
    LOGS,
    MAXIMUM_ORDERS,
    ids_bits_for,
    initialise,
    log_needs,
    size_of_state,
)


@pytest.mark.parametrize("room", [(1, 0), (7, 7), (300, 20), (5000, 1024)])
def test_the_parts_of_a_state_do_not_overlap_and_fill_it(room) -> None:
    size = size_of_state(*room, window_bits=13, log_rows=50)
    state = np.zeros(size, np.int64)
    initialise(state, *room, window_bits=13, log_rows=50)
    ends = [
        state[at] + (need + state[LOG_ROWS]) * columns
        for need, (_, at, columns) in zip(log_needs(room[0]), LOGS, strict=True)
    ]
    starts = [state[at] for _, at, _ in LOGS]
    assert ends[:-1] == starts[1:]
    assert ends[-1] == size
    assert 1 << ids_bits_for(room[0]) >= 2 * room[0]


@pytest.mark.parametrize(
    "room", [(0, 0), (MAXIMUM_ORDERS + 1, 0), (10, 11), (10, -1), (10, 5, 12), (10, 5, 25)]
)
def test_room_that_makes_no_sense_is_refused(room) -> None:
    with pytest.raises(ValueError, match=r"room|window"):
        size_of_state(*room)


def test_an_array_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="places"):
        initialise(np.zeros(100, np.int64), 10, 0)
