"""Binance's WebSocket API: frames, sessions, limits, and user data on the same socket."""

import json
from typing import Any

import pytest

from hftlib.exchange.binance.ws_api import WsApiConnection
from hftlib.exchange.messages import Close, Ping
from tests.reference.spot_desk import (
    HOME,
    MILLISECOND_NS,
    SECOND_NS,
    START_NS,
    Socket,
    SpotDesk,
    units,
)

STAMP = START_NS // MILLISECOND_NS
ORDER = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.5",
    "price": "63000",
}
WEIGHT = {
    "rateLimitType": "REQUEST_WEIGHT",
    "interval": "MINUTE",
    "intervalNum": 1,
    "limit": 6_000,
}


@pytest.fixture
def desk() -> SpotDesk:
    """A quoted market and two accounts."""
    desk = SpotDesk()
    desk.make_market()
    desk.open_account("alice", "hmac", "ed25519", USDT="100000", BTC="2")
    desk.open_account("bob", USDT="100000", BTC="2")
    return desk


@pytest.fixture
def socket(desk: SpotDesk) -> Socket:
    """A connection that has asked nothing yet."""
    return desk.connect()


def error(answer: dict[str, Any]) -> tuple[int, int, str]:
    return answer["status"], answer["error"]["code"], answer["error"]["msg"]


def test_answer_echoes_the_id_and_tells_the_weight(socket: Socket) -> None:
    for identifier in (1, -3, "e2a85d9f", None, 2**63):
        socket.say(json.dumps({"id": identifier, "method": "ping"}))
    answers = socket.messages()

    assert [one["id"] for one in answers] == [1, -3, "e2a85d9f", None, 2**63]
    assert list(answers[0]) == ["id", "status", "result", "rateLimits"]
    assert answers[0] == {
        "id": 1,
        "status": 200,
        "result": {},
        "rateLimits": [{**WEIGHT, "count": 3}],
    }


@pytest.mark.parametrize(
    ("text", "identifier", "refusal"),
    [
        ("{", None, (400, -1135, "Invalid JSON Request")),
        ("[]", None, (400, -1135, "Invalid JSON Request")),
        ("null", None, (400, -1135, "Invalid JSON Request")),
        ("\ud800", None, (400, -1135, "Invalid JSON Request")),
        ('{"method":"ping"}', None, (400, -1102, "Mandatory parameter 'id'")),
        ('{"id":1.5,"method":"ping"}', None, (400, -1102, "Mandatory parameter 'id'")),
        ('{"id":{},"method":"ping"}', None, (400, -1102, "Mandatory parameter 'id'")),
        ('{"id":7}', 7, (400, -1102, "Mandatory parameter 'method'")),
        ('{"id":7,"method":""}', 7, (400, -1102, "Mandatory parameter 'method'")),
        ('{"id":7,"method":5}', 7, (400, -1102, "Mandatory parameter 'method'")),
        ('{"id":7,"method":"ping","params":[]}', 7, (400, -1135, "Invalid JSON Request")),
        ('{"id":7,"method":"ping","params":5}', 7, (400, -1135, "Invalid JSON Request")),
        ('{"id":7,"method":"nothing"}', 7, (400, -1020, "This operation is not supported.")),
        (
            '{"id":7,"method":"ping","params":{"returnRateLimits":"maybe"}}',
            7,
            (400, -1100, "Illegal characters found in parameter 'returnRateLimits'"),
        ),
    ],
)
def test_frame_that_is_no_request_is_refused_and_counted(
    desk: SpotDesk, socket: Socket, text: str, identifier: object, refusal: tuple[int, int, str]
) -> None:
    socket.say(text)
    [answer] = socket.messages()

    assert answer["id"] == identifier
    assert error(answer)[:2] == refusal[:2]
    assert error(answer)[2].startswith(refusal[2])
    assert desk.spot.limits.used(HOME, START_NS) == 3


def test_versions_and_missing_parameters_are_fine(socket: Socket) -> None:
    socket.say('{"id":1,"method":"v3/time","params":null}')

    assert socket.messages()[0]["result"] == {"serverTime": STAMP}


