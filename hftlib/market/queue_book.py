"""A limit order book by orders: best price first, and at one price first come, first served."""

from bisect import bisect_left
from typing import NamedTuple

from hftlib.core.states import Side


class Order:
    """Hold a resting order; `quanta` is what is left of it."""

    __slots__ = ("order_id", "quanta", "side", "ticks")

    def __init__(self, order_id: int, side: Side, ticks: int, quanta: int) -> None:
        """Keep the order as given: price in ticks, size in quanta."""
        self.order_id = order_id
        self.side = side
        self.ticks = ticks
        self.quanta = quanta


class Fill(NamedTuple):
    """Report that `quanta` of a resting order were taken; `aggressor` is the taker's side."""

    maker_id: int
    ticks: int
    quanta: int
    aggressor: Side


class Level(NamedTuple):
    """Report the size that rests at a price; 0 when nothing does."""

    side: Side
    ticks: int
    quanta: int


class _SideOfBook:
    """Keep the prices of one side, best first, and at each the orders in arrival order."""

    def __init__(self, side: Side) -> None:
        self.sign = -1 if side is Side.BUY else 1
        self.keys: list[int] = []
        self.queues: dict[int, dict[int, Order]] = {}

    def add(self, order: Order) -> None:
        queue = self.queues.get(order.ticks)
        if queue is None:
            queue = self.queues[order.ticks] = {}
            key = self.sign * order.ticks
            self.keys.insert(bisect_left(self.keys, key), key)
        queue[order.order_id] = order

    def remove(self, order: Order) -> None:
        queue = self.queues[order.ticks]
        del queue[order.order_id]
        if not queue:
            del self.queues[order.ticks]
            del self.keys[bisect_left(self.keys, self.sign * order.ticks)]

    def best(self) -> int | None:
        return self.sign * self.keys[0] if self.keys else None

    def total(self, ticks: int) -> int:
        return sum(order.quanta for order in self.queues.get(ticks, {}).values())


class QueueBook:
    """Match limit, market and cancel orders; prices in ticks, sizes in quanta, all positive.

    `version` rises whenever a level changes.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._sides = {side: _SideOfBook(side) for side in Side}
        self._orders: dict[int, Order] = {}
        self._next_id = 1
        self.version = 0
        self._changed: dict[tuple[Side, int], None] = {}

    def limit(self, side: Side, ticks: int, quanta: int) -> tuple[int, list[Fill]]:
        """Match up to the limit and let the rest wait; return its id (0: none waits) and fills."""
        fills, left = self._match(side, quanta, ticks)
        if left == 0:
            return 0, fills
        order = Order(self._next_id, side, ticks, left)
        self._next_id += 1
        self._orders[order.order_id] = order
        self._sides[side].add(order)
        self._note(side, ticks)
        return order.order_id, fills

    def market(self, side: Side, quanta: int) -> list[Fill]:
        """Match at any price; what finds nobody is gone. Return the fills."""
        return self._match(side, quanta, None)[0]

    def cancel(self, order_id: int) -> int:
        """Take a resting order out; return the quanta it still had, 0 when it is not there."""
        order = self._orders.pop(order_id, None)
        if order is None:
            return 0
        self._sides[order.side].remove(order)
        self._note(order.side, order.ticks)
        return order.quanta

    def best(self, side: Side) -> Level | None:
        """Return the best level of a side, None when the side is empty."""
        ticks = self._sides[side].best()
        return None if ticks is None else Level(side, ticks, self.size_at(side, ticks))

    def size_at(self, side: Side, ticks: int) -> int:
        """Return the quanta that rest at a price."""
        return self._sides[side].total(ticks)

    def levels(self, side: Side, depth: int | None = None) -> list[Level]:
        """Return the levels of a side, best first, at most `depth` of them."""
        book = self._sides[side]
        prices = (book.sign * key for key in book.keys[:depth])
        return [Level(side, ticks, book.total(ticks)) for ticks in prices]

    def cancel_newest(self, side: Side, ticks: int) -> int:
        """Cancel the order that came last to a price; return its quanta, 0 when there is none."""
        queue = self._sides[side].queues.get(ticks)
        return self.cancel(next(reversed(queue))) if queue else 0

    def take_changes(self) -> list[Level]:
        """Return each level that changed since this was last asked, as it is now."""
        changed, self._changed = self._changed, {}
        return [Level(side, ticks, self.size_at(side, ticks)) for side, ticks in changed]

    def _note(self, side: Side, ticks: int) -> None:
        self.version += 1
        self._changed[side, ticks] = None

    def _match(self, side: Side, quanta: int, limit: int | None) -> tuple[list[Fill], int]:
        other = self._sides[Side.SELL if side is Side.BUY else Side.BUY]
        fills: list[Fill] = []
        while quanta and other.keys and (limit is None or other.keys[0] <= other.sign * limit):
            maker = next(iter(other.queues[other.sign * other.keys[0]].values()))
            taken = min(quanta, maker.quanta)
            quanta -= taken
            maker.quanta -= taken
            fills.append(Fill(maker.order_id, maker.ticks, taken, side))
            self._note(maker.side, maker.ticks)
            if maker.quanta == 0:
                other.remove(maker)
                del self._orders[maker.order_id]
        return fills, quanta
