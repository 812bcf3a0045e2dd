"""Binance USD-M's REST market data: one table of calls with weights, checks and answers."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from hftlib.core.decimals import to_text
from hftlib.exchange.binance.limits import RateLimit
from hftlib.exchange.binance.mark_price import DECIMALS, INTEREST_RATE, MarkPricing
from hftlib.exchange.binance.market_calls import (
    MarketCall,
    Texts,
    aggregate_row,
    aggregates_asked,
    best_row,
    candles_asked,
    kline_row,
    trade_row,
)
from hftlib.exchange.binance.numbers import BookNumbers
from hftlib.exchange.binance.parameters import Form, Parameters
from hftlib.exchange.binance.refusal import BinanceError
from hftlib.exchange.binance.sources import MILLISECOND_NS
from hftlib.market.orders import BookSide

_to_json: Final = msgspec.json.Encoder().encode

Body = dict[str, Any]
Books = Mapping[str, BookNumbers]
"""USD-M's books by symbol."""

RATE_LIMITS: Final = (
    RateLimit("REQUEST_WEIGHT", "MINUTE", 1, 2_400),
    RateLimit("ORDERS", "MINUTE", 1, 1_200),
    RateLimit("ORDERS", "SECOND", 10, 300),
)
_DEPTH_WEIGHTS: Final = {5: 2, 10: 2, 20: 2, 50: 2, 100: 5, 500: 10, 1_000: 20}
_MOST_KLINES: Final = 1_500
_ORDER_TYPES: Final = (
    "LIMIT",
    "MARKET",
    "STOP",
    "STOP_MARKET",
    "TAKE_PROFIT",
    "TAKE_PROFIT_MARKET",
    "TRAILING_STOP_MARKET",
)
_NEVER_MS: Final = 4_133_404_800_000
_FIRST_MS: Final = 1_569_398_400_000


def futures_calls(books: Books, marks: Mapping[str, MarkPricing]) -> Mapping[str, MarketCall]:
    """Return USD-M's market data by path."""
    calls = _FuturesMarket(books, marks)
    table = [
        MarketCall("/fapi/v1/ping", 1, calls.ping),
        MarketCall("/fapi/v1/time", 1, calls.time),
        MarketCall("/fapi/v1/exchangeInfo", 1, calls.exchange_info),
        MarketCall("/fapi/v1/depth", _depth_weight, calls.depth),
        MarketCall("/fapi/v1/trades", 5, calls.trades),
        MarketCall("/fapi/v1/aggTrades", 20, calls.aggregate_trades),
        MarketCall("/fapi/v1/klines", _kline_weight, calls.klines),
        MarketCall("/fapi/v1/premiumIndex", _one_or_all(1, 10), calls.premium_index),
        MarketCall("/fapi/v1/fundingRate", 0, calls.funding_rates),
        MarketCall("/fapi/v1/ticker/24hr", _one_or_all(1, 40), calls.day),
        MarketCall("/fapi/v1/ticker/price", _one_or_all(1, 2), calls.price),
        MarketCall("/fapi/v2/ticker/price", _one_or_all(1, 2), calls.price),
        MarketCall("/fapi/v1/ticker/bookTicker", _one_or_all(2, 5), calls.book_ticker),
    ]
    return {call.path: call for call in table}


def _whole(texts: Texts, name: str, default: int) -> int:
    text = texts.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else default


def _depth_weight(texts: Texts) -> int:
    return _DEPTH_WEIGHTS.get(_whole(texts, "limit", 500), 10)


def _kline_weight(texts: Texts) -> int:
    limit = _whole(texts, "limit", 500)
    for bound, weight in ((99, 1), (499, 2), (1_000, 5)):
        if limit <= bound:
            return weight
    return 10


def _one_or_all(one: int, every: int) -> Callable[[Texts], int]:
    return lambda texts: one if "symbol" in texts else every


