"""Where everything stands in the one flat int64 array of a matching book.

A head of named places, then four *queues*, one block each: bids, asks, and the orders that wait
for the last price to rise (UP) or to fall (DOWN) to their trigger. A queue is the ordered map of
the level-2 book (`hftlib.book.layout`: ring, bitmap, overflow) from a price's key to its level's
record; a level is a first-in-first-out list of order records. Beside them stand the table from
order ids to records, and the logs of what happened.

A record is named by its place in the array, 0 for none. The book may be a slice of a larger
array: all places count from its start.

The compiled kernels bake these numbers in: `core.compiled` hashes this file with the kernels.
"""

from typing import Final

import numpy as np

from hftlib.book.layout import (
    BASE,
    BEST,
    BLOCK,
    CHUNK_ROOM,
    CHUNK_SIZE,
    CHUNKS_AT,
    FIRSTS_AT,
    MAXIMUM_WINDOW_BITS,
    MINIMUM_WINDOW_BITS,
    NO_KEY,
    ORDER_AT,
    SIGN,
    SLOTS_AT,
    SUMMARY_AT,
    WINDOW_BITS,
    WORDS_AT,
    Ints,
    chunks_for,
)
from hftlib.market import orders
from hftlib.market.orders import NO_PRICE

# The head; WINDOW_BITS and CHUNK_ROOM stand where the level-2 book has them (0 and 1).
ORDER_ROOM: Final = 2
TRIGGER_ROOM: Final = 3
LIVE: Final = 4
WAITING: Final = 5
NEXT_ORDER: Final = 6
NEXT_TRADE: Final = 7
UPDATE_ID: Final = 8
LAST_TICKS: Final = 9
LAST_TIME: Final = 10
HALTED: Final = 11
FREE_ORDER: Final = 12
FREE_LEVEL: Final = 13
FIRED_FIRST: Final = 14
FIRED_LAST: Final = 15
IDS_AT: Final = 16
IDS_BITS: Final = 17
LOG_ROWS: Final = 18
CHANGE_COUNT: Final = 20
TRADE_COUNT: Final = 21
TOP_COUNT: Final = 22
REPORT_COUNT: Final = 23
CHANGES_AT: Final = 24
TRADES_AT: Final = 25
TOPS_AT: Final = 26
REPORTS_AT: Final = 27
TOP_BID_TICKS: Final = 28
TOP_BID_LOTS: Final = 29
TOP_ASK_TICKS: Final = 30
TOP_ASK_LOTS: Final = 31
BID_QUEUE: Final = 32
ASK_QUEUE: Final = 48
UP_QUEUE: Final = 64
DOWN_QUEUE: Final = 80
HEAD_SIZE: Final = 96

QUEUES: Final = (BID_QUEUE, ASK_QUEUE, UP_QUEUE, DOWN_QUEUE)
LOGS: Final = (
    (CHANGE_COUNT, CHANGES_AT, len(orders.Change)),
    (TRADE_COUNT, TRADES_AT, len(orders.Print)),
    (TOP_COUNT, TOPS_AT, len(orders.Top)),
    (REPORT_COUNT, REPORTS_AT, len(orders.Report)),
)
"""Each log's count, its place in the head, and its columns; in the order of Outflow."""

CHANGE_SIZE: Final = len(orders.Change)
TRADE_SIZE: Final = len(orders.Print)
TOP_SIZE: Final = len(orders.Top)
REPORT_SIZE: Final = len(orders.Report)

# Places within an order's record. PRICE and TRIGGER are NO_PRICE where there is none. TRAITS packs
# side, kind, time in force and self-trade rule. QUEUE is the block of the queue it stands in.
ID: Final = 0
OWNER: Final = 1
REMAINING: Final = 2
NEXT: Final = 3
PREVIOUS: Final = 4
LEVEL: Final = 5
QUEUE: Final = 6
EXECUTED_LOTS: Final = 7
EXECUTED_CASH: Final = 8
TRAITS: Final = 9
PRICE: Final = 10
QUANTITY: Final = 11
TRIGGER: Final = 12
CASH: Final = 13
TIME_NS: Final = 14
ORDER_SIZE: Final = 16

KIND_SHIFT: Final = 1
FORCE_SHIFT: Final = 4
SELF_SHIFT: Final = 6

# Places within a level's record.
TOTAL: Final = 0
FIRST: Final = 1
LAST: Final = 2
KEY: Final = 3
LEVEL_SIZE: Final = 4

# Columns of a command (`MatchingBook.run`); those that it does not need are not read.
COMMAND: Final = 0
COMMAND_TIME_NS: Final = 1
COMMAND_OWNER: Final = 2
COMMAND_ORDER: Final = 3
COMMAND_SIDE: Final = 4
COMMAND_KIND: Final = 5
COMMAND_FORCE: Final = 6
COMMAND_PRICE: Final = 7
COMMAND_QUANTITY: Final = 8
COMMAND_TRIGGER: Final = 9
COMMAND_CASH: Final = 10
COMMAND_SELF_TRADE: Final = 11
COMMAND_SIZE: Final = 12

