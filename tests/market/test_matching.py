"""The matching book: what each kind of order does, who is told what, and what may be asked."""

import numpy as np
import pytest

from hftlib.market.layout import CANCEL, COMMAND_SIZE, MAXIMUM_CASH, MAXIMUM_LOTS, PLACE
from hftlib.market.matching import MatchingBook
from hftlib.market.orders import (
    NO_PRICE,
    BookSide,
    Change,
    ExpiryReason,
    Order,
    OrderKind,
    Print,
    Refusal,
    Report,
    ReportKind,
    SelfTrade,
    TimeInForce,
)

ANN, BEA, AGENT = 1000, 1001, 7
BID, ASK = BookSide.BID, BookSide.ASK


def limit(owner: int, side: BookSide, price: int, quantity: int, **rest) -> Order:
    return Order(owner, side, price_ticks=price, quantity=quantity, **rest)


def market(owner: int, side: BookSide, quantity: int = 0, **rest) -> Order:
    return Order(owner, side, OrderKind.MARKET, quantity=quantity, **rest)


def stop(owner: int, side: BookSide, kind: OrderKind, trigger: int, **rest) -> Order:
    return Order(owner, side, kind, trigger_ticks=trigger, **{"quantity": 1, **rest})


@pytest.fixture
def book() -> MatchingBook:
    """Return a book with asks at 101 (5 lots) and 103 (7), and bids at 99 (4) and 98 (6)."""
    made = MatchingBook(orders=64, triggers=8, window_bits=13)
    for side, price, lots in ((ASK, 101, 5), (ASK, 103, 7), (BID, 99, 4), (BID, 98, 6)):
        made.place(limit(AGENT, side, price, lots), 1)
    made.drain()
    return made


def levels(book: MatchingBook, side: BookSide) -> list[tuple[int, int]]:
    return list(zip(*(part.tolist() for part in book.levels(side)), strict=True))


def prints(book: MatchingBook) -> list[tuple[int, int]]:
    """Drain; return the trades' prices and lots."""
    return [(row[Print.TICKS], row[Print.LOTS]) for row in book.drain().trades.tolist()]


def told(book: MatchingBook, owner: int = ANN) -> list[tuple[ReportKind, int, ExpiryReason]]:
    """Drain; return an account's reports as (kind, remaining, reason)."""
    return [
        (
            ReportKind(row[Report.KIND]),
            row[Report.REMAINING],
            ExpiryReason(row[Report.REASON]),
        )
        for row in book.drain().reports.tolist()
        if row[Report.OWNER] == owner
    ]


def trade_at(book: MatchingBook, price: int) -> None:
    """Let two agents trade one lot at a price inside the spread."""
    book.place(limit(AGENT, ASK, price, 1), 2)
    book.place(market(AGENT, BID, 1), 2)
    book.drain()


NEW, TRADE = ReportKind.NEW, ReportKind.TRADE
EXPIRED, PREVENTED = ReportKind.EXPIRED, ReportKind.PREVENTED
NONE, SELF = ExpiryReason.NONE, ExpiryReason.SELF_TRADE


# Orders that rest and orders that take.


def test_a_limit_order_rests_behind_those_at_its_price(book) -> None:
    first = book.place(limit(ANN, BID, 99, 3), 5)
    second = book.place(limit(BEA, BID, 99, 2), 6)
    assert levels(book, BID) == [(99, 9), (98, 6)]
    assert (book.queue_ahead(first), book.queue_ahead(second)) == (4, 7)
    assert book.best_bid == (99, 9)
    assert told(book) == [(NEW, 3, NONE)]


def test_a_limit_order_takes_up_to_its_price_and_rests_with_what_is_left(book) -> None:
    order_id = book.place(limit(ANN, BID, 102, 8), 5)
    flow = book.drain()
    assert [(row[Print.TICKS], row[Print.LOTS]) for row in flow.trades.tolist()] == [(101, 5)]
    assert levels(book, BID) == [(102, 3), (99, 4), (98, 6)]
    assert levels(book, ASK) == [(103, 7)]
    order = book.order(order_id)
    assert (order.remaining, order.executed_lots, order.executed_cash) == (3, 5, 505)
    assert len(flow.tops) == 1
    assert book.last_trade == (101, 5)


