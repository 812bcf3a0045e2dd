"""The matching engine: price-time priority over the one flat array of a book.

`place`, `cancel` and `amend` are commands; other kernels call them with the book's array (or
slice). Each answers at once, an order id or lots or a negated Refusal, and leaves what happened
in the logs. Parts of commands (`accept`, `withdraw`) leave the room in the logs and the telling
of the top to their caller.

A command that trades may fire waiting orders: those stand in one line, by the trade that fired
them, then by price, then by time, and are executed one after another before the command returns.
"""

from hftlib.book.layout import BEST, NO_KEY, Ints
from hftlib.core.compiled import kernel
from hftlib.market.layout import (
    ALLOW,
    ASK_QUEUE,
    BAD_COMBINATION,
    BAD_PRICE,
    BAD_QUANTITY,
    BID_QUEUE,
    BOOK_FULL,
    CANCELED,
    CASH,
    COMPLETE,
    DECREMENT,
    DOWN_QUEUE,
    DRY,
    EXECUTED_CASH,
    EXECUTED_LOTS,
    EXPIRE_MAKER,
    EXPIRE_TAKER,
    EXPIRED,
    FIRED_FIRST,
    FIRED_LAST,
    FIRST,
    FOK,
    FORCE_SHIFT,
    GTC,
    HALTED,
    ID,
    IMMEDIATE_REST,
    IS_HALTED,
    KEY,
    KIND_SHIFT,
    LAST,
    LAST_TICKS,
    LEVEL,
    LIMIT,
    LIMIT_MAKER,
    LIVE,
    MARKET,
    MAXIMUM_CASH,
    MAXIMUM_LOTS,
    MAXIMUM_PRICE,
    NEW,
    NEXT,
    NEXT_ORDER,
    NEXT_TRADE,
    NO_LIQUIDITY,
    NOT_FILLABLE,
    NOT_OWNER,
    NOT_SMALLER,
    ORDER_ROOM,
    OWNER,
    PREVENTED,
    PRICE,
    QUANTITY,
    QUEUE,
    REMAINING,
    REPLACED,
    SELF_SHIFT,
    SELF_TRADE,
    STOP_LOSS,
    STOP_LOSS_LIMIT,
    TAKE_PROFIT,
    TAKE_PROFIT_LIMIT,
    TIME_NS,
    TOTAL,
    TRADE,
    TRAITS,
    TRIGGER,
    TRIGGER_ROOM,
    TRIGGERED,
    UNKNOWN_ORDER,
    UP_QUEUE,
    WAITING,
    WOULD_TAKE,
    WOULD_TRIGGER,
)
from hftlib.market.log_kernel import (
    lacks_room,
    log_change,
    log_report,
    log_top,
    log_trade,
    report_fill,
)
from hftlib.market.orders import NO_PRICE
from hftlib.market.queue_kernel import (
    append,
    best_level,
    close_level,
    enter_id,
    find_order,
    free_order,
    key_after,
    level_at,
    strike_id,
    take_order,
    unlink,
)

ANY_KEY = NO_KEY - 1
"""The limit of an order that takes any price."""


@kernel
def lots_at(book: Ints, side: int, ticks: int) -> int:
    """Return the lots that rest on a side (a BookSide) at a price."""
    level = level_at(book, ASK_QUEUE, ticks) if side else level_at(book, BID_QUEUE, -ticks)
    return book[level + TOTAL] if level != 0 else 0


@kernel
def remaining_of(book: Ints, order_id: int) -> int:
    """Return the lots that a live order has left, 0 when it is gone."""
    order = find_order(book, order_id)
    return book[order + REMAINING] if order != 0 else 0


@kernel
def place(
    book: Ints,
    time_ns: int,
    owner: int,
    side: int,
    kind: int,
    time_in_force: int,
    price_ticks: int,
    quantity: int,
    trigger_ticks: int,
    cash: int,
    self_trade: int,
) -> int:
    """Place an order; return its id, or a negated Refusal with nothing changed.

    Arguments are those of `orders.Order`, enumerations as integers. A price or trigger that a
    kind does not have is NO_PRICE; the time in force of orders without a price is not looked at.
    """
    refusal = check_state(book)
    if refusal != 0:
        return -refusal
    answer = accept(
        book,
        time_ns,
        owner,
        side,
        kind,
        time_in_force,
        price_ticks,
        quantity,
        trigger_ticks,
        cash,
        self_trade,
    )
    log_top(book, time_ns)
    return answer


