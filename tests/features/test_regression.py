"""Flow regression: hand-made quotes, windows and refusals."""

from itertools import pairwise

import numpy as np
import pytest

from hftlib.features.regression import (
    mean_r_squared,
    order_flow,
    quotes_of,
    regress,
    regress_flow,
    regress_parts,
    windows_of,
)
from tests.reference.features_reference import order_flow_event


def _quotes():
    return quotes_of(
        ts=[0, 1, 2, 3, 4, 5, 6],
        bid_ticks=[100, 100, 101, 100, 100, 100, 100],
        bid_size=[5, 8, 2, 4, 4, 4, 1],
        ask_ticks=[102, 102, 102, 102, 101, 103, 103],
        ask_size=[5, 5, 5, 5, 7, 6, 6],
    )


def test_flow_counts_queue_changes_and_moves_of_both_sides() -> None:
    assert order_flow(_quotes()).tolist() == [0, 3, 2, -2, -7, 7, -3]


def test_flow_equals_the_reference_event_by_event() -> None:
    quotes = _quotes()
    rows = list(zip(quotes.bid_ticks, quotes.bid_size, quotes.ask_ticks, quotes.ask_size))
    expected = [order_flow_event(before, after) for before, after in pairwise(rows)]
    assert order_flow(quotes)[1:].tolist() == expected


def test_windows_leave_the_incomplete_last_one_out() -> None:
    flow, change = windows_of(_quotes(), 2, tick_size=0.5)
    assert flow.tolist() == [3, 0, 0]
    assert change.tolist() == [0.0, 0.0, 0.25]


def test_windows_follow_anchor_and_end() -> None:
    flow, change = windows_of(_quotes(), 4, anchor_ns=-1, end_ns=7)
    assert flow.tolist() == [5, -5]
    assert change.tolist() == [0.5, 0.0]
    assert windows_of(_quotes(), 100)[0].size == 0


def test_regress_finds_a_line() -> None:
    x = np.array([0.0, 1.0, 2.0, 5.0])
    found = regress(x, 3 - 2 * x)
    assert (found.n, found.r_squared) == (4, pytest.approx(1))
    assert (found.intercept, found.beta) == (pytest.approx(3), pytest.approx(-2))


def test_regress_of_a_still_response_explains_nothing() -> None:
    assert regress([1.0, 2.0, 4.0], [7.0, 7.0, 7.0]).r_squared == 0


def test_parts_are_regressed_one_by_one() -> None:
    quotes = _quotes()
    whole = regress_flow(quotes, 1)
    assert whole.n == 6
    parts = regress_parts(quotes, 1, 3)
    assert [part.n for part in parts] == [3, 3]
    flow, change = windows_of(quotes, 1)
    assert parts[1] == regress(flow[3:], change[3:])
    assert mean_r_squared(parts) == pytest.approx((parts[0].r_squared + parts[1].r_squared) / 2)


@pytest.mark.parametrize(
    "columns",
    [
        ([], [], [], [], []),
        ([1, 2], [1], [1, 1], [2, 2], [1, 1]),
        ([2, 1], [1, 1], [1, 1], [2, 2], [1, 1]),
    ],
)
def test_quotes_refuse_bad_columns(columns) -> None:
    with pytest.raises(ValueError, match=r"quotes|go back"):
        quotes_of(*columns)


def test_refusals_say_why() -> None:
    quotes = _quotes()
    with pytest.raises(ValueError, match="positive width"):
        windows_of(quotes, 0)
    with pytest.raises(ValueError, match="no multiple"):
        regress_parts(quotes, 2, 3)
    with pytest.raises(ValueError, match="three points"):
        regress([1.0, 2.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="never changes"):
        regress([1.0, 1.0, 1.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="no regression"):
        mean_r_squared([])
