import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftlib.venues.stamps import StampError, iso_ns, iso_text, midnight_ns, stamp_ns

LAST_NS = 9_214_646_400_000_000_000 - 1


def test_milliseconds_and_microseconds_are_told_apart_by_magnitude():
    assert stamp_ns(1_723_161_255_208) == 1_723_161_255_208_000_000
    assert stamp_ns(1_723_161_255_208_123) == 1_723_161_255_208_123_000


def test_the_limits_of_the_stamp_type_fit_63_bits():
    assert stamp_ns(9_223_372_036_854) < 2**63
    assert stamp_ns(9_223_372_036_854_775) < 2**63


def test_iso_text_keeps_nine_digits():
    assert iso_ns("2026-08-09T21:05:48.228568804Z") == 1_786_309_548_228_568_804
    assert iso_ns("2021-04-17T16:43:37.067586Z") == 1_618_677_817_067_586_000
    assert iso_ns("1970-01-01T00:00:00Z") == 0
    assert iso_ns("1970-01-01 00:00:01.5Z") == 1_500_000_000


@given(st.integers(0, LAST_NS // 1000))
def test_iso_agrees_with_the_calendar_of_the_standard_library(microseconds: int):
    moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=microseconds)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert iso_ns(text) == microseconds * 1000
    assert iso_text(microseconds * 1000, 6) == text


@given(st.integers(0, LAST_NS))
def test_iso_text_round_trips(stamp: int):
    assert iso_ns(iso_text(stamp, 9)) == stamp


def test_iso_text_without_digits_has_no_point():
    assert iso_text(1_500_000_000, 0) == "1970-01-01T00:00:01Z"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Z",
        "2026-08-09T21:05:48.2285",
        "2026-08-09X21:05:48Z",
        "2026-08-09T21:05:48.Z",
        "2026-08-09T21:05:48,5Z",
        "2026-08-09T21:05:48.1234567890Z",
        "2026-08-09T21:05:48.12a4Z",
        "2026-08-09T25:05:48Z",
        "2026-08-09T21:65:48Z",
        "2026-08-09T21:05:61Z",
        "2026-08-09T21-05:48Z",
        "2026/08/09T21:05:48Z",
        "2026-13-09T21:05:48Z",
        "2026-00-09T21:05:48Z",
        "2026-08-32T21:05:48Z",
        "1969-08-09T21:05:48Z",
        "2262-01-01T00:00:00Z",
        "2026-08-09T2١:05:48Z",
    ],
)
def test_what_is_no_time_is_refused(text: str):
    with pytest.raises(StampError):
        iso_ns(text)


@pytest.mark.parametrize("text", ["", "2012-6-21", "2012-06-21Z"])
def test_what_is_no_date_is_refused(text: str):
    with pytest.raises(StampError):
        midnight_ns(text)


def test_midnight_of_a_day():
    assert midnight_ns("2012-06-21") == 1_340_236_800_000_000_000
