"""The session of every venue that is read through ccxt: whole books and trades, nothing provable.

What ccxt hands on has lost the venue's own frames, and with them every sequence number and
checksum: a gap inside ccxt cannot be seen from here. So:

1. Each book frame is a whole book and replaces the one before: the newest word wins. `verified`
   is False. `last_update_id` is the venue's nonce where ccxt passes it on, else the count of the
   symbol's books so far.
2. The first book after a connection was opened, or after distrust, is SYNCED. A frame that
   repeats the one before, byte for byte, is dropped: a DUPLICATE where it was pushed, nothing new
   where it was polled.
3. Distrust asks for a new subscription, and again every 5 s while the book is not in sync.
4. A trade whose id came among the last 1,024 of its symbol is dropped, as in 2. An id that is no
   number is digested to 62 bits. Trades stamped more than 5 s before their connection was opened
   are history. A trade without its aggressor's side cannot be told and is counted.
5. A frame that cannot be read leaves the books of its connection distrusted.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from hftlib.core.events import BookSnapshot, Event, Layout, Trade
from hftlib.core.frames import Frame, FrameKind
from hftlib.core.instrument import Instrument
from hftlib.core.states import FeedCondition, Side
from hftlib.venues.ccxt.messages import Book, Markets, Message, TradeRow, Trades
from hftlib.venues.counters import Reporter
from hftlib.venues.failures import DECODE_FAILURES, NotModelledError, condition_of
from hftlib.venues.scale import Scale, Scales
from hftlib.venues.stamps import stamp_ns

ASK_AGAIN_NS: Final = 5_000_000_000
HISTORY_NS: Final = 5_000_000_000
"""Trades that are older than their connection by more than this are history."""
TRADES_KEPT: Final = 1_024
_ID_BITS: Final = 2**62
_SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}
_read: Final = msgspec.json.Decoder(Message).decode


class _Symbol:
    """Hold what is known of one symbol: how its book stands, and which trades came last."""

    __slots__ = ("asked_ns", "connection", "count", "digest", "is_synced", "trade_ids", "trades")

    def __init__(self) -> None:
        self.connection = ""
        self.is_synced = False
        self.asked_ns: int | None = None
        self.count = 0
        self.digest = b""
        self.trades = 0
        # A dict keeps the order of arrival, so that the oldest can go.
        self.trade_ids: dict[int, None] = {}


class CcxtSession:
    """Decode the neutral layout of one ccxt venue; its books are never verified."""

    def __init__(self, venue: str, instruments: Mapping[str, Instrument]) -> None:
        self.venue = venue
        self.reporter = Reporter(venue, instruments)
        self._scales = Scales(instruments)
        self._symbols: dict[str, _Symbol] = {}
        self._opened: dict[str, int] = {}

    def receive(self, frame: Frame) -> list[Event]:
        """Return what a frame means: at least one event, never an exception."""
        self.reporter.of_connection(frame.connection).frames += 1
        try:
            if frame.kind in (FrameKind.WS, FrameKind.POLL, FrameKind.REST):
                return self._message(frame)
            return self._other(frame)
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
        one = self._symbols.get(symbol)
        connection = "" if one is None else one.connection
        told = self.reporter.status_at(connection, ts_recv, condition, reason, symbol=symbol)
        if one is None:
            return [told]
        if one.is_synced:
            one.asked_ns = None
        one.is_synced = False
        return [told, *self._ask(one, symbol, ts_recv, reason)]

    def is_synced(self, symbol: str) -> bool:
        """Say whether a whole book of the symbol came since it was opened or distrusted."""
        return symbol in self._symbols and self._symbols[symbol].is_synced

    def checkpoint(self) -> dict[str, object]:
        """Return the whole state as plain values that MessagePack can hold."""
        symbols = {
            name: [
                one.connection,
                one.is_synced,
                one.asked_ns,
                one.count,
                one.digest,
                one.trades,
                list(one.trade_ids),
            ]
            for name, one in self._symbols.items()
        }
        return {
            "symbols": symbols,
            "opened": dict(self._opened),
            "counters": self.reporter.dump(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take the state of a checkpoint."""
        self._symbols.clear()
        for name, kept in state["symbols"].items():
            one = self._symbols[name] = _Symbol()
            one.connection, one.is_synced, one.asked_ns, one.count = kept[:4]
            one.digest, one.trades = bytes(kept[4]), kept[5]
            one.trade_ids = dict.fromkeys(kept[6])
        self._opened = dict(state["opened"])
        self.reporter.load(state["counters"])

    # the ways in -------------------------------------------------------------------------------

    def _message(self, frame: Frame) -> list[Event]:
        message = _read(frame.payload)
        if isinstance(message, Book):
            return self._book(frame, message)
        if isinstance(message, Trades):
            return self._trades(frame, message)
        return [self._listed(frame, message)]

    def _other(self, frame: Frame) -> list[Event]:
        if frame.kind is FrameKind.OPENED:
            self._opened[frame.connection] = frame.ts_recv
            opened = self._tell(frame, FeedCondition.OPENED, frame.request)
            return [opened, *self._forget(frame, "connection opened anew")]
        if frame.kind is FrameKind.CLOSED:
            self._opened.pop(frame.connection, None)
            reason = frame.payload.decode("utf-8", "replace") or "connection closed"
            closed = self._tell(frame, FeedCondition.CLOSED, reason)
            return [closed, *self._forget(frame, reason)]
        told = self._tell(frame, FeedCondition.ACKNOWLEDGED, f"{frame.kind} frame")
        return [told, *self._ask_again(frame)]

    def _failed(self, frame: Frame, failure: Exception) -> list[Event]:
        """Report a frame that could not be read, and distrust what it may have told of."""
        reason = f"{type(failure).__name__}: {failure}"
        events: list[Event] = [self._tell(frame, condition_of(failure), reason)]
        for symbol, one in self._symbols.items():
            if one.is_synced and one.connection == frame.connection:
                events += self.distrust(symbol, "a garbled frame", frame.ts_recv)
        return events

    def _tell(
        self, frame: Frame, condition: FeedCondition, reason: str, symbol: str = "", count: int = 1
    ) -> Event:
        return self.reporter.status(frame, condition, reason, symbol=symbol, count=count)

    # books -------------------------------------------------------------------------------------

    def _book(self, frame: Frame, message: Book) -> list[Event]:
        symbol = self._scales[message.symbol].instrument.symbol
        one = self._symbol(symbol)
        counters = self.reporter.of_symbol(symbol)
        counters.frames += 1
        digest = hashlib.blake2b(frame.payload, digest_size=16).digest()
        if one.is_synced and digest == one.digest:
            return [self._repeated(frame, symbol, "the book before again")]
        one.connection, one.digest = frame.connection, digest
        one.count += 1
        snapshot = BookSnapshot(
            self.venue,
            symbol,
            None if message.ts is None else stamp_ns(message.ts),
            frame.ts_recv,
            one.count if message.nonce is None else message.nonce,
            Layout.PAIRS,
            message.bids,
            message.asks,
            verified=False,
        )
        counters.market_events += 1
        self.reporter.of_connection(frame.connection).market_events += 1
        return [snapshot, *self._synced(frame, symbol, one)]

    def _synced(self, frame: Frame, symbol: str, one: _Symbol) -> list[Event]:
        if one.is_synced:
            return []
        one.is_synced = True
        one.asked_ns = None
        how = "polled" if frame.kind is FrameKind.POLL else "watched"
        return [self._tell(frame, FeedCondition.SYNCED, f"a whole book, {how} by ccxt", symbol)]

    def _repeated(self, frame: Frame, symbol: str, reason: str, count: int = 1) -> Event:
        """Tell of what came again: expected where it is polled, a duplicate where it is pushed."""
        is_polled = frame.kind is FrameKind.POLL
        condition = FeedCondition.ACKNOWLEDGED if is_polled else FeedCondition.DUPLICATE
        return self._tell(frame, condition, reason, symbol, count)

    def _symbol(self, symbol: str) -> _Symbol:
        one = self._symbols.get(symbol)
        if one is None:
            one = self._symbols[symbol] = _Symbol()
        return one

    def _forget(self, frame: Frame, reason: str) -> list[Event]:
        """Drop every book of a connection that was closed or opened anew."""
        events: list[Event] = []
        for symbol, one in self._symbols.items():
            if one.connection == frame.connection:
                one.is_synced = False
                one.asked_ns = None
                one.connection, one.digest = "", b""
                events.append(self._tell(frame, FeedCondition.CLOSED, reason, symbol))
        return events

    def _ask(self, one: _Symbol, symbol: str, ts_recv: int, reason: str) -> list[Event]:
        """Return a request, unless one was made a short while ago."""
        if one.asked_ns is not None and ts_recv - one.asked_ns < ASK_AGAIN_NS:
            return []
        one.asked_ns = ts_recv
        return [self.reporter.request(one.connection, ts_recv, symbol, reason)]

    def _ask_again(self, frame: Frame) -> list[Event]:
        events: list[Event] = []
        for symbol, one in self._symbols.items():
            if one.asked_ns is not None:
                events += self._ask(one, symbol, frame.ts_recv, "no book came")
        return events

    # trades ------------------------------------------------------------------------------------

    def _trades(self, frame: Frame, message: Trades) -> list[Event]:
        scale = self._scales[message.symbol]
        symbol = scale.instrument.symbol
        events: list[Event] = []
        repeated = 0
        for row in message.trades:
            try:
                trade = self._trade(frame, scale, row)
            except DECODE_FAILURES as failure:
                reason = f"{type(failure).__name__}: {failure}"
                events.append(self._tell(frame, condition_of(failure), reason, symbol))
                continue
            if trade is None:
                repeated += 1
            else:
                events.append(trade)
        passed = sum(isinstance(event, Trade) for event in events)
        self.reporter.of_connection(frame.connection).market_events += passed
        self.reporter.of_symbol(symbol).market_events += passed
        if repeated:
            events.append(self._repeated(frame, symbol, "trades seen before", repeated))
        return events or [self._tell(frame, FeedCondition.ACKNOWLEDGED, "no trades", symbol)]

    def _trade(self, frame: Frame, scale: Scale, row: TradeRow) -> Trade | None:
        """Return a trade, None when it came before. Raises what a decoder may raise."""
        if row.side is None:
            raise NotModelledError("a trade without its aggressor's side")
        price, size = scale.price(row.price), scale.size(row.size)
        symbol = scale.instrument.symbol
        one = self._symbol(symbol)
        if row.id is None:
            number = one.trades
        else:
            number = _number_of(row.id)
            if number in one.trade_ids:
                return None
            one.trade_ids[number] = None
            if len(one.trade_ids) > TRADES_KEPT:
                del one.trade_ids[next(iter(one.trade_ids))]
        one.trades += 1
        ts_event = None if row.ts is None else stamp_ns(row.ts)
        side = _SIDES[row.side]
        historical = self._is_history(frame, ts_event)
        return Trade(
            self.venue,
            symbol,
            ts_event,
            frame.ts_recv,
            number,
            price,
            size,
            side,
            historical=historical,
        )

    def _is_history(self, frame: Frame, ts_event: int | None) -> bool:
        opened = self._opened.get(frame.connection)
        return opened is not None and ts_event is not None and ts_event < opened - HISTORY_NS

    def _listed(self, frame: Frame, message: Markets) -> Event:
        return self._tell(frame, FeedCondition.ACKNOWLEDGED, f"{len(message.markets)} markets")


def _number_of(text: str) -> int:
    """Return a trade's id as a number: itself where it is one, else a digest of 62 bits."""
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return int(text)
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % _ID_BITS
