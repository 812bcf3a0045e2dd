"""Fan-out of the stream: each topic is encoded once, each client is sent what it can take.

Twenty times a second the topics that have clients say what is new; nobody is waited for. Between
two topics the loop is given back, so that no frame waits for all of them.
"""

import asyncio
import time
from typing import TYPE_CHECKING, Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from hftlib.api.stream_channels import Channel, HeatmapChannel, HeatmapSubscription
from hftlib.api.stream_client import (
    POLICY,
    SERVICE_RESTART,
    TRY_LATER,
    StreamClient,
    TooManyError,
)
from hftlib.api.stream_tellers import teller_of
from hftlib.desk.desk import Desk, NotReadyError, UnknownBookError
from hftlib.wire import feed
from hftlib.wire.feed import Kind
from hftlib.wire.messages import ErrorReply, Health
from hftlib.wire.stream import (
    Encoding,
    HeatmapTopic,
    Refused,
    StreamFormatError,
    Topic,
    encode,
    topic_of,
)

if TYPE_CHECKING:
    from hftlib.desk.view import View

TICK_S: Final = 0.05
MOST_CLIENTS: Final = 128
MOST_TOPICS: Final = 256
_PROGRESS_S: Final = 0.5
_TOPIC: Final = "topic"
_ENCODING: Final = "encoding"


