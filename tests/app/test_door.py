"""The app's door: by hand as a server would drive it, and as a network would meet it."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
from starlette.types import Message, Receive, Scope, Send
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from hftlib.ui.door import COOKIE, MOST_FAILURES, TICKET_S, Door, Tickets
from hftlib.wire import feed
from hftlib.wire.feed import Kind
from tests.ui_support import serving

TOKEN = "s3cret"
FORM = {"content-type": "application/x-www-form-urlencoded"}


async def inner(scope: Scope, receive: Receive, send: Send) -> None:
    """Let everything in."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"the app"})


class Visitor:
    """Knock at a door, keeping the cookie that it gives."""

    def __init__(self, listens_on: str = "0.0.0.0", token: str = TOKEN) -> None:
        self.now_s = 1_000.0
        self.cookie = ""
        self.door = Door(
            inner, listens_on=listens_on, token=lambda: token, now_s=lambda: self.now_s
        )

    def get(self, **headers: str) -> tuple[int, str]:
        """Ask for a page; return status and body."""
        return self._ask({"type": "http", "method": "GET", "path": "/"}, headers)

    def open(self, *, can_tell: bool = True, **headers: str) -> tuple[int, str]:
        """Ask for a websocket; 101 stands for one that opens."""
        extensions = {"websocket.http.response": {}} if can_tell else {}
        return self._ask({"type": "websocket", "path": "/x", "extensions": extensions}, headers)

    def enter(self, form: bytes, **headers: str) -> tuple[int, str]:
        """Send the form of the door."""
        scope = {"type": "http", "method": "POST", "path": "/api/enter"}
        return self._ask(scope, {**FORM, **headers}, form)

    def _ask(
        self, scope: dict[str, Any], headers: dict[str, str], body: bytes = b""
    ) -> tuple[int, str]:
        given = {"host": "desk.example", **headers}
        if self.cookie:
            given["cookie"] = self.cookie
        raw = [(name.encode(), value.encode("latin-1")) for name, value in given.items()]
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        asyncio.run(self.door({**scope, "headers": raw}, receive, send))
        if sent[0]["type"].startswith("websocket.a"):
            return 101, ""
        if sent[0]["type"] == "websocket.close":
            return int(sent[0]["code"]), ""
        fields = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        if "set-cookie" in fields:
            self.cookie = fields["set-cookie"].partition(";")[0]
            self.granted = fields["set-cookie"]
        return sent[0]["status"], sent[-1]["body"].decode()


def test_on_loopback_nothing_is_asked_but_the_name() -> None:
    visitor = Visitor("127.0.0.1", token="")
    assert visitor.get(host="localhost:8501") == (200, "the app")
    assert visitor.open(host="127.0.0.1:8501", origin="http://127.0.0.1:8501") == (101, "")
    assert visitor.get(host="desk.example")[0] == 403
    assert visitor.get(host="localhost:8501", origin="http://evil.example")[0] == 403
    assert visitor.open(host="evil.example:8501")[0] == 403


def test_beyond_loopback_nothing_is_shown_without_the_token() -> None:
    visitor = Visitor()
    status, page = visitor.get()
    assert status == 401
    assert "password" in page
    assert "the app" not in page
    assert visitor.open()[0] == 401
    assert visitor.open(can_tell=False) == (1008, "")
    assert visitor.get(authorization="Bearer wrong")[0] == 401
    assert visitor.get(cookie=f"{COOKIE}=1e99.aa.{'0' * 64}")[0] == 401


def test_the_token_opens_the_door_for_pages_and_websockets() -> None:
    visitor = Visitor()
    assert visitor.enter(b"token=s3cret")[0] == 303
    assert {"HttpOnly", "SameSite=Strict"} <= set(visitor.granted.split("; "))
    assert visitor.get() == (200, "the app")
    assert visitor.open(origin="http://desk.example") == (101, "")
    assert visitor.open(origin="http://evil.example")[0] == 403
    visitor.now_s += TICKET_S + 1
    assert visitor.get()[0] == 401


def test_programs_may_send_the_token_as_they_do_to_a_desk() -> None:
    assert Visitor().get(authorization=f"Bearer {TOKEN}") == (200, "the app")


@pytest.mark.parametrize(
    "form", [b"", b"token=", b"token=wrong", b"token=s3cre", b"x" * 5_000, b"\xff=%ff", b"a;b&" * 9]
)
def test_other_forms_do_not_open_it(form: bytes) -> None:
    visitor = Visitor()
    status, page = visitor.enter(form)
    assert (status, visitor.cookie) == (401, "")
    assert "not the token" in page


