import statistics

import pytest

from hftlib.core.states import Side
from hftlib.market.chance import Chance
from hftlib.market.flow import SECOND_NS, Habits, LatentValue, OrderFlow
from hftlib.market.queue_book import QueueBook
from hftlib.market.running import RunningMarket

HABITS = Habits(
    events_per_second=150,
    deep_ticks=200,
    reach_ticks=4_000,
    round_ticks=50,
    wall_step_ticks=250,
    quanta=1_000,
    lump=10,
    wall_quanta=60_000,
    volatility_ticks=60,
    deep_seconds=20.0,
)
START_TICKS = 100_000


class Run:
    """Run a market for a while and keep what it tells."""

    def __init__(self, seconds, seed=1, habits=HABITS):
        chance = Chance(seed)
        self.value = LatentValue(chance.fork(), START_TICKS, habits.volatility_ticks)
        self.market = RunningMarket(habits, chance.fork(), START_TICKS, 0, first_id=10)
        self.happenings = []
        self.distances = []
        for step in range(1, seconds * 100 + 1):
            value = self.value.advance(0.01)
            self.happenings += self.market.advance(step * SECOND_NS // 100, value)
            bid, ask = (self.market.book.best(side) for side in Side)
            if bid and ask:
                self.distances.append((bid.ticks + ask.ticks) / 2 - value)


@pytest.fixture(scope="module")
def run():
    return Run(60)


def test_the_same_seed_is_the_same_market():
    assert Run(5).happenings == Run(5).happenings
    assert Run(5).happenings != Run(5, seed=2).happenings


def test_time_and_update_ids_rise_and_the_book_is_never_crossed(run):
    stamps = [happening.ts_ns for happening in run.happenings]
    ids = [happening.update_id for happening in run.happenings]
    assert stamps == sorted(stamps)
    assert ids == sorted(set(ids))
    assert ids[0] > 10
    for happening in run.happenings:
        if happening.bid and happening.ask:
            assert happening.bid.ticks < happening.ask.ticks
        assert happening.fills or happening.is_new_best


def test_the_book_follows_the_value(run):
    """The mid stays within a second's wandering of the value, most of the time."""
    away = sorted(abs(distance) for distance in run.distances)
    assert away[len(away) * 9 // 10] < 3 * HABITS.volatility_ticks


def test_the_market_is_lively(run):
    spreads = [h.ask.ticks - h.bid.ticks for h in run.happenings if h.bid and h.ask]
    trades = [fill for happening in run.happenings for fill in happening.fills]
    assert statistics.median(spreads) <= 3
    assert len(trades) > 200
    assert len({fill.quanta for fill in trades}) > 50
    assert {fill.aggressor for fill in trades} == set(Side)
    for side in Side:
        levels = run.market.book.levels(side)
        assert len(levels) > 80
        assert max(level.quanta for level in levels) > 10 * HABITS.quanta


def test_walls_stand_on_their_step(run):
    """At the touch many orders gather; farther away only a wall is large."""
    levels = [level for side in Side for level in run.market.book.levels(side)[20:]]
    large = [level for level in levels if level.quanta > HABITS.wall_quanta]
    assert len(large) > 3
    assert all(level.ticks % HABITS.wall_step_ticks == 0 for level in large)


@pytest.mark.parametrize("side", list(Side))
def test_an_empty_side_is_quoted_again_without_crossing(side):
    book = QueueBook()
    flow = OrderFlow(book, HABITS, Chance(4))
    other = Side.SELL if side is Side.BUY else Side.BUY
    # The side that stands is on the wrong side of the value, so that a quote at it would cross.
    standing = START_TICKS - 500 if other is Side.SELL else START_TICKS + 500
    book.limit(other, standing, 10)
    assert flow.act(float(START_TICKS), 0) == []
    quoted, best = book.best(side), book.best(other)
    assert quoted is not None
    assert best is not None
    assert (quoted.ticks < best.ticks) == (side is Side.BUY)


def test_an_empty_book_is_quoted_again():
    book = QueueBook()
    flow = OrderFlow(book, HABITS, Chance(4))
    flow.act(float(START_TICKS), 0)
    flow.act(float(START_TICKS), 0)
    bid, ask = (book.best(side) for side in Side)
    assert bid.ticks < START_TICKS < ask.ticks


def test_nobody_leaves_a_market_without_orders():
    flow = OrderFlow(QueueBook(), HABITS, Chance(4))
    assert flow.next_end_ns() is None
    assert flow.wait_ns() > 0


def test_an_order_that_was_filled_ends_without_a_trace():
    book = QueueBook()
    flow = OrderFlow(book, HABITS, Chance(4))
    flow.act(float(START_TICKS), 0)
    book.market(Side.SELL, 10**9)
    version = book.version
    flow.expire_one()
    assert book.version == version
    assert flow.next_end_ns() is None


def test_a_market_whose_flow_has_no_orders_left_goes_on():
    market = RunningMarket(HABITS, Chance(8), START_TICKS, 0)
    for side in Side:
        market.book.market(side, 10**12)
    assert list(market.advance(SECOND_NS, float(START_TICKS)))
    assert market.book.best(Side.BUY)
