"""Every REST call of a running market with what schemathesis makes of its description.

Valid and invalid requests (examples, each boundary of each parameter, random ones): whatever is
sent is answered with a documented status, content type and body, and the market goes on.
BAD_INPUT_EXAMPLES sets the random requests of each call: 8 by default.
"""

import hmac
import os
import re
import time
from functools import cache
from urllib.parse import urlsplit

import jsonschema_rs
import pytest
import requests
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    status_code_conformance,
)

from hftlib.exchange.coinbase.advanced_rest import AdvancedRest
from hftlib.exchange.coinbase.classic_rest import ClassicRest
from hftlib.exchange.coinbase.exchange_rest import ExchangeRest
from hftlib.io.local.control import Control
from hftlib.io.local.control_openapi import CALLS, control_document
from tests.openapi import binance_usdm, coinbase_advanced, coinbase_exchange
from tests.openapi.binance import CODES
from tests.openapi.binance_spot import signed_table, spot_document
from tests.openapi.binance_usdm import usdm_document
from tests.openapi.coinbase_advanced import advanced_document
from tests.openapi.coinbase_exchange import exchange_document
from tests.openapi.routes import matched_paths

EXAMPLES = int(os.environ.get("BAD_INPUT_EXAMPLES", "8"))
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance]
OTHER_METHOD = (400, 401, 404, 405, 410)
STEERS_ITSELF = ("/control/shutdown", "/control/server-shutdown")


def _schema(document):
    schema = schemathesis.openapi.from_dict(document)
    schema.config.generation.update(max_examples=EXAMPLES, no_shrink=True, database="none")
    schema.config.phases.update(phases=["examples", "coverage", "fuzzing"])
    return schema


SPOT = _schema(spot_document())
USDM = _schema(usdm_document())
EXCHANGE = _schema(exchange_document())
ADVANCED = _schema(advanced_document())
CONTROL = _schema(control_document())


@cache
def _validator(operation, status):
    """Return what judges the bodies of an operation's answers with a status."""
    document = operation.schema.raw_schema
    told = operation.definition.raw["responses"][str(status)]["content"]
    schema = next(iter(told.values()))["schema"]
    return jsonschema_rs.Draft202012Validator({"components": document.get("components"), **schema})


def _check(case, market, request):
    """Send a request and hold the answer against the description."""
    answer = market.send(request)
    if request.method == case.operation.method.upper():
        case.validate_response(Response.from_requests(answer, verify=False), checks=CHECKS)
        is_json = "json" in answer.headers["Content-Type"]
        validator = _validator(case.operation, answer.status_code)
        validator.validate(answer.json() if is_json else answer.text)
    elif request.method != "HEAD":
        assert answer.status_code in OTHER_METHOD, (request.method, request.url, answer.text)


def _prepared(case, market, venue):
    keywords = case.as_transport_kwargs(base_url=market.addresses[venue])
    keywords.pop("timeout", None)
    keywords.pop("allow_redirects", None)
    return market.session.prepare_request(requests.Request(**keywords))


def _body_of(request):
    body = request.body or b""
    return body if isinstance(body, bytes) else body.encode()


def _signed(request, key):
    """Add key, time and signature to a request, however wrong it is otherwise."""
    stamp = f"timestamp={time.time_ns() // 1_000_000}"
    parts = urlsplit(request.url)
    query = f"{parts.query}&{stamp}" if parts.query else stamp
    signature = hmac.new(key["secret"].encode(), query.encode() + _body_of(request), "sha256")
    request.url = parts._replace(query=f"{query}&signature={signature.hexdigest()}").geturl()
    request.headers["X-MBX-APIKEY"] = key["key"]
    return request


@pytest.fixture(scope="module")
def key(market):
    asked = {"name": "fuzzer", "balances": {"USDT": "1000000", "BTC": "100"}, "keys": ["hmac"]}
    return market.control("POST", "accounts", asked)["keys"][0]


@SPOT.parametrize()
def test_binance_spot(case, market, key):
    request = _prepared(case, market, "binance")
    is_signed = case.operation.definition.raw.get("x-signed")
    _check(case, market, _signed(request, key) if is_signed else request)


@USDM.parametrize()
def test_binance_usdm(case, market):
    _check(case, market, _prepared(case, market, "binance_usdm"))