PLACE: Final = 0
CANCEL: Final = 1
AMEND: Final = 2
REPLACE: Final = 3

MAXIMUM_PRICE: Final = 2**40
"""The highest price and trigger, in ticks."""
MAXIMUM_LOTS: Final = 2**44
"""The largest order: the lots of 2**18 of them still add up within 63 bits."""
MAXIMUM_CASH: Final = 2**62
"""The most that one order may cost or bring, in ticks times lots."""
MAXIMUM_ORDERS: Final = 2**18

# The values of the enumerations in `orders`, as the plain integers that kernels freeze.
BID: Final = int(orders.BookSide.BID)
ASK: Final = int(orders.BookSide.ASK)
LIMIT: Final = int(orders.OrderKind.LIMIT)
MARKET: Final = int(orders.OrderKind.MARKET)
LIMIT_MAKER: Final = int(orders.OrderKind.LIMIT_MAKER)
STOP_LOSS: Final = int(orders.OrderKind.STOP_LOSS)
STOP_LOSS_LIMIT: Final = int(orders.OrderKind.STOP_LOSS_LIMIT)
TAKE_PROFIT: Final = int(orders.OrderKind.TAKE_PROFIT)
TAKE_PROFIT_LIMIT: Final = int(orders.OrderKind.TAKE_PROFIT_LIMIT)
GTC: Final = int(orders.TimeInForce.GTC)
FOK: Final = int(orders.TimeInForce.FOK)
ALLOW: Final = int(orders.SelfTrade.NONE)
EXPIRE_TAKER: Final = int(orders.SelfTrade.EXPIRE_TAKER)
EXPIRE_MAKER: Final = int(orders.SelfTrade.EXPIRE_MAKER)
EXPIRE_BOTH: Final = int(orders.SelfTrade.EXPIRE_BOTH)
DECREMENT: Final = int(orders.SelfTrade.DECREMENT)

NEW: Final = int(orders.ReportKind.NEW)
TRADE: Final = int(orders.ReportKind.TRADE)
CANCELED: Final = int(orders.ReportKind.CANCELED)
REPLACED: Final = int(orders.ReportKind.REPLACED)
TRIGGERED: Final = int(orders.ReportKind.TRIGGERED)
EXPIRED: Final = int(orders.ReportKind.EXPIRED)
PREVENTED: Final = int(orders.ReportKind.PREVENTED)

UNKNOWN_ORDER: Final = int(orders.Refusal.UNKNOWN_ORDER)
BAD_PRICE: Final = int(orders.Refusal.BAD_PRICE)
BAD_QUANTITY: Final = int(orders.Refusal.BAD_QUANTITY)
WOULD_TAKE: Final = int(orders.Refusal.WOULD_TAKE)
WOULD_TRIGGER: Final = int(orders.Refusal.WOULD_TRIGGER)
NO_LIQUIDITY: Final = int(orders.Refusal.NO_LIQUIDITY)
NOT_OWNER: Final = int(orders.Refusal.NOT_OWNER)
NOT_SMALLER: Final = int(orders.Refusal.NOT_SMALLER)
IS_HALTED: Final = int(orders.Refusal.HALTED)
BOOK_FULL: Final = int(orders.Refusal.BOOK_FULL)
BAD_COMBINATION: Final = int(orders.Refusal.BAD_COMBINATION)

COMPLETE: Final = int(orders.ExpiryReason.NONE)
IMMEDIATE_REST: Final = int(orders.ExpiryReason.IMMEDIATE_REST)
NOT_FILLABLE: Final = int(orders.ExpiryReason.NOT_FILLABLE)
DRY: Final = int(orders.ExpiryReason.NO_LIQUIDITY)
SELF_TRADE: Final = int(orders.ExpiryReason.SELF_TRADE)

_CHANGES_PER_ORDER: Final = 2
_TRADES_PER_ORDER: Final = 1
_REPORTS_PER_ORDER: Final = 4
_ROWS_PER_ORDER: Final = (_CHANGES_PER_ORDER, _TRADES_PER_ORDER, 0, _REPORTS_PER_ORDER)
_SPARE_ROWS: Final = 8


def log_needs(orders_live: int) -> tuple[int, int, int, int]:
    """Return the most rows that one command can add to each log while so many orders live.

    Every fill and every prevented one ends an order, so they are no more than the orders are;
    an order rests once, is triggered once and expires once.
    """
    changes, trades, tops, reports = (each * orders_live + _SPARE_ROWS for each in _ROWS_PER_ORDER)
    return changes, trades, tops, reports


