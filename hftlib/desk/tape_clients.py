"""A client of a local venue without a socket: what it is sent becomes the frames of a tape.

The way to the client is late by a constant and a skewed jitter, in integers, and keeps the order
of a connection, as TCP does. A connection that the venue closes is opened again a second later,
with new snapshots.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from hftlib.core.frames import Frame, FrameKind
from hftlib.core.instrument import Instrument
from hftlib.exchange.messages import (
    Close,
    Connection,
    Message,
    Opening,
    Outgoing,
    Ping,
    Request,
    Response,
    VenueServer,
)
from hftlib.market.chance import Chance
from hftlib.venues.registry import instruments_from

_ADDRESS: Final = "127.0.0.1"
_HEADERS: Final = {"host": "localhost"}
_RETRY_NS: Final = 1_000_000_000
_SNAPSHOT_NS: Final = 350_000_000
"""How long after its opening a connection asks for the snapshots that its books begin with."""
_DRAW_BITS: Final = 20


class Way(NamedTuple):
    """Say how late what a venue sends arrives, in nanoseconds; `jitter_ns` is a mean."""

    delay_ns: int
    jitter_ns: int


class Query(NamedTuple):
    """Name a REST resource: its path and its raw query."""

    path: str
    query: str = ""


class Plan(NamedTuple):
    """Say what a client opens and asks for.

    `venue` and `connection` are the lane that its frames are recorded on, `host` stands in the
    URLs. `sent` are the messages sent after the opening, `listed` what is asked once before it,
    `snapshots` what is asked after every opening.
    """

    venue: str
    connection: str
    host: str
    opening: Query
    way: Way
    sent: tuple[bytes, ...] = ()
    listed: tuple[Query, ...] = ()
    snapshots: tuple[Query, ...] = ()


class Arrival(NamedTuple):
    """Hold a frame on its way; frames are recorded in the order of their arrival."""

    ts_recv: int
    venue: str
    connection: str
    kind: FrameKind
    payload: bytes
    request: str

    def frame(self, ingress_seq: int) -> Frame:
        """Return the frame as it is recorded."""
        return Frame(ingress_seq, *self)


def _url(scheme: str, host: str, query: Query) -> str:
    return f"{scheme}://{host}{query.path}" + (f"?{query.query}" if query.query else "")


def _get(query: Query, now_ns: int) -> Request:
    return Request("GET", *query, _HEADERS, b"", _ADDRESS, now_ns)


class _Lane:
    """Stamp what arrives on one connection."""

    def __init__(self, venue: str, name: str, way: Way, chance: Chance) -> None:
        self._venue = venue
        self._name = name
        self._way = way
        self._chance = chance
        self._last_ns = 0

    def arrival(self, sent_ns: int, payload: bytes, kind: FrameKind, url: str = "") -> Arrival:
        self._last_ns = max(sent_ns + self._late_ns(), self._last_ns + 1)
        return Arrival(self._last_ns, self._venue, self._name, kind, payload, url)

    def _late_ns(self) -> int:
        """Return a delay: the square of a uniform number has a mean of a third, and a long side."""
        uniform = self._chance.below(1 << _DRAW_BITS)
        return self._way.delay_ns + (3 * self._way.jitter_ns * uniform * uniform >> 2 * _DRAW_BITS)


class TapeClient:
    """Hold one websocket to a local venue and ask its REST, as `plan` says."""

    def __init__(self, server: VenueServer, plan: Plan, chance: Chance) -> None:
        """Be a client of `server`; delays are drawn from `chance`."""
        self._server = server
        self._plan = plan
        self._socket = _Lane(plan.venue, plan.connection, plan.way, chance.fork())
        self._rest = _Lane(plan.venue, f"{plan.connection}-rest", plan.way, chance.fork())
        self._connection: Connection | None = None
        self._open_ns = 0
        self._wanted = list(plan.listed)
        self._wanted_ns = 0

    def instruments(self, now_ns: int) -> Iterator[Instrument]:
        """Yield the instruments that the venue lists, as a client reads them."""
        for query in self._plan.listed:
            body = self._server.request(_get(query, now_ns)).body
            url = _url("https", self._plan.host, query)
            yield from instruments_from(self._plan.venue, url, body)

    def step(self, now_ns: int) -> list[Arrival]:
        """Do what is due by `now_ns` and return what is on its way to the client."""
        arrivals: list[Arrival] = []
        if self._wanted and now_ns >= self._wanted_ns:
            arrivals += self._ask(now_ns)
        if self._connection is None and now_ns >= self._open_ns:
            arrivals += self._open(now_ns)
        if self._connection is not None:
            arrivals += self._collect(self._connection, now_ns)
        return arrivals

    def _open(self, now_ns: int) -> Iterator[Arrival]:
        plan = self._plan
        opening = Opening(*plan.opening, _HEADERS, _ADDRESS, now_ns)
        answer = self._server.connect(opening)
        if isinstance(answer, Response):
            self._open_ns = now_ns + _RETRY_NS
            return
        self._connection = answer
        self._wanted = [*self._wanted, *plan.snapshots]
        self._wanted_ns = now_ns + _SNAPSHOT_NS
        yield self._socket.arrival(
            now_ns, b"", FrameKind.OPENED, _url("wss", plan.host, plan.opening)
        )
        for text in plan.sent:
            answer.receive(text.decode(), now_ns)
            yield self._socket.arrival(now_ns, text, FrameKind.SENT)

    def _ask(self, now_ns: int) -> Iterator[Arrival]:
        """Ask for what is wanted; what a venue refuses is asked for again a second later."""
        refused = []
        for query in self._wanted:
            response = self._server.request(_get(query, now_ns))
            if response.status == 200:
                url = _url("https", self._plan.host, query)
                yield self._rest.arrival(now_ns, response.body, FrameKind.REST, url)
            else:
                refused.append(query)
        self._wanted = refused
        self._wanted_ns = now_ns + _RETRY_NS

    def _collect(self, connection: Connection, now_ns: int) -> Iterator[Arrival]:
        connection.tick(now_ns)
        outbox, connection.outbox = connection.outbox, []
        for one in outbox:
            yield from self._take(connection, one, now_ns)

    def _take(self, connection: Connection, one: Outgoing, now_ns: int) -> Iterator[Arrival]:
        match one:
            case Message():
                yield self._socket.arrival(one.sent_ns, one.text, FrameKind.WS)
            case Ping():
                connection.receive_pong(one.payload, now_ns)
            case Close():
                self._server.disconnect(connection)
                self._connection = None
                self._open_ns = now_ns + _RETRY_NS
                reason = f"{one.code} {one.reason}".strip().encode()
                yield self._socket.arrival(now_ns, reason, FrameKind.CLOSED)
