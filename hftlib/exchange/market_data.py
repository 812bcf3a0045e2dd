"""What a venue remembers of one book's trades: candles, rolling windows, the last trades.

All sums are exact integers. `take_trades` is compiled and costs about a microsecond; what a
question costs is told at each of them. Memory is bounded: the rings of `layout`.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hftlib.core.compiled import direct
from hftlib.exchange.layout import (
    AGGREGATE_NS,
    AGGREGATE_ROWS,
    AGGREGATE_WIDTH,
    AGGREGATES,
    AGGREGATES_AT,
    BUCKET,
    CANDLE_WIDTH,
    CASH,
    CLOSE,
    COUNT,
    FIRST_MINUTE,
    FIRST_SECOND,
    HIGH,
    LAST_ID,
    LAST_LOTS,
    LAST_MINUTE,
    LAST_NS,
    LAST_SECOND,
    LAST_TICKS,
    LAST_TRADE_ID,
    LOTS,
    LOW,
    MINUTE_NS,
    MINUTE_ROWS,
    MINUTES_AT,
    OPEN,
    SECOND_NS,
    SECOND_ROWS,
    SECONDS_AT,
    STATE_SIZE,
    TAKER_CASH,
    TAKER_LOTS,
    TRADE_ROWS,
    TRADE_WIDTH,
    TRADES,
    TRADES_AT,
)
from hftlib.exchange.market_data_kernel import take_prints
from hftlib.exchange.periods import SECOND, Period
from hftlib.market.listings import Listing
from hftlib.market.orders import Print, Rows
from hftlib.market.past import PastCandles

Ints = NDArray[np.int64]

_NO_PRINTS: Final[Rows] = np.empty((0, len(Print)), np.int64)
_LOW_BITS: Final = 31
_AVERAGE_MINUTES: Final = 5
_DAY_MINUTES: Final = 1_440
_MOST_TOTALS: Final = 256
_END_OF_TIME: Final = 2**63 - 1
_SUMS: Final = (LOTS, CASH, TAKER_LOTS, TAKER_CASH)


class CandleRow(NamedTuple):
    """Hold one candle: prices in ticks, `cash` in ticks times lots, `taker_*` what buyers took.

    `end_ns` is where the next one begins. Without trades `first_id` and `last_id` are -1.
    """

    open_ns: int
    end_ns: int
    open_ticks: int
    high_ticks: int
    low_ticks: int
    close_ticks: int
    lots: int
    cash: int
    trades: int
    taker_lots: int
    taker_cash: int
    first_id: int
    last_id: int


class Figures(NamedTuple):
    """Hold the figures of a window up to now; units as in CandleRow.

    `previous_ticks` is the price of the last trade before the window.
    """

    open_ns: int
    close_ns: int
    previous_ticks: int
    open_ticks: int
    high_ticks: int
    low_ticks: int
    last_ticks: int
    last_lots: int
    lots: int
    cash: int
    trades: int
    first_id: int
    last_id: int


class _Totals(NamedTuple):
    """Hold the figures of minutes; without trades there is neither open nor high nor low."""

    previous: int
    open: int
    high: int
    low: int
    lots: int
    cash: int
    trades: int
    last_id: int


class _Ring(NamedTuple):
    """Show one ring of candles: its rows, and where the head keeps its first and last bucket."""

    rows: Ints
    first_at: int
    last_at: int


class MarketData:
    """Keep what one book's trades amount to."""

    def __init__(self, listing: Listing, past: PastCandles, now_ns: int) -> None:
        """Begin at `now_ns`, after the minutes of `past`."""
        self.listing = listing
        self._take = direct(take_prints)
        self._state = np.zeros(STATE_SIZE, np.int64)
        shape = (SECOND_ROWS, CANDLE_WIDTH)
        seconds = self._state[SECONDS_AT:MINUTES_AT].reshape(shape)
        minutes = self._state[MINUTES_AT:TRADES_AT].reshape(MINUTE_ROWS, CANDLE_WIDTH)
        self._seconds = _Ring(seconds, FIRST_SECOND, LAST_SECOND)
        self._minutes = _Ring(minutes, FIRST_MINUTE, LAST_MINUTE)
        self._trades = self._state[TRADES_AT:AGGREGATES_AT].reshape(TRADE_ROWS, TRADE_WIDTH)
        self._aggregates = self._state[AGGREGATES_AT:].reshape(AGGREGATE_ROWS, AGGREGATE_WIDTH)
        self._totals: dict[int, tuple[int, _Totals]] = {}
        self._ids_known = False
        self._begin(past, now_ns)

    def _begin(self, past: PastCandles, now_ns: int) -> None:
        state, rows = self._state, self._minutes.rows
        at = past.minutes % MINUTE_ROWS
        columns = {
            BUCKET: past.minutes,
            OPEN: past.open,
            HIGH: past.high,
            LOW: past.low,
            CLOSE: past.close,
            LOTS: past.lots,
            CASH: past.cash,
            COUNT: past.trades,
            TAKER_LOTS: past.taker_lots,
            TAKER_CASH: past.taker_cash,
            LAST_ID: np.cumsum(past.trades),
        }
        for column, values in columns.items():
            rows[at, column] = values
        state[FIRST_MINUTE], state[LAST_MINUTE] = past.minutes[0], past.minutes[-1]
        state[FIRST_SECOND] = now_ns // SECOND_NS
        state[LAST_SECOND] = state[FIRST_SECOND] - 1
        state[LAST_TICKS], state[LAST_TRADE_ID] = past.close[-1], rows[at[-1], LAST_ID]
        state[LAST_NS] = (past.minutes[-1] + 1) * MINUTE_NS
        self.advance(now_ns)

    # What happens.

    def take_trades(self, trades: Rows) -> None:
        """Take prints of the matching engine in, oldest first."""
        if not self._ids_known and len(trades):
            self._count_past_up_to(int(trades[0, Print.TRADE_ID]) - 1)
        self._take(self._state, trades, 0)

    def advance(self, now_ns: int) -> None:
        """Open the candles up to `now_ns`; questions that name a time do so themselves."""
        self._take(self._state, _NO_PRINTS, now_ns)

    def _count_past_up_to(self, last_id: int) -> None:
        """Let the past's trade ids end where the book's begin."""
        self._minutes.rows[:, LAST_ID] += last_id - int(self._state[LAST_TRADE_ID])
        self._totals.clear()
        self._ids_known = True

    # The last trade.

    @property
    def last_ticks(self) -> int:
        """Return the last trade's price."""
        return int(self._state[LAST_TICKS])

    @property
    def last_lots(self) -> int:
        """Return the last trade's lots; 0 before the first one."""
        return int(self._state[LAST_LOTS])

    @property
    def last_ns(self) -> int:
        """Return the last trade's time."""
        return int(self._state[LAST_NS])

    @property
    def last_trade_id(self) -> int:
        """Return the last trade's id."""
        return int(self._state[LAST_TRADE_ID])

    @property
    def trade_count(self) -> int:
        """Return how many trades there were since the market opened: a version of all figures."""
        return int(self._state[TRADES])

    # Trades.

    def trades(self, limit: int) -> Rows:
        """Return the last trades as rows of Print, oldest first."""
        return self._trade_rows(self.trade_count - limit, self.trade_count)

    def trades_from(self, trade_id: int, limit: int) -> Rows:
        """Return `limit` trades from an id on (the oldest kept when it is gone)."""
        behind = self.last_trade_id - trade_id + 1
        first = max(self.trade_count - behind, self.trade_count - TRADE_ROWS, 0)
        return self._trade_rows(first, first + limit)

    def _trade_rows(self, first: int, end: int) -> Rows:
        count = self.trade_count
        numbers = np.arange(min(max(first, count - TRADE_ROWS, 0), count), min(end, count))
        return self._trades[numbers % TRADE_ROWS]

    # Aggregated trades.

    @property
    def aggregate_count(self) -> int:
        """Return the id of the last aggregated trade, 0 before the first one."""
        return int(self._state[AGGREGATES])

    def aggregates(self, limit: int) -> Rows:
        """Return the last aggregated trades, oldest first; the columns are those of `layout`."""
        return self._aggregate_rows(self.aggregate_count - limit, self.aggregate_count)

    def aggregates_from(self, aggregate_id: int, limit: int = AGGREGATE_ROWS) -> Rows:
        """Return `limit` aggregated trades from an id on."""
        first = max(aggregate_id - 1, self.aggregate_count - AGGREGATE_ROWS, 0)
        return self._aggregate_rows(first, first + limit)

    def aggregates_between(self, start_ns: int, end_ns: int) -> Rows:
        """Return the aggregated trades of a time, both ends included, oldest first."""
        rows = self.aggregates(AGGREGATE_ROWS)
        times = rows[:, AGGREGATE_NS]
        start_ns, end_ns = min(start_ns, _END_OF_TIME), min(end_ns, _END_OF_TIME)
        return rows[(times >= start_ns) & (times <= end_ns)]

    def _aggregate_rows(self, first: int, end: int) -> Rows:
        count = self.aggregate_count
        numbers = np.arange(min(max(first, count - AGGREGATE_ROWS, 0), count), min(end, count))
        return self._aggregates[numbers % AGGREGATE_ROWS]

    # Candles.

    def candle(self, period: Period, now_ns: int, offset_ns: int = 0) -> CandleRow:
        """Return the candle that is open at `now_ns`."""
        return self.candles(period, now_ns, limit=1, offset_ns=offset_ns)[-1]

    def candles(
        self,
        period: Period,
        now_ns: int,
        *,
        start_ns: int | None = None,
        end_ns: int | None = None,
        limit: int = 500,
        offset_ns: int = 0,
    ) -> list[CandleRow]:
        """Return candles that begin from `start_ns` to `end_ns` (included), oldest first.

        With a start the first `limit` of them, without one the last. `offset_ns` is the time
        zone's, east positive. Costs up to 1 ms where the whole week is asked for.
        """
        self.advance(now_ns)
        until_ns = min(now_ns, now_ns if end_ns is None else end_ns)
        newest = period.open_of(until_ns, offset_ns)
        if start_ns is None:
            oldest_ns = max(newest - (limit - 1) * period.longest_ns, 0)
            from_ns = period.open_of(oldest_ns, offset_ns)
        else:
            from_ns = min(start_ns, now_ns + 1)
        rows, width_ns = self._rows_between(
            period, from_ns, min(period.end_of(newest, offset_ns) - 1, now_ns)
        )
        if not len(rows):
            return []
        opens = period.opens(rows[:, BUCKET] * width_ns, offset_ns)
        kept = opens >= from_ns
        made = _grouped(rows[kept], opens[kept], period, offset_ns)
        return made[:limit] if start_ns is not None else made[-limit:]

    def _rows_between(self, period: Period, from_ns: int, until_ns: int) -> tuple[Ints, int]:
        """Return the stored candles of a time, and their width."""
        ring, width = (self._seconds, SECOND_NS) if period == SECOND else (self._minutes, MINUTE_NS)
        return self._stored(ring, from_ns // width, until_ns // width + 1), width

    def _stored(self, ring: _Ring, first: int, end: int) -> Ints:
        """Return a ring's candles of the buckets from `first` up to and without `end`."""
        last = int(self._state[ring.last_at])
        oldest = max(int(self._state[ring.first_at]), last - len(ring.rows) + 1)
        buckets = np.arange(max(first, oldest), min(end, last + 1))
        return ring.rows[buckets % len(ring.rows)]

    # Windows.

    def day(self, now_ns: int) -> Figures:
        """Return the figures of the last 24 hours; the minute in which they begin counts whole."""
        figures = self.window(_DAY_MINUTES, now_ns)
        return figures._replace(open_ns=now_ns - _DAY_MINUTES * MINUTE_NS)

    def window(self, minutes: int, now_ns: int) -> Figures:
        """Return the figures of the last `minutes`, which begin on a minute (up to 59 s more).

        Costs about a microsecond, and some 50 once a minute for each length.
        """
        self.advance(now_ns)
        return self.since((now_ns // MINUTE_NS - minutes), now_ns)

    def since(self, first_minute: int, now_ns: int) -> Figures:
        """Return the figures from a minute (counted since 1970) up to now; `advance` first."""
        minute = int(self._state[LAST_MINUTE])
        totals = self._whole_minutes(minute - first_minute, first_minute, minute)
        candle = self._minutes.rows[minute % MINUTE_ROWS].tolist()
        if candle[COUNT]:
            totals = _with_candle(totals, candle)
        if not totals.trades:
            last = self.last_ticks
            totals = totals._replace(open=last, high=last, low=last)
        return Figures(
            open_ns=first_minute * MINUTE_NS,
            close_ns=now_ns,
            previous_ticks=totals.previous,
            open_ticks=totals.open,
            high_ticks=totals.high,
            low_ticks=totals.low,
            last_ticks=self.last_ticks,
            last_lots=self.last_lots,
            lots=totals.lots,
            cash=totals.cash,
            trades=totals.trades,
            first_id=totals.last_id - totals.trades + 1 if totals.trades else -1,
            last_id=totals.last_id if totals.trades else -1,
        )

    def _whole_minutes(self, key: int, first: int, end: int) -> _Totals:
        kept = self._totals.get(key)
        if kept is not None and kept[0] == end:
            return kept[1]
        totals = self._summed(first, end)
        if len(self._totals) >= _MOST_TOTALS:
            self._totals.clear()
        self._totals[key] = (end, totals)
        return totals

    def _summed(self, first: int, end: int) -> _Totals:
        rows = self._stored(self._minutes, first - 1, end)
        if len(rows) and rows[0, BUCKET] < first:
            previous, rows = int(rows[0, CLOSE]), rows[1:]
        else:
            previous = int(rows[0, OPEN]) if len(rows) else self.last_ticks
        rows = rows[rows[:, COUNT] > 0]
        if not len(rows):
            return _Totals(previous, 0, 0, _END_OF_TIME, 0, 0, 0, -1)
        lots, cash = (_exact_sum(rows[:, column]) for column in (LOTS, CASH))
        return _Totals(
            previous,
            int(rows[0, OPEN]),
            int(rows[:, HIGH].max()),
            int(rows[:, LOW].min()),
            lots,
            cash,
            int(rows[:, COUNT].sum()),
            int(rows[-1, LAST_ID]),
        )

    def average(self, now_ns: int) -> tuple[int, int]:
        """Return cash and lots of the last five minutes; their ratio is the average in ticks.

        Without trades the last price stands for it: (ticks, 1).
        """
        figures = self.window(_AVERAGE_MINUTES, now_ns)
        return (figures.cash, figures.lots) if figures.lots else (figures.last_ticks, 1)


def _with_candle(totals: _Totals, candle: list[int]) -> _Totals:
    """Return totals with a later candle that has trades."""
    return _Totals(
        totals.previous,
        totals.open if totals.trades else candle[OPEN],
        max(totals.high, candle[HIGH]),
        min(totals.low, candle[LOW]),
        totals.lots + candle[LOTS],
        totals.cash + candle[CASH],
        totals.trades + candle[COUNT],
        candle[LAST_ID],
    )


def _exact_sum(values: Ints) -> int:
    """Return a sum that need not fit 63 bits."""
    high, low = values >> _LOW_BITS, values & ((1 << _LOW_BITS) - 1)
    return (int(high.sum()) << _LOW_BITS) + int(low.sum())


def _exact_sums(values: Ints, starts: Ints) -> list[int]:
    """Return the sums of groups, none of which need fit 63 bits."""
    high = np.add.reduceat(values >> _LOW_BITS, starts).tolist()
    low = np.add.reduceat(values & ((1 << _LOW_BITS) - 1), starts).tolist()
    return [(above << _LOW_BITS) + below for above, below in zip(high, low, strict=True)]


def _grouped(rows: Ints, opens: Ints, period: Period, offset_ns: int) -> list[CandleRow]:
    """Return the candles of periods out of stored ones, which are in order."""
    if not len(rows):
        return []
    starts = np.flatnonzero(np.concatenate(([True], opens[1:] != opens[:-1])))
    ends = np.append(starts[1:], len(rows)) - 1
    lots, cash, taker_lots, taker_cash = (_exact_sums(rows[:, one], starts) for one in _SUMS)
    trades: list[int] = np.add.reduceat(rows[:, COUNT], starts).tolist()
    last_ids: list[int] = np.maximum.reduceat(rows[:, LAST_ID], starts).tolist()
    beginnings: list[int] = opens[starts].tolist()
    columns = (
        beginnings,
        [period.end_of(one, offset_ns) for one in beginnings],
        *_prices(rows, starts, ends),
        lots,
        cash,
        trades,
        taker_lots,
        taker_cash,
        [last - count + 1 if count else -1 for last, count in zip(last_ids, trades, strict=True)],
        [last if count else -1 for last, count in zip(last_ids, trades, strict=True)],
    )
    return [CandleRow(*row) for row in zip(*columns, strict=True)]


def _prices(rows: Ints, starts: Ints, ends: Ints) -> tuple[list[int], ...]:
    """Return open, high, low and close of groups: of their trades, where there are any."""
    traded = rows[:, COUNT] > 0
    numbers = np.arange(len(rows))
    # A candle without trades says nothing of a group that has some: it is passed over.
    firsts = np.minimum.reduceat(np.where(traded, numbers, len(rows)), starts)
    firsts = np.where(firsts > ends, starts, firsts)
    opened = rows[firsts, OPEN]
    high = np.maximum.reduceat(np.where(traded, rows[:, HIGH], 0), starts)
    low = np.minimum.reduceat(np.where(traded, rows[:, LOW], _END_OF_TIME), starts)
    high, low = np.maximum(high, opened), np.minimum(low, opened)
    return opened.tolist(), high.tolist(), low.tolist(), rows[ends, CLOSE].tolist()
