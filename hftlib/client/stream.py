"""Follow a desk's stream: subscribe, connect and subscribe again, notice what is missing.

`follow` is for asyncio, `follow_in_turn` for plain loops and notebooks. Both hand out the same
updates: the first of a topic is a snapshot, and so is the first after each loss.
"""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Generator, Iterator, Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec
import websockets
from websockets.asyncio.client import connect
from websockets.sync.client import connect as connect_in_turn

from hftlib.client.connection import stream_url
from hftlib.client.picture import Picture
from hftlib.core.errors import HftlibError
from hftlib.wire.messages import ErrorReply
from hftlib.wire.stream import (
    BodyTopic,
    Delta,
    Encoding,
    Message,
    Refused,
    Snapshot,
    StreamFormatError,
    Subscribe,
    Unsubscribe,
    decode_body,
    decode_message,
    encode,
)

LARGEST_MESSAGE: Final = 64 * 2**20
_FIRST_DELAY_S: Final = 0.25
_LONGEST_DELAY_S: Final = 5.0
_OPEN_WITHIN_S: Final = 5.0
_CLOSE_WITHIN_S: Final = 1.0
_TRY_AGAIN: Final = frozenset({"NOT_READY", "TOO_MANY_CLIENTS", "TOO_MANY_TOPICS"})
"""Refusals that time may heal."""

_LOST: Final = (OSError, TimeoutError, websockets.WebSocketException, StreamFormatError)


class StreamRefusedError(HftlibError):
    """Carry a refusal that trying again does not heal: `code` to test for, and its sentence."""

    def __init__(self, code: str, message: str) -> None:
        """Keep what the desk said."""
        super().__init__(message)
        self.code = code


class UpdateKind(StrEnum):
    """Name what an update says."""

    SNAPSHOT = "snapshot"
    DELTA = "delta"
    LOST = "lost"


class Update(msgspec.Struct, frozen=True):
    """Carry what a stream says of one topic.

    `body` is by the topic's types (`BODIES` in hftlib/wire/stream.py), `skipped` the deltas left
    out before a snapshot because this client was slow. LOST says that nothing told before is
    current any more: of `topic`, or of all where that is None; `reason` says why.
    """

    kind: UpdateKind
    topic: BodyTopic | None
    body: Any = None
    sequence: int = 0
    skipped: int = 0
    reason: str = ""


class NotYetError(HftlibError):
    """Say that the desk cannot serve now, but may soon."""


class Following:
    """Hold the subscriptions of one connection; nothing here knows about sockets."""

    def __init__(self, topics: Sequence[BodyTopic], encoding: Encoding = Encoding.MSGPACK) -> None:
        """Begin unconnected."""
        self.encoding = encoding
        self._topics = tuple(dict.fromkeys(topics))
        self._followed: dict[int, BodyTopic] = {}
        self._sequences: dict[int, int] = {}
        self._next_id = 1
        self.has_heard = False

    def opening(self) -> list[bytes | str]:
        """Return what to send on a fresh connection."""
        self._followed.clear()
        self._sequences.clear()
        self.has_heard = False
        return [self._subscribe(topic) for topic in self._topics]

    def receive(self, data: bytes | str) -> tuple[list[Update], list[bytes | str]]:
        """Return what a message says, and what to send because of it.

        Raises StreamRefusedError, NotYetError, and StreamFormatError for what is no message.
        """
        message = decode_message(data, self.encoding)
        if isinstance(message, Refused):
            self._judge(message)
        if isinstance(message, Snapshot | Delta) and message.id in self._followed:
            return self._told(message)
        return [], []

    def _told(self, message: Snapshot | Delta) -> tuple[list[Update], list[bytes | str]]:
        topic, before = self._followed[message.id], self._sequences.get(message.id)
        self.has_heard = True
        if isinstance(message, Delta) and (before is None or message.sequence != before + 1):
            return self._missed(message, before)
        self._sequences[message.id] = message.sequence
        body = decode_body(topic, message, self.encoding)
        if isinstance(message, Snapshot):
            return [Update(UpdateKind.SNAPSHOT, topic, body, 0, message.skipped)], []
        return [Update(UpdateKind.DELTA, topic, body, message.sequence)], []

    def _missed(self, message: Delta, before: int | None) -> tuple[list[Update], list[bytes | str]]:
        """Subscribe anew: a delta is missing, and what follows would be built on sand."""
        topic = self._followed.pop(message.id)
        self._sequences.pop(message.id, None)
        reason = f"delta {message.sequence} came after {before}"
        sent = [self._encoded(Unsubscribe(message.id)), self._subscribe(topic)]
        return [Update(UpdateKind.LOST, topic, reason=reason)], sent

    def _judge(self, refused: Refused) -> None:
        if refused.code in _TRY_AGAIN:
            raise NotYetError(refused.message)
        if refused.id in self._followed:
            raise StreamRefusedError(refused.code, refused.message)

    def _subscribe(self, topic: BodyTopic) -> bytes | str:
        identity, self._next_id = self._next_id, self._next_id + 1
        self._followed[identity] = topic
        return self._encoded(Subscribe(identity, topic))

    def _encoded(self, message: Message | Subscribe | Unsubscribe) -> bytes | str:
        data = encode(message, self.encoding)
        return data.decode() if self.encoding is Encoding.JSON else data


