"""What a venue's answer to a request means: go on, wait until when, or give up, in clear words."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple

from hftlib.io.rest.allowances import SECOND_NS

OK: Final = range(200, 300)
NO_ANSWER: Final = 0
_TOO_MANY: Final = 429
_BANNED: Final = 418
_WAIT_S: Final = {_TOO_MANY: (1, 60), _BANNED: (120, 3_600), 403: (1, 60), 451: (2, 300)}
"""How long to wait (s) where a refusal does not say it: at first, and at the most when it comes
again and again."""
_UNTIL: Final = re.compile(rb"until (\d{13})\b")
_LONGEST_TOLD: Final = 120


class Meaning(NamedTuple):
    """Say what an answer means for the requests to come.

    `wait_until_ns` is 0 where nothing is to be waited for. `may_retry` says that the same request
    may succeed a little later.
    """

    trouble: str
    wait_until_ns: int = 0
    may_retry: bool = False
    is_ban: bool = False


def meaning_of(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    words: str,
    now_ns: int,
    refusals: int = 0,
) -> Meaning:
    """Return what an answer means; `words` tell of a request without one (status NO_ANSWER).

    `refusals` is how many answers before this one were refusals of everything.
    """
    if status in OK:
        return Meaning("")
    if status == NO_ANSWER:
        return Meaning(words, may_retry=True)
    if status in _WAIT_S:
        until_ns = _until_ns(status, headers, body, now_ns, refusals)
        return Meaning(
            f"{status}: {_refusal(status, until_ns)}",
            until_ns,
            may_retry=status in (_TOO_MANY, _BANNED),
            is_ban=status == _BANNED,
        )
    if status >= 500:
        wait_s = _told_wait_s(headers)
        until_ns = now_ns + wait_s * SECOND_NS if wait_s else 0
        return Meaning(
            f"{status}: the venue's servers are in trouble, it is asked again", until_ns, True
        )
    if status in range(300, 400):
        return Meaning(f"{status}: the address has moved, something in between redirects requests")
    told = body[:_LONGEST_TOLD].decode("utf-8", "replace").strip()
    return Meaning(f"{status}: the venue refuses the request: {told}")


def _refusal(status: int, until_ns: int) -> str:
    until = datetime.fromtimestamp(until_ns / SECOND_NS, UTC).strftime("%H:%M:%S UTC")
    if status == _TOO_MANY:
        return f"too many requests from this address, none is sent until {until}"
    if status == _BANNED:
        day = datetime.fromtimestamp(until_ns / SECOND_NS, UTC).strftime("%Y-%m-%d")
        return f"this address is banned for asking too often, none is sent until {day} {until}"
    if status == 451:
        return f"the venue does not serve this place, asked again at {until}"
    return f"refused, often by a firewall in between, asked again at {until}"


def _until_ns(
    status: int, headers: Mapping[str, str], body: bytes, now_ns: int, refusals: int
) -> int:
    """Return until when to wait: as the header says, as the body says, or as is usual."""
    told_s = _told_wait_s(headers)
    if told_s:
        return now_ns + told_s * SECOND_NS
    in_body = _UNTIL.search(body) if status == _BANNED else None
    if in_body:
        return max(int(in_body[1]) * 1_000_000, now_ns)
    first_s, most_s = _WAIT_S[status]
    return now_ns + min(first_s << min(refusals, 12), most_s) * SECOND_NS


def _told_wait_s(headers: Mapping[str, str]) -> int:
    """Return the seconds of Retry-After, 0 where it tells none; names stand in lower case."""
    told = headers.get("retry-after", "").strip()
    return int(told) if told.isascii() and told.isdigit() and len(told) < 8 else 0