def test_market_data_is_that_of_rest(desk: SpotDesk, socket: Socket) -> None:
    for method, path, parameters in (
        ("depth", "depth", {"symbol": "BTCUSDT", "limit": 5}),
        ("exchangeInfo", "exchangeInfo", {"symbol": "BTCUSDT"}),
        ("trades.recent", "trades", {"symbol": "BTCUSDT"}),
        ("klines", "klines", {"symbol": "BTCUSDT", "interval": "1m", "limit": 2}),
        ("avgPrice", "avgPrice", {"symbol": "BTCUSDT"}),
        ("ticker.24hr", "ticker/24hr", {"symbol": "BTCUSDT"}),
        ("ticker.price", "ticker/price", {"symbol": "BTCUSDT"}),
        ("ticker.book", "ticker/bookTicker", {"symbol": "BTCUSDT"}),
    ):
        query = "&".join(f"{name}={one}" for name, one in parameters.items())
        expected = desk.send("GET", f"/api/v3/{path}", query).body
        assert socket.ask(method, **parameters)["result"] == expected, method
    many = socket.ask("ticker.price", symbols=["BTCUSDT", "ETHUSDT"])["result"]
    assert [one["symbol"] for one in many] == ["BTCUSDT", "ETHUSDT"]


def test_errors_of_market_data_are_those_of_rest(socket: Socket) -> None:
    assert error(socket.ask("depth", symbol="DOGEUSDT")) == (400, -1121, "Invalid symbol.")


@pytest.mark.parametrize(("query", "default"), [("", True), ("returnRateLimits=false", False)])
def test_limits_are_told_when_they_are_wanted(desk: SpotDesk, query: str, default: bool) -> None:
    socket = desk.connect(query)

    assert ("rateLimits" in socket.ask("ping")) is default
    assert ("rateLimits" in socket.ask("nothing")) is default
    assert "rateLimits" not in socket.ask("ping", returnRateLimits=False)
    assert "rateLimits" in socket.ask("ping", returnRateLimits=True)


def test_times_can_be_told_in_microseconds(desk: SpotDesk) -> None:
    socket = desk.connect("timeUnit=MICROSECOND")

    assert socket.ask("time")["result"] == {"serverTime": STAMP * 1_000}
    placed = socket.ask_signed("alice", "order.place", **ORDER)["result"]
    assert placed["transactTime"] == STAMP * 1_000


# Orders.


def test_signed_order_is_placed_and_cancelled(desk: SpotDesk, socket: Socket) -> None:
    placed = socket.ask_signed("alice", "order.place", **ORDER)

    assert placed["status"] == 200
    assert placed["result"]["status"] == "NEW"
    assert [one["count"] for one in placed["rateLimits"]] == [1, 1, 2]
    assert [one["rateLimitType"] for one in placed["rateLimits"]] == [
        "ORDERS", "ORDERS", "REQUEST_WEIGHT",
    ]  # fmt: skip
    assert desk.held("alice", "USDT")[1] == units("31500")
    order = {"symbol": "BTCUSDT", "orderId": placed["result"]["orderId"]}
    told = socket.ask_signed("alice", "order.status", **order)
    assert told["result"]["clientOrderId"] == placed["result"]["clientOrderId"]
    gone = socket.ask_signed("alice", "order.cancel", **order)
    assert gone["result"]["status"] == "CANCELED"
    assert [one["rateLimitType"] for one in gone["rateLimits"]] == ["REQUEST_WEIGHT"]


def test_numbers_are_signed_as_they_are_written(desk: SpotDesk, socket: Socket) -> None:
    order = {**ORDER, "quantity": 0.5, "price": 63000}

    assert socket.ask_signed("alice", "order.place", **order)["status"] == 200
    signed = socket.sign("alice", **order)
    frame = json.dumps({"id": 1, "method": "order.place", "params": signed})
    socket.say(frame.replace("0.5,", "0.50,"))
    assert error(socket.messages()[-1])[1] == -1022


@pytest.mark.parametrize(
    ("spoiled", "refusal"),
    [
        ({"apiKey": ""}, (400, -1102)),
        ({"signature": ""}, (400, -1102)),
        ({"apiKey": "?"}, (401, -2014)),
        ({"apiKey": "B" * 64}, (401, -2015)),
        ({"signature": "00"}, (400, -1022)),
        ({"timestamp": STAMP - 6_000}, (400, -1021)),
        ({"timestamp": None}, (400, -1102)),
        ({"price": "62000"}, (400, -1022)),
    ],
)
def test_who_is_not_known_or_late_is_refused(
    desk: SpotDesk, socket: Socket, spoiled: dict[str, object], refusal: tuple[int, int]
) -> None:
    parameters = {**socket.sign("alice", **ORDER), **spoiled}

    assert error(socket.ask("order.place", **parameters))[:2] == refusal
    assert desk.held("alice", "USDT") == (units("100000"), 0)