def test_a_trade_names_both_orders_and_the_update_that_shows_it(book) -> None:
    maker = book.place(limit(ANN, ASK, 100, 2), 5)
    taker = book.place(market(BEA, BID, 1), 6)
    flow = book.drain()
    trade = dict(zip(Print, flow.trades[0].tolist(), strict=True))
    assert (trade[Print.MAKER_ORDER], trade[Print.TAKER_ORDER]) == (maker, taker)
    assert (trade[Print.MAKER_OWNER], trade[Print.TAKER_OWNER]) == (ANN, BEA)
    assert (trade[Print.AGGRESSOR], trade[Print.TIME_NS]) == (BID, 6)
    shown = flow.changes[flow.changes[:, Change.UPDATE_ID] == trade[Print.UPDATE_ID]]
    assert shown.tolist() == [[6, trade[Print.UPDATE_ID], ASK, 100, 1]]
    mine = [row for row in flow.reports.tolist() if row[Report.OWNER] == ANN][-1]
    assert mine[Report.IS_MAKER] == 1
    assert (mine[Report.COUNTER_OWNER], mine[Report.COUNTER_ORDER]) == (BEA, taker)


def test_a_level_that_is_swept_through_is_told_once(book) -> None:
    book.place(limit(AGENT, ASK, 101, 2), 5)
    book.drain()
    book.place(market(ANN, BID, 6), 6)
    flow = book.drain()
    assert len(flow.trades) == 2
    assert flow.changes[:, [Change.TICKS, Change.LOTS]].tolist() == [[101, 1]]


def test_a_market_order_expires_with_what_nobody_sells(book) -> None:
    book.place(market(ANN, BID, 20), 5)
    assert told(book)[-1] == (EXPIRED, 8, ExpiryReason.NO_LIQUIDITY)
    assert book.best_ask is None
    assert book.place(market(ANN, BID, 1), 6) == -Refusal.NO_LIQUIDITY


def test_a_market_order_by_cash_buys_whole_lots_and_no_more(book) -> None:
    book.place(market(ANN, BID, cash=350), 5)
    rows = book.drain().reports.tolist()
    assert [row[Report.KIND] for row in rows] == [NEW, TRADE]
    assert (rows[-1][Report.EXECUTED_CASH], rows[-1][Report.REMAINING]) == (303, 0)


def test_a_market_order_by_cash_is_complete_before_a_price_that_it_cannot_pay(book) -> None:
    book.place(market(ANN, BID, cash=5 * 101 + 102), 5)
    assert told(book) == [(NEW, 0, NONE), (TRADE, 1, NONE), (EXPIRED, 0, NONE)]


def test_a_market_order_by_cash_expires_when_nobody_is_left(book) -> None:
    book.place(market(ANN, ASK, cash=10**6), 5)
    assert told(book)[-1] == (EXPIRED, 0, ExpiryReason.NO_LIQUIDITY)
    assert prints(book) == []
    assert book.best_bid is None


def test_a_market_order_whose_cash_pays_no_lot_is_refused(book) -> None:
    assert book.place(market(ANN, BID, cash=100), 5) == -Refusal.BAD_QUANTITY
    assert book.place(market(ANN, BID, cash=101), 5) > 0


def test_immediate_or_cancel_never_rests(book) -> None:
    book.place(limit(ANN, BID, 101, 8, time_in_force=TimeInForce.IOC), 5)
    assert told(book)[-1] == (EXPIRED, 3, ExpiryReason.IMMEDIATE_REST)
    assert levels(book, BID) == [(99, 4), (98, 6)]
    book.place(limit(ANN, BID, 99, 8, time_in_force=TimeInForce.IOC), 5)
    assert told(book) == [(NEW, 8, NONE), (EXPIRED, 8, ExpiryReason.IMMEDIATE_REST)]


