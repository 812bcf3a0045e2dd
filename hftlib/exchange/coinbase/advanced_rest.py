"""Coinbase Advanced Trade's public REST API below /api/v3/brokerage."""

from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from hftlib.core.decimals import to_text, to_units
from hftlib.core.errors import DecimalError
from hftlib.exchange.coinbase.book_view import BookView
from hftlib.exchange.coinbase.classic_rest import JSON, ClassicRest, not_found
from hftlib.exchange.coinbase.client_text import Query, moment_ns
from hftlib.exchange.coinbase.products import advanced_product, alias_of
from hftlib.exchange.coinbase.token_bucket import TokenBuckets
from hftlib.exchange.messages import Request, Response
from hftlib.exchange.periods import period_of
from hftlib.market.orders import BookSide, Print
from hftlib.venues.coinbase.advanced_market import INTERVAL_SECONDS
from hftlib.venues.coinbase.encode import short_time
from hftlib.venues.stamps import iso_text

RATE: Final = 10
"""Requests a second of one address to public endpoints."""
MOST_CANDLES: Final = 350
MOST_TRADES: Final = 100
MOST_LEVELS: Final = 1_000
_SECOND_NS: Final = 1_000_000_000
_BPS_DECIMALS: Final = 7
_TYPES: Final = frozenset({"UNKNOWN_PRODUCT_TYPE", "SPOT"})
_encode: Final = msgspec.json.encode


class RestError(Exception):
    """Carry a refusal up to where the answer is written."""

    def __init__(self, status: int, error: str, details: str) -> None:
        super().__init__(details)
        self.status = status
        self.error = error
        self.details = details

    def response(self) -> Response:
        """Return the refusal as Advanced Trade writes it."""
        body = {"error": self.error, "error_details": self.details, "message": self.details}
        return Response(self.status, _encode(body), {}, JSON)


def unavailable() -> Response:
    """Return what is answered while the venue is down."""
    return RestError(503, "UNAVAILABLE", "Service Unavailable").response()


def invalid(name: str) -> RestError:
    """Return the refusal of an argument."""
    return RestError(400, "INVALID_ARGUMENT", f"{name} argument is invalid")


