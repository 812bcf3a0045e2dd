"""Records are cut by time; the level log keeps sizes before, tops and depth."""

import numpy as np
import pytest

from hftlib.desk.market_reading import record_of_market
from hftlib.desk.market_record import SECOND, LevelLog, depth_of, rows_of, samples_of
from tests.desk_support.small_market import SPOT, happen


def test_halves_hold_everything_once() -> None:
    happened = happen(20)
    record = record_of_market(*happened[:3], SPOT, opening=happened.opening)
    first, second = record.halves()
    assert first.end_ns == second.start_ns
    assert first.seconds == pytest.approx(second.seconds, rel=1e-6)
    assert first.seconds + second.seconds == pytest.approx(record.seconds)
    for name in ("changes", "trades", "tops", "depth"):
        parts = [getattr(half, name) for half in (first, second)]
        within = getattr(record, name)
        # The last frame of depth is stamped with its end, behind the last event.
        within = within[within[:, 0] < record.end_ns]
        assert np.array_equal(np.concatenate(parts), within)
    for kind, stamps in record.frames.items():
        parts = [half.frames[kind] for half in (first, second)]
        assert np.array_equal(np.concatenate(parts), stamps[stamps < record.end_ns])


def test_a_change_is_logged_with_the_size_before() -> None:
    log = LevelLog()
    log.restart([(99, 5), (98, 0)], [(101, 7)])
    log.change(1, 0, 99, 8)
    log.change(2, 0, 99, 0)
    log.change(3, 0, 97, 0)
    assert rows_of(log.changes).tolist() == [[1, 0, 99, 8, 5], [2, 0, 99, 0, 8], [3, 0, 97, 0, 0]]
    assert log.sides == ({}, {101: 7})


def test_a_top_is_logged_when_it_is_another_one() -> None:
    log = LevelLog()
    log.sample_top(0)
    log.restart([(99, 5)], [(101, 7)])
    log.sample_top(1)
    log.sample_top(2)
    log.change(3, 1, 100, 2)
    log.sample_top(3)
    assert rows_of(log.tops).tolist() == [[1, 99, 5, 101, 7], [3, 99, 5, 100, 2]]


def test_depth_is_logged_once_a_second_while_the_book_is_known() -> None:
    log = LevelLog()
    log.sample_depth(0)
    log.restart([(99_999, 5)], [(100_001, 7)])
    for now_ns in (0, SECOND // 2, SECOND, 3 * SECOND):
        log.sample_depth(now_ns)
    log.forget()
    log.sample_depth(9 * SECOND)
    assert [row[0] for row in log.depth] == [0, SECOND, 3 * SECOND]
    assert samples_of(log.depth)[0, 1:].tolist() == [2, 0, 0, 0, 12, 0, 0, 0]
    assert samples_of([]).shape == (0, 9)


def test_depth_by_distance_from_the_mid() -> None:
    bids = np.array([99_995, 99_950, 99_000]), np.array([1, 2, 4])
    asks = np.array([100_300, 100_005, 100_060]), np.array([8, 16, 32])
    assert depth_of(bids, asks).tolist() == [2, 1, 1, 0, 17, 2, 32, 0]
    assert depth_of(bids, asks, (50.0,)).tolist() == [5, 59]
