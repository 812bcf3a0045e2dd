"""The guard driven by hand, as a server would: scopes in, messages out."""

import asyncio
from typing import Any

import msgspec
import pytest
from starlette.types import Message, Receive, Scope, Send

from hftlib.api.guard import Guard


async def inner(scope: Scope, receive: Receive, send: Send) -> None:
    """Let everything in."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


class Answer:
    """Hold what a guarded app answered."""

    def __init__(self, sent: list[Message]) -> None:
        self.kinds = [message["type"] for message in sent]
        self.status = sent[0].get("status")
        self.headers = {name.decode(): value.decode() for name, value in sent[0].get("headers", [])}
        body = sent[-1].get("body", b"{}")
        self.code = msgspec.json.decode(body).get("code")


class Door:
    """Knock at a guard."""

    def __init__(self, host: str, token: str = "") -> None:
        self._guard = Guard(inner, host=host, token=token)

    def get(self, headers: dict[str, str]) -> Answer:
        """Ask over HTTP."""
        return self._ask("http", headers, {})

    def open(self, headers: dict[str, str], *, can_tell: bool = True) -> Answer:
        """Ask for a websocket; `can_tell` where the server lets a refusal have a body."""
        extensions = {"websocket.http.response": {}} if can_tell else {}
        return self._ask("websocket", headers, {"extensions": extensions})

    def _ask(self, kind: str, headers: dict[str, str], more: dict[str, Any]) -> Answer:
        given = {"host": "127.0.0.1:8710", **headers}
        raw = [(name.encode(), value.encode()) for name, value in given.items()]
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": f"{kind}.connect"}

        async def send(message: Message) -> None:
            sent.append(message)

        asyncio.run(self._guard({"type": kind, "headers": raw, **more}, receive, send))
        return Answer(sent)


LOCAL = Door("127.0.0.1")
EXPOSED = Door("0.0.0.0", "s3cret")


@pytest.mark.parametrize("host", ["127.0.0.1:8710", "localhost", "LOCALHOST:1", "[::1]:8710"])
def test_loopback_names_are_answered(host: str) -> None:
    assert LOCAL.get({"host": host}).status == 200


@pytest.mark.parametrize("host", ["desk.example:8710", "10.0.0.5", "", "127.0.0.1.example", "[::"])
def test_other_hosts_are_refused_on_loopback(host: str) -> None:
    answer = LOCAL.get({"host": host})
    assert (answer.status, answer.code) == (403, "HOST_REFUSED")


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8501", "http://localhost", "http://[::1]:3"])
def test_loopback_origins_are_answered(origin: str) -> None:
    assert LOCAL.get({"origin": origin}).status == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "", "http://[", "file://"])
def test_other_origins_are_refused(origin: str) -> None:
    answer = LOCAL.get({"origin": origin})
    assert (answer.status, answer.code) == (403, "ORIGIN_REFUSED")


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"origin": "http://evil.example"}, "ORIGIN_REFUSED"),
        ({"host": "evil.example"}, "HOST_REFUSED"),
    ],
)
def test_a_websocket_is_refused_before_it_opens(headers: dict[str, str], code: str) -> None:
    answer = LOCAL.open(headers)
    assert (answer.status, answer.code) == (403, code)
    assert answer.kinds[0] == "websocket.http.response.start"
    assert LOCAL.open(headers, can_tell=False).kinds == ["websocket.close"]


def test_a_websocket_without_origin_opens() -> None:
    assert LOCAL.open({}).kinds == ["websocket.accept"]


@pytest.mark.parametrize(
    "given", [{}, {"authorization": "Bearer wrong"}, {"authorization": "s3cret"}]
)
def test_beyond_loopback_every_request_needs_the_token(given: dict[str, str]) -> None:
    answer = EXPOSED.get(given)
    assert (answer.status, answer.code) == (401, "TOKEN_REQUIRED")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_beyond_loopback_the_token_opens_under_any_host() -> None:
    given = {"authorization": "bearer s3cret", "host": "desk.example"}
    assert EXPOSED.get(given).status == 200
    assert EXPOSED.get({**given, "origin": "https://desk.example"}).status == 200
    assert EXPOSED.get({**given, "origin": "https://evil.example"}).status == 403


def test_beyond_loopback_a_websocket_needs_the_token() -> None:
    assert EXPOSED.open({}).status == 401
    assert EXPOSED.open({"authorization": "Bearer s3cret"}).kinds == ["websocket.accept"]


async def test_what_is_neither_request_nor_websocket_passes() -> None:
    seen: list[str] = []

    async def listen(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    await Guard(listen, host="127.0.0.1", token="")({"type": "lifespan"}, None, None)
    assert seen == ["lifespan"]
