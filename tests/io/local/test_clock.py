import time

from hftlib.io.clock import WallClock


def test_the_clock_begins_with_the_wall_and_never_runs_back():
    clock = WallClock()
    told = [clock.now_ns() for _ in range(1_000)]
    assert told == sorted(told)
    assert abs(clock.now_ns() - time.time_ns()) < 1_000_000_000
