"""Binance spot's REST API."""

from collections.abc import Mapping
from typing import Any
from unittest.mock import Mock

from hftlib.exchange.binance.market_calls import market_calls
from hftlib.exchange.binance.operations import Operation, operations
from tests.openapi.binance import (
    AGGREGATE,
    CODE,
    KLINE,
    LEVELS,
    PARAMETERS,
    RATE_LIMIT,
    REFUSAL,
    TRADE,
    refusals,
    wider,
)
from tests.openapi.shapes import (
    ANY,
    COUNT,
    DECIMAL,
    FLAG,
    TEXT,
    WHOLE,
    Schema,
    all_of_kind,
    answer,
    document,
    fields,
    one_or_many,
    operation,
    parameter,
    rows,
    word,
)

LISTS = (
    "/api/v3/order/oco",
    "/api/v3/orderList/oco",
    "/api/v3/orderList/oto",
    "/api/v3/orderList/otoco",
)
LISTEN_KEYS = "/api/v3/userDataStream"

_FILTER = {
    "type": "object",
    "properties": {"filterType": TEXT},
    "required": ["filterType"],
    "additionalProperties": {"type": ["string", "integer", "boolean"]},
}
_SYMBOL = fields(
    **all_of_kind(TEXT, "symbol", "status", "baseAsset", "quoteAsset"),
    **all_of_kind(
        COUNT, "baseAssetPrecision", "quotePrecision", "quoteAssetPrecision",
        "baseCommissionPrecision", "quoteCommissionPrecision",
    ),
    orderTypes=rows(TEXT),
    **all_of_kind(
        FLAG, "icebergAllowed", "ocoAllowed", "otoAllowed", "opoAllowed",
        "quoteOrderQtyMarketAllowed", "allowTrailingStop", "cancelReplaceAllowed", "amendAllowed",
        "pegInstructionsAllowed", "isSpotTradingAllowed", "isMarginTradingAllowed",
    ),
    filters=rows(_FILTER),
    permissions=rows(TEXT),
    permissionSets=rows(rows(TEXT)),
    defaultSelfTradePreventionMode=TEXT,
    allowedSelfTradePreventionModes=rows(TEXT),
)  # fmt: skip
_BEST = all_of_kind(DECIMAL, "bidPrice", "bidQty", "askPrice", "askQty")
_MINI = fields(
    symbol=TEXT,
    **all_of_kind(
        DECIMAL, "openPrice", "highPrice", "lowPrice", "lastPrice", "volume", "quoteVolume"
    ),
    **all_of_kind(COUNT, "openTime", "closeTime"),
    **all_of_kind(WHOLE, "firstId", "lastId"),
    count=COUNT,
)
_WINDOW = wider(
    _MINI, **all_of_kind(DECIMAL, "priceChange", "priceChangePercent", "weightedAvgPrice")
)
_DAY = wider(_WINDOW, prevClosePrice=DECIMAL, lastQty=DECIMAL, **_BEST)


def _either(*kinds: Schema) -> Schema:
    return {"anyOf": [*kinds, *(rows(one) for one in kinds)]}


_SEVERAL = ("symbol", "symbols", "symbolStatus")
_TICKER = (*_SEVERAL, "type")
PUBLIC: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], Schema]] = {
    "ping": ((), (), fields()),
    "time": ((), (), fields(serverTime=COUNT)),
    "exchangeInfo": (
        (),
        (*_SEVERAL, "permissions", "showPermissionSets"),
        fields(
            timezone=TEXT,
            serverTime=COUNT,
            rateLimits=rows(RATE_LIMIT),
            exchangeFilters=rows(ANY),
            symbols=rows(_SYMBOL),
        ),
    ),
    "executionRules": (
        (),
        _SEVERAL,
        fields(symbolRules=rows(fields(symbol=TEXT, rules=rows(ANY)))),
    ),
    "depth": (
        ("symbol",),
        ("limit", "symbolStatus"),
        fields(lastUpdateId=COUNT, bids=LEVELS, asks=LEVELS),
    ),
    "trades": (("symbol",), ("limit",), rows(wider(TRADE, isBestMatch=FLAG))),
    "historicalTrades": (
        ("symbol",),
        ("limit", "fromId"),
        rows(wider(TRADE, isBestMatch=FLAG)),
    ),
    "aggTrades": (
        ("symbol",),
        ("fromId", "startTime", "endTime", "limit"),
        rows(wider(AGGREGATE, M=FLAG)),
    ),
    **dict.fromkeys(
        ("klines", "uiKlines"),
        (("symbol", "interval"), ("startTime", "endTime", "timeZone", "limit"), rows(KLINE)),
    ),
    "avgPrice": (("symbol",), (), fields(mins=COUNT, price=DECIMAL, closeTime=COUNT)),
    "ticker/24hr": ((), _TICKER, _either(_DAY, _MINI)),
    "ticker/tradingDay": ((), (*_TICKER, "timeZone"), _either(_WINDOW, _MINI)),
    "ticker/price": ((), _SEVERAL, one_or_many(fields(symbol=TEXT, price=DECIMAL))),
    "ticker/bookTicker": ((), _SEVERAL, one_or_many(fields(symbol=TEXT, **_BEST))),
    "ticker": ((), (*_TICKER, "windowSize"), _either(_WINDOW, _MINI)),
}
"""What public calls must and may be given, and what they answer."""

