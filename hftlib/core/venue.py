"""The names of the venues, spelled one way everywhere."""

from typing import Final

BINANCE: Final = "binance"
BINANCE_US: Final = "binance_us"
BINANCE_USDM: Final = "binance_usdm"
BINANCE_COINM: Final = "binance_coinm"
COINBASE: Final = "coinbase"
COINBASE_EXCHANGE: Final = "coinbase_exchange"
LOBSTER: Final = "lobster"

VENUES: Final = (
    BINANCE,
    BINANCE_US,
    BINANCE_USDM,
    BINANCE_COINM,
    COINBASE,
    COINBASE_EXCHANGE,
    LOBSTER,
)
