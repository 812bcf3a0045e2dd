"""How assets and books behave: the figures that agents are given, in the market's own terms.

BTC on Binance spot is set beside the capture (docs/market.md); the other books are the same crowd,
scaled: `activity` by how often they act, `notional` by how much, `width` by how far their prices
reach, which follows the asset's volatility.
"""

from typing import Final, NamedTuple

from hftlib.core.venue import BINANCE, BINANCE_USDM, COINBASE
from hftlib.market.listings import Listing


class AssetHabits(NamedTuple):
    """Say how an asset's value moves.

    `sigma_bps` is the own deviation of a root second in a quiet mood, `beta` what it takes of the
    first asset's moves; jumps are `jump_bps` in the mean, to either side. A pegged asset returns to
    the value it began with within about `peg_seconds`.
    """

    sigma_bps: float
    beta: float = 0.0
    jumps_per_second: float = 0.6
    jump_bps: float = 0.8
    fast_spread: float = 0.6
    slow_spread: float = 0.3
    peg_seconds: float = 0.0


class SlotClass(NamedTuple):
    """Say how many orders a side has at a distance, how often one moves, and their median size.

    Distances in bps of a book of width 1, `renewals` per second, `units` of the base asset.
    """

    slots: int
    nearest_bps: float
    farthest_bps: float
    renewals: float
    units: float


class Scale(NamedTuple):
    """Say how a book differs from BTC on Binance spot."""

    activity: float = 1.0
    notional: float = 1.0
    width: float = 1.0
    slots: float = 1.0
    delay_s: float = 0.04
    basis_bps: float = 0.0
    basis_spread_bps: float = 0.2
    caution: float = 1.0


REFERENCE_PRICE: Final = 64_000.0
"""The price at which `units` are BTC; other assets have as many dollars."""

ASSETS: Final = {
    "BTC": AssetHabits(0.3),
    "ETH": AssetHabits(0.3, beta=1.1, jump_bps=0.3),
    "SOL": AssetHabits(0.4, beta=1.3, jump_bps=0.6),
    "BNB": AssetHabits(0.3, beta=0.7, jump_bps=0.35),
    "ADA": AssetHabits(0.4, beta=1.1, jump_bps=0.6),
    "USDT": AssetHabits(0.05, jumps_per_second=0.05, jump_bps=0.1, peg_seconds=600.0),
}

CLASSES: Final = (
    SlotClass(18, 0.0, 0.0, 170.0, 0.5),
    SlotClass(2, 0.016, 0.16, 3.0, 0.05),
    SlotClass(12, 0.16, 0.8, 50.0, 0.06),
    SlotClass(16, 0.8, 1.6, 32.0, 0.06),
    SlotClass(160, 1.6, 8.0, 130.0, 0.06),
    SlotClass(620, 8.0, 32.0, 110.0, 0.05),
    SlotClass(600, 32.0, 160.0, 30.0, 0.06),
    SlotClass(300, 160.0, 500.0, 4.0, 0.28),
    SlotClass(330, 500.0, 2_500.0, 3.0, 1.6),
    SlotClass(150, 2_500.0, 6_000.0, 1.0, 4.0),
)
"""BTC on Binance spot; the first class quotes the best price."""

SCALES: Final = {
    (BINANCE, "BTC"): Scale(),
    (BINANCE, "ETH"): Scale(0.7, 0.5, 1.2, 0.8),
    (BINANCE, "SOL"): Scale(0.45, 0.25, 1.7, 0.6),
    (BINANCE, "BNB"): Scale(0.25, 0.12, 0.9, 0.5),
    (BINANCE, "ADA"): Scale(0.2, 0.08, 1.6, 0.4),
    (BINANCE_USDM, "BTC"): Scale(1.6, 2.0, 1.0, 1.0, 0.02, -3.7, 0.25, 0.6),
    (COINBASE, "BTC"): Scale(0.6, 0.4, 1.0, 1.0, 0.07),
    (COINBASE, "ETH"): Scale(0.4, 0.25, 1.2, 0.8, 0.07),
    (COINBASE, "SOL"): Scale(0.25, 0.12, 1.7, 0.5, 0.07),
    (COINBASE, "ADA"): Scale(0.12, 0.04, 1.6, 0.3, 0.07),
    (COINBASE, "USDT"): Scale(0.12, 0.8, 0.1, 0.3, 0.07, 0.0, 0.02),
}

TAKERS_PER_SECOND: Final = 11.0
TOLERANCE_BPS: Final = 1.0
TAKER_UNITS: Final = 0.0032
TINY_UNITS: Final = 0.001


def scale_of(listing: Listing) -> Scale:
    """Return how a book differs from BTC on Binance spot."""
    return SCALES[listing.venue, listing.instrument.base]
