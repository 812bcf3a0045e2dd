"""One client of the stream: what it asks for, and what it is sent as fast as it takes it."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from starlette.websockets import WebSocket, WebSocketDisconnect

from hftlib.api.stream_channels import (
    BodySubscription,
    Channel,
    HeatmapChannel,
    HeatmapSubscription,
)
from hftlib.core.errors import HftlibError
from hftlib.desk.desk import ClockError, NotReadyError, UnknownBookError
from hftlib.wire.stream import (
    Encoding,
    Ping,
    Pong,
    Refused,
    Request,
    StreamFormatError,
    Subscribe,
    Subscribed,
    Topic,
    Unsubscribed,
    decode_request,
    encode,
)

MOST_SUBSCRIPTIONS: Final = 200
MOST_ANSWERS: Final = 500
"""Answers that may wait for a client that asks but does not read; beyond that it is closed."""

REQUESTS_BURST: Final = 500.0
REQUESTS_PER_S: Final = 50.0
POLICY: Final = 1008
TRY_LATER: Final = 1013
SERVICE_RESTART: Final = 1012
_LAST_WORDS_S: Final = 1.0

AnySubscription = BodySubscription | HeatmapSubscription


class TooManyError(HftlibError):
    """Refuse one topic more than the desk encodes at a time."""


class Channels(Protocol):
    """Hand out the channels of topics."""

    async def open(self, topic: Topic) -> Channel | HeatmapChannel:
        """Return the channel of a topic, opened where it is the first to ask for it."""
        ...

    def forget(self, topic: Topic) -> None:
        """Close the channel of a topic where nobody follows it any more."""
        ...


class StreamClient:
    """Answer one websocket's requests and send what its subscriptions hold."""

    def __init__(
        self,
        websocket: WebSocket,
        encoding: Encoding | None,
        channels: Channels,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin without subscriptions.

        Without an encoding nothing is said but what subscriptions hold, and nothing is listened to.
        """
        self._websocket = websocket
        self._encoding = encoding
        self._channels = channels
        self._subscriptions: dict[int, tuple[Topic, AnySubscription]] = {}
        self._answers: deque[bytes] = deque()
        self._ready: dict[AnySubscription, None] = {}
        self._filled = asyncio.Event()
        self._close_code = 0
        self._allowance = _Allowance(REQUESTS_PER_S, REQUESTS_BURST, now_s)

    async def converse(self, first: Topic | None = None) -> None:
        """Serve until the client goes or is closed; `first` is followed at once, as number 0."""
        sending = asyncio.create_task(self._send())
        listening = asyncio.create_task(self._listen(first))
        try:
            await asyncio.wait((sending, listening), return_when=asyncio.FIRST_COMPLETED)
            if self._close_code:
                await asyncio.wait((sending,), timeout=_LAST_WORDS_S)
        finally:
            for task in (sending, listening):
                task.cancel()
            results = await asyncio.gather(sending, listening, return_exceptions=True)
            for number in list(self._subscriptions):
                self._leave(number)
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, WebSocketDisconnect):
                raise result

    def end(self, close_code: int, code: str, message: str) -> None:
        """Close after one last sentence; nothing more of any subscription is sent."""
        self._ready.clear()
        self._close_code = close_code
        self._answer(Refused(None, code, message))

    async def follow(self, identity: int, topic: Topic) -> None:
        """Subscribe, or say why not."""
        if identity in self._subscriptions:
            self._refuse(identity, "ID_IN_USE", f"{identity} is the number of a subscription")
        elif len(self._subscriptions) >= MOST_SUBSCRIPTIONS:
            told = f"a connection has {MOST_SUBSCRIPTIONS} subscriptions at most"
            self._refuse(identity, "TOO_MANY_SUBSCRIPTIONS", told)
        else:
            await self._subscribe(identity, topic)

    def add(self, identity: int, topic: Topic, subscription: AnySubscription) -> None:
        """Begin a subscription."""
        self._subscriptions[identity] = (topic, subscription)
        subscription.begin()

    def notify(self, subscription: AnySubscription) -> None:
        """Note that a subscription has something to be sent."""
        self._ready[subscription] = None
        self._filled.set()

    async def _subscribe(self, identity: int, topic: Topic) -> None:
        try:
            channel = await self._channels.open(topic)
        except (UnknownBookError, NotReadyError, ClockError, TooManyError) as error:
            self._refuse(identity, _CODES[type(error)], str(error))
            return
        self._answer(Subscribed(identity, topic))
        if isinstance(channel, HeatmapChannel):
            self.add(identity, topic, HeatmapSubscription(identity, channel, self.notify))
        else:
            assert self._encoding is not None
            held = BodySubscription(identity, channel, self._encoding, self.notify)
            self.add(identity, topic, held)

    def _leave(self, identity: int) -> None:
        topic, subscription = self._subscriptions.pop(identity)
        subscription.leave()
        self._ready.pop(subscription, None)
        self._channels.forget(topic)

    async def _listen(self, first: Topic | None) -> None:
        """Answer what the client asks until it is gone or asks too much."""
        if first is not None:
            await self.follow(0, first)
        while not self._close_code:
            received = await self._websocket.receive()
            if received["type"] == "websocket.disconnect":
                return
            data = received.get("text")
            await self._take(received.get("bytes") or b"" if data is None else data)

    async def _take(self, data: bytes | str) -> None:
        if self._encoding is None:
            return
        if not self._allowance.allows() or len(self._answers) >= MOST_ANSWERS:
            told = f"more than {REQUESTS_PER_S:g} requests a second, or no answer is read"
            self.end(POLICY, "TOO_FAST", told)
            return
        try:
            request = decode_request(data)
        except StreamFormatError as error:
            self._refuse(error.identity, error.code, str(error))
            return
        await self._do(request)

    async def _do(self, request: Request) -> None:
        if isinstance(request, Subscribe):
            await self.follow(request.id, request.topic)
        elif isinstance(request, Ping):
            self._answer(Pong(request.id, time.time_ns()))
        elif request.id in self._subscriptions:
            self._leave(request.id)
            self._answer(Unsubscribed(request.id))
        else:
            self._refuse(request.id, "UNKNOWN_ID", f"there is no subscription {request.id}")

    def _refuse(self, identity: int | None, code: str, message: str) -> None:
        self._answer(Refused(identity, code, message))

    def _answer(self, message: object) -> None:
        if self._encoding is not None:
            self._answers.append(encode(message, self._encoding))
        self._filled.set()

    async def _send(self) -> None:
        """Send what waits; while a send is held up, subscriptions skip what they cannot hold."""
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._answers or self._ready:
                if self._answers:
                    await self._send_one(self._answers.popleft(), is_body=True)
                    continue
                subscription = next(iter(self._ready))
                del self._ready[subscription]
                message = subscription.pop()
                if message is not None:
                    self._ready[subscription] = None
                    is_body = isinstance(subscription, BodySubscription)
                    await self._send_one(message, is_body=is_body)
            if self._close_code:
                await self._websocket.close(self._close_code)
                return

    async def _send_one(self, message: bytes, *, is_body: bool) -> None:
        if is_body and self._encoding is Encoding.JSON:
            await self._websocket.send_text(message.decode())
        else:
            await self._websocket.send_bytes(message)


class _Allowance:
    """Let a client ask so often a second, and more at once after it was quiet."""

    def __init__(self, per_s: float, burst: float, now_s: Callable[[], float]) -> None:
        self._per_s = per_s
        self._burst = burst
        self._now_s = now_s
        self._left = burst
        self._at_s = now_s()

    def allows(self) -> bool:
        now_s = self._now_s()
        gained = (now_s - self._at_s) * self._per_s
        self._left, self._at_s = min(self._burst, self._left + gained), now_s
        if self._left < 1:
            return False
        self._left -= 1
        return True


_CODES: Final[dict[type, str]] = {
    UnknownBookError: "UNKNOWN_BOOK",
    NotReadyError: "NOT_READY",
    ClockError: "NO_CLOCK",
    TooManyError: "TOO_MANY_TOPICS",
}
