"""ccxt pro's own websocket client on a flood: `watch_order_book` until the last update id is in.

`python -m benchmarks.peers.ccxt_flood PORT FRAMES` prints JSON. It hands out a book per turn of its
loop, not per frame; every frame is applied.
"""

import asyncio
import json
import sys
import time

import ccxt.pro

from benchmarks.peers.ccxt_pro import MARKET, SYMBOL


async def flood(port: int, frames: int) -> dict[str, float]:
    """Return frames and seconds from the first book of the flood to the last."""
    url = f"127.0.0.1:{port}"
    exchange = ccxt.pro.binance({"enableRateLimit": False})
    exchange.urls["api"]["public"] = f"http://{url}/api/v3"
    exchange.urls["api"]["ws"]["spot"] = f"ws://{url}/ws"
    exchange.set_markets([MARKET])
    exchange.options["fetchMarkets"] = {"types": ["spot"]}
    await exchange.watch_order_book(SYMBOL)
    book = await exchange.watch_order_book(SYMBOL)
    first, wall_s, cpu_s = book["nonce"], -time.perf_counter(), -time.process_time()
    while book["nonce"] < frames:
        book = await exchange.watch_order_book(SYMBOL)
    wall_s, cpu_s = wall_s + time.perf_counter(), cpu_s + time.process_time()
    await exchange.close()
    return {"frames": frames - first, "wall_s": wall_s, "cpu_s": cpu_s}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(flood(int(sys.argv[1]), int(sys.argv[2])))))
