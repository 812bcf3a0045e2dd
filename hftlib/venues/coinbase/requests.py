"""What to ask Coinbase over REST: Advanced Trade and Exchange count requests, not weights."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from hftlib.core.venue import COINBASE
from hftlib.venues.coinbase.advanced_market import INTERVAL_SECONDS, PARTIAL_LEVELS
from hftlib.venues.plans import Addresses, Purpose, RestRequest

_ADVANCED: Final = "/api/v3/brokerage"
_ADVANCED_CANDLES: Final = 350
_EXCHANGE_SECONDS: Final = (60, 300, 900, 3_600, 21_600, 86_400)
_NAMES: Final = {seconds: name for name, seconds in INTERVAL_SECONDS.items()}
_SECOND_NS: Final = 1_000_000_000


def _request(addresses: Addresses, path: str, purpose: Purpose, symbol: str = "") -> RestRequest:
    base = addresses.rest_url + (_ADVANCED if addresses.venue == COINBASE else "")
    return RestRequest(addresses.venue, base + path, 1, purpose, symbol)


def book_requests(addresses: Addresses, symbol: str, purpose: Purpose) -> tuple[RestRequest, ...]:
    """Return what asks for a book; there is one depth.

    For comparison Advanced Trade is asked for its top only, which is all that is compared.
    Exchange has no such choice.
    """
    name = quote(symbol, safe="")
    if addresses.venue == COINBASE:
        path = f"/market/product_book?product_id={name}"
        if purpose is Purpose.COMPARISON:
            path += f"&limit={PARTIAL_LEVELS}"
    else:
        path = f"/products/{name}/book?level=2"
    return (_request(addresses, path, purpose, symbol),)


def statistics_requests(addresses: Addresses, symbols: Sequence[str]) -> tuple[RestRequest, ...]:
    """Return what asks for 24 h statistics; Advanced Trade tells them in its stream alone."""
    if addresses.venue == COINBASE:
        return ()
    return tuple(
        _request(addresses, f"/products/{quote(one, safe='')}/stats", Purpose.STATISTICS, one)
        for one in symbols
    )


def instruments_request(addresses: Addresses) -> RestRequest:
    """Return what asks for all products."""
    path = "/market/products?product_type=SPOT" if addresses.venue == COINBASE else "/products"
    return _request(addresses, path, Purpose.INSTRUMENTS)


def candles_request(addresses: Addresses, symbol: str, seconds: int, now_ns: int) -> RestRequest:
    """Return what asks for the newest candles, as many as one request gives.

    Raises KeyError for a length (s) that the venue has no candles of.
    """
    name = quote(symbol, safe="")
    if addresses.venue == COINBASE:
        end = now_ns // _SECOND_NS
        start = end - _ADVANCED_CANDLES * seconds
        window = f"start={start}&end={end}&granularity={_NAMES[seconds]}&limit={_ADVANCED_CANDLES}"
        path = f"/market/products/{name}/candles?{window}"
    else:
        if seconds not in _EXCHANGE_SECONDS:
            raise KeyError(seconds)
        path = f"/products/{name}/candles?granularity={seconds}"
    return _request(addresses, path, Purpose.CANDLES, symbol)


def time_request(addresses: Addresses) -> RestRequest:
    """Return what asks for the venue's time."""
    return _request(addresses, "/time", Purpose.TIME)
