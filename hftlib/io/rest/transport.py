"""One GET over pooled connections, in a worker thread: it blocks there, never raises, and ends."""

import time
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from hftlib.core.clock import Clock
from hftlib.io.rest.answers import NO_ANSWER

CONNECT_S: Final = 5.0
SILENCE_S: Final = 10.0
WHOLE_S: Final = 30.0
LARGEST_BODY: Final = 96 * 1024 * 1024
_PIECE: Final = 1 << 18
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class Got(NamedTuple):
    """Hold what came of a GET: `status` 0 means no answer, and `words` say why.

    `sent_ns` is our clock's time of sending, `elapsed_s` the time to the first byte.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    words: str
    sent_ns: int
    elapsed_s: float


class _NoNetrc(requests.auth.AuthBase):
    """Send no credentials that lie about on this machine."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Return the request as it is."""
        return request


class Transport:
    """Keep the connections: a proxy of the environment is used, but not for loopback."""

    def __init__(self, connections: int, clock: Clock) -> None:
        """Keep up to `connections` open to each host; stamp requests by `clock`."""
        self._clock = clock
        self._outward = _session(connections, trust_env=True)
        self._here = _session(connections, trust_env=False)

    def get(self, url: str) -> Got:
        """Return what a URL answers."""
        sent_ns, started = self._clock.now_ns(), time.perf_counter()
        try:
            with self._session_for(url).get(
                url, timeout=(CONNECT_S, SILENCE_S), stream=True, allow_redirects=False
            ) as answer:
                elapsed_s = time.perf_counter() - started
                body = _body(answer, started + WHOLE_S)
                headers = {name.lower(): value for name, value in answer.headers.items()}
                return Got(answer.status_code, headers, body, "", sent_ns, elapsed_s)
        except requests.Timeout:
            words = "no answer in time"
        except requests.exceptions.SSLError:
            words = "no trusted connection: the certificate is not the venue's"
        except requests.exceptions.ProxyError:
            words = "the proxy does not let the request through"
        except (requests.RequestException, OSError):
            words = "no connection"
        except (_BodyError, ValueError) as error:
            words = str(error)
        return Got(NO_ANSWER, {}, b"", words, sent_ns, time.perf_counter() - started)

    def _session_for(self, url: str) -> requests.Session:
        """Return the connections for a URL. Raises ValueError when it is none."""
        return self._here if urlsplit(url).hostname in _LOOPBACK else self._outward

    def close(self) -> None:
        """Close all connections that are not in use."""
        self._outward.close()
        self._here.close()


class _BodyError(Exception):
    """Give up a body that is too large or too slow."""


def _session(connections: int, *, trust_env: bool) -> requests.Session:
    session = requests.Session()
    session.trust_env = trust_env
    session.auth = _NoNetrc()
    session.headers["User-Agent"] = "hftlib"
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=connections))
    return session


def _body(answer: requests.Response, deadline: float) -> bytes:
    """Return the whole body. Raises _BodyError when it does not end, or does so too late."""
    pieces, size = [], 0
    for piece in answer.iter_content(_PIECE):
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST_BODY:
            raise _BodyError("the answer is larger than any that is expected")
        if time.perf_counter() > deadline:
            raise _BodyError("the answer comes too slowly")
    return b"".join(pieces)