@pytest.mark.parametrize(("price", "quantity"), [(103, 13), (101, 6), (100, 1)])
def test_fill_or_kill_trades_nothing_when_it_cannot_trade_all(book, price, quantity) -> None:
    before = book.update_id
    book.place(limit(ANN, BID, price, quantity, time_in_force=TimeInForce.FOK), 5)
    assert told(book) == [(NEW, quantity, NONE), (EXPIRED, quantity, ExpiryReason.NOT_FILLABLE)]
    assert book.update_id == before


def test_fill_or_kill_trades_all_that_it_asks_for(book) -> None:
    book.place(limit(ANN, BID, 103, 12, time_in_force=TimeInForce.FOK), 5)
    assert prints(book) == [(101, 5), (103, 7)]
    assert book.best_ask is None


def test_a_limit_maker_is_refused_where_it_would_take(book) -> None:
    for side, price in ((BID, 101), (ASK, 99)):
        order = limit(ANN, side, price, 1, kind=OrderKind.LIMIT_MAKER)
        assert book.place(order, 5) == -Refusal.WOULD_TAKE
    assert book.place(limit(ANN, BID, 100, 1, kind=OrderKind.LIMIT_MAKER), 5) > 0
    assert book.best_bid == (100, 1)


# Orders that wait for a trigger.


@pytest.mark.parametrize(
    ("side", "kind", "trigger", "fires_at", "spares_at"),
    [
        (BID, OrderKind.STOP_LOSS, 101, 101, 100),
        (ASK, OrderKind.TAKE_PROFIT, 101, 101, 100),
        (ASK, OrderKind.STOP_LOSS, 99, 99, 100),
        (BID, OrderKind.TAKE_PROFIT, 99, 99, 100),
    ],
)
def test_a_trigger_fires_at_the_last_price(book, side, kind, trigger, fires_at, spares_at) -> None:
    order_id = book.place(stop(ANN, side, kind, trigger), 5)
    assert book.order(order_id).waits
    trade_at(book, spares_at)
    assert book.order(order_id).waits
    if fires_at > spares_at:
        book.place(market(AGENT, BID, 1), 6)
    else:
        book.place(market(AGENT, ASK, 1), 6)
    assert [kind for kind, _, _ in told(book)] == [ReportKind.TRIGGERED, TRADE]
    assert book.order(order_id) is None


@pytest.mark.parametrize(
    ("side", "kind", "trigger"),
    [
        (BID, OrderKind.STOP_LOSS, 100),
        (ASK, OrderKind.TAKE_PROFIT_LIMIT, 99),
        (ASK, OrderKind.STOP_LOSS_LIMIT, 100),
        (BID, OrderKind.TAKE_PROFIT, 101),
    ],
)
def test_a_trigger_that_would_fire_at_once_is_refused(book, side, kind, trigger) -> None:
    trade_at(book, 100)
    price = 50 if kind in {OrderKind.TAKE_PROFIT_LIMIT, OrderKind.STOP_LOSS_LIMIT} else NO_PRICE
    order = stop(ANN, side, kind, trigger, price_ticks=price)
    assert book.place(order, 5) == -Refusal.WOULD_TRIGGER


def test_triggers_fire_by_price_then_by_time_and_may_fire_others(book) -> None:
    late = book.place(stop(ANN, BID, OrderKind.STOP_LOSS, 102), 5)
    early = [book.place(stop(ANN, BID, OrderKind.STOP_LOSS, 101, quantity=5), 5) for _ in "ab"]
    book.place(market(AGENT, BID, 1), 6)
    flow = book.drain()
    fired = [row[Report.ORDER] for row in flow.reports.tolist() if row[Report.KIND] == 4]
    assert fired == [*early, late]
    lots = [(row[Print.TICKS], row[Print.LOTS]) for row in flow.trades.tolist()]
    assert lots == [(101, 1), (101, 4), (103, 1), (103, 5), (103, 1)]
    assert len(flow.tops) == 1


