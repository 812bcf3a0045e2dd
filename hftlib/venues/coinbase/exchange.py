"""Coinbase Exchange's session: books without any sequence, and what can be defended all the same.

The local book, step by step:

1. Open the connection and subscribe within 5 s: level2_batch (level2 where credentials exist),
   matches, ticker, heartbeat.
2. The snapshot is the whole book. l2update changes are absolute, "0" or "0.00000000" deletes.
3. Neither carries a sequence or a checksum: a lost frame cannot be seen. `verified` is False, and
   `last_update_id` only counts the messages of the product that arrived here.
4. Defences. An update older than the one before (its `time` goes back) says that frames were
   reordered: the book is distrusted. The same update twice running is dropped and counted. A
   snapshot may come again at any time and replaces the book. Whoever holds the book checks that
   it is not crossed, and compares it with REST (which arrives as PartialDepth) now and then.
5. A frame that is garbled may have been an update: if it can still be seen of which product, that
   book is distrusted, else every book of the connection. The same goes for a frame of a product
   or a type that is not known here and is met for the first time: the name may be garbled.

Trades: `side` of match and last_match is the maker's and is turned. trade_id is contiguous per
product; missing ones are counted as TRADES_MISSING, also when a heartbeat's last_trade_id tells
of them. `sequence` counts the full feed, so matches skip numbers; it is not used.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from hftlib.core.events import BookDelta, BookSnapshot, Event, FeedStatus, Layout
from hftlib.core.frames import Frame, FrameKind
from hftlib.core.instrument import Instrument
from hftlib.core.states import FeedCondition
from hftlib.core.venue import COINBASE_EXCHANGE
from hftlib.venues.coinbase import exchange_messages as messages
from hftlib.venues.coinbase.exchange_market import ExchangeMarket
from hftlib.venues.coinbase.exchange_rest import ExchangeRest
from hftlib.venues.coinbase.pushed_books import PushedBooks
from hftlib.venues.coinbase.strangers import Strangers
from hftlib.venues.coinbase.trades import Trades
from hftlib.venues.counters import Reporter
from hftlib.venues.failures import DECODE_FAILURES, condition_of
from hftlib.venues.scale import Scales
from hftlib.venues.stamps import iso_ns

_NOT_MODELLED: Final = frozenset(
    {"status", "received", "open", "done", "change", "activate", "auction", "rfq_match", "balance"}
)
_BOOKLESS: Final = _NOT_MODELLED | {
    "match",
    "last_match",
    "ticker",
    "heartbeat",
    "subscriptions",
    "error",
}
"""Types whose frames change no book, garbled or not."""
_decoder: Final = msgspec.json.Decoder
_read_head: Final = _decoder(messages.Head).decode
_read_snapshot: Final = _decoder(messages.Snapshot).decode
_read_update: Final = _decoder(messages.Update).decode
_read_match: Final = _decoder(messages.Match).decode
_read_ticker: Final = _decoder(messages.Ticker).decode
_read_heartbeat: Final = _decoder(messages.Heartbeat).decode
_read_subscriptions: Final = _decoder(messages.Subscriptions).decode

_TYPE: Final = b'{"type":"'
_NAME_AT: Final = len(_TYPE)


class _Stream:
    """Remember of one product what tells reordered and repeated updates."""

    __slots__ = ("changes", "count", "time")

    def __init__(self) -> None:
        self.count = 0
        self.time = -1
        self.changes = b""


class ExchangeSession:
    """Decode Coinbase Exchange's frames; its books are never verified."""

    def __init__(self, instruments: Mapping[str, Instrument]) -> None:
        self.venue = COINBASE_EXCHANGE
        self.reporter = Reporter(COINBASE_EXCHANGE, instruments)
        self._market = ExchangeMarket(Scales(instruments))
        self._books = PushedBooks(self.reporter)
        self._trades = Trades(self.reporter)
        self._rest = ExchangeRest(self._market, self._trades, self.reporter)
        self._strangers = Strangers()
        self._seen: dict[str, _Stream] = {}
        self._types: dict[bytes, Callable[[Frame], list[Event]]] = {
            b"l2update": self._update,
            b"snapshot": self._snapshot,
            b"match": self._match,
            b"last_match": self._match,
            b"ticker": self._ticker,
            b"heartbeat": self._heartbeat,
            b"subscriptions": self._subscriptions,
        }

    def receive(self, frame: Frame) -> list[Event]:
        """Return what a frame means: at least one event, never an exception."""
        self.reporter.of_connection(frame.connection).frames += 1
        if frame.kind is not FrameKind.WS:
            return self._receive_other(frame)
        payload = frame.payload
        name = payload[_NAME_AT : payload.find(b'"', _NAME_AT)]
        reader = self._types.get(name) if payload.startswith(_TYPE) else None
        try:
            return self._any(frame) if reader is None else reader(frame)
        except DECODE_FAILURES as failure:
            return self._failed(frame, failure)

    def distrust(
        self,
        symbol: str,
        reason: str,
        ts_recv: int,
        condition: FeedCondition = FeedCondition.GAP,
    ) -> list[Event]:
        """Drop the sync of a book found wrong; return the status and the request to subscribe."""
        return self._books.distrust(symbol, reason, ts_recv, condition)

    def is_synced(self, symbol: str) -> bool:
        """Say whether the book of a symbol has its snapshot and nothing was seen lost since."""
        return self._books.is_synced(symbol)

    def checkpoint(self) -> dict[str, object]:
        """Return the whole state as plain values that MessagePack can hold."""
        seen = {name: [kept.count, kept.time, kept.changes] for name, kept in self._seen.items()}
        return {
            "books": self._books.dump(),
            "seen": seen,
            "trades": self._trades.dump(),
            "strangers": self._strangers.dump(),
            "counters": self.reporter.dump(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take the state of a checkpoint."""
        self._books.load(state["books"])
        self._seen.clear()
        for symbol, (count, time, changes) in state["seen"].items():
            kept = self._stream(symbol)
            kept.count, kept.time, kept.changes = count, time, bytes(changes)
        self._trades.load(state["trades"])
        self._strangers.load(state["strangers"])
        self.reporter.load(state["counters"])

    # the ways in -------------------------------------------------------------------------------

    def _receive_other(self, frame: Frame) -> list[Event]:
        kind = frame.kind
        if kind is FrameKind.REST or kind is FrameKind.POLL:
            try:
                return self._rest.read(frame) if kind is FrameKind.REST else self._poll(frame)
            except DECODE_FAILURES as failure:
                return [self._fail(frame, failure)]
        if kind is FrameKind.OPENED:
            opened = self._tell(frame, FeedCondition.OPENED, frame.request)
            return [opened, *self._books.forget(frame, "connection opened anew")]
        if kind is FrameKind.CLOSED:
            reason = frame.payload.decode("utf-8", "replace") or "connection closed"
            closed = self._tell(frame, FeedCondition.CLOSED, reason)
            return [closed, *self._books.forget(frame, reason)]
        told = self._tell(frame, FeedCondition.ACKNOWLEDGED, f"{kind} frame")
        return [told, *self._books.ask_again(frame)]

    def _poll(self, frame: Frame) -> list[Event]:
        polled = self._rest.poll(frame)
        if isinstance(polled, FeedStatus):
            return [polled]
        return self._books.poll(self._books.of(polled.symbol), polled, frame)

    def _tell(self, frame: Frame, condition: FeedCondition, reason: str) -> Event:
        return self.reporter.status(frame, condition, reason)

    def _fail(self, frame: Frame, failure: Exception, symbol: str = "") -> Event:
        reason = f"{type(failure).__name__}: {failure}"
        return self.reporter.status(frame, condition_of(failure), reason, symbol=symbol)

    def _failed(self, frame: Frame, failure: Exception) -> list[Event]:
        """Report a frame that could not be read, and distrust the books it may have changed."""
        told = self._fail(frame, failure)
        try:
            head = _read_head(frame.payload)
        except DECODE_FAILURES:
            return [told, *self._books.distrust_all(frame, "a garbled frame")]
        if head.type in _BOOKLESS:
            return [told]
        if condition_of(failure) is FeedCondition.UNKNOWN:
            return [told, *self._stranger(frame, head.product_id)]
        return [told, *self._distrust_garbled(frame, head)]

    def _distrust_garbled(self, frame: Frame, head: messages.Head) -> list[Event]:
        """Distrust the book that a garbled update names, or all where it names none."""
        reason = f"a garbled frame of type {head.type[:40]!r}"
        if self._books.knows(head.product_id):
            is_synced = self._books.is_synced(head.product_id)
            return self.distrust(head.product_id, reason, frame.ts_recv) if is_synced else []
        return self._books.distrust_all(frame, reason)

    def _stranger(self, frame: Frame, name: str) -> list[Event]:
        """Distrust the connection's books where an unknown name is met for the first time."""
        if not self._strangers.is_new(name):
            return []
        return self._books.distrust_all(frame, f"{name[:40]!r} may be a garbled name")

    # types -------------------------------------------------------------------------------------

    def _stream(self, symbol: str) -> _Stream:
        stream = self._seen.get(symbol)
        if stream is None:
            stream = self._seen[symbol] = _Stream()
        return stream

    def _snapshot(self, frame: Frame) -> list[Event]:
        data = _read_snapshot(frame.payload)
        symbol = self._market.require(data.product_id)
        ts_event = None if data.time is None else iso_ns(data.time)
        book, stream = self._books.of(symbol), self._stream(symbol)
        book.counters.frames += 1
        stream.count += 1
        stream.time, stream.changes = -1, b""
        snapshot = BookSnapshot(
            COINBASE_EXCHANGE,
            symbol,
            ts_event,
            frame.ts_recv,
            stream.count,
            Layout.PAIRS,
            data.bids,
            data.asks,
            verified=False,
        )
        return self._books.begin(book, snapshot, frame, "snapshot")

    def _update(self, frame: Frame) -> list[Event]:
        data = _read_update(frame.payload)
        symbol = self._market.require(data.product_id)
        time, changes = iso_ns(data.time), bytes(data.changes)
        book, stream = self._books.of(symbol), self._stream(symbol)
        book.counters.frames += 1
        if time == stream.time and changes == stream.changes:
            reason = "the update before again"
            return [self.reporter.status(frame, FeedCondition.DUPLICATE, reason, symbol=symbol)]
        if time < stream.time and book.is_synced:
            return self.distrust(symbol, f"time went back to {data.time[:40]}", frame.ts_recv)
        stream.count += 1
        stream.time, stream.changes = time, changes
        delta = BookDelta(
            COINBASE_EXCHANGE,
            symbol,
            time,
            frame.ts_recv,
            stream.count,
            stream.count,
            Layout.CHANGES,
            changes=data.changes,
            verified=False,
        )
        return self._books.follow(book, delta, frame)

    def _match(self, frame: Frame) -> list[Event]:
        data = _read_match(frame.payload)
        is_past = data.type == "last_match"
        trade = self._market.trade(data, data.product_id, frame, historical=is_past)
        return self._trades.take([trade], frame)

    def _ticker(self, frame: Frame) -> list[Event]:
        events = self._market.ticker(_read_ticker(frame.payload), frame)
        self.reporter.of_connection(frame.connection).market_events += len(events)
        return [*events]

    def _heartbeat(self, frame: Frame) -> list[Event]:
        data = _read_heartbeat(frame.payload)
        symbol = self._market.require(data.product_id)
        beat = self.reporter.status(
            frame,
            FeedCondition.HEARTBEAT,
            f"last trade {data.last_trade_id}",
            symbol=symbol,
            ts_event=iso_ns(data.time),
        )
        return [beat, *self._trades.last_is(symbol, data.last_trade_id, frame)]

    def _subscriptions(self, frame: Frame) -> list[Event]:
        names = ", ".join(channel.name for channel in _read_subscriptions(frame.payload).channels)
        return [self._tell(frame, FeedCondition.ACKNOWLEDGED, f"subscribed: {names}")]

    def _any(self, frame: Frame) -> list[Event]:
        """Read a frame of another spelling, of a type not modelled, or an error."""
        head = _read_head(frame.payload)
        reader = self._types.get(head.type.encode())
        if reader is not None:
            return reader(frame)
        if head.type == "error":
            reason = f"{head.message}: {head.reason}" if head.reason else head.message
            return [self._tell(frame, FeedCondition.REFUSED, reason)]
        if head.type in _NOT_MODELLED:
            reason = f"known, not modelled: {head.type}"
            return [self._tell(frame, FeedCondition.ACKNOWLEDGED, reason)]
        told = self._tell(frame, FeedCondition.UNKNOWN, f"unknown type {head.type[:40]!r}")
        return [told, *self._stranger(frame, head.type)]
