"""A client of a local venue without a socket, against a small venue that does as it is told."""

import pytest

from hftlib.core.frames import FrameKind
from hftlib.desk.tape_clients import Plan, Query, TapeClient, Way
from hftlib.exchange.messages import Close, Message, Ping, Response
from hftlib.market.chance import Chance

SECOND = 1_000_000_000
START = 10 * SECOND
WAY = Way(5_000_000, 1_000_000)


class Socket:
    name = "small-1"
    venue = "small"

    def __init__(self):
        self.outbox = []
        self.received = []
        self.pongs = []
        self.ticks = 0

    def receive(self, text, now_ns):
        self.received.append(text)

    def receive_ping(self, payload, now_ns):
        raise AssertionError("this client sends no pings")

    def receive_pong(self, payload, now_ns):
        self.pongs.append(payload)

    def tick(self, now_ns):
        self.ticks += 1


class SmallVenue:
    name = "small"

    def __init__(self):
        self.refuses_sockets = False
        self.refuses_requests = False
        self.sockets = []
        self.gone = []
        self.asked = []

    def connect(self, opening):
        if self.refuses_sockets:
            return Response(503, b"down")
        self.sockets.append(Socket())
        return self.sockets[-1]

    def request(self, request):
        self.asked.append((request.path, request.query, request.now_ns))
        return Response(503, b"down") if self.refuses_requests else Response(200, b"{}")

    def disconnect(self, connection):
        self.gone.append(connection)

    def publish(self, now_ns):
        raise AssertionError("the floor publishes, not a client")


PLAN = Plan(
    "small",
    "ws",
    "small.simulated",
    Query("/stream", "streams=a"),
    WAY,
    sent=(b"hello",),
    listed=(Query("/list"),),
    snapshots=(Query("/depth", "limit=5"),),
)


@pytest.fixture
def venue():
    return SmallVenue()


@pytest.fixture
def client(venue):
    return TapeClient(venue, PLAN, Chance(3))


def test_it_asks_for_the_list_opens_and_sends_before_the_snapshots(venue, client):
    first = client.step(START)
    kinds = [(one.kind, one.request or one.payload) for one in first]
    assert kinds == [
        (FrameKind.REST, "https://small.simulated/list"),
        (FrameKind.OPENED, "wss://small.simulated/stream?streams=a"),
        (FrameKind.SENT, b"hello"),
    ]
    assert venue.sockets[0].received == ["hello"]
    assert client.step(START + 300_000_000) == []
    (snapshot,) = client.step(START + 350_000_000)
    assert snapshot.request == "https://small.simulated/depth?limit=5"
    assert snapshot.connection == "ws-rest"
    assert client.step(START + SECOND) == []


def test_what_arrives_is_late_and_keeps_its_order(venue, client):
    client.step(START)
    late = [Message(b"%d" % number, START + 20_000_000) for number in range(50)]
    venue.sockets[0].outbox = list(late)
    arrivals = client.step(START + 30_000_000)
    assert [one.payload for one in arrivals] == [one.text for one in late]
    stamps = [one.ts_recv for one in arrivals]
    assert stamps == sorted(set(stamps))
    assert stamps[0] >= START + 20_000_000 + WAY.delay_ns
    assert venue.sockets[0].outbox == []


def test_a_ping_is_answered_and_is_no_frame(venue, client):
    client.step(START)
    venue.sockets[0].outbox = [Ping(b"42")]
    assert client.step(START + 10_000_000) == []
    assert venue.sockets[0].pongs == [b"42"]


def test_a_closed_connection_is_opened_again_with_new_snapshots(venue, client):
    client.step(START)
    client.step(START + 400_000_000)
    venue.sockets[0].outbox = [Close(1001, "going away")]
    (closed,) = client.step(START + SECOND)
    assert (closed.kind, closed.payload) == (FrameKind.CLOSED, b"1001 going away")
    assert venue.gone == venue.sockets[:1]
    assert client.step(START + SECOND + SECOND // 2) == []
    again = client.step(START + 2 * SECOND)
    assert [one.kind for one in again] == [FrameKind.OPENED, FrameKind.SENT]
    assert [one.kind for one in client.step(START + 3 * SECOND)] == [FrameKind.REST]


def test_a_venue_that_refuses_is_asked_again_a_second_later(venue, client):
    venue.refuses_sockets = venue.refuses_requests = True
    assert client.step(START) == []
    assert client.step(START + SECOND // 2) == []
    assert len(venue.asked) == 1
    venue.refuses_sockets = venue.refuses_requests = False
    kinds = [one.kind for one in client.step(START + SECOND)]
    assert kinds == [FrameKind.REST, FrameKind.OPENED, FrameKind.SENT]
