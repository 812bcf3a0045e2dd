"""Stored events: snapshots, level changes and trades of one instrument as flat integer arrays."""

from array import array
from collections.abc import Iterable

import msgspec
import numpy as np

from hftlib.book.book import Book, Outcome
from hftlib.book.layout import Ints
from hftlib.core.events import BookDelta, BookSnapshot, Event, FeedStatus, Layout, LevelText, Trade
from hftlib.core.instrument import Instrument
from hftlib.core.states import Side
from hftlib.features.admission import TradeGate, breaks_trust, time_of
from hftlib.features.layout import DELTA, FORGET, SNAPSHOT, TRADE

Levels = list[tuple[int, int]]
_BID_WORDS = ("bid", "buy")


class Rows(msgspec.Struct, frozen=True, eq=False):
    """Hold events as columns, in the order of their arrival; all are C-contiguous int64.

    Row r is of `kinds[r]` (layout.DELTA, SNAPSHOT, TRADE, FORGET) at `stamps[r]` (ns: event time,
    receive time where there is none). Its bids are `ticks` and `quanta` from starts[2r] to
    starts[2r+1], its asks those up to starts[2r+2]; a trade is one level, among the bids where its
    buyer took, else among the asks. FORGET says that the book is not trusted from there on.
    """

    kinds: Ints
    stamps: Ints
    starts: Ints
    ticks: Ints
    quanta: Ints

    @property
    def levels(self) -> int:
        """Return how many levels and trades are stored."""
        return int(self.ticks.size)


def rows_of(events: Iterable[Event], instrument: Instrument) -> Rows:
    """Store the events of one instrument; those of others and of other kinds are passed over.

    A book is driven along, so that a frame it refuses, or finds crossed, ends the trust here as it
    does live.
    """
    builder = _Builder(instrument)
    for event in events:
        if isinstance(event, FeedStatus):
            if breaks_trust(event, instrument):
                builder.forget(event.ts_event)
        elif (event.venue, event.symbol) != (instrument.venue, instrument.symbol):
            continue
        elif isinstance(event, BookSnapshot | BookDelta):
            builder.add_frame(event)
        elif isinstance(event, Trade):
            builder.add_trade(event)
    return builder.rows()


def levels_of(event: BookSnapshot | BookDelta, instrument: Instrument) -> tuple[Levels, Levels]:
    """Return bids and asks of an event as (ticks, quanta), in the order of the text.

    Raises DecimalError and msgspec.MsgspecError for text that a book refuses.
    """
    if event.layout is Layout.PAIRS:
        return _pairs(event.bids, instrument), _pairs(event.asks, instrument)
    if event.layout is Layout.OBJECTS:
        return _objects(event.bids, instrument), _objects(event.asks, instrument)
    sides: tuple[Levels, Levels] = ([], [])
    for side, price, size in _mixed(event.changes, event.layout):
        sides[side not in _BID_WORDS].append(_level(price, size, instrument))
    return sides


class _Object(msgspec.Struct):
    price: msgspec.Raw
    size: msgspec.Raw


class _Update(msgspec.Struct):
    side: str
    price_level: msgspec.Raw
    new_quantity: msgspec.Raw


def _level(
    price: LevelText | str, size: LevelText | str, instrument: Instrument
) -> tuple[int, int]:
    return instrument.price_ticks(_plain(price)), instrument.size_quanta(_plain(size))


def _plain(cell: LevelText | str) -> str:
    return cell if isinstance(cell, str) else bytes(cell).decode().strip('"')


def _pairs(text: LevelText, instrument: Instrument) -> Levels:
    rows = msgspec.json.decode(text, type=list[list[msgspec.Raw]])
    return [_level(row[0], row[1], instrument) for row in rows]


def _objects(text: LevelText, instrument: Instrument) -> Levels:
    rows = msgspec.json.decode(text, type=list[_Object])
    return [_level(row.price, row.size, instrument) for row in rows]


def _mixed(text: LevelText, layout: Layout) -> list[tuple[str, LevelText, LevelText]]:
    if layout is Layout.CHANGES:
        rows = msgspec.json.decode(text, type=list[list[msgspec.Raw]])
        return [(_plain(row[0]), row[1], row[2]) for row in rows]
    updates = msgspec.json.decode(text, type=list[_Update])
    return [(each.side, each.price_level, each.new_quantity) for each in updates]


class _Builder:
    """Collect rows."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._book = Book(instrument)
        self._gate = TradeGate()
        self._kinds, self._stamps = array("q"), array("q")
        self._starts, self._ticks, self._quanta = array("q", [0]), array("q"), array("q")

    def add_frame(self, event: BookSnapshot | BookDelta) -> None:
        if isinstance(event, BookSnapshot):
            kind, outcome = SNAPSHOT, self._book.apply_snapshot(event)
        else:
            kind, outcome = DELTA, self._book.apply_delta(event)
        if outcome is Outcome.APPLIED or outcome is Outcome.CROSSED:
            bids, asks = levels_of(event, self._instrument)
            self._add(kind, time_of(event), bids, asks)
        if outcome is not Outcome.APPLIED:
            self.forget(time_of(event))

    def add_trade(self, trade: Trade) -> None:
        if self._gate.admits(trade):
            level = [(trade.price_ticks, trade.size_quanta)]
            is_buy = trade.side is Side.BUY
            self._add(TRADE, time_of(trade), level if is_buy else [], [] if is_buy else level)

    def forget(self, ts_event: int | None) -> None:
        """End the trust at an event time, or at the latest one so far."""
        if ts_event is None and not self._stamps:
            return
        self._add(FORGET, max(self._stamps) if ts_event is None else ts_event, [], [])

    def _add(self, kind: int, stamp: int, bids: Levels, asks: Levels) -> None:
        self._kinds.append(kind)
        self._stamps.append(stamp)
        for levels in (bids, asks):
            self._ticks.extend(ticks for ticks, _ in levels)
            self._quanta.extend(quanta for _, quanta in levels)
            self._starts.append(len(self._ticks))

    def rows(self) -> Rows:
        columns = (self._kinds, self._stamps, self._starts, self._ticks, self._quanta)
        return Rows(*(np.array(column, dtype=np.int64) for column in columns))
