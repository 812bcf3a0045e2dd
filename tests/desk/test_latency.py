"""Histograms of durations: fixed memory, bounded error, and what is new since the last look."""

import random

import pytest

from hftlib.desk.latency import Latency
from hftlib.engine.stopwatch import DECODED, FEATURED, SIGNALLED, STAGES


def measured(durations):
    """Return the histogram of frames that were decoded after so many nanoseconds."""
    times = iter([1_000 + duration for duration in durations])
    latency = Latency(lambda: next(times))
    latency.begin(1_000)
    for _ in durations:
        latency.mark(DECODED)
    return latency.stages()["decoded"]


def test_nothing_counted_has_no_quantile():
    histogram = measured([])
    assert (histogram.count, histogram.quantile_ns(0.5), histogram.longest_ns) == (0, None, None)
    assert list(histogram.buckets()) == []


@pytest.mark.parametrize("duration", [0, 1, 15, 16, 31, 32, 33, 1_000, 123_456_789, 1 << 62])
def test_a_duration_is_told_back_a_sixteenth_too_long_at_most(duration):
    histogram = measured([duration])
    (bucket,) = histogram.buckets()
    assert duration <= bucket.edge_ns <= duration * (1 + 1 / 16)
    assert histogram.quantile_ns(0.01) == histogram.longest_ns == bucket.edge_ns


def test_quantiles_are_never_too_low():
    chance = random.Random(4)
    durations = sorted(int(chance.lognormvariate(10, 2)) for _ in range(5_000))
    histogram = measured(durations)
    assert histogram.count == len(durations)
    assert histogram.total_ns == sum(durations)
    for share in (0.5, 0.9, 0.99, 0.999, 1.0):
        exact = durations[round(share * len(durations)) - 1]
        assert exact <= histogram.quantile_ns(share) <= exact * (1 + 1 / 16) + 1
    assert sum(bucket.count for bucket in histogram.buckets()) == len(durations)


def test_the_stopwatch_measures_from_the_receive_stamp():
    times = iter([1_010, 1_020, 1_030])
    latency = Latency(lambda: next(times))
    latency.begin(1_000)
    for stage in (DECODED, FEATURED, SIGNALLED):
        latency.mark(stage)
    assert [stage.longest_ns for stage in latency.stages().values()] == [10, 20, 30]
    assert list(latency.stages()) == list(STAGES)


def test_a_frame_that_is_not_to_be_measured_is_not():
    latency = Latency(lambda: 5)
    latency.mark(DECODED)
    latency.begin(4)
    latency.begin(0)
    latency.mark(DECODED)
    assert latency.stages()["decoded"].count == 0


def test_what_is_new_is_told_once():
    times = iter([50, 2_000, 29])
    latency = Latency(lambda: next(times))
    latency.begin(1)
    latency.mark(DECODED)
    assert [stage.count for stage in latency.take_recent().values()] == [1, 0, 0]
    latency.mark(SIGNALLED)
    latency.mark(DECODED)
    recent = latency.take_recent()
    assert [stage.count for stage in recent.values()] == [1, 0, 1]
    assert (recent["decoded"].total_ns, recent["decoded"].longest_ns) == (28, 28)
    assert latency.take_recent()["decoded"].count == 0
    assert latency.stages()["decoded"].count == 2
