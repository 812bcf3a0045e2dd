"""What is no HTTP, on every port of a running market, byte by byte over plain sockets."""

import socket
import time

import pytest

PORTS = ("binance", "binance_usdm", "coinbase_exchange", "coinbase", "control")
HOST = b"Host: 127.0.0.1\r\n"
SOCKET = (
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
)
KEY = b"dGhlIHNhbXBsZSBub25jZQ==\r\n"
WELL = b"GET / HTTP/1.1\r\n" + HOST


def _ask(market, name, sent, within_s=10.0, *, ends=False):
    """Send bytes; return the head and body of what comes, empty when nothing does."""
    read = b""
    with socket.create_connection(("127.0.0.1", market.port(name)), within_s) as client:
        try:
            client.sendall(sent)
            if ends:
                client.shutdown(socket.SHUT_WR)
            while not _is_whole(read):
                more = client.recv(1 << 16)
                if not more:
                    break
                read += more
        except ConnectionError:
            pass
    head, _, body = read.partition(b"\r\n\r\n")
    return head, body


def _is_whole(read):
    head, end, body = read.partition(b"\r\n\r\n")
    sizes = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return bool(end and sizes) and len(body) >= int(sizes[0].partition(b":")[2])


def _status(head):
    return int(head.split()[1])


NO_HTTP = {
    "unknown method": b"FOO / HTTP/1.1\r\n" + HOST + b"\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "another version": b"GET / HTTP/9.9\r\n" + HOST + b"\r\n",
    "bytes in the path": b"GET /\xff\xfe HTTP/1.1\r\n" + HOST + b"\r\n",
    "bytes in the query": b"GET /?a=\xff HTTP/1.1\r\n" + HOST + b"\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 300,
    "zeros": b"\x00" * 1_000,
    "a huge header": WELL + b"X: " + b"a" * 100_000 + b"\r\n\r\n",
    "many headers": WELL + b"".join(b"X%d: 1\r\n" % one for one in range(5_000)) + b"\r\n",
    "a huge path": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "chunks of nonsense": b"POST / HTTP/1.1\r\n" + HOST
    + b"Transfer-Encoding: chunked\r\n\r\nZZZ\r\nabc\r\n0\r\n\r\n",
    "a chunk of a negative size": b"POST / HTTP/1.1\r\n" + HOST
    + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nabc\r\n0\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\n" + HOST
    + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "a length in words": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: five\r\n\r\n",
    "a negative length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: -5\r\n\r\n",
    "an unknown encoding": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: what\r\n\r\nabc",
    "a body that is no gzip": b"POST / HTTP/1.1\r\n" + HOST
    + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde",
}  # fmt: skip


@pytest.mark.parametrize("name", PORTS)
def test_what_is_no_http_is_refused(market, unharmed, name):
    for told, sent in NO_HTTP.items():
        head, _ = _ask(market, name, sent)
        # A client that still sends when it is refused may lose the answer with the connection.
        assert (not head and len(sent) > 50_000) or _status(head) == 400, told


@pytest.mark.parametrize("name", PORTS)
def test_a_body_beyond_the_limit_is_refused(market, unharmed, name):
    size = 3_000_000
    sent = b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % size + b"a" * size
    head, _ = _ask(market, name, sent)
    assert not head or _status(head) == 413


TARGETS = (
    b"/../../../../etc/passwd", b"/%2e%2e/%2e%2e/etc/passwd", b"/..%2f..%2fetc%2fpasswd",
    b"//", b"*",
    b"http://elsewhere/api/v3/account", b"/%00", b"/%ff%fe", b"/%ed%a0%80/book", b"/%zz%", b"/%",
    b"/api/v3/depth/", b"/api/v3//depth", b"/API/V3/DEPTH", b"/products/..%2f..",
    b"/products//book",
    b"/products/BTC-USD/book/more", b"/control", b"/control/faults/-1", b"/control/accounts/%ff",
    b"/fapi/v1/depth%00", b"/api/v3/brokerage/market/products/%00/ticker", b"/v2/prices//spot",
    b"/ws", b"/stream", b"/?" + b"a=1&" * 1_000, b"/;x=1", b"/#x",
)  # fmt: skip
METHODS = (b"GET", b"POST", b"PUT", b"DELETE", b"PATCH", b"OPTIONS", b"TRACE", b"CONNECT")


@pytest.mark.parametrize("name", PORTS)
def test_paths_that_are_none_are_refused(market, unharmed, name):
    for target in TARGETS:
        head, body = _ask(market, name, b"GET " + target + b" HTTP/1.1\r\n" + HOST + b"\r\n")
        assert 400 <= _status(head) < 500, target
        assert b"root:" not in body


