"""HTTP as clients send it to a local market: what is no HTTP is refused, what stalls is cut."""

import asyncio
import base64
import binascii
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web
from aiohttp.http import HttpProcessingError

FIRST_REQUEST_S: Final = 30.0
"""How long a new connection may take to send its first request's head."""
IDLE_S: Final = 75.0
"""How long a connection may be silent between requests."""
BODY_S: Final = 30.0
"""How long a request's body may take."""
_KEY_BYTES: Final = 16

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class _NoClientFaults(logging.Filter):
    """Keep what clients did wrong out of the log: they are told with a 400."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a record tells of a fault of ours."""
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, HttpProcessingError | web.RequestPayloadError)


_log: Final = logging.getLogger(__name__)
_log.addFilter(_NoClientFaults())


class HttpIntake:
    """Make the protocol of each new connection; connections that send no request are cut."""

    def __init__(self, handle: Handler, first_request_s: float = FIRST_REQUEST_S) -> None:
        """Hand requests to `handle`."""
        self._handle = handle
        self._first_request_s = first_request_s
        self._mute: dict[web.RequestHandler, asyncio.TimerHandle] = {}
        self._web = web.Server(
            self._take,
            access_log=None,
            logger=_log,
            keepalive_timeout=IDLE_S,
            lingering_time=0.0,
        )

    def __call__(self) -> asyncio.BaseProtocol:
        """Return the protocol of one more connection."""
        protocol = self._web()
        loop = asyncio.get_running_loop()
        self._mute[protocol] = loop.call_later(self._first_request_s, self._cut, protocol)
        return protocol

    async def shutdown(self, within_s: float) -> None:
        """Hang up, after at most `within_s` for answers that are being written."""
        for timer in self._mute.values():
            timer.cancel()
        await self._web.shutdown(timeout=within_s)

    async def _take(self, request: web.BaseRequest) -> web.StreamResponse:
        timer = self._mute.pop(request.protocol, None)
        if timer is not None:
            timer.cancel()
        return await self._handle(request)

    def _cut(self, protocol: web.RequestHandler) -> None:
        del self._mute[protocol]
        protocol.force_close()


async def read_body(request: web.BaseRequest, within_s: float = BODY_S) -> bytes:
    """Return a request's body.

    Raises an answer: 400 for a body that cannot be read or whose client is gone, 408 for one that
    does not come, 413 for one that is too large.
    """
    try:
        async with asyncio.timeout(within_s):
            return await request.read()
    except (web.RequestPayloadError, ConnectionError):
        raise web.HTTPBadRequest(text="the body cannot be read") from None
    except TimeoutError:
        raise web.HTTPRequestTimeout(text="the body did not come") from None


def check_handshake(request: web.BaseRequest) -> None:
    """Refuse what cannot be a websocket's handshake: raises 400."""
    key = request.headers.get("Sec-WebSocket-Key", "")
    try:
        is_key = len(base64.b64decode(key.encode("ascii"), validate=True)) == _KEY_BYTES
    except (UnicodeEncodeError, binascii.Error):
        is_key = False
    if request.method != "GET" or not is_key:
        raise web.HTTPBadRequest(text="no websocket handshake")
