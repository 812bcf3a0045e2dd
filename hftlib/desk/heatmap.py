"""The columns behind the heatmap: what a book held, sampled at a fixed period of run time.

Columns are kept sparse and exact (tick offsets and sizes), so that any client can have them
binned at its own row height; memory is bounded in bytes, whatever the book's depth.
"""

from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from hftlib.wire import feed

COLUMN_NS: Final = 100_000_000
BAND: Final = 0.01
MOST_LEVELS: Final = 1_000
"""Levels a side that a column keeps: the nearest within 1 % of the mid."""

HISTORY_BYTES: Final = 16 * 2**20
"""Bytes of columns that one book keeps; the desk divides 128 MB where there are many books."""

HISTORY_COLUMNS: Final = 1_800
DEFAULT_ROWS: Final = 240
_FIRST_SPAN: Final = 0.002
"""Share of the price that the rows cover while no history says better."""
_ENOUGH_COLUMNS: Final = 300

_COLUMN_OVERHEAD: Final = 400
_FURTHEST: Final = 2**31 - 1

Levels = tuple[NDArray[np.int64], NDArray[np.float64]]


class StoredColumn(msgspec.Struct, frozen=True, gc=False):
    """Hold one sample: offsets from `base_ticks` and sizes, bids first and negative, best first.

    Tens of thousands are held: the garbage collector need not look through them.
    """

    time_ms: float
    trusted: bool
    best_bid_ticks: int | None
    best_ask_ticks: int | None
    base_ticks: int
    offsets: NDArray[np.int32]
    sizes: NDArray[np.float32]


def sample(time_ms: float, trusted: bool, bids: Levels, asks: Levels) -> StoredColumn:
    """Return a column of these levels (ticks and sizes in base units, best first).

    An untrusted book gives an empty column: what it holds must not be drawn as the market.
    """
    bid = int(bids[0][0]) if len(bids[0]) else None
    ask = int(asks[0][0]) if len(asks[0]) else None
    if not trusted or (bid is None and ask is None):
        return StoredColumn(time_ms, trusted, None, None, 0, _NO_OFFSETS, _NO_SIZES)
    base = _middle(bid, ask)
    band = min(max(int(abs(base) * BAND), DEFAULT_ROWS), _FURTHEST)
    n_bids = int(np.searchsorted(base - bids[0][:MOST_LEVELS], band, "right"))
    n_asks = int(np.searchsorted(asks[0][:MOST_LEVELS] - base, band, "right"))
    offsets = np.empty(n_bids + n_asks, np.int32)
    sizes = np.empty(n_bids + n_asks, np.float32)
    np.subtract(bids[0][:n_bids], base, out=offsets[:n_bids], casting="same_kind")
    np.subtract(asks[0][:n_asks], base, out=offsets[n_bids:], casting="same_kind")
    np.negative(bids[1][:n_bids], out=sizes[:n_bids], casting="same_kind")
    sizes[n_bids:] = asks[1][:n_asks]
    return StoredColumn(time_ms, True, bid, ask, base, offsets, sizes)


