"""What Python calls of a matching book: commands in rows, and questions about what stands in it."""

from hftlib.book.layout import BEST, NO_KEY, Ints
from hftlib.book.window_kernel import copy_levels
from hftlib.core.compiled import INT, INTS, entry
from hftlib.market.layout import (
    AMEND,
    ASK_QUEUE,
    BID_QUEUE,
    CANCEL,
    COMMAND_CASH,
    COMMAND_FORCE,
    COMMAND_KIND,
    COMMAND_ORDER,
    COMMAND_OWNER,
    COMMAND_PRICE,
    COMMAND_QUANTITY,
    COMMAND_SELF_TRADE,
    COMMAND_SIDE,
    COMMAND_SIZE,
    COMMAND_TIME_NS,
    COMMAND_TRIGGER,
    FIRST,
    HALTED,
    IS_HALTED,
    NEXT,
    ORDER_SIZE,
    PLACE,
    TOTAL,
)
from hftlib.market.log_kernel import log_top, needs_drain
from hftlib.market.matching_kernel import accept, amend, lots_at, withdraw
from hftlib.market.queue_kernel import find_order, key_after, level_at


@entry(INTS, INTS, INTS, INT)
def run_commands(book: Ints, commands: Ints, answers: Ints, first: int) -> int:
    """Carry out commands from number `first` on, until a log wants to be drained.

    `commands` are their columns row by row; return the number of the next command to be done. A
    replacement is a cancelling, and then an order, even where that is refused.
    """
    for number in range(first, len(answers)):
        if needs_drain(book):
            return number
        row = number * COMMAND_SIZE
        what = commands[row]
        time_ns = commands[row + COMMAND_TIME_NS]
        owner = commands[row + COMMAND_OWNER]
        order_id = commands[row + COMMAND_ORDER]
        answer = -IS_HALTED if book[HALTED] != 0 and what != CANCEL else 0
        if answer == 0 and what == AMEND:
            answer = amend(book, time_ns, owner, order_id, commands[row + COMMAND_QUANTITY])
        elif answer == 0:
            if what != PLACE:
                answer = withdraw(book, time_ns, owner, order_id)
            if what != CANCEL and answer >= 0:
                answer = accept(
                    book,
                    time_ns,
                    owner,
                    commands[row + COMMAND_SIDE],
                    commands[row + COMMAND_KIND],
                    commands[row + COMMAND_FORCE],
                    commands[row + COMMAND_PRICE],
                    commands[row + COMMAND_QUANTITY],
                    commands[row + COMMAND_TRIGGER],
                    commands[row + COMMAND_CASH],
                    commands[row + COMMAND_SELF_TRADE],
                )
            log_top(book, time_ns)
        answers[number] = answer
    return len(answers)


@entry(INTS, INT)
def find(book: Ints, order_id: int) -> int:
    """Return the record of a live order, 0 when there is none of that id."""
    return find_order(book, order_id)


@entry(INTS, INT, INT)
def read_lots(book: Ints, side: int, ticks: int) -> int:
    """Return the lots that rest on a side at a price."""
    return lots_at(book, side, ticks)


@entry(INTS, INT, INTS, INTS)
def read_levels(book: Ints, side: int, ticks: Ints, lots: Ints) -> int:
    """Copy the first levels of a side, as many as fit; return their count."""
    count = copy_levels(book, ASK_QUEUE if side else BID_QUEUE, ticks, 0, lots, 0, len(ticks))
    for index in range(count):
        lots[index] = book[lots[index] + TOTAL]
    return count


@entry(INTS, INT, INTS)
def read_orders(book: Ints, queue: int, rows: Ints) -> int:
    """Copy the records of a queue's orders in price-time order; return their count.

    There must be room for all of them.
    """
    count = 0
    key = book[queue + BEST]
    while key != NO_KEY:
        order = book[level_at(book, queue, key) + FIRST]
        while order != 0:
            for place_in_record in range(ORDER_SIZE):
                rows[count * ORDER_SIZE + place_in_record] = book[order + place_in_record]
            count += 1
            order = book[order + NEXT]
        key = key_after(book, queue, key)
    return count
