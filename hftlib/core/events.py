"""Events that the venues room makes of frames: immutable, integers, both stamps kept.

Stamps are integer nanoseconds UTC: `ts_event` the venue's (None where the venue sends none),
`ts_recv` ours. `ts_recv < ts_event` happens in real life and is never repaired. Prices are
int64 ticks, sizes int64 counts of the instrument's wire quantum.
"""

from enum import IntEnum

import msgspec

from hftlib.core.states import FeedCondition, Side

LevelText = msgspec.Raw | bytes
"""JSON text of book levels, still as the venue wrote it; the book's kernel scans the digits."""


class Layout(IntEnum):
    """Say how a venue writes levels.

    PAIRS [["price","size",...],...] · OBJECTS [{"price":..,"size":..},...] · both one text a side.
    CHANGES [["buy"|"sell","price","size"],...] · UPDATES [{"side":"bid"|"offer",
    "price_level":..,"new_quantity":..},...] · both sides mixed in one text.
    """

    PAIRS = 0
    OBJECTS = 1
    CHANGES = 2
    UPDATES = 3


class BookSnapshot(msgspec.Struct, frozen=True, gc=False):
    """Replace a whole book: one text a side in `bids` and `asks`, a mixed one in `changes`."""

    venue: str
    symbol: str
    ts_event: int | None
    ts_recv: int
    last_update_id: int
    layout: Layout
    bids: LevelText = b"[]"
    asks: LevelText = b"[]"
    changes: LevelText = b""
    verified: bool = True


class BookDelta(msgspec.Struct, frozen=True, gc=False):
    """Change levels of a book: sizes are absolute, zero deletes. Already in sequence."""

    venue: str
    symbol: str
    ts_event: int | None
    ts_recv: int
    first_update_id: int
    last_update_id: int
    layout: Layout
    bids: LevelText = b"[]"
    asks: LevelText = b"[]"
    changes: LevelText = b""
    verified: bool = True


class PartialDepth(msgspec.Struct, frozen=True, gc=False):
    """Show the top N levels of a book (Binance depth5, 10, 20): never a delta."""

    venue: str
    symbol: str
    ts_event: int | None
    ts_recv: int
    last_update_id: int
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]


class Trade(msgspec.Struct, frozen=True, gc=False):
    """Report one trade; `side` is the aggressor's.

    `aggregate` marks an aggTrade, `historical` a backfill.
    """

    venue: str
    symbol: str
    ts_event: int | None
    ts_recv: int
    trade_id: int
    price_ticks: int
    size_quanta: int
    side: Side
    aggregate: bool = False
    historical: bool = False


class BestBidOffer(msgspec.Struct, frozen=True, gc=False):
    """Show the best level of each side as a ticker channel states it; a missing side is None."""

    venue: str
    symbol: str
    ts_event: int | None
    ts_recv: int
    update_id: int | None
    bid_ticks: int | None
    bid_quanta: int | None
    ask_ticks: int | None
    ask_quanta: int | None


class Candle(msgspec.Struct, frozen=True, gc=False):
    """Report one candle; prices in ticks, volume in quanta, `interval` in the venue's words."""

    venue: str
    symbol: str
    ts_event: int | None
    ts_recv: int
    interval: str
    open_ns: int
    close_ns: int
    open_ticks: int
    high_ticks: int
    low_ticks: int
    close_ticks: int
    volume_quanta: int
    closed: bool


class Statistics24h(msgspec.Struct, frozen=True, gc=False):
    """Report a venue's own 24 h statistics as decimal text; a missing figure is None."""

    venue: str
    symbol: str
    ts_event: int | None
    ts_recv: int
    last: str | None
    open: str | None
    high: str | None
    low: str | None
    volume_base: str | None
    volume_quote: str | None


class MarkPrice(msgspec.Struct, frozen=True, gc=False):
    """Report a perpetual's mark and index price and its next funding, as decimal text."""

    venue: str
    symbol: str
    ts_event: int | None
    ts_recv: int
    mark: str
    index: str
    funding_rate: str
    next_funding_ns: int


class FeedStatus(msgspec.Struct, frozen=True, gc=False):
    """Report what a feed did; `symbol` is empty where the whole connection is meant."""

    venue: str
    connection: str
    symbol: str
    ts_event: int | None
    ts_recv: int
    condition: FeedCondition
    reason: str
    count: int = 1


class SnapshotRequest(msgspec.Struct, frozen=True, gc=False):
    """Ask whoever drives the session for a REST snapshot, or a resubscription where none exists."""

    venue: str
    connection: str
    symbol: str
    ts_recv: int
    reason: str


MarketEvent = (
    BookSnapshot
    | BookDelta
    | PartialDepth
    | Trade
    | BestBidOffer
    | Candle
    | Statistics24h
    | MarkPrice
)
Event = MarketEvent | FeedStatus | SnapshotRequest
