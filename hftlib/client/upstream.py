"""Read a desk's binary feed for as long as it is wanted, through restarts of the desk."""

import asyncio
import random
from collections.abc import AsyncGenerator
from typing import Final

import websockets
from websockets.asyncio.client import connect

from hftlib.client.connection import feed_url
from hftlib.wire import feed
from hftlib.wire.feed import Kind
from hftlib.wire.messages import ErrorReply

LARGEST_MESSAGE: Final = 64 * 2**20
_FIRST_DELAY_S: Final = 0.25
_LONGEST_DELAY_S: Final = 5.0
_OPEN_WITHIN_S: Final = 5.0


async def feed_messages(
    url: str,
    venue: str,
    symbol: str,
    *,
    row_ticks: int | None = None,
    depth: int | None = None,
    token: str = "",
) -> AsyncGenerator[bytes, None]:
    """Yield the messages of a feed as they come, reconnecting with jittered backoff for ever.

    While the desk does not answer an ERROR message with code DESK_UNREACHABLE is yielded before
    each new try. After a reconnection the desk sends its description and history again.
    """
    address = feed_url(url, venue, symbol, row_ticks=row_ticks, depth=depth)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    delay_s = _FIRST_DELAY_S
    while True:
        try:
            async with connect(
                address,
                additional_headers=headers,
                compression=None,
                max_size=LARGEST_MESSAGE,
                open_timeout=_OPEN_WITHIN_S,
                proxy=None,
            ) as socket:
                async for message in socket:
                    delay_s = _FIRST_DELAY_S
                    if isinstance(message, bytes):
                        yield message
        except (OSError, TimeoutError, websockets.WebSocketException) as error:
            reason = str(error) or type(error).__name__
            yield _unreachable(f"no feed from the desk at {url}: {reason}")
        await asyncio.sleep(delay_s * (0.5 + random.random() / 2))
        delay_s = min(2 * delay_s, _LONGEST_DELAY_S)


def _unreachable(reason: str) -> bytes:
    body = feed.encode_json(ErrorReply("DESK_UNREACHABLE", reason))
    return feed.pack(Kind.ERROR, body, sequence=0, time_ms=0.0)
