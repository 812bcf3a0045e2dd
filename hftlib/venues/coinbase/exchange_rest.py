"""Coinbase Exchange's public REST bodies turned into events."""

from collections.abc import Callable
from typing import Final

import msgspec

from hftlib.core.events import BookSnapshot, Event, FeedStatus, Layout
from hftlib.core.frames import Frame
from hftlib.core.states import FeedCondition
from hftlib.core.venue import COINBASE_EXCHANGE
from hftlib.venues.coinbase import exchange_messages as messages
from hftlib.venues.coinbase.exchange_market import PARTIAL_LEVELS, ExchangeMarket
from hftlib.venues.coinbase.trades import Trades
from hftlib.venues.counters import Reporter
from hftlib.venues.failures import MalformedError
from hftlib.venues.stamps import iso_ns
from hftlib.venues.urls import Request, request_of

_decoder: Final = msgspec.json.Decoder
_read_rows: Final = _decoder(list[messages.BookLevel]).decode
_read_polled: Final = _decoder(messages.PolledBookBody).decode
_read_ticker: Final = _decoder(messages.TickerBody).decode
_read_statistics: Final = _decoder(messages.StatisticsBody).decode
_read_trades: Final = _decoder(list[messages.TradeBody]).decode
_read_candles: Final = _decoder(list[messages.CandleRow]).decode
_read_error: Final = _decoder(messages.ErrorBody).decode
_read_anything: Final = _decoder(msgspec.Raw).decode
_ERROR_START: Final = b'{"message"'
_GRANULARITIES: Final = {"60": 60, "300": 300, "900": 900} | {
    "3600": 3_600,
    "21600": 21_600,
    "86400": 86_400,
}
_KNOWN: Final = frozenset({"products", "currencies", "time"})


def first_rows(text: bytes, number: int) -> bytes:
    """Return the JSON text of a list of lists cut behind its first rows, whole where it is short.

    Rows hold no brackets of their own; where they do, the text is cut elsewhere and is no list.
    """
    end = 0
    for _ in range(number):
        end = text.find(b"]", end) + 1
        if end == 0:
            return text
    return text if end >= len(text) - 1 else text[:end] + b"]"


class ExchangeRest:
    """Read the bodies of /products/{id}/book, ticker, stats, trades and candles."""

    def __init__(self, market: ExchangeMarket, trades: Trades, reporter: Reporter) -> None:
        self._market = market
        self._trades = trades
        self._reporter = reporter
        self._readers: dict[str, Callable[[Frame, str, Request], list[Event]]] = {
            "book": self._book,
            "ticker": self._ticker,
            "stats": self._statistics,
            "trades": self._past_trades,
            "candles": self._candles,
        }

    def read(self, frame: Frame) -> list[Event]:
        """Return what a REST body means. Raises one of DECODE_FAILURES."""
        if frame.payload.startswith(_ERROR_START):
            return [self._refused(frame)]
        request = request_of(frame.request)
        rest = request.after("products")
        reader = self._readers.get(rest[1]) if len(rest) > 1 else None
        if reader is not None:
            events = reader(frame, self._market.require(rest[0]), request)
            return events or [self._reporter.status(frame, FeedCondition.ACKNOWLEDGED, "empty")]
        _read_anything(frame.payload)
        known = bool(_KNOWN.intersection(request.parts)) and len(rest) <= 1
        condition = FeedCondition.ACKNOWLEDGED if known else FeedCondition.UNKNOWN
        reason = f"{'not an event' if known else 'unknown endpoint'}: {request.endpoint}"
        return [self._reporter.status(frame, condition, reason)]

    def poll(self, frame: Frame) -> BookSnapshot | FeedStatus:
        """Return what a body that stands for a whole book means. Raises one of DECODE_FAILURES."""
        if frame.payload.startswith(_ERROR_START):
            return self._refused(frame)
        symbol = (*request_of(frame.request).after("products"), "")[0]
        body = _read_polled(frame.payload)
        return BookSnapshot(
            COINBASE_EXCHANGE,
            self._market.require(symbol),
            None if body.time is None else iso_ns(body.time),
            frame.ts_recv,
            body.sequence,
            Layout.PAIRS,
            body.bids,
            body.asks,
            verified=False,
        )

    def _refused(self, frame: Frame) -> FeedStatus:
        reason = _read_error(frame.payload).message
        return self._reporter.status(frame, FeedCondition.REFUSED, reason)

    def _told(self, frame: Frame, *events: Event) -> list[Event]:
        self._reporter.of_connection(frame.connection).market_events += len(events)
        return list(events)

    def _book(self, frame: Frame, symbol: str, _request: Request) -> list[Event]:
        """Return the top of a body that holds the whole book, and read no more than that."""
        whole = _read_polled(frame.payload)
        top = messages.BookBody(
            whole.sequence,
            _read_rows(first_rows(bytes(whole.bids), PARTIAL_LEVELS)),
            _read_rows(first_rows(bytes(whole.asks), PARTIAL_LEVELS)),
            whole.time,
        )
        return self._told(frame, self._market.book(top, symbol, frame))

    def _ticker(self, frame: Frame, symbol: str, _request: Request) -> list[Event]:
        body = _read_ticker(frame.payload)
        return self._told(frame, self._market.best_prices(body, symbol, frame))

    def _statistics(self, frame: Frame, symbol: str, _request: Request) -> list[Event]:
        body = _read_statistics(frame.payload)
        return self._told(frame, self._market.statistics(body, symbol, frame))

    def _past_trades(self, frame: Frame, symbol: str, _request: Request) -> list[Event]:
        """Return past trades oldest first; the venue sends them newest first."""
        rows = reversed(_read_trades(frame.payload))
        trades = [self._market.trade(row, symbol, frame, historical=True) for row in rows]
        return self._trades.backfill(trades, frame)

    def _candles(self, frame: Frame, symbol: str, request: Request) -> list[Event]:
        """Return candles oldest first; the venue sends them newest first."""
        seconds = _GRANULARITIES.get(request.parameters.get("granularity", "60"))
        if seconds is None:
            raise MalformedError("unknown granularity")
        rows = reversed(_read_candles(frame.payload))
        made = (self._market.candle(row, symbol, seconds, frame) for row in rows)
        return self._told(frame, *made)
