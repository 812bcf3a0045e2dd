"""Coinbase Exchange's REST API."""

from collections.abc import Mapping
from typing import Any

from tests.openapi.shapes import (
    ANY,
    COUNT,
    DECIMAL,
    DECIMAL_OR_NONE,
    FLAG,
    ISO,
    NUMBER,
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
    row,
    rows,
    word,
)

REFUSAL = fields(message=TEXT)
_REFUSALS = dict.fromkeys((400, 401, 404, 429), answer(REFUSAL))
_PRODUCT = fields(
    **all_of_kind(
        TEXT, "id", "base_currency", "quote_currency", "display_name", "status", "status_message"
    ),
    **all_of_kind(
        DECIMAL, "quote_increment", "base_increment", "min_market_funds", "max_slippage_percentage"
    ),
    **all_of_kind(
        FLAG, "margin_enabled", "post_only", "limit_only", "cancel_only", "trading_disabled",
        "fx_stablecoin", "auction_mode",
    ),
    high_bid_limit_percentage=DECIMAL_OR_NONE,
)  # fmt: skip
_CURRENCY = fields(
    **all_of_kind(TEXT, "id", "name", "status", "message", "default_network", "display_name"),
    min_size=DECIMAL,
    max_precision=DECIMAL,
    convertible_to=rows(TEXT),
    details={"type": "object"},
    supported_networks=rows(ANY),
)
_DAY = all_of_kind(DECIMAL, "open", "high", "low", "last", "volume")
_LEVEL = {
    "type": "array",
    "prefixItems": [DECIMAL, DECIMAL, {"type": ["integer", "string"]}],
    "minItems": 3,
    "maxItems": 3,
}
_PRODUCT_ID = parameter(
    "product", {"type": "string", "example": "BTC-USD"}, where="path", required=True
)
_CURRENCY_ID = parameter("code", {"type": "string", "example": "BTC"}, where="path", required=True)
_CANDLE = row(WHOLE, NUMBER, NUMBER, NUMBER, NUMBER, NUMBER)
_CURSOR: Schema = {"type": "integer", "minimum": 0, "maximum": 10**17}
_MOMENT: Schema = {"type": "string", "example": "2026-08-01T00:00:00Z"}
CALLS: Mapping[str, tuple[list[dict[str, Any]], Schema]] = {
    "/products": ([], rows(_PRODUCT)),
    "/products/spark-lines": ([], by_name(rows(row(WHOLE, NUMBER, NUMBER, NUMBER, NUMBER)))),
    "/products/stats": (
        [],
        by_name(
            fields(
                stats_30day=fields(volume=DECIMAL, rfq_volume=DECIMAL),
                stats_24hour=fields(**_DAY, rfq_volume=DECIMAL),
            )
        ),
    ),
    "/products/{product}": ([_PRODUCT_ID], _PRODUCT),
    "/products/{product}/book": (
        [_PRODUCT_ID, parameter("level", word("1", "2", "3"))],
        fields(
            bids=rows(_LEVEL),
            asks=rows(_LEVEL),
            sequence=COUNT,
            auction_mode=FLAG,
            auction={"type": "null"},
            time=ISO,
        ),
    ),
    "/products/{product}/ticker": (
        [_PRODUCT_ID],
        fields(
            **all_of_kind(DECIMAL, "ask", "bid", "volume", "price", "size", "rfq_volume"),
            trade_id=COUNT,
            time=ISO,
        ),
    ),
    "/products/{product}/stats": (
        [_PRODUCT_ID],
        fields(
            **_DAY,
            **all_of_kind(DECIMAL, "volume_30day", "rfq_volume_24hour", "rfq_volume_30day"),
        ),
    ),
    "/products/{product}/candles": (
        [
            _PRODUCT_ID,
            parameter("granularity", word("60", "300", "900", "3600", "21600", "86400")),
            parameter("start", _MOMENT),
            parameter("end", _MOMENT),
        ],
        rows(_CANDLE),
    ),
    "/products/{product}/trades": (
        [_PRODUCT_ID, *(parameter(name, _CURSOR) for name in ("limit", "after", "before"))],
        rows(
            fields(trade_id=COUNT, side=word("buy", "sell"), size=DECIMAL, price=DECIMAL, time=ISO)
        ),
    ),
    "/currencies": ([], rows(_CURRENCY)),
    "/currencies/{code}": ([_CURRENCY_ID], _CURRENCY),
    "/time": ([], fields(iso=ISO, epoch=NUMBER)),
}
"""What public calls may be given, and what they answer."""

PRIVATE = ("accounts", "orders", "fills", "fees", "profiles")
"""Some of what needs a key, and is not offered here."""


def exchange_document() -> dict[str, Any]:
    """Return the document."""
    paths: dict[str, Any] = {
        path: {"get": operation(body, parameters, _REFUSALS)}
        for path, (parameters, body) in CALLS.items()
    }
    refused = {"responses": {str(status): told for status, told in _REFUSALS.items()}}
    paths |= {f"/{name}": {"get": refused, "post": refused} for name in PRIVATE}
    return document("Coinbase Exchange", paths)
