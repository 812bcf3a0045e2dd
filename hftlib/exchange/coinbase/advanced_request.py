"""What a client of Advanced Trade's feed asks for: one channel a message."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from hftlib.exchange.coinbase.client_text import words_of

HEARTBEATS: Final = "heartbeats"
PRODUCT_CHANNELS: Final = frozenset(
    {"level2", "market_trades", "ticker", "ticker_batch", "candles", "status"}
)
CHANNELS: Final = PRODUCT_CHANNELS | {HEARTBEATS}
"""Channels that need no token. All others are refused as production refuses them."""
UNAUTHORIZED: Final = "authentication failure"
"""The answer to channels of a user without a token, and to channels that are none."""


class RequestError(Exception):
    """Refuse a message as a whole."""


class Wish(NamedTuple):
    """Hold what a message asks for; products are the venue's own (-USDC became -USD)."""

    subscribes: bool
    channel: str
    products: list[str]


def wish_of(message: Mapping[str, Any], names: Mapping[str, str]) -> Wish:
    """Read a message; `names` leads from all products and aliases to the venue's own.

    Raises RequestError when any part of it is wrong.
    """
    kind, channel = message.get("type"), message.get("channel")
    if kind not in ("subscribe", "unsubscribe"):
        raise RequestError("type has to be either subscribe or unsubscribe")
    if not isinstance(channel, str):
        raise RequestError("channel is required, one in each message")
    if channel not in CHANNELS:
        raise RequestError(UNAUTHORIZED)
    asked = words_of(message.get("product_ids") or [])
    if asked is None:
        raise RequestError("product_ids has to be a list of products")
    subscribes = kind == "subscribe"
    if channel == HEARTBEATS:
        return Wish(subscribes, channel, [HEARTBEATS])
    for name in asked:
        if name not in names:
            raise RequestError(f"{name} is not a valid product")
    if subscribes and not asked:
        raise RequestError("product_ids is required")
    return Wish(subscribes, channel, list(dict.fromkeys(names[name] for name in asked)))
