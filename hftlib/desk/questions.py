"""Questions about what was, and the columns of their answers, whoever answers them.

Stamps are integer nanoseconds UTC. A range is [start, end) of ts_recv, of ts_open for candles.
Prices are floats in quote units, sizes in base units (contracts where there are contracts), beside
the exact integers where a row has them; a missing value is null.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hftlib.client.history import HistoryError
from hftlib.core.provenance import Provenance
from hftlib.features.batch import HOT_NAMES
from hftlib.features.catalogue import CATALOGUE

SECOND: Final = 1_000_000_000
HORIZONS_NS: Final = (SECOND // 10, SECOND // 2, SECOND, 5 * SECOND, 30 * SECOND)
UNLIMITED: Final = 2**62
LATEST: Final = 2**62
"""The latest moment that can be asked for, in the year 2116."""

MOST_HORIZONS: Final = 16
LONGEST_HORIZON_NS: Final = 3_600 * SECOND
DEEPEST: Final = 20


Stamps = Sequence[int] | NDArray[np.int64]


class Kind(StrEnum):
    """Name what is asked for."""

    FEATURES = "features"
    BOOKS = "books"
    TRADES = "trades"
    CANDLES = "candles"
    MARKOUTS = "markouts"


class Every(StrEnum):
    """Say how often features are wanted: after every book update, or once a second."""

    EVENT = "event"
    SECOND = "1s"


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask for rows of one book within [start, end), at most `limit` of them.

    `every` is for features, `interval` for candles, `depth` for books, `horizons` (ns) for
    markouts; `times` asks for markouts at these times instead of after trades. Rows are of one
    `source`; without it, of the one that whoever answers has.
    """

    kind: Kind
    venue: str
    symbol: str
    start: int
    end: int
    limit: int = 100_000
    every: Every = Every.EVENT
    interval: str = "1m"
    depth: int = DEEPEST
    horizons: tuple[int, ...] = HORIZONS_NS
    times: tuple[int, ...] | None = None
    source: Provenance | None = None

    def __post_init__(self) -> None:
        """Refuse ranges, limits and horizons out of reason."""
        for moment in (self.start, self.end, *(self.times or ())):
            if not 0 <= moment <= LATEST:
                raise HistoryError(f"{moment} is no start, end or time: ns since 1970 are meant")
        if self.start >= self.end:
            raise HistoryError(f"the range is empty: start {self.start}, end {self.end}")
        if not 1 <= self.limit <= UNLIMITED:
            raise HistoryError(f"limit {self.limit} is not 1 or more")
        if not 1 <= self.depth <= DEEPEST:
            raise HistoryError(f"depth {self.depth} is not within 1 to {DEEPEST}")
        if not 1 <= len(self.horizons) <= MOST_HORIZONS:
            raise HistoryError(f"{len(self.horizons)} horizons, not 1 to {MOST_HORIZONS}")
        if not all(0 < one <= LONGEST_HORIZON_NS for one in self.horizons):
            raise HistoryError("a horizon is not within 1 ns to one hour")
        if self.interval not in INTERVALS_NS:
            raise HistoryError(f"interval {self.interval!r}: one of {', '.join(INTERVALS_NS)}")


class Answer(msgspec.Struct, frozen=True, eq=False):
    """Hold rows, and the start of the page after them, None where they are all.

    `where` says who answered, store or tape, and `source` of which market the rows are.
    """

    table: pa.Table
    next_start: int | None
    where: str
    source: Provenance = Provenance.UNKNOWN

    def as_table(self, end: int) -> pa.Table:
        """Return the rows; `next`, `end`, `where` and `source` are metadata of their schema."""
        following = "" if self.next_start is None else str(self.next_start)
        told = {"next": following, "end": str(end), "where": self.where, "source": str(self.source)}
        return self.table.replace_schema_metadata(told)


INTERVALS_NS: Final[Mapping[str, int]] = {
    "1s": SECOND,
    "1m": 60 * SECOND,
    "5m": 300 * SECOND,
    "15m": 900 * SECOND,
    "1h": 3_600 * SECOND,
}

MINUTE: Final = "1m"
"""The interval that longer bars of the venue's are made of where it told none."""


def told_intervals(interval: str) -> tuple[str, ...]:
    """Return the intervals of the venue's candles that help to make bars of one."""
    longer = INTERVALS_NS[interval] > INTERVALS_NS[MINUTE]
    return (interval, MINUTE) if longer else (interval,)