@kernel
def check_state(book: Ints) -> int:
    """Return the Refusal of whatever is not a cancelling while the book is halted, or 0."""
    if book[HALTED] != 0:
        return IS_HALTED
    return BOOK_FULL if lacks_room(book) else 0


@kernel
def accept(
    book: Ints,
    time_ns: int,
    owner: int,
    side: int,
    kind: int,
    time_in_force: int,
    price_ticks: int,
    quantity: int,
    trigger_ticks: int,
    cash: int,
    self_trade: int,
) -> int:
    """Accept an order and all that follows from it, or refuse it; as `place` does."""
    refusal = check_form(side, kind, time_in_force, price_ticks, trigger_ticks, cash, self_trade)
    if refusal == 0:
        refusal = check_size(price_ticks, quantity, cash)
    if refusal == 0:
        refusal = check_market(book, side, kind, price_ticks, trigger_ticks, cash)
    if refusal != 0:
        return -refusal
    order = take_order(book)
    order_id = book[NEXT_ORDER]
    book[NEXT_ORDER] = order_id + 1
    book[order + ID] = order_id
    book[order + OWNER] = owner
    book[order + REMAINING] = quantity
    book[order + LEVEL] = 0
    book[order + EXECUTED_LOTS] = 0
    book[order + EXECUTED_CASH] = 0
    book[order + TRAITS] = (
        side | kind << KIND_SHIFT | time_in_force << FORCE_SHIFT | self_trade << SELF_SHIFT
    )
    book[order + PRICE] = price_ticks
    book[order + QUANTITY] = quantity
    book[order + TRIGGER] = trigger_ticks
    book[order + CASH] = cash
    book[order + TIME_NS] = time_ns
    log_report(book, time_ns, NEW, order, 0, 0)
    if kind >= STOP_LOSS:
        is_up = rises(side, kind)
        queue = UP_QUEUE if is_up else DOWN_QUEUE
        stand(book, order, queue, trigger_ticks if is_up else -trigger_ticks)
        book[WAITING] += 1
        return order_id  # type: ignore[no-any-return]
    if cash != 0:
        book[order + REMAINING] = MAXIMUM_LOTS
    book[order + NEXT] = 0
    book[order + QUEUE] = 0
    book[FIRED_FIRST] = order
    book[FIRED_LAST] = order
    execute_fired(book, time_ns)
    return order_id  # type: ignore[no-any-return]


@kernel
def check_form(
    side: int,
    kind: int,
    time_in_force: int,
    price_ticks: int,
    trigger_ticks: int,
    cash: int,
    self_trade: int,
) -> int:
    """Return the Refusal of an order whose parts do not belong together, or 0."""
    if side & 1 != side or kind < LIMIT or kind > TAKE_PROFIT_LIMIT:
        return BAD_COMBINATION
    if time_in_force < GTC or time_in_force > FOK or self_trade < ALLOW or self_trade > DECREMENT:
        return BAD_COMBINATION
    if kind == LIMIT_MAKER and time_in_force != GTC:
        return BAD_COMBINATION
    if kind == MARKET or kind == STOP_LOSS or kind == TAKE_PROFIT:
        if price_ticks != NO_PRICE:
            return BAD_COMBINATION
    elif price_ticks <= 0 or price_ticks > MAXIMUM_PRICE:
        return BAD_PRICE
    if kind < STOP_LOSS:
        if trigger_ticks != NO_PRICE:
            return BAD_COMBINATION
    elif trigger_ticks <= 0 or trigger_ticks > MAXIMUM_PRICE:
        return BAD_PRICE
    if cash != 0 and kind != MARKET:
        return BAD_COMBINATION
    return 0


@kernel
def check_size(price_ticks: int, quantity: int, cash: int) -> int:
    """Return the Refusal of an order that is too small, too large, or sized twice; else 0."""
    if quantity < 0 or quantity > MAXIMUM_LOTS or cash < 0 or cash > MAXIMUM_CASH:
        return BAD_QUANTITY
    if cash != 0:
        return BAD_COMBINATION if quantity != 0 else 0
    if quantity == 0:
        return BAD_QUANTITY
    if price_ticks != NO_PRICE and quantity > MAXIMUM_CASH // price_ticks:
        return BAD_QUANTITY
    return 0


