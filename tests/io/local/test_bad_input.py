"""Whatever comes over the sockets is answered with a refusal: no 5xx, no traceback."""

import json
import socket
from contextlib import suppress
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.local_support.threaded import ThreadedMarket

VENUES = ("binance", "binance_usdm", "coinbase", "coinbase_exchange")
PATHS = (
    "/api/v3/depth", "/api/v3/klines", "/api/v3/order", "/api/v3/account", "/api/v3/ticker/24hr",
    "/api/v3/exchangeInfo", "/api/v3/aggTrades", "/api/v3/userDataStream", "/fapi/v1/depth",
    "/fapi/v1/exchangeInfo", "/fapi/v1/klines", "/products", "/products/BTC-USD/book",
    "/products/BTC-USD/candles", "/products/BTC-USD/trades", "/currencies", "/v2/currencies",
    "/api/v3/brokerage/market/products", "/api/v3/brokerage/market/product_book",
    "/api/v3/brokerage/market/products/BTC-USD/candles", "/time", "/", "/ws", "/stream",
    "/control/status", "/control/faults", "/control/accounts", "/control/accounts/x/deposit",
    "/control/book", "/control/book/digests", "/control/scenarios/start", "/control/lifetime",
)  # fmt: skip
NAMES = (
    "symbol", "symbols", "limit", "interval", "startTime", "endTime", "fromId", "timestamp",
    "signature", "recvWindow", "side", "type", "quantity", "price", "level", "granularity",
    "start", "end", "product_id", "product_ids", "venue", "update_id", "time_ns", "depth", "after",
)  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(
        ["BTCUSDT", "btcusdt", "BTC-USD", '["BTCUSDT"]', "0", "-1", "1e5", "5000", "1m", "60",
         "ONE_MINUTE", "9" * 30, "NaN", "", "BUY", "LIMIT", "binance", "null", "%00"]
    ),
    st.text(max_size=20),
    st.integers().map(str),
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=15) | VALUES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "kind", "balances", "keys", "amount"]), inner)
    ),
    max_leaves=8,
)
QUICK = settings(max_examples=60, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    with ThreadedMarket(tmp_path_factory.mktemp("market")) as running:
        yield running


@pytest.fixture(scope="module")
def client():
    with httpx.Client(trust_env=False) as client:
        yield client


@QUICK
@given(
    st.sampled_from((*VENUES, "control")),
    st.sampled_from(("GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS")),
    st.sampled_from(PATHS) | st.text(max_size=30).map(lambda text: "/" + quote(text)),
    st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=5),
    st.binary(max_size=50) | JSON.map(lambda body: json.dumps(body).encode()),
)
def test_no_request_makes_a_venue_stumble(market, client, venue, method, path, query, body):
    text = "&".join(f"{name}={quote(value)}" for name, value in query)
    url = f"{market.addresses[venue]}{path}?{text}"
    answer = client.request(method, url, content=body, headers={"X-MBX-APIKEY": "x"})
    assert answer.status_code < 500
    if answer.status_code >= 400 and method != "HEAD" and answer.text != "Unauthorized\n":
        assert set(answer.json()) & {"code", "message", "error", "errors"}
    assert market.complaints.told == []


@QUICK
@given(st.sampled_from(VENUES), st.binary(max_size=300))
def test_no_bytes_on_a_port_make_a_venue_stumble(market, venue, rubbish):
    port = int(market.addresses[venue].rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
        raw.sendall(rubbish)
        raw.shutdown(socket.SHUT_WR)
        answer = raw.recv(65_536)
    assert answer == b"" or (answer.startswith(b"HTTP/1.") and answer[9:10] != b"5")
    assert market.complaints.told == []


FRAMES = st.one_of(
    st.text(max_size=60),
    st.binary(max_size=60),
    JSON.map(json.dumps),
    st.fixed_dictionaries(
        {},
        optional={
            "method": st.sampled_from(
                ["SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY",
                 "order.place", "userDataStream.subscribe", "session.logon", "ping", "x"]
            ),
            "params": JSON,
            "id": JSON,
            "type": st.sampled_from(["subscribe", "unsubscribe", "x"]),
            "product_ids": JSON,
            "channels": JSON,
            "channel": JSON,
            "jwt": JSON,
        },
    ).map(json.dumps),
)  # fmt: skip
SOCKETS = (
    ("binance", "/ws"), ("binance", "/stream"), ("binance", "/ws-api/v3"),
    ("binance", "/ws/btcusdt@depth"), ("binance_usdm", "/public/ws"), ("binance_usdm", "/stream"),
    ("coinbase", "/"), ("coinbase_exchange", "/"),
)  # fmt: skip


@QUICK
@given(st.sampled_from(SOCKETS), st.lists(FRAMES, min_size=1, max_size=5))
def test_no_frame_makes_a_venue_stumble(market, client, where, frames):
    client.post(f"{market.addresses['control']}/control/limits/reset")
    venue, path = where
    url = market.addresses[venue].replace("http", "ws") + path
    with connect(url, close_timeout=1) as socket_, suppress(ConnectionClosed):
        for frame in frames:
            socket_.send(frame)
        assert socket_.ping().wait(0.3) or socket_.close_code is not None
    assert socket_.close_code != 1011
    assert market.complaints.told == []


def test_a_giant_body_is_refused(market, client):
    url = f"{market.addresses['binance']}/api/v3/order"
    assert client.post(url, content=b"x" * 3_000_000).status_code == 413
    assert market.complaints.told == []
