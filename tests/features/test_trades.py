"""Trades: sums, windows, VPIN and spreads, worked out by hand."""

import pytest

from hftlib.core.instrument import Instrument
from hftlib.features import layout
from hftlib.features.settings import FeatureSettings
from tests.features.feature_events import SECOND, START, feed, new_measurer

BOOK = ("snapshot", START, [(9_990, 1_000)], [(10_010, 1_000)])


def _measurer(**settings):
    measurer = new_measurer(FeatureSettings(**settings))
    feed(measurer, BOOK)
    return measurer


def _trade(measurer, after_ns, quanta, sign, ticks=10_000) -> None:
    feed(measurer, ("trade", START + after_ns, ticks, quanta, sign))


def test_sums_of_volume() -> None:
    measurer = _measurer()
    _trade(measurer, 1, 5_000, 1)
    _trade(measurer, 2, 2_000, -1, ticks=9_990)
    _trade(measurer, 3, 500, -1, ticks=9_980)
    value = measurer.value
    assert (value("last_trade_price"), value("last_trade_size")) == (99.8, 0.5)
    assert (value("buy_volume"), value("sell_volume"), value("trades")) == (5, 2.5, 3)
    assert value("volume_delta") == value("cvd") == 2.5


def test_time_windows_open_at_their_old_end() -> None:
    measurer = _measurer()
    assert measurer.value("trade_flow_1s") is None
    _trade(measurer, 0, 3_000, 1)
    _trade(measurer, SECOND // 2, 1_000, -1)
    assert measurer.value("trade_flow_1s") == pytest.approx(0.5)
    assert measurer.value("trade_volume_1s") == 4
    feed(measurer, ("delta", START + SECOND - 1, [], []))
    assert measurer.value("trade_volume_1s") == 4
    feed(measurer, ("delta", START + SECOND, [], []))
    assert measurer.value("trade_volume_1s") == 1
    assert measurer.value("trade_flow_1s") == -1
    assert measurer.value("trade_volume_10s") == 4
    feed(measurer, ("delta", START + 20 * SECOND, [], []))
    assert measurer.value("trade_flow_10s") is None
    assert measurer.value("trade_volume_10s") == 0
    assert measurer.value("trade_flow_100") == pytest.approx(0.5)


def test_window_of_a_hundred_trades() -> None:
    measurer = _measurer()
    _trade(measurer, 1, 1_000_000, 1)
    for number in range(100):
        _trade(measurer, 2 + number, 100, 1 if number < 25 else -1)
    assert measurer.value("trade_flow_100") == pytest.approx(-0.5)


def test_ring_of_trades_counts_what_it_loses() -> None:
    measurer = _measurer()
    for _ in range(layout.TRADE_CAPACITY):
        _trade(measurer, 1, 1_000, 1)
    assert measurer.value("trade_window_overflows") == 0
    _trade(measurer, 1, 1_000, 1)
    _trade(measurer, 1, 1_000, 1)
    assert measurer.value("trade_window_overflows") == 2
    assert measurer.value("trade_volume_10s") == layout.TRADE_CAPACITY
    assert measurer.value("realised_spread_overflows") == 2
    feed(measurer, ("delta", START + 60 * SECOND, [], []))
    assert measurer.value("trade_volume_10s") == 0
    _trade(measurer, 60 * SECOND, 1_000, 1)
    assert measurer.value("trade_window_overflows") == 2
    assert measurer.value("trade_volume_10s") == 1


def test_vpin_of_given_buckets() -> None:
    measurer = _measurer(vpin_bucket=1.0)
    assert measurer.value("vpin_bucket") == 1
    for _ in range(49):
        _trade(measurer, 1, 1_000, 1)
    _trade(measurer, 1, 750, 1)
    assert measurer.value("vpin") is None
    _trade(measurer, 1, 250, -1)
    assert measurer.value("vpin") == pytest.approx((49 + 0.5) / 50)
    _trade(measurer, 1, 500, -1)
    _trade(measurer, 1, 500, 1)
    assert measurer.value("vpin") == pytest.approx((48 + 0.5 + 0) / 50)


def test_vpin_splits_a_trade_over_buckets() -> None:
    measurer = _measurer(vpin_bucket=1.0)
    for sign in (1, -1):
        _trade(measurer, 1, 500, sign)
    _trade(measurer, 1, 1_000_000_250, 1)
    assert measurer.value("vpin") == 1
    _trade(measurer, 1, 750, -1)
    assert measurer.value("vpin") == pytest.approx((49 + 0.5) / 50)


def test_vpin_bucket_is_calibrated() -> None:
    measurer = _measurer()
    for number in range(layout.CALIBRATION):
        assert measurer.value("vpin_bucket") is None
        _trade(measurer, 1, 1 + number % 2, 1)
    assert measurer.value("vpin_bucket") == pytest.approx(0.03)
    _trade(measurer, 1, 30 * 50, -1)
    assert measurer.value("vpin") == 1


def test_effective_spread_is_against_the_mid_before() -> None:
    measurer = _measurer()
    assert measurer.value("effective_spread_bps") is None
    _trade(measurer, 1, 100, 1, ticks=10_010)
    _trade(measurer, 2, 100, -1, ticks=9_970)
    assert measurer.value("effective_spread_bps") == pytest.approx((20 + 60) / 2)


def test_spreads_keep_the_last_hundred() -> None:
    measurer = _measurer()
    _trade(measurer, 1, 100, 1, ticks=20_000)
    for _ in range(100):
        _trade(measurer, 2, 100, 1, ticks=10_005)
    assert measurer.value("effective_spread_bps") == pytest.approx(10)
    feed(measurer, ("delta", START + 6 * SECOND, [], []))
    assert measurer.value("realised_spread_5s_bps") == pytest.approx(10)
    assert measurer.value("price_impact_5s_bps") == 0


def test_realised_spread_waits_five_seconds() -> None:
    measurer = _measurer()
    _trade(measurer, 0, 100, 1, ticks=10_010)
    _trade(measurer, SECOND, 100, -1, ticks=9_990)
    feed(
        measurer,
        ("delta", START + 2 * SECOND, [(9_990, 0), (9_994, 7)], [(10_010, 0), (10_014, 7)]),
    )
    feed(measurer, ("delta", START + 5 * SECOND - 1, [], []))
    assert measurer.value("realised_spread_5s_bps") is None
    feed(measurer, ("delta", START + 5 * SECOND, [(9_999, 9)], []))
    assert measurer.value("realised_spread_5s_bps") == pytest.approx(2 * 6)
    assert measurer.value("price_impact_5s_bps") == pytest.approx(2 * 4)
    feed(measurer, ("delta", START + 7 * SECOND, [], []))
    later = (9_999 + 10_014) / 2
    assert measurer.value("realised_spread_5s_bps") == pytest.approx(6 + later - 9_990)
    effective = measurer.value("effective_spread_bps")
    parts = measurer.value("realised_spread_5s_bps") + measurer.value("price_impact_5s_bps")
    assert effective == pytest.approx(parts)


def test_a_missing_mid_leaves_no_spread() -> None:
    measurer = _measurer()
    _trade(measurer, 0, 100, 1, ticks=10_010)
    feed(measurer, ("forget", START + SECOND))
    _trade(measurer, 2 * SECOND, 100, 1, ticks=10_010)
    feed(measurer, ("delta", START + 30 * SECOND, [], []))
    assert measurer.value("effective_spread_bps") == pytest.approx(20)
    assert measurer.value("realised_spread_5s_bps") is None


def test_time_that_goes_back_a_little_stands_still() -> None:
    measurer = _measurer()
    _trade(measurer, 0, 1_000, 1)
    feed(measurer, ("delta", START + 9 * SECOND, [], []))
    _trade(measurer, 2 * SECOND, 2_000, 1)
    feed(measurer, ("delta", START + 10 * SECOND - 1, [], []))
    assert measurer.value("trade_volume_1s") == 2
    assert measurer.value("trade_volume_10s") == 3


def test_time_that_goes_back_far_begins_anew() -> None:
    measurer = _measurer()
    _trade(measurer, 100 * SECOND, 1_000, 1)
    feed(measurer, ("delta", START + 40 * SECOND, [], []))
    assert measurer.value("trade_volume_10s") == 1
    assert measurer.floats[layout.TIME_RESTARTS] == 0
    feed(measurer, ("delta", START + 20 * SECOND, [], []))
    assert measurer.value("trade_volume_10s") == 0
    assert measurer.value("bars_held") == 0
    assert measurer.value("trades") == 1
    assert measurer.floats[layout.TIME_RESTARTS] == 1
    _trade(measurer, 21 * SECOND, 4_000, -1)
    assert measurer.value("trade_flow_10s") == -1
    assert measurer.value("bars_held") == 1


def test_value_of_contracts() -> None:
    inverse = Instrument("b", "X", "BTC", "USD", "0.01", "0.001", multiplier="100", inverse=True)
    linear = Instrument("b", "X", "BTC", "USD", "0.01", "0.001", multiplier="2")
    for instrument, value in ((inverse, 500.0), (linear, 5 * 2 * 100.0)):
        measurer = new_measurer(FeatureSettings(), instrument=instrument)
        _trade(measurer, 1, 5_000, 1)
        assert measurer.floats[layout.BAR_NOTIONAL] == pytest.approx(value)
