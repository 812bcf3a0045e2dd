"""Whatever a client sends to Binance spot, it gets a documented answer."""

import json
from urllib.parse import quote, urlencode

from hypothesis import given
from hypothesis import strategies as st

from hftlib.exchange.messages import Close, Message, Request, Response
from tests.reference.spot_desk import HOME, MILLISECOND_NS, SpotDesk

DOCUMENTED = {
    *range(-1016, -999),
    *range(-1022, -1019),
    *range(-1131, -1099),
    *(-1134, -1135, -1139, -1145, -1151, -1194, -1220),
    *(-2010, -2011, -2013, -2014, -2015, -2021, -2022, -2026),
    *(-2035, -2036, -2038, -2039, -2042),
}
STATUSES = {200, 400, 401, 404, 405, 409, 410, 418, 429}
NAMES = st.sampled_from(
    [
        "symbol",
        "side",
        "type",
        "timeInForce",
        "quantity",
        "quoteOrderQty",
        "price",
        "stopPrice",
        "icebergQty",
        "trailingDelta",
        "newClientOrderId",
        "origClientOrderId",
        "orderId",
        "cancelOrderId",
        "cancelOrigClientOrderId",
        "cancelReplaceMode",
        "cancelRestrictions",
        "orderRateLimitExceededMode",
        "newOrderRespType",
        "selfTradePreventionMode",
        "strategyId",
        "strategyType",
        "newQty",
        "limit",
        "fromId",
        "startTime",
        "endTime",
        "preventedMatchId",
        "omitZeroBalances",
        "computeCommissionRates",
        "recvWindow",
        "interval",
        "symbols",
        "windowSize",
        "timeZone",
        "subscriptionId",
        "returnRateLimits",
        "x",
    ]
)
VALUES = st.one_of(
    st.sampled_from(
        [
            "BTCUSDT",
            "ETHUSDT",
            "NOPE",
            "BUY",
            "SELL",
            "LIMIT",
            "MARKET",
            "LIMIT_MAKER",
            "STOP_LOSS",
            "TAKE_PROFIT_LIMIT",
            "GTC",
            "IOC",
            "FOK",
            "ACK",
            "FULL",
            "STOP_ON_FAILURE",
            "ALLOW_FAILURE",
            "CANCEL_ONLY",
            "ONLY_NEW",
            "EXPIRE_BOTH",
            "TRANSFER",
            "true",
            "false",
            "",
            "0",
            "1",
            "0.001",
            "64001",
            "64000.5",
            "1e5",
            "-1",
            "99999999999999999999",
            "92233720368.54775807",
            "mine",
            "1m",
            '["BTCUSDT"]',
            "٣",
        ]
    ),
    st.text(max_size=12),
    st.integers(0, 10**6).map(str),
)
WHOLE_ORDER = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.001",
    "price": "64001",
}
PARAMETERS = st.one_of(
    st.dictionaries(NAMES, VALUES, max_size=10),
    st.dictionaries(NAMES, VALUES, max_size=3).map(lambda changed: {**WHOLE_ORDER, **changed}),
)
PATHS = st.sampled_from(
    [
        "order",
        "order/test",
        "order/cancelReplace",
        "order/amend/keepPriority",
        "openOrders",
        "allOrders",
        "myTrades",
        "myPreventedMatches",
        "account",
        "account/commission",
        "rateLimit/order",
        "userDataStream",
        "depth",
        "klines",
        "ticker/24hr",
        "ticker",
        "exchangeInfo",
        "aggTrades",
        "trades",
        "nothing",
    ]
)
METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD"])
SOCKET_METHODS = st.sampled_from(
    [
        "ping",
        "depth",
        "klines",
        "ticker.24hr",
        "order.place",
        "order.test",
        "order.cancel",
        "order.cancelReplace",
        "order.amend.keepPriority",
        "order.status",
        "openOrders.status",
        "openOrders.cancelAll",
        "allOrders",
        "myTrades",
        "account.status",
        "account.rateLimits.orders",
        "account.commission",
        "session.logon",
        "session.status",
        "session.logout",
        "session.subscriptions",
        "userDataStream.subscribe",
        "userDataStream.subscribe.signature",
        "userDataStream.unsubscribe",
        "userDataStream.start",
        "nothing",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | VALUES,
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3)
    ),
    max_leaves=8,
)


def make_desk() -> SpotDesk:
    desk = SpotDesk()
    desk.make_market()
    desk.open_account("alice", "hmac", "ed25519", USDT="100000", BTC="2")
    return desk


DESK = make_desk()


def check(response: Response) -> None:
    assert response.status in STATUSES, response
    if response.status != 200:
        assert json.loads(response.body)["code"] in DOCUMENTED, response


@given(METHODS, PATHS, PARAMETERS)
def test_signed_requests_are_answered(method: str, path: str, asked: dict[str, str]) -> None:
    DESK.spot.reset_limits()
    key = DESK.keys["alice"]
    query = DESK.signed_query(key, dict(asked))
    headers = {"x-mbx-apikey": key.key}
    request = Request(method, f"/api/v3/{path}", query, headers, b"", HOME, DESK.now_ns)

    check(DESK.spot.request(request))

    assert DESK.total("BTC") == DESK.total("USDT") == 0


@given(METHODS, PATHS, st.text(max_size=60) | PARAMETERS.map(urlencode), st.binary(max_size=40))
def test_unsigned_and_broken_requests_are_answered(
    method: str, path: str, query: str, body: bytes
) -> None:
    DESK.spot.reset_limits()
    headers = {"x-mbx-apikey": quote(query)[:64], "x-mbx-time-unit": query[:11]}
    request = Request(method, f"/api/v3/{path}", query, headers, body, HOME, DESK.now_ns)

    check(DESK.spot.request(request))


@given(SOCKET_METHODS, st.dictionaries(NAMES, JSON, max_size=6), st.sampled_from(["", "/ed25519"]))
def test_signed_frames_are_answered(method: str, asked: dict[str, object], kind: str) -> None:
    DESK.spot.reset_limits()
    socket = DESK.connect()
    try:
        signed = socket.sign(f"alice{kind}", **asked)
    except UnicodeEncodeError:
        signed = dict(asked)

    socket.say(json.dumps({"id": 1, "method": "session.logon", "params": signed}))
    socket.say(json.dumps({"id": 1, "method": method, "params": signed}))
    bare = {**asked, "timestamp": DESK.now_ns // MILLISECOND_NS}
    socket.say(json.dumps({"id": 1, "method": method, "params": bare}))

    answers = [one for one in socket.messages() if "id" in one]
    assert len(answers) == 3
    for answer in answers:
        assert answer["status"] in STATUSES
        assert "result" in answer or answer["error"]["code"] in DOCUMENTED
    DESK.spot.disconnect(socket.connection)


@given(st.text(max_size=200) | JSON.map(json.dumps))
def test_any_text_is_answered(text: str) -> None:
    DESK.spot.reset_limits()
    socket = DESK.connect()

    socket.say(text)

    [answer] = socket.connection.outbox
    assert isinstance(answer, (Message, Close))
