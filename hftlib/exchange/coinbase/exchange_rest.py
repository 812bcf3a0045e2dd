"""Coinbase Exchange's REST API: products, books, trades, candles, currencies, time."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from hftlib.exchange.coinbase import signature
from hftlib.exchange.coinbase.book_view import BookView, order_name
from hftlib.exchange.coinbase.client_text import Query, moment_ns
from hftlib.exchange.coinbase.products import CURRENCIES, exchange_currency, exchange_product
from hftlib.exchange.coinbase.resting_orders import level_rows, resting_orders
from hftlib.exchange.coinbase.token_bucket import TokenBuckets
from hftlib.exchange.messages import Request, Response
from hftlib.exchange.periods import period_of
from hftlib.market.orders import BookSide, Print, Rows
from hftlib.venues.stamps import iso_text

RATE: Final = 10
BURST: Final = 15
GRANULARITIES: Final = (60, 300, 900, 3_600, 21_600, 86_400)
MOST_CANDLES: Final = 300
MOST_TRADES: Final = 1_000
_JSON: Final = "application/json; charset=utf-8"
_SECOND_NS: Final = 1_000_000_000
_PRIVATE: Final = frozenset(
    {
        "accounts", "orders", "fills", "fees", "users", "profiles", "transfers", "reports",
        "deposits", "withdrawals", "payment-methods", "coinbase-accounts", "oracle",
        "conversions", "loans", "address-book", "travel-rules",
    }
)  # fmt: skip
_SIGNED_HEADERS: Final = ("key", "sign", "timestamp", "passphrase")
_encode: Final = msgspec.json.encode


class RestError(Exception):
    """Carry a refusal up to where the answer is written."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def refusal(status: int, message: str) -> Response:
    """Return a refusal as Exchange writes it."""
    return Response(status, _encode({"message": message}), {}, _JSON)


class ExchangeRest:
    """Answer requests; each client address has a token bucket."""

    def __init__(self, views: Sequence[BookView], key_of: signature.KeyOf) -> None:
        """Answer about the products of `views`."""
        self._views = {view.symbol: view for view in views}
        self._key_of = key_of
        self._buckets = TokenBuckets(RATE, BURST)
        self._products = {view.symbol: exchange_product(view.listing) for view in views}
        self._of_product: Mapping[str, Callable[[BookView, Query, int], Any]] = {
            "book": _book,
            "ticker": _ticker,
            "stats": _stats,
            "candles": _candles,
        }

    def reset_limits(self) -> None:
        """Fill every bucket."""
        self._buckets = TokenBuckets(RATE, BURST)

    def request(self, request: Request) -> Response:
        """Answer a request; never raises for anything that a client can send."""
        if not self._buckets.take(request.address, request.now_ns):
            return refusal(429, "Public rate limit exceeded")
        try:
            return self._answer(request)
        except RestError as error:
            return refusal(error.status, str(error))

    def _answer(self, request: Request) -> Response:
        parts = [unquote(part) for part in request.path.strip("/").split("/")]
        if parts[0] in _PRIVATE:
            self._check(request)
        if request.method not in ("GET", "HEAD"):
            raise RestError(404, "NotFound")
        query = Query(request.query)
        if len(parts) == 3 and parts[0] == "products" and parts[2] == "trades":
            return _trades(self._view(parts[1]), query)
        return _told(self._body(parts, query, request.now_ns))

    def _body(self, parts: list[str], query: Query, now_ns: int) -> Any:
        match parts:
            case ["products"]:
                return list(self._products.values())
            case ["products", "spark-lines"]:
                return {name: _spark_line(view, now_ns) for name, view in self._views.items()}
            case ["products", "stats"]:
                return {name: _all_stats(view, now_ns) for name, view in self._views.items()}
            case ["products", product]:
                return self._products[self._view(product).symbol]
            case ["products", product, topic] if topic in self._of_product:
                return self._of_product[topic](self._view(product), query, now_ns)
            case ["currencies"]:
                return [exchange_currency(one) for one in CURRENCIES.values()]
            case ["currencies", code] if code in CURRENCIES:
                return exchange_currency(CURRENCIES[code])
            case ["time"]:
                seconds = msgspec.Raw(f"{now_ns / 1e9:.3f}".encode())
                return {"iso": iso_text(now_ns, 3), "epoch": seconds}
        raise RestError(404, "NotFound")

    def _view(self, product: str) -> BookView:
        view = self._views.get(product)
        if view is None:
            raise RestError(404, "NotFound")
        return view

    def _check(self, request: Request) -> None:
        """Check the signature of a private request. Raises RestError."""
        values = {}
        for name in _SIGNED_HEADERS:
            values[name] = request.headers.get(f"cb-access-{name}", "")
            if not values[name]:
                raise RestError(401, f"CB-ACCESS-{name.upper()} header is required")
        target = f"{request.path}?{request.query}" if request.query else request.path
        text = f"{request.method}{target}{request.body.decode('utf-8', 'replace')}"
        key, sign, timestamp, passphrase = values.values()
        signed = signature.Signed(key, sign, timestamp, passphrase, text)
        try:
            signature.check(signed, self._key_of, request.now_ns)
        except signature.SignatureError as error:
            raise RestError(401, str(error)) from error


def _told(body: Any, headers: Mapping[str, str] | None = None) -> Response:
    return Response(200, _encode(body), headers or {}, _JSON)


# Books.


def _book(view: BookView, query: Query, now_ns: int) -> dict[str, Any]:
    level = query.text("level") or "1"
    if level not in ("1", "2", "3"):
        raise RestError(400, f"unexpected level: {level}")
    sides = (_side(view, side, level) for side in (BookSide.BID, BookSide.ASK))
    bids, asks = sides
    return {
        "bids": bids,
        "asks": asks,
        "sequence": view.sequence,
        "auction_mode": False,
        "auction": None,
        "time": iso_text(now_ns, 6),
    }


