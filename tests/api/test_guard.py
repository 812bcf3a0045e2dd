import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.types import Receive, Scope, Send

from hftlib.api.guard import Guard, host_name, origin_allowed


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Let everything in."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 1000})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"in"})


def client(host: str, token: str = "") -> TestClient:
    return TestClient(Guard(app, host=host, token=token), base_url="http://127.0.0.1:8710")


SOCKET = "ws://127.0.0.1:8710/"
LOCAL = client("127.0.0.1")
EXPOSED = client("0.0.0.0", "s3cret")


def refused(desk: TestClient, headers: dict[str, str]) -> tuple[int, str]:
    """Return status and code with which a websocket is refused before it opens."""
    with (
        pytest.raises(WebSocketDenialResponse) as refusal,
        desk.websocket_connect(SOCKET, headers=headers),
    ):
        pytest.fail("it opened")
    return refusal.value.status_code, refusal.value.json()["code"]


@pytest.mark.parametrize("host", ["127.0.0.1:8710", "localhost", "LOCALHOST:1", "[::1]:8710"])
def test_loopback_names_are_answered(host: str) -> None:
    assert LOCAL.get("/", headers={"host": host}).text == "in"


@pytest.mark.parametrize("host", ["desk.example:8710", "10.0.0.5", "", "127.0.0.1.example", "[::"])
def test_other_hosts_are_refused_on_loopback(host: str) -> None:
    answer = LOCAL.get("/", headers={"host": host})
    assert (answer.status_code, answer.json()["code"]) == (403, "HOST_REFUSED")


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8501", "http://localhost", "http://[::1]:3"])
def test_loopback_origins_are_answered(origin: str) -> None:
    assert LOCAL.get("/", headers={"origin": origin}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "", "http://[", "file://"])
def test_other_origins_are_refused(origin: str) -> None:
    answer = LOCAL.get("/", headers={"origin": origin})
    assert (answer.status_code, answer.json()["code"]) == (403, "ORIGIN_REFUSED")


def test_a_websocket_of_another_origin_is_refused_before_it_opens() -> None:
    assert refused(LOCAL, {"origin": "http://evil.example"}) == (403, "ORIGIN_REFUSED")
    assert refused(LOCAL, {"host": "evil.example"}) == (403, "HOST_REFUSED")


def test_a_websocket_without_origin_opens() -> None:
    with LOCAL.websocket_connect(SOCKET):
        pass


@pytest.mark.parametrize(
    "given", [{}, {"authorization": "Bearer wrong"}, {"authorization": "s3cret"}]
)
def test_beyond_loopback_every_request_needs_the_token(given: dict[str, str]) -> None:
    answer = EXPOSED.get("/", headers=given)
    assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_REQUIRED")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_beyond_loopback_the_token_opens_under_any_host() -> None:
    given = {"authorization": "bearer s3cret", "host": "desk.example"}
    assert EXPOSED.get("/", headers=given).text == "in"
    same = {**given, "origin": "https://desk.example"}
    assert EXPOSED.get("/", headers=same).status_code == 200
    other = {**given, "origin": "https://evil.example"}
    assert EXPOSED.get("/", headers=other).status_code == 403


def test_beyond_loopback_a_websocket_needs_the_token() -> None:
    assert refused(EXPOSED, {}) == (401, "TOKEN_REQUIRED")
    with EXPOSED.websocket_connect(SOCKET, headers={"authorization": "Bearer s3cret"}):
        pass


def test_names_of_hosts_and_origins() -> None:
    assert host_name("[::1]:80") == "::1"
    assert host_name("[::") == ""
    assert origin_allowed("http://Desk.example:1", "desk.example:2")
    assert not origin_allowed("http://desk.example.evil", "desk.example")


async def test_what_is_neither_request_nor_websocket_passes() -> None:
    seen: list[str] = []

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    await Guard(inner, host="127.0.0.1", token="")({"type": "lifespan"}, None, None)
    assert seen == ["lifespan"]