async def follow(
    url: str,
    *topics: BodyTopic,
    token: str = "",
    encoding: Encoding = Encoding.MSGPACK,
) -> AsyncGenerator[Update, None]:
    """Yield what the desk at `url` tells of topics, for ever, through losses of the connection.

    Raises StreamRefusedError for what the desk refuses for good: a book it does not have, a token.
    """
    following, delays = Following(topics, encoding), Delays()
    while True:
        try:
            async with connect(**_address(url, token, encoding)) as socket:
                for request in following.opening():
                    await socket.send(request)
                async for data in socket:
                    updates, answers = following.receive(data)
                    for answer in answers:
                        await socket.send(answer)
                    for update in updates:
                        yield update
            reason = "the desk closed the stream"
        except (*_LOST, NotYetError) as error:
            reason = _reason(error)
        yield _lost(url, reason)
        await asyncio.sleep(delays.after(following.has_heard))


def follow_in_turn(
    url: str,
    *topics: BodyTopic,
    token: str = "",
    encoding: Encoding = Encoding.MSGPACK,
) -> Generator[Update, None, None]:
    """Yield what `follow` yields, to a plain loop; closing the generator closes the connection."""
    following, delays = Following(topics, encoding), Delays()
    while True:
        try:
            with connect_in_turn(**_address(url, token, encoding)) as socket:
                for request in following.opening():
                    socket.send(request)
                for data in socket:
                    updates, answers = following.receive(data)
                    for answer in answers:
                        socket.send(answer)
                    yield from updates
            reason = "the desk closed the stream"
        except (*_LOST, NotYetError) as error:
            reason = _reason(error)
        yield _lost(url, reason)
        time.sleep(delays.after(following.has_heard))


def pictures(updates: Iterator[Update], *topics: BodyTopic) -> Iterator[Picture]:
    """Yield the picture of a topic each time an update changed it."""
    held = {topic: Picture(topic) for topic in topics}
    for update in updates:
        yield from apply(held, update)


def apply(held: dict[BodyTopic, Picture], update: Update) -> list[Picture]:
    """Put an update into the pictures that are held; return those that it changed."""
    if update.kind is UpdateKind.LOST:
        lost = list(held.values()) if update.topic is None else [held[update.topic]]
        for picture in lost:
            picture.lose()
        return lost
    assert update.topic is not None
    picture = held[update.topic]
    if update.kind is UpdateKind.SNAPSHOT:
        picture.begin(update.body)
    else:
        picture.change(update.body)
    return [picture]


class Delays:
    """Say how long to wait before the next try: full jitter, doubled, anew after a good one."""

    def __init__(self, chance: random.Random | None = None) -> None:
        """Begin short."""
        self._chance = chance or random.Random()
        self._bound_s = _FIRST_DELAY_S

    def after(self, was_good: bool) -> float:
        """Return the seconds to wait after a connection that was or was not good."""
        self._bound_s = _FIRST_DELAY_S if was_good else min(2 * self._bound_s, _LONGEST_DELAY_S)
        return self._chance.uniform(0, self._bound_s)


def _address(url: str, token: str, encoding: Encoding) -> dict[str, Any]:
    return {
        "uri": f"{stream_url(url)}?encoding={encoding.value}",
        "additional_headers": {"Authorization": f"Bearer {token}"} if token else {},
        "compression": None,
        "max_size": LARGEST_MESSAGE,
        "open_timeout": _OPEN_WITHIN_S,
        "close_timeout": _CLOSE_WITHIN_S,
        "proxy": None,
    }


def _reason(error: Exception) -> str:
    """Return why a connection was lost. Raises StreamRefusedError where it is refused for good."""
    if isinstance(error, websockets.InvalidStatus) and error.response.status_code in {401, 403}:
        raise _refusal(error.response.body) from None
    return str(error) or type(error).__name__


def _refusal(body: bytes | bytearray | None) -> StreamRefusedError:
    try:
        reply = msgspec.json.decode(body or b"", type=ErrorReply)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        reply = ErrorReply("REFUSED", "what answers refuses, but not as a desk does")
    return StreamRefusedError(reply.code, reply.message)


def _lost(url: str, reason: str) -> Update:
    return Update(UpdateKind.LOST, None, reason=f"no stream from the desk at {url}: {reason}")
