"""What connections of both of Coinbase's feeds share: a deadline, an end, and what they hold."""

from typing import Final

from hftlib.exchange.coinbase.token_bucket import TokenBuckets
from hftlib.exchange.messages import Close, Outgoing

POLICY: Final = 1008
"""The close code for clients that break a rule."""
SUBSCRIBE_NS: Final = 5_000_000_000
"""A connection that has not subscribed by then is closed."""
TOO_LATE: Final = "no subscribe message within 5 seconds"


class FeedConnection:
    """Be the venue's end of one websocket, whatever is said on it."""

    def __init__(self, name: str, venue: str, messages_a_second: int, now_ns: int) -> None:
        """Open the connection at `now_ns`."""
        self.name = name
        self.venue = venue
        self.outbox: list[Outgoing] = []
        self.is_closed = False
        self._opened_ns = now_ns
        self._messages = TokenBuckets(messages_a_second, messages_a_second)
        self._has_subscribed = False
        self._subscribed: dict[str, dict[str, None]] = {}

    def close(self, reason: str) -> None:
        """End the connection for a breach of the venue's rules."""
        self._end(Close(POLICY, reason))

    def cut(self) -> None:
        """End the connection without a close frame, as when the venue goes down."""
        self._end(Close(abrupt=True))

    def _end(self, close: Close) -> None:
        if not self.is_closed:
            self.is_closed = True
            self.outbox.append(close)

    def receive_ping(self, payload: bytes, now_ns: int) -> None:
        """Let the client ping: the feed counts nothing of it."""

    def receive_pong(self, payload: bytes, now_ns: int) -> None:
        """Let the client pong: the feed asks for none."""

    def tick(self, now_ns: int) -> None:
        """Close the connection when the deadline to subscribe has passed."""
        if not self._has_subscribed and now_ns - self._opened_ns >= SUBSCRIBE_NS:
            self.close(TOO_LATE)

    def _may_speak(self, now_ns: int) -> bool:
        """Count a message of the client; False when it has sent too many."""
        return self._messages.take(self.name, now_ns)

    def _hold(self, channel: str, products: list[str]) -> None:
        """Note what the connection now has."""
        self._has_subscribed = True
        self._subscribed.setdefault(channel, {}).update(dict.fromkeys(products))

    def _drop(self, channel: str, products: list[str]) -> list[str]:
        """Forget products of a channel, all where none is named; return those that it had."""
        held = self._subscribed.get(channel, {})
        dropped = [product for product in dict.fromkeys(products or held) if product in held]
        for product in dropped:
            del held[product]
        if not held:
            self._subscribed.pop(channel, None)
        return dropped
