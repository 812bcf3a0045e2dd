"""Facts: the immutable outputs of the engine."""

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
from hftlib.core.states import BookState
from hftlib.signals.signal import Signal


class BookFact(msgspec.Struct, frozen=True, gc=False):
    """State the top of a book after an update or a change of its state; a missing side is None."""

    venue: str
    symbol: str
    ts_event: int | None
    ts_recv: int
    state: BookState
    verified: bool
    reason: str
    last_update_id: int
    bid_ticks: int | None
    bid_quanta: int | None
    ask_ticks: int | None
    ask_quanta: int | None


Passed = (
    Trade
    | BestBidOffer
    | PartialDepth
    | Candle
    | Statistics24h
    | MarkPrice
    | FeedStatus
    | SnapshotRequest
)
"""Events that are facts as they stand: the engine hands them on."""

Fact = BookFact | Signal | Passed