_STATE = {
    **all_of_kind(
        DECIMAL, "price", "origQty", "executedQty", "origQuoteOrderQty", "cummulativeQuoteQty"
    ),
    **all_of_kind(TEXT, "status", "timeInForce", "type", "side"),
}
_RARE = {
    "stopPrice": DECIMAL,
    "strategyId": COUNT,
    "strategyType": COUNT,
    "preventedMatchId": COUNT,
    "preventedQuantity": DECIMAL,
}
_NAMED = {"symbol": TEXT, "orderId": COUNT, "orderListId": WHOLE, "clientOrderId": TEXT}
_MODE = {"selfTradePreventionMode": TEXT}
_LOST = {"takerPreventedQuantity": DECIMAL, "makerPreventedQuantity": DECIMAL}
_FILL = fields(price=DECIMAL, qty=DECIMAL, commission=DECIMAL, commissionAsset=TEXT, tradeId=COUNT)
_ACK = fields(**_NAMED, transactTime=COUNT)
_RESULT = fields(_RARE, **_NAMED, transactTime=COUNT, **_STATE, workingTime=WHOLE, **_MODE)
_MATCH = fields(_LOST, preventedMatchId=COUNT, makerOrderId=COUNT, price=DECIMAL)
_FULL = fields(
    {**_RARE, "preventedMatches": rows(_MATCH)},
    **_NAMED,
    transactTime=COUNT,
    **_STATE,
    workingTime=WHOLE,
    **_MODE,
    fills=rows(_FILL),
)
_PLACED = {"anyOf": [_ACK, _RESULT, _FULL]}
_CANCELLED = fields(_RARE, **_NAMED, origClientOrderId=TEXT, transactTime=COUNT, **_STATE, **_MODE)
_ORDER = fields(
    _RARE,
    **_NAMED,
    **_STATE,
    icebergQty=DECIMAL,
    time=COUNT,
    updateTime=COUNT,
    isWorking=FLAG,
    workingTime=WHOLE,
    **_MODE,
)
_TWO_RATES = {"maker": DECIMAL, "taker": DECIMAL}
_FOUR_RATES = fields(**_TWO_RATES, buyer=DECIMAL, seller=DECIMAL)
_COMMISSION = fields(
    symbol=TEXT,
    **all_of_kind(_FOUR_RATES, "standardCommission", "specialCommission", "taxCommission"),
    discount=fields(
        enabledForAccount=FLAG, enabledForSymbol=FLAG, discountAsset=TEXT, discount=DECIMAL
    ),
)
_BALANCE = fields(asset=TEXT, free=DECIMAL, locked=DECIMAL)
SIGNED: Mapping[str, Schema] = {
    "order.place": _PLACED,
    "order.test": {
        "anyOf": [
            fields(),
            fields(
                **all_of_kind(
                    fields(**_TWO_RATES),
                    "standardCommissionForOrder",
                    "specialCommissionForOrder",
                    "taxCommissionForOrder",
                ),
                discount=_COMMISSION["properties"]["discount"],
            ),
        ]
    },
    "order.cancel": _CANCELLED,
    "openOrders.cancelAll": rows(_CANCELLED),
    "order.cancelReplace": fields(
        cancelResult=TEXT, newOrderResult=TEXT, cancelResponse=_CANCELLED, newOrderResponse=_PLACED
    ),
    "order.amend.keepPriority": fields(
        transactTime=COUNT,
        executionId=COUNT,
        amendedOrder=fields(
            **_NAMED,
            origClientOrderId=TEXT,
            **all_of_kind(
                DECIMAL, "price", "qty", "executedQty", "preventedQty", "quoteOrderQty",
                "cumulativeQuoteQty",
            ),
            **all_of_kind(TEXT, "status", "timeInForce", "type", "side"),
            workingTime=WHOLE,
            **_MODE,
        ),
    ),
    "order.status": _ORDER,
    "openOrders.status": rows(_ORDER),
    "allOrders": rows(_ORDER),
    "myTrades": rows(
        fields(
            symbol=TEXT,
            **all_of_kind(COUNT, "id", "orderId", "time"),
            orderListId=WHOLE,
            **all_of_kind(DECIMAL, "price", "qty", "quoteQty", "commission"),
            commissionAsset=TEXT,
            **all_of_kind(FLAG, "isBuyer", "isMaker", "isBestMatch"),
        )
    ),
    "myPreventedMatches": rows(
        fields(
            _LOST,
            **all_of_kind(TEXT, "symbol", "makerSymbol", "selfTradePreventionMode"),
            **all_of_kind(
                COUNT, "preventedMatchId", "takerOrderId", "makerOrderId", "transactTime"
            ),
            tradeGroupId=WHOLE,
            price=DECIMAL,
        )
    ),
    "account.status": fields(
        **all_of_kind(
            COUNT, "makerCommission", "takerCommission", "buyerCommission", "sellerCommission"
        ),
        commissionRates=_FOUR_RATES,
        **all_of_kind(
            FLAG, "canTrade", "canWithdraw", "canDeposit", "brokered",
            "requireSelfTradePrevention", "preventSor",
        ),
        updateTime=COUNT,
        accountType=TEXT,
        balances=rows(_BALANCE),
        permissions=rows(TEXT),
        uid=COUNT,
    ),
    "account.commission": _COMMISSION,
    "account.rateLimits.orders": rows(RATE_LIMIT),
    "order.amendments": rows(
        fields(
            symbol=TEXT,
            **all_of_kind(COUNT, "orderId", "executionId", "time"),
            origClientOrderId=TEXT,
            newClientOrderId=TEXT,
            origQty=DECIMAL,
            newQty=DECIMAL,
        )
    ),
    "myFilters": fields(
        exchangeFilters=rows(ANY), symbolFilters=rows(_FILTER), assetFilters=rows(ANY)
    ),
    **dict.fromkeys(("openOrderLists.status", "allOrderLists", "myAllocations"), rows(ANY)),
}  # fmt: skip
"""What signed operations answer, by their socket method."""

