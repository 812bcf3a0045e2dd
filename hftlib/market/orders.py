"""What can be asked of a matching engine, and what it says happened: the names of the numbers.

Commands and outcomes are rows of integers, so that agents, matching and logs compile. Prices are
ticks, quantities lots, cash ticks times lots: all exact.
"""

from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
"""Rows of int64, one outcome a row; the columns are told by the classes below."""

FIRST_ACCOUNT: Final = 1_000
"""Owners below this number are the market's own agents; accounts begin here and get reports."""
NO_PRICE: Final = -1
"""Stands for the price of an empty side, and for no trigger or no limit price."""


class BookSide(IntEnum):
    """Name the two sides of a book; a buyer's order rests on BID."""

    BID = 0
    ASK = 1


class OrderKind(IntEnum):
    """Name the kinds of orders, as Binance spot has them."""

    LIMIT = 0
    MARKET = 1
    LIMIT_MAKER = 2
    STOP_LOSS = 3
    STOP_LOSS_LIMIT = 4
    TAKE_PROFIT = 5
    TAKE_PROFIT_LIMIT = 6


class TimeInForce(IntEnum):
    """Name how long an order lives."""

    GTC = 0
    IOC = 1
    FOK = 2


class SelfTrade(IntEnum):
    """Name what happens when two orders of one owner would meet."""

    NONE = 0
    EXPIRE_TAKER = 1
    EXPIRE_MAKER = 2
    EXPIRE_BOTH = 3
    DECREMENT = 4


class ReportKind(IntEnum):
    """Name what can happen to an order."""

    NEW = 0
    TRADE = 1
    CANCELED = 2
    REPLACED = 3
    TRIGGERED = 4
    EXPIRED = 5
    PREVENTED = 6


class Refusal(IntEnum):
    """Name why the engine refused a command; `place` and its kin answer the negated value."""

    NONE = 0
    UNKNOWN_ORDER = 1
    BAD_PRICE = 2
    BAD_QUANTITY = 3
    WOULD_TAKE = 4
    WOULD_TRIGGER = 5
    NO_LIQUIDITY = 6
    NOT_OWNER = 7
    NOT_SMALLER = 8
    HALTED = 9
    BOOK_FULL = 10
    BAD_COMBINATION = 11


class ExpiryReason(IntEnum):
    """Name why an order expired."""

    NONE = 0
    IMMEDIATE_REST = 1
    NOT_FILLABLE = 2
    NO_LIQUIDITY = 3
    SELF_TRADE = 4


class Change(IntEnum):
    """Name the columns of a level change; `LOTS` is the level's new total, 0 when it is gone."""

    TIME_NS = 0
    UPDATE_ID = 1
    SIDE = 2
    TICKS = 3
    LOTS = 4


class Print(IntEnum):
    """Name the columns of a trade; `AGGRESSOR` is the taker's side as a BookSide."""

    TIME_NS = 0
    TRADE_ID = 1
    TICKS = 2
    LOTS = 3
    AGGRESSOR = 4
    MAKER_ORDER = 5
    TAKER_ORDER = 6
    MAKER_OWNER = 7
    TAKER_OWNER = 8
    UPDATE_ID = 9


class Top(IntEnum):
    """Name the columns of a change of the best levels; a missing side is NO_PRICE with 0 lots."""

    TIME_NS = 0
    UPDATE_ID = 1
    BID_TICKS = 2
    BID_LOTS = 3
    ASK_TICKS = 4
    ASK_LOTS = 5


class Report(IntEnum):
    """Name the columns of a report on an account's order.

    `TICKS` and `LOTS` are those of the last fill (TRADE), the lots taken away (PREVENTED,
    REPLACED), else 0. `EXECUTED_CASH` is the sum of ticks times lots.
    """

    TIME_NS = 0
    KIND = 1
    ORDER = 2
    OWNER = 3
    SIDE = 4
    TICKS = 5
    LOTS = 6
    REMAINING = 7
    EXECUTED_LOTS = 8
    EXECUTED_CASH = 9
    TRADE_ID = 10
    IS_MAKER = 11
    REASON = 12
    COUNTER_OWNER = 13
    COUNTER_ORDER = 14


class Outflow(NamedTuple):
    """Hold what came out of one book since the last drain: int64 arrays of shape (n, columns)."""

    changes: Rows
    trades: Rows
    tops: Rows
    reports: Rows


class Order(NamedTuple):
    """Ask for a new order.

    `quantity` is in lots; a MARKET order gives it, or `cash` (ticks times lots, at most spent or
    received) and quantity 0. `trigger_ticks` belongs to stop and take-profit orders.
    """

    owner: int
    side: BookSide
    kind: OrderKind = OrderKind.LIMIT
    time_in_force: TimeInForce = TimeInForce.GTC
    price_ticks: int = NO_PRICE
    quantity: int = 0
    trigger_ticks: int = NO_PRICE
    cash: int = 0
    self_trade: SelfTrade = SelfTrade.NONE
