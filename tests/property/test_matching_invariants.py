"""What holds of a matching engine whatever is asked of it: order, fairness, conservation."""

from collections import Counter, defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hftlib.market.layout import log_needs
from hftlib.market.matching import MatchingBook
from hftlib.market.orders import (
    NO_PRICE,
    BookSide,
    Change,
    Order,
    OrderKind,
    Outflow,
    Print,
    Report,
    ReportKind,
    SelfTrade,
    TimeInForce,
    Top,
)

OWNERS = (1000, 1001, 1002)
sides = st.sampled_from(list(BookSide))
prices = st.integers(95, 105)
lots = st.integers(1, 12)
rules = st.sampled_from(list(SelfTrade))
owners = st.sampled_from(OWNERS)


def orders_of(**parts) -> st.SearchStrategy[Order]:
    """Return a strategy of orders with the parts given."""
    drawn = {"owner": owners, "side": sides, "self_trade": rules, **parts}
    return st.fixed_dictionaries(drawn).map(lambda chosen: Order(**chosen))


def kinds(*chosen: OrderKind) -> st.SearchStrategy[OrderKind]:
    return st.sampled_from(chosen)


limits = orders_of(
    kind=kinds(OrderKind.LIMIT, OrderKind.LIMIT, OrderKind.LIMIT_MAKER),
    price_ticks=prices,
    quantity=lots,
)
at_once = orders_of(
    time_in_force=st.sampled_from((TimeInForce.IOC, TimeInForce.FOK)),
    price_ticks=prices,
    quantity=lots,
)
market = kinds(OrderKind.MARKET)
markets = orders_of(kind=market, quantity=lots) | orders_of(kind=market, cash=st.integers(1, 3000))
waiting = orders_of(
    kind=kinds(OrderKind.STOP_LOSS, OrderKind.TAKE_PROFIT), quantity=lots, trigger_ticks=prices
) | orders_of(
    kind=kinds(OrderKind.STOP_LOSS_LIMIT, OrderKind.TAKE_PROFIT_LIMIT),
    price_ticks=prices,
    quantity=lots,
    trigger_ticks=prices,
)
orders = limits | limits | at_once | markets | waiting
order_ids = st.integers(1, 40)
commands = st.lists(
    orders
    | st.tuples(st.just("cancel"), owners, order_ids)
    | st.tuples(st.just("amend"), owners, order_ids, lots)
    | st.tuples(st.just("replace"), order_ids, limits | waiting),
    max_size=60,
)


def carry_out(book: MatchingBook, command, now_ns: int) -> int:
    """Carry out a generated command."""
    if isinstance(command, Order):
        return book.place(command, now_ns)
    if command[0] == "cancel":
        return book.cancel(*command[1:], now_ns)
    if command[0] == "amend":
        return book.amend(*command[1:], now_ns)
    return book.replace(*command[1:], now_ns)


def best_of(book: MatchingBook) -> tuple[int, int]:
    """Return the best bid and ask, far away where there are none."""
    bid, ask = book.best_bid, book.best_ask
    return bid[0] if bid else -1, ask[0] if ask else 10**6


@given(commands)
def test_the_book_is_never_crossed_and_no_better_price_is_passed_by(history) -> None:
    book = MatchingBook(window_bits=13)
    for now_ns, command in enumerate(history):
        carry_out(book, command, now_ns)
        flow = book.drain()
        bid, ask = best_of(book)
        assert bid < ask
        has_fired = ReportKind.TRIGGERED in flow.reports[:, Report.KIND]
        for trade in flow.trades[-1:] if not has_fired else ():
            if trade[Print.AGGRESSOR] == BookSide.BID:
                assert ask >= trade[Print.TICKS]
            else:
                assert bid <= trade[Print.TICKS]


@given(commands)
def test_the_first_in_a_level_trade_first(history) -> None:
    book = MatchingBook(window_bits=13)
    lines: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for now_ns, command in enumerate(history):
        carry_out(book, command, now_ns)
        flow = book.drain()
        for order_id in dict.fromkeys(flow.reports[:, Report.ORDER].tolist()):
            order = book.order(order_id)
            if order is not None and not order.waits:
                line = lines[order.side, order.price_ticks]
                line += [order_id] * (order_id not in line)
        for trade in flow.trades.tolist():
            level = 1 - trade[Print.AGGRESSOR], trade[Print.TICKS]
            maker = trade[Print.MAKER_ORDER]
            before = lines[level][: lines[level].index(maker)] if maker in lines[level] else []
            assert not any(book.order(order_id) for order_id in before)
        for line in lines.values():
            live = [order_id for order_id in line if book.order(order_id)]
            ahead = np.cumsum([0] + [book.order(order_id).remaining for order_id in live])
            assert [book.queue_ahead(order_id) for order_id in live] == ahead[:-1].tolist()


