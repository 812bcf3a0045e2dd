"""Binance USD-M's REST market data."""

from collections.abc import Mapping
from typing import Any

from hftlib.exchange.binance.futures_market import futures_calls
from tests.openapi.binance import (
    AGGREGATE,
    KLINE,
    LEVELS,
    PARAMETERS,
    RATE_LIMIT,
    TRADE,
    refusals,
)
from tests.openapi.shapes import (
    ANY,
    COUNT,
    DECIMAL,
    FLAG,
    TEXT,
    Schema,
    all_of_kind,
    document,
    fields,
    one_or_many,
    operation,
    parameter,
    rows,
    word,
)

_SYMBOL = fields(
    **all_of_kind(
        TEXT, "symbol", "pair", "contractType", "status", "baseAsset", "quoteAsset",
        "marginAsset", "underlyingType",
    ),
    **all_of_kind(
        COUNT, "deliveryDate", "onboardDate", "pricePrecision", "quantityPrecision",
        "baseAssetPrecision", "quotePrecision", "maxMoveOrderLimit",
    ),
    **all_of_kind(
        DECIMAL, "maintMarginPercent", "requiredMarginPercent", "triggerProtect",
        "liquidationFee", "marketTakeBound",
    ),
    **all_of_kind(rows(TEXT), "underlyingSubType", "orderTypes", "timeInForce"),
    filters=rows({"type": "object", "required": ["filterType"]}),
)  # fmt: skip
_PRICE = one_or_many(fields(symbol=TEXT, price=DECIMAL, time=COUNT))
CALLS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], Schema]] = {
    "/fapi/v1/ping": ((), (), fields()),
    "/fapi/v1/time": ((), (), fields(serverTime=COUNT)),
    "/fapi/v1/exchangeInfo": (
        (),
        (),
        fields(
            timezone=TEXT,
            serverTime=COUNT,
            futuresType=TEXT,
            rateLimits=rows(RATE_LIMIT),
            exchangeFilters=rows(ANY),
            assets=rows(fields(asset=TEXT, marginAvailable=FLAG, autoAssetExchange=TEXT)),
            symbols=rows(_SYMBOL),
        ),
    ),
    "/fapi/v1/depth": (
        ("symbol",),
        ("limit",),
        fields(lastUpdateId=COUNT, E=COUNT, T=COUNT, bids=LEVELS, asks=LEVELS),
    ),
    "/fapi/v1/trades": (("symbol",), ("limit",), rows(TRADE)),
    "/fapi/v1/aggTrades": (
        ("symbol",),
        ("fromId", "startTime", "endTime", "limit"),
        rows(AGGREGATE),
    ),
    "/fapi/v1/klines": (
        ("symbol", "interval"),
        ("startTime", "endTime", "limit"),
        rows(KLINE),
    ),
    "/fapi/v1/premiumIndex": (
        (),
        ("symbol",),
        one_or_many(
            fields(
                symbol=TEXT,
                **all_of_kind(
                    DECIMAL, "markPrice", "indexPrice", "estimatedSettlePrice",
                    "lastFundingRate", "interestRate",
                ),
                nextFundingTime=COUNT,
                time=COUNT,
            )
        ),
    ),
    "/fapi/v1/fundingRate": (
        (),
        ("symbol", "startTime", "endTime", "limit"),
        rows(fields(symbol=TEXT, fundingTime=COUNT, fundingRate=DECIMAL, markPrice=DECIMAL)),
    ),
    "/fapi/v1/ticker/24hr": (
        (),
        ("symbol",),
        one_or_many(
            fields(
                symbol=TEXT,
                **all_of_kind(
                    DECIMAL, "priceChange", "priceChangePercent", "weightedAvgPrice", "lastPrice",
                    "lastQty", "openPrice", "highPrice", "lowPrice", "volume", "quoteVolume",
                ),
                **all_of_kind(COUNT, "openTime", "closeTime", "firstId", "lastId", "count"),
            )
        ),
    ),
    "/fapi/v1/ticker/price": ((), ("symbol",), _PRICE),
    "/fapi/v2/ticker/price": ((), ("symbol",), _PRICE),
    "/fapi/v1/ticker/bookTicker": (
        (),
        ("symbol",),
        one_or_many(
            fields(
                symbol=TEXT,
                **all_of_kind(DECIMAL, "bidPrice", "bidQty", "askPrice", "askQty"),
                time=COUNT,
                lastUpdateId=COUNT,
            )
        ),
    ),
}  # fmt: skip
"""What calls must and may be given, and what they answer."""

_DEPTHS = word("5", "10", "20", "50", "100", "500", "1000")


def usdm_document() -> dict[str, Any]:
    """Return the document; raises KeyError for a call that nothing is told of here."""
    paths = {}
    for path in futures_calls({}, {}):
        mandatory, optional, body = CALLS[path]
        schemas = {**PARAMETERS, **({"limit": _DEPTHS} if path.endswith("/depth") else {})}
        parameters = [
            *(parameter(name, schemas[name], required=True) for name in mandatory),
            *(parameter(name, schemas[name]) for name in optional),
        ]
        paths[path] = {"get": operation(body, parameters, refusals())}
    return document("Binance USD-M", paths)
