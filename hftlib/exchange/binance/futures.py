"""Binance USD-M as its clients see it: market data over REST and over streams split by category.

Since 2026-04-23 a stream belongs to /public (books) or to /market (trades, candles, mark price);
paths without a category are left from before, and get the public streams only. User data and
orders do not exist here: whoever asks for them is told that the key is not known.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Final

from hftlib.core.venue import BINANCE, BINANCE_USDM
from hftlib.exchange.binance.futures_market import RATE_LIMITS, futures_calls
from hftlib.exchange.binance.limits import Limits
from hftlib.exchange.binance.mark_price import MarkPricing
from hftlib.exchange.binance.numbers import BookNumbers
from hftlib.exchange.binance.parameters import read_form
from hftlib.exchange.binance.refusal import BinanceError
from hftlib.exchange.binance.sources import (
    MILLISECOND_NS,
    AggregateTrades,
    AllFigures,
    BookFigures,
    BookTickers,
    DiffDepth,
    Klines,
    Pace,
    PartialDepth,
    Source,
    Trades,
    day_figures,
    mini_figures,
)
from hftlib.exchange.binance.stream_connection import DAY_NS, StreamConnection, StreamRules
from hftlib.exchange.binance.stream_hub import StreamHub
from hftlib.exchange.binance.topic import Topic
from hftlib.exchange.floor import TradingFloor
from hftlib.exchange.layout import SECOND_NS
from hftlib.exchange.messages import Connection, Opening, Request, Response
from hftlib.exchange.periods import INTERVALS

FUTURES_RULES: Final = StreamRules(
    ping_ns=180 * SECOND_NS, pong_ns=600 * SECOND_NS, inbound_a_second=10
)

_WEIGHT_HEADER: Final = "X-MBX-USED-WEIGHT-1M"
_PUBLIC: Final = "public"
_MARKET: Final = "market"
_PRIVATE: Final = "private"
_PACES: Final = {"": 250, "100ms": 100, "250ms": 250, "500ms": 500}
_DEPTHS: Final = (5, 10, 20)
_MARK_PACES: Final = {"": 3, "1s": 1}
_KLINE_NS: Final = 250 * MILLISECOND_NS
_TICKER_NS: Final = 2 * SECOND_NS

Make = Callable[[Topic, BookNumbers], Source]


class MarkPrices:
    """Send mark prices, of one perpetual or of all in one array."""

    def __init__(
        self,
        topic: Topic,
        books: Iterable[BookNumbers],
        marks: Mapping[str, MarkPricing],
        pace_ns: int,
        *,
        is_array: bool = False,
    ) -> None:
        """Send the mark prices of `books` at a pace."""
        self.topic = topic
        self._books = tuple(books)
        self._marks = marks
        self._pace = Pace(pace_ns)
        self._form = b"[%b]" if is_array else b"%b"

    def start(self, now_ns: int) -> None:
        """Begin when the pace comes round."""
        self._pace.start(now_ns)

    def publish(self, now_ns: int) -> None:
        """Send the mark prices."""
        if not self._pace.has_come(now_ns):
            return
        facts = [(book, self._marks[book.symbol].at(now_ns)) for book in self._books]

        def write(unit: int) -> bytes:
            return self._form % b",".join(
                book.writers[unit].mark_price(now_ns, fact.texts(), fact.next_funding_ns)
                for book, fact in facts
            )

        self.topic.send(write, now_ns)


def _public_channels() -> dict[str, Make]:
    channels: dict[str, Make] = {"bookTicker": BookTickers, "trade": Trades}
    for suffix, pace in _PACES.items():
        end, pace_ns = f"@{suffix}" if suffix else "", pace * MILLISECOND_NS
        channels[f"depth{end}"] = partial(DiffDepth, pace_ns=pace_ns)
        for levels in _DEPTHS:
            channels[f"depth{levels}{end}"] = partial(PartialDepth, pace_ns=pace_ns, levels=levels)
    # No retail price improvement orders exist here: the book with them is the book.
    channels["rpiDepth@500ms"] = partial(DiffDepth, pace_ns=500 * MILLISECOND_NS)
    return channels


def _market_channels() -> dict[str, Make]:
    channels: dict[str, Make] = {
        "aggTrade": AggregateTrades,
        "ticker": partial(BookFigures, write=day_figures, pace_ns=_TICKER_NS),
        "miniTicker": partial(BookFigures, write=mini_figures, pace_ns=_TICKER_NS),
    }
    for name, period in INTERVALS.items():
        if name != "1s":
            channels[f"kline_{name}"] = partial(
                Klines, interval=name, period=period, pace_ns=_KLINE_NS
            )
    return channels


_CHANNELS: Final = {_PUBLIC: _public_channels(), _MARKET: _market_channels()}
_ARRAYS: Final = {"!ticker@arr": day_figures, "!miniTicker@arr": mini_figures}


class BinanceFutures:
    """Serve USD-M's market data."""

    name = BINANCE_USDM

    def __init__(self, floor: TradingFloor, rules: StreamRules = FUTURES_RULES) -> None:
        """Show the perpetuals of `floor`; connections follow `rules`."""
        self._floor = floor
        feeds = floor.feeds
        self._books = {
            symbol: BookNumbers(feed)
            for (venue, symbol), feed in feeds.items()
            if venue == BINANCE_USDM
        }
        self._marks = {
            symbol: MarkPricing(book.feed, feeds.get((BINANCE, symbol)))
            for symbol, book in self._books.items()
        }
        self._calls = futures_calls(self._books, self._marks)
        self._sampled = Pace(SECOND_NS)
        self._hubs = {
            category: StreamHub(
                BINANCE_USDM, rules, partial(self._source, category), f"{BINANCE_USDM}-{category}"
            )
            for category in (_PUBLIC, _MARKET)
        }
        self.reset_limits()

    @property
    def _is_up(self) -> bool:
        return self._floor.is_up(BINANCE_USDM)

    # Streams.

    def _source(self, category: str, name: str) -> Source | None:
        if category == _MARKET and name.startswith("!"):
            return self._array(name)
        symbol, _, channel = name.partition("@")
        book = self._books.get(symbol.upper()) if symbol.islower() else None
        if book is None:
            return None
        head, _, pace = channel.partition("@")
        if category == _MARKET and head == "markPrice" and pace in _MARK_PACES:
            return MarkPrices(Topic(name), [book], self._marks, _MARK_PACES[pace] * SECOND_NS)
        make = _CHANNELS[category].get(channel)
        return None if make is None else make(Topic(name), book)

    def _array(self, name: str) -> Source | None:
        head, _, pace = name.partition("@arr")
        if head == "!markPrice" and pace.lstrip("@") in _MARK_PACES:
            pace_ns = _MARK_PACES[pace.lstrip("@")] * SECOND_NS
            books = self._books.values()
            return MarkPrices(Topic(name), books, self._marks, pace_ns, is_array=True)
        write = _ARRAYS.get(name)
        return None if write is None else AllFigures(Topic(name), self._books.values(), write)

    @property
    def lifetime_ns(self) -> int:
        """Return after how long a connection is cut."""
        return self._hubs[_PUBLIC].rules.lifetime_ns

    @lifetime_ns.setter
    def lifetime_ns(self, lifetime_ns: int) -> None:
        """Cut connections, those that are open too, after `lifetime_ns`; 0 stands for a day."""
        for hub in self._hubs.values():
            hub.rules = hub.rules._replace(lifetime_ns=lifetime_ns or DAY_NS)

    def connect(self, opening: Opening) -> Connection | Response:
        """Open a connection at /public/..., /market/..., or where streams were before."""
        if not self._is_up:
            return _down().response()
        first, _, rest = opening.path.lstrip("/").partition("/")
        if first == _PRIVATE:
            return BinanceError(-1125, "This listenKey does not exist.").response()
        if first in self._hubs:
            return self._hubs[first].connect(opening, f"/{rest}")
        return self._hubs[_PUBLIC].connect(opening)

    def disconnect(self, connection: Connection) -> None:
        """Forget a connection whose socket is gone."""
        if isinstance(connection, StreamConnection):
            for hub in self._hubs.values():
                hub.disconnect(connection)

    def publish(self, now_ns: int) -> None:
        """Put what happened up to `now_ns` into the outboxes; cut them where the venue is down."""
        if not self._is_up:
            for hub in self._hubs.values():
                hub.cut()
            return
        if self._sampled.has_come(now_ns):
            for mark in self._marks.values():
                mark.at(now_ns)
        for hub in self._hubs.values():
            hub.publish(now_ns)

    def shutdown(self, now_ns: int) -> None:
        """Tell every connection that the server is going to be shut down."""
        for book in list(self._books.values())[:1]:
            for hub in self._hubs.values():
                hub.shutdown(book.writers, now_ns)

    # REST.

    def reset_limits(self) -> None:
        """Forget what was counted and lift every ban."""
        self._limits = Limits(RATE_LIMITS[0].limit)

    def request(self, request: Request) -> Response:
        """Answer a request; its weight is charged whether it is right or wrong."""
        try:
            response = self._answer(request)
        except BinanceError as refused:
            response = refused.response()
        used = str(self._limits.used(request.address, request.now_ns))
        return response._replace(headers={_WEIGHT_HEADER: used, **response.headers})

    def _answer(self, request: Request) -> Response:
        call = self._calls.get(request.path)
        if call is None:
            self._limits.charge(request.address, 1, request.now_ns)
            raise self._no_such(request)
        texts = read_form(request.query)
        self._limits.charge(request.address, call.weight_of(texts), request.now_ns)
        if request.method != "GET":
            raise _wrong_method(request, 405)
        if not self._is_up:
            raise _down()
        self._floor.act(request.now_ns)
        return Response(200, call.answer(texts, request.now_ns))

    def _no_such(self, request: Request) -> BinanceError:
        """Refuse what is not market data: keys are unknown here, other paths do not exist."""
        if not request.path.startswith("/fapi/"):
            return BinanceError(
                -5000, f"Path {request.path}, Method {request.method} is invalid", 404
            )
        if not request.headers.get("x-mbx-apikey"):
            return BinanceError(-2014, "API-key format invalid.", 401)
        text = "Invalid API-key, IP, or permissions for action"
        return BinanceError(-2015, text, 401)


def _wrong_method(request: Request, status: int) -> BinanceError:
    text = f"Path {request.path}, Method {request.method} is invalid"
    return BinanceError(-5000, text, status)


def _down() -> BinanceError:
    text = "Internal error; unable to process your request. Please try again."
    return BinanceError(-1001, text, 503)
