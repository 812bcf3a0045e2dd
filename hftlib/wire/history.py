"""The messages of what was: candles, rows of history, SQL; prices and sizes are decimal text.

Stamps are integer nanoseconds UTC. What is not known is None.
"""

from typing import Final

import msgspec

from hftlib.core.states import Source

INTERVALS: Final = ("1s", "1m", "5m", "15m", "1h")
"""The lengths that bars have."""


class CandleReply(msgspec.Struct, frozen=True):
    """Show one bar that begins at `ts_open`; one without trades is not listed.

    `volume` and `buy_volume` (what aggressive buyers took) are in base units, `quote_volume` in
    quote units. They, `trades` and the stamps of the first and last trade are None where the
    venue's candle stands for trades that the desk did not see. A bar that is not `complete` may
    lack trades: its volume is what is known at least. `origin` is trades or venue; a bar that is
    not `closed` still grows.
    """

    ts_open: int
    open: str
    high: str
    low: str
    close: str
    volume: str
    quote_volume: str | None
    trades: int | None
    buy_volume: str | None
    ts_first: int | None
    ts_last: int | None
    closed: bool
    complete: bool
    origin: str


class CandlesReply(msgspec.Struct, frozen=True):
    """Show the last bars of one symbol, oldest first."""

    venue: str
    symbol: str
    interval: str
    source: Source
    candles: list[CandleReply]
