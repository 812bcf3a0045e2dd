"""The imbalance rule: its sides, its confidence, its reasons, and what is refused."""

import math

import numpy as np
import pytest

from hftlib.core.errors import ConfigurationError
from hftlib.features import layout
from hftlib.signals.catalogue import DEFAULT_SIGNALS, settings_of, signals_from
from hftlib.signals.imbalance import (
    DEFAULTS,
    ImbalanceParameters,
    ImbalanceSignal,
    imbalance_of,
    verdict_of,
)
from hftlib.signals.signal import SignalSide

BUY, SELL, NEUTRAL = SignalSide.BUY, SignalSide.SELL, SignalSide.NEUTRAL


@pytest.mark.parametrize(
    ("imbalance", "spread_bps", "side"),
    [
        (0.16, 9.99, BUY),
        (0.15, 1.0, NEUTRAL),
        (0.5, 10.0, NEUTRAL),
        (-0.16, 9.99, SELL),
        (-0.15, 1.0, NEUTRAL),
        (-0.5, 10.0, NEUTRAL),
        (0.0, 1.0, NEUTRAL),
        (math.nan, 1.0, NEUTRAL),
        (0.9, math.nan, NEUTRAL),
    ],
)
def test_a_side_needs_imbalance_beyond_the_threshold_and_a_narrow_spread(
    imbalance, spread_bps, side
):
    floats = np.zeros(layout.FEATURE_COUNT)
    floats[layout.IMBALANCE_20], floats[layout.SPREAD_BPS] = imbalance, spread_bps
    rule = ImbalanceSignal()
    assert rule.side(floats) is side
    assert rule.judge(floats).side is side


@pytest.mark.parametrize(
    ("imbalance", "confidence"),
    [(0.16, 0.92), (-0.16, 0.92), (0.17, 0.94), (0.2, 0.95), (-1, 0.95)],
)
def test_confidence_grows_with_the_imbalance_up_to_its_cap(imbalance, confidence):
    assert verdict_of(imbalance, 1.0).confidence == pytest.approx(confidence)


def test_a_neutral_verdict_has_no_confidence_and_says_why():
    assert verdict_of(0.1, 1.0).confidence is None
    assert verdict_of(0.1, 1.0).reason == "imbalance +0.100 within 0.15"
    assert verdict_of(0.5, 12.0).reason == "spread 12 bps, not under 10"
    missing = verdict_of(None, 1.0)
    assert (missing.side, missing.score, missing.reason) == (NEUTRAL, None, "a feature is missing")
    assert verdict_of(0.5, None).spread_bps is None


def test_a_verdict_says_what_it_is_made_of():
    buy, sell = verdict_of(0.3, 1.5), verdict_of(-0.3, 1.5)
    assert (buy.score, buy.spread_bps) == (0.3, 1.5)
    assert buy.reason == "imbalance of 20 levels +0.300 beyond +0.15, spread 1.5 under 10 bps"
    assert "-0.300 beyond -0.15" in sell.reason


@pytest.mark.parametrize(("levels", "place"), [(1, 9), (5, 10), (10, 11), (20, 12)])
def test_the_levels_choose_the_feature(levels, place):
    floats = np.zeros(layout.FEATURE_COUNT)
    floats[place] = 0.5
    assert ImbalanceSignal(ImbalanceParameters(levels=levels)).side(floats) is BUY


def test_levels_that_are_not_measured_are_refused():
    with pytest.raises(ConfigurationError, match="over 7 levels is not measured"):
        ImbalanceSignal(ImbalanceParameters(levels=7))


def test_features_by_name_lead_to_the_same_verdict():
    values = {"imbalance_20": 0.3, "imbalance_5": -0.3, "spread_bps": 1.0}
    assert imbalance_of(values, DEFAULTS) == verdict_of(0.3, 1.0)
    assert imbalance_of(values, ImbalanceParameters(levels=5)).side is SELL
    assert imbalance_of({}, DEFAULTS).side is NEUTRAL


def test_a_missing_feature_makes_the_verdict_of_the_array_neutral():
    floats = np.full(layout.FEATURE_COUNT, math.nan)
    assert ImbalanceSignal().judge(floats).reason == "a feature is missing"


def test_settings_make_the_same_signals_again():
    mine = (ImbalanceSignal(ImbalanceParameters(levels=5, threshold=0.3)),)
    (again,) = signals_from(settings_of(mine))
    assert isinstance(again, ImbalanceSignal)
    assert again.parameters == mine[0].parameters
    assert signals_from({}) is DEFAULT_SIGNALS
    assert settings_of(DEFAULT_SIGNALS)["imbalance"]["threshold"] == 0.15


@pytest.mark.parametrize(
    "settings", [{"momentum": {}}, {"imbalance": {"level": 20}}, {"imbalance": {"levels": "x"}}]
)
def test_settings_of_no_signal_are_refused(settings):
    with pytest.raises(ConfigurationError):
        signals_from(settings)