def test_both_sides_of_triggers_may_be_fired_by_one_order(book) -> None:
    trade_at(book, 100)
    book.place(stop(ANN, ASK, OrderKind.TAKE_PROFIT, 103), 5)
    book.place(limit(AGENT, ASK, 90, 14), 5)
    book.drain()
    falling = book.place(stop(ANN, ASK, OrderKind.STOP_LOSS, 89), 5)
    assert book.place(market(AGENT, BID, 16), 6) > 0
    kinds = [kind for kind, _, _ in told(book)]
    assert kinds == [NEW, ReportKind.TRIGGERED, EXPIRED]
    assert book.order(falling).waits


def test_a_triggered_limit_order_rests_at_its_price(book) -> None:
    order = stop(ANN, BID, OrderKind.STOP_LOSS_LIMIT, 101, price_ticks=100, quantity=2)
    order_id = book.place(order, 5)
    assert book.best_bid == (99, 4)
    book.place(market(AGENT, BID, 1), 6)
    assert book.best_bid == (100, 2)
    assert not book.order(order_id).waits
    assert book.cancel(ANN, order_id, 7) == 2


def test_an_order_that_waits_can_be_asked_for_amended_and_cancelled(book) -> None:
    order = stop(ANN, ASK, OrderKind.STOP_LOSS, 90, quantity=9, self_trade=SelfTrade.DECREMENT)
    first, second = book.place(order, 5), book.place(order, 6)
    state = book.order(second)
    assert (state.kind, state.trigger_ticks, state.self_trade) == (
        OrderKind.STOP_LOSS,
        90,
        SelfTrade.DECREMENT,
    )
    assert book.queue_ahead(second) == 9
    before = book.update_id
    assert book.amend(ANN, first, 4, 7) == 4
    assert book.queue_ahead(second) == 4
    assert book.cancel(ANN, first, 8) == 4
    assert book.update_id == before
    assert book.queue_ahead(second) == 0


# Orders of one owner that meet.


@pytest.mark.parametrize(
    ("rule", "made", "asks"),
    [
        (SelfTrade.NONE, [(100, 3)], [(101, 5), (103, 7)]),
        (SelfTrade.EXPIRE_TAKER, [], [(100, 3), (101, 5), (103, 7)]),
        (SelfTrade.EXPIRE_MAKER, [(101, 5)], [(103, 7)]),
        (SelfTrade.EXPIRE_BOTH, [], [(101, 5), (103, 7)]),
        (SelfTrade.DECREMENT, [(101, 2)], [(101, 3), (103, 7)]),
    ],
)
def test_orders_of_one_owner_meet_as_the_taker_says(book, rule, made, asks) -> None:
    book.place(limit(ANN, ASK, 100, 3), 5)
    quantity = 3 if rule is SelfTrade.NONE else 5
    book.place(market(ANN, BID, quantity, self_trade=rule), 6)
    assert prints(book) == made
    assert levels(book, ASK) == asks


def test_a_prevented_trade_is_told_to_both_and_ends_who_has_nothing_left(book) -> None:
    maker = book.place(limit(ANN, ASK, 100, 3), 5)
    taker = book.place(limit(ANN, BID, 100, 4, self_trade=SelfTrade.DECREMENT), 6)
    rows = [row for row in book.drain().reports.tolist() if row[Report.TIME_NS] == 6]
    short = [
        (row[Report.KIND], row[Report.ORDER], row[Report.LOTS], row[Report.REMAINING])
        for row in rows
    ]
    assert short == [
        (NEW, taker, 0, 4),
        (PREVENTED, maker, 3, 0),
        (EXPIRED, maker, 0, 0),
        (PREVENTED, taker, 3, 1),
    ]
    assert [row[Report.REASON] for row in rows] == [NONE, SELF, SELF, SELF]
    assert rows[1][Report.COUNTER_ORDER] == taker
    assert levels(book, BID)[0] == (100, 1)


