"""Who may steer a local market: loopback hosts and pages only, and a token beyond loopback."""

import hmac
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from hftlib.io.local.settings import is_loopback

_BEARER: Final = "bearer "


class Denial(NamedTuple):
    """Say why a request is turned away."""

    status: int
    code: str
    message: str


class ControlGuard:
    """Judge requests by Host, Origin and token."""

    def __init__(self, host: str, token: str) -> None:
        """Guard what listens on `host`; `token` is demanded where that is no loopback."""
        self._on_loopback = is_loopback(host)
        self._token = token.encode()

    def denial(self, headers: Mapping[str, str]) -> Denial | None:
        """Return why a request with such headers (names in lower case) is turned away, if it is."""
        host = headers.get("host", "")
        if self._on_loopback and not is_loopback(_name_of(host)):
            return Denial(403, "HOST_REFUSED", f"this market does not answer for host {host!r}")
        origin = headers.get("origin")
        if origin is not None and not self._may_come_from(origin, host):
            return Denial(403, "ORIGIN_REFUSED", f"pages of {origin!r} may not steer this market")
        if not self._on_loopback and not self._has_token(headers.get("authorization", "")):
            told = "send the token as Authorization: Bearer TOKEN"
            return Denial(401, "TOKEN_REQUIRED", told)
        return None

    def _may_come_from(self, origin: str, host: str) -> bool:
        name = _name_of(origin.partition("://")[2])
        return bool(name) and (is_loopback(name) or name == _name_of(host))

    def _has_token(self, authorization: str) -> bool:
        scheme, given = authorization[: len(_BEARER)], authorization[len(_BEARER) :]
        return scheme.lower() == _BEARER and hmac.compare_digest(given.encode(), self._token)


def _name_of(host: str) -> str:
    """Return the name or address of a host with its port, empty when it is malformed."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