def bin_column(column: StoredColumn, row_ticks: int, rows: int) -> feed.Column:
    """Return the column summed per row of `row_ticks` ticks, at most `rows` rows each side.

    The row at the spread may hold a bid and an ask: it then has two cells.
    """
    if not len(column.offsets):
        return feed.Column(
            column.time_ms,
            column.best_bid_ticks,
            column.best_ask_ticks,
            not column.trusted,
            _NO_ROWS,
            _NO_SIZES,
        )
    keys = (column.base_ticks + column.offsets.astype(np.int64)) // row_ticks
    starts = np.empty(len(keys), np.bool_)
    starts[0] = True
    np.not_equal(keys[1:], keys[:-1], out=starts[1:])
    is_bid = column.sizes < 0
    starts[1:] |= is_bid[1:] != is_bid[:-1]
    at = np.flatnonzero(starts)
    keys, sums = keys[at], np.add.reduceat(column.sizes, at)
    near = np.abs(keys - column.base_ticks // row_ticks) <= rows
    return feed.Column(
        column.time_ms,
        column.best_bid_ticks,
        column.best_ask_ticks,
        not column.trusted,
        keys[near].astype(np.float64),
        sums[near],
    )


class ColumnStore:
    """Keep the newest columns of one book within a number of columns and of bytes."""

    def __init__(
        self, *, most_columns: int = HISTORY_COLUMNS, most_bytes: int = HISTORY_BYTES
    ) -> None:
        """Begin empty; `most_bytes` counts arrays and their overhead."""
        self._columns: deque[StoredColumn] = deque()
        self._most_columns = most_columns
        self._most_bytes = most_bytes
        self.held_bytes = 0
        self.written = 0
        self.epoch = 0

    def __len__(self) -> int:
        """Return how many columns are held."""
        return len(self._columns)

    def append(self, column: StoredColumn) -> None:
        """Add the newest column; the oldest go where a bound is passed."""
        self._columns.append(column)
        self.written += 1
        self.held_bytes += _bytes_of(column)
        self._drop()

    def keep_within(self, most_bytes: int) -> None:
        """Keep within another number of bytes from now on."""
        self._most_bytes = most_bytes
        self._drop()

    def _drop(self) -> None:
        while len(self._columns) > self._most_columns or self.held_bytes > self._most_bytes:
            self.held_bytes -= _bytes_of(self._columns.popleft())

    def clear(self) -> None:
        """Forget all columns: the run's clock jumped."""
        self._columns.clear()
        self.held_bytes = 0
        self.epoch += 1

    def since(self, position: int) -> list[StoredColumn]:
        """Return the columns held that were written after the first `position` ones."""
        missing = min(self.written - position, len(self._columns))
        return list(islice(self._columns, len(self._columns) - missing, None))

    def span_ticks(self) -> int | None:
        """Return the range of best prices over the columns held, or None without any."""
        bids = [c.best_bid_ticks for c in self._columns if c.best_bid_ticks is not None]
        asks = [c.best_ask_ticks for c in self._columns if c.best_ask_ticks is not None]
        if not bids or not asks:
            return None
        return max(max(asks) - min(bids), 1)


class Strip:
    """Hold the store's columns as one row height has them, encoded once for every client."""

    def __init__(self, store: ColumnStore, row_ticks: int, rows: int = DEFAULT_ROWS) -> None:
        """Begin with nothing encoded; `catch_up` encodes what the store holds."""
        self._store = store
        self.row_ticks = row_ticks
        self.rows = rows
        self.epoch = store.epoch
        self._position = max(0, store.written - len(store))
        self._blocks: deque[bytes] = deque(maxlen=HISTORY_COLUMNS)

    @property
    def behind(self) -> int:
        """Return how many columns wait to be encoded."""
        return min(self._store.written - self._position, len(self._store))

    def catch_up(self, most: int = HISTORY_COLUMNS) -> list[bytes]:
        """Encode up to `most` columns that are new, oldest first, and return them."""
        if self.epoch != self._store.epoch:
            self._blocks.clear()
            self.epoch = self._store.epoch
            self._position = self._store.written - len(self._store)
        new = self._store.since(self._position)[:most]
        self._position = max(self._position, self._store.written - len(self._store)) + len(new)
        blocks = [
            feed.encode_column(bin_column(column, self.row_ticks, self.rows)) for column in new
        ]
        self._blocks.extend(blocks)
        return blocks

    def history(self) -> list[bytes]:
        """Return the columns encoded so far, oldest first."""
        return list(self._blocks)


def default_row_ticks(store: ColumnStore, mid_ticks: float | None, rows: int = DEFAULT_ROWS) -> int:
    """Return a round row height: `rows` rows cover 2.5 times the range of best prices seen.

    They never cover less than 0.2 % of the price, 0.05 % once half a minute was seen.
    """
    floor = abs(mid_ticks or 0.0) * _FIRST_SPAN
    if len(store) >= _ENOUGH_COLUMNS:
        floor /= 4
    return round_height(max(2.5 * (store.span_ticks() or 0), floor) / rows)


def round_height(value: float) -> int:
    """Return the least of 1, 2, 5, 10, 20, 50 ... that is at least three quarters of `value`."""
    power = 1
    while True:
        for digit in (1, 2, 5):
            if digit * power >= 0.75 * value:
                return digit * power
        power *= 10


class Sampler:
    """Take samples at whole periods of the run's clock, before the event that passes them."""

    def __init__(self, take: Callable[[int, int], None], *, period_ns: int = COLUMN_NS) -> None:
        """Call take(boundary ns, how many columns) as boundaries pass."""
        self._take = take
        self._period = period_ns
        self._next: int | None = None

    def restart(self) -> None:
        """Forget where the clock stood: it jumped."""
        self._next = None

    def advance(self, now_ns: int) -> None:
        """Tell that the run's clock is about to be `now_ns`."""
        if self._next is None:
            self._next = (now_ns // self._period + 1) * self._period
        elif now_ns >= self._next:
            count = (now_ns - self._next) // self._period + 1
            self._take(self._next, count)
            self._next += count * self._period


def _middle(bid: int | None, ask: int | None) -> int:
    if bid is None:
        return ask or 0
    return bid if ask is None else (bid + ask) // 2


def _bytes_of(column: StoredColumn) -> int:
    return column.offsets.nbytes + column.sizes.nbytes + _COLUMN_OVERHEAD


_NO_OFFSETS: Final = np.empty(0, np.int32)
_NO_SIZES: Final = np.empty(0, np.float32)
_NO_ROWS: Final = np.empty(0, np.float64)
