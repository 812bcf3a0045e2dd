"""Coinbase Advanced Trade: its websocket feed, and its public REST API on the same port."""

from collections.abc import Mapping
from itertools import count
from typing import Final

from hftlib.core.venue import COINBASE
from hftlib.exchange.coinbase.advanced_connection import LEVEL2_CAP, AdvancedConnection
from hftlib.exchange.coinbase.advanced_request import HEARTBEATS
from hftlib.exchange.coinbase.advanced_rest import AdvancedRest, unavailable
from hftlib.exchange.coinbase.advanced_stage import AdvancedStage
from hftlib.exchange.coinbase.audience import Audience
from hftlib.exchange.coinbase.book_view import Beat, BookView
from hftlib.exchange.coinbase.classic_rest import not_found
from hftlib.exchange.coinbase.products import alias_of
from hftlib.exchange.floor import TradingFloor
from hftlib.exchange.messages import Connection, Opening, Request, Response
from hftlib.venues.coinbase.encode import advanced_heartbeat_text

HEARTBEAT_NS: Final = 1_000_000_000


class CoinbaseAdvanced:
    """Speak Advanced Trade's protocols over the books of venue `coinbase`."""

    def __init__(self, floor: TradingFloor, level2_cap: int = LEVEL2_CAP) -> None:
        """Serve `floor`; a connection may have `level2_cap` books."""
        self.name = COINBASE
        self._floor = floor
        self.level2_cap = level2_cap
        views = [BookView(feed) for (venue, _), feed in floor.feeds.items() if venue == COINBASE]
        aliases = {alias: view.symbol for view in views if (alias := alias_of(view.listing))}
        self.names: Mapping[str, str] = {view.symbol: view.symbol for view in views} | aliases
        self._stages = {view.symbol: AdvancedStage(view) for view in views}
        self._rest = AdvancedRest(views)
        self._hearers: Audience[AdvancedConnection] = Audience()
        self._numbers = count(1)
        self._connections: dict[str, AdvancedConnection] = {}
        self._opened_ns = self._published_ns = floor.world.now_ns

    def request(self, request: Request) -> Response:
        """Answer a REST request at the market's own time."""
        if not self._floor.is_up(COINBASE):
            return unavailable()
        self._floor.act(request.now_ns)
        return self._rest.request(request)

    def reset_limits(self) -> None:
        """Forget what was counted."""
        self._rest.reset_limits()

    def connect(self, opening: Opening) -> Connection | Response:
        """Accept a websocket at the root, refuse it elsewhere."""
        if opening.path not in ("", "/"):
            return not_found()
        if not self._floor.is_up(COINBASE):
            return unavailable()
        name = f"{self.name}-{next(self._numbers)}"
        connection = AdvancedConnection(name, self, opening.now_ns)
        self._connections[name] = connection
        return connection

    def disconnect(self, connection: Connection) -> None:
        """Forget a connection whose socket is gone."""
        if isinstance(connection, AdvancedConnection):
            self._connections.pop(connection.name, None)
            self._hearers.forget(connection)
            for stage in self._stages.values():
                stage.audience.forget(connection)

    def publish(self, now_ns: int) -> None:
        """Put what happened up to `now_ns` into the outboxes; cut them where the venue is down."""
        beat = Beat(self._published_ns, now_ns)
        self._published_ns = now_ns
        if not self._floor.is_up(COINBASE):
            for connection in list(self._connections.values()):
                connection.cut()
                self.disconnect(connection)
            return
        for stage in self._stages.values():
            stage.publish(beat)
        if self._hearers and beat.is_due(HEARTBEAT_NS):
            self._heartbeat(now_ns)

    def _heartbeat(self, now_ns: int) -> None:
        """Send a heartbeat; its counter is the venue's seconds, as captured."""
        self._hearers.admit(HEARTBEATS)
        counter = (now_ns - self._opened_ns) // HEARTBEAT_NS
        text = advanced_heartbeat_text(now_ns, counter)
        for listener in self._hearers.of(HEARTBEATS):
            listener.send(text, now_ns, HEARTBEATS)

    # What connections ask for.

    def join(self, connection: AdvancedConnection, channel: str, product: str) -> None:
        """Let a connection have a channel of a product."""
        self._audience(channel, product).join(channel, connection)

    def leave(self, connection: AdvancedConnection, channel: str, product: str) -> None:
        """Take a channel of a product from a connection."""
        self._audience(channel, product).leave(channel, connection)

    def _audience(self, channel: str, product: str) -> Audience[AdvancedConnection]:
        return self._hearers if channel == HEARTBEATS else self._stages[product].audience
