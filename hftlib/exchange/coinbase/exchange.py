"""Coinbase Exchange: its websocket feed, and its REST API on the same port."""

from itertools import count
from typing import Any, Final

from hftlib.core.venue import COINBASE, COINBASE_EXCHANGE
from hftlib.exchange.coinbase import signature
from hftlib.exchange.coinbase.audience import Audience
from hftlib.exchange.coinbase.book_view import Beat, BookView
from hftlib.exchange.coinbase.exchange_connection import ExchangeConnection
from hftlib.exchange.coinbase.exchange_request import (
    NEEDS_SIGNATURE,
    SIGNED_CHANNELS,
    STATUS,
    UNOFFERED_CHANNELS,
    SubscribeError,
    Wish,
    signed_of,
)
from hftlib.exchange.coinbase.exchange_rest import ExchangeRest, refusal
from hftlib.exchange.coinbase.exchange_stage import ExchangeStage
from hftlib.exchange.coinbase.products import exchange_status
from hftlib.exchange.floor import TradingFloor
from hftlib.exchange.messages import Connection, Message, Opening, Request, Response

STATUS_NS: Final = 5_000_000_000


class CoinbaseExchange:
    """Speak Coinbase Exchange's protocols over the books of venue `coinbase`."""

    def __init__(self, floor: TradingFloor, key_of: signature.KeyOf) -> None:
        """Serve `floor`; `key_of` knows the keys that were given out."""
        self.name = COINBASE_EXCHANGE
        self._floor = floor
        views = [BookView(feed) for (venue, _), feed in floor.feeds.items() if venue == COINBASE]
        self.products = tuple(view.symbol for view in views)
        self._stages = {view.symbol: ExchangeStage(view) for view in views}
        self._key_of = key_of
        self._rest = ExchangeRest(views, key_of)
        self._status: Audience[ExchangeConnection] = Audience()
        self._status_text = exchange_status([view.listing for view in views])
        self._numbers = count(1)
        self._connections: dict[str, ExchangeConnection] = {}
        self._published_ns = floor.world.now_ns

    def request(self, request: Request) -> Response:
        """Answer a REST request at the market's own time."""
        if not self._floor.is_up(COINBASE):
            return refusal(503, "Service Unavailable")
        self._floor.act(request.now_ns)
        return self._rest.request(request)

    def reset_limits(self) -> None:
        """Forget what was counted."""
        self._rest.reset_limits()

    def connect(self, opening: Opening) -> Connection | Response:
        """Accept a websocket at the root, refuse it elsewhere."""
        if opening.path not in ("", "/"):
            return refusal(404, "NotFound")
        if not self._floor.is_up(COINBASE):
            return refusal(503, "Service Unavailable")
        name = f"{self.name}-{next(self._numbers)}"
        connection = ExchangeConnection(name, self, opening.now_ns)
        self._connections[name] = connection
        return connection

    def disconnect(self, connection: Connection) -> None:
        """Forget a connection whose socket is gone."""
        if isinstance(connection, ExchangeConnection):
            self._connections.pop(connection.name, None)
            self._status.forget(connection)
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
        if self._status:
            self._publish_status(beat)

    def _publish_status(self, beat: Beat) -> None:
        message = Message(self._status_text, beat.now_ns, STATUS)
        listeners = self._status.of(STATUS) if beat.is_due(STATUS_NS) else []
        for listener in [*listeners, *self._status.admit(STATUS)]:
            listener.send(message)

    # What connections ask for.

    def allow(self, message: dict[str, Any], wish: Wish, now_ns: int) -> None:
        """Check the signature of a message. Raises SubscribeError or SignatureError."""
        signed = signed_of(message)
        if signed is not None:
            signature.check(signed, self._key_of, now_ns)
        wanted = set(wish.channels) if wish.subscribes else set()
        if wanted & UNOFFERED_CHANNELS or (signed is None and wanted & SIGNED_CHANNELS):
            raise SubscribeError(NEEDS_SIGNATURE)

    def join(self, connection: ExchangeConnection, channel: str, product: str) -> None:
        """Let a connection have a channel; `product` is empty where it has none."""
        self._audience(channel, product).join(channel, connection)

    def leave(self, connection: ExchangeConnection, channel: str, product: str) -> None:
        """Take a channel from a connection."""
        self._audience(channel, product).leave(channel, connection)

    def _audience(self, channel: str, product: str) -> Audience[ExchangeConnection]:
        return self._status if channel == STATUS else self._stages[product].audience
