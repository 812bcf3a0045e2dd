"""Every websocket of a running market with frames that hypothesis makes up, over real sockets.

Whatever is sent is answered with a documented frame, or with a documented close; somebody else's
connection to the same venue goes on without a gap, and nothing stays behind.
BAD_INPUT_EXAMPLES sets the made up conversations of each websocket: 50 by default.
"""

import json
import os
import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.local_support.raw_socket import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    RawClient,
    frame,
)
from tests.openapi.binance import CODES

EXAMPLES = int(os.environ.get("BAD_INPUT_EXAMPLES", "50"))
PROTOCOL, UNREADABLE, POLICY, TOO_BIG = 1002, 1007, 1008, 1009
MOST_BYTES = 1024 * 1024
GROWTH_BYTES = 96 * 1024 * 1024
SOCKETS = {
    "raw": ("binance", "/ws/btcusdt@trade"),
    "combined": ("binance", "/stream?streams=btcusdt@bookTicker"),
    "api": ("binance", "/ws-api/v3"),
    "usdm": ("binance_usdm", "/public/ws"),
    "usdm market": ("binance_usdm", "/market/stream"),
    "exchange": ("coinbase_exchange", "/"),
    "advanced": ("coinbase", "/"),
}


# What is documented.


def _is_stream_answer(body):
    if "code" in body:
        return body["code"] in (0, 1, 2, 3) and isinstance(body["msg"], str)
    return "result" in body or "e" in body or "stream" in body or {"u", "s"} <= body.keys()


def _is_api_answer(body):
    if body["status"] == 200:
        return "result" in body
    return 400 <= body["status"] < 500 and body["error"]["code"] in CODES


def _is_exchange_answer(body):
    if body["type"] == "error":
        return isinstance(body["message"], str) and isinstance(body["reason"], str)
    return isinstance(body["type"], str)


def _is_advanced_answer(body):
    if body.get("type") == "error":
        return isinstance(body["message"], str)
    return isinstance(body["channel"], str) and isinstance(body["sequence_num"], int)


JUDGES = {
    "api": _is_api_answer,
    "exchange": _is_exchange_answer,
    "advanced": _is_advanced_answer,
}


# What is sent.

