"""What to open and what to ask at a venue: plans, made without sockets and carried out by `io`."""

from enum import IntEnum

import msgspec


class LanePlan(msgspec.Struct, frozen=True):
    """Say what one websocket opens, and what it is told then.

    `connection` names the lane, unique within its venue. `sent` follows the opening, in order, at
    no more than `messages_per_s` (0: no limit). The venue cuts the lane after `lifetime_s`
    (0: never). A lane that brings neither frame nor ping for `silence_s` is dead.
    """

    venue: str
    connection: str
    url: str
    symbols: tuple[str, ...]
    sent: tuple[bytes, ...] = ()
    messages_per_s: float = 0.0
    lifetime_s: float = 0.0
    silence_s: float = 30.0


class Purpose(IntEnum):
    """Say what a REST request is for, the most urgent first."""

    SNAPSHOT = 0
    INSTRUMENTS = 1
    POLL = 2
    COMPARISON = 3
    STATISTICS = 4
    CANDLES = 5
    TIME = 6


class RestRequest(msgspec.Struct, frozen=True):
    """Say what is asked over REST: `weight` in the venue's own units, 1 where it counts requests.

    `symbol` is empty where no single one is meant.
    """

    venue: str
    url: str
    weight: int
    purpose: Purpose
    symbol: str = ""


class Addresses(msgspec.Struct, frozen=True):
    """Name where a venue answers: base URLs without a trailing slash."""

    venue: str
    rest_url: str
    stream_url: str
