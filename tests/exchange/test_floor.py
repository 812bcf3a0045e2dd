"""The floor: every book drained once, in order, and kept until it was published."""

import numpy as np
import pytest

from hftlib.exchange.floor import TradingFloor
from hftlib.market.listings import listing_of
from hftlib.market.orders import FIRST_ACCOUNT, BookSide, Order, Print, Report
from hftlib.market.world import World

START = 1_767_625_200_000_000_000
MAKER, TAKER = FIRST_ACCOUNT, FIRST_ACCOUNT + 1
LISTINGS = (listing_of("binance", "BTCUSDT"), listing_of("coinbase", "BTC-USD"))


@pytest.fixture
def floor():
    return TradingFloor(World(1, START, LISTINGS, agents=False), 1)


@pytest.fixture
def feed(floor):
    return floor.feed("binance", "BTCUSDT")


def offer(feed, now_ns, lots=5):
    order = Order(MAKER, BookSide.ASK, price_ticks=6_400_000, quantity=lots)
    assert feed.book.place(order, now_ns) > 0


def buy(feed, now_ns, lots=1):
    order = Order(TAKER, BookSide.BID, price_ticks=6_400_000, quantity=lots)
    assert feed.book.place(order, now_ns) > 0


def test_a_quiet_book_has_nothing_pending(feed):
    assert [len(rows) for rows in feed.drain()] == [0, 0, 0, 0]
    assert [len(rows) for rows in feed.flow] == [0, 0, 0, 0]


def test_outcomes_stay_pending_in_order_until_they_are_published(floor, feed):
    offer(feed, START + 1)
    feed.drain()
    first = feed.flow
    assert len(first.changes) == 1
    assert feed.flow is first
    buy(feed, START + 2)
    feed.drain()
    flow = feed.flow
    assert len(flow.changes) == 2
    assert np.all(np.diff(flow.changes[:, 0]) >= 0)
    assert flow.trades[0, Print.LOTS] == 1
    floor.published()
    assert len(feed.flow.changes) == 0


def test_the_drain_tells_trades_to_the_day_and_reports_to_the_accounts(feed):
    settled = []
    feed.settle = lambda where, rows: settled.append((where, rows[:, Report.OWNER].tolist()))
    offer(feed, START + 1)
    feed.drain()
    assert settled == [(feed, [MAKER])]
    buy(feed, START + 2)
    feed.drain()
    assert set(settled[1][1]) == {MAKER, TAKER}
    assert len(feed.data.trades(10)) == 1
    assert len(settled) == 2


def test_reports_without_accounts_settle_nothing(feed):
    offer(feed, START + 1)
    assert len(feed.drain().reports) == 1
    assert feed.settle is None


def test_the_market_advances_to_a_time_and_never_back(floor):
    floor.act(START + 10**9)
    assert floor.world.now_ns == START + 10**9
    floor.act(START)
    assert floor.world.now_ns == START + 10**9


def test_a_market_that_wants_draining_is_drained_until_it_arrives():
    floor = TradingFloor(World(1, START, LISTINGS[:1]), 1)
    calls = []
    advance = floor.world.advance
    floor.world.advance = lambda until_ns: (
        calls.append(until_ns) or (len(calls) > 2 and advance(until_ns))
    )
    floor.act(START + 2 * 10**8)
    assert len(calls) == 3
    assert floor.world.now_ns == START + 2 * 10**8


def test_venues_are_up_as_the_market_says(floor):
    assert floor.is_up("binance")
    with pytest.raises(KeyError):
        floor.feed("binance", "DOGEUSDT")
