"""Quotes, imbalance and order flow of small books, worked out by hand."""

import pytest

from tests.features.feature_events import SECOND, START, feed, new_measurer

BIDS = [(10_000, 4_000), (9_990, 1_000), (9_980, 3_000)]
ASKS = [(10_010, 1_000), (10_030, 500)]


@pytest.fixture
def measurer():
    measurer = new_measurer()
    feed(measurer, ("snapshot", START, BIDS, ASKS))
    return measurer


def test_best_mid_and_spread(measurer) -> None:
    value = measurer.value
    assert (value("best_bid_price"), value("best_bid_size")) == (100.0, 4.0)
    assert (value("best_ask_price"), value("best_ask_size")) == (100.1, 1.0)
    assert (value("mid"), value("spread"), value("spread_ticks")) == (100.05, 0.1, 10)
    assert value("spread_bps") == pytest.approx(9.995002)
    assert value("weighted_mid") == value("micro_price_simple") == pytest.approx(100.08)


def test_imbalance_takes_what_levels_there_are(measurer) -> None:
    assert measurer.value("imbalance_1") == pytest.approx(3 / 5)
    for depth in (5, 10, 20):
        assert measurer.value(f"imbalance_{depth}") == pytest.approx((8 - 1.5) / 9.5)


def test_imbalance_stops_at_its_depth() -> None:
    measurer = new_measurer()
    bids = [(10_000 - k, 1_000) for k in range(25)]
    asks = [(10_010 + k, 1_000 * (k + 1)) for k in range(25)]
    feed(measurer, ("snapshot", START, bids, asks))
    for depth in (1, 5, 10, 20):
        sold = depth * (depth + 1) / 2
        assert measurer.value(f"imbalance_{depth}") == pytest.approx(
            (depth - sold) / (depth + sold)
        )


def test_one_side_gives_no_mid(measurer) -> None:
    feed(measurer, ("delta", START, [], [(10_010, 0), (10_030, 0)]))
    assert (measurer.value("best_bid_price"), measurer.value("best_bid_size")) == (100.0, 4.0)
    for name in ("best_ask_price", "best_ask_size", "mid", "spread", "weighted_mid"):
        assert measurer.value(name) is None
    assert measurer.value("imbalance_1") is None
    assert measurer.value("micro_price") is None
    feed(measurer, ("delta", START, [(ticks, 0) for ticks, _ in BIDS], [(10_010, 2_000)]))
    assert measurer.value("best_bid_price") is None
    assert measurer.value("best_ask_size") == 2.0


def test_first_frame_has_no_flow(measurer) -> None:
    assert (measurer.value("ofi_1"), measurer.value("ofi_10")) == (0, 0)
    assert measurer.value("ofi_restarts") == 0


@pytest.mark.parametrize(
    ("bids", "asks", "flow"),
    [
        ([(10_000, 4_700)], [], 0.7),  # the bid queue grows
        ([(10_000, 3_000)], [], -1.0),  # the bid queue shrinks
        ([(10_001, 200)], [], 0.2),  # the bid rises
        ([(10_000, 0)], [], -4.0),  # the bid falls: its whole queue left
        ([], [(10_010, 1_500)], -0.5),
        ([], [(10_010, 250)], 0.75),
        ([], [(10_009, 300)], -0.3),
        ([], [(10_010, 0)], 1.0),
        ([(10_000, 0)], [(10_009, 300)], -4.3),
        ([(9_000, 900)], [(11_000, 900)], 0.0),
    ],
)
def test_flow_at_the_best_level(measurer, bids, asks, flow) -> None:
    feed(measurer, ("delta", START + 1, bids, asks))
    assert measurer.value("ofi_1") == pytest.approx(flow)


def test_flow_of_deeper_levels_follows_the_level_not_the_price(measurer) -> None:
    feed(measurer, ("delta", START + 1, [(9_995, 600)], []))
    assert measurer.value("ofi_1") == 0
    assert measurer.value("ofi_level_2") == pytest.approx(0.6)
    assert measurer.value("ofi_level_3") == pytest.approx(1.0)
    assert measurer.value("ofi_level_4") == pytest.approx(3.0)
    assert measurer.value("ofi_level_5") == 0
    assert measurer.value("ofi_10") == pytest.approx(4.6)


def test_a_level_that_vanishes_takes_its_size_along(measurer) -> None:
    feed(measurer, ("delta", START + 1, [(9_980, 0)], [(10_030, 0)]))
    assert measurer.value("ofi_level_3") == pytest.approx(-3.0)
    assert measurer.value("ofi_level_2") == pytest.approx(0.5)


def test_flow_is_cumulative_and_begins_anew_after_a_snapshot(measurer) -> None:
    feed(measurer, ("delta", START + 1, [(10_000, 4_500)], []))
    feed(measurer, ("delta", START + 2, [(10_000, 4_600)], []))
    assert measurer.value("ofi_1") == pytest.approx(0.6)
    feed(measurer, ("snapshot", START + 3, [(5_000, 10)], [(20_000, 10)]))
    assert measurer.value("ofi_1") == pytest.approx(0.6)
    assert measurer.value("ofi_restarts") == 1
    feed(measurer, ("delta", START + 4, [(5_000, 20)], []))
    assert measurer.value("ofi_1") == pytest.approx(0.61)


def test_distrust_hides_the_book_and_keeps_the_sums(measurer) -> None:
    feed(measurer, ("delta", START + 1, [(10_000, 4_500)], []))
    feed(measurer, ("forget", START + SECOND))
    for name in ("best_bid_price", "mid", "imbalance_20", "bid_depth_5bps", "buy_price_small"):
        assert measurer.value(name) is None
    assert measurer.value("ofi_1") == pytest.approx(0.5)
    assert measurer.value("ofi_restarts") == 1
    feed(measurer, ("forget", START + SECOND))
    assert measurer.value("ofi_restarts") == 1
    feed(measurer, ("snapshot", START + 2 * SECOND, BIDS, ASKS))
    assert measurer.value("mid") == 100.05
    assert measurer.value("ofi_1") == pytest.approx(0.5)
