"""Binance spot as a server: routes, headers, limits, and who may ask what."""

from urllib.parse import urlencode

import pytest

from hftlib.exchange.binance.stream_connection import SPOT_RULES, StreamConnection
from hftlib.exchange.binance.ws_api import WsApiConnection
from hftlib.exchange.messages import Close, Opening, Response
from hftlib.market.script import Fee
from tests.reference.spot_desk import (
    HOME,
    MILLISECOND_NS,
    SECOND_NS,
    START_NS,
    SpotDesk,
    sign,
    units,
)

STAMP = START_NS // MILLISECOND_NS
LIMIT_ORDER = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.1",
    "price": "63000",
}


@pytest.fixture
def desk() -> SpotDesk:
    """A quoted market and an account."""
    desk = SpotDesk()
    desk.make_market()
    desk.open_account("alice", "hmac", "ed25519", "coinbase", USDT="100000", BTC="2")
    return desk


def test_public_calls_are_answered_with_their_weight(desk: SpotDesk) -> None:
    assert desk.send("GET", "/api/v3/ping").body == {}
    answer = desk.send("GET", "/api/v3/depth", "symbol=BTCUSDT")

    assert answer.status == 200
    assert answer.body["asks"] == [["64001.00000000", "1.00000000"]]
    assert answer.headers["X-MBX-USED-WEIGHT-1M"] == answer.headers["X-MBX-USED-WEIGHT"] == "6"
    assert desk.send("GET", "/api/v3/time").body == {"serverTime": STAMP}


def test_public_times_can_be_told_in_microseconds(desk: SpotDesk) -> None:
    headers = {"x-mbx-time-unit": "MICROSECOND"}

    answer = desk.send("GET", "/api/v3/time", headers=headers)

    assert answer.body == {"serverTime": STAMP * 1_000}


def test_exchange_info_tells_the_limits_that_are_held(desk: SpotDesk) -> None:
    body = desk.send("GET", "/api/v3/exchangeInfo").body

    assert [one["symbol"] for one in body["symbols"]] == ["BTCUSDT", "ETHUSDT"]
    assert [one["limit"] for one in body["rateLimits"]] == [6_000, 100, 200_000, 300_000]


@pytest.mark.parametrize(
    ("method", "path", "refusal"),
    [
        ("GET", "/api/v3/nothing", (404, -1020, "This operation is not supported.")),
        ("GET", "/sapi/v1/capital/config/getall", (404, -1020, "This operation is not supported.")),
        ("POST", "/api/v3/depth", (405, -1020, "This operation is not supported.")),
        ("PUT", "/api/v3/order", (405, -1020, "This operation is not supported.")),
        (
            "POST",
            "/api/v3/orderList/oco",
            (400, -2010, "OCO orders are not supported for this symbol"),
        ),
        ("GET", "/api/v3/orderList/oco", (404, -1020, "This operation is not supported.")),
        ("GET", "/api/v3/depth", (400, -1102, "")),
        *(
            (method, "/api/v3/userDataStream", (410, -1016, "This service is no longer available."))
            for method in ("POST", "PUT", "DELETE")
        ),
    ],
)
def test_what_is_not_served_is_refused(
    desk: SpotDesk, method: str, path: str, refusal: tuple[int, int, str]
) -> None:
    answer = desk.send(method, path)

    assert answer.refusal[:2] == refusal[:2]
    assert answer.refusal[2].endswith(refusal[2])
    assert int(answer.headers["X-MBX-USED-WEIGHT-1M"]) >= 1


@pytest.mark.parametrize("query", ["symbol=BTCUSDT&symbol=BTCUSDT", "symbol=%FF"])
def test_malformed_query_costs_a_weight(desk: SpotDesk, query: str) -> None:
    for path in ("/api/v3/depth", "/api/v3/openOrders"):
        assert desk.send("GET", path, query).status == 400
    assert desk.spot.limits.used(HOME, START_NS) == 2


# Signed requests.


@pytest.mark.parametrize("kind", ["hmac", "ed25519"])
def test_parameters_may_come_in_query_and_body(desk: SpotDesk, kind: str) -> None:
    key = desk.keys[f"alice/{kind}"]
    query = urlencode({"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT"})
    rest = {"timeInForce": "GTC", "quantity": "0.1", "price": "63000", "timestamp": STAMP}
    body = urlencode({**rest, "side": "SELL"})
    signature = urlencode({"signature": sign(key, query + body)})

    answer = desk.send(
        "POST",
        "/api/v3/order",
        query,
        body=f"{body}&{signature}".encode(),
        headers={"x-mbx-apikey": key.key},
    )

    assert answer.status == 200
    assert answer.body["side"] == "BUY"


