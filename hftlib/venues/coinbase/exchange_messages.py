"""Coinbase Exchange's messages as they stand on the wire; only the fields that hftlib reads."""

from decimal import Decimal
from typing import Annotated

from msgspec import Meta, Raw, Struct

Number = Annotated[int, Meta(ge=0, le=2**62)]


class Head(Struct, gc=False):
    """Look at a message of any type."""

    type: str = ""
    product_id: str = ""
    message: str = ""
    reason: str = ""


class Snapshot(Struct, gc=False):
    """Carry a product's whole book; captured ones have asks first and no time."""

    product_id: str
    bids: Raw
    asks: Raw
    time: str | None = None


class Update(Struct, gc=False):
    """Carry changes [["buy"|"sell", price, size], ...]; no sequence, no checksum."""

    product_id: str
    changes: Raw
    time: str


class Match(Struct, gc=False):
    """Carry a trade; `side` is the maker's. `sequence` counts the full feed, not the matches."""

    type: str
    product_id: str
    trade_id: Number
    side: str
    size: str
    price: str
    time: str


class Ticker(Struct, gc=False):
    """Carry a ticker; `side` is the taker's. Older ones have no sizes of the best levels."""

    product_id: str
    price: str
    time: str | None = None
    open_24h: str | None = None
    high_24h: str | None = None
    low_24h: str | None = None
    volume_24h: str | None = None
    best_bid: str | None = None
    best_bid_size: str | None = None
    best_ask: str | None = None
    best_ask_size: str | None = None


class Heartbeat(Struct, gc=False):
    """Carry the connection's sign of life for one product, once a second."""

    product_id: str
    last_trade_id: Number
    time: str


class Channel(Struct, gc=False):
    """Carry one channel of the subscriptions."""

    name: str
    product_ids: list[str] = []


class Subscriptions(Struct, gc=False):
    """Carry what the connection is subscribed to."""

    channels: list[Channel]


BookLevel = tuple[str, str, int | str]
"""Price, size, and the number of orders (level 3: the order's id)."""


class BookBody(Struct, gc=False):
    """Carry REST's book of level 1 or 2: [price, size, orders]; level 3 has order ids instead."""

    sequence: Number
    bids: list[BookLevel]
    asks: list[BookLevel]
    time: str | None = None


class PolledBookBody(Struct, gc=False):
    """Carry REST's book with its levels left as text."""

    sequence: Number
    bids: Raw
    asks: Raw
    time: str | None = None


class TickerBody(Struct, gc=False):
    """Carry REST's ticker: the best prices without sizes, and the last trade without its side."""

    bid: str
    ask: str
    time: str


class StatisticsBody(Struct, gc=False):
    """Carry REST's 24 h statistics."""

    open: str
    high: str
    low: str
    last: str
    volume: str


class TradeBody(Struct, gc=False):
    """Carry one row of REST's trades; `side` is the maker's."""

    trade_id: Number
    side: str
    size: str
    price: str
    time: str


Seconds = Annotated[int, Meta(ge=0, le=9_000_000_000)]
CandleRow = tuple[Seconds, Decimal, Decimal, Decimal, Decimal, Decimal]
"""Start in epoch seconds, low, high, open, close, volume: numbers, and low before high."""


class ErrorBody(Struct, gc=False):
    """Carry REST's refusal."""

    message: str
