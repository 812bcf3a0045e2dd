"""Who may talk to the desk: Host and Origin on loopback, a token beyond it, for every route."""

from typing import Final

import msgspec
from starlette.types import ASGIApp, Receive, Scope, Send

from hftlib.core.callers import has_token, host_name, is_loopback, origin_allowed
from hftlib.wire.messages import ErrorReply

_FORBIDDEN_CLOSE: Final = 1008


class Guard:
    """Refuse requests and websockets that do not come from where they should."""

    def __init__(self, app: ASGIApp, *, host: str, token: str) -> None:
        """Guard an app that listens on `host`; `token` is demanded where that is no loopback."""
        self._app = app
        self._on_loopback = is_loopback(host)
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer with 401 or 403 and an error body."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        refusal = self._refusal(headers)
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await _refuse_socket(scope, receive, send, *refusal)
        else:
            await _refuse_request(send, *refusal)

    def _refusal(self, headers: dict[str, str]) -> tuple[int, ErrorReply] | None:
        host = headers.get("host", "")
        if self._on_loopback and not is_loopback(host_name(host)):
            return 403, ErrorReply("HOST_REFUSED", f"this desk does not answer for host {host!r}")
        origin = headers.get("origin")
        if origin is not None and not origin_allowed(origin, host):
            return 403, ErrorReply("ORIGIN_REFUSED", f"pages of {origin!r} may not use this desk")
        if not self._on_loopback and not has_token(headers.get("authorization", ""), self._token):
            return 401, ErrorReply(
                "TOKEN_REQUIRED", "send the desk's token as Authorization: Bearer TOKEN"
            )
        return None


async def _refuse_request(send: Send, status: int, reply: ErrorReply, kind: str = "http") -> None:
    headers = [(b"content-type", b"application/json")]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": f"{kind}.response.start", "status": status, "headers": headers})
    await send({"type": f"{kind}.response.body", "body": msgspec.json.encode(reply)})


async def _refuse_socket(
    scope: Scope, receive: Receive, send: Send, status: int, reply: ErrorReply
) -> None:
    """Answer the handshake with the error where the server can, else close before accepting."""
    await receive()
    if "websocket.http.response" in scope.get("extensions", {}):
        await _refuse_request(send, status, reply, "websocket.http")
    else:
        await send({"type": "websocket.close", "code": _FORBIDDEN_CLOSE})
