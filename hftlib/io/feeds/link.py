"""One websocket: what it brings is handed over as it is parsed, in the same call.

Nothing is queued between the socket and whoever takes the frames: what waits, waits in the
kernel's buffers. No compression is offered (docs/adr/0015).
"""

import asyncio
import logging
from typing import Final, Protocol

from picows import (
    WSCloseCode,
    WSError,
    WSFrame,
    WSHandshakeError,
    WSListener,
    WSMsgType,
    WSTransport,
    ws_connect,
)
from python_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError

from hftlib import __version__
from hftlib.io.feeds.proxies import proxy_for
from hftlib.io.reachability import WORDS

LARGEST_BYTES: Final = 12 * 1024 * 1024
"""Twice and more of the largest snapshot seen (Coinbase BTC-USD, 5 MB)."""
OPEN_WITHIN_S: Final = 10.0
FAREWELL_S: Final = 2.0
_HEADERS: Final = {"User-Agent": f"hftlib/{__version__}"}
_REFUSED_WHILE_OPENING: Final = (
    OSError,
    EOFError,
    TimeoutError,
    WSError,
    ProxyConnectionError,
    ProxyError,
    ProxyTimeoutError,
)
_MESSAGE: Final = frozenset({WSMsgType.TEXT, WSMsgType.BINARY})
_silent: Final = logging.getLogger("hftlib.feeds.socket")
_silent.setLevel(logging.CRITICAL)  # the owner of a link says in its own words what happened
_NO_CODE: Final = 1005
_UNANNOUNCED: Final = "cut without a close frame"