class _FuturesMarket:
    """Answer the calls over the books."""

    def __init__(self, books: Books, marks: Mapping[str, MarkPricing]) -> None:
        self._books = books
        self._marks = marks

    def _book(self, parameters: Parameters) -> BookNumbers:
        book = self._books.get(str(parameters.text("symbol")))
        if book is None:
            raise BinanceError(-1121, "Invalid symbol.")
        return book

    def _each(self, texts: Texts, row: Callable[[BookNumbers], Body]) -> bytes:
        """Answer for one symbol, or for all where none is named."""
        parameters = Form((), ("symbol",)).checked(texts, signed=False)
        if parameters.text("symbol") is None:
            return _to_json([row(book) for book in self._books.values()])
        return _to_json(row(self._book(parameters)))

    def ping(self, texts: Texts, now_ns: int, unit_ns: int = MILLISECOND_NS) -> bytes:  # noqa: ARG002
        """Answer that the venue is there."""
        return b"{}"

    def time(self, texts: Texts, now_ns: int, unit_ns: int = MILLISECOND_NS) -> bytes:  # noqa: ARG002
        """Tell the time."""
        return b'{"serverTime":%d}' % (now_ns // unit_ns)

    def exchange_info(self, texts: Texts, now_ns: int, unit_ns: int = MILLISECOND_NS) -> bytes:  # noqa: ARG002
        """Describe symbols, their filters, and the limits."""
        quotes = dict.fromkeys(one.listing.instrument.quote for one in self._books.values())
        asset = {"marginAvailable": True, "autoAssetExchange": "-10000"}
        return _to_json(
            {
                "timezone": "UTC",
                "serverTime": now_ns // unit_ns,
                "futuresType": "U_MARGINED",
                "rateLimits": [limit.described() for limit in RATE_LIMITS],
                "exchangeFilters": [],
                "assets": [{"asset": quote, **asset} for quote in quotes],
                "symbols": [_symbol(book) for book in self._books.values()],
            }
        )

    def depth(self, texts: Texts, now_ns: int, unit_ns: int = MILLISECOND_NS) -> bytes:
        """Tell the best levels of a book."""
        parameters = Form(("symbol",), ("limit",)).checked(texts, signed=False)
        limit = parameters.whole("limit")
        limit = 500 if limit is None else limit
        if limit not in _DEPTH_WEIGHTS:
            raise BinanceError(-4021, f"'{limit}' is not valid depth limit.")
        book = self._book(parameters)
        bids, asks = (book.side(side, limit) for side in (BookSide.BID, BookSide.ASK))
        writer = book.writers[unit_ns < MILLISECOND_NS]
        return writer.snapshot(book.feed.book.update_id, bids, asks, now_ns, now_ns)

    def trades(self, texts: Texts, now_ns: int, unit_ns: int = MILLISECOND_NS) -> bytes:  # noqa: ARG002
        """Tell the last trades."""
        parameters = Form(("symbol",), ("limit",)).checked(texts, signed=False)
        book = self._book(parameters)
        rows = book.feed.data.trades(parameters.limit())
        return _to_json([trade_row(book, row, unit_ns) for row in rows.tolist()])

    def aggregate_trades(
        self,
        texts: Texts,
        now_ns: int,  # noqa: ARG002
        unit_ns: int = MILLISECOND_NS,
    ) -> bytes:
        """Tell aggregated trades: the last, those from an id on, or those of a time."""
        form = Form(("symbol",), ("fromId", "startTime", "endTime", "limit"))
        parameters = form.checked(texts, signed=False)
        book = self._book(parameters)
        rows = aggregates_asked(book, parameters)
        return _to_json([aggregate_row(book, row, unit_ns) for row in rows])

    def klines(self, texts: Texts, now_ns: int, unit_ns: int = MILLISECOND_NS) -> bytes:
        """Tell candles."""
        form = Form(("symbol", "interval"), ("startTime", "endTime", "limit"))
        parameters = form.checked(texts, signed=False)
        parameters.limit()
        limit = min(parameters.whole("limit") or 500, _MOST_KLINES)
        if parameters.text("interval") == "1s":
            raise BinanceError(-1120, "Invalid interval.")
        book = self._book(parameters)
        candles = candles_asked(book, parameters, now_ns, limit)
        return b"[%b]" % b",".join(kline_row(book, one, unit_ns) for one in candles)

    def premium_index(self, texts: Texts, now_ns: int, unit_ns: int = MILLISECOND_NS) -> bytes:
        """Tell mark prices and funding rates."""

        def row(book: BookNumbers) -> Body:
            facts = self._marks[book.symbol].at(now_ns)
            mark, index, rate = facts.texts()
            return {
                "symbol": book.symbol,
                "markPrice": mark,
                "indexPrice": index,
                "estimatedSettlePrice": index,
                "lastFundingRate": rate,
                "interestRate": to_text(INTEREST_RATE, DECIMALS),
                "nextFundingTime": facts.next_funding_ns // unit_ns,
                "time": now_ns // unit_ns,
            }

        return self._each(texts, row)

    def funding_rates(
        self,
        texts: Texts,
        now_ns: int,
        unit_ns: int = MILLISECOND_NS,
    ) -> bytes:
        """Tell the fundings since the market opened, the last hundred unless told otherwise."""
        form = Form((), ("symbol", "startTime", "endTime", "limit"))
        parameters = form.checked(texts, signed=False)
        start_ns, end_ns = parameters.time_ns("startTime") or 0, parameters.time_ns("endTime")
        is_one = parameters.text("symbol") is not None
        books = [self._book(parameters)] if is_one else list(self._books.values())
        until_ns = now_ns if end_ns is None else end_ns
        rows = [
            {
                "symbol": book.symbol,
                "fundingTime": funding.time_ns // unit_ns,
                "fundingRate": to_text(funding.rate, DECIMALS),
                "markPrice": to_text(funding.mark, DECIMALS),
            }
            for book in books
            for funding in self._marks[book.symbol].fundings
            if start_ns <= funding.time_ns <= until_ns
        ]
        limit = parameters.limit(100)
        return _to_json(rows[:limit] if start_ns else rows[-limit:])

    def day(self, texts: Texts, now_ns: int, unit_ns: int = MILLISECOND_NS) -> bytes:
        """Tell the figures of 24 hours."""

        def row(book: BookNumbers) -> Body:
            figures = book.feed.data.day(now_ns)
            day = book.day(figures)
            return {
                "symbol": book.symbol,
                "priceChange": day.change,
                "priceChangePercent": day.change_percent,
                "weightedAvgPrice": day.weighted_average,
                "lastPrice": day.last,
                "lastQty": day.last_size,
                "openPrice": day.open,
                "highPrice": day.high,
                "lowPrice": day.low,
                "volume": day.volume,
                "quoteVolume": day.quote_volume,
                "openTime": day.open_ns // unit_ns,
                "closeTime": day.close_ns // unit_ns,
                "firstId": figures.first_id,
                "lastId": figures.last_id,
                "count": figures.trades,
            }

        return self._each(texts, row)

    def price(self, texts: Texts, now_ns: int, unit_ns: int = MILLISECOND_NS) -> bytes:  # noqa: ARG002
        """Tell last prices."""

        def row(book: BookNumbers) -> Body:
            data = book.feed.data
            price, time = book.price(data.last_ticks), data.last_ns // unit_ns
            return {"symbol": book.symbol, "price": price, "time": time}

        return self._each(texts, row)

    def book_ticker(self, texts: Texts, now_ns: int, unit_ns: int = MILLISECOND_NS) -> bytes:
        """Tell best levels."""

        def row(book: BookNumbers) -> Body:
            update_id = book.feed.book.update_id
            return {**best_row(book), "time": now_ns // unit_ns, "lastUpdateId": update_id}

        return self._each(texts, row)


def _symbol(book: BookNumbers) -> Body:
    listing, instrument = book.listing, book.listing.instrument
    return {
        "symbol": book.symbol,
        "pair": book.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": _NEVER_MS,
        "onboardDate": _FIRST_MS,
        "status": instrument.status,
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": instrument.base,
        "quoteAsset": instrument.quote,
        "marginAsset": instrument.quote,
        "pricePrecision": book.price_decimals,
        "quantityPrecision": book.size_decimals,
        "baseAssetPrecision": DECIMALS,
        "quotePrecision": DECIMALS,
        "underlyingType": "COIN",
        "underlyingSubType": ["PoW"],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "maxMoveOrderLimit": 10_000,
        "filters": _filters(book, listing.minimum_lots, listing.maximum_lots),
        "orderTypes": _ORDER_TYPES,
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }


def _filters(book: BookNumbers, least: int, most: int) -> list[Body]:
    tick, step = book.price(1), book.size(1)
    lots = {"stepSize": step, "minQty": book.size(least), "maxQty": book.size(most)}
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": tick,
            "maxPrice": book.price(10**8),
            "tickSize": tick,
        },
        {"filterType": "LOT_SIZE", **lots},
        {"filterType": "MARKET_LOT_SIZE", **lots},
        {"filterType": "MAX_NUM_ORDERS", "limit": 200},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": 10},
        {"filterType": "MIN_NOTIONAL", "notional": book.listing.instrument.minimum_notional},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": "1.0500",
            "multiplierDown": "0.9500",
            "multiplierDecimal": "4",
        },
    ]
