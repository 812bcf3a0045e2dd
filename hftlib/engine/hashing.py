"""The two hashes of a run: equal runs have equal hashes, and nothing else has.

run_hash: SHA-256 over every fact with all its stamps, in order; equal when a recording is replayed.
fact_hash: one SHA-256 a lane (venue, connection) over update ids, integer books and event-time
facts, the lanes combined in sorted order; receive stamps, reasons and STALE are left out, so that
loopback sockets, replay and batch agree.
"""

import hashlib
from typing import Any, Final

import msgspec

from hftlib.core.events import BestBidOffer, FeedStatus, SnapshotRequest, Trade
from hftlib.core.states import BookState
from hftlib.engine.facts import BookFact, Fact

_encode: Final = msgspec.msgpack.Encoder().encode


class RunHasher:
    """Digest the facts of a run as they come."""

    __slots__ = ("_lanes", "_run")

    def __init__(self) -> None:
        """Begin a run with no facts."""
        self._run = hashlib.sha256()
        self._lanes: dict[tuple[str, str], Any] = {}

    def add(self, venue: str, connection: str, facts: list[Fact]) -> None:
        """Add the facts that one frame of the lane (venue, connection) yielded, in order."""
        lane = self._lanes.get((venue, connection))
        if lane is None:
            lane = self._lanes[venue, connection] = hashlib.sha256()
        for fact in facts:
            self._run.update(type(fact).__name__.encode() + _encode(fact))
            timeless = _timeless(fact)
            if timeless is not None:
                lane.update(_encode(timeless))

    def run_hash(self) -> str:
        """Return the hash over all facts so far, stamps included."""
        return self._run.hexdigest()

    def fact_hash(self) -> str:
        """Return the hash over event-time facts so far, independent of how lanes interleave."""
        combined = hashlib.sha256()
        for (venue, connection), lane in sorted(self._lanes.items()):
            combined.update(_encode((venue, connection, lane.digest())))
        return combined.hexdigest()


def _timeless(fact: Fact) -> tuple[Any, ...] | None:
    """Return what of a fact does not depend on when and through what it was received."""
    if isinstance(fact, BookFact):
        if fact.state is BookState.STALE:
            return None
        return (
            "book",
            fact.symbol,
            fact.ts_event,
            fact.state,
            fact.last_update_id,
            fact.bid_ticks,
            fact.bid_quanta,
            fact.ask_ticks,
            fact.ask_quanta,
        )
    if isinstance(fact, Trade):
        return (
            "trade",
            fact.symbol,
            fact.ts_event,
            fact.trade_id,
            fact.price_ticks,
            fact.size_quanta,
            fact.side,
        )
    if isinstance(fact, BestBidOffer):
        return (
            "best",
            fact.symbol,
            fact.ts_event,
            fact.update_id,
            fact.bid_ticks,
            fact.bid_quanta,
            fact.ask_ticks,
            fact.ask_quanta,
        )
    if isinstance(fact, FeedStatus | SnapshotRequest):
        return None
    return (type(fact).__name__, *_without_receipt(fact))


def _without_receipt(fact: msgspec.Struct) -> tuple[Any, ...]:
    return tuple(getattr(fact, field) for field in fact.__struct_fields__ if field != "ts_recv")