class OpeningError(Exception):
    """Say why a websocket did not open; `retry_after_s` when the venue asked for patience."""

    def __init__(self, reason: str, retry_after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class Owner(Protocol):
    """Own links: told of all that happens to them, in order, within the call."""

    def on_open(self, link: "Link") -> None:
        """Note that the handshake is done; the first frame comes after this."""
        ...

    def on_message(self, link: "Link", payload: bytes) -> None:
        """Take one message."""
        ...

    def on_end(self, link: "Link", reason: str) -> None:
        """Note that nothing comes any more, and why; told once."""
        ...

    def on_failure(self, error: BaseException) -> None:
        """Hear what the owner itself raised while it was told of something."""
        ...


class Link(WSListener):
    """Hold one websocket from its opening to its end."""

    def __init__(self, owner: Owner, connection: str) -> None:
        """Belong to `owner`; `connection` is the name that its frames carry."""
        self.connection = connection
        self.messages = 0
        self.signs = 0
        self.is_open = False
        self.is_pong_due = False
        self._owner = owner
        self._on_message = owner.on_message
        self._is_over = False
        self._parts: list[bytes] = []
        self._transport: WSTransport | None = None
        self._reaping: asyncio.Future[None] | None = None

    async def open(self, url: str) -> None:
        """Shake hands. Raises OpeningError with the reason in words."""
        try:
            await asyncio.wait_for(
                ws_connect(
                    lambda _request, _response: self,
                    url,
                    max_frame_size=LARGEST_BYTES,
                    enable_auto_pong=False,
                    websocket_handshake_timeout=OPEN_WITHIN_S,
                    extra_headers=_HEADERS,
                    max_redirects=0,
                    proxy=proxy_for(url),
                    logger_name=_silent,
                ),
                OPEN_WITHIN_S,
            )
        except _REFUSED_WHILE_OPENING as error:
            if not self.is_open:
                self._is_over = True
                raise _refusal(error) from error

    # what the owner does -----------------------------------------------------------------------

    def send(self, message: bytes) -> None:
        """Send a text message, if the link is open."""
        if self._transport is not None and self.is_open:
            self._transport.send(WSMsgType.TEXT, message)

    def ping(self) -> None:
        """Ask for a sign of life."""
        if self._transport is not None and self.is_open:
            self._transport.send_ping(b"hftlib")
            self.is_pong_due = True

    def drop(self, reason: str) -> None:
        """Hang up at once: the other end does not answer, or is not believed any more."""
        self._end(reason)
        if self._transport is not None:
            self._transport.disconnect(False)

    def leave(self, reason: str) -> None:
        """Say farewell and hang up a little later; whatever still comes is not taken."""
        self._end(reason)
        transport = self._transport
        if transport is not None and not transport.is_disconnected:
            transport.send_close(WSCloseCode.OK)
            asyncio.get_running_loop().call_later(FAREWELL_S, transport.disconnect, False)

    def _end(self, reason: str) -> None:
        if not self._is_over:
            self._is_over = True
            self.is_open = False
            self._owner.on_end(self, reason)

    async def gone(self) -> None:
        """Wait until the socket is closed."""
        if self._reaping is not None:
            await self._reaping

    # what the socket does ----------------------------------------------------------------------

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Note the end of the handshake."""
        self._transport = transport
        self._reaping = asyncio.ensure_future(self._reap(transport))
        if self._is_over:
            transport.disconnect(False)
            return
        self.is_open = True
        self._owner.on_open(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Hand a message over; answer what belongs to the protocol."""
        if frame.msg_type in _MESSAGE and frame.fin and not self._is_over:
            self.messages += 1
            self._on_message(self, frame.get_payload_as_bytes())
        else:
            self._receive_other(transport, frame)

    def _receive_other(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        self.signs += 1
        if kind == WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
        elif kind == WSMsgType.PONG:
            self.is_pong_due = False
        elif kind == WSMsgType.CLOSE:
            self._answer_close(transport, frame)
        elif not self._is_over:
            self._collect(frame)

    def _answer_close(self, transport: WSTransport, frame: WSFrame) -> None:
        said = frame.get_payload_as_bytes()
        code = int.from_bytes(said[:2], "big") if len(said) >= 2 else _NO_CODE
        text = said[2:].decode("utf-8", "replace")
        if not transport.is_close_frame_sent:
            transport.send_close(WSCloseCode.OK)
        transport.disconnect()
        self._end(f"closed by the venue: {code} {text}".rstrip())

    def _collect(self, frame: WSFrame) -> None:
        """Put a message together that comes in several frames."""
        self._parts.append(frame.get_payload_as_bytes())
        if sum(map(len, self._parts)) > LARGEST_BYTES:
            self.drop(f"a message of more than {LARGEST_BYTES} bytes")
        elif frame.fin:
            whole = b"".join(self._parts)
            self._parts.clear()
            self.messages += 1
            self._on_message(self, whole)

    async def _reap(self, transport: WSTransport) -> None:
        """Wait until a transport is gone; what the owner raised on the way is told to it."""
        try:
            await transport.wait_disconnected()
        except WSError:
            pass  # the venue broke the protocol, which `_why` has told
        except Exception as error:  # noqa: BLE001
            self._owner.on_failure(error)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Note the end."""
        self._end(_why(transport))


def _why(transport: WSTransport) -> str:
    """Return why a transport is gone: what we held against the venue, else what it did."""
    sent = getattr(transport.close_handshake, "sent", None)
    return _UNANNOUNCED if sent is None else f"given up: {sent.code.value} {sent.reason}".rstrip()


def _refusal(error: BaseException) -> OpeningError:
    """Return in words why a websocket did not open."""
    if isinstance(error, TimeoutError):
        return OpeningError(f"no answer within {OPEN_WITHIN_S:g} s")
    if not isinstance(error, WSHandshakeError):
        return OpeningError(f"no connection: {error}")
    answer = error.response
    if answer is None:
        return OpeningError(f"handshake refused: {error}")
    status = answer.status.value
    told = str(answer.headers.get("Retry-After", ""))
    words = WORDS.get(status, str(status))
    return OpeningError(f"handshake refused: {words}", float(told) if told.isdigit() else 0.0)
