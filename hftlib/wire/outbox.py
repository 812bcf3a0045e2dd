"""What a client that is behind still gets: the newest of what changes, all of what adds up.

The desk keeps one outbox per client, and so does the app's relay. A waiting DESCRIPTION voids
everything before it; waiting COLUMNS and TRADES are joined, oldest dropped beyond a bound;
of LADDER, STATUS and ERROR only the newest waits. An outbox that is never taken from, only
looked into, holds what a late joiner must be sent first.
"""

from collections import deque
from typing import Final

from hftlib.wire import feed
from hftlib.wire.feed import Head, Kind

# Among messages of one sequence: an error of the relay's own, for one, is numbered 0.
_ORDER: Final = (
    Kind.ERROR,
    Kind.DESCRIPTION,
    Kind.COLUMNS,
    Kind.LADDER,
    Kind.TRADES,
    Kind.STATUS,
)


class Outbox:
    """Hold what one client has not been sent yet, never more than one message of a kind."""

    def __init__(self, *, columns: int = 2_000, trades: int = 2_000) -> None:
        """Bound the columns and trades that may wait; beyond that the oldest are dropped."""
        self._most_trades = trades
        self._columns: deque[bytes] = deque(maxlen=columns)
        self._columns_head: Head | None = None
        self._waiting: dict[Kind, bytes] = {}
        self.joined = 0

    def __bool__(self) -> bool:
        """Say whether anything waits."""
        return bool(self._waiting) or self._columns_head is not None

    def put(self, message: bytes) -> None:
        """Add one message. Raises FeedFormatError when it is no message of the feed."""
        head = feed.read_head(message)
        if head.kind is Kind.COLUMNS:
            self._put_columns(head, feed.split_columns(feed.body_of(message)))
            return
        if head.kind is Kind.DESCRIPTION:
            self._forget()
        held = self._waiting.get(head.kind)
        if held is not None:
            self.joined += 1
            if head.kind is Kind.TRADES:
                message = self._join_trades(head, held, message)
        self._waiting[head.kind] = message

    def peek(self) -> list[bytes]:
        """Return what waits, in the order to send it, and keep it.

        That is the order of their sequences, so that a client's sequence only grows.
        """
        waiting = dict(self._waiting)
        if self._columns_head is not None:
            waiting[Kind.COLUMNS] = self._columns_message(self._columns_head)
        ordered = [waiting[kind] for kind in _ORDER if kind in waiting]
        return sorted(ordered, key=lambda message: feed.read_head(message).sequence)

    def take(self) -> list[bytes]:
        """Return what waits, in the order to send it, and forget it."""
        messages = self.peek()
        self._forget()
        return messages

    def _forget(self) -> None:
        self._waiting = {}
        self._columns.clear()
        self._columns_head = None

    def _put_columns(self, head: Head, blocks: list[bytes]) -> None:
        if head.flags & feed.HISTORY:
            self._columns.clear()
        elif self._columns_head is not None:
            self.joined += 1
            head = head._replace(flags=self._columns_head.flags)
        self._columns.extend(blocks)
        self._columns_head = head

    def _columns_message(self, head: Head) -> bytes:
        return feed.pack(
            Kind.COLUMNS,
            feed.join_columns(tuple(self._columns)),
            sequence=head.sequence,
            time_ms=head.time_ms,
            flags=head.flags,
        )

    def _join_trades(self, head: Head, held: bytes, message: bytes) -> bytes:
        body = feed.join_trades((feed.body_of(held), feed.body_of(message)), most=self._most_trades)
        return feed.pack(Kind.TRADES, body, sequence=head.sequence, time_ms=head.time_ms)
