"""Bands, slope and cost of walking, in the window and beyond it."""

import pytest

from hftlib.features.catalogue import NAMES
from hftlib.features.settings import FeatureSettings
from tests.features.feature_events import START, feed, new_measurer

BIDS = [(9_999, 1_000), (9_990, 2_000), (9_980, 4_000), (9_949, 8_000), (9_000, 16_000)]
ASKS = [(10_001, 3_000), (10_011, 1_000), (10_040, 5_000), (19_000, 1_000)]


@pytest.fixture
def measurer():
    measurer = new_measurer(FeatureSettings(cost_sizes=(1.0, 4.0, 10.0)))
    feed(measurer, ("snapshot", START, BIDS, ASKS))
    return measurer


def test_bands_sum_what_lies_within(measurer) -> None:
    bids = [measurer.value(f"bid_depth_{bps}bps") for bps in (5, 10, 25, 50, 100)]
    asks = [measurer.value(f"ask_depth_{bps}bps") for bps in (5, 10, 25, 50, 100)]
    assert bids == [1, 3, 7, 7, 15]
    assert asks == [3, 3, 4, 9, 9]
    assert measurer.value("imbalance_25bps") == pytest.approx(3 / 11)


def test_a_band_that_the_book_does_not_reach_is_missing(measurer) -> None:
    feed(measurer, ("delta", START, [(9_000, 0)], [(19_000, 0), (10_040, 0)]))
    bids = [measurer.value(f"bid_depth_{bps}bps") for bps in (5, 10, 25, 50, 100)]
    asks = [measurer.value(f"ask_depth_{bps}bps") for bps in (5, 10, 25, 50, 100)]
    assert bids == [1, 3, 7, 7, None]
    assert asks == [3, 3, None, None, None]
    assert measurer.value("imbalance_10bps") == 0
    assert measurer.value("imbalance_25bps") is None
    assert measurer.value("ask_slope_25bps") is None


def test_slope_is_the_line_through_the_mid(measurer) -> None:
    expected = (1 * 1 + 10 * 3 + 20 * 7) / (1 + 100 + 400)
    assert measurer.value("bid_slope_25bps") == pytest.approx(expected)
    expected = (1 * 3 + 11 * 4) / (1 + 121)
    assert measurer.value("ask_slope_25bps") == pytest.approx(expected)


def test_no_level_near_the_mid_gives_no_slope() -> None:
    measurer = new_measurer()
    feed(measurer, ("snapshot", START, [(9_000, 5)], [(11_000, 5)]))
    assert measurer.value("bid_slope_25bps") is None
    assert measurer.value("bid_depth_25bps") == 0
    assert measurer.value("imbalance_25bps") is None


def test_walking_the_book_costs(measurer) -> None:
    assert measurer.value("buy_price_small") == 100.01
    assert measurer.value("buy_cost_small_bps") == pytest.approx(1)
    price = (3 * 100.01 + 1 * 100.11) / 4
    assert measurer.value("buy_price_medium") == pytest.approx(price)
    assert measurer.value("buy_cost_medium_bps") == pytest.approx((price - 100) * 100)
    price = (3 * 100.01 + 1 * 100.11 + 5 * 100.4 + 1 * 190) / 10
    assert measurer.value("buy_price_large") == pytest.approx(price)
    price = (1 * 99.99 + 2 * 99.9 + 4 * 99.8 + 3 * 99.49) / 10
    assert measurer.value("sell_price_large") == pytest.approx(price)
    assert measurer.value("sell_cost_large_bps") == pytest.approx((100 - price) * 100)


def test_a_book_too_thin_has_no_price(measurer) -> None:
    feed(measurer, ("delta", START, [], [(19_000, 0)]))
    assert measurer.value("buy_price_medium") is not None
    assert measurer.value("buy_price_large") is None
    assert measurer.value("buy_cost_large_bps") is None


def test_walk_goes_on_beyond_the_window() -> None:
    measurer = new_measurer(FeatureSettings(cost_sizes=(0.001, 0.002, 0.1)))
    far = [(20_000 + 10 * k, 1) for k in range(200)]
    feed(measurer, ("snapshot", START, [(9_999, 5)], [(10_001, 1), *far]))
    taken = [(10_001, 1), *far][:100]
    price = sum(ticks for ticks, _ in taken) / 100 / 100
    assert measurer.value("buy_price_large") == pytest.approx(price)
    assert measurer.value("sell_price_large") is None
    assert measurer.value("ask_depth_100bps") == pytest.approx(0.001)


def test_one_side_or_no_book_gives_nothing() -> None:
    measurer = new_measurer()
    depth = NAMES[NAMES.index("bid_depth_5bps") :]
    assert all(measurer.value(name) is None for name in depth)
    feed(measurer, ("snapshot", START, BIDS, []))
    assert all(measurer.value(name) is None for name in depth)
    feed(measurer, ("snapshot", START, [], ASKS))
    assert all(measurer.value(name) is None for name in depth)
