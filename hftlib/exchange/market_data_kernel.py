"""The compiled part of market data: fold trades into candles, and keep the last of them."""

import numpy as np
from numba import types
from numpy.typing import NDArray

from hftlib.core.compiled import INT, INTS, entry, kernel
from hftlib.exchange.layout import (
    AGGREGATE_ID,
    AGGREGATE_LOTS,
    AGGREGATE_NS,
    AGGREGATE_ROWS,
    AGGREGATE_SIDE,
    AGGREGATE_TICKS,
    AGGREGATE_WIDTH,
    AGGREGATES,
    AGGREGATES_AT,
    BUCKET,
    CANDLE_WIDTH,
    CASH,
    CLOSE,
    COUNT,
    FIRST_TRADE,
    HIGH,
    LAST_ID,
    LAST_LOTS,
    LAST_MINUTE,
    LAST_NS,
    LAST_SECOND,
    LAST_TICKS,
    LAST_TRADE,
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
    TAKER_CASH,
    TAKER_LOTS,
    TAKER_ORDER,
    TRADE_ROWS,
    TRADE_WIDTH,
    TRADES,
    TRADES_AT,
)

Ints = NDArray[np.int64]
ROWS = types.Array(types.int64, 2, "C")

# The columns of a print, as hftlib.market.orders.Print has them.
_TIME_NS = 0
_TRADE_ID = 1
_TICKS = 2
_LOTS = 3
_AGGRESSOR = 4
_TAKER_ORDER = 6
_BUYER = 0


@kernel
def _roll(state: Ints, last_at: int, ring_at: int, rows: int, bucket: int) -> None:
    """Open the candles up to `bucket`, flat at the last price; the ring forgets the oldest."""
    first = max(state[last_at] + 1, bucket - rows + 1)
    for number in range(first, bucket + 1):
        at = ring_at + number % rows * CANDLE_WIDTH
        state[at : at + CANDLE_WIDTH] = 0
        state[at + BUCKET] = number
        for column in range(OPEN, CLOSE + 1):
            state[at + column] = state[LAST_TICKS]
    if bucket > state[last_at]:
        state[last_at] = bucket


@kernel
def _fold(state: Ints, at: int, trade_id: int, ticks: int, lots: int, is_buy: bool) -> None:
    """Take a trade into the candle at `at`."""
    if state[at + COUNT] == 0:
        state[at + OPEN] = ticks
        state[at + HIGH] = ticks
        state[at + LOW] = ticks
    state[at + HIGH] = max(state[at + HIGH], ticks)
    state[at + LOW] = min(state[at + LOW], ticks)
    state[at + CLOSE] = ticks
    state[at + LOTS] += lots
    state[at + CASH] += ticks * lots
    state[at + COUNT] += 1
    state[at + LAST_ID] = trade_id
    if is_buy:
        state[at + TAKER_LOTS] += lots
        state[at + TAKER_CASH] += ticks * lots


@kernel
def _aggregate(
    state: Ints, time_ns: int, trade_id: int, ticks: int, lots: int, side: int, taker: int
) -> None:
    """Add a trade to the last aggregate, when taker, price and time are the same, or begin one."""
    number = state[AGGREGATES]
    at = AGGREGATES_AT + (number - 1) % AGGREGATE_ROWS * AGGREGATE_WIDTH
    if (
        number > 0
        and state[at + TAKER_ORDER] == taker
        and state[at + AGGREGATE_TICKS] == ticks
        and state[at + AGGREGATE_NS] == time_ns
    ):
        state[at + AGGREGATE_LOTS] += lots
        state[at + LAST_TRADE] = trade_id
        return
    at = AGGREGATES_AT + number % AGGREGATE_ROWS * AGGREGATE_WIDTH
    state[at + AGGREGATE_ID] = number + 1
    state[at + AGGREGATE_NS] = time_ns
    state[at + AGGREGATE_TICKS] = ticks
    state[at + AGGREGATE_LOTS] = lots
    state[at + FIRST_TRADE] = trade_id
    state[at + LAST_TRADE] = trade_id
    state[at + AGGREGATE_SIDE] = side
    state[at + TAKER_ORDER] = taker
    state[AGGREGATES] = number + 1


@entry(INTS, ROWS, INT)
def take_prints(state: Ints, prints: Ints, now_ns: int) -> None:
    """Take trades (rows of Print, oldest first) in, then open the candles up to `now_ns`.

    A trade older than the last one counts in the candles that are open.
    """
    for row in range(prints.shape[0]):
        time_ns, trade_id = prints[row, _TIME_NS], prints[row, _TRADE_ID]
        ticks, lots = prints[row, _TICKS], prints[row, _LOTS]
        side = prints[row, _AGGRESSOR]
        _roll(state, LAST_SECOND, SECONDS_AT, SECOND_ROWS, time_ns // SECOND_NS)
        _roll(state, LAST_MINUTE, MINUTES_AT, MINUTE_ROWS, time_ns // MINUTE_NS)
        second = SECONDS_AT + state[LAST_SECOND] % SECOND_ROWS * CANDLE_WIDTH
        minute = MINUTES_AT + state[LAST_MINUTE] % MINUTE_ROWS * CANDLE_WIDTH
        _fold(state, second, trade_id, ticks, lots, side == _BUYER)
        _fold(state, minute, trade_id, ticks, lots, side == _BUYER)
        _aggregate(state, time_ns, trade_id, ticks, lots, side, prints[row, _TAKER_ORDER])
        at = TRADES_AT + state[TRADES] % TRADE_ROWS * TRADE_WIDTH
        for column in range(TRADE_WIDTH):
            state[at + column] = prints[row, column]
        state[TRADES] += 1
        state[LAST_TICKS] = ticks
        state[LAST_LOTS] = lots
        state[LAST_NS] = time_ns
        state[LAST_TRADE_ID] = trade_id
    _roll(state, LAST_SECOND, SECONDS_AT, SECOND_ROWS, now_ns // SECOND_NS)
    _roll(state, LAST_MINUTE, MINUTES_AT, MINUTE_ROWS, now_ns // MINUTE_NS)
