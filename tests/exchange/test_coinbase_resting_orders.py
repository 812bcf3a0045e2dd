"""Resting orders by priority, and how many stand at each level."""

from hftlib.exchange.coinbase.resting_orders import level_rows, resting_orders
from hftlib.market.orders import BookSide
from tests.reference.coinbase_floor import Desk


def test_orders_stand_in_their_priority():
    desk = Desk()
    first = desk.place(BookSide.BID, 100, 5)
    best = desk.place(BookSide.BID, 101, 6)
    second = desk.place(BookSide.BID, 100, 7)
    book = desk.feed().book
    assert resting_orders(book, BookSide.BID).tolist() == [
        [best, 101, 6],
        [first, 100, 5],
        [second, 100, 7],
    ]
    assert level_rows(book, BookSide.BID).tolist() == [[101, 6, 1], [100, 12, 2]]


def test_an_empty_side_has_neither():
    desk = Desk()
    desk.place(BookSide.BID, 100, 5)
    book = desk.feed().book
    assert resting_orders(book, BookSide.ASK).tolist() == []
    assert level_rows(book, BookSide.ASK).tolist() == []
