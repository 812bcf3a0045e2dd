"""What to ask a venue over REST: plans by the venue's name, without sockets and without a clock."""

from collections.abc import Sequence
from typing import Final

from hftlib.core import venue as names
from hftlib.core.errors import ConfigurationError
from hftlib.venues.binance import requests as binance
from hftlib.venues.coinbase import requests as coinbase
from hftlib.venues.plans import Addresses, Purpose, RestRequest

_BINANCE: Final = frozenset(
    {names.BINANCE, names.BINANCE_US, names.BINANCE_USDM, names.BINANCE_COINM}
)
_COINBASE: Final = frozenset({names.COINBASE, names.COINBASE_EXCHANGE})
_MINUTE_S: Final = 60


def asks_over_rest(venue: str) -> bool:
    """Say whether hftlib knows a venue's REST interface."""
    return venue in _BINANCE or venue in _COINBASE


def seeds_from_rest(venue: str) -> bool:
    """Say whether a book begins with a REST snapshot, not with one that its stream pushes."""
    return venue in _BINANCE


def snapshot_requests(
    addresses: Addresses, symbol: str, purpose: Purpose = Purpose.SNAPSHOT
) -> tuple[RestRequest, ...]:
    """Return what asks for a book, the deepest first: one of them is to be sent.

    On Coinbase the body joins to no stream; it serves for comparison and for polling. Raises
    ConfigurationError when the venue's REST interface is not known.
    """
    if _is_binance(addresses):
        return binance.book_requests(addresses, symbol, purpose)
    return coinbase.book_requests(addresses, symbol, purpose)


def statistics_requests(addresses: Addresses, symbols: Sequence[str]) -> tuple[RestRequest, ...]:
    """Return what asks for 24 h statistics, () where the venue tells them in its stream alone.

    Raises ConfigurationError when the venue's REST interface is not known.
    """
    if _is_binance(addresses):
        return binance.statistics_requests(addresses, symbols)
    return coinbase.statistics_requests(addresses, symbols)


def instruments_request(addresses: Addresses) -> RestRequest:
    """Return what asks for every instrument of a venue.

    Raises ConfigurationError when the venue's REST interface is not known.
    """
    if _is_binance(addresses):
        return binance.instruments_request(addresses)
    return coinbase.instruments_request(addresses)


def candles_request(
    addresses: Addresses, symbol: str, now_ns: int, seconds: int = _MINUTE_S
) -> RestRequest:
    """Return what asks for the newest candles of a length (s), as many as one request gives.

    Raises ConfigurationError when the venue's REST interface is not known, or its candles have
    no such length.
    """
    try:
        if _is_binance(addresses):
            return binance.candles_request(addresses, symbol, seconds)
        return coinbase.candles_request(addresses, symbol, seconds, now_ns)
    except KeyError:
        raise ConfigurationError(f"{addresses.venue} has no candles of {seconds} s") from None


def time_request(addresses: Addresses) -> RestRequest:
    """Return what asks for a venue's time.

    Raises ConfigurationError when the venue's REST interface is not known.
    """
    if _is_binance(addresses):
        return binance.time_request(addresses)
    return coinbase.time_request(addresses)


def _is_binance(addresses: Addresses) -> bool:
    if addresses.venue in _BINANCE:
        return True
    if addresses.venue in _COINBASE:
        return False
    raise ConfigurationError(f"the REST interface of {addresses.venue!r} is not known")
