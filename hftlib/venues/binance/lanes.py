"""What to open at Binance: combined streams, split by category where the venue splits them.

Connection rules, as documented (spot, 2026): cut after 24 h; a ping every 20 s; at most 5 messages
a second from the client, pings and pongs counted; at most 1,024 streams; 300 connections in
5 minutes. A stream's name is in lower case. USD-M serves books at /public and trades and marks at
/market since 2026-04; its own pages name no lower cap than 1,024, clients stay at 200.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from hftlib.core.venue import BINANCE, BINANCE_COINM, BINANCE_US, BINANCE_USDM
from hftlib.venues.plans import Addresses, LanePlan

LONGEST_URL: Final = 2_000
"""Characters of a URL that proxies and servers take without question."""

_STREAMS_A_MESSAGE: Final = 200
_MESSAGES_PER_S: Final = 4.0
_LIFETIME_S: Final = 24 * 3600.0
_SPOT_STREAMS_CAP: Final = 1_024
_FUTURES_STREAMS_CAP: Final = 200
_SPOT: Final = ("depth@100ms", "bookTicker", "trade", "ticker")


class _Category(msgspec.Struct, frozen=True):
    """Name what goes over one kind of connection: `path` before /stream, the lane's `name`."""

    name: str
    path: str
    streams: tuple[str, ...]
    cap: int
    silence_s: float


_PUBLIC: Final = ("depth@100ms", "bookTicker")
_MARKET: Final = ("aggTrade", "markPrice@1s", "ticker")
_CATEGORIES: Final[Mapping[str, tuple[_Category, ...]]] = {
    BINANCE: (_Category("ws", "", _SPOT, _SPOT_STREAMS_CAP, 30.0),),
    BINANCE_US: (_Category("ws", "", _SPOT, _SPOT_STREAMS_CAP, 30.0),),
    BINANCE_USDM: (
        _Category("public", "/public", _PUBLIC, _FUTURES_STREAMS_CAP, 30.0),
        _Category("market", "/market", _MARKET, _FUTURES_STREAMS_CAP, 10.0),
    ),
    BINANCE_COINM: (_Category("ws", "", _PUBLIC + _MARKET, _FUTURES_STREAMS_CAP, 10.0),),
}
"""Silence: pings come every 20 s, mark prices every second."""


def lanes_for(addresses: Addresses, symbols: Sequence[str]) -> tuple[LanePlan, ...]:
    """Return the lanes that bring the books, trades and tickers of `symbols`.

    Raises KeyError when the addresses are not those of a Binance market.
    """
    return tuple(
        lane
        for category in _CATEGORIES[addresses.venue]
        for lane in _sharded(category, addresses, symbols)
    )


def _sharded(
    category: _Category, addresses: Addresses, symbols: Sequence[str]
) -> Iterator[LanePlan]:
    most = category.cap // len(category.streams)
    for begin in range(0, len(symbols), most):
        number = begin // most + 1
        name = category.name if number == 1 else f"{category.name}-{number}"
        yield _lane(category, addresses, name, tuple(symbols[begin : begin + most]))


def _lane(
    category: _Category, addresses: Addresses, name: str, symbols: tuple[str, ...]
) -> LanePlan:
    streams = [f"{symbol.lower()}@{stream}" for symbol in symbols for stream in category.streams]
    base = f"{addresses.stream_url}{category.path}/stream"
    url = f"{base}?streams={'/'.join(streams)}"
    sent: tuple[bytes, ...] = ()
    if len(url) > LONGEST_URL:
        url, sent = base, tuple(_subscriptions(streams))
    return LanePlan(
        addresses.venue,
        name,
        url,
        symbols,
        sent,
        _MESSAGES_PER_S,
        _LIFETIME_S,
        category.silence_s,
    )


def _subscriptions(streams: Sequence[str]) -> Iterator[bytes]:
    for begin in range(0, len(streams), _STREAMS_A_MESSAGE):
        wanted = streams[begin : begin + _STREAMS_A_MESSAGE]
        number = begin // _STREAMS_A_MESSAGE + 1
        yield msgspec.json.encode({"method": "SUBSCRIBE", "params": wanted, "id": number})


def brings_book(plan: LanePlan, symbol: str, payload: bytes) -> bool:
    """Say whether a frame carries a symbol's depth, or anything of it where a lane has no depth."""
    has_depth = "@depth" in plan.url or any(b"@depth" in message for message in plan.sent)
    return payload.startswith(b'{"stream":"%b@%b' % (symbol.lower().encode(), b"depth" * has_depth))
