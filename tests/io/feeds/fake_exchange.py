"""An exchange as ccxt would show it, driven by hand."""

import asyncio
from typing import Any

PRECISE = {"price": 0.01, "amount": 0.00001}


class VenueError(Exception):
    """Stand for ccxt's own errors."""


class FakeExchange:
    """Answer what a test puts in; `pushed` and `traded` are the sockets, None ends a wait."""

    precisionMode = 4  # noqa: N815  # ccxt's spelling

    def __init__(self, **has: bool) -> None:
        self.has = {"watchOrderBook": True, "watchTrades": True, **has}
        self.options: dict[str, Any] = {}
        self.orderbooks: dict[str, Any] = {}
        self.markets = {
            "BTC/USD": market("BTC/USD"),
            "ETH/USD": market("ETH/USD"),
            "BTC-CALL": market("BTC-CALL", type="option"),
            "ODD/USD": market("ODD/USD", precision={"price": "?", "amount": None}),
            "DIM/USD": market("DIM/USD", precision=None),
        }
        self.failures: list[Exception] = []
        self.pushed: asyncio.Queue[Any] = asyncio.Queue()
        self.traded: asyncio.Queue[Any] = asyncio.Queue()
        self.book = book(100.0)
        self.trades: list[dict[str, Any]] = []
        self.calls: list[str] = []

    async def load_markets(self):
        if self.failures:
            raise self.failures.pop(0)
        return self.markets

    async def fetch_tickers(self):
        return {"BTC/USD": {"last": 64_123.0}}

    async def watch_order_book(self, symbol):
        told = await self.pushed.get()
        if isinstance(told, Exception):
            raise told
        return told

    async def fetch_order_book(self, symbol):
        self.calls.append("fetch_order_book")
        await asyncio.sleep(0)
        return self.book

    async def watch_trades(self, symbol):
        return await self.traded.get()

    async def fetch_trades(self, symbol, since, limit):
        await asyncio.sleep(0)
        return self.trades

    async def un_watch_order_book(self, symbol):
        self.calls.append("un_watch")
        if self.failures:
            raise self.failures.pop(0)

    async def close(self):
        self.calls.append("close")


def market(symbol: str, **more: Any) -> dict[str, Any]:
    base, _, quote = symbol.partition("/")
    usual = {"symbol": symbol, "base": base, "quote": quote, "type": "spot", "precision": PRECISE}
    return {**usual, **more}


def book(best: float, **more: Any) -> dict[str, Any]:
    bids, asks = [[best, 1.5], [best - 1, 2]], [[best + 0.01, 1e-07]]
    return {"bids": bids, "asks": asks, "timestamp": 1_700_000_000_000, "nonce": 7, **more}
