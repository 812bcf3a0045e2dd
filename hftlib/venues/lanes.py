"""What to open at a venue, and how one of its books is had anew without REST."""

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Final

from hftlib.core import venue as names
from hftlib.core.errors import ConfigurationError
from hftlib.venues.binance import lanes as binance
from hftlib.venues.coinbase import lanes as coinbase
from hftlib.venues.plans import Addresses, LanePlan

_PUSHED: Final = frozenset({names.COINBASE, names.COINBASE_EXCHANGE})
_MAKERS: Final[Mapping[str, ModuleType]] = {
    names.BINANCE: binance,
    names.BINANCE_US: binance,
    names.BINANCE_USDM: binance,
    names.BINANCE_COINM: binance,
    names.COINBASE: coinbase,
    names.COINBASE_EXCHANGE: coinbase,
}


def lanes_for(addresses: Addresses, symbols: Sequence[str]) -> tuple[LanePlan, ...]:
    """Return the lanes that bring the books, trades and tickers of `symbols`; () without symbols.

    Raises ConfigurationError for a venue that hftlib has no protocol for.
    """
    maker = _MAKERS.get(addresses.venue)
    if maker is None:
        raise ConfigurationError(f"no protocol for {addresses.venue!r}")
    lanes: tuple[LanePlan, ...] = maker.lanes_for(addresses, symbols)
    return lanes


def resubscription(plan: LanePlan, *symbols: str) -> tuple[bytes, ...]:
    """Return the messages that get fresh pushed snapshots; () where REST gives them."""
    return coinbase.resubscription(plan, *symbols) if plan.venue in _PUSHED else ()


def brings_book(plan: LanePlan, symbol: str, payload: bytes) -> bool:
    """Say whether a frame of a lane shows that the book of a symbol comes over it.

    On Coinbase that is the pushed snapshot, on Binance any depth event; told by the first bytes.
    """
    maker = _MAKERS.get(plan.venue)
    return maker is not None and bool(maker.brings_book(plan, symbol, payload))


def connects_allowed(venue: str) -> tuple[int, float]:
    """Return how many connections may be opened within how many seconds, a few left unused."""
    return (7, 1.0) if venue in _PUSHED else (250, 300.0)
