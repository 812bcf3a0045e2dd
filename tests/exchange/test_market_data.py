"""Market data held against a plain list of the past's candles and of every trade."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hftlib.exchange.layout import (
    AGGREGATE_ROWS,
    MINUTE_NS,
    MINUTE_ROWS,
    SECOND_NS,
    SECOND_ROWS,
    TRADE_ROWS,
)
from hftlib.exchange.market_data import MarketData
from hftlib.exchange.periods import INTERVALS
from hftlib.market.listings import LISTINGS
from hftlib.market.orders import Print
from hftlib.market.past import past_of

LISTING = LISTINGS[0]
NOW_NS = 1_790_000_012_345_678_901
FIRST_ID = 10**9
PAST = past_of(LISTING, 7, NOW_NS)
HOUR_NS = 60 * MINUTE_NS


class Deal(NamedTuple):
    time_ns: int
    trade_id: int
    ticks: int
    lots: int
    side: int
    taker: int


def rows_of(deals: Sequence[Deal]) -> np.ndarray:
    rows = np.zeros((len(deals), len(Print)), np.int64)
    for row, deal in zip(rows, deals, strict=True):
        row[:5] = (deal.time_ns, deal.trade_id, deal.ticks, deal.lots, deal.side)
        row[Print.TAKER_ORDER] = deal.taker
    return rows


def deals_from(
    moves: Sequence[tuple[int, int, int, int, int]], start_ns: int = NOW_NS
) -> list[Deal]:
    """Make trades out of (wait, ticks away, lots, side, how much the taker's id moves)."""
    time_ns, taker, deals = start_ns, 1, []
    for number, (wait_ns, away, lots, side, next_taker) in enumerate(moves):
        time_ns, taker = time_ns + wait_ns, taker + next_taker
        ticks = LISTING.opening_ticks + away
        deals.append(Deal(time_ns, FIRST_ID + number, ticks, lots, side, taker))
    return deals


waits = st.sampled_from([0, 0, 1, 700_000_000, SECOND_NS, 61 * SECOND_NS, 7 * MINUTE_NS])
moves = st.lists(
    st.tuples(
        waits,
        st.integers(-50, 50),
        st.integers(1, 10**6),
        st.integers(0, 1),
        st.integers(0, 1),
    ),
    min_size=1,
    max_size=40,
)


def taken(deals: Sequence[Deal], at_once: int = 5) -> MarketData:
    data = MarketData(LISTING, PAST, NOW_NS)
    for first in range(0, len(deals), at_once):
        data.take_trades(rows_of(deals[first : first + at_once]))
    return data


def plain_candle(deals: Sequence[Deal], open_ns: int, end_ns: int, before: int) -> tuple:
    """Return a candle of trades only, as the plain definition has it."""
    kept = [one for one in deals if open_ns <= one.time_ns < end_ns]
    if not kept:
        return (before, before, before, before, 0, 0, 0, 0, 0, -1, -1)
    bought = [one for one in kept if one.side == 0]
    prices = [one.ticks for one in kept]
    return (
        prices[0],
        max(prices),
        min(prices),
        prices[-1],
        sum(one.lots for one in kept),
        sum(one.lots * one.ticks for one in kept),
        len(kept),
        sum(one.lots for one in bought),
        sum(one.lots * one.ticks for one in bought),
        kept[0].trade_id,
        kept[-1].trade_id,
    )


@settings(max_examples=60, deadline=None)
@given(moves=moves, later=st.integers(0, 200), name=st.sampled_from(["1s", "1m", "3m"]))
def test_candles_are_those_of_the_trades(moves, later, name):
    deals = deals_from(moves)
    data, period = taken(deals), INTERVALS[name]
    until_ns = deals[-1].time_ns + later * SECOND_NS
    start_ns = period.open_of(NOW_NS) + period.width_ns
    candles = data.candles(period, until_ns, start_ns=start_ns, limit=10**6)
    assert [one.open_ns for one in candles] == list(
        range(start_ns, period.open_of(until_ns) + 1, period.width_ns)
    )[-SECOND_ROWS:]
    for candle in candles:
        before = [one.ticks for one in deals if one.time_ns < candle.open_ns]
        last = before[-1] if before else LISTING.opening_ticks
        assert tuple(candle[2:]) == plain_candle(deals, candle.open_ns, candle.end_ns, last)
        assert candle.end_ns == candle.open_ns + period.width_ns


@settings(max_examples=40, deadline=None)
@given(moves=moves, minutes=st.sampled_from([1, 5, 60, 1440]), later=st.integers(0, 100))
def test_windows_are_sums_of_past_and_trades(moves, minutes, later):
    deals = deals_from(moves)
    data, now_ns = taken(deals), deals[-1].time_ns + later * SECOND_NS
    data.window(minutes, NOW_NS)
    figures = data.window(minutes, now_ns)
    first = now_ns // MINUTE_NS - minutes
    old = PAST.minutes >= first
    new = [one for one in deals if one.time_ns // MINUTE_NS >= first]
    assert figures.lots == int(PAST.lots[old].sum()) + sum(one.lots for one in new)
    assert figures.cash == int(PAST.cash[old].sum()) + sum(one.lots * one.ticks for one in new)
    assert figures.trades == int(PAST.trades[old].sum()) + len(new)
    assert (figures.open_ns, figures.close_ns) == (first * MINUTE_NS, now_ns)
    assert figures.last_ticks == deals[-1].ticks
    assert figures.last_lots == deals[-1].lots
    if figures.trades:
        assert figures.last_id - figures.first_id + 1 == figures.trades
        assert figures.low_ticks <= figures.open_ticks <= figures.high_ticks
    else:
        assert (figures.first_id, figures.last_id) == (-1, -1)
    if old.any() and not old.all():
        assert figures.previous_ticks == int(PAST.close[~old][-1])
        assert figures.open_ticks == int(PAST.open[old][0])
    if new:
        assert figures.high_ticks >= max(one.ticks for one in new)
        assert figures.low_ticks <= min(one.ticks for one in new)


@settings(max_examples=60, deadline=None)
@given(moves=moves, at_once=st.integers(1, 8))
def test_aggregates_join_what_one_taker_did_at_one_price_and_time(moves, at_once):
    deals = deals_from(moves)
    plain: list[list[Deal]] = []
    for deal in deals:
        key = (deal.taker, deal.ticks, deal.time_ns)
        last = plain[-1][-1] if plain else None
        if last is not None and (last.taker, last.ticks, last.time_ns) == key:
            plain[-1].append(deal)
        else:
            plain.append([deal])
    data = taken(deals, at_once)
    rows = data.aggregates(1_000).tolist()
    assert data.aggregate_count == len(plain)
    assert rows == [
        [
            number,
            group[0].time_ns,
            group[0].ticks,
            sum(one.lots for one in group),
            group[0].trade_id,
            group[-1].trade_id,
            group[0].side,
            group[0].taker,
        ]
        for number, group in enumerate(plain, 1)
    ]
    assert data.aggregates_from(2, 3).tolist() == rows[1:4]
    times = [row[1] for row in rows]
    found = data.aggregates_between(times[0] + 1, times[-1]).tolist()
    assert found == [row for row in rows if times[0] < row[1] <= times[-1]]


def test_the_past_ends_where_the_trade_ids_begin():
    data = MarketData(LISTING, PAST, NOW_NS)
    assert data.last_trade_id == int(PAST.trades.sum())
    assert (data.last_ticks, data.last_lots) == (LISTING.opening_ticks, 0)
    assert data.last_ns == (PAST.minutes[-1] + 1) * MINUTE_NS
    before = data.day(NOW_NS)
    data.take_trades(rows_of(deals_from([(0, 3, 10, 0, 0)])))
    after = data.day(NOW_NS)
    assert (after.last_id, after.trades) == (FIRST_ID, before.trades + 1)
    assert after.first_id == FIRST_ID - before.trades
    assert data.last_trade_id == FIRST_ID


def test_trades_are_kept_whole_and_forgotten_in_order():
    count = TRADE_ROWS + 5
    deals = deals_from([(1_000, 0, 1, 0, 1)] * count)
    data = taken(deals, 1_000)
    assert data.trade_count == count
    assert data.trades(2).tolist() == rows_of(deals[-2:]).tolist()
    assert len(data.trades(count)) == TRADE_ROWS
    wanted = FIRST_ID + 7
    assert data.trades_from(wanted, 3)[:, Print.TRADE_ID].tolist() == [
        wanted,
        wanted + 1,
        wanted + 2,
    ]
    assert data.trades_from(0, 2)[:, Print.TRADE_ID].tolist() == [FIRST_ID + 5, FIRST_ID + 6]
    assert len(data.trades_from(FIRST_ID + count, 2)) == 0
    assert len(data.aggregates(count)) == AGGREGATE_ROWS
    assert data.aggregates_from(1, 1)[0, 0] == count - AGGREGATE_ROWS + 1


def test_no_trades_are_no_trades():
    data = MarketData(LISTING, PAST, NOW_NS)
    data.take_trades(np.empty((0, len(Print)), np.int64))
    assert len(data.trades(5)) == len(data.aggregates(5)) == 0
    assert data.candles(INTERVALS["1s"], NOW_NS, end_ns=NOW_NS - HOUR_NS) == []
    assert data.candles(INTERVALS["1m"], NOW_NS, start_ns=NOW_NS + HOUR_NS) == []
    assert data.candles(INTERVALS["1h"], NOW_NS, start_ns=NOW_NS - 1, end_ns=NOW_NS) == []


def test_what_lies_beyond_all_time_is_empty():
    data = taken(deals_from([(0, 1, 1, 0, 1)] * 3))
    far = 2**63 * 10**6
    assert data.candles(INTERVALS["1M"], NOW_NS, start_ns=far) == []
    assert len(data.candles(INTERVALS["1w"], NOW_NS, end_ns=far)) == 2
    assert len(data.candles(INTERVALS["1M"], NOW_NS, start_ns=0, end_ns=far)) == 1
    assert len(data.aggregates_between(far, far)) == 0
    assert len(data.aggregates_between(0, far)) == 3
    assert len(data.trades_from(2**63 - 1, 1_000)) == 0
    assert len(data.aggregates_from(2**63 - 1, 1_000)) == 0


def test_the_average_is_of_five_minutes_and_falls_back_on_the_last_price():
    data = MarketData(LISTING, PAST, NOW_NS)
    kept = PAST.minutes >= NOW_NS // MINUTE_NS - 5
    assert data.average(NOW_NS) == (int(PAST.cash[kept].sum()), int(PAST.lots[kept].sum()))
    assert data.average(NOW_NS + HOUR_NS) == (LISTING.opening_ticks, 1)
    data.take_trades(rows_of(deals_from([(HOUR_NS, 8, 3, 0, 0)])))
    assert data.average(NOW_NS + HOUR_NS) == (3 * (LISTING.opening_ticks + 8), 3)


@pytest.mark.parametrize("name", [one for one in INTERVALS if one != "1s"])
@pytest.mark.parametrize("offset_ns", [0, 8 * HOUR_NS])
def test_coarse_candles_are_made_of_minutes(name, offset_ns):
    data, period = MarketData(LISTING, PAST, NOW_NS), INTERVALS[name]
    candles = data.candles(period, NOW_NS, limit=10**5, offset_ns=offset_ns)
    assert sum(one.lots for one in candles) == int(PAST.lots.sum())
    assert sum(one.cash for one in candles) == int(PAST.cash.sum())
    assert sum(one.taker_cash for one in candles) == int(PAST.taker_cash.sum())
    assert max(one.high_ticks for one in candles) == int(PAST.high.max())
    assert candles[-1].close_ticks == LISTING.opening_ticks
    for first, second in itertools.pairwise(candles):
        assert first.end_ns == second.open_ns
        assert first.close_ticks == second.open_ticks
    assert data.candles(period, NOW_NS, limit=2, offset_ns=offset_ns) == candles[-2:]
    assert data.candle(period, NOW_NS, offset_ns) == candles[-1]
    chosen = data.candles(period, NOW_NS, start_ns=candles[0].open_ns, limit=2, offset_ns=offset_ns)
    assert chosen == candles[:2]
    before_last = candles[-1].open_ns - 1
    found = data.candles(period, NOW_NS, end_ns=before_last, limit=3, offset_ns=offset_ns)
    assert found == candles[:-1][-3:]


def test_long_silence_and_memory_are_bounded():
    data = MarketData(LISTING, PAST, NOW_NS)
    data.take_trades(rows_of(deals_from([(0, 4, 10, 1, 0)])))
    weeks_ns = NOW_NS + 30 * 24 * HOUR_NS
    candles = data.candles(INTERVALS["1m"], weeks_ns, limit=10**6, start_ns=0)
    assert len(candles) == MINUTE_ROWS
    assert {one.close_ticks for one in candles} == {LISTING.opening_ticks + 4}
    assert {one.lots for one in candles} == {0}
    figures = data.window(2 * MINUTE_ROWS, weeks_ns)
    assert (figures.lots, figures.open_ticks) == (0, LISTING.opening_ticks + 4)
    assert figures.previous_ticks == LISTING.opening_ticks + 4


def test_many_windows_are_forgotten():
    data = MarketData(LISTING, PAST, NOW_NS)
    figures = [data.window(minutes, NOW_NS) for minutes in range(1, 400)]
    assert figures == [data.window(minutes, NOW_NS) for minutes in range(1, 400)]
    assert len(data._totals) <= 256


def test_a_window_of_no_minute_is_the_open_one():
    data = MarketData(LISTING, PAST, NOW_NS)
    data.take_trades(rows_of(deals_from([(0, 4, 10, 1, 0)])))
    figures = data.since(NOW_NS // MINUTE_NS, NOW_NS)
    assert (figures.lots, figures.trades) == (10, 1)
    assert figures.previous_ticks == LISTING.opening_ticks


def test_sums_that_do_not_fit_63_bits_are_exact():
    large = 2**62
    data = MarketData(LISTING, PAST._replace(cash=np.full_like(PAST.cash, large)), NOW_NS)
    assert data.day(NOW_NS).cash == large * 1_440
    hour = data.candles(INTERVALS["1h"], NOW_NS, limit=2)[0]
    assert hour.cash == large * 60


def test_a_late_trade_counts_in_the_open_candle():
    data = MarketData(LISTING, PAST, NOW_NS)
    late = Deal(NOW_NS - 2 * MINUTE_NS, FIRST_ID, LISTING.opening_ticks + 1, 7, 0, 1)
    data.take_trades(rows_of([late]))
    assert data.candle(INTERVALS["1m"], NOW_NS).lots == 7
