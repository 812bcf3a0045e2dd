"""Binance spot's REST market data: one table of calls with their weights, checks and answers."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from hftlib.core.venue import BINANCE
from hftlib.exchange.binance.filters import symbol_rules
from hftlib.exchange.binance.limits import RATE_LIMITS
from hftlib.exchange.binance.numbers import BookNumbers
from hftlib.exchange.binance.parameters import (
    FLAG_RANGE,
    Form,
    Parameters,
    bad_combination,
    bad_value,
    either_missing,
    illegal,
)
from hftlib.exchange.binance.refusal import BinanceError
from hftlib.exchange.binance.sources import MILLISECOND_NS
from hftlib.exchange.binance.streams import Feeds
from hftlib.exchange.layout import (
    AGGREGATE_ID,
    AGGREGATE_LOTS,
    AGGREGATE_NS,
    AGGREGATE_SIDE,
    AGGREGATE_TICKS,
    FIRST_TRADE,
    LAST_TRADE,
    MINUTE_NS,
)
from hftlib.exchange.market_data import CandleRow, Figures
from hftlib.exchange.periods import INTERVALS
from hftlib.market.orders import BookSide, Print

_to_json: Final = msgspec.json.Encoder().encode
_read_names: Final = msgspec.json.Decoder(list[str]).decode

Texts = Mapping[str, str]
Body = dict[str, Any]

_DAY_MINUTES: Final = 1_440
_MOST_LEVELS: Final = 5_000
_END_OF_TIME: Final = 2**62
_STATUSES: Final = ("TRADING", "HALT", "BREAK", "END_OF_DAY", "CANCEL_ONLY")
_PERMISSIONS: Final = re.compile(r"SPOT|MARGIN|LEVERAGED|TRD_GRP_\d{3}", re.ASCII)
_SYMBOLS_RANGE: Final = r'^\["[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}\]$'
_ZONE: Final = re.compile(r"([+-]?)(\d{1,2})(?::([0-5]\d))?", re.ASCII)
_WINDOW: Final = re.compile(r"(\d{1,2})([mhd])", re.ASCII)
_WINDOWS: Final = {"m": (1, 59), "h": (60, 23), "d": (_DAY_MINUTES, 7)}
_WEST_MINUTES: Final = -12 * 60
_EAST_MINUTES: Final = 14 * 60


class Answer(Protocol):
    """Answer a call; `unit_ns` is what stamps count: a millisecond, or a microsecond."""

    def __call__(self, texts: Texts, now_ns: int, unit_ns: int = MILLISECOND_NS) -> bytes:
        """Return the JSON body. Raises BinanceError."""


class MarketCall(NamedTuple):
    """Describe one GET: its path, what it weighs, and what answers it."""

    path: str
    weight: int | Callable[[Texts], int]
    answer: Answer

    def weight_of(self, texts: Texts) -> int:
        """Return what a request weighs, right or wrong as it may be."""
        return self.weight if isinstance(self.weight, int) else self.weight(texts)


def market_calls(feeds: Feeds) -> Mapping[str, MarketCall]:
    """Return spot's market data by path, over the spot books among `feeds`."""
    calls = _SpotMarket(feeds)
    table = (
        MarketCall("/api/v3/ping", 1, calls.ping),
        MarketCall("/api/v3/time", 1, calls.time),
        MarketCall("/api/v3/exchangeInfo", 20, calls.exchange_info),
        MarketCall("/api/v3/executionRules", _rules_weight, calls.execution_rules),
        MarketCall("/api/v3/depth", _depth_weight, calls.depth),
        MarketCall("/api/v3/trades", 25, calls.trades),
        MarketCall("/api/v3/historicalTrades", 25, calls.historical_trades),
        MarketCall("/api/v3/aggTrades", 4, calls.aggregate_trades),
        MarketCall("/api/v3/klines", 2, calls.klines),
        MarketCall("/api/v3/uiKlines", 2, calls.klines),
        MarketCall("/api/v3/avgPrice", 2, calls.average_price),
        MarketCall("/api/v3/ticker/24hr", _day_weight, calls.day),
        MarketCall("/api/v3/ticker/tradingDay", _each_weight, calls.trading_day),
        MarketCall("/api/v3/ticker/price", _few_weight, calls.price),
        MarketCall("/api/v3/ticker/bookTicker", _few_weight, calls.book_ticker),
        MarketCall("/api/v3/ticker", _each_weight, calls.window),
    )
    return {call.path: call for call in table}


