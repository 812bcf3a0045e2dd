"""cryptofeed: its Binance feed takes raw frames, keeps Decimals in its order_book, calls back.

The REST snapshot is answered from the capture; the socket is left out. The event loop runs once
over all frames, so no start of a loop is counted.
"""

import asyncio

from cryptofeed.defines import L2_BOOK
from cryptofeed.exchanges.binance import Binance
from cryptofeed.symbols import Symbol, Symbols

from benchmarks.features import DEPTH, Meter
from benchmarks.peers.runner import main

PAIR = "BTC-USDT"


class Recorded:
    """Answer the feed's REST request with the recorded snapshot."""

    def __init__(self, body: bytes) -> None:
        """Keep the body."""
        self.body = body.decode()

    async def read(self, _address: str) -> str:
        """Return the body whatever the address."""
        return self.body


class CryptofeedBook:
    """Keep the book of a cryptofeed Binance feed."""

    def __init__(self, snapshot: bytes) -> None:
        """Make the feed with one symbol, so that nothing is asked over the network."""
        symbol = Symbol("BTC", "USDT")
        Symbols.set(Binance.id, {symbol.normalized: "BTCUSDT"}, {"tick_size": {}})
        self.feed = Binance(symbols=[PAIR], channels=[L2_BOOK], callbacks={L2_BOOK: self.on_book})
        self.feed.http_conn = Recorded(snapshot)

    def start(self) -> None:
        """Put the book and the meter at the snapshot."""
        self.meter: Meter | None = None
        self.feed._reset()
        drive(self.feed._snapshot("BTCUSDT"))

    async def on_book(self, book: object, _receipt_timestamp: float) -> None:
        """Measure what the feed reports."""
        tops = floats(book.book.bids), floats(book.book.asks)
        if self.meter is None:
            self.meter = Meter(*tops)
        else:
            self.meter.measure(*tops)

    def frame(self, payload: bytes) -> None:
        """Decode, apply; the feed's callback measures."""
        drive(self.feed.message_handler(payload.decode(), None, 0.0))


def drive(work: object) -> None:
    """Run a coroutine that never waits to its end, without the cost of an event loop."""
    try:
        work.send(None)
    except StopIteration:
        return
    raise RuntimeError("the coroutine waits for something")


def floats(side: object) -> list[tuple[float, float]]:
    """Return the best 20 levels as floats."""
    return [(float(price), float(size)) for price, size in map(side.index, range(DEPTH))]


if __name__ == "__main__":
    asyncio.set_event_loop(asyncio.new_event_loop())
    main(CryptofeedBook, ("cryptofeed", "order_book", "msgspec"), rounds=5)
