"""The relay of the binary feed on the app's own origin: opaque bytes from the desk to the tabs.

One socket to the desk per topic, however many tabs look at it. What a topic has sent is held, so
that a tab that comes later gets the same picture at once; a tab that is slow gets what adds up
joined and of the rest the newest (the outbox that the desk uses too). Nobody is waited for.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, NamedTuple

from starlette.websockets import WebSocket, WebSocketDisconnect

from hftlib.client.upstream import feed_messages
from hftlib.core.errors import HftlibError
from hftlib.ui.origin import is_same_origin
from hftlib.wire import feed
from hftlib.wire.feed import FeedFormatError, Kind
from hftlib.wire.messages import ErrorReply
from hftlib.wire.outbox import Outbox
from hftlib.wire.stream import MOST_DEPTH, MOST_ROW_TICKS

MOST_CLIENTS: Final = 64
MOST_COLUMNS: Final = 3_000
MOST_TRADES: Final = 2_000
LINGER_S: Final = 5.0
RETRY_S: Final = 1.0
_UNREACHABLE: Final = "DESK_UNREACHABLE"
_REFUSALS: Final = frozenset({"UNKNOWN_BOOK", "TOO_MANY_CLIENTS", "FAILED", "INVALID_MESSAGE"})
"""What a desk says before it closes: the close that follows must not hide it."""

_POLICY: Final = 1008
_TRY_LATER: Final = 1013


class Address(NamedTuple):
    """Tell where the desk answers and the token it demands, empty where it demands none."""

    url: str
    token: str


Locate = Callable[[], Awaitable[Address]]


class Topic(NamedTuple):
    """Name what is shown; without `row_ticks` or `depth` the desk chooses."""

    venue: str
    symbol: str
    row_ticks: int | None
    depth: int | None


class Held:
    """Hold what a newcomer is sent: the newest of what changes, the history of what adds up."""

    def __init__(self) -> None:
        """Begin with nothing held."""
        self._newest: dict[Kind, bytes] = {}
        self._columns: deque[bytes] = deque(maxlen=MOST_COLUMNS)
        self._trades = b""

    def put(self, message: bytes) -> None:
        """Take in one message. Raises FeedFormatError when it is no message of the feed."""
        head = feed.read_head(message)
        if head.kind is Kind.DESCRIPTION:
            self._newest.clear()
            self._columns.clear()
            self._trades = b""
        if head.kind is Kind.COLUMNS:
            if head.flags & feed.HISTORY:
                self._columns.clear()
            self._columns.extend(feed.split_columns(feed.body_of(message)))
        if head.kind is Kind.TRADES:
            bodies = [body for body in (self._trades, feed.body_of(message)) if body]
            self._trades = feed.join_trades(bodies, most=MOST_TRADES)
        self._newest[head.kind] = message

    def greeting(self) -> list[bytes]:
        """Return the messages that give a newcomer the whole picture."""
        if Kind.DESCRIPTION not in self._newest:
            return [self._newest[Kind.ERROR]] if Kind.ERROR in self._newest else []
        messages = [self._newest[Kind.DESCRIPTION]]
        if Kind.COLUMNS in self._newest:
            body = feed.join_columns(list(self._columns))
            messages.append(self._rewrap(Kind.COLUMNS, body, feed.HISTORY))
        if Kind.LADDER in self._newest:
            messages.append(self._newest[Kind.LADDER])
        if Kind.TRADES in self._newest:
            messages.append(self._rewrap(Kind.TRADES, self._trades))
        return messages + [self._newest[k] for k in (Kind.STATUS, Kind.ERROR) if k in self._newest]

    def _rewrap(self, kind: Kind, body: bytes, flags: int = 0) -> bytes:
        head = feed.read_head(self._newest[kind])
        return feed.pack(kind, body, sequence=head.sequence, time_ms=head.time_ms, flags=flags)


class Client:
    """Hold one tab's outbox and the signal that there is something in it."""

    def __init__(self) -> None:
        """Begin with nothing to send."""
        self.outbox = Outbox()
        self.filled = asyncio.Event()

    def put(self, message: bytes) -> None:
        """Add one message to what waits."""
        self.outbox.put(message)
        self.filled.set()


