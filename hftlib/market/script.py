"""What a scenario is: a script of dials turned at offsets from its start, with a tier of fees.

Several may run at once: of one dial multiplied ones multiply, added ones add. When a scenario ends
its dials go back; what has happened to prices has happened.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from hftlib.core.venue import BINANCE, BINANCE_USDM, COINBASE
from hftlib.market.agents import layout as at
from hftlib.market.listings import Listing


class Dial(StrEnum):
    """Name what a scenario can turn."""

    VOLATILITY = "volatility"
    """Times an asset's volatility."""
    DRIFT = "drift"
    """Plus bps a second on an asset's value."""
    PEG = "peg"
    """Plus bps on the value to which a pegged asset returns."""
    PULL = "pull"
    """Times the speed with which it returns."""
    JUMP = "jump"
    """A jump of an asset's value in bps, spread over `over_s` seconds; happens once."""
    ACTIVITY = "activity"
    """Times how often makers renew their orders."""
    DEPTH = "depth"
    """Times the size of makers' new orders."""
    CAUTION = "caution"
    """Times how far the value must go before makers follow it."""
    TAKERS = "takers"
    """Times how many orders take."""
    LEAN = "lean"
    """Plus the share of takers who all buy (negative: sell)."""
    LAG = "lag"
    """Plus seconds by which makers see the value late."""
    QUOTE_LAG = "quote lag"
    """Plus seconds by which makers see the quote asset's value late."""
    SPOOF = "spoof"
    """Above 0 the spoofer is at work."""
    WORKED = "worked"
    """Plus units a second of a large order that is worked (negative: sold)."""
    DOWN = "down"
    """Above 0 the venue is down: its books are halted."""


LEADER: Final = "leader"
"""Stands for the first asset listed (BTC): the others share its moves by their beta."""

MULTIPLIED: Final = frozenset(
    {Dial.VOLATILITY, Dial.PULL, Dial.ACTIVITY, Dial.DEPTH, Dial.CAUTION, Dial.TAKERS}
)
OF_ASSETS: Final = {
    Dial.VOLATILITY: at.DIAL_VOLATILITY,
    Dial.DRIFT: at.DIAL_DRIFT,
    Dial.PEG: at.DIAL_PEG,
    Dial.PULL: at.DIAL_PULL,
}
OF_BOOKS: Final = {
    Dial.ACTIVITY: at.DIAL_ACTIVITY,
    Dial.DEPTH: at.DIAL_DEPTH,
    Dial.CAUTION: at.DIAL_TOLERANCE,
    Dial.TAKERS: at.DIAL_TAKERS,
    Dial.LEAN: at.DIAL_LEAN,
    Dial.LAG: at.DIAL_LAG_S,
    Dial.QUOTE_LAG: at.DIAL_QUOTE_LAG_S,
    Dial.SPOOF: at.DIAL_SPOOF,
    Dial.WORKED: at.DIAL_WORKED,
}


class Step(NamedTuple):
    """Turn a dial `at_s` seconds after the start.

    `where` names an asset, a venue, or a book as "venue/symbol"; empty it means everywhere, and
    LEADER the first asset.
    """

    at_s: float
    dial: Dial
    value: float
    where: str = ""
    over_s: float = 0.0

    def concerns(self, listing: Listing) -> bool:
        """Say whether a book is meant."""
        names = ("", listing.venue, listing.instrument.base, f"{listing.venue}/{listing.symbol}")
        return self.where in names

    def concerns_asset(self, name: str, number: int) -> bool:
        """Say whether an asset is meant; the leader's number is 0."""
        return self.where in ("", name) or (self.where == LEADER and number == 0)


class Fee(NamedTuple):
    """Say what a fill costs, in parts per million of its value."""

    maker_ppm: int
    taker_ppm: int


FEE_TIERS: Final = {
    "retail": {
        BINANCE: Fee(1_000, 1_000),
        BINANCE_USDM: Fee(200, 500),
        COINBASE: Fee(6_000, 12_000),
    },
    "low": {BINANCE: Fee(0, 100), BINANCE_USDM: Fee(0, 100), COINBASE: Fee(0, 100)},
}
"""What a newcomer pays on each venue, and what the largest customers do: 1 bp for taking."""


class Scenario(NamedTuple):
    """Describe a lesson: what happens when, for how long, and at which fees."""

    name: str
    description: str
    duration_s: float
    steps: tuple[Step, ...] = ()
    fee_tier: str = "retail"