def accounted(flow: Outflow) -> dict[str, Counter]:
    """Return lots per order: asked for, and what became of them, by the reports."""
    lots_of: dict[str, Counter] = defaultdict(Counter)
    for row in flow.reports.tolist():
        kind, order_id = ReportKind(row[Report.KIND]), row[Report.ORDER]
        if kind is ReportKind.NEW:
            lots_of["asked"][order_id] += row[Report.REMAINING]
        elif kind in {ReportKind.CANCELED, ReportKind.EXPIRED}:
            lots_of["ended"][order_id] += row[Report.REMAINING]
        elif kind in {ReportKind.PREVENTED, ReportKind.REPLACED}:
            lots_of["lost"][order_id] += row[Report.LOTS]
        elif kind is ReportKind.TRADE:
            lots_of["filled"][order_id] += row[Report.LOTS]
    return lots_of


@given(commands)
def test_every_lot_is_resting_or_filled_or_ended(history) -> None:
    book = MatchingBook(window_bits=13)
    for now_ns, command in enumerate(history):
        carry_out(book, command, now_ns)
    flow = book.drain()
    lots_of = accounted(flow)
    rows = flow.reports.tolist()
    by_cash = {
        row[Report.ORDER]
        for row in rows
        if row[Report.KIND] == ReportKind.NEW and row[Report.REMAINING] == 0
    }
    live = 0
    for order_id, asked in lots_of["asked"].items():
        order = book.order(order_id)
        live += order is not None
        became = sum(lots_of[name][order_id] for name in ("filled", "lost", "ended"))
        if order_id not in by_cash:
            assert asked == became + (order.remaining if order else 0)
    assert live == book.order_count


@given(commands)
def test_each_trade_moves_the_same_lots_and_cash_for_both(history) -> None:
    book = MatchingBook(window_bits=13)
    placed: dict[int, Order] = {}
    for now_ns, command in enumerate(history):
        answer = carry_out(book, command, now_ns)
        if isinstance(command, Order) and answer > 0:
            placed[answer] = command
    flow = book.drain()
    told: dict[int, list[tuple[int, ...]]] = defaultdict(list)
    last: dict[int, list[int]] = {}
    for row in flow.reports.tolist():
        last[row[Report.ORDER]] = row
        if row[Report.KIND] == ReportKind.TRADE:
            told[row[Report.TRADE_ID]].append(tuple(row))
    spent: Counter = Counter()
    for trade in flow.trades.tolist():
        maker, taker = told[trade[Print.TRADE_ID]]
        assert (maker[Report.IS_MAKER], taker[Report.IS_MAKER]) == (1, 0)
        assert maker[Report.SIDE] != taker[Report.SIDE] == trade[Print.AGGRESSOR]
        assert maker[Report.LOTS] == taker[Report.LOTS] == trade[Print.LOTS] > 0
        assert maker[Report.TICKS] == taker[Report.TICKS] == trade[Print.TICKS]
        for one in (maker, taker):
            spent[one[Report.ORDER]] += trade[Print.LOTS] * trade[Print.TICKS]
            assert one[Report.EXECUTED_CASH] == spent[one[Report.ORDER]]
    assert len(told) == len(flow.trades)
    for order_id, order in placed.items():
        assert last[order_id][Report.EXECUTED_CASH] == spent[order_id]
        assert not order.cash or spent[order_id] <= order.cash


@given(commands)
def test_the_changes_alone_rebuild_the_book_and_its_tops(history) -> None:
    book = MatchingBook(window_bits=13)
    sides_held: dict[int, dict[int, int]] = {0: {}, 1: {}}
    update_id, told = 0, (NO_PRICE, 0, NO_PRICE, 0)
    for now_ns, command in enumerate(history):
        carry_out(book, command, now_ns)
        flow = book.drain()
        for row in flow.changes.tolist():
            update_id += 1
            assert row[Change.UPDATE_ID] == update_id
            held = sides_held[row[Change.SIDE]]
            held[row[Change.TICKS]] = row[Change.LOTS]
            if row[Change.LOTS] == 0:
                del held[row[Change.TICKS]]
        for side, held in sides_held.items():
            ticks, held_lots = book.levels(side)
            best_first = sorted(held, reverse=side == BookSide.BID)
            assert ticks.tolist() == best_first
            assert held_lots.tolist() == [held[price] for price in best_first]
        bid, ask = book.best_bid or (NO_PRICE, 0), book.best_ask or (NO_PRICE, 0)
        assert len(flow.tops) == ((*bid, *ask) != told)
        told = (*bid, *ask)
        assert all(tuple(row[Top.BID_TICKS :]) == told for row in flow.tops)
        assert book.update_id == update_id


@given(commands)
def test_no_command_says_more_than_the_logs_have_room_for(history) -> None:
    book = MatchingBook(window_bits=13)
    for now_ns, command in enumerate(history):
        room = log_needs(book.order_count)
        carry_out(book, command, now_ns)
        assert all(len(rows) <= most for rows, most in zip(book.drain(), room, strict=True))