WORDS = st.sampled_from(
    ["SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY", "combined",
     "btcusdt@depth", "btcusdt@kline_1m", "!ticker@arr", "order.place", "order.status", "depth",
     "session.logon", "userDataStream.subscribe.signature", "exchangeInfo", "klines", "subscribe",
     "unsubscribe", "level2", "level2_batch", "ticker", "heartbeat", "heartbeats", "matches",
     "full", "user", "BTC-USD", "BTCUSDT", "símbolo", "比特币", "", "\x00"]
)  # fmt: skip
NAMES = st.sampled_from(
    ["id", "method", "params", "type", "channel", "channels", "product_ids", "name", "symbol",
     "signature", "apiKey", "timestamp", "limit", "interval", "startTime", "key", "passphrase",
     "jwt", "returnRateLimits", "recvWindow", "quantity", "price", "side", "subscriptionId"]
)  # fmt: skip
LEAVES = (
    WORDS
    | st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(NAMES | st.text(max_size=5), inner, max_size=5)
    ),
    max_leaves=12,
)
REQUESTS = st.dictionaries(NAMES, VALUES, max_size=6) | st.fixed_dictionaries(
    {"id": LEAVES, "method": WORDS}, optional={"params": VALUES}
)
TEXTS = st.one_of(
    REQUESTS.map(json.dumps).map(str.encode),
    VALUES.map(json.dumps).map(str.encode),
    REQUESTS.map(json.dumps).map(lambda text: text[: len(text) // 2].encode()),
    st.text(max_size=50).map(str.encode),
    st.binary(max_size=50),
)


@st.composite
def _fragmented(draw):
    """Return a message in pieces, which may lack their beginning or their end."""
    text, size = draw(TEXTS), draw(st.integers(1, 30))
    pieces = [text[at : at + size] for at in range(0, len(text), size)] or [b""]
    last = len(pieces) - 1
    opcodes = [draw(st.sampled_from([TEXT, BINARY])), *[CONTINUATION] * last]
    return b"".join(
        frame(opcode, piece, fin=number == last)
        for number, (opcode, piece) in enumerate(zip(opcodes, pieces, strict=True))
    )


FRAMES = st.one_of(
    TEXTS.map(lambda text: frame(TEXT, text)),
    TEXTS.map(lambda text: frame(BINARY, text)),
    _fragmented(),
    st.binary(max_size=125).map(lambda payload: frame(PONG, payload)),
    st.binary(max_size=130).map(lambda payload: frame(PING, payload)),
    st.builds(frame, st.integers(0, 15), st.binary(max_size=20), fin=st.booleans()),
    st.binary(min_size=1, max_size=20),
)


# Connections.


def _connected(market, kind):
    venue, path = SOCKETS[kind]
    client = RawClient(market.port(venue), path)
    if client.status == 429:
        market.reset_limits()
        client = RawClient(market.port(venue), path)
    assert client.status == 101
    return client


def _talk(market, kind, frames, within_s=10.0):
    """Send frames and a ping; return the answers up to its pong, and the close if there was one."""
    client, answers, judge = _connected(market, kind), [], JUDGES.get(kind, _is_stream_answer)
    for one in frames:
        client.send(one)
    client.send(frame(PING, b"done"))
    deadline = time.monotonic() + within_s
    try:
        while True:
            found = client.next(max(deadline - time.monotonic(), 0))
            if found is None or (found.opcode == PONG and found.payload == b"done"):
                return answers, None
            if found.opcode == CLOSE:
                return answers, found.code
            if found.opcode == TEXT:
                body = json.loads(found.payload)
                assert isinstance(body, list) or judge(body), found.payload
                answers.append(body)
    except TimeoutError:
        return answers, None
    finally:
        client.close()


BYSTANDERS = {
    "binance": ("/ws/btcusdt@depth@100ms", None),
    "binance_usdm": ("/public/ws/btcusdt@depth@100ms", None),
    "coinbase_exchange": (
        "/",
        {"type": "subscribe", "product_ids": ["BTC-USD"], "channels": ["matches"]},
    ),
    "coinbase": (
        "/",
        {"type": "subscribe", "product_ids": ["BTC-USD"], "channel": "market_trades"},
    ),
}


class Bystander(threading.Thread):
    """Listen to a venue, well-behaved, and note where something was missed."""

    def __init__(self, market, venue):
        super().__init__(daemon=True)
        path, message = BYSTANDERS[venue]
        self.venue, self.client = venue, RawClient(market.port(venue), path)
        assert self.client.status == 101
        if message:
            self.client.say(json.dumps(message))
            self.client.say(json.dumps({"type": "subscribe", "channel": "heartbeats"}))
        self.missed, self.frames, self._is_over = [], 0, False
        self.start()

    def run(self):
        known = None
        while not self._is_over:
            found = self.client.next(60)
            if found is None:
                self.missed.append("everything: the venue hung up")
                return
            if found.opcode == PING:
                self.client.send(frame(PONG, found.payload))
            link = self._link(json.loads(found.payload)) if found.opcode == TEXT else None
            if link is not None:
                if known not in (None, link[0]):
                    self.missed.append((known, link))
                known = link[1]
                self.frames += 1

    def _link(self, body):
        """Return what a frame follows on and what it is, None for a frame of no sequence."""
        if self.venue == "binance":
            return body["U"] - 1, body["u"]
        if self.venue == "binance_usdm":
            return body["pu"], body["u"]
        if self.venue == "coinbase":
            return body["sequence_num"] - 1, body["sequence_num"]
        if body["type"] in ("match", "last_match"):
            return body["trade_id"] - 1, body["trade_id"]
        return None

    def check(self):
        """Hold that frames still come, and that none was missed."""
        before, deadline = self.frames, time.monotonic() + 30
        while self.frames < before + 2 and not self.missed:
            assert time.monotonic() < deadline, f"{self.venue} has fallen silent"
            time.sleep(0.02)
        self._is_over = True
        self.join(30)
        self.client.close()
        assert self.missed == [], self.venue


def _connections(market):
    venues = market.control("GET", "status")["venues"]
    return {name: venue["connections"] for name, venue in venues.items()}


@pytest.fixture(scope="module")
def bystanders(market):
    """Hold that others go on without a gap, no connection stays, and memory is bounded."""
    market.reset_limits()
    logged, before = len(market.log), market.control("GET", "status")
    present = [Bystander(market, venue) for venue in BYSTANDERS]
    yield
    for one in present:
        one.check()
    deadline = time.monotonic() + 20
    while any(_connections(market).values()):
        assert time.monotonic() < deadline, _connections(market)
    after = market.control("GET", "status")
    assert after["resident_bytes"] - before["resident_bytes"] < GROWTH_BYTES
    assert market.log[logged:] == ""


@pytest.mark.usefixtures("bystanders")
@pytest.mark.parametrize("kind", SOCKETS)
def test_whatever_is_said_is_answered_as_documented(market, kind):
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(FRAMES, min_size=1, max_size=4))
    def converse(frames):
        # A frame that was begun and never ended swallows the ping: then there is no pong.
        _, code = _talk(market, kind, frames, 0.5)
        # 1000 to 4999 answer a close of the client's own.
        assert code is None or 1000 <= code < 5000

    converse()


TEXT_REFUSED = (b"", b"nonsense", b"[]", b"null", b'{"a":', b"[" * 100_000, b'{"\\ud800":1}')


@pytest.mark.usefixtures("bystanders")
@pytest.mark.parametrize("kind", SOCKETS)
def test_what_is_no_request_is_refused(market, kind):
    for text in TEXT_REFUSED:
        answers, code = _talk(market, kind, [frame(TEXT, text)])
        errors = [one for one in answers if "msg" in one or "error" in one or "message" in one]
        assert (len(errors), code) == (1, None), text


BROKEN_FRAMES = [
    (frame(TEXT, b"\xff\xfe"), UNREADABLE),
    (frame(BINARY, b"\xff\xfe"), UNREADABLE),
    (frame(TEXT, b"x" * (MOST_BYTES + 1)), TOO_BIG),
    (b"\x81\xff" + b"\xff" * 8 + b"0000", TOO_BIG),
    (frame(PING, b"x" * 126), PROTOCOL),
    (frame(PING, b"x", fin=False), PROTOCOL),
    (frame(CONTINUATION, b"x"), PROTOCOL),
    (frame(TEXT, b"x", fin=False) + frame(TEXT, b"y"), PROTOCOL),
    (frame(3, b"x"), PROTOCOL),
    (b"\xf1" + frame(TEXT, b"{}")[1:], PROTOCOL),
    (frame(CLOSE, b"\x03"), PROTOCOL),
    (frame(CLOSE, b"\x03\xe7"), PROTOCOL),
    (frame(CLOSE, b"\x03\xe8\xff"), UNREADABLE),
    (frame(CLOSE, b""), 1000),
    (frame(CLOSE, b"\x03\xe9bye"), 1001),
]


@pytest.mark.usefixtures("bystanders")
@pytest.mark.parametrize("kind", SOCKETS)
def test_broken_frames_end_the_connection_with_their_code(market, kind):
    for sent, expected in BROKEN_FRAMES:
        client = _connected(market, kind)
        client.send(sent)
        found = client.until(CLOSE)
        assert found is not None, sent[:20]
        assert found.code == expected, sent[:20]
        client.close()


@pytest.mark.usefixtures("bystanders")
@pytest.mark.parametrize("kind", SOCKETS)
def test_pings_of_125_bytes_and_messages_in_pieces_are_taken(market, kind):
    client = _connected(market, kind)
    client.send(frame(PING, b"p" * 125))
    assert client.until(PONG).payload == b"p" * 125
    client.send(frame(TEXT, b"non", fin=False) + frame(CONTINUATION, b"sense"))
    assert client.until(TEXT, holding=b"JSON") is not None
    client.close()


@pytest.mark.usefixtures("bystanders")
def test_more_streams_than_allowed_are_refused_whole(market):
    many = [f"s{number}usdt@trade" for number in range(5_000)]
    client = _connected(market, "raw")
    client.say(json.dumps({"method": "SUBSCRIBE", "params": many, "id": 1}))
    refused = json.loads(client.until(TEXT, holding=b'"code"').payload)
    assert (refused["code"], refused["id"]) == (2, 1)
    client.say(json.dumps({"method": "LIST_SUBSCRIPTIONS", "id": 2}))
    listed = json.loads(client.until(TEXT, holding=b'"result"').payload)
    assert listed == {"result": ["btcusdt@trade"], "id": 2}
    client.close()
    path = "/stream?streams=" + "/".join(many[:1_025])
    assert RawClient(market.port("binance"), path).status in (400, 414)


@pytest.mark.usefixtures("bystanders")
def test_thousands_of_products_are_refused(market):
    names = [f"N{number}-USD" for number in range(5_000)]
    for kind, told in (("exchange", {"channels": ["ticker"]}), ("advanced", {"channel": "ticker"})):
        client = _connected(market, kind)
        client.say(json.dumps({"type": "subscribe", "product_ids": names, **told}))
        assert json.loads(client.until(TEXT).payload)["type"] == "error"
        client.close()


@pytest.mark.usefixtures("bystanders")
@pytest.mark.parametrize("kind", ["raw", "usdm"])
def test_who_talks_too_much_is_cut(market, kind):
    client = _connected(market, kind)
    for _ in range(40):
        client.say("nonsense")
    assert client.until(CLOSE).code == POLICY
    client.close()


@pytest.mark.usefixtures("bystanders")
@pytest.mark.parametrize("kind", SOCKETS)
def test_connections_that_vanish_leave_nothing_behind(market, kind):
    before = sum(_connections(market).values())
    for sent in (b"", frame(TEXT, b"x" * 1_000)[:500], frame(TEXT, b"x", fin=False)):
        for _ in range(5):
            client = _connected(market, kind)
            client.send(sent)
            client.close()
    deadline = time.monotonic() + 20
    while sum(_connections(market).values()) > before:
        assert time.monotonic() < deadline, _connections(market)
