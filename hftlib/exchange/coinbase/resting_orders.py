"""Every resting order of a book, best first: for the levels that count orders or name them."""

import numpy as np

from hftlib.market.command_kernel import read_orders
from hftlib.market.layout import ASK_QUEUE, BID_QUEUE, ID, ORDER_SIZE, PRICE, REMAINING
from hftlib.market.matching import MatchingBook
from hftlib.market.orders import BookSide, Rows


def resting_orders(book: MatchingBook, side: BookSide) -> Rows:
    """Return a row (order id, ticks, lots left) for each order of a side, in their priority."""
    rows = np.empty((book.order_count, ORDER_SIZE), np.int64)
    queue = ASK_QUEUE if side is BookSide.ASK else BID_QUEUE
    found = read_orders(book.state, queue, rows.reshape(-1))
    return rows[:found, (ID, PRICE, REMAINING)]


def level_rows(book: MatchingBook, side: BookSide) -> Rows:
    """Return a row (ticks, lots, orders) for each level of a side, best first."""
    ticks, lots = book.levels(side)
    orders = resting_orders(book, side)[:, 1]
    first = np.flatnonzero(np.concatenate(([True], orders[1:] != orders[:-1])))
    counts = np.diff(np.append(first, len(orders)))
    return np.column_stack((ticks, lots, counts[: len(ticks)]))
