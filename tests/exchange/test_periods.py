"""Periods must begin where calendars say, in every zone."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftlib.exchange.periods import INTERVALS, period_of

SECOND_NS = 1_000_000_000
HOUR_NS = 3_600 * SECOND_NS
stamps = st.integers(1_500_000_000 * SECOND_NS, 2_000_000_000 * SECOND_NS)
zones = st.sampled_from([0, 8, -12, 14, -5]).map(lambda hours: hours * HOUR_NS)


def moment(stamp_ns: int, offset_ns: int) -> dt.datetime:
    return dt.datetime.fromtimestamp((stamp_ns + offset_ns) // SECOND_NS, dt.UTC)


@pytest.mark.parametrize("name", INTERVALS)
@given(stamp=stamps, offset=zones)
def test_a_period_holds_its_time_and_touches_the_next(name, stamp, offset):
    period = INTERVALS[name]
    opened = period.open_of(stamp, offset)
    end = period.end_of(opened, offset)
    assert opened <= stamp < end
    assert end - opened <= period.longest_ns
    assert period.open_of(opened, offset) == opened
    assert period.open_of(end - 1, offset) == opened
    assert period.open_of(end, offset) == end


@given(stamp=stamps, offset=zones)
def test_months_weeks_and_days_are_those_of_the_calendar(stamp, offset):
    local = moment(stamp, offset)
    month = moment(INTERVALS["1M"].open_of(stamp, offset), offset)
    assert month == local.replace(day=1, hour=0, minute=0, second=0)
    week = moment(INTERVALS["1w"].open_of(stamp, offset), offset)
    assert (week.weekday(), week.hour, week.minute) == (0, 0, 0)
    day = moment(INTERVALS["1d"].open_of(stamp, offset), offset)
    assert day == local.replace(hour=0, minute=0, second=0)


def test_many_times_at_once_and_seconds():
    times = np.array([59, 60, 119, 120]) * SECOND_NS
    assert (period_of(60).opens(times) == np.array([0, 60, 60, 120]) * SECOND_NS).all()
