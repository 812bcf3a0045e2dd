"""The app's door: beyond loopback nothing is shown or relayed to who has not given the token.

It stands before everything that the app serves: pages, Streamlit's own websocket, the relay, files.
Who gives the token gets a cookie that scripts cannot read and that ends with this process.
"""

import hmac
import html
import secrets
import time
from collections import deque
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import parse_qs

import msgspec
from starlette.types import ASGIApp, Receive, Scope, Send

from hftlib.core.callers import has_token, host_name, is_loopback, origin_allowed
from hftlib.wire.messages import ErrorReply

COOKIE: Final = "hft_door"
ENTER_PATH: Final = "/api/enter"
TICKET_S: Final = 12 * 3600.0
LARGEST_FORM: Final = 4_096
MOST_FAILURES: Final = 20
_WITHIN_S: Final = 60.0
_FORM: Final = "application/x-www-form-urlencoded"
_CLOSE_POLICY: Final = 1008
_NEEDED: Final = ErrorReply("TOKEN_REQUIRED", "give the token (HFT_API_TOKEN) to use this app")


class Tickets:
    """Make and judge the tickets of those who gave the token; none outlives the process."""

    def __init__(self, now_s: Callable[[], float] = time.time) -> None:
        """Begin with a secret of this process."""
        self._key = secrets.token_bytes(32)
        self._now_s = now_s

    def issue(self) -> str:
        """Return a new ticket, good for twelve hours."""
        stated = f"{self._now_s() + TICKET_S:.0f}.{secrets.token_hex(8)}"
        return f"{stated}.{self._seal(stated)}"

    def holds(self, ticket: str) -> bool:
        """Say whether a ticket is one of this process and still good; in equal time for any."""
        stated, _, seal = ticket.rpartition(".")
        genuine = hmac.compare_digest(seal.encode(), self._seal(stated).encode())
        return genuine and float(stated.partition(".")[0]) > self._now_s()

    def _seal(self, stated: str) -> str:
        return hmac.new(self._key, stated.encode(), "sha256").hexdigest()


