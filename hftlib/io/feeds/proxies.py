"""The proxy of a websocket, from the environment; never for this machine itself."""

import ipaddress
import urllib.request
from typing import Final
from urllib.parse import urlsplit

_SCHEMES: Final = {"wss": ("wss", "socks", "all", "https"), "ws": ("ws", "socks", "all", "http")}
"""Variables that are looked at, in order: WSS_PROXY, SOCKS_PROXY, ALL_PROXY, HTTPS_PROXY."""


def proxy_for(url: str) -> str | None:
    """Return the proxy for a websocket's URL, None for a direct connection.

    Read from the environment (or the system's settings) as urllib does, NO_PROXY included.
    """
    split = urlsplit(url)
    host = split.hostname or ""
    if _is_loopback(host) or urllib.request.proxy_bypass(host):
        return None
    found = urllib.request.getproxies()
    for scheme in _SCHEMES.get(split.scheme, ()):
        if scheme in found:
            return found[scheme].replace("socks5h://", "socks5://", 1)
    return None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