class Stream:
    """Keep one topic's socket to the desk and hand what comes to the tabs that look at it."""

    def __init__(self, topic: Topic, locate: Locate) -> None:
        """Begin without a socket; `run` opens it."""
        self._topic = topic
        self._locate = locate
        self._held = Held()
        self.clients: set[Client] = set()

    def join(self) -> Client:
        """Return a new client that has the whole picture waiting."""
        client = Client()
        for message in self._held.greeting():
            client.put(message)
        self.clients.add(client)
        return client

    async def run(self) -> None:
        """Read the desk's feed until cancelled, also when the desk moves to another address."""
        while True:
            try:
                address = await self._locate()
            except HftlibError as error:
                self._publish(_error_message(ErrorReply("DESK_UNAVAILABLE", str(error))))
                await asyncio.sleep(RETRY_S)
                continue
            await self._read(address)

    async def _read(self, address: Address) -> None:
        """Publish what comes from one address until the desk answers at another."""
        topic = self._topic
        messages = feed_messages(
            address.url,
            topic.venue,
            topic.symbol,
            row_ticks=topic.row_ticks,
            depth=topic.depth,
            token=address.token,
        )
        refused = False
        async with contextlib.aclosing(messages):
            async for message in messages:
                code = _error_code(message)
                if not (refused and code == _UNREACHABLE):
                    self._publish(message)
                refused = code in _REFUSALS or (refused and code == _UNREACHABLE)
                if code == _UNREACHABLE and await self._has_moved(address):
                    return

    async def _has_moved(self, address: Address) -> bool:
        try:
            return await self._locate() != address
        except HftlibError:
            return True

    def _publish(self, message: bytes) -> None:
        try:
            self._held.put(message)
        except FeedFormatError as error:
            message = _error_message(ErrorReply("FEED_FORMAT", str(error)))
            self._held.put(message)
        for client in self.clients:
            client.put(message)


class Relay:
    """Own the streams, and serve them to the tabs of this app and to nobody else."""

    def __init__(
        self,
        locate: Locate,
        *,
        listens_on: str = "127.0.0.1",
        most_clients: int = MOST_CLIENTS,
        linger_s: float = LINGER_S,
    ) -> None:
        """Begin without streams; `locate` tells where the desk answers, each time anew."""
        self._locate = locate
        self._listens_on = listens_on
        self._most_clients = most_clients
        self._linger_s = linger_s
        self._streams: dict[Topic, Stream] = {}
        self._tasks: dict[Topic, asyncio.Task[None]] = {}
        self._closing: dict[Topic, asyncio.TimerHandle] = {}

    @property
    def client_count(self) -> int:
        """Return how many tabs are connected."""
        return sum(len(stream.clients) for stream in self._streams.values())

    @property
    def stream_count(self) -> int:
        """Return how many sockets to the desk are held."""
        return len(self._streams)

    async def endpoint(self, websocket: WebSocket) -> None:
        """Serve one tab until it goes; refuse other origins and too many tabs at the handshake."""
        if not is_same_origin(websocket.headers, listens_on=self._listens_on):
            await websocket.close(_POLICY)
            return
        if self.client_count >= self._most_clients:
            await websocket.close(_TRY_LATER)
            return
        await websocket.accept()
        topic = _topic_of(websocket.query_params)
        stream = self._stream(topic)
        client = stream.join()
        try:
            await _converse(websocket, client)
        finally:
            stream.clients.discard(client)
            if not stream.clients:
                loop = asyncio.get_running_loop()
                self._closing[topic] = loop.call_later(self._linger_s, self._close, topic)

    def close(self) -> None:
        """Drop every stream: the app is going."""
        for topic in list(self._streams):
            self._close(topic, even_watched=True)

    def _stream(self, topic: Topic) -> Stream:
        closing = self._closing.pop(topic, None)
        if closing is not None:
            closing.cancel()
        if topic not in self._streams:
            self._streams[topic] = stream = Stream(topic, self._locate)
            self._tasks[topic] = asyncio.create_task(stream.run())
        return self._streams[topic]

    def _close(self, topic: Topic, *, even_watched: bool = False) -> None:
        self._closing.pop(topic, None)
        stream = self._streams.get(topic)
        if stream is None or (stream.clients and not even_watched):
            return
        del self._streams[topic]
        self._tasks.pop(topic).cancel()


async def _converse(websocket: WebSocket, client: Client) -> None:
    sending = asyncio.create_task(_send(websocket, client))
    listening = asyncio.create_task(_listen(websocket))
    try:
        await asyncio.wait((sending, listening), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (sending, listening):
            task.cancel()
        await asyncio.gather(sending, listening, return_exceptions=True)


async def _send(websocket: WebSocket, client: Client) -> None:
    """Send what waits; while a send is held up, the outbox joins what comes."""
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await client.filled.wait()
            client.filled.clear()
            for message in client.outbox.take():
                await websocket.send_bytes(message)


async def _listen(websocket: WebSocket) -> None:
    """Return when the tab is gone; what it says is not asked for."""
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass


def _topic_of(query: Mapping[str, str]) -> Topic:
    """Return the topic that a query asks for; a number out of its range counts as not given."""
    return Topic(
        query.get("venue", "")[:40],
        query.get("symbol", "")[:40],
        _whole(query.get("row_ticks", ""), MOST_ROW_TICKS),
        _whole(query.get("depth", ""), MOST_DEPTH),
    )


def _whole(text: str, most: int) -> int | None:
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    return int(text) if is_number and 0 < int(text) <= most else None


def _error_code(message: bytes) -> str:
    """Return the code of an ERROR message, empty for every other message."""
    try:
        _, body = feed.decode(message) if feed.read_head(message).kind is Kind.ERROR else (0, None)
    except FeedFormatError:
        return ""
    return body.code if isinstance(body, ErrorReply) else ""


def _error_message(error: ErrorReply) -> bytes:
    return feed.pack(Kind.ERROR, feed.encode_json(error), sequence=0, time_ms=0.0)