@EXCHANGE.parametrize()
def test_coinbase_exchange(case, market):
    _check(case, market, _prepared(case, market, "coinbase_exchange"))


@ADVANCED.parametrize()
def test_coinbase_advanced(case, market):
    _check(case, market, _prepared(case, market, "coinbase"))


@CONTROL.exclude(path=list(STEERS_ITSELF)).parametrize()
def test_control(case, market):
    _check(case, market, _prepared(case, market, "control"))
    if case.path == "/control/faults":
        market.control("DELETE", "faults")
    if case.path == "/control/lifetime":
        market.control("POST", "lifetime", {"seconds": 0})


# Requests that the documents' generator does not make.


def _ask(market, venue, method, target, headers=None, body=None):
    request = requests.Request(method, market.addresses[venue] + target, headers=headers, data=body)
    return market.send(market.session.prepare_request(request))


@pytest.mark.parametrize("one", signed_table(), ids=lambda one: one.method)
def test_signed_operations_refuse_who_did_not_sign(market, key, one):
    method, path = one.route
    stamp, header = f"timestamp={time.time_ns() // 1_000_000}", {"X-MBX-APIKEY": key["key"]}
    wrong = "signature=" + "0" * 64
    refused = [
        (_ask(market, "binance", method, path), 400, -1102),
        (_ask(market, "binance", method, f"{path}?{stamp}", header), 400, -1102),
        (_ask(market, "binance", method, f"{path}?{stamp}&{wrong}"), 401, -2014),
        (_ask(market, "binance", method, f"{path}?{stamp}&{wrong}", {"X-MBX-APIKEY": "A" * 64}),
         401, -2015),
        (_ask(market, "binance", method, f"{path}?timestamp=1&{wrong}", header), 400, -1021),
        (_ask(market, "binance", method, f"{path}?{stamp}&{wrong}", header), 400, -1022),
        (_ask(market, "binance", method, f"{path}?{stamp}&{wrong}&{stamp}", header), 400, -1101),
        (_ask(market, "binance", method, f"{path}?{stamp}&{wrong}&a=%ff", header), 400, -1100),
    ]  # fmt: skip
    for answer, status, code in refused:
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.url


@pytest.mark.parametrize(
    "body", [b"\xff\xfe", b"{}", b"symbol=BTCUSDT&symbol=BTCUSDT", b"\x00" * 9]
)
def test_bodies_that_are_no_forms_are_refused(market, body):
    answer = _ask(market, "binance", "POST", "/api/v3/order", body=body)
    assert answer.status_code == 400
    assert answer.json()["code"] in CODES


def test_private_calls_of_coinbase_are_refused(market):
    for name in coinbase_exchange.PRIVATE:
        answer = _ask(market, "coinbase_exchange", "GET", f"/{name}")
        assert answer.json() == {"message": "CB-ACCESS-KEY header is required"}
        assert answer.status_code == 401
    for path in coinbase_advanced.PRIVATE:
        answer = _ask(market, "coinbase", "GET", f"/api/v3/brokerage{path}")
        assert (answer.status_code, answer.text) == (401, "Unauthorized\n")


@pytest.mark.usefixtures("unharmed")
def test_the_market_is_unharmed(market):
    status = market.control("GET", "status")
    assert status["faults_planted"] == 0
    assert all(venue["is_up"] for venue in status["venues"].values())
    assert "Traceback" not in market.log


# The documents against the servers' own routes: a new call cannot be forgotten.


def test_every_call_of_usdm_is_described():
    assert set(usdm_document()["paths"]) == set(binance_usdm.CALLS)


def test_every_call_of_coinbase_exchange_is_described():
    routed = matched_paths(ExchangeRest._body, tuple(ExchangeRest([], None)._of_product))
    described = {_anonymous(path) for path in coinbase_exchange.CALLS}
    assert routed | {"/products/{}/trades"} == described


def test_every_call_of_coinbase_advanced_is_described():
    described = {_anonymous(path) for path in coinbase_advanced.CALLS}
    routed = matched_paths(AdvancedRest._body, tuple(AdvancedRest([])._of_product))
    assert routed == described
    older = {_anonymous(path) for path in coinbase_advanced.OLDER}
    assert {f"/v2{path}" for path in matched_paths(ClassicRest.answer)} == older


