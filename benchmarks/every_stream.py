"""One program that listens to everything that the local venues send, and drops it.

`python -m benchmarks.every_stream ADDRESSES_JSON` says "listening", and ends with standard input.
"""

import asyncio
import json
import sys
from collections.abc import Iterator
from typing import Any, Final

from websockets.asyncio.client import connect

from hftlib.core.venue import BINANCE, BINANCE_USDM, COINBASE, COINBASE_EXCHANGE
from hftlib.market.listings import LISTINGS

_SPOT: Final = ("depth@100ms", "bookTicker", "trade", "aggTrade", "kline_1m", "ticker")
_PUBLIC: Final = ("depth@100ms", "bookTicker")
_MARKET: Final = ("aggTrade", "markPrice@1s", "kline_1m", "ticker")
_EXCHANGE: Final = ("level2_batch", "matches", "ticker", "heartbeat")
_ADVANCED: Final = ("level2", "market_trades", "ticker", "candles", "heartbeats")


def plans(addresses: dict[str, str]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield each websocket's URL with the messages to send on it."""
    spot, usdm = _symbols(BINANCE), _symbols(BINANCE_USDM)
    products = [one.symbol for one in LISTINGS if one.venue == COINBASE]
    base = {name: url.replace("http", "ws", 1) for name, url in addresses.items()}
    yield f"{base[BINANCE]}/stream?streams={_streams(spot, _SPOT)}", []
    yield f"{base[BINANCE_USDM]}/public/stream?streams={_streams(usdm, _PUBLIC)}", []
    yield f"{base[BINANCE_USDM]}/market/stream?streams={_streams(usdm, _MARKET)}", []
    exchange = {"type": "subscribe", "product_ids": products, "channels": list(_EXCHANGE)}
    yield base[COINBASE_EXCHANGE], [exchange]
    yield (
        base[COINBASE],
        [{"type": "subscribe", "product_ids": products, "channel": name} for name in _ADVANCED],
    )


def _symbols(venue: str) -> list[str]:
    return [one.symbol.lower() for one in LISTINGS if one.venue == venue]


def _streams(symbols: list[str], names: tuple[str, ...]) -> str:
    return "/".join(f"{symbol}@{name}" for symbol in symbols for name in names)


async def _listen(url: str, messages: list[dict[str, Any]], ready: asyncio.Semaphore) -> None:
    async with connect(url, max_size=None, compression=None) as socket:
        for message in messages:
            await socket.send(json.dumps(message))
        await socket.recv()
        ready.release()
        async for _ in socket:
            pass


async def _listen_to_all(addresses: dict[str, str]) -> None:
    ready = asyncio.Semaphore(0)
    asked = list(plans(addresses))
    tasks = [asyncio.create_task(_listen(url, messages, ready)) for url, messages in asked]
    for _ in asked:
        await ready.acquire()
    print("listening", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for task in tasks:
        task.cancel()


if __name__ == "__main__":
    asyncio.run(_listen_to_all(json.loads(sys.argv[1])))
