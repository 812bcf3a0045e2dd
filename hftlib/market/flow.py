"""An order flow around a wandering value: quotes at the touch, a deep book, walls, and takers.

It is a market to look at and to test with, not a model that was fitted. What it borrows:
arrivals are Poisson and orders leave when their lifetime ends (Smith, Farmer, Gillemot,
Krishnamurthy 2003); distances from the touch fall off as a power law (Bouchaud, Mezard, Potters
2002); sizes are log-normal; takers know the value better than the queue does (Kyle 1985), so the
book is swept towards it and its makers withdraw what is stale.
"""

import math
from heapq import heappop, heappush
from typing import Final, NamedTuple

from hftlib.core.states import Side
from hftlib.market.chance import Chance
from hftlib.market.queue_book import Fill, QueueBook

SECOND_NS: Final = 1_000_000_000

_ROUND_SHARE: Final = 0.55
_HALF_ROUND_SHARE: Final = 0.8
_PATIENCE: Final = 0.2
_WITHDRAWN_SHARE: Final = 0.6
_OPEN_QUOTES: Final = 1.6


class Habits(NamedTuple):
    """Say how a market behaves; ticks and quanta are its instrument's, rates per second.

    `deep_ticks` is the median distance of a deep order from the touch and `reach_ticks` the
    farthest; `round_ticks` is the step that people like (a dollar); `wall_step_ticks` that of
    walls. `quanta` is the median size of an order, `lump` its step, `wall_quanta` that of a wall.
    """

    events_per_second: float
    deep_ticks: int
    reach_ticks: int
    round_ticks: int
    wall_step_ticks: int
    quanta: int
    lump: int
    wall_quanta: int
    volatility_ticks: float
    deep_seconds: float = 45.0
    touch_seconds: float = 1.5
    wall_seconds: float = 70.0
    walls_per_second: float = 0.2
    taker_share: float = 0.06
    touch_share: float = 0.45


class LatentValue:
    """Wander: a random walk whose volatility itself wanders; in ticks, as a float."""

    def __init__(self, chance: Chance, start_ticks: float, volatility_ticks: float) -> None:
        """Start at `start_ticks` with a deviation of `volatility_ticks` per square root second."""
        self._chance = chance
        self._volatility = volatility_ticks
        self._mood = 0.0
        self.ticks = start_ticks

    def advance(self, seconds: float) -> float:
        """Let time pass; return the value."""
        pull = min(1.0, seconds / 20.0)
        self._mood += -pull * self._mood + 0.7 * math.sqrt(pull) * self._chance.normal()
        deviation = self._volatility * math.exp(self._mood - 0.25)
        self.ticks += deviation * math.sqrt(seconds) * self._chance.normal()
        return self.ticks


