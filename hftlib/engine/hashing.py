"""The two hashes of a run: equal runs have equal hashes, and nothing else has.

run_hash: SHA-256 over every fact with all its stamps, in order; equal when a recording is replayed.
fact_hash: one SHA-256 a lane (venue, connection) over update ids, integer books and event-time
facts, the lanes combined in sorted order; receive stamps, reasons and STALE are left out, so that
loopback sockets, replay and batch agree. Signals are left out too, for they are floats.
part_hash: as run_hash, over the facts since the last `begin_part`: a tape that continues another
can be verified by it alone.

Facts are encoded as they come, which is most of the work, and digested in bulk: a live run has
that done elsewhere, off its loop (`cut` here, `digest` there).
"""

import hashlib
from collections.abc import Callable
from typing import Any, Final

import msgspec

from hftlib.core.events import (
    BestBidOffer,
    Candle,
    FeedStatus,
    MarkPrice,
    PartialDepth,
    SnapshotRequest,
    Statistics24h,
    Trade,
)
from hftlib.core.frames import Frame
from hftlib.core.states import BookState
from hftlib.engine.facts import BookFact, Fact
from hftlib.signals.signal import Signal

_encoder: Final = msgspec.msgpack.Encoder()
_encode: Final = _encoder.encode
_encode_into: Final = _encoder.encode_into
_STALE: Final = BookState.STALE

DIGEST_BYTES: Final = 1 << 18
"""Encoded facts are digested at this many bytes, unless somebody else cuts them before."""

Lane = tuple[str, str]


class Chunk(msgspec.Struct, frozen=True):
    """Hold encoded facts that wait to be digested: all of them, and those of each lane."""

    run: bytearray
    lanes: dict[Lane, bytearray]


class Hashes(msgspec.Struct, frozen=True):
    """Carry the three hashes."""

    run_hash: str
    fact_hash: str
    part_hash: str


class RunHasher:
    """Digest the facts of a run as they come.

    With `deferred` the facts are only encoded; `cut` takes them away and `digest` may be called
    with what was cut, in order, in one other thread. The hashes are of what was digested.
    """

    __slots__ = ("_chunk", "_is_deferred", "_lanes", "_part", "_run")

    def __init__(self, *, deferred: bool = False) -> None:
        """Begin a run with no facts."""
        self._run = hashlib.sha256()
        self._part = hashlib.sha256()
        self._lanes: dict[Lane, Any] = {}
        self._chunk = Chunk(bytearray(), {})
        self._is_deferred = deferred

    def add(self, venue: str, connection: str, facts: list[Fact]) -> None:
        """Add the facts that one frame of the lane (venue, connection) yielded, in order."""
        run, lanes = self._chunk.run, self._chunk.lanes
        lane = lanes.get((venue, connection))
        if lane is None:
            lane = lanes[venue, connection] = bytearray()
        for fact in facts:
            name, timeless = _HOW[type(fact)]
            run += name
            _encode_into(fact, run, -1)
            kept = timeless(fact)
            if kept is not None:
                _encode_into(kept, lane, -1)
        if not self._is_deferred and len(run) > DIGEST_BYTES:
            self.digest(self.cut())

    def hear(self, frame: Frame, facts: list[Fact]) -> None:
        """Add the facts of one frame."""
        self.add(frame.venue, frame.connection, facts)

    def cut(self) -> Chunk:
        """Take away the facts that were encoded since the last time."""
        chunk = self._chunk
        self._chunk = Chunk(bytearray(), {})
        return chunk

    def digest(self, chunk: Chunk) -> None:
        """Digest facts that were cut."""
        self._run.update(chunk.run)
        self._part.update(chunk.run)
        for lane, encoded in chunk.lanes.items():
            digest = self._lanes.get(lane)
            if digest is None:
                digest = self._lanes[lane] = hashlib.sha256()
            digest.update(encoded)

    def begin_part(self) -> None:
        """Begin `part_hash` anew behind what was digested."""
        self._part = hashlib.sha256()

    def hashes(self) -> Hashes:
        """Return the hashes of everything digested; what was not cut yet is digested first.

        With `deferred` nothing is cut here.
        """
        if not self._is_deferred:
            self.digest(self.cut())
        combined = hashlib.sha256()
        for (venue, connection), lane in sorted(self._lanes.items()):
            combined.update(_encode((venue, connection, lane.digest())))
        return Hashes(self._run.hexdigest(), combined.hexdigest(), self._part.hexdigest())

    def run_hash(self) -> str:
        """Return the hash over all facts so far, stamps included."""
        return self.hashes().run_hash

    def fact_hash(self) -> str:
        """Return the hash over event-time facts so far, independent of how lanes interleave."""
        return self.hashes().fact_hash


# What of a fact does not depend on when and through what it was received.


def _book(fact: BookFact) -> tuple[Any, ...] | None:
    if fact.state is _STALE:
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


def _trade(fact: Trade) -> tuple[Any, ...]:
    return (
        "trade",
        fact.symbol,
        fact.ts_event,
        fact.trade_id,
        fact.price_ticks,
        fact.size_quanta,
        fact.side,
    )


def _best(fact: BestBidOffer) -> tuple[Any, ...]:
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


def _nothing(_fact: Fact) -> None:
    return None


def _without_receipt(fact: msgspec.Struct) -> tuple[Any, ...]:
    kept = (getattr(fact, field) for field in fact.__struct_fields__ if field != "ts_recv")
    return (type(fact).__name__, *kept)


_TIMELESS: Final[dict[type, Callable[[Any], tuple[Any, ...] | None]]] = {
    BookFact: _book,
    Trade: _trade,
    BestBidOffer: _best,
    FeedStatus: _nothing,
    SnapshotRequest: _nothing,
    Signal: _nothing,
    PartialDepth: _without_receipt,
    Candle: _without_receipt,
    Statistics24h: _without_receipt,
    MarkPrice: _without_receipt,
}
_HOW: Final = {kind: (kind.__name__.encode(), how) for kind, how in _TIMELESS.items()}
