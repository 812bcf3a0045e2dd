"""Coinbase Exchange's signatures: HMAC-SHA256 over time, method, path and body, in base64."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Final, NamedTuple

KeyOf = Callable[[str], tuple[str, str] | None]
"""Return the secret (base64) and the passphrase of a key, None for a key not given out."""

VERIFY: Final = "GET/users/self/verify"
"""What a websocket subscription signs, behind the time."""
_CLOCK_SECONDS: Final = 30


class SignatureError(Exception):
    """Refuse a signature, in the venue's words."""


class Signed(NamedTuple):
    """Hold what a client signed with; `text` is what follows the time in the signed text."""

    key: str
    signature: str
    timestamp: str
    passphrase: str
    text: str


def check(signed: Signed, key_of: KeyOf, now_ns: int) -> None:
    """Accept a signature made within 30 seconds. Raises SignatureError."""
    known = key_of(signed.key)
    if known is None:
        raise SignatureError("Invalid API Key")
    secret, passphrase = known
    if not _is_same(passphrase, signed.passphrase):
        raise SignatureError("Invalid Passphrase")
    if not _is_recent(signed.timestamp, now_ns):
        raise SignatureError("request timestamp expired")
    if not _is_same(sign(secret, signed.timestamp + signed.text), signed.signature):
        raise SignatureError("invalid signature")


def sign(secret: str, text: str) -> str:
    """Return the signature of a text. Raises ValueError when the secret is no base64."""
    digest = hmac.digest(base64.b64decode(secret), _bytes(text), hashlib.sha256)
    return base64.b64encode(digest).decode()


def _is_same(first: str, second: str) -> bool:
    return hmac.compare_digest(_bytes(first), _bytes(second))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _is_recent(timestamp: str, now_ns: int) -> bool:
    try:
        seconds = float(timestamp)
    except ValueError:
        return False
    return abs(now_ns / 1e9 - seconds) <= _CLOCK_SECONDS
