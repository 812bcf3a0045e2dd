import json

import pytest

from hftlib.exchange.fault_answers import refusal, timeout_answer, writes_orders
from hftlib.exchange.fault_kinds import FaultKind, FaultSpec, OrderAnswer
from hftlib.exchange.messages import Request

NOW_NS = 1_700_000_000_000_000_000


def asked(method, path):
    return Request(method, path, "", {}, b"", "127.0.0.1", NOW_NS)


@pytest.mark.parametrize(
    ("status", "code", "retries"),
    [(429, -1003, True), (418, -1003, True), (403, -1002, False), (451, 0, False),
     (500, -1000, False), (503, -1008, True)],
)  # fmt: skip
def test_binance_refuses_in_its_own_words(status, code, retries):
    answer = refusal("binance", FaultSpec(FaultKind.HTTP, status=status, retry_after_s=9), NOW_NS)
    assert answer.status == status
    assert json.loads(answer.body)["code"] == code
    assert answer.headers == ({"Retry-After": "9"} if retries else {})


def test_a_ban_names_its_end():
    answer = refusal("binance", FaultSpec(FaultKind.HTTP, status=418, retry_after_s=120), NOW_NS)
    assert json.loads(answer.body)["msg"].endswith("IP banned until 1700000120000.")


@pytest.mark.parametrize("status", [429, 451, 500, 503])
def test_coinbase_refuses_with_a_message(status):
    answer = refusal("coinbase", FaultSpec(FaultKind.HTTP, status=status), NOW_NS)
    assert answer.status == status
    assert list(json.loads(answer.body)) == ["message"]


@pytest.mark.parametrize("venue", ["binance", "coinbase_exchange"])
def test_a_gateway_answers_a_page(venue):
    answer = refusal(venue, FaultSpec(FaultKind.HTTP, status=502), NOW_NS)
    assert (answer.status, answer.content_type) == (502, "text/html")
    assert b"<title>502" in answer.body


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [("POST", "/api/v3/order", True), ("DELETE", "/api/v3/openOrders", True),
     ("POST", "/api/v3/order/cancelReplace", True), ("POST", "/api/v3/order/test", False),
     ("GET", "/api/v3/order", False), ("POST", "/api/v3/userDataStream", False)],
)  # fmt: skip
def test_what_writes_orders_is_told_apart(method, path, expected):
    assert writes_orders(asked(method, path)) is expected


def test_an_unknown_outcome_has_two_faces():
    told = timeout_answer(OrderAnswer.BACKEND_TIMEOUT)
    assert (told.status, json.loads(told.body)["code"]) == (504, -1007)
    page = timeout_answer(OrderAnswer.GATEWAY_TIMEOUT)
    assert (page.status, page.content_type) == (504, "text/html")
