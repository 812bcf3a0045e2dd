"""Reachability against servers on loopback: time, refusals, silence, no listener, feeds."""

import contextlib
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from websockets.sync.server import serve

from hftlib.io.reachability import ENDPOINTS, Endpoint, ask_health, probe, server_time_ms

AHEAD_MS = 5000


class Venue(BaseHTTPRequestHandler):
    def do_GET(self):
        status, body = 200, b""
        if self.path == "/time":
            body = json.dumps({"serverTime": time.time() * 1e3 + AHEAD_MS}).encode()
        elif self.path == "/451":
            status = 451
        elif self.path == "/500":
            status = 500
        elif self.path == "/prose":
            body = b"hello"
        elif self.path == "/empty":
            body = b"{}"
        elif self.path == "/api/v1/health":
            body = b'{"ok":true}' if self.headers["Authorization"] else b"[]"
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def http():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Venue)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def feed():
    with serve(lambda connection: connection.recv(), "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def nobody():
    """Yield the port of a socket that was bound and never listens: a connection is refused."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.fixture
def silent():
    """Yield the port of a listener that never answers."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield listener.getsockname()[1]


def test_a_venue_that_answers_tells_its_offset(http, feed):
    (reach,) = probe([Endpoint("binance", f"{http}/time", feed)])
    assert (reach.venue, reach.answers, reach.feed_opens, reach.note) == ("binance", True, True, "")
    # The true offset lies within half a round trip of the estimate, wherever the delay was.
    assert abs(reach.clock_offset_ms - AHEAD_MS) <= reach.round_trip_ms / 2 + 1


@pytest.mark.parametrize(
    ("path", "note"),
    [
        ("451", "REST 451: the venue does not serve this place"),
        ("500", "REST 500: Internal Server Error"),
        ("prose", "REST tells no time"),
        ("empty", "REST tells no time: none of serverTime"),
    ],
)
def test_a_refusal_is_told_in_words_and_the_feed_apart(http, feed, path, note):
    (reach,) = probe([Endpoint("binance", f"{http}/{path}", feed)])
    assert not reach.answers
    assert reach.clock_offset_ms is None
    assert reach.feed_opens
    assert reach.note.startswith(note)


def test_a_web_server_is_no_feed(http):
    (reach,) = probe([Endpoint("binance", f"{http}/time", f"ws{http[4:]}/time")])
    assert reach.answers
    assert not reach.feed_opens
    assert reach.note.startswith("feed handshake refused")


def test_no_listener_and_a_silent_one(nobody, silent):
    dead, mute = probe(
        [
            Endpoint("a", f"http://127.0.0.1:{nobody}/", f"ws://127.0.0.1:{nobody}"),
            Endpoint("b", f"http://127.0.0.1:{silent}/", f"ws://127.0.0.1:{silent}"),
        ],
        timeout_s=0.2,
    )
    assert dead.note == "REST no connection; feed no connection"
    assert mute.note == "REST no answer within 0.2 s; feed no answer within 0.2 s"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"serverTime": 1700000000123}, 1700000000123.0),
        ({"iso": "x", "epochSeconds": "1", "epochMillis": "1700000000123"}, 1700000000123.0),
        ({"iso": "x", "epoch": 1700000000.5}, 1700000000500.0),
    ],
)
def test_each_venue_tells_the_time_in_its_own_words(body, expected):
    assert server_time_ms(body) == expected


@pytest.mark.parametrize("body", [{}, [], None, {"epoch": "soon"}])
def test_a_body_without_time_is_refused(body):
    with pytest.raises(ValueError, match=r"epoch|soon"):
        server_time_ms(body)


def test_health_of_a_desk(http, nobody):
    assert ask_health(http, "token") == {"ok": True}
    assert ask_health(http) is None
    assert ask_health(f"http://127.0.0.1:{nobody}") is None


def test_every_venue_with_an_exchange_behind_it_is_asked():
    assert [endpoint.venue for endpoint in ENDPOINTS] == [
        "binance",
        "binance_us",
        "binance_usdm",
        "binance_coinm",
        "coinbase",
        "coinbase_exchange",
    ]