# What calls weigh.


def _depth_weight(texts: Texts) -> int:
    asked = texts.get("limit", "100")
    limit = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 20 else 100
    for bound, weight in ((100, 5), (500, 25), (1_000, 50)):
        if limit <= bound:
            return weight
    return 250


def _names_asked(texts: Texts) -> int:
    """Return how many symbols a request names, 0 for none."""
    if "symbol" in texts:
        return 1
    return texts["symbols"].count(",") + 1 if "symbols" in texts else 0


def _day_weight(texts: Texts) -> int:
    asked = _names_asked(texts)
    if 0 < asked <= 20:
        return 2
    return 40 if 0 < asked <= 100 else 80


def _rules_weight(texts: Texts) -> int:
    return min(2 * (_names_asked(texts) or 20), 40)


def _few_weight(texts: Texts) -> int:
    return 2 if "symbol" in texts else 4


def _each_weight(texts: Texts) -> int:
    return min(4 * max(_names_asked(texts), 1), 200)


# What parameters mean.


def _offset_ns(parameters: Parameters) -> int:
    """Return the time zone asked for, east positive. Raises BinanceError."""
    text = parameters.text("timeZone")
    if text is None:
        return 0
    match = _ZONE.fullmatch(text)
    if match is None:
        raise bad_value("timeZone")
    minutes = int(match[2]) * 60 + int(match[3] or 0)
    minutes = -minutes if match[1] == "-" else minutes
    if not _WEST_MINUTES <= minutes <= _EAST_MINUTES:
        raise bad_value("timeZone")
    return minutes * MINUTE_NS


def _window_minutes(parameters: Parameters) -> int:
    """Return a rolling window's length; a day when none is asked for. Raises BinanceError."""
    match = _WINDOW.fullmatch(parameters.text("windowSize") or "1d")
    if match is not None:
        minutes, most = _WINDOWS[match[2]]
        count = int(match[1])
        if 1 <= count <= most:
            return minutes * count
    raise bad_value("windowSize")


def _ticker_parameters(texts: Texts, *names: str) -> tuple[Parameters, bool]:
    """Return a ticker's parameters, and whether the short form is asked for. Raises BinanceError.

    Its `type` is taken off first: among the other parameters that is an order's.
    """
    form = Form((), ("symbol", "symbols", "symbolStatus", *names))
    others = {name: text for name, text in texts.items() if name != "type"}
    kind = texts.get("type", "FULL")
    if kind not in ("FULL", "MINI"):
        raise BinanceError(-1139, "Invalid ticker type.")
    return form.checked(others, signed=False), kind == "MINI"


