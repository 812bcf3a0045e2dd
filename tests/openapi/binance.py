"""What Binance's two markets have in common: parameters by name, refusals, rows."""

from hftlib.exchange.binance.parameters import CLIENT_ID_RANGE, SYMBOL_RANGE
from hftlib.exchange.periods import INTERVALS
from tests.openapi.shapes import (
    COUNT,
    DECIMAL,
    FLAG,
    TEXT,
    WHOLE,
    Schema,
    all_of_kind,
    answer,
    fields,
    row,
    rows,
    word,
)

CODES = frozenset(
    {
        -1000, -1001, -1002, -1003, -1006, -1007, -1008, -1013, -1014, -1015, -1016, -1020, -1021,
        -1022, -1033, -1034, -1099, -1100, -1101, -1102, -1103, -1104, -1105, -1106, -1108, -1109,
        -1111, -1112, -1114, -1115, -1116, -1117, -1118, -1119, -1120, -1121, -1122, -1125, -1127,
        -1128, -1130, -1131, -1134, -1135, -1139, -1145, -1151, -1152, -1153, -1154, -1155, -1165,
        -1166, -1167, -1168, -1169, -1170, -1171, -1172, -1173, -1174, -1175, -1176, -1177, -1178,
        -1179, -1180, -1181, -1182, -1183, -1184, -1185, -1186, -1187, -1188, -1189, -1190, -1191,
        -1192, -1193, -1194, -1195, -1196, -1220, -2010, -2011, -2013, -2014, -2015, -2016, -2021,
        -2022, -2026, -2035, -2036, -2038, -2039, -4021, -5000,
    }
)  # fmt: skip
"""The codes of errors.md, and USD-M's -4021 and -5000."""

CODE: Schema = {"type": "integer", "enum": sorted(CODES)}
REFUSAL = fields(code=CODE, msg=TEXT)
SYMBOL: Schema = {"type": "string", "pattern": SYMBOL_RANGE, "example": "BTCUSDT"}
STAMP: Schema = {
    "type": "integer",
    "minimum": 0,
    "maximum": 2**63 - 1,
    "example": 1_700_000_000_000,
}
ID: Schema = {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}
LIMIT: Schema = {"type": "integer", "minimum": 1, "maximum": 5_000, "example": 5}
AMOUNT: Schema = {"type": "string", "pattern": r"^[0-9]{1,9}(\.[0-9]{1,8})?$", "example": "0.001"}
CLIENT_ID: Schema = {"type": "string", "pattern": CLIENT_ID_RANGE}
YES_OR_NO = word("true", "false")

PARAMETERS: dict[str, Schema] = {
    "symbol": SYMBOL,
    "symbols": {"type": "string", "example": '["BTCUSDT","ETHUSDT"]'},
    "symbolStatus": word("TRADING", "HALT", "BREAK"),
    "permissions": {"type": "string", "example": "SPOT"},
    "showPermissionSets": YES_OR_NO,
    "interval": word(*INTERVALS),
    "windowSize": {"type": "string", "pattern": "^[1-9][mhd]$", "example": "1h"},
    "timeZone": {"type": "string", "pattern": "^[+-]?[0-9](:[0-5][0-9])?$", "example": "8"},
    "limit": LIMIT,
    "side": word("BUY", "SELL"),
    "type": word(
        "LIMIT", "MARKET", "LIMIT_MAKER", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT",
        "TAKE_PROFIT_LIMIT",
    ),
    "timeInForce": word("GTC", "IOC", "FOK"),
    **all_of_kind(AMOUNT, "quantity", "quoteOrderQty", "icebergQty", "newQty"),
    **all_of_kind({**AMOUNT, "example": "50000"}, "price", "stopPrice"),
    **all_of_kind(
        CLIENT_ID, "newClientOrderId", "origClientOrderId", "cancelNewClientOrderId",
        "cancelOrigClientOrderId",
    ),
    **all_of_kind(
        ID, "orderId", "cancelOrderId", "strategyId", "trailingDelta", "fromId",
        "preventedMatchId", "fromPreventedMatchId", "fromExecutionId", "fromAllocationId",
    ),
    **all_of_kind(STAMP, "startTime", "endTime"),
    "strategyType": {"type": "integer", "minimum": 1_000_000, "maximum": 2**31},
    "newOrderRespType": word("ACK", "RESULT", "FULL"),
    "selfTradePreventionMode": word(
        "NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT"
    ),
    "cancelReplaceMode": word("STOP_ON_FAILURE", "ALLOW_FAILURE"),
    "orderRateLimitExceededMode": word("DO_NOTHING", "CANCEL_ONLY"),
    "cancelRestrictions": word("ONLY_NEW", "ONLY_PARTIALLY_FILLED"),
    **all_of_kind(YES_OR_NO, "omitZeroBalances", "computeCommissionRates"),
    "recvWindow": {"type": "integer", "minimum": 1, "maximum": 60_000, "example": 5_000},
    "pegPriceType": word("PRIMARY_PEG", "MARKET_PEG"),
    "pegOffsetValue": {"type": "integer", "minimum": 1, "maximum": 100},
    "pegOffsetType": word("PRICE_LEVEL"),
}  # fmt: skip
"""Every parameter of every call by its name."""


def refusals(*statuses: int) -> dict[int, Schema]:
    """Return refusals with these statuses, and those that any call may meet."""
    return dict.fromkeys((400, 418, 429, *statuses), answer(REFUSAL))


LEVELS = rows(row(DECIMAL, DECIMAL))
KLINE = row(
    WHOLE, DECIMAL, DECIMAL, DECIMAL, DECIMAL, DECIMAL, WHOLE, DECIMAL, COUNT, DECIMAL, DECIMAL,
    DECIMAL,
)  # fmt: skip
RATE_LIMIT = fields(
    {"count": COUNT}, rateLimitType=TEXT, interval=TEXT, intervalNum=COUNT, limit=COUNT
)
TRADE = fields(
    id=COUNT, price=DECIMAL, qty=DECIMAL, quoteQty=DECIMAL, time=COUNT, isBuyerMaker=FLAG
)
AGGREGATE = fields(a=COUNT, p=DECIMAL, q=DECIMAL, f=COUNT, l=COUNT, T=COUNT, m=FLAG)


def wider(schema: Schema, **more: Schema) -> Schema:
    """Return an object with more fields."""
    return {
        **schema,
        "properties": {**schema["properties"], **more},
        "required": [*schema["required"], *more],
    }