class Door:
    """Let in who may come in."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        listens_on: str,
        token: Callable[[], str],
        base_path: str = "",
        now_s: Callable[[], float] = time.time,
    ) -> None:
        """Stand before an app that listens on an address; beyond loopback `token` is demanded."""
        self._app = app
        self._on_loopback = is_loopback(listens_on)
        self._token = token
        self._base_path = base_path
        self._now_s = now_s
        self._tickets = Tickets(now_s)
        self._failures: deque[float] = deque(maxlen=MOST_FAILURES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, ask for the token, or refuse."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        refusal = self._refusal(headers)
        if refusal is not None:
            await _refuse(scope, receive, send, 403, refusal)
        elif self._on_loopback or self._is_known(headers):
            await self._app(scope, receive, send)
        elif scope["type"] == "http" and scope["path"].endswith(ENTER_PATH):
            await self._enter(scope, headers, receive, send)
        elif scope["type"] == "http" and scope["method"] == "GET":
            await self._ask(send, 401, "")
        else:
            await _refuse(scope, receive, send, 401, _NEEDED)

    def _refusal(self, headers: dict[str, str]) -> ErrorReply | None:
        host, origin = headers.get("host", ""), headers.get("origin")
        if self._on_loopback and not is_loopback(host_name(host)):
            return ErrorReply("HOST_REFUSED", f"this app does not answer for host {host!r}")
        if origin is not None and not origin_allowed(origin, host):
            return ErrorReply("ORIGIN_REFUSED", f"pages of {origin!r} may not use this app")
        return None

    def _is_known(self, headers: dict[str, str]) -> bool:
        token = self._token()
        if token and has_token(headers.get("authorization", ""), token):
            return True
        return self._tickets.holds(_cookie(headers.get("cookie", "")))

    async def _enter(
        self, scope: Scope, headers: dict[str, str], receive: Receive, send: Send
    ) -> None:
        """Judge the token of the form; set the cookie where it is right."""
        if scope["method"] != "POST":
            await self._ask(send, 401, "")
        elif self._fails_too_often():
            await self._ask(send, 429, "Too many wrong tokens. Wait a minute.")
        elif self._is_right(await _form_token(headers, receive)):
            secure = "; Secure" if scope.get("scheme") == "https" else ""
            ticket = (
                f"{COOKIE}={self._tickets.issue()}; Path=/; HttpOnly; SameSite=Strict; "
                f"Max-Age={TICKET_S:.0f}{secure}"
            )
            location = self._base_path + "/"
            moved = [(b"location", location.encode()), (b"set-cookie", ticket.encode())]
            await _answer(send, 303, b"", moved)
        else:
            self._failures.append(self._now_s())
            await self._ask(send, 401, "That is not the token.")

    def _is_right(self, given: str) -> bool:
        token = self._token()
        return bool(token) and hmac.compare_digest(given.encode(), token.encode())

    def _fails_too_often(self) -> bool:
        full = len(self._failures) == MOST_FAILURES
        return full and self._now_s() - self._failures[0] < _WITHIN_S

    async def _ask(self, send: Send, status: int, complaint: str) -> None:
        page = _PAGE.format(
            action=html.escape(self._base_path + ENTER_PATH), complaint=html.escape(complaint)
        )
        await _answer(send, status, page.encode(), [(b"content-type", b"text/html; charset=utf-8")])


def _cookie(header: str) -> str:
    """Return the ticket of a Cookie header, empty where there is none."""
    try:
        held = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return "" if held is None else held.value


async def _form_token(headers: dict[str, str], receive: Receive) -> str:
    """Return the token of a form, empty where it has none or is too large."""
    body, more = b"", True
    while more and len(body) <= LARGEST_FORM:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    if len(body) > LARGEST_FORM or not headers.get("content-type", "").startswith(_FORM):
        return ""
    fields = parse_qs(body.decode("ascii", "replace"), max_num_fields=10)
    return fields.get("token", [""])[0]


async def _refuse(
    scope: Scope, receive: Receive, send: Send, status: int, reply: ErrorReply
) -> None:
    """Answer with an error; a websocket is refused before it opens."""
    kind = "http"
    if scope["type"] == "websocket":
        await receive()
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": _CLOSE_POLICY})
            return
        kind = "websocket.http"
    json = [(b"content-type", b"application/json")]
    await _answer(send, status, msgspec.json.encode(reply), json, kind)


async def _answer(
    send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]], kind: str = "http"
) -> None:
    fixed = [
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", b"DENY"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": f"{kind}.response.start", "status": status, "headers": [*headers, *fixed]})
    await send({"type": f"{kind}.response.body", "body": body})


_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>hftlib</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body{{background:#080c12;color:#dbe4ef;font:15px/1.5 system-ui,sans-serif;display:grid;
place-items:center;min-height:90vh;margin:0}}
form{{border:1px solid #1b2533;background:#0d131c;border-radius:6px;padding:28px;width:320px}}
h1{{font-size:18px;margin:0 0 4px}}p{{margin:0 0 14px;color:#a9bdd6}}
input,button{{font:inherit;width:100%;box-sizing:border-box;padding:9px 11px;border-radius:6px;
border:1px solid #2a3a50;background:#080c12;color:inherit}}
button{{margin-top:10px;background:#58b4ff;color:#04101d;border:0;font-weight:600;cursor:pointer}}
.complaint{{color:#ffa24a;min-height:1.5em;margin:8px 0 0}}
</style></head><body><form method="post" action="{action}">
<h1>hftlib</h1><p>This app is open to the network: it asks for its token.</p>
<input type="password" name="token" aria-label="token" autocomplete="current-password" autofocus>
<button>Enter</button><p class="complaint" role="alert">{complaint}</p>
</form></body></html>
"""
