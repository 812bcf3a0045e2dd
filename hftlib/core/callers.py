"""Who calls: the names in Host and Origin, and the bearer token; for every server alike."""

import hmac
import ipaddress
from typing import Final
from urllib.parse import urlsplit

_BEARER: Final = "bearer "


def is_loopback(host: str) -> bool:
    """Say whether a host name or address reaches this machine only."""
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def host_name(host: str) -> str:
    """Return the name or address of a Host header without its port, empty when it is malformed."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def origin_allowed(origin: str, host: str) -> bool:
    """Say whether pages of `origin` may use a server reached as `host`: loopback or same host."""
    try:
        name = urlsplit(origin).hostname
    except ValueError:
        return False
    return name is not None and (is_loopback(name) or name == host_name(host).lower())


def has_token(authorization: str, token: str) -> bool:
    """Say whether an Authorization header carries the bearer token; takes equal time for any."""
    scheme, given = authorization[: len(_BEARER)], authorization[len(_BEARER) :]
    # A header may hold bytes that are no text; servers hand those over as surrogates.
    sent = given.encode("utf-8", "surrogateescape")
    return scheme.lower() == _BEARER and hmac.compare_digest(sent, token.encode())
