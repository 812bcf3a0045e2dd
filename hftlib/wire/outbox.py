"""What a client that is behind still gets: the newest of what changes, all of what adds up.

The desk keeps one outbox per client, the app's relay one per page. A waiting DESCRIPTION voids
everything before it; waiting COLUMNS and TRADES are joined, oldest dropped beyond a bound;
of LADDER, STATUS and ERROR only the newest waits.
"""

from typing import Final

from hftlib.wire import feed
from hftlib.wire.feed import Kind

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
        self._most_columns = columns
        self._most_trades = trades
        self._waiting: dict[Kind, bytes] = {}
        self.joined = 0
        self.dropped_columns = 0

    def __bool__(self) -> bool:
        """Say whether anything waits."""
        return bool(self._waiting)

    def put(self, message: bytes) -> None:
        """Add one message. Raises FeedFormatError when it is no message of the feed."""
        kind = feed.read_head(message).kind
        if kind is Kind.DESCRIPTION:
            self._waiting.clear()
        held = self._waiting.get(kind)
        if held is not None:
            self.joined += 1
            message = self._join(kind, held, message)
        self._waiting[kind] = message

    def take(self) -> list[bytes]:
        """Return what waits, in the order to send it, and forget it."""
        waiting, self._waiting = self._waiting, {}
        return [waiting[kind] for kind in _ORDER if kind in waiting]

    def _join(self, kind: Kind, held: bytes, message: bytes) -> bytes:
        if kind is Kind.COLUMNS:
            return self._join_columns(held, message)
        if kind is Kind.TRADES:
            head = feed.read_head(message)
            body = feed.join_trades(
                (feed.body_of(held), feed.body_of(message)), most=self._most_trades
            )
            return feed.pack(kind, body, sequence=head.sequence, time_ms=head.time_ms)
        return message

    def _join_columns(self, held: bytes, message: bytes) -> bytes:
        head = feed.read_head(message)
        if head.flags & feed.HISTORY:
            return message
        flags = feed.read_head(held).flags
        blocks = feed.split_columns(feed.body_of(held))
        blocks += feed.split_columns(feed.body_of(message))
        surplus = max(0, len(blocks) - self._most_columns)
        self.dropped_columns += surplus
        return feed.pack(
            Kind.COLUMNS,
            feed.join_columns(blocks[surplus:]),
            sequence=head.sequence,
            time_ms=head.time_ms,
            flags=flags,
        )
