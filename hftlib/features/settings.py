"""What may be chosen about features, and the array that it begins with."""

import math

import msgspec
import numpy as np

from hftlib.core.instrument import Instrument
from hftlib.features import layout
from hftlib.features.micro_price import MicroPriceModel
from hftlib.features.quote_kernel import Floats


class FeatureSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Choose window, sizes and models.

    `window_bars` is how many bars of one second volatility, Kyle's lambda, Amihud and the
    cancel-to-trade ratio look back (10 to 512). `cost_sizes` are the small, medium and large size
    of the cost to trade, in base units, rising. `vpin_bucket` is VPIN's bucket in base units, None
    for one calibrated on the first 500 trades. `micro_price` is a model to use as it is, None to
    estimate one on the way. Raises ValueError for values out of range.
    """

    window_bars: int = 60
    cost_sizes: tuple[float, float, float] = (0.1, 1.0, 10.0)
    vpin_bucket: float | None = None
    micro_price: MicroPriceModel | None = None

    def __post_init__(self) -> None:
        """Refuse what the kernel cannot measure."""
        if not layout.MINIMUM_BARS <= self.window_bars <= layout.BAR_CAPACITY:
            raise ValueError(
                f"window_bars must be {layout.MINIMUM_BARS} to {layout.BAR_CAPACITY}, "
                f"not {self.window_bars}"
            )
        small, medium, large = self.cost_sizes
        if not 0 < small < medium < large:
            raise ValueError(f"cost_sizes must rise from above 0, not {self.cost_sizes}")
        if self.vpin_bucket is not None and not self.vpin_bucket > 0:
            raise ValueError(f"vpin_bucket must be positive, not {self.vpin_bucket}")


_ZERO_AT_FIRST = (
    *range(layout.OFI_10, layout.OFI_RESTARTS + 1),
    layout.TRADE_COUNT,
    layout.BUY_VOLUME,
    layout.SELL_VOLUME,
    layout.VOLUME_DELTA,
    layout.TRADE_VOLUME_1S,
    layout.TRADE_VOLUME_10S,
    layout.TRADE_WINDOW_OVERFLOWS,
    layout.REALISED_SPREAD_OVERFLOWS,
    layout.BARS_HELD,
)


def allocate(instrument: Instrument, settings: FeatureSettings) -> Floats:
    """Return the array of a measurer that has seen nothing: counts and sums 0, the rest missing."""
    floats = np.zeros(layout.LENGTH)
    floats[: layout.FEATURE_COUNT] = math.nan
    floats[list(_ZERO_AT_FIRST)] = 0.0
    quanta_per_unit = 10.0**instrument.size_decimals
    floats[layout.TICK_UNITS] = instrument.tick_units
    floats[layout.PRICE_SCALE] = 10.0**instrument.price_decimals
    floats[layout.SIZE_SCALE] = quanta_per_unit
    floats[layout.MULTIPLIER] = float(instrument.multiplier)
    floats[layout.INVERSE] = instrument.inverse
    floats[layout.WINDOW_BARS] = settings.window_bars
    costs = np.array(settings.cost_sizes) * quanta_per_unit
    floats[layout.COST_SIZE : layout.COST_SIZE + layout.COST_SIZES] = costs
    floats[[layout.ORIGIN_S, layout.BAR_MID]] = math.nan
    floats[[layout.NEXT_EXPIRY, layout.NEXT_DEADLINE]] = math.inf
    floats[layout.MICRO_STATE] = -1.0
    if settings.vpin_bucket is not None:
        floats[layout.BUCKET_SIZE] = max(1.0, round(settings.vpin_bucket * quanta_per_unit))
        floats[layout.VPIN_BUCKET] = floats[layout.BUCKET_SIZE] / quanta_per_unit
    if settings.micro_price is not None:
        table = [
            math.nan if each is None else each for each in settings.micro_price.adjustment_ticks
        ]
        floats[layout.MICRO_TABLE : layout.MICRO_TABLE + layout.STATES] = table
        floats[layout.MICRO_MOVES] = settings.micro_price.moves
        floats[[layout.MICRO_READY, layout.MICRO_FIXED]] = 1.0
    return floats


def model_in(floats: Floats) -> MicroPriceModel | None:
    """Return the micro-price model that an array holds, None before there is one."""
    if not floats[layout.MICRO_READY]:
        return None
    table = floats[layout.MICRO_TABLE : layout.MICRO_TABLE + layout.STATES].tolist()
    known = tuple(None if math.isnan(each) else each for each in table)
    return MicroPriceModel(known, int(floats[layout.MICRO_MOVES]))
