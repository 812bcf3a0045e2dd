"""The logs of a matching book: one row for each outcome, until Python drains them."""

from hftlib.book.layout import SIGN, Ints
from hftlib.core.compiled import kernel
from hftlib.market.layout import (
    ASK_QUEUE,
    BID_QUEUE,
    CHANGE_COUNT,
    CHANGE_SIZE,
    CHANGES_AT,
    EXECUTED_CASH,
    EXECUTED_LOTS,
    ID,
    KEY,
    LAST_TICKS,
    LAST_TIME,
    LEVEL,
    LIVE,
    LOG_ROWS,
    NEXT_TRADE,
    ORDER_ROOM,
    OWNER,
    REMAINING,
    REPORT_COUNT,
    REPORT_SIZE,
    REPORTS_AT,
    SELF_TRADE,
    TOP_ASK_LOTS,
    TOP_ASK_TICKS,
    TOP_BID_LOTS,
    TOP_BID_TICKS,
    TOP_COUNT,
    TOP_SIZE,
    TOPS_AT,
    TOTAL,
    TRADE_COUNT,
    TRADE_SIZE,
    TRADES_AT,
    TRAITS,
    UPDATE_ID,
)
from hftlib.market.orders import FIRST_ACCOUNT, NO_PRICE
from hftlib.market.queue_kernel import best_level


@kernel
def needs_drain(book: Ints) -> bool:
    """Say whether a log holds as many rows as it should before Python drains it."""
    rows = book[LOG_ROWS]
    return (  # type: ignore[no-any-return]
        book[CHANGE_COUNT] >= rows
        or book[TRADE_COUNT] >= rows
        or book[TOP_COUNT] >= rows
        or book[REPORT_COUNT] >= rows
    )


@kernel
def lacks_room(book: Ints) -> bool:
    """Say whether the outcomes of one more command might not fit the logs.

    The rooms are those of `layout.log_needs` with every order alive, and LOG_ROWS on top; what
    the orders that are not alive cannot cause is free for more.
    """
    idle = book[ORDER_ROOM] - book[LIVE]
    rows = book[LOG_ROWS]
    return (  # type: ignore[no-any-return]
        book[CHANGE_COUNT] > rows + 2 * idle
        or book[TRADE_COUNT] > rows + idle
        or book[TOP_COUNT] >= rows
        or book[REPORT_COUNT] > rows + 4 * idle
    )


@kernel
def log_change(book: Ints, time_ns: int, queue: int, level: int) -> None:
    """Count an update and tell a level's new total."""
    book[UPDATE_ID] += 1
    row = book[CHANGES_AT] + book[CHANGE_COUNT] * CHANGE_SIZE
    book[CHANGE_COUNT] += 1
    book[row] = time_ns
    book[row + 1] = book[UPDATE_ID]
    book[row + 2] = queue != BID_QUEUE
    book[row + 3] = book[queue + SIGN] * book[level + KEY]
    book[row + 4] = book[level + TOTAL]


@kernel
def log_trade(book: Ints, time_ns: int, ticks: int, lots: int, maker: int, taker: int) -> int:
    """Count a trade, remember its price, and tell of it; return its id."""
    trade_id = book[NEXT_TRADE]
    book[NEXT_TRADE] = trade_id + 1
    book[LAST_TICKS] = ticks
    book[LAST_TIME] = time_ns
    row = book[TRADES_AT] + book[TRADE_COUNT] * TRADE_SIZE
    book[TRADE_COUNT] += 1
    book[row] = time_ns
    book[row + 1] = trade_id
    book[row + 2] = ticks
    book[row + 3] = lots
    book[row + 4] = book[taker + TRAITS] & 1
    book[row + 5] = book[maker + ID]
    book[row + 6] = book[taker + ID]
    book[row + 7] = book[maker + OWNER]
    book[row + 8] = book[taker + OWNER]
    # The level tells its new total once, after the taker is through with it.
    book[row + 9] = book[UPDATE_ID] + 1
    return trade_id  # type: ignore[no-any-return]


@kernel
def log_top(book: Ints, time_ns: int) -> None:
    """Tell the best levels when they are others than were told last."""
    bid_ticks = NO_PRICE
    bid_lots = 0
    ask_ticks = NO_PRICE
    ask_lots = 0
    bid = best_level(book, BID_QUEUE)
    if bid != 0:
        bid_ticks = -book[bid + KEY]
        bid_lots = book[bid + TOTAL]
    ask = best_level(book, ASK_QUEUE)
    if ask != 0:
        ask_ticks = book[ask + KEY]
        ask_lots = book[ask + TOTAL]
    if (
        bid_lots == book[TOP_BID_LOTS]
        and ask_lots == book[TOP_ASK_LOTS]
        and bid_ticks == book[TOP_BID_TICKS]
        and ask_ticks == book[TOP_ASK_TICKS]
    ):
        return
    book[TOP_BID_TICKS] = bid_ticks
    book[TOP_BID_LOTS] = bid_lots
    book[TOP_ASK_TICKS] = ask_ticks
    book[TOP_ASK_LOTS] = ask_lots
    row = book[TOPS_AT] + book[TOP_COUNT] * TOP_SIZE
    book[TOP_COUNT] += 1
    book[row] = time_ns
    book[row + 1] = book[UPDATE_ID]
    book[row + 2] = bid_ticks
    book[row + 3] = bid_lots
    book[row + 4] = ask_ticks
    book[row + 5] = ask_lots


@kernel
def log_report(book: Ints, time_ns: int, kind: int, order: int, lots: int, reason: int) -> int:
    """Tell an account what became of its order; return the row, 0 where nobody is told.

    The row's places for a price, a trade and a counterparty are left empty.
    """
    if book[order + OWNER] < FIRST_ACCOUNT:
        return 0
    row = book[REPORTS_AT] + book[REPORT_COUNT] * REPORT_SIZE
    book[REPORT_COUNT] += 1
    book[row] = time_ns
    book[row + 1] = kind
    book[row + 2] = book[order + ID]
    book[row + 3] = book[order + OWNER]
    book[row + 4] = book[order + TRAITS] & 1
    book[row + 5] = 0
    book[row + 6] = lots
    book[row + 7] = book[order + REMAINING]
    book[row + 8] = book[order + EXECUTED_LOTS]
    book[row + 9] = book[order + EXECUTED_CASH]
    book[row + 10] = 0
    book[row + 11] = 0
    book[row + 12] = reason
    book[row + 13] = 0
    book[row + 14] = 0
    return row  # type: ignore[no-any-return]


@kernel
def report_fill(
    book: Ints, time_ns: int, order: int, counter: int, kind: int, lots: int, ticks: int, trade: int
) -> None:
    """Tell an account of a fill (TRADE), or of one that was prevented (`trade` 0).

    Whoever stands in a level made the price; the taker stands in none.
    """
    reason = SELF_TRADE if trade == 0 else 0
    row = log_report(book, time_ns, kind, order, lots, reason)
    if row != 0:
        book[row + 5] = ticks
        book[row + 10] = trade
        book[row + 11] = book[order + LEVEL] != 0
        book[row + 13] = book[counter + OWNER]
        book[row + 14] = book[counter + ID]