class OrderFlow:
    """Act on a book, one event after another."""

    def __init__(self, book: QueueBook, habits: Habits, chance: Chance) -> None:
        """Use `book`, behave as `habits` say and draw from `chance`."""
        self.book = book
        self._habits = habits
        self._chance = chance
        self._ends: list[tuple[int, int]] = []

    def fill_book(self, value_ticks: float, now_ns: int) -> None:
        """Seed an empty book around a value, as if it had been running for long."""
        habits = self._habits
        middle = round(value_ticks)
        deep_share = 1.0 - habits.touch_share - habits.taker_share
        count = round(habits.events_per_second * deep_share * habits.deep_seconds / 2)
        self._rest(Side.BUY, middle - 1, self._size(), habits.touch_seconds, now_ns)
        self._rest(Side.SELL, middle + 1, self._size(), habits.touch_seconds, now_ns)
        for _ in range(count):
            self._deep(middle - 1, middle + 1, now_ns)
        for _ in range(round(habits.walls_per_second * habits.wall_seconds)):
            self._wall(middle - 1, middle + 1, now_ns)

    def wait_ns(self) -> int:
        """Return the time until the next order arrives."""
        return 1 + round(self._chance.exponential(SECOND_NS / self._habits.events_per_second))

    def next_end_ns(self) -> int | None:
        """Return when the next order ends by its owner's will, None when none does."""
        return self._ends[0][0] if self._ends else None

    def expire_one(self) -> None:
        """Cancel the order whose end is next; it may be gone already."""
        _, order_id = heappop(self._ends)
        self.book.cancel(order_id)

    def act(self, value_ticks: float, now_ns: int) -> list[Fill]:
        """Let one order arrive, given the value that takers know; return its fills."""
        bid, ask = self.book.best(Side.BUY), self.book.best(Side.SELL)
        if bid is None or ask is None:
            return self._reopen(value_ticks, now_ns)
        patience = max(2.0, self._habits.volatility_ticks * _PATIENCE)
        if value_ticks > ask.ticks + patience:
            return self._correct(Side.BUY, ask.ticks)
        if value_ticks < bid.ticks - patience:
            return self._correct(Side.SELL, bid.ticks)
        draw = self._chance.uniform()
        if draw < self._habits.taker_share:
            return self._take(value_ticks - (bid.ticks + ask.ticks) / 2)
        touch_share = self._habits.touch_share
        if ask.ticks - bid.ticks > 1:
            touch_share *= _OPEN_QUOTES
        if draw < self._habits.taker_share + touch_share:
            return self._quote(value_ticks, bid.ticks, ask.ticks, now_ns)
        wall_share = self._habits.walls_per_second / self._habits.events_per_second
        if draw > 1.0 - wall_share:
            self._wall(bid.ticks, ask.ticks, now_ns)
        else:
            self._deep(bid.ticks, ask.ticks, now_ns)
        return []

    def _reopen(self, value_ticks: float, now_ns: int) -> list[Fill]:
        """Quote an empty side at the value, and never through the side that stands."""
        bid, ask = self.book.best(Side.BUY), self.book.best(Side.SELL)
        if bid is None:
            ticks = min(math.floor(value_ticks) - 1, ask.ticks - 1 if ask else 2**62)
            self._rest(Side.BUY, ticks, self._size(), self._habits.touch_seconds, now_ns)
        else:
            ticks = max(math.ceil(value_ticks) + 1, bid.ticks + 1)
            self._rest(Side.SELL, ticks, self._size(), self._habits.touch_seconds, now_ns)
        return []

    def _correct(self, side: Side, stale_ticks: int) -> list[Fill]:
        """Take what is stale, or see its owner withdraw it."""
        stale_side = Side.SELL if side is Side.BUY else Side.BUY
        if self._chance.uniform() < _WITHDRAWN_SHARE:
            self.book.cancel_newest(stale_side, stale_ticks)
            return []
        resting = self.book.size_at(stale_side, stale_ticks)
        return self.book.market(side, min(resting, 4 * self._size()))

    def _take(self, edge_ticks: float) -> list[Fill]:
        """Take at the touch, more likely on the side towards the value."""
        lean = 0.5 + 0.4 * math.tanh(edge_ticks / (1.0 + self._habits.volatility_ticks / 4.0))
        side = Side.BUY if self._chance.uniform() < lean else Side.SELL
        return self.book.market(side, max(self._habits.lump, self._size() // 2))

    def _quote(self, value_ticks: float, bid: int, ask: int, now_ns: int) -> list[Fill]:
        """Join the best price, or improve it while the spread is open and the value allows."""
        side = Side.BUY if self._chance.uniform() < 0.5 else Side.SELL
        if ask - bid == 1:
            ticks = bid if side is Side.BUY else ask
        elif side is Side.BUY:
            ticks = max(bid + 1, min(ask - 1, math.floor(value_ticks)))
        else:
            ticks = min(ask - 1, max(bid + 1, math.ceil(value_ticks)))
        self._rest(side, ticks, self._size(), self._habits.touch_seconds, now_ns)
        return []

    def _deep(self, bid: int, ask: int, now_ns: int) -> None:
        """Place an order behind the touch, the farther the longer it stays."""
        habits = self._habits
        side, touch = self._any_side(bid, ask)
        distance = 1 + round(self._chance.pareto(1.4 * habits.deep_ticks, 1.3))
        if distance > habits.reach_ticks:
            distance = 1 + self._chance.below(habits.reach_ticks)
        ticks = self._rounded(touch - distance if side is Side.BUY else touch + distance)
        nearness = min(1.0, distance / (4 * habits.deep_ticks))
        seconds = habits.touch_seconds * 4 + habits.deep_seconds * nearness
        self._rest(side, self._behind(side, ticks, touch), self._size(), seconds, now_ns)

    def _wall(self, bid: int, ask: int, now_ns: int) -> None:
        """Place a large order at a very round price, to stay."""
        habits = self._habits
        side, touch = self._any_side(bid, ask)
        steps = 1 + self._chance.below(max(1, habits.reach_ticks // (2 * habits.wall_step_ticks)))
        base = touch // habits.wall_step_ticks + (0 if side is Side.BUY else 1)
        away = -steps if side is Side.BUY else steps
        ticks = (base + away) * habits.wall_step_ticks
        lumps = habits.wall_quanta * math.exp(0.7 * self._chance.normal()) / habits.lump
        quanta = max(1, round(lumps)) * habits.lump
        self._rest(side, self._behind(side, ticks, touch), quanta, habits.wall_seconds, now_ns)

    def _any_side(self, bid: int, ask: int) -> tuple[Side, int]:
        """Return either side with its best price."""
        return (Side.BUY, bid) if self._chance.uniform() < 0.5 else (Side.SELL, ask)

    def _behind(self, side: Side, ticks: int, touch: int) -> int:
        """Return `ticks` or, should rounding have crossed the touch, the touch."""
        return max(1, min(ticks, touch)) if side is Side.BUY else max(ticks, touch)

    def _rounded(self, ticks: int) -> int:
        """Return a price as people choose it: mostly on a round step, or on a tenth of one."""
        draw = self._chance.uniform()
        step = self._habits.round_ticks
        if draw < _ROUND_SHARE:
            return round(ticks / step) * step
        if draw < _HALF_ROUND_SHARE:
            tenth = max(1, step // 10)
            return round(ticks / tenth) * tenth
        return ticks

    def _size(self) -> int:
        """Return a log-normal size in whole lumps."""
        habits = self._habits
        quanta = habits.quanta * math.exp(1.1 * self._chance.normal())
        return max(1, round(quanta / habits.lump)) * habits.lump

    def _rest(self, side: Side, ticks: int, quanta: int, seconds: float, now_ns: int) -> None:
        order_id, _ = self.book.limit(side, ticks, quanta)
        end = now_ns + 1 + round(self._chance.exponential(seconds * SECOND_NS))
        heappush(self._ends, (end, order_id))
