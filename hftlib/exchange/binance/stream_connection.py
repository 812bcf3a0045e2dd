"""The venue's end of one market stream's websocket: control frames, pings, limits, the 24 h cut."""

from collections import deque
from typing import Final, NamedTuple, Protocol

import msgspec

from hftlib.exchange.binance.control import Control, ControlError, read_control
from hftlib.exchange.messages import Close, Message, Outgoing, Ping
from hftlib.venues.binance.encode import acknowledgement, combined, listing

SECOND_NS: Final = 1_000_000_000
DAY_NS: Final = 86_400 * SECOND_NS
_GOING_AWAY: Final = 1001
_POLICY: Final = 1008
_to_json: Final = msgspec.json.Encoder().encode


class StreamRules(NamedTuple):
    """Say what a connection may do, and for how long; times in nanoseconds."""

    ping_ns: int = 20 * SECOND_NS
    pong_ns: int = 60 * SECOND_NS
    lifetime_ns: int = DAY_NS
    inbound_a_second: int = 5
    streams: int = 1024


SPOT_RULES: Final = StreamRules()


class Hub(Protocol):
    """Give connections the streams that they ask for."""

    venue: str
    rules: StreamRules

    def subscribe(self, connection: "StreamConnection", name: str, now_ns: int) -> None:
        """Let a connection get a stream; one that does not exist stays silent."""

    def unsubscribe(self, connection: "StreamConnection", name: str) -> None:
        """Let a connection no longer get a stream."""

    def disconnect(self, connection: "StreamConnection") -> None:
        """Forget a connection."""


class Form(NamedTuple):
    """Say how a connection gets its payloads: wrapped or bare, in which unit of time."""

    is_combined: bool = False
    microseconds: int = 0


class StreamConnection:
    """Be the venue's end of one websocket."""

    def __init__(self, hub: Hub, name: str, form: Form, now_ns: int) -> None:
        """Open it at `now_ns`; the streams of its URL are subscribed by the hub."""
        self.name = name
        self.venue = hub.venue
        self.outbox: list[Outgoing] = []
        self.streams: dict[str, None] = {}
        self.is_closed = False
        self.is_combined = form.is_combined
        self.microseconds = form.microseconds
        self._hub = hub
        self._opened_ns = now_ns
        self._next_ping_ns = now_ns + hub.rules.ping_ns
        self._unanswered: deque[tuple[bytes, int]] = deque()
        self._inbound: deque[int] = deque(maxlen=hub.rules.inbound_a_second + 1)

    # What the client sends.

    def receive(self, text: str, now_ns: int) -> None:
        """Carry out a control frame, or answer what is wrong with it."""
        if not self._may_speak(now_ns):
            return
        try:
            answer = self._answer(read_control(text), now_ns)
        except ControlError as refused:
            answer = refused.answer()
        self.outbox.append(Message(answer, now_ns))

    def receive_ping(self, payload: bytes, now_ns: int) -> None:  # noqa: ARG002
        """Count a ping; the server has answered it."""
        self._may_speak(now_ns)

    def receive_pong(self, payload: bytes, now_ns: int) -> None:
        """Take a pong: only the payload of a ping keeps the connection alive."""
        if not self._may_speak(now_ns):
            return
        if any(payload == sent for sent, _ in self._unanswered):
            while self._unanswered.popleft()[0] != payload:
                pass

    def _may_speak(self, now_ns: int) -> bool:
        """Count a message of the client, and close when it is one too many within a second."""
        if self.is_closed:
            return False
        self._inbound.append(now_ns)
        is_full = len(self._inbound) > self._hub.rules.inbound_a_second
        if is_full and now_ns - self._inbound[0] < SECOND_NS:
            self.close(_POLICY, "Too many requests")
            return False
        return True

    def _answer(self, control: Control, now_ns: int) -> bytes:
        match control.method:
            case "SUBSCRIBE":
                self.subscribe(control.streams, now_ns, control.identifier)
            case "UNSUBSCRIBE":
                self._unsubscribe(control.streams)
            case "SET_PROPERTY":
                self._set_combined(control.value, now_ns)
            case "LIST_SUBSCRIPTIONS":
                return listing(tuple(self.streams), control.identifier)
            case _:
                return b'{"result":%b,"id":%b}' % (
                    _to_json(self.is_combined),
                    _to_json(control.identifier),
                )
        return acknowledgement(control.identifier)

    def subscribe(
        self, names: tuple[str, ...], now_ns: int, identifier: int | str | None = None
    ) -> None:
        """Add streams. Raises ControlError, with none added, when they would be too many."""
        new = [name for name in dict.fromkeys(names) if name not in self.streams]
        if len(self.streams) + len(new) > self._hub.rules.streams:
            text = f"Invalid request: more than {self._hub.rules.streams} streams"
            raise ControlError(2, text, identifier)
        for name in new:
            self.streams[name] = None
            self._hub.subscribe(self, name, now_ns)

    def _unsubscribe(self, names: tuple[str, ...]) -> None:
        for name in names:
            if name in self.streams:
                del self.streams[name]
                self._hub.unsubscribe(self, name)

    def _set_combined(self, value: bool, now_ns: int) -> None:
        for name in self.streams:
            self._hub.unsubscribe(self, name)
        self.is_combined = value
        for name in self.streams:
            self._hub.subscribe(self, name, now_ns)

    # What time asks for.

    def tick(self, now_ns: int) -> None:
        """Ping, close a connection that does not answer, and cut one that is a day old."""
        if self.is_closed:
            return
        if now_ns - self._opened_ns >= self._hub.rules.lifetime_ns:
            self.close(_GOING_AWAY, "24 hours are over")
        elif self._unanswered and now_ns - self._unanswered[0][1] > self._hub.rules.pong_ns:
            self.close(_POLICY, "Pong timeout")
        elif now_ns >= self._next_ping_ns:
            payload = str(now_ns // 1_000_000).encode()
            self._unanswered.append((payload, now_ns))
            self._next_ping_ns = now_ns + self._hub.rules.ping_ns
            self.outbox.append(Ping(payload))

    def close(self, code: int, reason: str, *, abrupt: bool = False) -> None:
        """Close the connection; nothing is sent on it any more."""
        self.is_closed = True
        self._hub.disconnect(self)
        self.outbox.append(Close(code, reason, abrupt))

    def announce(self, stream: str, payload: bytes, now_ns: int) -> None:
        """Send what every connection gets, whatever it listens to."""
        text = combined(stream, payload) if self.is_combined else payload
        self.outbox.append(Message(text, now_ns, stream))
