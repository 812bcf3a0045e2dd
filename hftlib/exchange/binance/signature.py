"""Who signed a request to Binance, and whether it came in time.

A signature covers the query text followed directly by the body text, as they came over the wire
(percent-encoded), without the signature itself; on the WebSocket API it covers all parameters
sorted by name. HMAC-SHA256 signatures are hexadecimal in any case, Ed25519 and RSA (PKCS#1 v1.5,
SHA-256) ones base64. A request is taken when its stamp is less than a second ahead of the
server's time and at most recvWindow behind it.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from hftlib.exchange.accounts import Accounts, ApiKey
from hftlib.exchange.binance.parameters import check_one, missing, stamp_ns, window_ns
from hftlib.exchange.binance.refusal import BinanceError

_KEY: Final = re.compile(r"[A-Za-z0-9]{1,128}")
_DEFAULT_WINDOW: Final = "5000"
_AHEAD_NS: Final = 1_000_000_000


def signed_text(query: str, body: str) -> str:
    """Return the text that a REST request's signature covers."""
    return _without_signature(query) + _without_signature(body)


def sorted_text(texts: Mapping[str, str]) -> str:
    """Return the text that a WebSocket request's signature covers."""
    return "&".join(f"{name}={texts[name]}" for name in sorted(texts) if name != "signature")


def _without_signature(text: str) -> str:
    parts = text.split("&")
    kept = [one for one in parts if one.partition("=")[0] != "signature"]
    return text if len(kept) == len(parts) else "&".join(kept)


def known_key(accounts: Accounts, key: str) -> ApiKey:
    """Return the key of a request. Raises BinanceError."""
    if _KEY.fullmatch(key) is None:
        raise BinanceError(-2014, "API-key format invalid.", 401)
    found = accounts.key(key)
    if found is None:
        raise BinanceError(-2015, "Invalid API-key, IP, or permissions for action.", 401)
    return found


def check_time(texts: Mapping[str, str], now_ns: int) -> None:
    """Check timestamp and recvWindow against the server's time. Raises BinanceError."""
    check_one("timestamp", texts.get("timestamp", ""))
    window = texts.get("recvWindow", _DEFAULT_WINDOW)
    check_one("recvWindow", window)
    sent_ns = stamp_ns(int(texts["timestamp"]))
    if sent_ns >= now_ns + _AHEAD_NS:
        raise BinanceError(
            -1021, "Timestamp for this request was 1000ms ahead of the server's time."
        )
    if now_ns - sent_ns > window_ns(window):
        raise BinanceError(-1021, "Timestamp for this request is outside of the recvWindow.")


def check_signature(key: ApiKey, text: str, signature: str) -> None:
    """Check that `key` signed `text`. Raises BinanceError."""
    if not signature:
        raise missing("signature")
    if not _is_signed(key, text.encode(), signature):
        raise BinanceError(-1022, "Signature for this request is not valid.")


def _is_signed(key: ApiKey, text: bytes, signature: str) -> bool:
    if key.public is None:
        made = hmac.new(key.secret, text, hashlib.sha256).hexdigest()
        return hmac.compare_digest(made.encode(), signature.lower().encode())
    try:
        raw = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    return _is_verified(key.public, raw, text)


def _is_verified(public: Ed25519PublicKey | RSAPublicKey, raw: bytes, text: bytes) -> bool:
    try:
        if isinstance(public, RSAPublicKey):
            public.verify(raw, text, PKCS1v15(), hashes.SHA256())
        else:
            public.verify(raw, text)
    except InvalidSignature:
        return False
    return True
