"""Binance's REST bodies turned into events; the URL says what a body is and of which symbol."""

from collections.abc import Callable
from typing import Final

import msgspec

from hftlib.core.events import Event
from hftlib.core.frames import Frame
from hftlib.core.states import FeedCondition
from hftlib.venues.binance import messages
from hftlib.venues.binance.books import DepthBooks
from hftlib.venues.binance.market import MarketReader
from hftlib.venues.counters import Reporter
from hftlib.venues.failures import DECODE_FAILURES, MalformedError
from hftlib.venues.scale import Scales
from hftlib.venues.urls import Request, request_of

_read_depth: Final = msgspec.json.Decoder(messages.DepthBody).decode
_read_refusal: Final = msgspec.json.Decoder(messages.Refusal).decode
_read_trades: Final = msgspec.json.Decoder(list[messages.TradeBody]).decode
_read_aggregates: Final = msgspec.json.Decoder(list[messages.AggregateTrade]).decode
_read_klines: Final = msgspec.json.Decoder(list[messages.KlineRow]).decode
_read_day: Final = msgspec.json.Decoder(
    messages.DayTickerBody | list[messages.DayTickerBody]
).decode
_read_best: Final = msgspec.json.Decoder(
    messages.BookTickerBody | list[messages.BookTickerBody]
).decode
_read_anything: Final = msgspec.json.Decoder(msgspec.Raw).decode
_NOT_MODELLED: Final = frozenset(
    {"ping", "time", "exchangeInfo", "avgPrice", "price", "ticker", "executionRules"}
    | {"premiumIndex", "fundingRate", "openInterest", "bookDepth"}
)


def symbol_of(request: Request) -> str:
    """Return the symbol that a request names, "" where it names none."""
    return request.parameters.get("symbol", "").upper()


class RestReader:
    """Read the bodies of the REST endpoints that hftlib asks."""

    def __init__(
        self, books: DepthBooks, market: MarketReader, scales: Scales, reporter: Reporter
    ) -> None:
        self._books = books
        self._market = market
        self._scales = scales
        self._reporter = reporter
        self._readers: dict[str, Callable[[Frame, Request], list[Event]]] = {
            "depth": self._depth,
            "trades": self._trades,
            "historicalTrades": self._trades,
            "aggTrades": self._aggregates,
            "klines": self._klines,
            "uiKlines": self._klines,
            "24hr": self._statistics,
            "bookTicker": self._best,
        }

    def read(self, frame: Frame) -> list[Event]:
        """Return what a REST body means. Raises one of DECODE_FAILURES."""
        refusal = self._refusal(frame)
        if refusal is not None:
            return refusal
        request = request_of(frame.request)
        reader = self._readers.get(request.endpoint)
        if reader is not None:
            events = reader(frame, request)
            if request.endpoint != "depth":
                self._reporter.of_connection(frame.connection).market_events += len(events)
            return events or [self._tell(frame, FeedCondition.ACKNOWLEDGED, "empty", request)]
        _read_anything(frame.payload)
        if request.endpoint in _NOT_MODELLED:
            return [self._tell(frame, FeedCondition.ACKNOWLEDGED, "not an event", request)]
        return [self._tell(frame, FeedCondition.UNKNOWN, "unknown endpoint", request)]

    def poll(self, frame: Frame) -> list[Event]:
        """Return what a body that stands for a whole book means. Raises one of DECODE_FAILURES."""
        refusal = self._refusal(frame)
        if refusal is not None:
            return refusal
        request = request_of(frame.request)
        if request.endpoint != "depth":
            return [self._tell(frame, FeedCondition.UNKNOWN, "no book", request)]
        symbol = symbol_of(request)
        _ = self._scales[symbol]
        return self._books.poll(symbol, _read_depth(frame.payload), frame)

    def _refusal(self, frame: Frame) -> list[Event] | None:
        """Return the venue's refusal {"code":..,"msg":..}, or None when the body is none."""
        if b'"code"' not in frame.payload[:16]:
            return None
        body = _read_refusal(frame.payload)
        try:
            symbol = symbol_of(request_of(frame.request))
        except MalformedError:
            symbol = ""
        reason = f"{body.code} {body.msg}"
        return [self._reporter.status(frame, FeedCondition.REFUSED, reason, symbol=symbol)]

    def _tell(self, frame: Frame, condition: FeedCondition, words: str, request: Request) -> Event:
        reason = f"{words}: {request.endpoint}"
        return self._reporter.status(frame, condition, reason, symbol=symbol_of(request))

    def _depth(self, frame: Frame, request: Request) -> list[Event]:
        symbol = symbol_of(request)
        _ = self._scales[symbol]
        try:
            body = _read_depth(frame.payload)
        except DECODE_FAILURES as failure:
            return self._books.spoil(symbol, f"{type(failure).__name__}: {failure}", frame)
        return self._books.seed(symbol, body, frame)

    def _trades(self, frame: Frame, request: Request) -> list[Event]:
        rows = _read_trades(frame.payload)
        return [self._market.past_trade(row, frame, symbol_of(request)) for row in rows]

    def _aggregates(self, frame: Frame, request: Request) -> list[Event]:
        rows = _read_aggregates(frame.payload)
        return [self._market.aggregate(row, frame, symbol_of(request)) for row in rows]

    def _klines(self, frame: Frame, request: Request) -> list[Event]:
        rows = _read_klines(frame.payload)
        symbol, interval = symbol_of(request), request.parameters.get("interval", "")
        return [self._market.past_candle(row, frame, symbol, interval) for row in rows]

    def _statistics(self, frame: Frame, _request: Request) -> list[Event]:
        body = _read_day(frame.payload)
        rows = body if isinstance(body, list) else [body]
        return [self._market.past_statistics(row, frame) for row in rows]

    def _best(self, frame: Frame, _request: Request) -> list[Event]:
        body = _read_best(frame.payload)
        rows = body if isinstance(body, list) else [body]
        known = [row for row in rows if row.symbol in self._scales]
        return [self._market.past_best(row, frame) for row in known]
