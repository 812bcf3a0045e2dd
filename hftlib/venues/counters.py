"""Counts per connection and per symbol; a status cannot be made without being counted."""

from collections import Counter
from collections.abc import Container
from typing import Final

from hftlib.core.events import FeedStatus, SnapshotRequest
from hftlib.core.frames import Frame
from hftlib.core.states import DECODE_ERRORS, FeedCondition

_LONGEST_REASON: Final = 240
WEIGHED: Final = frozenset(
    {
        FeedCondition.DROPPED_BEFORE_SYNC,
        FeedCondition.DUPLICATE,
        FeedCondition.LATE,
        FeedCondition.OVERFLOW,
        FeedCondition.TRADES_MISSING,
        FeedCondition.UNKNOWN,
    }
)
"""Conditions whose count is of messages; the others count their own occurrences."""


class Counters:
    """Count what went by: frames, deltas applied, other market events, and every feed condition."""

    __slots__ = (
        "applied",
        "conditions",
        "frames",
        "market_events",
        "snapshot_requests",
        "statuses",
    )

    def __init__(self) -> None:
        self.frames = 0
        self.market_events = 0
        self.applied = 0
        self.statuses = 0
        self.snapshot_requests = 0
        self.conditions: Counter[FeedCondition] = Counter()

    def note(self, condition: FeedCondition, count: int) -> None:
        """Count one status; those about messages weigh as many as they tell of."""
        self.statuses += 1
        self.conditions[condition] += count if condition in WEIGHED else 1

    @property
    def decode_errors(self) -> int:
        """Return how many frames or figures could not be decoded."""
        return sum(self.conditions[condition] for condition in DECODE_ERRORS)

    @property
    def gaps(self) -> int:
        """Return how often a book lost its sequence."""
        return self.conditions[FeedCondition.GAP]

    @property
    def resyncs(self) -> int:
        """Return how often a book was synced again after its first time."""
        return max(0, self.conditions[FeedCondition.SYNCED] - 1)

    @property
    def duplicates(self) -> int:
        """Return how many messages came again."""
        return self.conditions[FeedCondition.DUPLICATE]

    @property
    def late(self) -> int:
        """Return how many messages came after a newer one."""
        return self.conditions[FeedCondition.LATE]

    @property
    def dropped_before_sync(self) -> int:
        """Return how many deltas were older than the snapshot that began the book."""
        return self.conditions[FeedCondition.DROPPED_BEFORE_SYNC]

    @property
    def unknown(self) -> int:
        """Return how many frames were of a kind or of a symbol that is not known here."""
        return self.conditions[FeedCondition.UNKNOWN]

    def as_dict(self) -> dict[str, int]:
        """Return every count by its name, feed conditions in lower case."""
        told = self.market_events + self.applied + self.statuses + self.snapshot_requests
        counts = {
            "frames": self.frames,
            "events": told,
            "applied": self.applied,
            "decode_errors": self.decode_errors,
            "gaps": self.gaps,
            "resyncs": self.resyncs,
            "duplicates": self.duplicates,
            "dropped_before_sync": self.dropped_before_sync,
            "snapshot_requests": self.snapshot_requests,
        }
        for condition in FeedCondition:
            counts.setdefault(condition.lower(), self.conditions[condition])
        return counts

    def dump(self) -> dict[str, object]:
        """Return the counts as plain values for a checkpoint."""
        return {
            "frames": self.frames,
            "market_events": self.market_events,
            "applied": self.applied,
            "statuses": self.statuses,
            "snapshot_requests": self.snapshot_requests,
            "conditions": {str(name): count for name, count in self.conditions.items()},
        }

    def load(self, state: dict[str, object]) -> None:
        """Take the counts of a checkpoint."""
        for name in ("frames", "market_events", "applied", "statuses", "snapshot_requests"):
            setattr(self, name, state[name])
        conditions = state["conditions"]
        assert isinstance(conditions, dict)
        self.conditions = Counter({FeedCondition(k): v for k, v in conditions.items()})


class Reporter:
    """Make every status and request of a session, counting each where it belongs.

    A symbol is counted on its own only when it is one of `symbols`, so that hostile names cannot
    fill the memory. The connection counts everything.
    """

    def __init__(self, venue: str, symbols: Container[str]) -> None:
        self.venue = venue
        self._symbols = symbols
        self.of_connections: dict[str, Counters] = {}
        self.of_symbols: dict[str, Counters] = {}

    def of_connection(self, connection: str) -> Counters:
        """Return the counters of a connection, made at first use."""
        counters = self.of_connections.get(connection)
        if counters is None:
            counters = self.of_connections[connection] = Counters()
        return counters

    def of_symbol(self, symbol: str) -> Counters:
        """Return the counters of a symbol, made at first use."""
        counters = self.of_symbols.get(symbol)
        if counters is None:
            counters = self.of_symbols[symbol] = Counters()
        return counters

    def status(
        self,
        frame: Frame,
        condition: FeedCondition,
        reason: str,
        *,
        symbol: str = "",
        count: int = 1,
        ts_event: int | None = None,
    ) -> FeedStatus:
        """Return a counted status about a frame."""
        return self.status_at(
            frame.connection,
            frame.ts_recv,
            condition,
            reason,
            symbol=symbol,
            count=count,
            ts_event=ts_event,
        )

    def status_at(
        self,
        connection: str,
        ts_recv: int,
        condition: FeedCondition,
        reason: str,
        *,
        symbol: str = "",
        count: int = 1,
        ts_event: int | None = None,
    ) -> FeedStatus:
        """Return a counted status about a connection at a time."""
        self.of_connection(connection).note(condition, count)
        if symbol in self._symbols:
            self.of_symbol(symbol).note(condition, count)
        return FeedStatus(
            self.venue,
            connection,
            symbol,
            ts_event,
            ts_recv,
            condition,
            reason[:_LONGEST_REASON],
            count,
        )

    def request(self, connection: str, ts_recv: int, symbol: str, reason: str) -> SnapshotRequest:
        """Return a counted request for a snapshot."""
        self.of_connection(connection).snapshot_requests += 1
        if symbol in self._symbols:
            self.of_symbol(symbol).snapshot_requests += 1
        return SnapshotRequest(self.venue, connection, symbol, ts_recv, reason)

    def totals(self) -> dict[str, int]:
        """Return the counts of all connections added up; resyncs are added up over the symbols."""
        total: Counter[str] = Counter()
        for counters in self.of_connections.values():
            total.update(counters.as_dict())
        total["resyncs"] = sum(counters.resyncs for counters in self.of_symbols.values())
        return dict(total)

    def dump(self) -> dict[str, object]:
        """Return all counts as plain values for a checkpoint."""
        return {
            "connections": {name: counts.dump() for name, counts in self.of_connections.items()},
            "symbols": {name: counts.dump() for name, counts in self.of_symbols.items()},
        }

    def load(self, state: dict[str, dict[str, dict[str, object]]]) -> None:
        """Take the counts of a checkpoint, keeping the counter objects that codecs hold."""
        for name, counts in state["connections"].items():
            self.of_connection(name).load(counts)
        for name, counts in state["symbols"].items():
            self.of_symbol(name).load(counts)
