"""What passes between a local venue and its clients: requests, answers, messages, connections.

Nothing here opens a socket or reads a clock. A server hands in what came with the time at which
it came, and carries out what stands in a connection's outbox.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple, Protocol

STEP_NS: Final = 10_000_000
"""The grid on which a live market advances and publishes."""


class Request(NamedTuple):
    """Hold one HTTP request. `query` is the raw text after the question mark, still encoded.

    Header names are lower-case. `address` is the client's, for limits by address.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    address: str
    now_ns: int


class Response(NamedTuple):
    """Hold one HTTP answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = {}
    content_type: str = "application/json;charset=UTF-8"


class Opening(NamedTuple):
    """Hold a websocket handshake: the path, the raw query, the headers."""

    path: str
    query: str
    headers: Mapping[str, str]
    address: str
    now_ns: int


class Message:
    """Hold one text message, encoded once and shared by everybody who gets it.

    `framed` keeps the bytes that go on the socket once the first client was served.
    """

    __slots__ = ("framed", "sent_ns", "text", "topic")

    def __init__(self, text: bytes, sent_ns: int, topic: str = "") -> None:
        """Hold `text`, sent by the venue at `sent_ns`; `topic` is the stream's own name."""
        self.text = text
        self.sent_ns = sent_ns
        self.topic = topic
        self.framed: bytes | None = None


class Ping(NamedTuple):
    """Ask the client for a pong with the same payload."""

    payload: bytes


class Close(NamedTuple):
    """End the connection; `abrupt` cuts it without a close frame."""

    code: int = 1000
    reason: str = ""
    abrupt: bool = False


Outgoing = Message | Ping | Close


class Connection(Protocol):
    """Be the venue's end of one websocket."""

    name: str
    """Unique within the run, the venue's name and a number: binance-17."""
    venue: str
    outbox: list[Outgoing]
    """What is to be sent, in order; the server takes it and clears it."""

    def receive(self, text: str, now_ns: int) -> None:
        """Take one text message of the client in; answers go to the outbox."""

    def receive_ping(self, payload: bytes, now_ns: int) -> None:
        """Count a ping of the client (the server answers it)."""

    def receive_pong(self, payload: bytes, now_ns: int) -> None:
        """Take a pong in."""

    def tick(self, now_ns: int) -> None:
        """Do what time asks for: pings, heartbeats, deadlines. Called at least once a second."""


class VenueServer(Protocol):
    """Be one venue's protocol over the books of the market."""

    name: str

    def request(self, request: Request) -> Response:
        """Answer a REST request; never raises for anything that a client can send."""

    def connect(self, opening: Opening) -> Connection | Response:
        """Accept a websocket, or refuse it with an answer."""

    def disconnect(self, connection: Connection) -> None:
        """Forget a connection whose socket is gone."""

    def publish(self, now_ns: int) -> None:
        """Put what happened up to `now_ns` (a point of the grid) into the outboxes."""