@kernel
def check_market(
    book: Ints, side: int, kind: int, price_ticks: int, trigger_ticks: int, cash: int
) -> int:
    """Return the Refusal of a sound order that the book cannot take now, or 0."""
    if kind >= STOP_LOSS:
        if book[WAITING] >= book[TRIGGER_ROOM] or book[LIVE] >= book[ORDER_ROOM]:
            return BOOK_FULL
        last = book[LAST_TICKS]
        if last == NO_PRICE:
            return 0
        through = last >= trigger_ticks if rises(side, kind) else last <= trigger_ticks
        return WOULD_TRIGGER if through else 0
    # Not the tops that were told last: a replacement has withdrawn an order since.
    best = book[(BID_QUEUE if side else ASK_QUEUE) + BEST]
    if kind == MARKET:
        if best == NO_KEY:
            return NO_LIQUIDITY
        return BAD_QUANTITY if cash != 0 and cash < abs(best) else 0
    if book[LIVE] >= book[ORDER_ROOM]:
        return BOOK_FULL
    return WOULD_TAKE if kind == LIMIT_MAKER and best <= limit_key(side, price_ticks) else 0


@kernel
def limit_key(side: int, price_ticks: int) -> int:
    """Return the last key of the other side that an order of a side and price trades at."""
    if price_ticks == NO_PRICE:
        return ANY_KEY
    return -price_ticks if side else price_ticks


@kernel
def rises(side: int, kind: int) -> bool:
    """Say whether an order of a waiting kind is fired by a rising price."""
    return (side == 0) == (kind == STOP_LOSS or kind == STOP_LOSS_LIMIT)


@kernel
def stand(book: Ints, order: int, queue: int, key: int) -> int:
    """Put an order last in line at a key of a queue; return the level's record."""
    enter_id(book, order)
    return append(book, queue, key, order)


@kernel
def execute(book: Ints, time_ns: int, order: int) -> None:
    """Match an order that is in no queue, then let it rest, or end it."""
    traits = book[order + TRAITS]
    price = book[order + PRICE]
    queue = BID_QUEUE if traits & 1 else ASK_QUEUE
    limit = limit_key(traits & 1, price)
    if book[queue + BEST] <= limit:
        if is_unfillable(book, order, queue, limit):
            expire(book, time_ns, order, NOT_FILLABLE)
            return
        take(book, time_ns, order, queue, limit)
        if book[order + REMAINING] == 0:
            free_order(book, order)
            return
        if book[queue + BEST] <= limit:
            # What stands there still costs more than the cash that is left.
            expire(book, time_ns, order, COMPLETE if book[order + CASH] != 0 else DRY)
            return
    force = (traits >> FORCE_SHIFT) & 3
    if price == NO_PRICE:
        expire(book, time_ns, order, DRY)
    elif force != GTC:
        expire(book, time_ns, order, NOT_FILLABLE if force == FOK else IMMEDIATE_REST)
    else:
        queue = ASK_QUEUE if traits & 1 else BID_QUEUE
        level = stand(book, order, queue, price if traits & 1 else -price)
        log_change(book, time_ns, queue, level)


@kernel
def expire(book: Ints, time_ns: int, order: int, reason: int) -> None:
    """End an order that is in no queue."""
    if book[order + CASH] != 0:
        book[order + REMAINING] = 0
    log_report(book, time_ns, EXPIRED, order, 0, reason)
    free_order(book, order)


@kernel
def is_unfillable(book: Ints, order: int, queue: int, limit: int) -> bool:
    """Say whether a fill-or-kill order cannot be filled whole at once; False for other orders."""
    traits = book[order + TRAITS]
    if (traits >> FORCE_SHIFT) & 3 != FOK or book[order + PRICE] == NO_PRICE:
        return False
    wanted = book[order + REMAINING]
    cash = MAXIMUM_CASH
    key = book[queue + BEST]
    while wanted > 0 and key <= limit:
        lots = reachable(book, order, level_at(book, queue, key), wanted)
        if lots < 0 or lots > cash // abs(key):
            return True
        cash -= lots * abs(key)
        wanted -= lots
        key = key_after(book, queue, key)
    return wanted > 0  # type: ignore[no-any-return]


