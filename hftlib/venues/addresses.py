"""Where each venue answers: the exchanges themselves, and their test networks where they have one.

Coinbase Advanced has no test network for market data (its sandbox answers account calls from
recordings), Binance US has none at all.
"""

from collections.abc import Mapping
from typing import Final

from hftlib.core import venue
from hftlib.venues.plans import Addresses


def _by_venue(*addresses: Addresses) -> Mapping[str, Addresses]:
    return {one.venue: one for one in addresses}


LIVE_ADDRESSES: Final = _by_venue(
    Addresses(venue.BINANCE, "https://api.binance.com", "wss://stream.binance.com:9443"),
    Addresses(venue.BINANCE_US, "https://api.binance.us", "wss://stream.binance.us:9443"),
    Addresses(venue.BINANCE_USDM, "https://fapi.binance.com", "wss://fstream.binance.com"),
    Addresses(venue.BINANCE_COINM, "https://dapi.binance.com", "wss://dstream.binance.com"),
    Addresses(venue.COINBASE, "https://api.coinbase.com", "wss://advanced-trade-ws.coinbase.com"),
    Addresses(
        venue.COINBASE_EXCHANGE,
        "https://api.exchange.coinbase.com",
        "wss://ws-feed.exchange.coinbase.com",
    ),
)

TESTNET_ADDRESSES: Final = _by_venue(
    Addresses(
        venue.BINANCE, "https://testnet.binance.vision", "wss://stream.testnet.binance.vision"
    ),
    Addresses(
        venue.BINANCE_USDM, "https://testnet.binancefuture.com", "wss://fstream.binancefuture.com"
    ),
    Addresses(
        venue.BINANCE_COINM, "https://testnet.binancefuture.com", "wss://dstream.binancefuture.com"
    ),
    Addresses(
        venue.COINBASE_EXCHANGE,
        "https://api-public.sandbox.exchange.coinbase.com",
        "wss://ws-feed-public.sandbox.exchange.coinbase.com",
    ),
)
