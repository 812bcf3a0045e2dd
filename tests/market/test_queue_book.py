import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hftlib.core.states import Side
from hftlib.market.queue_book import Fill, Level, QueueBook


@pytest.fixture
def book():
    book = QueueBook()
    for ticks, quanta in ((99, 5), (98, 7), (99, 3)):
        book.limit(Side.BUY, ticks, quanta)
    for ticks, quanta in ((101, 4), (103, 6), (101, 2)):
        book.limit(Side.SELL, ticks, quanta)
    return book


def test_levels_stand_best_first(book):
    assert book.levels(Side.BUY) == [Level(Side.BUY, 99, 8), Level(Side.BUY, 98, 7)]
    assert book.levels(Side.SELL, 1) == [Level(Side.SELL, 101, 6)]
    assert book.best(Side.BUY) == Level(Side.BUY, 99, 8)
    assert book.size_at(Side.SELL, 102) == 0


def test_at_one_price_the_first_to_come_is_the_first_to_be_filled(book):
    fills = book.market(Side.SELL, 6)
    assert fills == [Fill(1, 99, 5, Side.SELL), Fill(3, 99, 1, Side.SELL)]
    assert book.size_at(Side.BUY, 99) == 2


def test_a_market_order_walks_the_book_and_ends_with_it(book):
    fills = book.market(Side.BUY, 100)
    assert [(fill.ticks, fill.quanta) for fill in fills] == [(101, 4), (101, 2), (103, 6)]
    assert book.best(Side.SELL) is None
    assert book.levels(Side.SELL) == []


def test_a_limit_order_takes_what_it_reaches_and_rests_with_what_is_left(book):
    order_id, fills = book.limit(Side.BUY, 102, 10)
    assert [(fill.ticks, fill.quanta) for fill in fills] == [(101, 4), (101, 2)]
    assert book.best(Side.BUY) == Level(Side.BUY, 102, 4)
    assert book.cancel(order_id) == 4


def test_a_limit_order_that_is_filled_does_not_rest(book):
    order_id, fills = book.limit(Side.SELL, 98, 9)
    assert order_id == 0
    assert [(fill.ticks, fill.quanta) for fill in fills] == [(99, 5), (99, 3), (98, 1)]


def test_a_cancel_takes_the_order_out_once(book):
    assert book.cancel(1) == 5
    assert book.cancel(1) == 0
    assert book.best(Side.BUY) == Level(Side.BUY, 99, 3)
    assert book.cancel(3) == 3
    assert book.best(Side.BUY) == Level(Side.BUY, 98, 7)


def test_the_newest_order_of_a_price_can_be_cancelled(book):
    assert book.cancel_newest(Side.BUY, 99) == 3
    assert book.size_at(Side.BUY, 99) == 5
    assert book.cancel_newest(Side.BUY, 97) == 0


def test_changes_are_told_once_as_they_are_now(book):
    book.take_changes()
    version = book.version
    book.market(Side.BUY, 6)
    book.limit(Side.BUY, 97, 1)
    assert book.version > version
    assert book.take_changes() == [Level(Side.SELL, 101, 0), Level(Side.BUY, 97, 1)]
    assert book.take_changes() == []


class AgainstAList(RuleBasedStateMachine):
    """Compare with a list of orders that is searched from end to end."""

    def __init__(self):
        super().__init__()
        self.book = QueueBook()
        self.orders = []

    def taken(self, side, quanta, limit):
        sign = 1 if side is Side.BUY else -1
        makers = sorted(
            (order for order in self.orders if order["side"] is not side),
            key=lambda order: (sign * order["ticks"], order["id"]),
        )
        fills = []
        for maker in makers:
            if quanta == 0 or (limit is not None and sign * maker["ticks"] > sign * limit):
                break
            part = min(quanta, maker["quanta"])
            quanta -= part
            maker["quanta"] -= part
            fills.append(Fill(maker["id"], maker["ticks"], part, side))
        self.orders = [order for order in self.orders if order["quanta"]]
        return fills, quanta

    @rule(
        side=st.sampled_from(Side),
        ticks=st.integers(90, 110),
        quanta=st.integers(1, 9),
    )
    def limit(self, side, ticks, quanta):
        fills, left = self.taken(side, quanta, ticks)
        order_id, got = self.book.limit(side, ticks, quanta)
        assert got == fills
        assert (order_id == 0) == (left == 0)
        if left:
            self.orders.append({"id": order_id, "side": side, "ticks": ticks, "quanta": left})

    @rule(side=st.sampled_from(Side), quanta=st.integers(1, 30))
    def market(self, side, quanta):
        assert self.book.market(side, quanta) == self.taken(side, quanta, None)[0]

    @rule(place=st.integers(0, 30))
    def cancel(self, place):
        if place < len(self.orders):
            order = self.orders.pop(place)
            assert self.book.cancel(order["id"]) == order["quanta"]
        else:
            assert self.book.cancel(10**9) == 0

    @invariant()
    def levels_are_the_sums_of_their_orders(self):
        for side in Side:
            totals = {}
            for order in self.orders:
                if order["side"] is side:
                    totals[order["ticks"]] = totals.get(order["ticks"], 0) + order["quanta"]
            prices = sorted(totals, reverse=side is Side.BUY)
            assert self.book.levels(side) == [Level(side, at, totals[at]) for at in prices]

    @invariant()
    def the_book_is_never_crossed(self):
        bid, ask = self.book.best(Side.BUY), self.book.best(Side.SELL)
        assert bid is None or ask is None or bid.ticks < ask.ticks


AgainstAList.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
test_the_book_equals_a_list_of_orders = AgainstAList.TestCase