def test_half_failed_replacement_tells_both_halves(desk: SpotDesk, socket: Socket) -> None:
    answer = socket.ask_signed(
        "alice", "order.cancelReplace", **ORDER, cancelReplaceMode="ALLOW_FAILURE", cancelOrderId=1
    )

    assert error(answer) == (409, -2021, "Order cancel-replace partially failed.")
    assert answer["error"]["data"]["newOrderResult"] == "SUCCESS"
    assert [one["count"] for one in answer["rateLimits"]] == [1, 1, 3]


def test_too_many_orders_are_told_when_to_come_again(desk: SpotDesk, socket: Socket) -> None:
    for _ in range(100):
        desk.spot.limits.count_order(desk.accounts.account("alice").owner, START_NS)

    answer = socket.ask_signed("alice", "order.place", **ORDER)

    assert error(answer)[:2] == (429, -1015)
    assert answer["error"]["data"] == {"serverTime": STAMP, "retryAfter": STAMP + 10_000}


def test_too_much_weight_ends_in_a_ban_and_the_connection(desk: SpotDesk, socket: Socket) -> None:
    desk.spot.limits.charge(HOME, 5_998, START_NS)

    refused = socket.ask("ping")
    assert error(refused)[:2] == (429, -1003)
    assert refused["error"]["data"] == {"serverTime": STAMP, "retryAfter": STAMP + 60_000}
    for _ in range(30):
        socket.say("nonsense")
    assert {one["status"] for one in socket.messages()} == {429}
    socket.say('{"id":1,"method":"ping"}')

    message, close = socket.connection.outbox
    banned = json.loads(message.text)  # type: ignore[union-attr]
    assert error(banned)[:2] == (418, -1003)
    assert banned["error"]["data"]["retryAfter"] == STAMP + 120_000
    assert isinstance(close, Close)
    socket.connection.outbox.clear()
    socket.say('{"id":1,"method":"ping"}')
    socket.connection.tick(START_NS + 10 * 86_400 * SECOND_NS)
    assert socket.connection.outbox == []


# Sessions.


def test_session_signs_once(desk: SpotDesk, socket: Socket) -> None:
    nobody = socket.ask("session.status")["result"]
    assert nobody == {
        "apiKey": None,
        "authorizedSince": None,
        "connectedSince": STAMP,
        "returnRateLimits": True,
        "serverTime": STAMP,
        "userDataStream": False,
    }
    desk.now_ns += SECOND_NS

    logged = socket.ask_signed("alice/ed25519", "session.logon")["result"]

    assert logged["apiKey"] == desk.keys["alice/ed25519"].key
    assert logged["authorizedSince"] == STAMP + 1_000
    placed = socket.ask("order.place", **ORDER, timestamp=STAMP + 1_000)
    assert placed["status"] == 200
    assert error(socket.ask("order.place", **ORDER))[1] == -1102
    assert error(socket.ask("account.status", timestamp=STAMP - 5_000))[1] == -1021
    other = socket.ask_signed("bob", "account.status")["result"]
    assert other["uid"] == desk.accounts.account("bob").uid
    assert socket.ask("session.logout")["result"]["apiKey"] is None
    assert error(socket.ask("account.status", timestamp=STAMP + 1_000))[1] == -1102
    assert socket.ask("session.logout")["status"] == 200


def test_only_ed25519_keys_log_on(socket: Socket) -> None:
    answer = socket.ask_signed("alice", "session.logon")

    assert error(answer) == (401, -2015, "Invalid API-key, IP, or permissions for action.")


# User data.


def test_signed_subscription_hears_of_its_account(desk: SpotDesk, socket: Socket) -> None:
    answer = socket.ask_signed("alice", "userDataStream.subscribe.signature")
    assert answer["result"] == {"subscriptionId": 0}
    assert socket.ask("session.status")["result"]["userDataStream"] is True

    desk.order("bob", "BUY", quantity="0.1", price="63000")
    assert socket.messages() == []
    desk.order("alice", "BUY", quantity="0.1", price="63000")

    messages = socket.messages()
    assert [one["subscriptionId"] for one in messages] == [0, 0]
    assert [one["event"]["e"] for one in messages] == [
        "executionReport", "outboundAccountPosition",
    ]  # fmt: skip


def test_subscription_without_a_session_is_not_authorized(socket: Socket) -> None:
    answer = socket.ask("userDataStream.subscribe")

    assert error(answer) == (401, -1002, "You are not authorized to execute this request.")


