"""Coinbase Advanced Trade's public REST bodies turned into events."""

from typing import Final

import msgspec

from hftlib.core.events import BookSnapshot, Event, FeedStatus, Layout
from hftlib.core.frames import Frame
from hftlib.core.states import FeedCondition
from hftlib.core.venue import COINBASE
from hftlib.venues.coinbase import advanced_messages as messages
from hftlib.venues.coinbase.advanced_market import AdvancedMarket
from hftlib.venues.coinbase.trades import Trades
from hftlib.venues.counters import Reporter
from hftlib.venues.stamps import iso_ns
from hftlib.venues.urls import Request, request_of

_decoder: Final = msgspec.json.Decoder
_read_book: Final = _decoder(messages.ProductBookBody).decode
_read_polled: Final = _decoder(messages.PolledBookBody).decode
_read_candles: Final = _decoder(messages.CandlesBody).decode
_read_ticker: Final = _decoder(messages.TickerBody).decode
_read_error: Final = _decoder(messages.ErrorBody).decode
_read_anything: Final = _decoder(msgspec.Raw).decode
_ERROR_STARTS: Final = (b'{"error"', b'{"errors"', b'{"message"')


class AdvancedRest:
    """Read the bodies of the public endpoints; the URL says what a body is."""

    def __init__(self, market: AdvancedMarket, trades: Trades, reporter: Reporter) -> None:
        self._market = market
        self._trades = trades
        self._reporter = reporter

    def read(self, frame: Frame) -> list[Event]:
        """Return what a REST body means. Raises one of DECODE_FAILURES."""
        if frame.payload.startswith(_ERROR_STARTS):
            return [self._refused(frame)]
        request = request_of(frame.request)
        if request.endpoint == "product_book":
            return self._told([self._market.product_book(self._book(frame), frame)], frame)
        if request.endpoint == "candles":
            return self._candles(frame, request)
        if request.endpoint == "ticker":
            return self._ticker(frame, request)
        _read_anything(frame.payload)
        known = "products" in request.parts or request.endpoint == "time"
        condition = FeedCondition.ACKNOWLEDGED if known else FeedCondition.UNKNOWN
        reason = f"{'not an event' if known else 'unknown endpoint'}: {request.endpoint}"
        return [self._reporter.status(frame, condition, reason)]

    def poll(self, frame: Frame) -> BookSnapshot | FeedStatus:
        """Return what a body that stands for a whole book means. Raises one of DECODE_FAILURES."""
        if frame.payload.startswith(_ERROR_STARTS):
            return self._refused(frame)
        book = _read_polled(frame.payload).pricebook
        return BookSnapshot(
            COINBASE,
            self._market.require(book.product_id),
            None if book.time is None else iso_ns(book.time),
            frame.ts_recv,
            0,
            Layout.OBJECTS,
            book.bids,
            book.asks,
            verified=False,
        )

    def _refused(self, frame: Frame) -> FeedStatus:
        body = _read_error(frame.payload)
        more = bytes(body.errors).decode("utf-8", "replace")
        reason = " ".join(part for part in (body.error, body.message, more) if part)
        return self._reporter.status(frame, FeedCondition.REFUSED, reason)

    def _book(self, frame: Frame) -> messages.PriceBook:
        return _read_book(frame.payload).pricebook

    def _told(self, events: list[Event], frame: Frame) -> list[Event]:
        self._reporter.of_connection(frame.connection).market_events += len(events)
        return events or [self._reporter.status(frame, FeedCondition.ACKNOWLEDGED, "empty")]

    def _candles(self, frame: Frame, request: Request) -> list[Event]:
        """Return candles oldest first; the venue sends them newest first."""
        product_id = (*request.after("products"), "")[0]
        interval = request.parameters.get("granularity", "")
        events: list[Event] = [
            self._market.candle(row, frame, product_id=product_id, interval=interval)
            for row in reversed(_read_candles(frame.payload).candles)
        ]
        return self._told(events, frame)

    def _ticker(self, frame: Frame, request: Request) -> list[Event]:
        body = _read_ticker(frame.payload)
        product_id = (*request.after("products"), "")[0]
        trades = [self._market.trade(row, frame, historical=True) for row in reversed(body.trades)]
        best: list[Event] = [*self._market.best_prices(product_id, body, frame)]
        self._reporter.of_connection(frame.connection).market_events += len(best)
        events = self._trades.backfill(trades, frame) + best
        return events or [self._reporter.status(frame, FeedCondition.ACKNOWLEDGED, "empty")]