_BOOK: Final = [pa.field("venue", pa.string()), pa.field("symbol", pa.string())]
_STAMPS: Final = [pa.field("ts_event", pa.int64()), pa.field("ts_recv", pa.int64())]
_STANDING: Final = [pa.field("state", pa.string()), pa.field("last_update_id", pa.int64())]

TRADES: Final = pa.schema(
    [
        *_BOOK,
        *_STAMPS,
        ("ingress_seq", pa.int64()),
        ("trade_id", pa.int64()),
        ("side", pa.string()),
        ("price", pa.float64()),
        ("size", pa.float64()),
        ("price_ticks", pa.int64()),
        ("size_quanta", pa.int64()),
        ("aggregate", pa.bool_()),
        ("historical", pa.bool_()),
    ]
)
FEATURES: Final = pa.schema(
    [
        *_BOOK,
        *_STAMPS,
        ("ingress_seq", pa.int64()),
        ("last_update_id", pa.int64()),
        *((name, pa.float64()) for name in HOT_NAMES),
    ]
)
FEATURES_1S: Final = pa.schema(
    [*_BOOK, *_STAMPS, *_STANDING, *((one.name, pa.float64()) for one in CATALOGUE)]
)
BOOKS: Final = pa.schema(
    [
        *_BOOK,
        *_STAMPS,
        *_STANDING,
        ("verified", pa.bool_()),
        ("bid_levels", pa.int64()),
        ("ask_levels", pa.int64()),
        ("bid_prices", pa.list_(pa.float64())),
        ("bid_sizes", pa.list_(pa.float64())),
        ("ask_prices", pa.list_(pa.float64())),
        ("ask_sizes", pa.list_(pa.float64())),
    ]
)
CANDLES: Final = pa.schema(
    [
        *_BOOK,
        ("interval", pa.string()),
        ("ts_open", pa.int64()),
        ("open", pa.float64()),
        ("high", pa.float64()),
        ("low", pa.float64()),
        ("close", pa.float64()),
        ("volume", pa.float64()),
        ("quote_volume", pa.float64()),
        ("buy_volume", pa.float64()),
        ("trades", pa.int64()),
        ("origin", pa.string()),
    ]
)
"""`quote_volume`, `buy_volume` and `trades` are null in a candle of the venue's."""


def horizon_name(horizon_ns: int) -> str:
    """Return the column of a horizon: markout_100ms, markout_5s."""
    for unit, length in (("s", SECOND), ("ms", 1_000_000), ("us", 1_000)):
        if horizon_ns % length == 0:
            return f"markout_{horizon_ns // length}{unit}"
    return f"markout_{horizon_ns}ns"


def markout_schema(question: Question) -> pa.Schema:
    """Return the columns of markouts: of trades, or of the times asked for."""
    of_trade = [
        pa.field("ts_event", pa.int64()),
        pa.field("trade_id", pa.int64()),
        pa.field("side", pa.string()),
        pa.field("price", pa.float64()),
        pa.field("size", pa.float64()),
    ]
    columns = [*_BOOK, pa.field("ts_recv", pa.int64())]
    columns += of_trade if question.times is None else []
    names = ["mid", *map(horizon_name, question.horizons)]
    return pa.schema([*columns, *((name, pa.float64()) for name in names)])


def schema_of(question: Question) -> pa.Schema:
    """Return the columns that answer a question."""
    if question.kind is Kind.MARKOUTS:
        return markout_schema(question)
    if question.kind is Kind.FEATURES:
        return FEATURES if question.every is Every.EVENT else FEATURES_1S
    return {Kind.TRADES: TRADES, Kind.BOOKS: BOOKS, Kind.CANDLES: CANDLES}[question.kind]


def page_of(stamps: Stamps, limit: int, stopped: int | None) -> tuple[int, int | None]:
    """Return how many rows make a page, and where the next one starts, None where none follows.

    Rows of one instant stay together, so a page may hold less than `limit`, and more only where
    one instant does. `stopped` is a time up to which everything is known.
    """
    if stopped is not None:
        known = bisect_left(stamps, stopped)
        if known <= limit:
            return known, stopped
    if len(stamps) <= limit:
        return len(stamps), None
    following = int(stamps[limit])
    count = bisect_left(stamps, following)
    if count:
        return count, following
    return bisect_right(stamps, following), following + 1
