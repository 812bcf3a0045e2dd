"""One client of Exchange's feed: what it is subscribed to, its deadline, its limit."""

from typing import Any, Final, Protocol

from hftlib.core.venue import COINBASE_EXCHANGE
from hftlib.exchange.coinbase.client_text import message_of
from hftlib.exchange.coinbase.exchange_request import FAILED, SubscribeError, Wish, wish_of
from hftlib.exchange.coinbase.signature import SignatureError
from hftlib.exchange.coinbase.token_bucket import TokenBuckets
from hftlib.exchange.messages import Close, Message, Outgoing
from hftlib.venues.coinbase.encode import exchange_error, exchange_subscriptions

SUBSCRIBE_NS: Final = 5_000_000_000
"""A connection that has not subscribed by then is closed."""
MESSAGES_A_SECOND: Final = 100
POLICY: Final = 1008
"""The close code for clients that break a rule."""


class Channels(Protocol):
    """Be the feed that connections subscribe to."""

    products: tuple[str, ...]

    def allow(self, message: dict[str, Any], wish: Wish, now_ns: int) -> None:
        """Check the signature of a message. Raises SubscribeError or SignatureError."""

    def join(self, connection: "ExchangeConnection", channel: str, product: str) -> None:
        """Let a connection have a channel; `product` is empty where it has none."""

    def leave(self, connection: "ExchangeConnection", channel: str, product: str) -> None:
        """Take a channel from a connection."""


class ExchangeConnection:
    """Be the venue's end of one websocket of Exchange's feed."""

    def __init__(self, name: str, channels: Channels, now_ns: int) -> None:
        """Open the connection at `now_ns`."""
        self.name = name
        self.venue = COINBASE_EXCHANGE
        self.outbox: list[Outgoing] = []
        self._channels = channels
        self._opened_ns = now_ns
        self._is_closed = False
        self._messages = TokenBuckets(MESSAGES_A_SECOND, MESSAGES_A_SECOND)
        self._has_subscribed = False
        self._subscribed: dict[str, dict[str, None]] = {}

    def send(self, message: Message) -> None:
        """Put a message that others may get, too, into the outbox."""
        self.outbox.append(message)

    def _say(self, text: bytes, now_ns: int) -> None:
        self.outbox.append(Message(text, now_ns))

    def _close(self, reason: str) -> None:
        if not self._is_closed:
            self._is_closed = True
            self.outbox.append(Close(POLICY, reason))

    def cut(self) -> None:
        """End the connection without a close frame, as when the venue goes down."""
        if not self._is_closed:
            self._is_closed = True
            self.outbox.append(Close(abrupt=True))

    def receive(self, text: str, now_ns: int) -> None:
        """Take one message of the client in."""
        if self._is_closed:
            return
        if not self._messages.take(self.name, now_ns):
            self._close("ErrSlowRead")
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

    def receive_ping(self, payload: bytes, now_ns: int) -> None:
        """Let the client ping: the feed counts nothing of it."""

    def receive_pong(self, payload: bytes, now_ns: int) -> None:
        """Let the client pong: the feed asks for none."""

    def tick(self, now_ns: int) -> None:
        """Close the connection when the deadline to subscribe has passed."""
        if not self._has_subscribed and now_ns - self._opened_ns >= SUBSCRIBE_NS:
            self._close("no subscribe message within 5 seconds")

    def _carry_out(self, wish: Wish, now_ns: int) -> None:
        if wish.subscribes:
            self._has_subscribed = True
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
        held = self._subscribed.setdefault(channel, {})
        for product in products:
            held[product] = None
            self._channels.join(self, channel, product)

    def _leave(self, channel: str, products: list[str]) -> None:
        """Drop products of a channel, all of them where none is named."""
        held = self._subscribed.get(channel, {})
        for product in products or list(held):
            if product in held:
                del held[product]
                self._channels.leave(self, channel, product)
        if not held:
            self._subscribed.pop(channel, None)
