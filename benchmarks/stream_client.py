"""Clients of a desk's stream that do nothing but count what comes and when.

`python -m benchmarks.stream_client URL CLIENTS STALLED SECONDS ENCODING DEPTH VENUE SYMBOL...`
subscribes each client to every symbol's book and prints one line of JSON. `STALLED` further
clients subscribe too and never read. Gaps are those between two deltas of one book.
"""

import asyncio
import json
import socket
import sys
import time
from typing import Final

from websockets.asyncio.client import ClientConnection, connect

from hftlib.client.connection import stream_url
from hftlib.wire.stream import BookTopic, Encoding, Subscribe, encode

WARM_S: Final = 2.0


class Counted:
    """Hold what the clients of one process have seen."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.messages = 0
        self.bytes = 0
        self.gaps_s: list[float] = []
        self.from_s = 0.0


async def _read(opened: ClientConnection, counted: Counted) -> None:
    """Count what one client is sent; gaps are those between the messages of its first book."""
    last_s = 0.0
    async for message in opened:
        now_s = time.perf_counter()
        if now_s < counted.from_s:
            continue
        counted.messages += 1
        counted.bytes += len(message)
        head = message[:40]
        is_first = b'"id":0,' in head.encode() if isinstance(head, str) else b"\xa2id\x00" in head
        if is_first:
            if last_s:
                counted.gaps_s.append(now_s - last_s)
            last_s = now_s


async def _stall(url: str, requests: list[bytes | str]) -> ClientConnection:
    """Return a client that subscribes and reads nothing more."""
    opened = await connect(url, compression=None, max_size=None, proxy=None, ping_interval=None)
    for request in requests:
        await opened.send(request)
    opened.transport.pause_reading()
    raw = opened.transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    return opened


async def _run(
    url: str,
    clients: int,
    stalled: int,
    seconds: float,
    encoding: Encoding,
    topics: list[BookTopic],
) -> Counted:
    requests: list[bytes | str] = [
        data.decode() if encoding is Encoding.JSON else data
        for data in (encode(Subscribe(n, topic), encoding) for n, topic in enumerate(topics))
    ]
    address = f"{stream_url(url)}?encoding={encoding.value}"
    counted = Counted()
    stuck = [await _stall(address, requests) for _ in range(stalled)]
    opened = []
    for _ in range(clients):
        client = await connect(address, compression=None, max_size=None, proxy=None)
        for request in requests:
            await client.send(request)
        opened.append(client)
    counted.from_s = time.perf_counter() + WARM_S
    readers = [asyncio.create_task(_read(client, counted)) for client in opened]
    await asyncio.sleep(WARM_S)
    print("measuring", flush=True)
    await asyncio.sleep(seconds)
    for reader in readers:
        reader.cancel()
    for client in (*stuck, *opened):
        client.transport.abort()
    return counted


def main() -> None:
    """Follow, and print what was seen."""
    url, clients, stalled, seconds, encoding, depth, venue, *symbols = sys.argv[1:]
    topics = [BookTopic(venue, symbol, int(depth)) for symbol in symbols]
    counted = asyncio.run(
        _run(url, int(clients), int(stalled), float(seconds), Encoding(encoding), topics)
    )
    gaps = sorted(counted.gaps_s)
    told = {
        "messages_per_s": counted.messages / float(seconds),
        "bytes_per_s": counted.bytes / float(seconds),
        "gap_p50_ms": 1e3 * gaps[len(gaps) // 2],
        "gap_p99_ms": 1e3 * gaps[int(len(gaps) * 0.99)],
        "gap_max_ms": 1e3 * gaps[-1],
    }
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
