"""One list of checks that every feature of the catalogue passes."""

import math

import numpy as np
import pytest

from hftlib.book.book import Book
from hftlib.core.instrument import Instrument
from hftlib.features.catalogue import CATALOGUE, Feature, Group
from hftlib.features.measurer import Measurer
from hftlib.features.settings import FeatureSettings
from tests.features.feature_events import INSTRUMENT, SECOND, START, feed

SETTINGS = FeatureSettings(cost_sizes=(0.5, 2.0, 9.0), vpin_bucket=1.0)
DAY = 86_400 * SECOND
RANGES = {"-1 to 1": (-1, 1), "0 to 1": (0, 1), "count": (0, math.inf), "ratio": (0, math.inf)}
EVERY = pytest.mark.parametrize("feature", CATALOGUE, ids=lambda feature: feature.name)
BOOK_GROUPS = (Group.FRAME, Group.DEPTH)
SUMS = ("ofi_",)


def _history(seed: int = 3, shift_ns: int = 0, mirrored: bool = False) -> list[tuple]:
    """Make a market that wanders: a snapshot, then frames every 100 ms with trades between."""
    generator = np.random.default_rng(seed)
    middle, now = 10_000, START + shift_ns
    events, before = [], None
    for number in range(1_300):
        middle += int(generator.integers(-2, 3))
        bids = [(middle - 1 - k * k, int(generator.integers(1, 900))) for k in range(24)]
        asks = [(middle + 1 + k * k, int(generator.integers(1, 900))) for k in range(24)]
        trade = (middle + 1, int(generator.integers(1, 400)), 1)
        if generator.uniform() < 0.5:
            trade = (middle - 1, trade[1], -1)
        if mirrored:
            bids, asks = ([(20_000 - t, q) for t, q in side] for side in (asks, bids))
            trade = (20_000 - trade[0], trade[1], -trade[2])
        if before is None:
            events.append(("snapshot", now, bids, asks))
        else:
            gone = [[(t, 0) for t, _ in side] for side in before]
            events.append(("delta", now, gone[0] + bids, gone[1] + asks))
        before = (bids, asks)
        if number % 3 == 0:
            events.append(("trade", now + SECOND // 20, *trade))
        now += SECOND // 10
    return events


def _measure(events, instrument: Instrument = INSTRUMENT) -> Measurer:
    measurer = Measurer(Book(instrument, window_bits=13), SETTINGS)
    for event in events:
        feed(measurer, event)
    return measurer


@pytest.fixture(scope="module")
def measured() -> Measurer:
    return _measure(_history())


@EVERY
def test_it_is_known_in_a_lively_market(measured: Measurer, feature: Feature) -> None:
    value = measured.value(feature.name)
    assert value is not None
    assert math.isfinite(value)


@EVERY
def test_it_keeps_to_its_range(measured: Measurer, feature: Feature) -> None:
    low, high = RANGES.get(feature.unit, (-math.inf, math.inf))
    assert low <= measured.value(feature.name) <= high


@EVERY
def test_it_is_none_or_nothing_before_anything_is_seen(feature: Feature) -> None:
    measurer = Measurer(Book(INSTRUMENT, window_bits=13))
    assert measurer.value(feature.name) in (None, 0.0)


def test_the_same_events_give_the_same_values(measured: Measurer) -> None:
    assert _measure(_history()).vector() == measured.vector()


def test_the_day_makes_no_difference(measured: Measurer) -> None:
    assert _measure(_history(shift_ns=365 * DAY)).vector().values == measured.vector().values


def test_a_book_that_is_not_trusted_shows_sums_only() -> None:
    measurer = _measure(_history()[:300])
    measurer.distrust()
    for feature in CATALOGUE:
        if feature.group in BOOK_GROUPS and not feature.name.startswith(SUMS):
            assert measurer.value(feature.name) is None, feature.name


MIRRORED = {
    "imbalance_1": -1,
    "imbalance_5": -1,
    "imbalance_10": -1,
    "imbalance_20": -1,
    "ofi_1": -1,
    "ofi_10": -1,
    "ofi_level_7": -1,
    "volume_delta": -1,
    "trade_flow_1s": -1,
    "trade_flow_100": -1,
    "spread": 1,
    "vpin": 1,
    "kyle_lambda": 1,
    "cancel_to_trade": 1,
    "trade_volume_10s": 1,
    "bars_held": 1,
}


@pytest.mark.parametrize(("name", "sign"), MIRRORED.items())
def test_buyers_and_sellers_are_treated_alike(measured: Measurer, name: str, sign: int) -> None:
    mirrored = _measure(_history(mirrored=True))
    assert mirrored.value(name) == pytest.approx(sign * measured.value(name), rel=1e-9, abs=1e-9)


def test_sides_exchange_their_features(measured: Measurer) -> None:
    mirrored = _measure(_history(mirrored=True))
    assert mirrored.value("buy_volume") == measured.value("sell_volume")
    assert mirrored.value("best_bid_size") == measured.value("best_ask_size")
    middle = measured.value("mid")
    assert mirrored.value("mid") == pytest.approx(200 - middle)
    assert mirrored.value("micro_price") == pytest.approx(200 - measured.value("micro_price"))