class Hub:
    """Own the channels of a desk and the clients that follow them."""

    def __init__(self, desk: Desk) -> None:
        """Begin without clients."""
        self._desk = desk
        self._view: View | None = None
        self._channels: dict[Topic, Channel | HeatmapChannel] = {}
        self._clients: set[StreamClient] = set()
        self._connected = 0

    @property
    def client_count(self) -> int:
        """Return how many clients are connected."""
        return self._connected

    @property
    def topic_count(self) -> int:
        """Return how many topics are being encoded."""
        return len(self._channels)

    async def run(self) -> None:
        """Publish until cancelled, 20 times a second at most."""
        while True:
            next_s = time.monotonic() + TICK_S
            await self._publish()
            await asyncio.sleep(max(0.0, next_s - time.monotonic()))

    async def open(self, topic: Topic) -> Channel | HeatmapChannel:
        """Return the channel of a topic, opened where it is the first to ask for it.

        Raises NotReadyError, UnknownBookError, ClockError and TooManyError.
        """
        held = self._channels.get(topic)
        if held is not None:
            return held
        if len(self._channels) >= MOST_TOPICS:
            raise TooManyError(f"the desk encodes {MOST_TOPICS} topics at most")
        if isinstance(topic, HeatmapTopic):
            return await self._open_heatmap(topic)
        channel = Channel(teller_of(topic, self._desk, self._health))
        self._channels[topic] = channel
        return channel

    def forget(self, topic: Topic) -> None:
        """Close the channel of a topic where nobody follows it any more."""
        channel = self._channels.get(topic)
        if channel is not None and not channel.members:
            del self._channels[topic]

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one websocket until it goes."""
        await websocket.accept()
        self._connected += 1
        try:
            await self._serve(websocket)
        except WebSocketDisconnect:
            return
        finally:
            self._connected -= 1

    async def _serve(self, websocket: WebSocket) -> None:
        """Serve by what the address says: one topic, a heatmap as it is, or whatever is asked."""
        encoding = Encoding.JSON
        try:
            encoding, first = _asked(dict(websocket.query_params))
        except StreamFormatError as error:
            await _refuse(websocket, encoding, error.code, str(error), POLICY)
            return
        is_heatmap = isinstance(first, HeatmapTopic)
        spoken = None if is_heatmap else encoding
        if self._connected > MOST_CLIENTS:
            told = f"{MOST_CLIENTS} clients are connected"
            await _refuse(websocket, spoken, "TOO_MANY_CLIENTS", told, TRY_LATER)
            return
        client = StreamClient(websocket, spoken, self)
        if isinstance(first, HeatmapTopic):
            await self._serve_heatmap(websocket, client, first)
        else:
            await self._converse(client, first)

    async def _converse(self, client: StreamClient, first: Topic | None = None) -> None:
        self._clients.add(client)
        try:
            await client.converse(first)
        finally:
            self._clients.discard(client)

    async def _serve_heatmap(
        self, websocket: WebSocket, client: StreamClient, topic: HeatmapTopic
    ) -> None:
        """Send the messages of one heatmap as they are, and errors as messages of their kind."""
        try:
            await self._until_ready(websocket)
            channel = await self._open_heatmap(topic)
        except UnknownBookError as error:
            await _refuse(websocket, None, "UNKNOWN_BOOK", str(error), POLICY)
        except NotReadyError as error:
            await _refuse(websocket, None, "FAILED", str(error), TRY_LATER)
        else:
            client.add(0, topic, HeatmapSubscription(None, channel, client.notify))
            await self._converse(client)

    async def _until_ready(self, websocket: WebSocket) -> None:
        """Tell the client what the desk is doing until it has a run."""
        while not await self._desk.is_ready(_PROGRESS_S):
            health = self._desk.health()
            if health.state == "failed":
                raise NotReadyError(health.reason)
            progress = f" {health.done}/{health.total}" if health.total else ""
            told = f"the desk is {health.state}{progress}"
            await websocket.send_bytes(_feed_error(health.state.upper(), told))

    async def _open_heatmap(self, topic: HeatmapTopic) -> HeatmapChannel:
        """Return the channel of a heatmap, its history encoded."""
        held = self._channels.get(topic)
        if held is None:
            made = self._desk.view.topic(topic.venue, topic.symbol, topic.row_ticks, topic.depth)
            while not made.is_ready:
                made.prepare()
                await asyncio.sleep(0)
            held = self._channels.setdefault(topic, HeatmapChannel(made, self._desk.clock))
        assert isinstance(held, HeatmapChannel)
        return held

    async def _publish(self) -> None:
        self._notice_another_run()
        for topic, channel in list(self._channels.items()):
            channel.publish(time.monotonic())
            self.forget(topic)
            await asyncio.sleep(0)

    def _notice_another_run(self) -> None:
        """Close every client where the desk shows another source: they are to come again."""
        try:
            view = self._desk.view
        except NotReadyError:
            view = None
        if self._view is not None and view is not self._view:
            self._channels.clear()
            for client in self._clients:
                client.end(SERVICE_RESTART, "SOURCE_CHANGED", "the desk shows another source")
        self._view = view

    def _health(self) -> Health:
        return self._desk.health(clients=self.client_count, topics=self.topic_count)


def _asked(query: dict[str, str]) -> tuple[Encoding, Topic | None]:
    """Return the encoding and the topic that an address names. Raises StreamFormatError."""
    asked = query.pop(_ENCODING, Encoding.JSON)
    try:
        encoding = Encoding(asked)
    except ValueError:
        told = f"no encoding {asked[:40]!r}; there is {', '.join(Encoding)}"
        raise StreamFormatError("UNKNOWN_ENCODING", told) from None
    if _TOPIC in query:
        name = query.pop(_TOPIC)
        return encoding, topic_of({**query, "name": name})
    if query:
        raise StreamFormatError("INVALID_MESSAGE", f"{next(iter(query))[:40]!r} without a topic")
    return encoding, None


async def _refuse(
    websocket: WebSocket, encoding: Encoding | None, code: str, message: str, close: int
) -> None:
    """Say in the client's own way why it is not served, and close; None: in that of the feed."""
    if encoding is None:
        await websocket.send_bytes(_feed_error(code, message))
    elif encoding is Encoding.JSON:
        await websocket.send_text(encode(Refused(None, code, message), encoding).decode())
    else:
        await websocket.send_bytes(encode(Refused(None, code, message), encoding))
    await websocket.close(close)


def _feed_error(code: str, message: str) -> bytes:
    body = feed.encode_json(ErrorReply(code, message))
    return feed.pack(Kind.ERROR, body, sequence=0, time_ms=0.0)
