"""What to open at Coinbase, and how a book is pushed anew: both protocols send it on subscription.

Connection rules: subscribe within 5 s; 8 messages a second from a client and 8 new connections a
second; Advanced takes one channel a message, closes quiet connections after 60 to 90 s unless
heartbeats are subscribed, and refuses too many level2 products in one session somewhere between 17
and 32 (JKorf/Coinbase.Net#19). Neither has a longest life of a connection.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from hftlib.core.venue import COINBASE, COINBASE_EXCHANGE
from hftlib.venues.plans import Addresses, LanePlan

ADVANCED_CHANNELS: Final = ("level2", "heartbeats", "market_trades", "ticker")
EXCHANGE_CHANNELS: Final = ("heartbeat", "level2_batch", "matches", "ticker")
_BOOK: Final = {COINBASE: "level2", COINBASE_EXCHANGE: "level2_batch"}
_PRODUCTS_A_LANE: Final = {COINBASE: 15, COINBASE_EXCHANGE: 50}
"""Advanced: below its cap. Exchange states none; fifty snapshots of 5 MB are enough at once."""
_MESSAGES_PER_S: Final = 7.0
_SILENCE_S: Final = {COINBASE: 5.0, COINBASE_EXCHANGE: 10.0}
"""Heartbeats come every second; Exchange sends them on one channel a product."""
_SNAPSHOT_HEADS: Final = {
    COINBASE: (b'"l2_data"', b'"type":"snapshot"'),
    COINBASE_EXCHANGE: (b'"type":"snapshot"',),
}
_HEAD_BYTES: Final = 300


def lanes_for(addresses: Addresses, symbols: Sequence[str]) -> tuple[LanePlan, ...]:
    """Return the lanes that bring the books, trades and tickers of `symbols`.

    Raises KeyError when the addresses are not Coinbase's.
    """
    return tuple(_sharded(addresses, symbols, _PRODUCTS_A_LANE[addresses.venue]))


def _sharded(addresses: Addresses, symbols: Sequence[str], most: int) -> Iterator[LanePlan]:
    for begin in range(0, len(symbols), most):
        number = begin // most + 1
        products = tuple(symbols[begin : begin + most])
        yield LanePlan(
            addresses.venue,
            "ws" if number == 1 else f"ws-{number}",
            addresses.stream_url,
            products,
            _subscriptions(addresses.venue, products),
            _MESSAGES_PER_S,
            silence_s=_SILENCE_S[addresses.venue],
        )


def _subscriptions(venue: str, products: Sequence[str]) -> tuple[bytes, ...]:
    if venue == COINBASE:
        return tuple(_message("subscribe", venue, products, name) for name in ADVANCED_CHANNELS)
    return (_message("subscribe", venue, products, *EXCHANGE_CHANNELS),)


def _message(verb: str, venue: str, products: Sequence[str], *channels: str) -> bytes:
    told: dict[str, object] = {"type": verb, "product_ids": list(products)}
    if venue == COINBASE:
        told["channel"] = channels[0]
    else:
        told["channels"] = list(channels)
    return msgspec.json.encode(told)


def resubscription(plan: LanePlan, *symbols: str) -> tuple[bytes, ...]:
    """Return the messages after which the venue pushes the books of `symbols` anew."""
    return tuple(
        _message(verb, plan.venue, symbols, _BOOK[plan.venue])
        for verb in ("unsubscribe", "subscribe")
    )


def brings_book(plan: LanePlan, symbol: str, payload: bytes) -> bool:
    """Say whether a frame of a lane is the pushed snapshot of a symbol's book, by its first bytes.

    The book's own reader judges whether it can be used.
    """
    head = payload[:_HEAD_BYTES]
    marks = (*_SNAPSHOT_HEADS[plan.venue], b'"%b"' % symbol.encode())
    return all(mark in head for mark in marks)
