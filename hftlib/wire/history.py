"""The messages of what was: candles, rows of history, SQL; prices and sizes are decimal text.

Stamps are integer nanoseconds UTC. What is not known is None.
"""

from typing import Annotated, Any, Final

import msgspec

from hftlib.core.provenance import Provenance
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


class HistoryReply(msgspec.Struct, frozen=True):
    """Show rows of what was, oldest first: `rows` hold the values of `columns`, in their order.

    Where more follow, `next_start` is the start of the next page. `where` says who answered, store
    or tape; all rows are of one `source`, which the next page is asked for with. Prices are floats
    here, in quote units, sizes in base units.
    """

    kind: str
    venue: str
    symbol: str
    where: str
    source: Provenance
    next_start: int | None
    columns: list[str]
    rows: list[list[Any]]


class SqlRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask the store: one statement that reads, its `parameters` as {name:Type} within it."""

    sql: str
    parameters: dict[str, Any] = {}
    max_rows: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 10_000
    max_seconds: Annotated[float, msgspec.Meta(gt=0, le=60)] = 10.0


class SqlColumn(msgspec.Struct, frozen=True):
    """Name a column of a result and its Arrow type."""

    name: str
    type: str


class SqlReply(msgspec.Struct, frozen=True):
    """Show the result of a statement; stamps are integer nanoseconds UTC."""

    columns: list[SqlColumn]
    rows: list[list[Any]]
