"""What is planted: one fault of a random kind at a random place, every two seconds."""

import random
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from hftlib.core.venue import BINANCE, BINANCE_USDM, COINBASE, COINBASE_EXCHANGE
from hftlib.market.listings import LISTINGS

VENUES: Final = (BINANCE, BINANCE_USDM, COINBASE, COINBASE_EXCHANGE)
BASES: Final = ("BTC", "ETH", "BNB", "SOL", "ADA")
_LISTED_AT: Final = {COINBASE_EXCHANGE: COINBASE}
_ONCE: Final = {"count": 1, "for_s": 10.0}
_REST_VENUES: Final = (BINANCE, BINANCE_USDM)

Spec = dict[str, Any]
Make = Callable[[random.Random, str, str], list[Spec]]


class Kind(NamedTuple):
    """Say how a fault is planted, how often it is drawn, and who can see it.

    `shows` names the venues whose protocol tells of it every time. `hides` names those where
    nothing tells of it, so that a book may be wrong until REST shows the drift.
    """

    name: str
    weight: float
    make: Make
    venues: tuple[str, ...] = VENUES
    shows: tuple[str, ...] = VENUES
    hides: tuple[str, ...] = ()
    moves_time: bool = False


def symbols_at(venue: str) -> list[str]:
    """Return the symbols that the desk opens at a venue."""
    listed = _LISTED_AT.get(venue, venue)
    quote = "USD" if listed == COINBASE else "USDT"
    return [
        one.symbol
        for one in LISTINGS
        if one.venue == listed and one.instrument.base in BASES and one.instrument.quote == quote
    ]


def book_topic(venue: str, symbol: str) -> str:
    """Return the pattern of the topics under which a venue sends a book."""
    return f"{symbol.lower()}@depth*" if venue in _REST_VENUES else f"level2*:{symbol}"


def symbol_of(venue: str, topic: str, detail: str) -> str:
    """Return the symbol that an injected fault struck, "" where the connection or all are meant."""
    for symbol in symbols_at(venue):
        named = symbol.lower() in topic if venue in _REST_VENUES else topic.endswith(f":{symbol}")
        if named or f"symbol={symbol}&" in f"{detail}&":
            return symbol
    return ""


def _on_book(kind: str, **given: Any) -> Make:
    def make(_: random.Random, venue: str, symbol: str) -> list[Spec]:
        topic = book_topic(venue, symbol)
        return [{"kind": kind, "venue": venue, "topic": topic, **_ONCE, **given}]

    return make


def _on_venue(kind: str, **given: Any) -> Make:
    return lambda _, venue, __: [{"kind": kind, "venue": venue, **_ONCE, **given}]


def _after_cut(kind: str, **given: Any) -> Make:
    """Cut a connection, so that the answer or the snapshot that follows can be spoiled."""

    def make(_: random.Random, venue: str, __: str) -> list[Spec]:
        cut = {"kind": "cut", "venue": venue, **_ONCE}
        return [cut, {"kind": kind, "venue": venue, **_ONCE, **given}]

    return make


def _refusal(status: int, retry_after_s: int) -> Make:
    given = {"status": status, "topic": "*/depth", "retry_after_s": retry_after_s, "count": 2}
    return _after_cut("http", **given)


def _stall(_: random.Random, venue: str, __: str) -> list[Spec]:
    length_s = 45.0 if venue in _REST_VENUES else 15.0
    return [{"kind": "stall", "venue": venue, "mute": True, "for_s": length_s}]


_SEQUENCED: Final = (BINANCE, BINANCE_USDM, COINBASE)
_RARELY: Final = 0.15
MENU: Final = (
    Kind("drop", 2, _on_book("drop"), shows=_SEQUENCED, hides=(COINBASE_EXCHANGE,)),
    Kind("duplicate", 2, _on_book("duplicate")),
    Kind("reorder", 2, _on_book("reorder"), shows=_SEQUENCED, hides=(COINBASE_EXCHANGE,)),
    Kind("garbage", 1, _on_book("garbage")),
    Kind("crossed book", 1, _on_book("crossed"), hides=(COINBASE_EXCHANGE, COINBASE)),
    Kind("delay", 1, _on_book("delay", seconds=1.0), shows=()),
    Kind("unknown delete", 1, _on_book("unknown-delete", count=3), shows=()),
    Kind("oversized", 0.5, _on_book("oversized")),
    Kind("cut", 2, _on_venue("cut")),
    Kind("no pong", 1, _on_venue("no-pong")),
    Kind("24 h cut", 1, _on_venue("lifetime")),
    Kind("server shutdown", 1, _on_venue("shutdown", seconds=1.0)),
    Kind(
        "stale snapshot",
        1,
        _after_cut("stale-snapshot", seconds=3.0),
        shows=_REST_VENUES,
        hides=(COINBASE, COINBASE_EXCHANGE),
    ),
    Kind("unrelated snapshot", 1, _after_cut("unrelated-snapshot"), _REST_VENUES),
    Kind("HTTP 503", 1, _refusal(503, 1), _REST_VENUES, ()),
    Kind("HTTP 429", 0.5, _refusal(429, 2), _REST_VENUES, ()),
    Kind("HTTP 418", 0.5, _refusal(418, 2), _REST_VENUES, ()),
    Kind(
        "HTTP 451 on the handshake",
        0.5,
        _after_cut("http", status=451, topic="ws:*", count=2),
        shows=(),
    ),
    Kind(
        "late heartbeat",
        0.5,
        _on_venue("late-heartbeat", seconds=2.0, for_s=3.0, count=0),
        shows=(),
    ),
    Kind(
        "clock skew",
        0.5,
        _on_venue("clock-skew", seconds=2.5, for_s=4.0, count=0),
        shows=(),
        moves_time=True,
    ),
    Kind("stall", _RARELY, _stall),
)


def draw(chance: random.Random) -> tuple[Kind, str, list[Spec]]:
    """Return a random kind, the venue that it strikes, and what is to be planted."""
    (kind,) = chance.choices(MENU, [one.weight for one in MENU])
    venue = chance.choice(kind.venues)
    return kind, venue, kind.make(chance, venue, chance.choice(symbols_at(venue)))
