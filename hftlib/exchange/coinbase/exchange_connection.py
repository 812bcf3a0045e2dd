"""One client of Exchange's feed: what it is subscribed to, its deadline, its limit."""

from typing import Any, Final, Protocol

from hftlib.core.venue import COINBASE_EXCHANGE
from hftlib.exchange.coinbase.client_text import message_of
from hftlib.exchange.coinbase.exchange_request import FAILED, SubscribeError, Wish, wish_of
from hftlib.exchange.coinbase.feed_connection import FeedConnection
from hftlib.exchange.coinbase.signature import SignatureError
from hftlib.exchange.messages import Message
from hftlib.venues.coinbase.encode import exchange_error, exchange_subscriptions

MESSAGES_A_SECOND: Final = 100


class Channels(Protocol):
    """Be the feed that connections subscribe to."""

    products: tuple[str, ...]

    def allow(self, message: dict[str, Any], wish: Wish, now_ns: int) -> None:
        """Check the signature of a message. Raises SubscribeError or SignatureError."""

    def join(self, connection: "ExchangeConnection", channel: str, product: str) -> None:
        """Let a connection have a channel; `product` is empty where it has none."""

    def leave(self, connection: "ExchangeConnection", channel: str, product: str) -> None:
        """Take a channel from a connection."""


class ExchangeConnection(FeedConnection):
    """Be the venue's end of one websocket of Exchange's feed."""

    def __init__(self, name: str, channels: Channels, now_ns: int) -> None:
        """Open the connection at `now_ns`."""
        super().__init__(name, COINBASE_EXCHANGE, MESSAGES_A_SECOND, now_ns)
        self._channels = channels

    def send(self, message: Message) -> None:
        """Put a message that others may get, too, into the outbox."""
        self.outbox.append(message)

    def _say(self, text: bytes, now_ns: int) -> None:
        self.outbox.append(Message(text, now_ns))

    def receive(self, text: str, now_ns: int) -> None:
        """Take one message of the client in."""
        if self.is_closed:
            return
        if not self._may_speak(now_ns):
            self.close("ErrSlowRead")
            return
        message = message_of(text)
        if message is None:
            self._say(exchange_error("Malformed JSON", "message is no JSON object"), now_ns)
            return
        try:
            wish = wish_of(message, self._channels.products)
            self._channels.allow(message, wish, now_ns)
        except SubscribeError as error:
            self._say(exchange_error(FAILED, str(error)), now_ns)
        except SignatureError as error:
            reason = f'{{"message":"{error}"}}'
            self._say(exchange_error("Authentication Failed", reason), now_ns)
        else:
            self._carry_out(wish, now_ns)

    def _carry_out(self, wish: Wish, now_ns: int) -> None:
        if wish.subscribes:
            for channel, products in wish.channels.items():
                self._join(channel, products or [""])
        elif wish.channels:
            for channel, products in wish.channels.items():
                self._leave(channel, products or [])
        else:
            for channel in list(self._subscribed):
                self._leave(channel, wish.products)
        listed = {
            channel: [product for product in products if product]
            for channel, products in self._subscribed.items()
        }
        self._say(exchange_subscriptions(listed), now_ns)

    def _join(self, channel: str, products: list[str]) -> None:
        self._hold(channel, products)
        for product in products:
            self._channels.join(self, channel, product)

    def _leave(self, channel: str, products: list[str]) -> None:
        for product in self._drop(channel, products):
            self._channels.leave(self, channel, product)
