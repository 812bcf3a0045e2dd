"""The trials of the soak: what is planted, for how long, and what must be noticed."""

from typing import Any, NamedTuple

BINANCE = {"venue": "binance*", "topic": "*@depth*"}
COINBASE = {"venue": "coinbase*", "topic": "l*2*"}


class Trial(NamedTuple):
    """Say what to plant. `shows` says that a sequence tells of it every time.

    One that `is_long` needs its time whole and is left out of a soak that is too short for it.
    `shows_once` says that the first at each venue is noticed, whatever tells of it;
    `shows_on_advanced` says that Coinbase Advanced Trade's sequence tells of it, too; `moves_time`
    that the venue's stamps cannot be used to find the true book.
    """

    name: str
    kind: str
    specs: tuple[dict[str, Any], ...]
    seconds: float = 4.0
    shows: bool = True
    shows_once: bool = False
    shows_on_advanced: bool = True
    moves_time: bool = False
    is_long: bool = False


def _on_books(name: str, **given: Any) -> tuple[dict[str, Any], ...]:
    return ({"kind": name, **BINANCE, **given}, {"kind": name, **COINBASE, **given})


def _everywhere(name: str, **given: Any) -> tuple[dict[str, Any], ...]:
    return ({"kind": name, **given},)


_CUT_BINANCE = {"kind": "cut", "venue": "binance*", "count": 2}
_CUT_COINBASE = {"kind": "cut", "venue": "coinbase*", "count": 2}

TRIALS = (
    Trial("drop", "drop", _on_books("drop", probability=0.02)),
    Trial("duplicate", "duplicate", _on_books("duplicate", probability=0.02)),
    Trial("reorder", "reorder", _on_books("reorder", probability=0.02)),
    Trial("garbage", "garbage", _on_books("garbage", probability=0.02)),
    Trial("crossed book", "crossed", _on_books("crossed", probability=0.01)),
    Trial("cut", "cut", _everywhere("cut", count=4)),
    Trial("delay", "delay", _on_books("delay", probability=0.01, seconds=1.0), shows=False),
    Trial(
        "unknown delete",
        "unknown-delete",
        _on_books("unknown-delete", probability=0.3),
        shows=False,
    ),
    Trial(
        "stale snapshot",
        "stale-snapshot",
        (
            _CUT_BINANCE,
            _CUT_COINBASE,
            {"kind": "stale-snapshot", "venue": "binance*", "seconds": 3.0, "count": 9},
            {"kind": "stale-snapshot", "venue": "coinbase*", "seconds": 3.0, "count": 9},
        ),
        shows_on_advanced=False,
    ),
    Trial(
        "unrelated snapshot",
        "unrelated-snapshot",
        (_CUT_BINANCE, {"kind": "unrelated-snapshot", "count": 6}),
    ),
    Trial(
        "HTTP 503",
        "http",
        (_CUT_BINANCE, {"kind": "http", "status": 503, "topic": "*/depth", "count": 6}),
        shows=False,
    ),
    Trial(
        "HTTP 429",
        "http",
        (_CUT_BINANCE, {"kind": "http", "status": 429, "topic": "*/depth", "count": 6}),
        shows=False,
    ),
    Trial(
        "HTTP 418",
        "http",
        (_CUT_BINANCE, {"kind": "http", "status": 418, "topic": "*/depth", "count": 6}),
        shows=False,
    ),
    Trial(
        "HTTP 451 on the handshake",
        "http",
        (
            {"kind": "cut", "count": 4},
            {"kind": "http", "status": 451, "topic": "ws:*", "count": 4},
        ),
        shows=False,
    ),
    Trial("no pong", "no-pong", _everywhere("no-pong", count=4)),
    Trial("24 h cut", "lifetime", _everywhere("lifetime", count=4)),
    Trial("server shutdown", "shutdown", _everywhere("shutdown", count=4, seconds=1.0)),
    Trial("oversized", "oversized", _on_books("oversized", count=4)),
    Trial(
        "late heartbeat", "late-heartbeat", _everywhere("late-heartbeat", seconds=2.0), shows=False
    ),
    Trial(
        "clock skew",
        "clock-skew",
        _everywhere("clock-skew", seconds=2.5),
        shows=False,
        moves_time=True,
    ),
    Trial(
        "stall",
        "stall",
        _everywhere("stall", mute=True),
        seconds=35.0,
        shows=False,
        shows_once=True,
        is_long=True,
    ),
)
