"""The streams of one Binance market: who listens to which, and what is published."""

from collections.abc import Callable, Iterable
from urllib.parse import unquote

from hftlib.exchange.binance.control import ControlError
from hftlib.exchange.binance.refusal import BinanceError
from hftlib.exchange.binance.sources import Source
from hftlib.exchange.binance.stream_connection import Form, StreamConnection, StreamRules
from hftlib.exchange.messages import Opening, Response
from hftlib.venues.binance.encode import BinanceWriter

_UNITS = {"MILLISECOND": 0, "MICROSECOND": 1}
_SHUTDOWN = "!serverShutdown"

MakeSource = Callable[[str], Source | None]
"""Makes the source of a stream's name, None for a name that is no stream."""


class StreamUrl:
    """Take the URL of a market stream apart: its form, and the streams that it names."""

    def __init__(self, path: str, query: str) -> None:
        """Read a path (without the category of USD-M) and a raw query.

        Raises BinanceError for a unit of time that is not known.
        """
        # python-binance appends the unit behind a second question mark. A plus is a plus: it
        # stands in the names of candles of another time zone.
        parts_asked = (part.partition("=") for part in query.replace("?", "&").split("&"))
        asked = {unquote(name): unquote(value) for name, _, value in parts_asked}
        self.names: tuple[str, ...] = ()
        parts = [unquote(part) for part in path.split("/") if part]
        self.is_known = parts[:1] in (["ws"], ["stream"])
        # Libraries whose base ends in /stream connect to /stream/ws/0: bare payloads, as on /ws.
        is_combined = parts == ["stream"]
        if is_combined:
            self.names = tuple(name for name in asked.get("streams", "").split("/") if name)
        elif self.is_known:
            self.names = tuple(parts[1:] if parts[0] == "ws" else parts[2:])
        self.form = Form(is_combined, _unit(asked))


def _unit(asked: dict[str, str]) -> int:
    unit = asked.get("timeUnit", "MILLISECOND").upper()
    if unit not in _UNITS:
        text = "Invalid value for time unit; expected either MICROSECOND or MILLISECOND."
        raise BinanceError(-1194, text)
    return _UNITS[unit]


class StreamHub:
    """Hold the connections and the sources of one market's streams."""

    def __init__(
        self, venue: str, rules: StreamRules, make_source: MakeSource, label: str = ""
    ) -> None:
        """Let connections follow `rules` and listen to what `make_source` knows.

        Connections are named by the venue, or by `label`, and a number.
        """
        self.venue = venue
        self._label = label or venue
        self.rules = rules
        self._make_source = make_source
        self._sources: dict[str, Source] = {}
        self._heard: dict[str, Source] = {}
        self._connections: dict[StreamConnection, None] = {}
        self._opened = 0

    @property
    def connections(self) -> Iterable[StreamConnection]:
        """Return the open connections, oldest first."""
        return tuple(self._connections)

    def connect(self, opening: Opening, path: str | None = None) -> StreamConnection | Response:
        """Open a connection with the streams of its URL, or refuse it.

        `path` stands for the opening's own where a category goes before it.
        """
        try:
            url = StreamUrl(opening.path if path is None else path, opening.query)
        except BinanceError as refused:
            return refused.response()
        if not url.is_known:
            return Response(404, b"", content_type="text/plain")
        self._opened += 1
        name = f"{self._label}-{self._opened}"
        connection = StreamConnection(self, name, url.form, opening.now_ns)
        try:
            connection.subscribe(url.names, opening.now_ns)
        except ControlError as refused_control:
            return Response(400, refused_control.answer())
        self._connections[connection] = None
        return connection

    def disconnect(self, connection: StreamConnection) -> None:
        """Forget a connection; one that is not known is none."""
        if self._connections.pop(connection, connection) is None:
            for name in connection.streams:
                self.unsubscribe(connection, name)

    def subscribe(self, connection: StreamConnection, name: str, now_ns: int) -> None:
        """Let a connection get a stream; one that does not exist stays silent."""
        source = self._sources.get(name) or self._make_source(name)
        if source is None:
            return
        self._sources[name] = source
        if name not in self._heard:
            source.start(now_ns)
            self._heard[name] = source
        source.topic.add(connection)

    def unsubscribe(self, connection: StreamConnection, name: str) -> None:
        """Let a connection no longer get a stream."""
        source = self._heard.get(name)
        if source is None:
            return
        source.topic.remove(connection)
        if not source.topic.is_heard:
            del self._heard[name]

    def publish(self, now_ns: int) -> None:
        """Let every stream that somebody listens to send what is due."""
        for source in self._heard.values():
            source.publish(now_ns)

    def cut(self) -> None:
        """End every connection without a word: the venue is down."""
        for connection in tuple(self._connections):
            connection.close(1006, "", abrupt=True)

    def shutdown(self, writers: tuple[BinanceWriter, BinanceWriter], now_ns: int) -> None:
        """Tell every connection that the server is going to be shut down."""
        payloads = [writer.server_shutdown(now_ns) for writer in writers]
        for connection in self._connections:
            connection.announce(_SHUTDOWN, payloads[connection.microseconds], now_ns)
