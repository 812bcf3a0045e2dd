"""Bars of one second: volatility, Kyle's lambda, Amihud and cancels, worked out by hand."""

import math
from itertools import pairwise

import pytest

from hftlib.features import layout
from hftlib.features.settings import FeatureSettings
from tests.features.feature_events import SECOND, START, feed, new_measurer


def _frame(measurer, after_ns, middle, size=1_000) -> None:
    levels = ([(middle - 1, size)], [(middle + 1, size)])
    feed(measurer, ("snapshot", START + after_ns, *levels))


def _walk(middles, window=10):
    """Show each middle at the middle of a second of its own, and close the last bar."""
    measurer = new_measurer(FeatureSettings(window_bars=window))
    for number, middle in enumerate(middles):
        _frame(measurer, number * SECOND + SECOND // 2, middle)
    _frame(measurer, len(middles) * SECOND, middles[-1])
    return measurer


def test_volatility_needs_ten_returns() -> None:
    assert _walk([10_000 + k for k in range(10)]).value("realised_volatility_bps") is None
    measurer = _walk([10_000 + k for k in range(11)], window=20)
    gains = [math.log((10_001 + k) / (10_000 + k)) for k in range(10)]
    realised = 1e4 * math.sqrt(sum(gain**2 for gain in gains))
    assert measurer.value("realised_volatility_bps") == pytest.approx(realised)
    pairs = sum(x * y for x, y in pairwise(gains))
    assert measurer.value("bipower_volatility_bps") == pytest.approx(
        1e4 * math.sqrt(math.pi / 2 * pairs)
    )
    assert measurer.value("jump_share") == 0
    assert measurer.value("bars_held") == 11


def test_a_jump_is_seen_as_one() -> None:
    measurer = _walk([10_000] * 6 + [10_500] * 6, window=11)
    jump = math.log(10_500 / 10_000)
    assert measurer.value("realised_volatility_bps") == pytest.approx(1e4 * jump)
    assert measurer.value("bipower_volatility_bps") == 0
    assert measurer.value("jump_share") == 1


def test_a_still_mid_has_no_jump_share() -> None:
    measurer = _walk([10_000] * 12)
    assert measurer.value("realised_volatility_bps") == 0
    assert measurer.value("jump_share") is None


def test_quiet_seconds_carry_the_mid_on() -> None:
    measurer = new_measurer(FeatureSettings(window_bars=30))
    _frame(measurer, 0, 10_000)
    _frame(measurer, 20 * SECOND + 1, 10_100)
    _frame(measurer, 25 * SECOND, 10_100)
    assert measurer.value("bars_held") == 25
    assert measurer.value("realised_volatility_bps") == pytest.approx(1e4 * math.log(1.01))


def test_a_long_silence_fills_the_ring_once() -> None:
    measurer = new_measurer(FeatureSettings(window_bars=layout.BAR_CAPACITY))
    _frame(measurer, 0, 10_000)
    _frame(measurer, 100_000 * SECOND, 10_100)
    assert measurer.floats[layout.BAR_HEAD] == layout.BAR_CAPACITY + 1
    assert measurer.value("bars_held") == layout.BAR_CAPACITY
    assert measurer.value("realised_volatility_bps") == 0
    _frame(measurer, 100_001 * SECOND, 10_100)
    assert measurer.value("realised_volatility_bps") == pytest.approx(1e4 * math.log(1.01))


def test_a_missing_mid_breaks_two_returns() -> None:
    measurer = new_measurer(FeatureSettings(window_bars=40))
    for second in range(12):
        _frame(measurer, second * SECOND, 10_000)
    feed(measurer, ("forget", START + 12 * SECOND - 1))
    for second in range(12, 25):
        _frame(measurer, second * SECOND + 1, 10_500)
    assert measurer.value("realised_volatility_bps") == 0
    assert measurer.value("bars_held") == 24


def test_kyle_lambda_is_the_slope_of_changes_on_signed_volume() -> None:
    measurer = new_measurer(FeatureSettings(window_bars=10))
    middle = 10_000
    _frame(measurer, 0, middle)
    for second in range(1, 14):
        quanta = 1_000 * (second % 4 + 1)
        sign = 1 if second % 3 else -1
        feed(measurer, ("trade", START + second * SECOND, middle, quanta, sign))
        middle += sign * quanta // 500 + 1
        _frame(measurer, second * SECOND + 1, middle)
        if second == 10:
            assert measurer.value("kyle_lambda") is None
    assert measurer.value("kyle_lambda") == pytest.approx(0.02)


def test_amihud_takes_the_bars_that_traded() -> None:
    measurer = new_measurer(FeatureSettings(window_bars=20))
    middle = 10_000
    _frame(measurer, 0, middle)
    ratios = []
    for second in range(1, 14):
        if second % 5:
            feed(measurer, ("trade", START + second * SECOND, middle, 3_000, 1))
            ratios.append(math.log((middle + 10) / middle) / (3 * middle / 100))
        middle += 10
        _frame(measurer, second * SECOND + 1, middle)
        if second == 12:
            assert measurer.value("amihud") is None
    _frame(measurer, 14 * SECOND, middle)
    assert measurer.value("amihud") == pytest.approx(1e10 * sum(ratios) / len(ratios))


def test_cancels_are_what_left_without_a_trade() -> None:
    measurer = new_measurer(FeatureSettings())
    feed(measurer, ("snapshot", START, [(9_990, 5_000), (9_980, 7_000)], [(10_010, 4_000)]))
    feed(measurer, ("delta", START, [(9_980, 0)], []))  # behind the best: not counted
    feed(measurer, ("delta", START + 1, [(9_990, 3_000)], [(10_010, 4_500)]))  # 2 left, 0.5 came
    feed(measurer, ("delta", START + 2, [], [(10_010, 0), (10_020, 100)]))  # 4.5 left
    assert measurer.value("cancel_to_trade") is None
    feed(measurer, ("trade", START + 3, 10_010, 1_500, 1))
    feed(measurer, ("delta", START + SECOND, [], []))
    assert measurer.value("cancel_to_trade") == pytest.approx((6.5 - 1.5) / 1.5)


def test_more_traded_than_seen_to_leave_is_no_cancel() -> None:
    measurer = new_measurer(FeatureSettings())
    feed(measurer, ("snapshot", START, [(9_990, 5_000)], [(10_010, 4_000)]))
    feed(measurer, ("trade", START + 3, 10_010, 1_500, 1))
    feed(measurer, ("delta", START + SECOND, [], []))
    assert measurer.value("cancel_to_trade") == 0
