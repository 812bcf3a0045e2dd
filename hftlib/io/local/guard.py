"""Who may steer a local market: loopback hosts and pages only, and a token beyond loopback."""

from collections.abc import Mapping
from typing import NamedTuple

from hftlib.core.callers import has_token, host_name, is_loopback, origin_allowed


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
        self._token = token

    def denial(self, headers: Mapping[str, str]) -> Denial | None:
        """Return why a request with such headers (names in lower case) is turned away, if it is."""
        host = headers.get("host", "")
        if self._on_loopback and not is_loopback(host_name(host)):
            return Denial(403, "HOST_REFUSED", f"this market does not answer for host {host!r}")
        origin = headers.get("origin")
        if origin is not None and not origin_allowed(origin, host):
            return Denial(403, "ORIGIN_REFUSED", f"pages of {origin!r} may not steer this market")
        if not self._on_loopback and not has_token(headers.get("authorization", ""), self._token):
            told = "send the token as Authorization: Bearer TOKEN"
            return Denial(401, "TOKEN_REQUIRED", told)
        return None