def test_every_call_of_the_control_interface_is_described():
    routed = set()
    for verb, name, variable in Control(None, None, None).routes:
        first, *rest = name.split("/")
        routed.add((verb, "/".join([first, *["{}"] * variable, *rest])))
    assert {(verb, _anonymous(path)) for verb, path in CALLS} == routed


def test_the_control_interface_describes_itself(market):
    assert market.control("GET", "openapi.json") == control_document()


def _anonymous(path):
    return re.sub(r"{\w+}", "{}", path)


# What is answered to those who ask rightly: every operation once.


def _judge(document, method, path, status=200):
    content = document["paths"][path][method.lower()]["responses"][str(status)]["content"]
    return jsonschema_rs.Draft202012Validator(content["application/json"]["schema"])


class Trader:
    """Sign requests, and hold every answer against the description."""

    def __init__(self, market, key):
        self._market, self._key, self._document = market, key, spot_document()
        self.asked = set()

    def ask(self, method, path, **parameters):
        address = self._market.addresses["binance"]
        request = requests.Request(method, f"{address}/api/v3/{path}", params=parameters)
        answer = self._market.send(_signed(request.prepare(), self._key))
        assert answer.status_code == 200, answer.text
        _judge(self._document, method, f"/api/v3/{path}").validate(answer.json())
        self.asked.add((method, f"/api/v3/{path}"))
        return answer.json()


@pytest.mark.parametrize("response_type", ["ACK", "RESULT", "FULL"])
def test_every_signed_operation_answers_as_described(market, key, response_type):
    trader, symbol = Trader(market, key), {"symbol": "BTCUSDT"}
    shown = market.control("GET", "book?venue=binance&symbol=BTCUSDT&depth=1")
    price = f"{float(shown['bids'][0][0]) * 0.7:.2f}"
    resting = {**symbol, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "price": price}
    placed = {**resting, "quantity": "0.01", "newOrderRespType": response_type}
    stop = {**symbol, "side": "SELL", "type": "STOP_LOSS", "quantity": "0.01", "stopPrice": price}
    market_order = {**symbol, "side": "SELL", "type": "MARKET", "quantity": "0.01"}
    trader.ask("POST", "order/test", **placed)
    trader.ask("POST", "order/test", **placed, computeCommissionRates="true")
    order = {**symbol, "orderId": trader.ask("POST", "order", **placed)["orderId"]}
    trader.ask("POST", "order", **stop, newOrderRespType=response_type, strategyId=1)
    sold = {**symbol, "orderId": trader.ask("POST", "order", **market_order)["orderId"]}
    trader.ask("GET", "order", **order)
    trader.ask("GET", "openOrders")
    trader.ask("PUT", "order/amend/keepPriority", **order, newQty="0.005")
    assert len(trader.ask("GET", "order/amendments", **order)) == 1
    replaced = trader.ask(
        "POST",
        "order/cancelReplace",
        **placed,
        cancelReplaceMode="STOP_ON_FAILURE",
        cancelOrderId=order["orderId"],
    )
    own = replaced["newOrderResponse"]["orderId"]
    trader.ask("DELETE", "order", **symbol, orderId=own)
    _meet_oneself(trader, shown, symbol)
    assert len(trader.ask("DELETE", "openOrders", **symbol)) >= 1
    assert trader.ask("GET", "myTrades", **sold)
    trader.ask("GET", "allOrders", **symbol)
    trader.ask("GET", "account")
    for path in ("account/commission", "myFilters", "myAllocations"):
        trader.ask("GET", path, **symbol)
    for path in ("rateLimit/order", "openOrderList", "allOrderList"):
        trader.ask("GET", path)
    assert trader.asked == {one.route for one in signed_table()}


def _meet_oneself(trader, shown, symbol):
    """Place an order that meets one of the same account within the spread's best level."""
    best = {"price": shown["asks"][0][0], "timeInForce": "GTC", "type": "LIMIT", **symbol}
    asked = trader.ask("POST", "order", **best, side="SELL", quantity="0.01")
    high = {**best, "price": f"{float(best['price']) * 1.001:.2f}"}
    trader.ask("POST", "order", **high, side="BUY", quantity="0.01")
    trader.ask("GET", "myPreventedMatches", **symbol, orderId=asked["orderId"])
