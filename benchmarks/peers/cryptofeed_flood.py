"""cryptofeed's own connection and handler on a flood, until the last update id is in.

`python -m benchmarks.peers.cryptofeed_flood PORT FRAMES` prints JSON; its queue has no bound.
It insists on a wss address; TLS is left out below it, as it is for the other clients.
"""

import asyncio
import json
import sys
import time

from cryptofeed import FeedHandler, connection
from cryptofeed.connection import RestEndpoint, Routes, WebsocketEndpoint
from cryptofeed.defines import L2_BOOK
from cryptofeed.exchanges.binance import Binance
from cryptofeed.symbols import Symbol, Symbols

from benchmarks.peers.cryptofeed_path import PAIR


class Measured:
    """Measure from the second book to the last."""

    def __init__(self, frames: int) -> None:
        """Expect update ids up to `frames`."""
        self.frames = frames
        self.first = 0
        self.wall_s = self.cpu_s = 0.0

    async def on_book(self, book: object, _receipt_timestamp: float) -> None:
        """Note the moments."""
        number = book.sequence_number
        if not self.first and number > 1:
            self.first = number
            self.wall_s, self.cpu_s = -time.perf_counter(), -time.process_time()
        elif number == self.frames:
            self.wall_s += time.perf_counter()
            self.cpu_s += time.process_time()
            asyncio.get_running_loop().stop()


def flood(port: int, frames: int) -> dict[str, float]:
    """Return frames and seconds from the first book of the flood to the last."""
    encrypted = connection.connect
    connection.connect = lambda address, **options: encrypted(
        address.replace("wss://", "ws://"), **options
    )
    measured = Measured(frames)
    symbol = Symbol("BTC", "USDT")
    Symbols.set(Binance.id, {symbol.normalized: "BTCUSDT"}, {"tick_size": {}})
    Binance.websocket_endpoints = [WebsocketEndpoint(f"wss://127.0.0.1:{port}")]
    depth = "/api/v3/depth?symbol={}&limit={}"
    routes = Routes("/api/v3/exchangeInfo", l2book=depth)
    Binance.rest_endpoints = [RestEndpoint(f"http://127.0.0.1:{port}", routes=routes)]
    asyncio.set_event_loop(asyncio.new_event_loop())
    handler = FeedHandler({"log": {"filename": "/dev/null", "level": "CRITICAL"}})
    handler.add_feed(
        Binance(symbols=[PAIR], channels=[L2_BOOK], callbacks={L2_BOOK: measured.on_book})
    )
    handler.run(start_loop=False, install_signal_handlers=False)
    asyncio.get_event_loop().run_forever()
    taken = frames - measured.first
    return {"frames": taken, "wall_s": measured.wall_s, "cpu_s": measured.cpu_s}


if __name__ == "__main__":
    print(json.dumps(flood(int(sys.argv[1]), int(sys.argv[2]))), flush=True)
    raise SystemExit(0)
