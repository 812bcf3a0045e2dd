"""What a client of each local venue opens and asks for when the market is written down."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from hftlib.core.venue import BINANCE, BINANCE_USDM, COINBASE, COINBASE_EXCHANGE
from hftlib.desk.tape_clients import Plan, Query, Way
from hftlib.market.listings import Listing

_MILLISECOND_NS: Final = 1_000_000
_NEAR: Final = Way(4 * _MILLISECOND_NS, 700_000)
_FAR: Final = Way(22 * _MILLISECOND_NS, 2 * _MILLISECOND_NS)
_SNAPSHOT_LEVELS: Final = 1_000
_ADVANCED_CHANNELS: Final = ("market_trades", "ticker", "level2", "heartbeats")
_EXCHANGE_CHANNELS: Final = ("level2_batch", "matches", "ticker", "heartbeat")

SPOT_STREAMS: Final = ("depth@100ms", "bookTicker", "trade", "ticker")
FUTURES_STREAMS: Final = {
    "public": ("depth@100ms", "bookTicker"),
    "market": ("aggTrade", "markPrice@1s"),
}


def _combined(path: str, symbols: Sequence[str], streams: Sequence[str]) -> Query:
    names = (f"{symbol.lower()}@{stream}" for symbol in symbols for stream in streams)
    return Query(path, f"streams={'/'.join(names)}")


def _depths(path: str, symbols: Sequence[str]) -> tuple[Query, ...]:
    return tuple(Query(path, f"symbol={one}&limit={_SNAPSHOT_LEVELS}") for one in symbols)


def _spot(symbols: Sequence[str]) -> Iterator[Plan]:
    names = ",".join(f"%22{symbol}%22" for symbol in symbols)
    yield Plan(
        BINANCE,
        "ws",
        "binance.simulated",
        _combined("/stream", symbols, SPOT_STREAMS),
        _NEAR,
        listed=(Query("/api/v3/exchangeInfo", f"symbols=%5B{names}%5D"),),
        snapshots=_depths("/api/v3/depth", symbols),
    )


def _futures(symbols: Sequence[str]) -> Iterator[Plan]:
    for category, streams in FUTURES_STREAMS.items():
        is_public = category == "public"
        yield Plan(
            BINANCE_USDM,
            category,
            "binance-usdm.simulated",
            _combined(f"/{category}/stream", symbols, streams),
            _NEAR,
            listed=(Query("/fapi/v1/exchangeInfo"),) if is_public else (),
            snapshots=_depths("/fapi/v1/depth", symbols) if is_public else (),
        )


def _advanced(symbols: Sequence[str]) -> Iterator[Plan]:
    asked = (
        {"type": "subscribe", "product_ids": list(symbols), "channel": channel}
        for channel in _ADVANCED_CHANNELS
    )
    ids = "&".join(f"product_ids={symbol}" for symbol in symbols)
    yield Plan(
        COINBASE,
        "ws",
        "coinbase.simulated",
        Query("/"),
        _FAR,
        sent=tuple(msgspec.json.encode(one) for one in asked),
        listed=(Query("/api/v3/brokerage/market/products", ids),),
    )


def _exchange(symbols: Sequence[str]) -> Iterator[Plan]:
    asked = {
        "type": "subscribe",
        "product_ids": list(symbols),
        "channels": list(_EXCHANGE_CHANNELS),
    }
    yield Plan(
        COINBASE_EXCHANGE,
        "ws",
        "coinbase-exchange.simulated",
        Query("/"),
        _FAR,
        sent=(msgspec.json.encode(asked),),
        listed=(Query("/products"),),
    )


_MAKERS: Final[Mapping[str, tuple[str, Callable[[Sequence[str]], Iterator[Plan]]]]] = {
    BINANCE: (BINANCE, _spot),
    BINANCE_USDM: (BINANCE_USDM, _futures),
    COINBASE: (COINBASE, _advanced),
    COINBASE_EXCHANGE: (COINBASE, _exchange),
}
"""By protocol: the venue whose books it shows, and the maker of its plans."""

PROTOCOLS: Final = tuple(_MAKERS)
DEFAULT_PROTOCOLS: Final = (BINANCE, BINANCE_USDM, COINBASE)
"""Both of Coinbase's protocols show the same books; a tape carries one unless asked for both."""


def plans_for(listings: Sequence[Listing], protocols: Sequence[str]) -> list[Plan]:
    """Return what to open for the books of `listings`. Raises KeyError for a strange protocol."""
    plans: list[Plan] = []
    for protocol in protocols:
        venue, make = _MAKERS[protocol]
        symbols = [one.symbol for one in listings if one.venue == venue]
        if symbols:
            plans += make(symbols)
    return plans