def test_cash_that_meets_its_owner_is_taken_away(book) -> None:
    book.place(limit(ANN, ASK, 100, 3), 5)
    book.place(market(ANN, BID, cash=300 + 202, self_trade=SelfTrade.DECREMENT), 6)
    assert prints(book) == [(101, 2)]
    book.place(limit(ANN, ASK, 100, 3), 7)
    book.drain()
    book.place(market(ANN, BID, cash=300, self_trade=SelfTrade.DECREMENT), 8)
    assert [kind for kind, _, _ in told(book)] == [NEW, PREVENTED, EXPIRED, PREVENTED, EXPIRED]
    assert book.best_ask == (101, 3)


@pytest.mark.parametrize(
    ("rule", "made"),
    [
        (SelfTrade.EXPIRE_TAKER, []),
        (SelfTrade.EXPIRE_MAKER, [(101, 5), (103, 7)]),
        (SelfTrade.DECREMENT, []),
    ],
)
def test_fill_or_kill_reckons_with_orders_of_its_owner(book, rule, made) -> None:
    book.place(limit(ANN, ASK, 102, 3), 5)
    order = limit(ANN, BID, 103, 12, time_in_force=TimeInForce.FOK, self_trade=rule)
    book.place(order, 6)
    assert prints(book) == made


# Commands on orders that live.


def test_only_its_owner_cancels_an_order_and_only_once(book) -> None:
    order_id = book.place(limit(ANN, BID, 99, 3), 5)
    assert book.cancel(BEA, order_id, 6) == -Refusal.NOT_OWNER
    assert book.cancel(ANN, order_id, 6) == 3
    assert book.cancel(ANN, order_id, 6) == -Refusal.UNKNOWN_ORDER
    assert told(book)[-1] == (ReportKind.CANCELED, 3, NONE)
    assert levels(book, BID) == [(99, 4), (98, 6)]


def test_an_amended_order_keeps_its_place(book) -> None:
    first = book.place(limit(ANN, BID, 100, 5), 5)
    book.place(limit(BEA, BID, 100, 5), 5)
    assert book.amend(ANN, first, 2, 6) == 2
    assert book.queue_ahead(first) == 0
    assert book.best_bid == (100, 7)
    assert told(book)[-1] == (ReportKind.REPLACED, 2, NONE)
    book.place(market(AGENT, ASK, 1), 7)
    assert book.amend(ANN, first, 2, 8) == -Refusal.NOT_SMALLER
    assert book.amend(ANN, first, 1, 8) == -Refusal.BAD_QUANTITY
    assert book.amend(ANN, first, -1, 8) == -Refusal.BAD_QUANTITY
    assert book.amend(BEA, first, 1, 8) == -Refusal.NOT_OWNER


def test_a_replaced_order_goes_to_the_end_of_the_line(book) -> None:
    first = book.place(limit(ANN, BID, 100, 5), 5)
    book.place(limit(BEA, BID, 100, 5), 5)
    book.drain()
    second = book.replace(first, limit(ANN, BID, 100, 4), 6)
    assert book.queue_ahead(second) == 5
    flow = book.drain()
    assert flow.reports[:, Report.KIND].tolist() == [ReportKind.CANCELED, NEW]
    assert len(flow.tops) == 1
    assert book.replace(first, limit(ANN, BID, 100, 4), 6) == -Refusal.UNKNOWN_ORDER


def test_a_refused_replacement_leaves_the_old_order_cancelled(book) -> None:
    first = book.place(limit(ANN, BID, 100, 5), 5)
    assert book.replace(first, limit(ANN, BID, 0, 4), 6) == -Refusal.BAD_PRICE
    assert book.order(first) is None
    assert book.best_bid == (99, 4)