def ids_bits_for(order_room: int) -> int:
    """Return the binary logarithm of a table at most half full with `order_room` ids."""
    return max(4, (2 * order_room - 1).bit_length())


def size_of_state(
    order_room: int, trigger_room: int = 1024, window_bits: int = 14, log_rows: int = 4096
) -> int:
    """Return how many int64 a book takes; arguments as for `initialise`. Raises ValueError."""
    if not MINIMUM_WINDOW_BITS <= window_bits <= MAXIMUM_WINDOW_BITS:
        raise ValueError(f"window_bits out of bounds: {window_bits}")
    if not 0 < order_room <= MAXIMUM_ORDERS or not 0 <= trigger_room <= order_room:
        raise ValueError(f"no room for orders: {order_room}, of which {trigger_room} wait")
    logs = sum(
        (need + log_rows) * columns
        for need, (_, _, columns) in zip(log_needs(order_room), LOGS, strict=True)
    )
    records = ORDER_SIZE * (order_room + 1) + LEVEL_SIZE * (order_room + 1)
    ids: int = 1 << ids_bits_for(order_room)
    queues = sum(_queue_size(window_bits, levels) for levels in _rooms(order_room, trigger_room))
    return HEAD_SIZE + logs + records + ids + queues


def initialise(
    state: Ints,
    order_room: int,
    trigger_room: int = 1024,
    window_bits: int = 14,
    log_rows: int = 4096,
    *,
    first_order: int = 1,
    first_trade: int = 1,
    first_update: int = 0,
) -> None:
    """Make an empty book of an array of zeros, `size_of_state` long.

    `order_room` orders may live at once, `trigger_room` of them waiting for their trigger.
    `window_bits` is the binary logarithm of the ring of prices. `log_rows` outcomes of a kind
    make `needs_drain` true. Order and trade ids begin with those given, update ids after
    `first_update`.
    """
    if len(state) != size_of_state(order_room, trigger_room, window_bits, log_rows):
        raise ValueError(f"{len(state)} places do not fit the room asked for")
    state[WINDOW_BITS], state[ORDER_ROOM], state[TRIGGER_ROOM] = (
        window_bits,
        order_room,
        trigger_room,
    )
    state[NEXT_ORDER], state[NEXT_TRADE], state[UPDATE_ID] = first_order, first_trade, first_update
    state[LAST_TICKS] = state[TOP_BID_TICKS] = state[TOP_ASK_TICKS] = NO_PRICE
    state[LOG_ROWS], state[IDS_BITS] = log_rows, ids_bits_for(order_room)
    place = _lay_queues(state, order_room, trigger_room)
    state[IDS_AT] = place
    place = _lay_records(state, place + (1 << ids_bits_for(order_room)))
    for need, (_, at, columns) in zip(log_needs(order_room), LOGS, strict=True):
        state[at] = place
        place += (need + log_rows) * columns


def _lay_queues(state: Ints, order_room: int, trigger_room: int) -> int:
    place = HEAD_SIZE
    for queue, levels in zip(QUEUES, _rooms(order_room, trigger_room), strict=True):
        state[queue + SIGN] = 1 if queue in {ASK_QUEUE, UP_QUEUE} else -1
        state[queue + BEST] = NO_KEY
        state[queue + BASE] = 0
        for name, size in _queue_parts(int(state[WINDOW_BITS]), levels).items():
            state[queue + name] = place
            place += size
        order = state[queue + ORDER_AT]
        state[order : order + chunks_for(levels)] = np.arange(chunks_for(levels))
    state[CHUNK_ROOM] = chunks_for(order_room)
    return place


def _lay_records(state: Ints, place: int) -> int:
    """Give orders and levels their records; return the place behind them.

    A free record holds how far behind its end the next free one begins: zero, as memory comes,
    is the neighbour, so that records that no order ever needed are never touched.
    """
    count = int(state[ORDER_ROOM]) + 1
    state[FREE_ORDER] = place
    state[FREE_LEVEL] = place + count * ORDER_SIZE
    return place + count * (ORDER_SIZE + LEVEL_SIZE)


def _rooms(order_room: int, trigger_room: int) -> tuple[int, int, int, int]:
    return order_room, order_room, trigger_room, trigger_room


def _queue_parts(window_bits: int, levels: int) -> dict[int, int]:
    window, chunks = 1 << window_bits, chunks_for(levels)
    return {
        SLOTS_AT: window,
        WORDS_AT: window // 64,
        SUMMARY_AT: window // BLOCK,
        FIRSTS_AT: chunks,
        ORDER_AT: chunks,
        CHUNKS_AT: chunks * CHUNK_SIZE,
    }


def _queue_size(window_bits: int, levels: int) -> int:
    return sum(_queue_parts(window_bits, levels).values())