class AdvancedRest:
    """Answer requests; each client address has a token bucket, shown in headers."""

    def __init__(self, views: Sequence[BookView]) -> None:
        """Answer about the products of `views` and their -USDC aliases."""
        self._products: dict[str, tuple[BookView, str]] = {}
        for view in views:
            self._products[view.symbol] = (view, "")
            alias = alias_of(view.listing)
            if alias:
                self._products[alias] = (view, alias)
        self._classic = ClassicRest(views)
        self._buckets = TokenBuckets(RATE, RATE)
        self._of_product: dict[str, Callable[[BookView, str, Query, int], Any]] = {
            "candles": _candles,
            "ticker": _ticker,
        }

    def reset_limits(self) -> None:
        """Fill every bucket."""
        self._buckets = TokenBuckets(RATE, RATE)

    def request(self, request: Request) -> Response:
        """Answer a request; never raises for anything that a client can send."""
        client, now_ns = request.address, request.now_ns
        if self._buckets.take(client, now_ns):
            answer = self._answer(request)
        else:
            body = {"errors": [{"id": "rate_limit_exceeded", "message": "Too many requests"}]}
            answer = Response(429, _encode(body), {}, JSON)
        limits = {
            "x-ratelimit-limit": str(RATE),
            "x-ratelimit-remaining": str(self._buckets.remaining(client, now_ns)),
            "x-ratelimit-reset": str(self._buckets.full_in_seconds(client, now_ns)),
        }
        return answer._replace(headers={**answer.headers, **limits})

    def _answer(self, request: Request) -> Response:
        parts = [unquote(part) for part in request.path.strip("/").split("/")]
        is_read = request.method in ("GET", "HEAD")
        query = Query(request.query)
        if parts[0] == "v2" and is_read:
            return self._classic.answer(parts[1:], query, request.now_ns)
        if parts[:3] != ["api", "v3", "brokerage"]:
            return not_found()
        try:
            body = self._body(parts[3:] if is_read else [], query, request.now_ns)
        except RestError as error:
            return error.response()
        if body is None:
            return Response(401, b"Unauthorized\n", {}, "text/plain; charset=utf-8")
        return Response(200, _encode(body), {}, JSON)

    def _body(self, parts: list[str], query: Query, now_ns: int) -> Any:
        """Return what a public path answers; None for all that needs a token."""
        match parts:
            case ["time"]:
                return {
                    "iso": iso_text(now_ns, 0),
                    "epochSeconds": str(now_ns // _SECOND_NS),
                    "epochMillis": str(now_ns // 1_000_000),
                }
            case ["market", "products"]:
                return self._list(query, now_ns)
            case ["market", "product_book"]:
                name = query.text("product_id")
                if name is None:
                    raise invalid("product_id")
                return _book(*self._product(name), query, now_ns)
            case ["market", "products", name]:
                view, alias = self._product(name)
                return advanced_product(view, now_ns, alias)
            case ["market", "products", name, topic] if topic in self._of_product:
                return self._of_product[topic](*self._product(name), query, now_ns)
        return None

    def _product(self, name: str) -> tuple[BookView, str]:
        found = self._products.get(name)
        if found is None:
            raise RestError(404, "NOT_FOUND", f"Product {name} not supported")
        return found

    def _list(self, query: Query, now_ns: int) -> dict[str, Any]:
        """Return the products asked for; `num_products` counts those of this page."""
        wanted = query.texts("product_ids", "product_ids[]")
        limit, offset = _whole(query, "limit"), _whole(query, "offset")
        has_kind = (query.text("product_type") or "SPOT") in _TYPES
        found = [
            one for name, one in self._products.items() if has_kind and name in (wanted or [name])
        ]
        first = offset or 0
        page = found[first : first + limit] if limit else found[first:]
        return {
            "products": [advanced_product(view, now_ns, alias) for view, alias in page],
            "num_products": len(page),
            "pagination": {
                "prev_cursor": "",
                "next_cursor": "",
                "has_next": first + len(page) < len(found),
                "has_prev": first > 0,
            },
        }


def _whole(query: Query, name: str) -> int | None:
    try:
        return query.whole(name)
    except ValueError as error:
        raise invalid(name) from error


# Books.


def _book(view: BookView, alias: str, query: Query, now_ns: int) -> dict[str, Any]:
    """Return the best levels, gathered into wider ones where that is asked for."""
    limit = min(_whole(query, "limit") or MOST_LEVELS, MOST_LEVELS)
    width = _width(view, query.text("aggregation_price_increment"))
    bids, asks = (_side(view, side, width, limit) for side in (BookSide.BID, BookSide.ASK))
    return {
        "pricebook": {
            "product_id": alias or view.symbol,
            "bids": bids,
            "asks": asks,
            "time": short_time(now_ns, 6),
        },
        **_spread(view),
    }


def _width(view: BookView, text: str | None) -> int:
    """Return how many ticks make one level. Raises RestError."""
    if text is None:
        return 1
    try:
        units = to_units(text, view.instrument.price_decimals)
    except DecimalError as error:
        raise invalid("aggregation_price_increment") from error
    ticks, rest = divmod(units, view.instrument.tick_units)
    if rest or ticks <= 0:
        raise invalid("aggregation_price_increment")
    return ticks


def _side(view: BookView, side: BookSide, width: int, limit: int) -> list[dict[str, str]]:
    """Return a side's levels; a wider one stands at its edge away from the other side."""
    ticks, lots = view.feed.book.levels(side, limit if width == 1 else None)
    sums: dict[int, int] = {}
    for price, size in zip(ticks.tolist(), lots.tolist(), strict=True):
        edge = -(-price // width) * width if side is BookSide.ASK else price // width * width
        sums[edge] = sums.get(edge, 0) + size
    return [
        {"price": view.short_price(edge), "size": view.size(size)}
        for edge, size in list(sums.items())[:limit]
    ]


def _spread(view: BookView) -> dict[str, str]:
    (bid, ask), last = view.best, view.short_price(view.feed.data.last_ticks)
    if bid is None or ask is None:
        return {"last": last, "mid_market": "", "spread_bps": "", "spread_absolute": ""}
    both, spread = bid[0] + ask[0], ask[0] - bid[0]
    units, decimals = view.instrument.tick_units, view.instrument.price_decimals
    bps = spread * 2 * 10_000 * 10**_BPS_DECIMALS // both
    return {
        "last": last,
        "mid_market": to_text(both * units * 5, decimals + 1, pad=False),
        "spread_bps": to_text(bps, _BPS_DECIMALS, pad=False),
        "spread_absolute": view.short_price(spread),
    }


# Candles and trades.


def _candles(view: BookView, _alias: str, query: Query, now_ns: int) -> dict[str, Any]:
    """Return candles that had trades, newest first, as text."""
    seconds = INTERVAL_SECONDS.get(query.text("granularity") or "")
    if seconds is None:
        raise invalid("granularity")
    limit = min(_whole(query, "limit") or MOST_CANDLES, MOST_CANDLES)
    start_ns, end_ns = _window(query)
    if start_ns is None or end_ns is None or end_ns <= start_ns:
        raise invalid("start and end")
    if end_ns - start_ns > MOST_CANDLES * seconds * _SECOND_NS:
        details = f"number of candles requested should be less than {MOST_CANDLES}"
        raise RestError(400, "INVALID_ARGUMENT", f"start and end argument is invalid - {details}")
    rows = view.feed.data.candles(
        period_of(seconds), now_ns, start_ns=start_ns, end_ns=end_ns, limit=MOST_CANDLES
    )
    traded = [row for row in reversed(rows) if row.trades][:limit]
    return {
        "candles": [
            {
                "start": str(row.open_ns // _SECOND_NS),
                "low": view.short_price(row.low_ticks),
                "high": view.short_price(row.high_ticks),
                "open": view.short_price(row.open_ticks),
                "close": view.short_price(row.close_ticks),
                "volume": view.size(row.lots),
            }
            for row in traded
        ]
    }


def _window(query: Query) -> tuple[int | None, int | None]:
    """Return start and end where they are given. Raises RestError."""
    start, end = query.text("start"), query.text("end")
    try:
        return (
            None if start is None else moment_ns(start),
            None if end is None else moment_ns(end),
        )
    except ValueError as error:
        raise invalid("start and end") from error


def _ticker(view: BookView, alias: str, query: Query, _now_ns: int) -> dict[str, Any]:
    """Return the newest trades, newest first, and the best prices."""
    limit = min(_whole(query, "limit") or MOST_TRADES, MOST_TRADES)
    start_ns, end_ns = _window(query)
    rows = view.feed.data.trades(limit if end_ns is None else 10**9)
    times = rows[:, Print.TIME_NS]
    rows = rows[times >= (start_ns or 0)]
    if end_ns is not None:
        rows = rows[rows[:, Print.TIME_NS] <= end_ns][-limit:]
    bid, ask = view.best
    return {
        "trades": [
            {
                "trade_id": str(row[Print.TRADE_ID]),
                "product_id": alias or view.symbol,
                "price": view.short_price(int(row[Print.TICKS])),
                "size": view.size(int(row[Print.LOTS])),
                "time": short_time(int(row[Print.TIME_NS]), 6),
                "side": view.maker_side(row).upper(),
                "bid": "",
                "ask": "",
                "exchange": "coinbase",
            }
            for row in rows[::-1]
        ],
        "best_bid": "" if bid is None else view.short_price(bid[0]),
        "best_ask": "" if ask is None else view.short_price(ask[0]),
    }