def test_a_halted_book_only_cancels(book) -> None:
    order_id = book.place(limit(ANN, BID, 100, 5), 5)
    book.halt(True)
    order = limit(ANN, BID, 100, 4)
    assert book.place(order, 6) == -Refusal.HALTED
    assert book.amend(ANN, order_id, 4, 6) == -Refusal.HALTED
    assert book.replace(order_id, order, 6) == -Refusal.HALTED
    assert book.cancel(ANN, order_id, 6) == 5
    book.halt(False)
    assert book.place(order, 6) > 0


# Refusals.


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"side": 2}, Refusal.BAD_COMBINATION),
        ({"kind": 7}, Refusal.BAD_COMBINATION),
        ({"kind": -1}, Refusal.BAD_COMBINATION),
        ({"time_in_force": 3}, Refusal.BAD_COMBINATION),
        ({"self_trade": 5}, Refusal.BAD_COMBINATION),
        ({"kind": OrderKind.MARKET}, Refusal.BAD_COMBINATION),
        ({"kind": OrderKind.LIMIT_MAKER, "time_in_force": 1}, Refusal.BAD_COMBINATION),
        ({"trigger_ticks": 90}, Refusal.BAD_COMBINATION),
        ({"cash": 90}, Refusal.BAD_COMBINATION),
        ({"kind": OrderKind.MARKET, "price_ticks": -1, "cash": 900}, Refusal.BAD_COMBINATION),
        ({"price_ticks": 0}, Refusal.BAD_PRICE),
        ({"price_ticks": NO_PRICE}, Refusal.BAD_PRICE),
        ({"price_ticks": 2**40 + 1}, Refusal.BAD_PRICE),
        ({"kind": OrderKind.STOP_LOSS_LIMIT}, Refusal.BAD_PRICE),
        ({"quantity": 0}, Refusal.BAD_QUANTITY),
        ({"quantity": -1}, Refusal.BAD_QUANTITY),
        ({"quantity": MAXIMUM_LOTS + 1}, Refusal.BAD_QUANTITY),
        ({"quantity": MAXIMUM_LOTS, "price_ticks": 2**20}, Refusal.BAD_QUANTITY),
    ],
)
def test_a_malformed_order_is_refused_and_changes_nothing(book, changed, refusal) -> None:
    before = book.state_hash()
    assert book.place(limit(ANN, BID, 100, 5)._replace(**changed), 5) == -refusal
    assert book.state_hash() == before
    assert all(len(rows) == 0 for rows in book.drain())


def test_a_full_book_refuses_what_would_stay_and_takes_what_would_not() -> None:
    book = MatchingBook(orders=4, triggers=1, window_bits=13)
    ids = [book.place(limit(ANN, BID, price, 1), 1) for price in (10, 11, 12)]
    assert book.place(stop(ANN, BID, OrderKind.STOP_LOSS, 20), 1) > 0
    assert book.order_count == 4
    assert book.place(limit(ANN, BID, 9, 1), 1) == -Refusal.BOOK_FULL
    assert book.place(stop(ANN, BID, OrderKind.STOP_LOSS, 20), 1) == -Refusal.BOOK_FULL
    assert book.place(market(ANN, ASK, 1), 1) > 0
    assert book.order(ids[2]) is None
    assert book.place(stop(ANN, BID, OrderKind.STOP_LOSS, 20), 1) == -Refusal.BOOK_FULL
    assert book.place(limit(ANN, BID, 9, 1), 1) > 0


def test_no_order_brings_more_cash_than_fits() -> None:
    book = MatchingBook(orders=8, triggers=0, window_bits=13)
    high = 2**40
    for _ in range(3):
        assert book.place(limit(ANN, BID, high, 2**21), 1) > 0
    sold = book.place(limit(BEA, ASK, 1, 2**24), 2)
    assert book.order(sold) is None
    assert told(book, BEA)[-1] == (EXPIRED, 2**24 - 2**22, ExpiryReason.NO_LIQUIDITY)
    assert book.best_bid == (high, 2**21)
    order = limit(BEA, ASK, 1, 2**22 + 1, time_in_force=TimeInForce.FOK)
    book.place(limit(ANN, BID, high, 2**22), 3)
    book.drain()
    book.place(order, 4)
    assert told(book, BEA)[-1] == (EXPIRED, 2**22 + 1, ExpiryReason.NOT_FILLABLE)
    assert high * 2**22 == MAXIMUM_CASH