def test_parameters_may_come_in_the_body_alone(desk: SpotDesk) -> None:
    key = desk.keys["alice"]
    body = desk.signed_query(key, dict(LIMIT_ORDER)).encode()

    answer = desk.send("POST", "/api/v3/order", body=body, headers={"x-mbx-apikey": key.key})

    assert answer.status == 200
    assert desk.held("alice", "USDT")[1] == units("6300")


def test_body_of_a_get_is_not_read(desk: SpotDesk) -> None:
    key = desk.keys["alice"]
    query = desk.signed_query(key, {"symbol": "BTCUSDT"})

    answer = desk.send(
        "GET", "/api/v3/openOrders", query, body=b"\xff", headers={"x-mbx-apikey": key.key}
    )

    assert (answer.status, answer.body) == (200, [])


def test_body_that_is_no_text_is_refused(desk: SpotDesk) -> None:
    assert desk.send("POST", "/api/v3/order", body=b"\xff").refusal == (
        400, -1100, "Illegal characters found in a parameter.",
    )  # fmt: skip


def test_client_order_id_that_is_encoded_is_signed_as_it_is_sent(desk: SpotDesk) -> None:
    key = desk.keys["alice"]
    text = f"newClientOrderId=%6Dine&{urlencode({**LIMIT_ORDER, 'timestamp': STAMP})}"
    query = f"{text}&signature={sign(key, text)}"

    answer = desk.send("POST", "/api/v3/order", query, headers={"x-mbx-apikey": key.key})

    assert answer.body["clientOrderId"] == "mine"


@pytest.mark.parametrize(
    ("dropped", "changed", "headers", "refusal"),
    [
        ("timestamp", {}, {}, (400, -1102)),
        ("signature", {}, {}, (400, -1102)),
        ("", {}, {"x-mbx-apikey": ""}, (401, -2014)),
        ("", {}, {"x-mbx-apikey": "A" * 64}, (401, -2015)),
        ("", {"signature": "0" * 64}, {}, (400, -1022)),
        ("", {"price": "62000"}, {}, (400, -1022)),
        ("", {"timestamp": str(STAMP - 5_001)}, {}, (400, -1021)),
        ("", {"timestamp": str(STAMP + 1_000)}, {}, (400, -1021)),
    ],
)
def test_who_is_not_known_or_late_is_refused(
    desk: SpotDesk,
    dropped: str,
    changed: dict[str, str],
    headers: dict[str, str],
    refusal: tuple[int, int],
) -> None:
    key = desk.keys["alice"]
    parts = dict(part.split("=") for part in desk.signed_query(key, dict(LIMIT_ORDER)).split("&"))
    parts.update(changed)
    parts.pop(dropped, None)

    answer = desk.send(
        "POST", "/api/v3/order", urlencode(parts), headers={"x-mbx-apikey": key.key, **headers}
    )

    assert answer.refusal[:2] == refusal
    assert desk.held("alice", "USDT") == (units("100000"), 0)


def test_coinbase_keys_are_not_known_here(desk: SpotDesk) -> None:
    key = desk.keys["alice/coinbase"]
    query = f"timestamp={STAMP}&signature=x"

    answer = desk.send("GET", "/api/v3/account", query, headers={"x-mbx-apikey": key.key})

    assert answer.refusal[:2] == (401, -2015)


def test_unknown_parameter_of_a_signed_request_is_counted(desk: SpotDesk) -> None:
    answer = desk.signed("alice", "GET", "/api/v3/openOrders", symbol="BTCUSDT", foo="bar")

    assert answer.refusal == (
        400,
        -1104,
        "Not all sent parameters were read; read '3' parameter(s) but was sent '4'.",
    )


# Limits.


def test_too_much_weight_is_refused_and_then_banned(desk: SpotDesk) -> None:
    for _ in range(24):
        assert desk.send("GET", "/api/v3/depth", "symbol=BTCUSDT&limit=5000").status == 200

    answers = [desk.send("GET", "/api/v3/ping") for _ in range(32)]

    assert [one.status for one in answers] == [429] * 31 + [418]
    assert answers[0].headers["Retry-After"] == "60"
    assert answers[0].body["code"] == answers[-1].body["code"] == -1003
    assert int(answers[0].headers["X-MBX-USED-WEIGHT-1M"]) > 6_000
    assert desk.send("GET", "/api/v3/ping", address="10.0.0.9").status == 200
    desk.now_ns += 120 * SECOND_NS
    assert desk.send("GET", "/api/v3/ping").status == 200


def test_limits_can_be_forgotten(desk: SpotDesk) -> None:
    desk.spot.limits.charge(HOME, 6_000, START_NS)
    assert desk.send("GET", "/api/v3/ping").status == 429

    desk.spot.reset_limits()

    assert desk.send("GET", "/api/v3/ping").status == 200


