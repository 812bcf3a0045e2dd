"""One GET: bodies, headers, stamps, and everything that a network does instead of answering."""

import gzip
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from hftlib.io.clock import WallClock
from hftlib.io.rest import transport
from hftlib.io.rest.transport import Transport


class Site(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: ClassVar = []

    def do_GET(self):
        self.seen.append(dict(self.headers))
        if self.path == "/mute":
            threading.Event().wait(0.5)
            self.close_connection = True
            return
        body = b"x" * 5_000 if self.path == "/large" else b'{"a":1}'
        self.send_response(302 if self.path == "/moved" else 200)
        if self.path == "/moved":
            self.send_header("Location", "/elsewhere")
        if self.path == "/packed":
            body = gzip.compress(body)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("X-MBX-Used-Weight-1M", "7")
        self.send_header("Content-Length", str(len(body) + (10 if self.path == "/cut" else 0)))
        self.end_headers()
        self.wfile.write(body)
        if self.path == "/cut":
            self.close_connection = True

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def site():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def wire():
    made = Transport(2, WallClock())
    yield made
    made.close()


def test_an_answer_with_its_headers_in_lower_case_and_its_stamp(site, wire):
    before_ns = WallClock().now_ns()
    got = wire.get(f"{site}/")
    assert (got.status, got.body, got.words) == (200, b'{"a":1}', "")
    assert got.headers["x-mbx-used-weight-1m"] == "7"
    assert abs(got.sent_ns - before_ns) < 5_000_000_000
    assert 0 < got.elapsed_s < 5


def test_a_packed_body_is_unpacked(site, wire):
    assert wire.get(f"{site}/packed").body == b'{"a":1}'


def test_a_redirection_is_not_followed(site, wire):
    assert wire.get(f"{site}/moved").status == 302


def test_who_asks_is_told_and_no_more(site, wire, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    wire._here.trust_env = True
    wire.get(f"{site}/")
    told = Site.seen[-1]
    assert told["User-Agent"] == "hftlib"
    assert "Authorization" not in told


def test_loopback_needs_no_proxy_and_the_world_does(site, wire, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert wire.get(f"{site}/").status == 200
    got = wire.get("http://venue.invalid/")
    assert (got.status, got.words) == (0, "the proxy does not let the request through")


def test_a_server_that_says_nothing_is_not_waited_for(site, wire, monkeypatch):
    monkeypatch.setattr(transport, "SILENCE_S", 0.05)
    got = wire.get(f"{site}/mute")
    assert (got.status, got.words) == (0, "no answer in time")


def test_a_body_that_is_too_large_is_given_up(site, wire, monkeypatch):
    monkeypatch.setattr(transport, "LARGEST_BODY", 1_000)
    assert "larger than any" in wire.get(f"{site}/large").words


def test_a_body_that_comes_too_slowly_is_given_up(site, wire, monkeypatch):
    monkeypatch.setattr(transport, "WHOLE_S", -1.0)
    assert wire.get(f"{site}/large").words == "the answer comes too slowly"


def test_a_body_that_is_cut_is_no_answer(site, wire):
    got = wire.get(f"{site}/cut")
    assert (got.status, got.body, got.words) == (0, b"", "no connection")


def test_a_certificate_that_nobody_vouches_for_is_told(wire, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def babble():
            connection, _ = listener.accept()
            connection.recv(1 << 12)
            connection.sendall(b"no tls here\r\n\r\n")
            connection.close()

        thread = threading.Thread(target=babble, daemon=True)
        thread.start()
        got = wire.get(f"https://127.0.0.1:{listener.getsockname()[1]}/")
        thread.join(5)
    assert got.words == "no trusted connection: the certificate is not the venue's"


@pytest.mark.parametrize("url", ["", "nonsense", "http://", "ftp://127.0.0.1/x", "http://[::1"])
def test_a_url_that_is_none_is_no_connection(url, wire):
    got = wire.get(url)
    assert got.status == 0
    assert got.words
