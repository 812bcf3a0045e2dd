import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftlib.desk.markouts import markouts, mids_at


def ints(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


MID_TIMES = ints(10, 20, 20, 30, 40)
MIDS = np.array([100.0, 101.0, 102.0, np.nan, 104.0])


@pytest.mark.parametrize(
    ("time", "mid"),
    [(9, None), (10, 100), (19, 100), (20, 102), (29, 102), (30, None), (39, None), (40, 104)],
)
def test_the_mid_is_that_of_the_last_update_at_or_before(time: int, mid: float | None) -> None:
    (found,) = mids_at(ints(time), MID_TIMES, MIDS)
    assert found == mid if mid is not None else math.isnan(found)


def test_beyond_the_last_update_nothing_is_known() -> None:
    assert np.isnan(mids_at(ints(41), MID_TIMES, MIDS)).all()
    assert np.isnan(mids_at(ints(1, 2), ints(), np.array([]))).all()


def test_a_seller_gains_when_the_mid_falls() -> None:
    before, (moves,) = markouts(ints(0, 0), ints(1, -1), ints(0, 5), np.array([100.0, 99.0]), [5])
    assert before.tolist() == [100.0, 100.0]
    assert moves == pytest.approx([-100.0, 100.0])


def reference(time: int, sign: int, steps: list[tuple[int, float]], horizon: int) -> float:
    """Walk through all steps: the plain definition."""

    def mid(at: int) -> float:
        found = math.nan
        for stamp, value in steps:
            if stamp <= at:
                found = value
        return found if steps and at <= steps[-1][0] else math.nan

    return 1e4 * sign * (mid(time + horizon) - mid(time)) / mid(time)


@given(
    st.lists(st.tuples(st.integers(0, 50), st.floats(1, 1e6) | st.just(math.nan)), max_size=20),
    st.lists(st.tuples(st.integers(0, 60), st.sampled_from([1, -1])), max_size=20),
    st.lists(st.integers(1, 30), min_size=1, max_size=3),
)
def test_it_is_the_plain_definition(
    steps: list[tuple[int, float]], trades: list[tuple[int, int]], horizons: list[int]
) -> None:
    steps.sort(key=lambda one: one[0])
    _, moves = markouts(
        ints(*(at for at, _ in trades)),
        ints(*(sign for _, sign in trades)),
        ints(*(at for at, _ in steps)),
        np.array([mid for _, mid in steps]),
        horizons,
    )
    for horizon, found in zip(horizons, moves, strict=True):
        expected = [reference(at, sign, steps, horizon) for at, sign in trades]
        assert np.array_equal(found, np.array(expected), equal_nan=True)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=30), st.integers(0, 40))
def test_nothing_later_than_the_horizon_enters(times: list[int], cut: int) -> None:
    times.sort()
    mids = np.arange(1.0, len(times) + 1)
    changed = np.where(np.array(times) > cut, mids * 7, mids)
    at = ints(*range(40))
    whole = markouts(at, np.ones(40, np.int64), ints(*times), mids, [3])
    other = markouts(at, np.ones(40, np.int64), ints(*times), changed, [3])
    known = at + 3 <= cut
    assert np.array_equal(whole[1][0][known], other[1][0][known], equal_nan=True)
