"""Fan-out of the binary feed: each topic is encoded once, each client is sent what it can take.

Twenty times a second the topics that have clients say what is new; that goes into one outbox per
client, where it is joined while the client is behind. Nobody is waited for.
"""

import asyncio
import time
from typing import TYPE_CHECKING, Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from hftlib.desk.desk import Desk, NotReadyError, UnknownBookError
from hftlib.wire import feed
from hftlib.wire.feed import Kind
from hftlib.wire.messages import ErrorReply
from hftlib.wire.outbox import Outbox

if TYPE_CHECKING:
    from hftlib.desk.topic import Topic

TICK_S: Final = 0.05
MOST_CLIENTS: Final = 64
_PROGRESS_S: Final = 0.5
_POLICY: Final = 1008
_TRY_LATER: Final = 1013

TopicKey = tuple[str, str, int | None, int]
"""Venue, symbol, ticks a row (None: the desk chooses), levels a side of the ladder."""


class _Client:
    """Hold one websocket's outbox and the signal that there is something in it."""

    def __init__(self) -> None:
        self.outbox = Outbox()
        self.filled = asyncio.Event()

    def put(self, messages: list[bytes]) -> None:
        for message in messages:
            self.outbox.put(message)
        self.filled.set()


class Hub:
    """Own the topics of a desk and the clients of each."""

    def __init__(self, desk: Desk) -> None:
        """Begin without clients."""
        self._desk = desk
        self._topics: dict[TopicKey, Topic] = {}
        self._clients: dict[TopicKey, set[_Client]] = {}
        self._waiting = 0

    @property
    def client_count(self) -> int:
        """Return how many clients are connected."""
        return self._waiting + sum(len(clients) for clients in self._clients.values())

    @property
    def topic_count(self) -> int:
        """Return how many topics are being encoded."""
        return len(self._topics)

    async def run(self) -> None:
        """Publish until cancelled."""
        while True:
            self._publish(time.monotonic())
            await asyncio.sleep(TICK_S)

    def _publish(self, now_s: float) -> None:
        clock = self._desk.clock()
        for key, topic in self._topics.items():
            messages = topic.changes(clock, now_s)
            if messages:
                for client in self._clients[key]:
                    client.put(messages)

    async def serve(
        self, websocket: WebSocket, venue: str, symbol: str, row_ticks: int | None, depth: int
    ) -> None:
        """Serve one websocket until it goes; an error is sent as an ERROR message, then a close."""
        await websocket.accept()
        if self.client_count >= MOST_CLIENTS:
            await _refuse(
                websocket, "TOO_MANY_CLIENTS", f"{MOST_CLIENTS} feeds are open", _TRY_LATER
            )
            return
        self._waiting += 1
        try:
            topic = await self._open(websocket, venue, symbol, row_ticks, depth)
        finally:
            self._waiting -= 1
        if topic is not None:
            await self._feed(websocket, (venue, symbol, row_ticks, depth), topic)

    async def _open(
        self, websocket: WebSocket, venue: str, symbol: str, row_ticks: int | None, depth: int
    ) -> "Topic | None":
        """Return the topic asked for, its history encoded, once there is a run."""
        try:
            await self._until_ready(websocket)
            topic = self._desk.view.topic(venue, symbol, row_ticks, depth)
        except WebSocketDisconnect:
            return None
        except UnknownBookError as error:
            await _refuse(websocket, "UNKNOWN_BOOK", str(error))
            return None
        except NotReadyError as error:
            await _refuse(websocket, "FAILED", str(error), _TRY_LATER)
            return None
        key = (venue, symbol, row_ticks, depth)
        topic = self._topics.get(key, topic)
        while not topic.is_ready:
            topic.prepare()
            await asyncio.sleep(0)
        return self._topics.setdefault(key, topic)

    async def _until_ready(self, websocket: WebSocket) -> None:
        """Tell the client what the desk is doing until it has a run."""
        while not await self._desk.is_ready(_PROGRESS_S):
            health = self._desk.health()
            if health.state == "failed":
                raise NotReadyError(health.reason)
            progress = f" {health.done}/{health.total}" if health.total else ""
            await websocket.send_bytes(
                _error(health.state.upper(), f"the desk is {health.state}{progress}")
            )

    async def _feed(self, websocket: WebSocket, key: TopicKey, topic: "Topic") -> None:
        client = _Client()
        client.put(topic.greeting(self._desk.clock()))
        self._clients.setdefault(key, set()).add(client)
        sending = asyncio.create_task(_send(websocket, client))
        listening = asyncio.create_task(_listen(websocket))
        try:
            await asyncio.wait((sending, listening), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sending.cancel()
            listening.cancel()
            await asyncio.gather(sending, listening, return_exceptions=True)
            self._leave(key, client)

    def _leave(self, key: TopicKey, client: _Client) -> None:
        clients = self._clients[key]
        clients.discard(client)
        if not clients:
            del self._clients[key], self._topics[key]


async def _send(websocket: WebSocket, client: _Client) -> None:
    """Send what waits; while a send is held up, the outbox joins what comes."""
    while True:
        await client.filled.wait()
        client.filled.clear()
        for message in client.outbox.take():
            await websocket.send_bytes(message)


async def _listen(websocket: WebSocket) -> None:
    """Return when the client is gone; what it says is not asked for."""
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass


def _error(code: str, message: str) -> bytes:
    body = feed.encode_json(ErrorReply(code, message))
    return feed.pack(Kind.ERROR, body, sequence=0, time_ms=0.0)


async def _refuse(websocket: WebSocket, code: str, message: str, close: int = _POLICY) -> None:
    try:
        await websocket.send_bytes(_error(code, message))
        await websocket.close(close)
    except WebSocketDisconnect:
        return