def test_a_form_of_another_kind_or_origin_does_not_open_it() -> None:
    visitor = Visitor()
    assert visitor.enter(b"token=s3cret", **{"content-type": "text/plain"})[0] == 401
    assert visitor.enter(b"token=s3cret", origin="http://evil.example")[0] == 403
    assert visitor.cookie == ""


def test_an_empty_token_opens_nothing() -> None:
    visitor = Visitor(token="")
    assert visitor.enter(b"token=")[0] == 401
    assert visitor.get(authorization="Bearer ")[0] == 401


def test_guessing_is_slowed_down() -> None:
    visitor = Visitor()
    for _ in range(MOST_FAILURES):
        assert visitor.enter(b"token=guess")[0] == 401
    assert visitor.enter(b"token=s3cret")[0] == 429
    visitor.now_s += 61
    assert visitor.enter(b"token=s3cret")[0] == 303


@pytest.mark.parametrize(
    "ticket", ["", ".", "..", "9e99.x", "nan.1.2", "inf.1.2", "a" * 9_000, "\u00e4.\u00f6"]
)
def test_made_up_tickets_are_not_held(ticket: str) -> None:
    assert not Tickets(lambda: 0.0).holds(ticket)


def test_a_ticket_is_of_its_process_and_unchanged() -> None:
    tickets = Tickets(lambda: 5.0)
    ticket = tickets.issue()
    assert tickets.holds(ticket)
    assert not Tickets(lambda: 5.0).holds(ticket)
    assert not tickets.holds("9" + ticket)


@pytest.mark.parametrize("cookie", ["hft_door", "a=b; hft_door=\x00", "hft_door=\u00e9", ";;=;"])
def test_broken_cookies_are_no_tickets(cookie: str) -> None:
    assert Visitor().get(cookie=cookie)[0] == 401


async def test_what_is_neither_request_nor_websocket_passes() -> None:
    seen: list[str] = []

    async def listen(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    door = Door(listen, listens_on="0.0.0.0", token=lambda: TOKEN)
    await door({"type": "lifespan"}, None, None)
    assert seen == ["lifespan"]


def test_an_app_that_listens_to_the_network_shows_and_relays_nothing_unasked(
    tmp_path: Path,
) -> None:
    """The real app on 0.0.0.0, reached by this machine's other address."""
    with serving.fake_desk() as (_, desk_url):
        environment = {
            "HFT_API_URL": desk_url, "HFT_API_TOKEN": TOKEN, "HFT_DATA_DIR": str(tmp_path),
        }  # fmt: skip
        log = tmp_path / "app.log"
        with serving.app(environment, log, "--server.address", "0.0.0.0") as local:
            port = local.rpartition(":")[2]
            url = f"http://{serving.other_address()}:{port}"
            for path in ("/", "/_stcore/health", "/_stcore/host-config", "/api/assets/x/feed.js"):
                assert requests.get(url + path, timeout=5).status_code == 401, path
            for path in ("/_stcore/stream", f"/api/feed?{QUERY}"):
                with (
                    pytest.raises(InvalidStatus) as refused,
                    connect(url.replace("http", "ws") + path, origin=url, proxy=None),
                ):
                    pytest.fail("it opened")
                assert refused.value.response.status_code == 401
            with requests.Session() as session:
                entered = session.post(f"{url}/api/enter", data={"token": TOKEN}, timeout=5)
                assert (entered.status_code, entered.history[0].status_code) == (200, 303)
                ticket = session.cookies[COOKIE]
            relayed = connect(
                url.replace("http", "ws") + f"/api/feed?{QUERY}", origin=url, proxy=None,
                additional_headers={"Cookie": f"{COOKIE}={ticket}"}, max_size=None,
            )  # fmt: skip
            with relayed as socket:
                message = socket.recv(timeout=20)
    assert feed.read_head(message).kind is Kind.DESCRIPTION
    assert TOKEN not in log.read_text()


QUERY = "venue=binance&symbol=BTCUSDT&depth=25"


def test_an_app_without_a_token_does_not_listen_to_the_network(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.address", "0.0.0.0"]
    ended = subprocess.run(
        [*command, "--server.port", str(serving.free_port())],
        cwd=serving.PROJECT, capture_output=True, text=True, timeout=60, check=False,
        env={"PATH": "/usr/bin:/bin", "HFT_DATA_DIR": str(tmp_path), "HOME": str(tmp_path)},
    )  # fmt: skip
    assert ended.returncode != 0
    assert "set HFT_API_TOKEN" in ended.stderr
