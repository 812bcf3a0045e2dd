"""One client of Advanced Trade's feed: its counter over all channels, its deadlines, its limits."""

from collections.abc import Mapping
from typing import Final, Protocol

from hftlib.core.venue import COINBASE
from hftlib.exchange.coinbase.advanced_request import (
    HEARTBEATS,
    RequestError,
    Wish,
    wish_of,
)
from hftlib.exchange.coinbase.client_text import message_of
from hftlib.exchange.coinbase.feed_connection import FeedConnection
from hftlib.exchange.messages import Message
from hftlib.venues.coinbase.encode import AdvancedText, advanced_error, advanced_subscriptions

MESSAGES_A_SECOND: Final = 8
"""Production counts by address; here all clients have one address, so each has its own eight."""
QUIET_NS: Final = 75_000_000_000
"""A connection without heartbeats that got no update for so long is closed (60 to 90 s)."""
LEVEL2_CAP: Final = 30
"""How many products of level2 one connection may have."""
TOO_MANY_BOOKS: Final = "too many L2 streams requested in a single session"


class Channels(Protocol):
    """Be the feed that connections subscribe to."""

    names: Mapping[str, str]
    level2_cap: int

    def join(self, connection: "AdvancedConnection", channel: str, product: str) -> None:
        """Let a connection have a channel of a product."""

    def leave(self, connection: "AdvancedConnection", channel: str, product: str) -> None:
        """Take a channel of a product from a connection."""


class AdvancedConnection(FeedConnection):
    """Be the venue's end of one websocket of Advanced Trade's feed."""

    def __init__(self, name: str, channels: Channels, now_ns: int) -> None:
        """Open the connection at `now_ns`."""
        super().__init__(name, COINBASE, MESSAGES_A_SECOND, now_ns)
        self._channels = channels
        self._updated_ns = now_ns
        self._number = 0

    def send(self, text: AdvancedText, now_ns: int, topic: str) -> None:
        """Put a frame that others may get, too, into the outbox, under the next number."""
        self.outbox.append(Message(text.numbered(self._number), now_ns, topic))
        self._number += 1
        self._updated_ns = now_ns

    def _refuse(self, message: str, now_ns: int) -> None:
        self.outbox.append(Message(advanced_error(message), now_ns))

    def receive(self, text: str, now_ns: int) -> None:
        """Take one message of the client in."""
        if self.is_closed:
            return
        if not self._may_speak(now_ns):
            self._refuse("rate limit exceeded", now_ns)
            return
        message = message_of(text)
        if message is None:
            self._refuse("message is no JSON object", now_ns)
            return
        try:
            wish = wish_of(message, self._channels.names)
        except RequestError as error:
            self._refuse(str(error), now_ns)
            return
        if self._is_over_cap(wish):
            self._refuse(TOO_MANY_BOOKS, now_ns)
            self.close(TOO_MANY_BOOKS)
            return
        self._carry_out(wish, now_ns)

    def tick(self, now_ns: int) -> None:
        """Close the connection when it did not subscribe in time, or when all is quiet."""
        super().tick(now_ns)
        if HEARTBEATS not in self._subscribed and now_ns - self._updated_ns >= QUIET_NS:
            self.close("no updates")

    def _is_over_cap(self, wish: Wish) -> bool:
        if not wish.subscribes or wish.channel != "level2":
            return False
        books = {*self._subscribed.get("level2", {}), *wish.products}
        return len(books) > self._channels.level2_cap

    def _carry_out(self, wish: Wish, now_ns: int) -> None:
        if wish.subscribes:
            self._hold(wish.channel, wish.products)
            for product in wish.products:
                self._channels.join(self, wish.channel, product)
        else:
            for product in self._drop(wish.channel, wish.products):
                self._channels.leave(self, wish.channel, product)
        listed = {name: list(self._subscribed[name]) for name in sorted(self._subscribed)}
        self.outbox.append(Message(advanced_subscriptions(self._number, now_ns, listed), now_ns))
        self._number += 1
