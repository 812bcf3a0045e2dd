"""Who may open the app's own websocket: pages that this very app served, and nobody else."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from hftlib.core.callers import is_loopback

_PORTS: Final = {"http": 80, "https": 443}


def is_same_origin(headers: Mapping[str, str], *, listens_on: str) -> bool:
    """Say whether a handshake comes from a page that this app served.

    The Origin must be there and name the Host that was asked. Where the app listens on loopback,
    that Host must be loopback too, so that a foreign name made to point here opens nothing.
    """
    origin, host = headers.get("origin", ""), headers.get("host", "")
    asked = _authority(f"//{host}", "")
    page = _authority(origin, "")
    if asked is None or page is None or urlsplit(origin).scheme not in _PORTS:
        return False
    port = _PORTS[urlsplit(origin).scheme]
    if (page[0], page[1] or port) != (asked[0], asked[1] or port):
        return False
    return not is_loopback(listens_on) or is_loopback(asked[0])


def _authority(url: str, default: str) -> tuple[str, int | None] | None:
    """Return host and port of a URL, or None where it has none."""
    try:
        parts = urlsplit(url, default)
        return (parts.hostname.lower(), parts.port) if parts.hostname else None
    except ValueError:
        return None