_REPLACEMENT = fields(
    code=CODE,
    msg=TEXT,
    data=fields(
        cancelResult=word("SUCCESS", "FAILURE", "NOT_ATTEMPTED"),
        newOrderResult=word("SUCCESS", "FAILURE", "NOT_ATTEMPTED"),
        cancelResponse={"anyOf": [REFUSAL, _CANCELLED]},
        newOrderResponse={"anyOf": [REFUSAL, _PLACED, {"type": "null"}]},
    ),
)


def signed_table() -> list[Operation]:
    """Return the server's own table of signed operations, with nothing behind it."""
    return operations(Mock(), Mock())


def _named(mandatory: tuple[str, ...], optional: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        *(parameter(name, PARAMETERS[name], required=True) for name in mandatory),
        *(parameter(name, PARAMETERS[name]) for name in optional),
    ]


def _signed_operation(one: Operation) -> dict[str, Any]:
    told = operation(
        SIGNED[one.method],
        _named(one.form.mandatory, (*one.form.optional, "recvWindow")),
        refusals(401),
    )
    if one.method == "order.cancelReplace":
        refusal = answer({"anyOf": [REFUSAL, _REPLACEMENT]})
        told["responses"].update({"400": refusal, "409": refusal, "429": refusal})
    return {**told, "x-signed": True}


def spot_document() -> dict[str, Any]:
    """Return the document; raises KeyError for a call that nothing is told of here."""
    paths: dict[str, dict[str, Any]] = {}
    for path in market_calls({}):
        mandatory, optional, body = PUBLIC[path.removeprefix("/api/v3/")]
        told = operation(body, _named(mandatory, optional), refusals())
        paths[path] = {"get": {**told, "x-signed": False}}
    for one in signed_table():
        method, path = one.route
        paths.setdefault(path, {})[method.lower()] = _signed_operation(one)
    gone = {"responses": {str(status): told for status, told in refusals(410).items()}}
    paths[LISTEN_KEYS] = dict.fromkeys(("post", "put", "delete"), gone)
    for path in LISTS:
        paths.setdefault(path, {})["post"] = {
            "responses": {str(status): told for status, told in refusals().items()}
        }
    return document("Binance spot", paths)
