"""Coinbase Advanced Trade's public REST API, and the older one at its side."""

from collections.abc import Mapping
from typing import Any

from hftlib.venues.coinbase.advanced_market import INTERVAL_SECONDS
from tests.openapi.shapes import (
    COUNT,
    DECIMAL,
    DECIMAL_OR_NONE,
    FLAG,
    ISO,
    TEXT,
    WHOLE,
    Schema,
    all_of_kind,
    answer,
    by_name,
    document,
    fields,
    operation,
    parameter,
    rows,
    word,
)

REFUSAL = fields(error=TEXT, error_details=TEXT, message=TEXT)
OLDER_REFUSAL = fields(errors=rows(fields(id=TEXT, message=TEXT)))
_TOO_MANY = answer(OLDER_REFUSAL)
_REFUSALS = {400: answer(REFUSAL), 404: answer(REFUSAL), 429: _TOO_MANY}
_OLDER_REFUSALS = dict.fromkeys((400, 404, 429), answer(OLDER_REFUSAL))
_PRODUCT = fields(
    **all_of_kind(
        TEXT, "product_id", "base_name", "quote_name", "status", "product_type",
        "quote_currency_id", "base_currency_id", "alias", "base_display_symbol",
        "quote_display_symbol", "display_name", "product_venue", "market_cap", "base_cbrn",
        "quote_cbrn", "product_cbrn", "icon_color", "icon_url", "display_name_overwrite",
        "about_description",
    ),
    **all_of_kind(
        DECIMAL, "price", "price_percentage_change_24h", "volume_24h",
        "volume_percentage_change_24h", "base_increment", "quote_increment", "quote_min_size",
        "quote_max_size", "base_min_size", "base_max_size", "price_increment",
        "approximate_quote_24h_volume", "high_24h", "low_24h",
    ),
    **all_of_kind(DECIMAL_OR_NONE, "mid_market_price", "best_bid_price", "best_ask_price"),
    **all_of_kind(
        FLAG, "watched", "is_disabled", "new", "cancel_only", "limit_only", "post_only",
        "trading_disabled", "auction_mode", "view_only", "is_alpha_testing",
    ),
    fcm_trading_session_details={"type": "null"},
    alias_to=rows(TEXT),
    new_at=ISO,
)  # fmt: skip
_LEVELS = rows(fields(price=DECIMAL, size=DECIMAL))
_PAGE: Schema = {"type": "integer", "minimum": 0, "maximum": 10**17, "example": 5}
_MOMENT: Schema = {"type": "string", "pattern": "^17[0-9]{8}$", "example": "1785542400"}
_PRODUCT_ID: Schema = {"type": "string", "example": "BTC-USD"}
_NAME = parameter("product", _PRODUCT_ID, where="path", required=True)
_PAIR = parameter("pair", _PRODUCT_ID, where="path", required=True)
_PRICE = fields(data=fields(amount=DECIMAL, base=TEXT, currency=TEXT))
_BROKERAGE = "/api/v3/brokerage"
CALLS: Mapping[str, tuple[list[dict[str, Any]], Schema]] = {
    "/time": ([], fields(iso=ISO, epochSeconds=DECIMAL, epochMillis=DECIMAL)),
    "/market/products": (
        [
            parameter("limit", _PAGE),
            parameter("offset", _PAGE),
            parameter("product_type", word("SPOT", "FUTURE", "UNKNOWN_PRODUCT_TYPE")),
            parameter("product_ids", rows(_PRODUCT_ID)),
        ],
        fields(
            products=rows(_PRODUCT),
            num_products=COUNT,
            pagination=fields(prev_cursor=TEXT, next_cursor=TEXT, has_next=FLAG, has_prev=FLAG),
        ),
    ),
    "/market/product_book": (
        [
            parameter("product_id", _PRODUCT_ID, required=True),
            parameter("limit", _PAGE),
            parameter("aggregation_price_increment", {"type": "string", "example": "0.05"}),
        ],
        fields(
            pricebook=fields(product_id=TEXT, bids=_LEVELS, asks=_LEVELS, time=ISO),
            last=DECIMAL,
            **all_of_kind(DECIMAL_OR_NONE, "mid_market", "spread_bps", "spread_absolute"),
        ),
    ),
    "/market/products/{product}": ([_NAME], _PRODUCT),
    "/market/products/{product}/candles": (
        [
            _NAME,
            parameter("start", _MOMENT, required=True),
            parameter("end", _MOMENT, required=True),
            parameter("granularity", word(*INTERVAL_SECONDS), required=True),
            parameter("limit", _PAGE),
        ],
        fields(
            candles=rows(
                fields(**all_of_kind(DECIMAL, "start", "low", "high", "open", "close", "volume"))
            )
        ),
    ),
    "/market/products/{product}/ticker": (
        [
            _NAME,
            parameter("limit", _PAGE, required=True),
            parameter("start", _MOMENT),
            parameter("end", _MOMENT),
        ],
        fields(
            trades=rows(
                fields(
                    **all_of_kind(TEXT, "trade_id", "product_id", "bid", "ask", "exchange"),
                    price=DECIMAL,
                    size=DECIMAL,
                    time=ISO,
                    side=word("BUY", "SELL"),
                )
            ),
            best_bid=DECIMAL_OR_NONE,
            best_ask=DECIMAL_OR_NONE,
        ),
    ),
}
"""Calls below /api/v3/brokerage."""

OLDER: Mapping[str, tuple[list[dict[str, Any]], Schema]] = {
    "/v2/currencies": ([], fields(data=rows(fields(id=TEXT, name=TEXT, min_size=DECIMAL)))),
    "/v2/currencies/crypto": (
        [],
        fields(
            data=rows(
                fields(
                    **all_of_kind(
                        TEXT, "asset_id", "code", "name", "color", "type", "address_regex"
                    ),
                    sort_index=COUNT,
                    exponent=COUNT,
                )
            )
        ),
    ),
    "/v2/exchange-rates": (
        [parameter("currency", {"type": "string", "example": "BTC"})],
        fields(data=fields(currency=TEXT, rates=by_name(DECIMAL))),
    ),
    **{f"/v2/prices/{{pair}}/{kind}": ([_PAIR], _PRICE) for kind in ("spot", "buy", "sell")},
    "/v2/time": ([], fields(data=fields(iso=ISO, epoch=WHOLE))),
}
"""Calls of the older API."""

PRIVATE = ("/accounts", "/orders", "/orders/historical/batch", "/portfolios", "/products")
"""Some of what needs a token, and is not offered here."""


def advanced_document() -> dict[str, Any]:
    """Return the document."""
    paths: dict[str, Any] = {
        f"{_BROKERAGE}{path}": {"get": operation(body, parameters, _REFUSALS)}
        for path, (parameters, body) in CALLS.items()
    }
    paths |= {
        path: {"get": operation(body, parameters, _OLDER_REFUSALS)}
        for path, (parameters, body) in OLDER.items()
    }
    refused = {"responses": {"401": answer(TEXT, "text/plain"), "429": _TOO_MANY}}
    paths |= {f"{_BROKERAGE}{path}": {"get": refused, "post": refused} for path in PRIVATE}
    return document("Coinbase Advanced Trade", paths)
