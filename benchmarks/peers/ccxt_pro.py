"""ccxt pro: raw text into its websocket client, Binance's own handler, ccxt's order book.

The socket is left out: the text goes to the client where aiohttp would hand it over.
"""

import asyncio
import json

import ccxt.pro

from benchmarks.features import DEPTH, Meter
from benchmarks.peers.runner import main

SYMBOL = "BTC/USDT"
MARKET = {
    "id": "BTCUSDT",
    "lowercaseId": "btcusdt",
    "symbol": SYMBOL,
    "base": "BTC",
    "quote": "USDT",
    "baseId": "BTC",
    "quoteId": "USDT",
    "type": "spot",
    "spot": True,
    "linear": None,
    "precision": {"price": 0.01, "amount": 0.00001},
    "limits": {},
}


class CcxtBook:
    """Keep the book that `watch_order_book` would return."""

    def __init__(self, snapshot: bytes) -> None:
        """Make the exchange with one market, so that nothing is asked over the network."""
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self._open())
        body = json.loads(snapshot)
        self.snapshot = self.exchange.parse_order_book(body, SYMBOL)
        self.snapshot["nonce"] = body["lastUpdateId"]

    async def _open(self) -> None:
        """Make the client inside a running loop, as ccxt wants it."""
        self.exchange = ccxt.pro.binance({"asyncio_loop": self.loop})
        self.exchange.set_markets([MARKET])
        url = self.exchange.urls["api"]["ws"]["spot"] + "/0"
        self.client = self.exchange.client(url)

    def start(self) -> None:
        """Put the book and the meter at the snapshot."""
        self.book = self.exchange.order_book({}, 1000)
        self.book.reset(self.snapshot)
        self.exchange.orderbooks[SYMBOL] = self.book
        self.meter = Meter(*self.tops())

    def tops(self) -> tuple[list[list[float]], list[list[float]]]:
        """Return copies of the best 20 levels a side: ccxt changes its own in place."""
        bids, asks = self.book["bids"], self.book["asks"]
        return [level[:] for level in bids[:DEPTH]], [level[:] for level in asks[:DEPTH]]

    def frame(self, payload: bytes) -> None:
        """Decode, apply, measure."""
        self.client.handle_text_or_binary_message(payload.decode())
        self.meter.measure(*self.tops())


if __name__ == "__main__":
    main(CcxtBook, ("ccxt", "orjson", "msgspec"))
