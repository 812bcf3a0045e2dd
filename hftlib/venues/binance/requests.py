"""What to ask Binance over REST, and what it costs in the venue's request weight.

Weights are those of the documentation (spot: rest-api.md; futures: market data endpoints). The
allowance of a minute is told by exchangeInfo; binance.us weighs no request more than binance.com.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple
from urllib.parse import quote

import msgspec

from hftlib.core.venue import BINANCE, BINANCE_COINM, BINANCE_US, BINANCE_USDM
from hftlib.venues.plans import Addresses, Purpose, RestRequest


class _Api(NamedTuple):
    """Say below which path a market answers, and what its calls weigh."""

    path: str
    depths: tuple[tuple[int, int], ...]
    instruments: str
    instruments_weight: int
    candles: tuple[int, int]
    statistics_weight: int
    allowance: int


_SPOT_DEPTHS: Final = ((5_000, 250), (1_000, 50), (500, 25), (100, 5))
_FUTURES_DEPTHS: Final = ((1_000, 20), (500, 10), (100, 5))
_SPOT: Final = _Api(
    "/api/v3",
    _SPOT_DEPTHS,
    "exchangeInfo?permissions=SPOT&showPermissionSets=false",
    20,
    (1_000, 2),
    2,
    6_000,
)
_US: Final = _SPOT._replace(instruments="exchangeInfo", allowance=1_200)
_USDM: Final = _Api("/fapi/v1", _FUTURES_DEPTHS, "exchangeInfo", 1, (1_000, 5), 1, 2_400)
_APIS: Final = {
    BINANCE: _SPOT,
    BINANCE_US: _US,
    BINANCE_USDM: _USDM,
    BINANCE_COINM: _USDM._replace(path="/dapi/v1"),
}
_INTERVALS: Final = {60: "1m", 300: "5m", 900: "15m", 1_800: "30m", 3_600: "1h", 86_400: "1d"}
_SECONDS_IN: Final = {"SECOND": 1, "MINUTE": 60, "HOUR": 3_600, "DAY": 86_400}


class _RateLimit(msgspec.Struct, rename="camel"):
    rate_limit_type: str
    interval: str
    interval_num: int
    limit: int


class _Limits(msgspec.Struct, rename="camel"):
    rate_limits: list[_RateLimit]


_read_limits: Final = msgspec.json.Decoder(_Limits).decode


def allowance_of(venue: str) -> int:
    """Return the weight a minute that a market documents."""
    return _APIS[venue].allowance


def allowance_from(body: bytes) -> int | None:
    """Return the weight a minute that an exchangeInfo body tells, None where it tells none."""
    try:
        limits = _read_limits(body).rate_limits
    except msgspec.MsgspecError:
        return None
    a_minute = [
        one.limit
        for one in limits
        if one.rate_limit_type == "REQUEST_WEIGHT"
        and _SECONDS_IN.get(one.interval, 0) * one.interval_num == 60
    ]
    return min(a_minute, default=None)


def _request(
    addresses: Addresses, call: str, weight: int, purpose: Purpose, symbol: str = ""
) -> RestRequest:
    url = f"{addresses.rest_url}{_APIS[addresses.venue].path}/{call}"
    return RestRequest(addresses.venue, url, weight, purpose, symbol)


def book_requests(addresses: Addresses, symbol: str, purpose: Purpose) -> tuple[RestRequest, ...]:
    """Return what asks for a book, the deepest and dearest first."""
    name = quote(symbol, safe="")
    return tuple(
        _request(addresses, f"depth?symbol={name}&limit={limit}", weight, purpose, symbol)
        for limit, weight in _APIS[addresses.venue].depths
    )


def statistics_requests(addresses: Addresses, symbols: Sequence[str]) -> tuple[RestRequest, ...]:
    """Return what asks for the 24 h statistics of some symbols, one request for each."""
    weight = _APIS[addresses.venue].statistics_weight
    return tuple(
        _request(
            addresses,
            f"ticker/24hr?symbol={quote(symbol, safe='')}",
            weight,
            Purpose.STATISTICS,
            symbol,
        )
        for symbol in symbols
    )


def instruments_request(addresses: Addresses) -> RestRequest:
    """Return what asks for all symbols of a market."""
    api = _APIS[addresses.venue]
    return _request(addresses, api.instruments, api.instruments_weight, Purpose.INSTRUMENTS)


def candles_request(addresses: Addresses, symbol: str, seconds: int) -> RestRequest:
    """Return what asks for the newest candles, as many as one request gives.

    Raises KeyError for a length (s) that the venue has no candles of.
    """
    limit, weight = _APIS[addresses.venue].candles
    name = quote(symbol, safe="")
    call = f"klines?symbol={name}&interval={_INTERVALS[seconds]}&limit={limit}"
    return _request(addresses, call, weight, Purpose.CANDLES, symbol)


def time_request(addresses: Addresses) -> RestRequest:
    """Return what asks for the venue's time."""
    return _request(addresses, "time", 1, Purpose.TIME)