@kernel
def reachable(book: Ints, order: int, level: int, wanted: int) -> int:
    """Return the lots, at most `wanted`, that an order can have of a level.

    It is -1 where an order of the same owner stands in the way and is not simply taken out.
    """
    rule = book[order + TRAITS] >> SELF_SHIFT
    if rule == ALLOW:
        return min(wanted, book[level + TOTAL])  # type: ignore[no-any-return]
    lots = 0
    maker = book[level + FIRST]
    while maker != 0 and lots < wanted:
        if book[maker + OWNER] != book[order + OWNER]:
            lots += book[maker + REMAINING]
        elif rule != EXPIRE_MAKER:
            return -1
        maker = book[maker + NEXT]
    return min(wanted, lots)


@kernel
def take(book: Ints, time_ns: int, taker: int, queue: int, limit: int) -> None:
    """Fill an order level by level, up to the key `limit`, and fire what the prices fire."""
    while book[taker + REMAINING] > 0 and book[queue + BEST] <= limit:
        level = best_level(book, queue)
        ticks = abs(book[level + KEY])
        room = affordable(book, taker, ticks)
        if room == 0:
            return
        trade_before = book[NEXT_TRADE]
        total_before = book[level + TOTAL]
        fill_level(book, time_ns, taker, level, ticks, room)
        if book[level + TOTAL] != total_before:
            log_change(book, time_ns, queue, level)
            if book[level + FIRST] == 0:
                close_level(book, queue, level)
        if book[NEXT_TRADE] != trade_before:
            gather_fired(book, ticks)