def test_too_many_orders_are_refused_without_a_time(desk: SpotDesk) -> None:
    asked = {"quantity": "0.001", "price": "63000"}
    for _ in range(100):
        assert desk.order("alice", "BUY", **asked).status == 200

    answer = desk.order("alice", "BUY", **asked)

    assert answer.refusal == (
        429, -1015, "Too many new orders; current limit is 100 orders per 10 SECOND.",
    )  # fmt: skip
    assert "Retry-After" not in answer.headers
    desk.now_ns += 10 * SECOND_NS
    assert desk.order("alice", "BUY", **asked).status == 200
    assert desk.order("alice", "BUY", **asked).headers["X-MBX-ORDER-COUNT-1D"] == "102"


def test_order_that_fills_later_gives_its_count_back_five_times(desk: SpotDesk) -> None:
    desk.open_account("bob", BTC="1")
    for _ in range(7):
        desk.order("alice", "BUY", quantity="0.001", price="64000")

    desk.order("bob", "SELL", "MARKET", quantity="0.001")

    counts = desk.signed("alice", "GET", "/api/v3/rateLimit/order").body
    assert [one["count"] for one in counts] == [2, 2]


# Connections.


def opened(desk: SpotDesk, path: str, query: str = "", address: str = HOME) -> object:
    return desk.spot.connect(Opening(path, query, {}, address, desk.now_ns))


def test_streams_and_the_api_are_different_doors(desk: SpotDesk) -> None:
    stream = opened(desk, "/ws/btcusdt@trade")
    api = opened(desk, "/ws-api/v3/")

    assert isinstance(stream, StreamConnection)
    assert isinstance(api, WsApiConnection)
    assert stream.venue == api.venue == "binance"
    assert stream.name != api.name
    assert desk.spot.limits.used(HOME, START_NS) == 2
    desk.order("alice", "BUY", "MARKET", quantity="0.1")
    desk.spot.publish(desk.now_ns)
    assert len(stream.outbox) == 1
    desk.spot.disconnect(stream)
    desk.spot.disconnect(api)


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/other", "", 404),
        ("/ws-api/v3", "timeUnit=NANOSECOND", 400),
    ],
)
def test_other_doors_are_closed(desk: SpotDesk, path: str, query: str, status: int) -> None:
    refused = opened(desk, path, query)

    assert isinstance(refused, Response)
    assert refused.status == status


def test_handshakes_of_a_banned_address_are_refused(desk: SpotDesk) -> None:
    desk.spot.limits.charge(HOME, 6_000, START_NS)
    refused = opened(desk, "/ws-api/v3")

    assert isinstance(refused, Response)
    assert refused.status == 429


def test_venue_that_is_down_answers_nothing(
    desk: SpotDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = desk.connect()
    monkeypatch.setattr(desk.floor, "is_up", lambda venue: venue != "binance")

    refusal = (
        503, -1001, "Internal error; unable to process your request. Please try again."
    )  # fmt: skip
    assert desk.send("GET", "/api/v3/ping").refusal == refusal
    assert desk.order("alice", "BUY", quantity="0.1", price="63000").refusal == refusal
    assert socket.ask("ping")["error"]["code"] == -1001
    refused = opened(desk, "/ws-api/v3")
    assert isinstance(refused, Response)
    assert refused.status == 503


def test_age_of_connections_can_be_set_and_set_back(desk: SpotDesk) -> None:
    desk.spot.lifetime_ns = 5
    assert desk.spot.lifetime_ns == 5

    desk.spot.lifetime_ns = 0

    assert desk.spot.lifetime_ns == SPOT_RULES.lifetime_ns == 24 * 3_600 * SECOND_NS


def test_fees_are_those_of_the_scenario(desk: SpotDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(desk.world), "fees", {"binance": Fee(0, 100)})

    desk.order("alice", "BUY", "MARKET", quantity="0.1")

    assert desk.held("alice", "BTC") == (units("2.09999"), 0)
    assert desk.signed("alice", "GET", "/api/v3/account").body["makerCommission"] == 0


def test_connections_of_the_api_are_cut_when_the_venue_goes_down(
    desk: SpotDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, socket = desk.connect(), desk.connect()
    desk.spot.disconnect(gone.connection)
    monkeypatch.setattr(desk.floor, "is_up", lambda venue: venue != "binance")

    desk.spot.publish(desk.now_ns)
    desk.spot.publish(desk.now_ns)

    assert gone.connection.outbox == []
    assert socket.connection.outbox == [Close(1006, "", abrupt=True)]
