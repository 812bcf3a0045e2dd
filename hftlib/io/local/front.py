"""One venue on one port: its REST and its websockets, TLS or plain."""

import asyncio
import ssl
from collections.abc import Callable
from typing import Final

from aiohttp import WSMessage, WSMsgType, web

from hftlib.exchange.faults import Faults, Withheld
from hftlib.exchange.messages import Opening, Request, Response, VenueServer
from hftlib.io.clock import WallClock
from hftlib.io.local.http_intake import HttpIntake, check_handshake, read_body
from hftlib.io.local.link import Link

MOST_FROM_CLIENT: Final = 1024 * 1024
"""Bytes of one websocket message of a client."""
WITHHELD_S: Final = 60.0
"""How long a request that gets no answer is left hanging before it is cut."""
_UNREADABLE: Final = 1007
_SERVER: Final = {"Server": "hftlib local market"}
_ENDINGS: Final = (WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR)


class VenueFront:
    """Serve one venue to whoever connects."""

    def __init__(
        self, server: VenueServer, faults: Faults, clock: WallClock, step: Callable[[int], None]
    ) -> None:
        """Serve `server`; stamps of what comes in are the clock's.

        `step` lets the market's time pass up to the stamp of what comes in, before it acts.
        """
        self.server = server
        self.links: dict[str, Link] = {}
        self.requests = 0
        self.connected = 0
        self.cut_slow = 0
        self._gone_frames = 0
        self._gone_bytes = 0
        self._faults = faults
        self._clock = clock
        self._step = step
        self._web = HttpIntake(self._handle)
        self._listeners: list[asyncio.Server] = []

    async def listen(
        self, host: str, port: int, context: ssl.SSLContext | None = None
    ) -> tuple[str, int]:
        """Listen on one more address; return it as the system gave it. Raises OSError."""
        loop = asyncio.get_running_loop()
        listener = await loop.create_server(self._web, host, port, ssl=context)
        self._listeners.append(listener)
        bound = listener.sockets[0].getsockname()
        return str(bound[0]), int(bound[1])

    async def stop(self) -> None:
        """Stop listening, tell the clients, hang up."""
        for listener in self._listeners:
            listener.close()
        for link in list(self.links.values()):
            link.refuse(1001, "the market is closing")
        await self._web.shutdown(0.2)

    def flush(self, now_ns: int) -> None:
        """Write what every client is due."""
        for link in list(self.links.values()):
            link.flush(now_ns)

    def tick(self, now_ns: int) -> None:
        """Let time pass for every connection."""
        for link in list(self.links.values()):
            link.connection.tick(now_ns)

    @property
    def frames_out(self) -> int:
        """Return the frames sent since the start."""
        return self._gone_frames + sum(link.frames_out for link in self.links.values())

    @property
    def bytes_out(self) -> int:
        """Return the bytes of those frames."""
        return self._gone_bytes + sum(link.bytes_out for link in self.links.values())

    def _ready_now(self) -> int:
        """Make market and venue ready for what a client sent, and return its stamp."""
        now_ns = self._clock.now_ns()
        self._step(now_ns)
        self._faults.set_clock(self.server, now_ns)
        return now_ns

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._serve_socket(request)
        return await self._answer(request)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests += 1
        path, _, query = request.raw_path.partition("?")
        body = await read_body(request)
        now_ns = self._ready_now()
        asked = Request(
            request.method, path, query, _lower(request), body, request.remote or "", now_ns
        )
        answer = self._faults.answer(self.server, asked)
        if isinstance(answer, Withheld):
            return await _keep_silent(request)
        return _written(answer)

    async def _serve_socket(self, request: web.BaseRequest) -> web.StreamResponse:
        check_handshake(request)
        path, _, query = request.raw_path.partition("?")
        now_ns = self._ready_now()
        opening = Opening(path, query, _lower(request), request.remote or "", now_ns)
        connection = self._faults.connect(self.server, opening)
        if isinstance(connection, Response):
            return _written(connection)
        socket = web.WebSocketResponse(
            autoping=False, autoclose=False, compress=False, max_msg_size=MOST_FROM_CLIENT
        )
        try:
            await socket.prepare(request)
            transport = request.transport
            assert transport is not None
            link = Link(connection, transport, self._faults)
            self.links[connection.name] = link
            self.connected += 1
            link.flush(now_ns)
            await self._listen(socket, link)
            transport.close()
        finally:
            self._forget(connection.name)
            self._faults.forget(connection)
            self.server.disconnect(connection)
        return socket

    async def _listen(self, socket: web.WebSocketResponse, link: Link) -> None:
        """Hand in what the client says until it is gone."""
        while True:
            try:
                message = await socket.receive()
            except (ConnectionError, asyncio.CancelledError):
                return
            if message.type in _ENDINGS:
                return
            if message.type is WSMsgType.CLOSE:
                link.answer_close(int(message.data or 1000))
                return
            self._hear(message, link)

    def _hear(self, message: WSMessage, link: Link) -> None:
        if link.is_ending:
            return
        connection, now_ns = link.connection, self._ready_now()
        if message.type is WSMsgType.TEXT:
            connection.receive(message.data, now_ns)
        elif message.type is WSMsgType.BINARY:
            _hear_binary(message.data, link, now_ns)
        elif message.type is WSMsgType.PING:
            connection.receive_ping(bytes(message.data), now_ns)
            link.pong(bytes(message.data), now_ns)
        elif message.type is WSMsgType.PONG:
            connection.receive_pong(bytes(message.data), now_ns)
        link.flush(now_ns)

    def _forget(self, name: str) -> None:
        link = self.links.pop(name, None)
        if link is not None:
            self.cut_slow += link.was_slow
            self._gone_frames += link.frames_out
            self._gone_bytes += link.bytes_out


def _hear_binary(data: bytes, link: Link, now_ns: int) -> None:
    """Take a binary message as text, which venues do, when it is text."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        link.refuse(_UNREADABLE, "not UTF-8")
        return
    link.connection.receive(text, now_ns)


def _lower(request: web.BaseRequest) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


def _written(answer: Response) -> web.Response:
    headers = {**_SERVER, "Content-Type": answer.content_type, **answer.headers}
    return web.Response(status=answer.status, body=answer.body, headers=headers)


async def _keep_silent(request: web.BaseRequest) -> web.StreamResponse:
    """Let a request hang, then cut its connection without a word."""
    await asyncio.sleep(WITHHELD_S)
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=504)
