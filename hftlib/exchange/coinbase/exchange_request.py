"""What a client of Exchange's feed asks for, and the venue's words for what cannot be had."""

from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple

from hftlib.exchange.coinbase.client_text import words_of
from hftlib.exchange.coinbase.signature import VERIFY, Signed

STATUS: Final = "status"
OPEN_CHANNELS: Final = frozenset(
    {"level2_batch", "ticker", "ticker_batch", "matches", "heartbeat", STATUS, "auctionfeed"}
)
"""Channels that need no signature."""
SIGNED_CHANNELS: Final = frozenset({"level2", "user"})
UNOFFERED_CHANNELS: Final = frozenset({"full", "level3"})
"""Order by order; refused in the words that the venue has for clients without a signature."""
_ALIASES: Final = {"level2_50": "level2_batch", "ticker_1000": "ticker_batch"}
_SIGNATURE_FIELDS: Final = ("key", "signature", "timestamp", "passphrase")

FAILED: Final = "Failed to subscribe"
NEEDS_SIGNATURE: Final = (
    "level2, level3, and full channels now require authentication. "
    "https://docs.cloud.coinbase.com/exchange/docs/websocket-auth"
)


class SubscribeError(Exception):
    """Refuse a message as a whole, in the venue's words."""


class Wish(NamedTuple):
    """Hold what a message asks for: products by channel, None where it names none.

    `channels` is empty where an unsubscribe message names products alone.
    """

    subscribes: bool
    channels: Mapping[str, list[str] | None]
    products: list[str]


def wish_of(message: Mapping[str, Any], known: Collection[str]) -> Wish:
    """Read a message. Raises SubscribeError when any part of it is wrong."""
    kind = message.get("type")
    if kind not in ("subscribe", "unsubscribe"):
        raise SubscribeError("Type has to be either subscribe or unsubscribe")
    subscribes = kind == "subscribe"
    products = _products(message, known)
    rows = message.get("channels")
    if not isinstance(rows, list) or not rows:
        if subscribes or not products:
            raise SubscribeError("No channels provided")
        return Wish(subscribes, {}, products)
    channels: dict[str, list[str] | None] = {}
    for row in rows:
        name, own = _channel(row, known)
        wanted = (products if own is None else own) if name != STATUS else None
        if subscribes and name != STATUS and not wanted:
            raise SubscribeError(" is not a valid product")
        channels[name] = [*(channels.get(name) or ()), *(wanted or ())] or None
    return Wish(subscribes, channels, products or [])


def _channel(row: object, known: Collection[str]) -> tuple[str, list[str] | None]:
    """Return a channel's own name and the products that it alone names."""
    if isinstance(row, dict):
        name, own = row.get("name"), _products(row, known)
    else:
        name, own = row, None
    if not isinstance(name, str):
        raise SubscribeError("Invalid channel provided")
    name = _ALIASES.get(name, name)
    if name not in OPEN_CHANNELS | SIGNED_CHANNELS | UNOFFERED_CHANNELS:
        raise SubscribeError(f"{name} is not a valid channel")
    return name, own


def _products(row: Mapping[str, Any], known: Collection[str]) -> list[str] | None:
    if "product_ids" not in row or row["product_ids"] is None:
        return None
    products = words_of(row["product_ids"])
    if products is None:
        raise SubscribeError("Invalid product ID provided")
    for product in products:
        if product not in known:
            raise SubscribeError(f"{product} is not a valid product")
    return products


def signed_of(message: Mapping[str, Any]) -> Signed | None:
    """Return what a message is signed with, None when it carries no signature."""
    if not any(message.get(name) for name in _SIGNATURE_FIELDS):
        return None
    key, signature, timestamp, passphrase = (
        str(message.get(name, "")) for name in _SIGNATURE_FIELDS
    )
    return Signed(key, signature, timestamp, passphrase, VERIFY)
