"""Settings are checked, and the first array says that nothing was seen."""

import math

import pytest

from hftlib.core.instrument import Instrument
from hftlib.features import layout
from hftlib.features.catalogue import CATALOGUE
from hftlib.features.micro_price import MicroPriceModel
from hftlib.features.settings import FeatureSettings, allocate, model_in
from tests.features.feature_events import INSTRUMENT

TABLE = (None, *(0.5 * k for k in range(layout.STATES - 1)))


def test_nothing_is_known_at_first() -> None:
    floats = allocate(INSTRUMENT, FeatureSettings())
    known = {f.name for f in CATALOGUE if not math.isnan(floats[f.index])}
    flows = {"ofi_1", "ofi_10", "ofi_restarts", *(f"ofi_level_{k}" for k in range(2, 11))}
    sums = {"trades", "buy_volume", "sell_volume", "volume_delta", "bars_held"}
    windows = {"trade_volume_1s", "trade_volume_10s"}
    overflows = {"trade_window_overflows", "realised_spread_overflows"}
    assert known == flows | sums | windows | overflows
    assert not any(floats[f.index] for f in CATALOGUE if f.name in known)


def test_parameters_come_from_the_instrument() -> None:
    contract = Instrument(
        "binance_coinm", "X", "BTC", "USD", "0.5", "1", multiplier="100", inverse=True
    )
    floats = allocate(contract, FeatureSettings(window_bars=20, vpin_bucket=7.0))
    assert floats[layout.TICK_UNITS] / floats[layout.PRICE_SCALE] == 0.5
    assert (floats[layout.MULTIPLIER], floats[layout.INVERSE]) == (100, 1)
    assert (floats[layout.WINDOW_BARS], floats[layout.BUCKET_SIZE]) == (20, 7)
    assert floats[layout.VPIN_BUCKET] == 7
    assert floats[layout.COST_SIZE : layout.COST_SIZE + 3].tolist() == [0.1, 1, 10]


def test_a_given_micro_price_is_kept() -> None:
    model = MicroPriceModel(TABLE, moves=12)
    floats = allocate(INSTRUMENT, FeatureSettings(micro_price=model))
    assert model_in(floats) == model
    assert model_in(allocate(INSTRUMENT, FeatureSettings())) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"window_bars": 9},
        {"window_bars": layout.BAR_CAPACITY + 1},
        {"cost_sizes": (0.0, 1.0, 2.0)},
        {"cost_sizes": (1.0, 1.0, 2.0)},
        {"vpin_bucket": 0.0},
        {"vpin_bucket": math.nan},
    ],
)
def test_settings_out_of_range_are_refused(wrong) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        FeatureSettings(**wrong)


def test_micro_price_model_by_hand() -> None:
    model = MicroPriceModel(TABLE)
    assert model.adjustment(0.01, 99.0, 1) is None
    assert model.adjustment(1.0, 0.0, 1) == TABLE[9]
    assert model.adjustment(1.0, 1.0, 2) == TABLE[15]
    assert model.adjustment(1.0, 3.0, 40) == TABLE[22]
    assert model.adjustment(1.0, 3.0, -1) == TABLE[2]
    with pytest.raises(ValueError, match="30 states, not 2"):
        MicroPriceModel((1.0, 2.0))