def read_names(name: str, text: str) -> list[str]:
    """Return the texts of a JSON array in a parameter. Raises BinanceError."""
    try:
        names = _read_names(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
        raise illegal(name, _SYMBOLS_RANGE) from error
    if len(set(names)) < len(names):
        raise BinanceError(-1151, "Symbol is present multiple times in the list.")
    return names


class _SpotMarket:
    """Answer the calls over the books."""

    def __init__(self, feeds: Feeds) -> None:
        self._books = {
            symbol: BookNumbers(feed) for (venue, symbol), feed in feeds.items() if venue == BINANCE
        }

    # Finding the books.

    def _book(self, parameters: Parameters) -> BookNumbers:
        book = self._named(str(parameters.text("symbol")))
        self._of_status(parameters, [book])
        return book

    def _named(self, symbol: str) -> BookNumbers:
        book = self._books.get(symbol)
        if book is None:
            raise BinanceError(-1121, "Invalid symbol.")
        return book

    def _several(self, parameters: Parameters) -> tuple[list[BookNumbers], bool]:
        """Return the books asked for, all where none is named, and whether the answer is one."""
        if parameters.text("symbol") is not None and parameters.text("symbols") is not None:
            raise bad_combination()
        if parameters.text("symbol") is not None:
            return [self._book(parameters)], True
        names = parameters.text("symbols")
        if names is None:
            return self._of_status(parameters, list(self._books.values()), select=True), False
        books = [self._named(one) for one in read_names("symbols", names)]
        return self._of_status(parameters, books), False

    def _of_status(
        self, parameters: Parameters, books: list[BookNumbers], *, select: bool = False
    ) -> list[BookNumbers]:
        """Return the books of the status asked for; one that was named must have it."""
        status = parameters.text("symbolStatus")
        if status is None:
            return books
        if status not in _STATUSES:
            raise BinanceError(-1122, "Invalid symbolStatus.")
        kept = [one for one in books if one.listing.instrument.status == status]
        if len(kept) < len(books) and not select:
            text = f"The symbol's status does not match the requested symbolStatus {status}."
            raise BinanceError(-1220, text)
        return kept

    # The venue.

    def ping(self, texts: Texts, now_ns: int, unit_ns: int = MILLISECOND_NS) -> bytes:  # noqa: ARG002
        """Answer that the venue is there."""
        Form().checked(texts, signed=False)
        return b"{}"

    def time(self, texts: Texts, now_ns: int, unit_ns: int = MILLISECOND_NS) -> bytes:
        """Tell the time."""
        Form().checked(texts, signed=False)
        return b'{"serverTime":%d}' % (now_ns // unit_ns)

    def exchange_info(self, texts: Texts, now_ns: int, unit_ns: int = MILLISECOND_NS) -> bytes:
        """Describe symbols, their filters, and the limits."""
        names = ("symbol", "symbols", "permissions", "showPermissionSets", "symbolStatus")
        parameters = Form((), names).checked(texts, signed=False)
        if parameters.text("showPermissionSets") not in (None, "true", "false"):
            raise illegal("showPermissionSets", FLAG_RANGE)
        is_named = parameters.text("symbol") is not None or parameters.text("symbols") is not None
        if is_named and (
            parameters.text("permissions") is not None
            or parameters.text("symbolStatus") is not None
        ):
            raise bad_combination()
        books, _ = self._several(parameters)
        symbols = [symbol_rules(one.listing) for one in self._permitted(parameters, books)]
        if not parameters.flag("showPermissionSets", default=True):
            symbols = [{**one, "permissionSets": []} for one in symbols]
        return _to_json(
            {
                "timezone": "UTC",
                "serverTime": now_ns // unit_ns,
                "rateLimits": [limit.described() for limit in RATE_LIMITS],
                "exchangeFilters": [],
                "symbols": symbols,
            }
        )

    def execution_rules(
        self,
        texts: Texts,
        now_ns: int,  # noqa: ARG002
        unit_ns: int = MILLISECOND_NS,  # noqa: ARG002
    ) -> bytes:
        """Tell the rules that hold while orders execute: there are none here."""
        form = Form((), ("symbol", "symbols", "symbolStatus"))
        books, _ = self._several(form.checked(texts, signed=False))
        return _to_json({"symbolRules": [{"symbol": one.symbol, "rules": []} for one in books]})

    def _permitted(self, parameters: Parameters, books: list[BookNumbers]) -> list[BookNumbers]:
        text = parameters.text("permissions")
        if text is None:
            return books
        asked = read_names("permissions", text) if text.startswith("[") else [text]
        if not all(_PERMISSIONS.fullmatch(one) for one in asked):
            raise bad_value("permissions")
        return books if "SPOT" in asked else []

    # Books and trades.

    def depth(self, texts: Texts, now_ns: int, unit_ns: int = MILLISECOND_NS) -> bytes:  # noqa: ARG002
        """Tell the best levels of a book."""
        form = Form(("symbol",), ("limit", "symbolStatus"))
        parameters = form.checked(texts, signed=False)
        limit = parameters.whole("limit")
        if limit == 0:
            raise bad_value("limit")
        book = self._book(parameters)
        levels = min(limit or 100, _MOST_LEVELS)
        bids, asks = (book.side(side, levels) for side in (BookSide.BID, BookSide.ASK))
        return book.writers[0].snapshot(book.feed.book.update_id, bids, asks)

    def trades(self, texts: Texts, now_ns: int, unit_ns: int = MILLISECOND_NS) -> bytes:  # noqa: ARG002
        """Tell the last trades."""
        parameters = Form(("symbol",), ("limit",)).checked(texts, signed=False)
        book = self._book(parameters)
        rows = book.feed.data.trades(parameters.limit())
        return _to_json([trade_row(book, row, unit_ns) for row in rows.tolist()])

    def historical_trades(self, texts: Texts, now_ns: int, unit_ns: int = MILLISECOND_NS) -> bytes:  # noqa: ARG002
        """Tell trades from an id on."""
        parameters = Form(("symbol",), ("limit", "fromId")).checked(texts, signed=False)
        book, limit, first = self._book(parameters), parameters.limit(), parameters.whole("fromId")
        data = book.feed.data
        rows = data.trades(limit) if first is None else data.trades_from(first, limit)
        return _to_json([trade_row(book, row, unit_ns) for row in rows.tolist()])

    def aggregate_trades(self, texts: Texts, now_ns: int, unit_ns: int = MILLISECOND_NS) -> bytes:  # noqa: ARG002
        """Tell aggregated trades: the last, those from an id on, or those of a time."""
        form = Form(("symbol",), ("fromId", "startTime", "endTime", "limit"))
        parameters = form.checked(texts, signed=False)
        book = self._book(parameters)
        rows = aggregates_asked(book, parameters)
        return _to_json([{**aggregate_row(book, row, unit_ns), "M": True} for row in rows])

    def klines(self, texts: Texts, now_ns: int, unit_ns: int = MILLISECOND_NS) -> bytes:
        """Tell candles."""
        optional = ("startTime", "endTime", "timeZone", "limit")
        parameters = Form(("symbol", "interval"), optional).checked(texts, signed=False)
        book = self._book(parameters)
        candles = candles_asked(book, parameters, now_ns, parameters.limit())
        return b"[%b]" % b",".join(kline_row(book, one, unit_ns) for one in candles)

    def average_price(self, texts: Texts, now_ns: int, unit_ns: int = MILLISECOND_NS) -> bytes:
        """Tell the average price of five minutes."""
        book = self._book(Form(("symbol",)).checked(texts, signed=False))
        data = book.feed.data
        price = book.average(*data.average(now_ns))
        return _to_json({"mins": 5, "price": price, "closeTime": data.last_ns // unit_ns})

    # Tickers.

    def day(self, texts: Texts, now_ns: int, unit_ns: int = MILLISECOND_NS) -> bytes:
        """Tell the figures of 24 hours."""
        parameters, is_mini = _ticker_parameters(texts)
        write = _mini_row if is_mini else _day_row
        return self._answer(
            parameters, lambda book: write(book, book.feed.data.day(now_ns), unit_ns)
        )

    def trading_day(self, texts: Texts, now_ns: int, unit_ns: int = MILLISECOND_NS) -> bytes:
        """Tell the figures of the calendar day in a time zone."""
        parameters, is_mini = _ticker_parameters(texts, "timeZone")
        day, offset_ns = INTERVALS["1d"], _offset_ns(parameters)
        open_ns = day.open_of(now_ns, offset_ns)
        write = _mini_row if is_mini else _window_row

        def row(book: BookNumbers) -> Body:
            data = book.feed.data
            data.advance(now_ns)
            figures = data.since(open_ns // MINUTE_NS, now_ns)
            return write(book, figures._replace(close_ns=day.end_of(open_ns) - 1), unit_ns)

        return self._named_answer(parameters, row)

    def window(self, texts: Texts, now_ns: int, unit_ns: int = MILLISECOND_NS) -> bytes:
        """Tell the figures of a rolling window."""
        parameters, is_mini = _ticker_parameters(texts, "windowSize")
        minutes = _window_minutes(parameters)
        write = _mini_row if is_mini else _window_row
        return self._named_answer(
            parameters, lambda book: write(book, book.feed.data.window(minutes, now_ns), unit_ns)
        )

    def price(self, texts: Texts, now_ns: int, unit_ns: int = MILLISECOND_NS) -> bytes:  # noqa: ARG002
        """Tell last prices."""
        form = Form((), ("symbol", "symbols", "symbolStatus"))
        return self._answer(
            form.checked(texts, signed=False),
            lambda book: {"symbol": book.symbol, "price": book.price(book.feed.data.last_ticks)},
        )

    def book_ticker(self, texts: Texts, now_ns: int, unit_ns: int = MILLISECOND_NS) -> bytes:  # noqa: ARG002
        """Tell best levels."""
        form = Form((), ("symbol", "symbols", "symbolStatus"))
        return self._answer(form.checked(texts, signed=False), best_row)

    def _named_answer(self, parameters: Parameters, row: Callable[[BookNumbers], Body]) -> bytes:
        if parameters.text("symbol") is None and parameters.text("symbols") is None:
            raise either_missing("symbol", "symbols")
        return self._answer(parameters, row)

    def _answer(self, parameters: Parameters, row: Callable[[BookNumbers], Body]) -> bytes:
        books, is_one = self._several(parameters)
        rows = [row(book) for book in books]
        return _to_json(rows[0] if is_one else rows)


# Rows; USD-M writes them the same way.


def trade_row(book: BookNumbers, row: list[int], unit_ns: int = MILLISECOND_NS) -> Body:
    """Return one trade, a row of Print."""
    body = {
        "id": row[Print.TRADE_ID],
        "price": book.price(row[Print.TICKS]),
        "qty": book.size(row[Print.LOTS]),
        "quoteQty": book.cash(row[Print.TICKS] * row[Print.LOTS]),
        "time": row[Print.TIME_NS] // unit_ns,
        "isBuyerMaker": row[Print.AGGRESSOR] == int(BookSide.ASK),
    }
    return {**body, "isBestMatch": True} if book.is_spot else body


def aggregate_row(book: BookNumbers, row: list[int], unit_ns: int = MILLISECOND_NS) -> Body:
    """Return one aggregated trade, a row of the market data's ring."""
    return {
        "a": row[AGGREGATE_ID],
        "p": book.price(row[AGGREGATE_TICKS]),
        "q": book.size(row[AGGREGATE_LOTS]),
        "f": row[FIRST_TRADE],
        "l": row[LAST_TRADE],
        "T": row[AGGREGATE_NS] // unit_ns,
        "m": row[AGGREGATE_SIDE] == int(BookSide.ASK),
    }


def aggregates_asked(book: BookNumbers, parameters: Parameters) -> list[list[int]]:
    """Return the aggregated trades that a request names. Raises BinanceError."""
    data, limit, first = book.feed.data, parameters.limit(), parameters.whole("fromId")
    start, end = parameters.time_ns("startTime"), parameters.time_ns("endTime")
    if first is not None and (start is not None or end is not None):
        raise bad_combination()
    if first is not None:
        rows = data.aggregates_from(first, limit)
    elif start is None and end is None:
        rows = data.aggregates(limit)
    else:
        # A stamp in milliseconds names the whole millisecond.
        last = _END_OF_TIME if end is None else end + MILLISECOND_NS - 1
        rows = data.aggregates_between(start or 0, last)
        rows = rows[-limit:] if start is None else rows[:limit]
    listed: list[list[int]] = rows.tolist()
    return listed


def candles_asked(
    book: BookNumbers, parameters: Parameters, now_ns: int, limit: int
) -> list[CandleRow]:
    """Return the candles that a request names. Raises BinanceError."""
    period = INTERVALS.get(str(parameters.text("interval")))
    if period is None:
        raise BinanceError(-1120, "Invalid interval.")
    return book.feed.data.candles(
        period,
        now_ns,
        start_ns=parameters.time_ns("startTime"),
        end_ns=parameters.time_ns("endTime"),
        limit=limit,
        offset_ns=_offset_ns(parameters),
    )


@lru_cache(8_192)
def kline_row(book: BookNumbers, row: CandleRow, unit_ns: int = MILLISECOND_NS) -> bytes:
    """Return one candle as the array of twelve; clients ask for the closed ones again and again."""
    return (
        f'[{row.open_ns // unit_ns},"{book.price(row.open_ticks)}","{book.price(row.high_ticks)}",'
        f'"{book.price(row.low_ticks)}","{book.price(row.close_ticks)}","{book.size(row.lots)}",'
        f'{(row.end_ns - 1) // unit_ns},"{book.cash(row.cash)}",{row.trades},'
        f'"{book.size(row.taker_lots)}","{book.cash(row.taker_cash)}","0"]'
    ).encode()


def best_row(book: BookNumbers) -> Body:
    """Return the best levels; an empty side is written as zeros."""
    (bid, bid_quanta), (ask, ask_quanta) = (
        book.best(side) or (0, 0) for side in (BookSide.BID, BookSide.ASK)
    )
    return {
        "symbol": book.symbol,
        "bidPrice": book.price(bid),
        "bidQty": book.writers[0].size(bid_quanta),
        "askPrice": book.price(ask),
        "askQty": book.writers[0].size(ask_quanta),
    }


def _mini_row(book: BookNumbers, figures: Figures, unit_ns: int) -> Body:
    return {
        "symbol": book.symbol,
        "openPrice": book.price(figures.open_ticks),
        "highPrice": book.price(figures.high_ticks),
        "lowPrice": book.price(figures.low_ticks),
        "lastPrice": book.price(figures.last_ticks),
        "volume": book.size(figures.lots),
        "quoteVolume": book.cash(figures.cash),
        "openTime": figures.open_ns // unit_ns,
        "closeTime": figures.close_ns // unit_ns,
        "firstId": figures.first_id,
        "lastId": figures.last_id,
        "count": figures.trades,
    }


def _changes(book: BookNumbers, figures: Figures) -> Body:
    return {
        "symbol": book.symbol,
        "priceChange": book.price(figures.last_ticks - figures.open_ticks),
        "priceChangePercent": book.percent(figures.last_ticks, figures.open_ticks),
        "weightedAvgPrice": book.average(figures.cash, figures.lots),
    }


def _window_row(book: BookNumbers, figures: Figures, unit_ns: int) -> Body:
    return {**_changes(book, figures), **_mini_row(book, figures, unit_ns)}


def _day_row(book: BookNumbers, figures: Figures, unit_ns: int) -> Body:
    last = {
        "prevClosePrice": book.price(figures.previous_ticks),
        "lastPrice": book.price(figures.last_ticks),
        "lastQty": book.size(figures.last_lots),
    }
    return {
        **_changes(book, figures),
        **last,
        **best_row(book),
        **_mini_row(book, figures, unit_ns),
    }