@kernel
def affordable(book: Ints, taker: int, ticks: int) -> int:
    """Return the lots that an order can still trade at a price.

    An order by cash has as many lots remaining as its cash pays, at each price anew. Every order
    ends before its cash would leave the 63 bits.
    """
    cash = book[taker + CASH]
    if cash == 0:
        return min(  # type: ignore[no-any-return]
            book[taker + REMAINING],
            (MAXIMUM_CASH - book[taker + EXECUTED_CASH]) // ticks,
        )
    lots = min(MAXIMUM_LOTS, (cash - book[taker + EXECUTED_CASH]) // ticks)
    if lots > 0:
        book[taker + REMAINING] = lots
    return lots  # type: ignore[no-any-return]


@kernel
def fill_level(book: Ints, time_ns: int, taker: int, level: int, ticks: int, room: int) -> None:
    """Fill an order by at most `room` lots of one level, whoever came first first."""
    rule = book[taker + TRAITS] >> SELF_SHIFT
    owner = book[taker + OWNER]
    end = book[taker + REMAINING] - room
    maker = book[level + FIRST]
    while maker != 0 and book[taker + REMAINING] > end:
        if rule != ALLOW and book[maker + OWNER] == owner:
            prevent(book, time_ns, taker, maker, ticks, rule)
        else:
            trade(book, time_ns, taker, maker, ticks, book[taker + REMAINING] - end)
        if book[maker + REMAINING] == 0:
            unlink(book, level, maker)
            strike_id(book, maker)
            free_order(book, maker)
        maker = book[level + FIRST]


@kernel
def trade(book: Ints, time_ns: int, taker: int, maker: int, ticks: int, room: int) -> None:
    """Let two orders trade, the lots of the smaller but at most `room`, at the maker's price."""
    lots = min(room, book[maker + REMAINING])
    trade_id = log_trade(book, time_ns, ticks, lots, maker, taker)
    book[book[maker + LEVEL] + TOTAL] -= lots
    book[maker + REMAINING] -= lots
    book[maker + EXECUTED_LOTS] += lots
    book[maker + EXECUTED_CASH] += lots * ticks
    book[taker + REMAINING] -= lots
    book[taker + EXECUTED_LOTS] += lots
    book[taker + EXECUTED_CASH] += lots * ticks
    report_fill(book, time_ns, maker, taker, TRADE, lots, ticks, trade_id)
    report_fill(book, time_ns, taker, maker, TRADE, lots, ticks, trade_id)


@kernel
def prevent(book: Ints, time_ns: int, taker: int, maker: int, ticks: int, rule: int) -> None:
    """Keep two orders of one owner from trading, as the taker's rule says."""
    shared = min(book[taker + REMAINING], book[maker + REMAINING])
    if rule != EXPIRE_TAKER:
        gone = shared if rule == DECREMENT else book[maker + REMAINING]
        book[book[maker + LEVEL] + TOTAL] -= gone
        lose(book, time_ns, maker, taker, gone, ticks)
    if rule != EXPIRE_MAKER:
        gone = shared if rule == DECREMENT else book[taker + REMAINING]
        if rule == DECREMENT and book[taker + CASH] != 0:
            book[taker + CASH] -= gone * ticks
        lose(book, time_ns, taker, maker, gone, ticks)


@kernel
def lose(book: Ints, time_ns: int, order: int, counter: int, lots: int, ticks: int) -> None:
    """Take lots from an order that met one of its own owner; without any left it has expired."""
    book[order + REMAINING] -= lots
    report_fill(book, time_ns, order, counter, PREVENTED, lots, ticks, 0)
    if book[order + REMAINING] == 0:
        log_report(book, time_ns, EXPIRED, order, 0, SELF_TRADE)


@kernel
def gather_fired(book: Ints, ticks: int) -> None:
    """Append the orders that a trade at a price fires to the line, level by level."""
    while book[UP_QUEUE + BEST] <= ticks or book[DOWN_QUEUE + BEST] <= -ticks:
        queue = UP_QUEUE if book[UP_QUEUE + BEST] <= ticks else DOWN_QUEUE
        level = best_level(book, queue)
        first = book[level + FIRST]
        if book[FIRED_FIRST] == 0:
            book[FIRED_FIRST] = first
        else:
            book[book[FIRED_LAST] + NEXT] = first
        book[FIRED_LAST] = book[level + LAST]
        close_level(book, queue, level)


@kernel
def execute_fired(book: Ints, time_ns: int) -> None:
    """Execute the orders of the line in turn; those that they fire join it.

    A new order is the first in line; the others have waited in a queue.
    """
    while book[FIRED_FIRST] != 0:
        order = book[FIRED_FIRST]
        book[FIRED_FIRST] = book[order + NEXT]
        if book[order + QUEUE] != 0:
            book[order + LEVEL] = 0
            strike_id(book, order)
            book[WAITING] -= 1
            log_report(book, time_ns, TRIGGERED, order, 0, 0)
        execute(book, time_ns, order)


@kernel
def own_order(book: Ints, owner: int, order_id: int) -> int:
    """Return the record of an owner's live order, or a negated Refusal."""
    order = find_order(book, order_id)
    if order == 0:
        return -UNKNOWN_ORDER
    if book[order + OWNER] != owner:
        return -NOT_OWNER
    return order


@kernel
def cancel(book: Ints, time_ns: int, owner: int, order_id: int) -> int:
    """Cancel a resting or waiting order; return the lots it had left, or a negated Refusal.

    A halted book cancels too.
    """
    if lacks_room(book):
        return -BOOK_FULL
    answer = withdraw(book, time_ns, owner, order_id)
    log_top(book, time_ns)
    return answer


@kernel
def withdraw(book: Ints, time_ns: int, owner: int, order_id: int) -> int:
    """Take an order out of the book, as `cancel` does."""
    order = own_order(book, owner, order_id)
    if order < 0:
        return order
    remaining = book[order + REMAINING]
    queue = book[order + QUEUE]
    level = book[order + LEVEL]
    unlink(book, level, order)
    book[level + TOTAL] -= remaining
    if queue >= UP_QUEUE:
        book[WAITING] -= 1
    else:
        log_change(book, time_ns, queue, level)
    if book[level + FIRST] == 0:
        close_level(book, queue, level)
    strike_id(book, order)
    log_report(book, time_ns, CANCELED, order, 0, 0)
    free_order(book, order)
    return remaining  # type: ignore[no-any-return]


@kernel
def amend(book: Ints, time_ns: int, owner: int, order_id: int, quantity: int) -> int:
    """Make an order smaller where it stands in line; return the lots left, or a negated Refusal.

    `quantity` is the whole order's: NOT_SMALLER unless below what it is, BAD_QUANTITY unless
    something of it would be left to trade.
    """
    refusal = check_state(book)
    if refusal != 0:
        return -refusal
    order = own_order(book, owner, order_id)
    if order < 0:
        return order
    gone = book[order + QUANTITY] - quantity
    if gone <= 0:
        return -NOT_SMALLER
    if quantity <= 0 or gone >= book[order + REMAINING]:
        return -BAD_QUANTITY
    queue = book[order + QUEUE]
    level = book[order + LEVEL]
    book[order + QUANTITY] = quantity
    book[order + REMAINING] -= gone
    book[level + TOTAL] -= gone
    log_report(book, time_ns, REPLACED, order, gone, 0)
    if queue < UP_QUEUE:
        log_change(book, time_ns, queue, level)
        log_top(book, time_ns)
    return book[order + REMAINING]  # type: ignore[no-any-return]
