"""A book as Coinbase shows it: sequence, texts, the day's figures."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftlib.exchange.coinbase.book_view import Beat, BookView, order_name, percent_text
from hftlib.market.orders import BookSide
from tests.reference.coinbase_floor import SECOND_NS, Desk


def test_a_point_of_the_grid_is_due_once():
    due = [Beat(at, at + 10).is_due(50) for at in range(0, 200, 10)]
    assert due == ([False] * 4 + [True]) * 4


def test_the_sequence_rises_with_each_change_and_trade():
    desk = Desk()
    view, seen = BookView(desk.feed()), []
    for _ in range(4):
        seen.append(view.sequence)
        desk.trade(BookSide.BID, 5)
        desk.place(BookSide.BID, 100, 5)
    assert seen == sorted(set(seen))


def test_before_any_trade_there_is_none():
    view = BookView(Desk().feed())
    assert view.last_trade is None
    assert view.best == (None, None)


def test_a_trade_is_told_by_its_makers_side():
    desk = Desk()
    view = BookView(desk.feed())
    desk.trade(BookSide.BID, 5)
    assert view.maker_side(view.last_trade) == "sell"
    assert view.printed(view.last_trade).side == "BUY"
    desk.trade(BookSide.ASK, 5)
    assert view.maker_side(view.last_trade) == "buy"
    assert view.printed(view.last_trade).side == "SELL"
    maker, taker = view.orders_of(view.last_trade)
    assert maker != taker


def test_texts():
    view, ada = BookView(Desk().feed()), BookView(Desk().feed("ADA-USD"))
    assert (view.price(6_400_010), view.short_price(6_400_010)) == ("64000.10", "64000.1")
    assert (view.size(120_000_000), view.volume(120_000_000)) == ("1.2", "1.20000000")
    assert (ada.size(150), ada.volume(150)) == ("1.5", "1.50000000")


def test_the_day_as_both_protocols_show_it():
    desk = Desk()
    desk.place(BookSide.BID, 6_399_000, 5)
    desk.trade(BookSide.BID, 100_000_000, ticks=6_400_100)
    view = BookView(desk.feed())
    now_ns = desk.now_ns + SECOND_NS
    exchange, advanced = view.exchange_day(now_ns), view.advanced_day(now_ns)
    assert exchange.last == advanced.last == "64001"
    assert float(exchange.volume) == float(advanced.volume) > 1
    assert float(advanced.year_low) <= float(advanced.low) <= float(advanced.high)
    assert float(advanced.high) <= float(advanced.year_high)
    assert re.fullmatch(r"-?\d+(\.\d{1,14})?", advanced.change_percent)


@pytest.mark.parametrize(
    ("now", "before", "text"),
    [
        (110, 100, "10"),
        (90, 100, "-10"),
        (1, 3, "-66.66666666666666"),
        (5, 0, "0"),
        (0, 100, "-100"),
    ],
)
def test_a_change_in_percent(now, before, text):
    assert percent_text(now, before) == text


@given(st.sets(st.integers(1, 10**15), min_size=2, max_size=5))
def test_orders_have_names_of_their_own(orders):
    names = {order_name("BTC-USD", order) for order in orders}
    assert len(names) == len(orders)
    form = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}"
    assert all(re.fullmatch(form, name) for name in names)
