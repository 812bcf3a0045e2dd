"""The engine as other kernels call it: on an array, with logs that somebody has to drain."""

import numpy as np
import pytest

from hftlib.market.layout import (
    ASK,
    BID,
    CHANGE_COUNT,
    LIMIT,
    LOG_ROWS,
    MARKET,
    REPORT_COUNT,
    TOP_COUNT,
    TRADE_COUNT,
    Ints,
    initialise,
    size_of_state,
)
from hftlib.market.log_kernel import lacks_room, needs_drain
from hftlib.market.matching import MatchingBook
from hftlib.market.matching_kernel import amend, cancel, lots_at, place, remaining_of
from hftlib.market.orders import NO_PRICE, Refusal

OWNER = 7


@pytest.fixture
def state() -> Ints:
    room = {"order_room": 6, "trigger_room": 2, "window_bits": 13, "log_rows": 4}
    made = np.zeros(size_of_state(**room), np.int64)
    initialise(made, **room)
    return made


def limit(state: Ints, side: int, price: int, quantity: int) -> int:
    return place(state, 1, OWNER, side, LIMIT, 0, price, quantity, NO_PRICE, 0, 0)


def test_kernels_place_amend_and_cancel_on_the_array_that_python_sees(state) -> None:
    order_id = limit(state, BID, 100, 5)
    assert (remaining_of(state, order_id), lots_at(state, BID, 100)) == (5, 5)
    assert amend(state, 2, OWNER, order_id, 3) == 3
    assert MatchingBook(state).best_bid == (100, 3)
    taker = place(state, 3, OWNER + 1, ASK, MARKET, 0, NO_PRICE, 1, NO_PRICE, 0, 0)
    assert remaining_of(state, taker) == 0
    assert lots_at(state, ASK, 100) == 0
    assert cancel(state, 4, OWNER, order_id) == 2
    assert MatchingBook(state).best_bid is None


def test_a_halted_book_refuses_kernels_too(state) -> None:
    order_id = limit(state, BID, 100, 5)
    MatchingBook(state).halt(True)
    assert limit(state, BID, 100, 5) == -Refusal.HALTED
    assert amend(state, 2, OWNER, order_id, 3) == -Refusal.HALTED
    assert cancel(state, 2, OWNER, order_id) == 5


def test_a_log_that_is_full_asks_to_be_drained_and_then_refuses_every_command(state) -> None:
    placed = 0
    while not needs_drain(state):
        assert limit(state, BID, 100 + placed, 1) > 0
        placed += 1
    assert placed == 4
    answer, count = 1, 0
    while answer >= 0:
        count += 1
        answer = cancel(state, 2, OWNER, limit(state, BID, 50, 1))
    assert answer == -Refusal.BOOK_FULL
    before = state.copy()
    assert limit(state, BID, 50, 1) == -Refusal.BOOK_FULL
    assert amend(state, 2, OWNER, 1, 1) == -Refusal.BOOK_FULL
    assert (state == before).all()
    flow = MatchingBook(state).drain()
    assert len(flow.changes) == len(np.unique(flow.changes[:, 1]))
    assert not needs_drain(state)
    assert limit(state, BID, 50, 1) > 0


@pytest.mark.parametrize(
    ("count", "per_order"),
    [(CHANGE_COUNT, 2), (TRADE_COUNT, 1), (TOP_COUNT, 0), (REPORT_COUNT, 4)],
)
def test_a_log_takes_commands_while_it_has_room_for_what_they_can_say(
    state, count, per_order
) -> None:
    for price in (100, 101):
        limit(state, BID, price, 1)
    MatchingBook(state).drain()
    orders_idle = 6 - 2
    state[count] = state[LOG_ROWS] + per_order * orders_idle
    assert lacks_room(state) == (per_order == 0)
    state[count] += 1
    assert lacks_room(state)
    state[count] = state[LOG_ROWS] - 1
    assert not lacks_room(state)
    assert not needs_drain(state)


def test_whatever_one_command_does_fits_the_logs(state) -> None:
    for price in range(101, 107):
        assert limit(state, ASK, price, 1) > 0
    assert place(state, 2, OWNER, BID, MARKET, 0, NO_PRICE, 6, NO_PRICE, 0, 0) == -Refusal.BOOK_FULL
    MatchingBook(state).drain()
    assert place(state, 2, OWNER, BID, MARKET, 0, NO_PRICE, 6, NO_PRICE, 0, 0) > 0
    assert (state[TRADE_COUNT], state[CHANGE_COUNT]) == (6, 6)