# What Python holds.


def test_agents_get_no_reports_and_accounts_get_theirs(book) -> None:
    book.place(market(ANN, BID, 1), 5)
    assert set(book.drain().reports[:, Report.OWNER].tolist()) == {ANN}


def test_ids_count_up_from_their_seeds() -> None:
    book = MatchingBook(first_order=500, first_trade=70, first_update=9000)
    assert book.place(limit(ANN, BID, 100, 5), 5) == 500
    assert book.place(market(ANN, ASK, 5), 5) == 501
    flow = book.drain()
    assert flow.trades[:, Print.TRADE_ID].tolist() == [70]
    assert flow.changes[:, Change.UPDATE_ID].tolist() == [9001, 9002]
    assert book.update_id == 9002


def test_a_book_looks_at_a_slice_of_a_larger_state() -> None:
    first = MatchingBook(orders=8, triggers=0, window_bits=13)
    both = np.concatenate([first.state, first.state])
    half = len(first.state)
    book, other = MatchingBook(both[:half]), MatchingBook(both[half:])
    book.place(limit(ANN, BID, 100, 5), 5)
    assert (other.best_bid, MatchingBook(both[:half]).best_bid) == (None, (100, 5))
    assert other.state_hash() == first.state_hash() != book.state_hash()


def test_an_empty_book_answers_every_question() -> None:
    book = MatchingBook()
    assert (book.best_bid, book.best_ask, book.last_trade) == (None, None, None)
    assert (book.order(1), book.queue_ahead(1), book.order_count) == (None, None, 0)
    assert levels(book, BID) == []
    assert book.lots_at(ASK, 5) == 0


def test_levels_come_best_first_and_no_more_than_asked(book) -> None:
    assert levels(book, ASK) == [(101, 5), (103, 7)]
    assert [part.tolist() for part in book.levels(BID, 1)] == [[99], [4]]
    assert [part.tolist() for part in book.levels(BID, -1)] == [[], []]
    assert [book.lots_at(BID, ticks) for ticks in (98, 99, 100)] == [6, 4, 0]


def test_a_batch_is_answered_in_order_and_its_outcomes_outlive_small_logs() -> None:
    book = MatchingBook(orders=64, triggers=0, window_bits=13, log_rows=3)
    commands = np.zeros((41, COMMAND_SIZE), np.int64)
    commands[:, :4] = PLACE, 1, ANN, 0
    commands[:, 4:] = (*limit(ANN, BID, 100, 1)[1:],)
    commands[:, 7] += np.arange(41)
    commands[40, :4] = CANCEL, 2, ANN, 7
    answers = np.zeros(41, np.int64)
    book.run(commands, answers)
    assert answers.tolist() == [*range(1, 41), 1]
    flow = book.drain()
    assert flow.changes[:, Change.TICKS].tolist() == [*range(100, 140), 106]
    assert len(flow.reports) == 41
    assert len(book.drain().reports) == 0


def test_levels_far_from_the_touch_are_kept_in_order() -> None:
    book = MatchingBook(orders=512, triggers=0, window_bits=13)
    near = [100_000 + 7 * index for index in range(60)]
    far = [200_000 + 31 * index for index in range(300)]
    for price in near + far:
        assert book.place(limit(AGENT, ASK, price, 1), 1) > 0
    assert book.levels(ASK)[0].tolist() == near + far
    order = limit(ANN, BID, 2**30, 360, time_in_force=TimeInForce.FOK)
    assert book.place(order, 2) > 0
    assert [row[Print.TICKS] for row in book.drain().trades.tolist()] == near + far
    assert book.best_ask is None
