"""Coinbase Advanced Trade's session: one counter per connection, books pushed as snapshots.

The local book, step by step:

1. Open the connection, subscribe level2 (it arrives as channel l2_data) and heartbeats, which
   keep quiet connections open; one channel per message.
2. Check sequence_num of every frame of the connection before anything is left out (see
   connection_sequence). A gap distrusts every book of the connection and asks for new
   subscriptions: no REST body joins to this stream.
3. The first l2_data event of a product is its snapshot (up to 5 MB): the whole book.
4. Every l2_data update holds absolute sizes, "0" deletes; apply all of its changes in order.
   A frame may carry several events and several products.
5. A frame that cannot be read does not move the counter, unless it is of a channel that carries
   no book: the next frame then shows the gap, and the books begin anew. A channel or product
   met for the first time and not known here may be a garbled name: the books begin anew, too.

`last_update_id` of a book is the sequence_num of the frame that changed it last. market_trades
come newest first and are passed on oldest first; their first batch is marked historical.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final, TypeVar

import msgspec

from hftlib.core.events import BookDelta, BookSnapshot, Event, FeedStatus, Layout, MarketEvent
from hftlib.core.frames import Frame, FrameKind
from hftlib.core.instrument import Instrument
from hftlib.core.states import FeedCondition
from hftlib.core.venue import COINBASE
from hftlib.venues.coinbase import advanced_messages as messages
from hftlib.venues.coinbase.advanced_market import AdvancedMarket
from hftlib.venues.coinbase.advanced_rest import AdvancedRest
from hftlib.venues.coinbase.connection_sequence import ConnectionSequence, Order
from hftlib.venues.coinbase.pushed_books import PushedBooks
from hftlib.venues.coinbase.strangers import Strangers
from hftlib.venues.coinbase.trades import Trades
from hftlib.venues.counters import Reporter
from hftlib.venues.failures import DECODE_FAILURES, MalformedError, condition_of
from hftlib.venues.scale import Scales
from hftlib.venues.stamps import iso_ns

Row = TypeVar("Row")

_NOT_MODELLED: Final = frozenset({"user", "status", "futures_balance_summary"})
_decoder: Final = msgspec.json.Decoder
_read_head: Final = _decoder(messages.Head).decode
_read_level2: Final = _decoder(messages.Envelope[messages.Level2]).decode
_read_trades: Final = _decoder(messages.Envelope[messages.MarketTrades]).decode
_read_tickers: Final = _decoder(messages.Envelope[messages.Tickers]).decode
_read_candles: Final = _decoder(messages.Envelope[messages.Candles]).decode
_read_subscriptions: Final = _decoder(messages.Envelope[messages.Subscriptions]).decode
_read_heartbeats: Final = _decoder(messages.Envelope[messages.Heartbeat]).decode

_CHANNEL: Final = b'{"channel":"'
_NAME_AT: Final = len(_CHANNEL)


class AdvancedSession:
    """Decode Coinbase Advanced Trade's frames and keep its books in sequence."""

    def __init__(self, instruments: Mapping[str, Instrument]) -> None:
        self.venue = COINBASE
        self.reporter = Reporter(COINBASE, instruments)
        self._scales = Scales(instruments)
        self._market = AdvancedMarket(self._scales)
        self._books = PushedBooks(self.reporter)
        self._trades = Trades(self.reporter)
        self._rest = AdvancedRest(self._market, self._trades, self.reporter)
        self._strangers = Strangers()
        self._sequences: dict[str, ConnectionSequence] = {}
        self._channels: dict[bytes, Callable[[Frame], list[Event]]] = {
            b"l2_data": self._level2,
            b"market_trades": self._market_trades,
            b"ticker": self._tickers,
            b"ticker_batch": self._tickers,
            b"candles": self._candles,
            b"subscriptions": self._subscriptions,
            b"heartbeats": self._heartbeats,
        }

    def receive(self, frame: Frame) -> list[Event]:
        """Return what a frame means: at least one event, never an exception."""
        self.reporter.of_connection(frame.connection).frames += 1
        if frame.kind is not FrameKind.WS:
            return self._receive_other(frame)
        payload = frame.payload
        name = payload[_NAME_AT : payload.find(b'"', _NAME_AT)]
        channel = self._channels.get(name) if payload.startswith(_CHANNEL) else None
        try:
            return self._any(frame) if channel is None else channel(frame)
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
        """Say whether the book of a symbol has its snapshot and nothing was lost since."""
        return self._books.is_synced(symbol)

    def checkpoint(self) -> dict[str, object]:
        """Return the whole state as plain values that MessagePack can hold."""
        return {
            "books": self._books.dump(),
            "sequences": {name: kept.dump() for name, kept in self._sequences.items()},
            "trades": self._trades.dump(),
            "strangers": self._strangers.dump(),
            "counters": self.reporter.dump(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take the state of a checkpoint."""
        self._books.load(state["books"])
        self._sequences = {name: ConnectionSequence() for name in state["sequences"]}
        for name, kept in state["sequences"].items():
            self._sequences[name].load(kept)
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
            self._sequences[frame.connection] = ConnectionSequence()
            opened = self._tell(frame, FeedCondition.OPENED, frame.request)
            return [opened, *self._books.forget(frame, "connection opened anew")]
        if kind is FrameKind.CLOSED:
            self._sequences.pop(frame.connection, None)
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

    def _fail(self, frame: Frame, failure: Exception) -> Event:
        return self._tell(frame, condition_of(failure), f"{type(failure).__name__}: {failure}")

    def _failed(self, frame: Frame, failure: Exception) -> list[Event]:
        """Report a frame that could not be read; its number counts only where no book is lost."""
        told = self._fail(frame, failure)
        try:
            head = _read_head(frame.payload)
        except DECODE_FAILURES:
            return [told]
        if head.sequence_num is None or head.channel in ("l2_data", ""):
            return [told]
        _, events = self._order(frame, head.sequence_num)
        return [told, *events]

    # sequence ----------------------------------------------------------------------------------

    def _order(self, frame: Frame, number: int) -> tuple[bool, list[Event]]:
        """Return whether a frame is to be used, and what its number tells."""
        sequence = self._sequences.get(frame.connection)
        if sequence is None:
            sequence = self._sequences[frame.connection] = ConnectionSequence()
        last = sequence.last
        order = sequence.check(number)
        if order is Order.NEXT:
            return True, []
        reason = f"sequence_num {number} after {last}"
        if order is Order.GAP:
            books = self._books.distrust_all(frame, reason)
            return True, books or [self._tell(frame, FeedCondition.GAP, reason)]
        is_same = order is Order.DUPLICATE
        condition = FeedCondition.DUPLICATE if is_same else FeedCondition.LATE
        return False, [self._tell(frame, condition, reason)]

    # channels ----------------------------------------------------------------------------------

    def _level2(self, frame: Frame) -> list[Event]:
        data = _read_level2(frame.payload)
        ts_event = iso_ns(data.timestamp)
        is_used, events = self._order(frame, data.sequence_num)
        if is_used:
            for change in data.events:
                events += self._change(change, data.sequence_num, ts_event, frame)
        return events or [self._tell(frame, FeedCondition.ACKNOWLEDGED, "l2_data without events")]

    def _change(
        self, change: messages.Level2, number: int, ts_event: int, frame: Frame
    ) -> list[Event]:
        try:
            symbol = self._market.require(change.product_id)
        except DECODE_FAILURES as failure:
            return [self._fail(frame, failure), *self._stranger(frame, change.product_id)]
        book = self._books.of(symbol)
        book.counters.frames += 1
        if change.type == "update":
            delta = BookDelta(
                COINBASE,
                symbol,
                ts_event,
                frame.ts_recv,
                number,
                number,
                Layout.UPDATES,
                changes=change.updates,
            )
            return self._books.follow(book, delta, frame)
        if change.type != "snapshot":
            reason = f"l2_data event of type {change.type[:40]!r}"
            told = self.reporter.status(frame, FeedCondition.MALFORMED, reason, symbol=symbol)
            return [told, *self.distrust(symbol, reason, frame.ts_recv)]
        snapshot = BookSnapshot(
            COINBASE,
            symbol,
            ts_event,
            frame.ts_recv,
            number,
            Layout.UPDATES,
            changes=change.updates,
        )
        return self._books.begin(book, snapshot, frame, f"snapshot at sequence_num {number}")

    def _market_trades(self, frame: Frame) -> list[Event]:
        data = _read_trades(frame.payload)
        is_used, events = self._order(frame, data.sequence_num)
        if is_used:
            for batch in data.events:
                events += self._batch(batch, frame)
        return events or [self._tell(frame, FeedCondition.ACKNOWLEDGED, "no trades")]

    def _batch(self, batch: messages.MarketTrades, frame: Frame) -> list[Event]:
        historical = batch.type == "snapshot"
        failures: list[Event] = []
        trades = []
        for row in reversed(batch.trades):
            try:
                trades.append(self._market.trade(row, frame, historical=historical))
            except DECODE_FAILURES as failure:
                failures.append(self._fail(frame, failure))
        return failures + self._trades.take(trades, frame)

    def _tickers(self, frame: Frame) -> list[Event]:
        data = _read_tickers(frame.payload)
        ts_event = iso_ns(data.timestamp)
        is_used, events = self._order(frame, data.sequence_num)
        if is_used:
            rows = (row for event in data.events for row in event.tickers)
            events += self._each(rows, frame, partial(self._market.ticker, ts_event=ts_event))
        return events or [self._tell(frame, FeedCondition.ACKNOWLEDGED, "no tickers")]

    def _candles(self, frame: Frame) -> list[Event]:
        data = _read_candles(frame.payload)
        ts_event = iso_ns(data.timestamp)
        is_used, events = self._order(frame, data.sequence_num)
        if is_used:
            rows = (row for event in data.events for row in event.candles)
            events += self._each(rows, frame, partial(self._market.candles, ts_event=ts_event))
        return events or [self._tell(frame, FeedCondition.ACKNOWLEDGED, "no candles")]

    def _each(
        self,
        rows: Iterable[Row],
        frame: Frame,
        make: Callable[[Row, Frame], list[MarketEvent]],
    ) -> list[Event]:
        """Return the events of every row; a row that fails spoils no other."""
        events: list[Event] = []
        lane = self.reporter.of_connection(frame.connection)
        for row in rows:
            try:
                made = make(row, frame)
            except DECODE_FAILURES as failure:
                events.append(self._fail(frame, failure))
                continue
            lane.market_events += len(made)
            events.extend(made)
        return events

    def _subscriptions(self, frame: Frame) -> list[Event]:
        data = _read_subscriptions(frame.payload)
        names = sorted({name for event in data.events for name in event.subscriptions})
        reason = f"subscribed: {', '.join(names)}"
        return self._only(frame, data.sequence_num, FeedCondition.ACKNOWLEDGED, reason)

    def _heartbeats(self, frame: Frame) -> list[Event]:
        data = _read_heartbeats(frame.payload)
        counters = [str(event.heartbeat_counter)[:24] for event in data.events]
        reason = f"heartbeat {', '.join(counters)}"
        return self._only(frame, data.sequence_num, FeedCondition.HEARTBEAT, reason)

    def _only(
        self, frame: Frame, number: int, condition: FeedCondition, reason: str
    ) -> list[Event]:
        """Return what the number tells, and one status when the frame is to be used."""
        is_used, events = self._order(frame, number)
        return [*events, self._tell(frame, condition, reason)] if is_used else events

    def _any(self, frame: Frame) -> list[Event]:
        """Read a frame of another spelling, of a channel not modelled, or an error."""
        head = _read_head(frame.payload)
        channel = self._channels.get(head.channel.encode())
        if channel is not None:
            return channel(frame)
        if not head.channel and (head.type == "error" or head.message):
            return [self._tell(frame, FeedCondition.REFUSED, head.message or "error")]
        if head.sequence_num is None:
            raise MalformedError("neither a channel with a sequence_num nor an error")
        if head.channel in _NOT_MODELLED:
            reason = f"known, not modelled: {head.channel}"
            return self._only(frame, head.sequence_num, FeedCondition.ACKNOWLEDGED, reason)
        reason = f"unknown channel {head.channel[:40]!r}"
        events = self._only(frame, head.sequence_num, FeedCondition.UNKNOWN, reason)
        return [*events, *self._stranger(frame, head.channel)]

    def _stranger(self, frame: Frame, name: str) -> list[Event]:
        """Distrust the connection's books where an unknown name is met for the first time."""
        if not self._strangers.is_new(name):
            return []
        return self._books.distrust_all(frame, f"{name[:40]!r} may be a garbled name")