@pytest.mark.parametrize("name", PORTS)
def test_other_methods_are_refused(market, unharmed, name):
    for method in METHODS:
        head, _ = _ask(market, name, method + b" /nowhere HTTP/1.1\r\n" + HOST + b"\r\n")
        assert 400 <= _status(head) < 500, method


@pytest.mark.parametrize("name", PORTS)
def test_header_bytes_that_are_no_text_are_refused(market, unharmed, name):
    names = (b"X-MBX-APIKEY", b"X-MBX-TIME-UNIT", b"CB-ACCESS-KEY", b"CB-ACCESS-SIGN",
             b"CB-ACCESS-TIMESTAMP", b"CB-ACCESS-PASSPHRASE", b"Authorization")  # fmt: skip
    headers = b"".join(one + b": \xff\xfe\r\n" for one in names)
    for target in (b"/api/v3/account?timestamp=1&signature=%ff", b"/accounts", b"/fapi/v1/order"):
        head, _ = _ask(market, name, b"GET " + target + b" HTTP/1.1\r\n" + HOST + headers + b"\r\n")
        assert 400 <= _status(head) < 500


HANDSHAKES = {
    "no key": b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n",
    "a short key": SOCKET + b"c2hvcnQ=\r\n",
    "a key of bytes": SOCKET + b"\xff\xfe\r\n",
    "another version": SOCKET.replace(b"13", b"99") + KEY,
    "no connection header": SOCKET.replace(b"Connection: Upgrade\r\n", b"") + KEY,
}


@pytest.mark.parametrize("name", PORTS[:-1])
def test_what_is_no_handshake_is_refused(market, unharmed, name):
    for told, headers in HANDSHAKES.items():
        for path in (b"/ws", b"/"):
            head, _ = _ask(
                market, name, b"GET " + path + b" HTTP/1.1\r\n" + HOST + headers + b"\r\n"
            )
            assert 400 <= _status(head) < 500, told
    head, _ = _ask(market, name, b"POST / HTTP/1.1\r\n" + HOST + SOCKET + KEY + b"\r\n")
    assert _status(head) == 400


@pytest.mark.parametrize("name", PORTS)
def test_requests_that_end_too_soon_leave_nothing_behind(market, unharmed, name):
    whole = b"POST /api/v3/order HTTP/1.1\r\n" + HOST + b"Content-Length: 100\r\n\r\nsymbol=BTCUSDT"
    for size in range(0, len(whole), 7):
        head, _ = _ask(market, name, whole[:size], ends=True)
        assert not head or 400 <= _status(head) < 500


@pytest.mark.parametrize(
    ("header", "code"),
    [(b"Host: evil.example\r\n", b"HOST_REFUSED"),
     (b"Host: 127.0.0.1.evil.example\r\n", b"HOST_REFUSED"),
     (b"Host: 10.0.0.1\r\n", b"HOST_REFUSED"),
     (b"Host: \r\n", b"HOST_REFUSED"),
     (b"Host: [\r\n", b"HOST_REFUSED"),
     (b"Host: \xff\xfe\r\n", b"HOST_REFUSED"),
     (HOST + b"Origin: https://evil.example\r\n", b"ORIGIN_REFUSED"),
     (HOST + b"Origin: null\r\n", b"ORIGIN_REFUSED"),
     (HOST + b"Origin: http://127.0.0.1@evil.example\r\n", b"ORIGIN_REFUSED"),
     (HOST + b"Origin: \xff\r\n", b"ORIGIN_REFUSED")],
)  # fmt: skip
def test_other_hosts_and_origins_may_not_steer(market, unharmed, header, code):
    for request in (b"GET /control/status", b"POST /control/shutdown", b"DELETE /control/faults"):
        head, body = _ask(market, "control", request + b" HTTP/1.1\r\n" + header + b"\r\n")
        assert _status(head) in (400, 403)
        assert _status(head) == 400 or code in body


@pytest.mark.parametrize("name", PORTS)
def test_clients_that_dawdle_hold_nobody_up(market, unharmed, name):
    address = ("127.0.0.1", market.port(name))
    slow = [socket.create_connection(address) for _ in range(100)]
    for number, client in enumerate(slow):
        client.sendall((WELL + b"X: ")[: 5 + number % 30])
    began = time.monotonic()
    head, _ = _ask(market, name, WELL + b"\r\n")
    assert 200 <= _status(head) < 500
    assert time.monotonic() - began < 5
    for client in slow:
        client.close()