def test_one_connection_can_hear_of_several_accounts(desk: SpotDesk, socket: Socket) -> None:
    socket.ask_signed("alice/ed25519", "session.logon")
    assert socket.ask("userDataStream.subscribe")["result"] == {"subscriptionId": 0}
    again = socket.ask_signed("alice", "userDataStream.subscribe.signature")
    assert error(again) == (400, -2035, "User Data Stream subscription already active.")
    other = socket.ask_signed("bob", "userDataStream.subscribe.signature")
    assert other["result"] == {"subscriptionId": 1}
    listed = socket.ask("session.subscriptions")["result"]
    assert listed == [{"subscriptionId": 0}, {"subscriptionId": 1}]

    socket.say('{"id":5,"method":"userDataStream.unsubscribe","params":{"subscriptionId":1}}')

    ended, answer = socket.messages()
    assert ended == {
        "subscriptionId": 1,
        "event": {"e": "eventStreamTerminated", "E": STAMP},
    }
    assert answer["result"] == {}
    desk.order("bob", "BUY", quantity="0.1", price="63000")
    assert socket.messages() == []
    missing = socket.ask("userDataStream.unsubscribe", subscriptionId=1)
    assert error(missing) == (400, -2036, "User Data Stream subscription not active.")


def test_logging_out_ends_the_sessions_subscription_only(desk: SpotDesk, socket: Socket) -> None:
    socket.ask_signed("alice/ed25519", "session.logon")
    socket.ask("userDataStream.subscribe")
    socket.ask_signed("bob", "userDataStream.subscribe.signature")

    socket.say('{"id":1,"method":"session.logout"}')

    ended, answer = socket.messages()
    assert ended["event"]["e"] == "eventStreamTerminated"
    assert answer["result"]["userDataStream"] is True
    assert socket.ask("session.subscriptions")["result"] == [{"subscriptionId": 1}]
    assert socket.ask("userDataStream.unsubscribe")["result"] == {}
    assert socket.ask("session.subscriptions")["result"] == []


def test_numbers_of_subscriptions_are_used_up(
    socket: Socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hftlib.exchange.binance.ws_api._MOST_NUMBERS", 0)
    socket.ask_signed("alice", "userDataStream.subscribe.signature")
    socket.ask("userDataStream.unsubscribe")

    answer = socket.ask_signed("alice", "userDataStream.subscribe.signature")

    assert error(answer) == (400, -2042, "Maximum subscription ID reached for this connection.")


@pytest.mark.parametrize("method", ["start", "ping", "stop"])
def test_listen_keys_are_gone(socket: Socket, method: str) -> None:
    answer = socket.ask(f"userDataStream.{method}", apiKey="x")

    assert error(answer) == (410, -1016, "This service is no longer available.")


@pytest.mark.parametrize(
    "method",
    ["session.status", "session.logout", "session.subscriptions", "userDataStream.subscribe"],
)
def test_unknown_parameters_are_refused(socket: Socket, method: str) -> None:
    assert error(socket.ask(method, foo=1))[:2] == (400, -1104)


def test_connection_that_is_gone_hears_nothing(desk: SpotDesk, socket: Socket) -> None:
    socket.ask_signed("alice", "userDataStream.subscribe.signature")

    desk.spot.disconnect(socket.connection)
    desk.order("alice", "BUY", quantity="0.1", price="63000")

    assert socket.messages() == []


# Pings and age.


def test_venue_pings_and_cuts_who_does_not_answer(socket: Socket) -> None:
    connection = socket.connection
    for second in range(101):
        connection.tick(START_NS + second * SECOND_NS)
        if second == 20:
            [ping] = connection.outbox
            assert isinstance(ping, Ping)
            connection.receive_pong(b"something else", START_NS)
            connection.receive_pong(ping.payload, START_NS)
            connection.receive_ping(b"", START_NS)

    kinds = [type(one) for one in connection.outbox]
    assert kinds == [Ping] * 5
    connection.tick(START_NS + 101 * SECOND_NS)
    assert connection.outbox[-1] == Close(1008, "Pong timeout")


def test_connection_ends_after_a_day(desk: SpotDesk, socket: Socket) -> None:
    connection = socket.connection
    assert isinstance(connection, WsApiConnection)
    desk.spot.lifetime_ns = 10 * SECOND_NS

    connection.tick(START_NS + 10 * SECOND_NS - 1)
    assert connection.outbox == []
    connection.tick(START_NS + 10 * SECOND_NS)

    assert connection.outbox == [Close(1001, "24 hours are over")]
