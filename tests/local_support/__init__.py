"""A tiny venue and a tiny market for tests of the servers: no agents and no matching."""

from dataclasses import dataclass, field

from hftlib.exchange.messages import Close, Message, Ping, Response


@dataclass
class TinyConnection:
    name: str
    venue: str = "binance"
    outbox: list = field(default_factory=list)
    heard: list = field(default_factory=list)
    pings: list = field(default_factory=list)
    pongs: list = field(default_factory=list)
    ticks: list = field(default_factory=list)

    def receive(self, text, now_ns):
        self.heard.append(text)
        if text == "ping me":
            self.outbox.append(Ping(b"payload"))
        elif text == "bye":
            self.outbox.append(Close(1001, "as you wish"))
        elif text == "cut me":
            self.outbox.append(Close(abrupt=True))
        else:
            self.say(f"echo {text}", now_ns)

    def say(self, text, now_ns, topic="echo"):
        self.outbox.append(Message(text.encode(), now_ns, topic))

    def receive_ping(self, payload, now_ns):
        self.pings.append(payload)

    def receive_pong(self, payload, now_ns):
        self.pongs.append(payload)

    def tick(self, now_ns):
        self.ticks.append(now_ns)


class TinyVenue:
    def __init__(self, name="binance"):
        self.name = name
        self.requests = []
        self.openings = []
        self.connections = {}
        self.gone = []
        self.refuses = False

    def request(self, request):
        self.requests.append(request)
        body = b'{"lastUpdateId":100,"bids":[],"asks":[]}' if "depth" in request.path else b"{}"
        return Response(200, body, {"X-MBX-USED-WEIGHT-1M": "1"})

    def connect(self, opening):
        self.openings.append(opening)
        if self.refuses:
            return Response(403, b'{"code":-1}')
        connection = TinyConnection(f"{self.name}-{len(self.openings)}", self.name)
        self.connections[connection.name] = connection
        return connection

    def disconnect(self, connection):
        self.gone.append(connection.name)
        del self.connections[connection.name]

    def publish(self, now_ns):
        """Say nothing by itself."""


class TinyMarket:
    def __init__(self, *venues):
        self.servers = {venue.name: venue for venue in venues}
        self.stepped = []

    def step(self, now_ns):
        self.stepped.append(now_ns)
        for venue in self.servers.values():
            venue.publish(now_ns)