def _side(view: BookView, side: BookSide, level: str) -> list[list[Any]]:
    book = view.feed.book
    if level == "3":
        return [
            [view.price(ticks), view.size(lots), order_name(view.symbol, order)]
            for order, ticks, lots in resting_orders(book, side).tolist()
        ]
    rows = level_rows(book, side)[: 1 if level == "1" else None].tolist()
    return [[view.price(ticks), view.size(lots), orders] for ticks, lots, orders in rows]


def _ticker(view: BookView, _query: Query, now_ns: int) -> dict[str, Any]:
    data, (bid, ask) = view.feed.data, view.best
    return {
        "ask": "0" if ask is None else view.short_price(ask[0]),
        "bid": "0" if bid is None else view.short_price(bid[0]),
        "volume": view.volume(view.day(now_ns).lots),
        "trade_id": data.last_trade_id,
        "price": view.short_price(data.last_ticks),
        "size": view.size(data.last_lots),
        "time": iso_text(data.last_ns, 6),
        "rfq_volume": "0",
    }


def _stats(view: BookView, _query: Query, now_ns: int) -> dict[str, Any]:
    day = view.day(now_ns)
    return {
        "open": view.short_price(day.open_ticks),
        "high": view.short_price(day.high_ticks),
        "low": view.short_price(day.low_ticks),
        "last": view.short_price(day.last_ticks),
        "volume": view.size(day.lots),
        "volume_30day": view.size(view.past(now_ns).lots),
        "rfq_volume_24hour": "0",
        "rfq_volume_30day": "0",
    }


def _all_stats(view: BookView, now_ns: int) -> dict[str, Any]:
    day = view.day(now_ns)
    return {
        "stats_30day": {"volume": view.size(view.past(now_ns).lots), "rfq_volume": "0"},
        "stats_24hour": {
            "open": view.short_price(day.open_ticks),
            "high": view.short_price(day.high_ticks),
            "low": view.short_price(day.low_ticks),
            "last": view.short_price(day.last_ticks),
            "volume": view.size(day.lots),
            "rfq_volume": "0",
        },
    }


# Trades.


def _trades(view: BookView, query: Query) -> Response:
    """Return trades newest first; the headers name the newest and the oldest of the page."""
    try:
        limit = min(query.whole("limit") or MOST_TRADES, MOST_TRADES)
        after, before = query.whole("after"), query.whole("before")
    except ValueError as error:
        raise RestError(400, "Invalid cursor") from error
    rows = _page(view, limit, after, before)[::-1]
    body = [
        {
            "trade_id": int(row[Print.TRADE_ID]),
            "side": view.maker_side(row),
            "size": view.volume(int(row[Print.LOTS])),
            "price": view.price(int(row[Print.TICKS])),
            "time": iso_text(int(row[Print.TIME_NS]), 6),
        }
        for row in rows
    ]
    if not body:
        return _told(body)
    cursors = {"CB-BEFORE": str(body[0]["trade_id"]), "CB-AFTER": str(body[-1]["trade_id"])}
    return _told(body, cursors)


def _page(view: BookView, limit: int, after: int | None, before: int | None) -> Rows:
    """Return trades older than `after`, and newer than `before` (the newest of those)."""
    data = view.feed.data
    if after is None:
        rows = data.trades(limit)
    else:
        end = min(after, data.last_trade_id + 1)
        rows = data.trades_from(end - limit, limit)
        rows = rows[rows[:, Print.TRADE_ID] < end]
    return rows if before is None else rows[rows[:, Print.TRADE_ID] > before]


# Candles.


def _candles(view: BookView, query: Query, now_ns: int) -> list[list[Any]]:
    """Return candles that had trades, newest first: numbers, low before high."""
    granularity = query.text("granularity") or "60"
    if granularity not in map(str, GRANULARITIES):
        raise RestError(400, "Unsupported granularity")
    seconds = int(granularity)
    start_ns, end_ns = _window(query, seconds, now_ns)
    rows = view.feed.data.candles(
        period_of(seconds), now_ns, start_ns=start_ns, end_ns=end_ns, limit=MOST_CANDLES
    )
    return [
        [
            row.open_ns // _SECOND_NS,
            *(
                msgspec.Raw(view.short_price(ticks).encode())
                for ticks in (row.low_ticks, row.high_ticks, row.open_ticks, row.close_ticks)
            ),
            msgspec.Raw(view.size(row.lots).encode()),
        ]
        for row in reversed(rows)
        if row.trades
    ]


def _window(query: Query, seconds: int, now_ns: int) -> tuple[int | None, int | None]:
    """Return start and end of the candles asked for; both None for the newest ones."""
    start, end = query.text("start"), query.text("end")
    if start is None and end is None:
        return None, None
    width_ns = MOST_CANDLES * seconds * _SECOND_NS
    try:
        end_ns = now_ns if end is None else moment_ns(end)
        start_ns = max(end_ns - width_ns, 0) if start is None else moment_ns(start)
    except ValueError as error:
        raise RestError(400, "Invalid start or end") from error
    if end_ns < start_ns:
        raise RestError(400, "start must be before end")
    if end_ns - start_ns > width_ns:
        raise RestError(
            400,
            "granularity too small for the requested time range. "
            f"Count of aggregations requested exceeds {MOST_CANDLES}",
        )
    return start_ns, end_ns


def _spark_line(view: BookView, now_ns: int) -> list[list[Any]]:
    """Return the hours of the last day, newest first."""
    query = Query("granularity=3600")
    return [row[:5] for row in _candles(view, query, now_ns)[:24]]
