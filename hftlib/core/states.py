"""The states of a book, the conditions of a feed, and the sources of what a page shows."""

from enum import StrEnum


class BookState(StrEnum):
    """Say whether a book may be trusted; only LIVE is trusted."""

    SYNCING = "SYNCING"
    LIVE = "LIVE"
    GAP = "GAP"
    STALE = "STALE"
    CROSSED = "CROSSED"
    DOWN = "DOWN"


class Source(StrEnum):
    """Say where the numbers on a page come from."""

    EXCHANGE = "EXCHANGE"
    SIMULATED = "SIMULATED"
    TAPE = "TAPE"


class Side(StrEnum):
    """Name the side of a trade's aggressor or of an order."""

    BUY = "BUY"
    SELL = "SELL"


class FeedCondition(StrEnum):
    """Name what a feed did; every frame that yields no market event yields one of these."""

    OPENED = "OPENED"
    CLOSED = "CLOSED"
    HANDED_OVER = "HANDED_OVER"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    REFUSED = "REFUSED"
    HEARTBEAT = "HEARTBEAT"
    SHUTDOWN_ANNOUNCED = "SHUTDOWN_ANNOUNCED"
    BUFFERING = "BUFFERING"
    SYNCED = "SYNCED"
    DROPPED_BEFORE_SYNC = "DROPPED_BEFORE_SYNC"
    GAP = "GAP"
    TRADES_MISSING = "TRADES_MISSING"
    DUPLICATE = "DUPLICATE"
    LATE = "LATE"
    STALE_SNAPSHOT = "STALE_SNAPSHOT"
    MALFORMED = "MALFORMED"
    OFF_QUANTUM = "OFF_QUANTUM"
    UNKNOWN = "UNKNOWN"
    OVERFLOW = "OVERFLOW"
    CROSSED = "CROSSED"
    DRIFT = "DRIFT"
    STALE = "STALE"


DECODE_ERRORS = frozenset(
    {FeedCondition.MALFORMED, FeedCondition.OFF_QUANTUM, FeedCondition.UNKNOWN}
)
