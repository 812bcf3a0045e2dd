"""Clients of a local venue that do nothing but tell how old each frame is when it arrives.

`python -m benchmarks.fanout_client URL CLIENTS WARM_S SECONDS` prints the milliseconds p50, p99 and
the number of frames: from the frame's own event time (microseconds) to the read from the socket, on
one clock. Many clients live in this one process, so its own queue is in the figure, too.
"""

import asyncio
import re
import sys
import time
from typing import Any, Final
from urllib.parse import urlsplit

_EVENT: Final = re.compile(rb'"E":(\d{16}),')


class Client(asyncio.Protocol):
    """Send the handshake, then take the age of every frame that comes."""

    def __init__(self, host: str, target: str, ages_us: list[int]) -> None:
        self._hello = (
            f"GET {target} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n"
        ).encode()
        self._ages_us = ages_us

    def connection_made(self, transport: Any) -> None:
        """Ask for the streams."""
        transport.write(self._hello)

    def data_received(self, data: bytes) -> None:
        """Note the age of each frame whose head is in `data`."""
        now_us = time.time_ns() // 1_000
        self._ages_us += [now_us - int(stamp) for stamp in _EVENT.findall(data)]


async def _measure(url: str, clients: int, warm_s: float, seconds: float) -> list[int]:
    parts = urlsplit(url)
    loop, ages_us = asyncio.get_running_loop(), list[int]()
    target = f"{parts.path}?{parts.query}"
    for _ in range(clients):
        await loop.create_connection(
            lambda: Client(parts.netloc, target, ages_us), parts.hostname, parts.port
        )
    await asyncio.sleep(warm_s)
    ages_us.clear()
    await asyncio.sleep(seconds)
    return sorted(ages_us)


def main() -> int:
    """Measure and print one line."""
    url, clients, warm_s, seconds = sys.argv[1:]
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        ages_us = runner.run(_measure(url, int(clients), float(warm_s), float(seconds)))
    p50, p99 = (ages_us[int(len(ages_us) * share)] / 1e3 for share in (0.5, 0.99))
    print(p50, p99, len(ages_us))
    return 0


if __name__ == "__main__":
    sys.exit(main())
