"""A market that runs: orders arrive and end in time order, and a venue would tell of it."""

from collections.abc import Iterator
from typing import NamedTuple

from hftlib.core.states import Side
from hftlib.market.chance import Chance
from hftlib.market.flow import Habits, OrderFlow
from hftlib.market.queue_book import Fill, Level, QueueBook


class Happening(NamedTuple):
    """Report one update of a book that a ticker or a trade channel would show."""

    ts_ns: int
    update_id: int
    fills: tuple[Fill, ...]
    bid: Level | None
    ask: Level | None
    is_new_best: bool


class RunningMarket:
    """Run one book under one order flow; `update_id` counts the updates that changed the book."""

    def __init__(
        self, habits: Habits, chance: Chance, value_ticks: float, start_ns: int, first_id: int = 1
    ) -> None:
        """Fill the book around `value_ticks` and stand ready at `start_ns`."""
        self.book = QueueBook()
        self._flow = OrderFlow(self.book, habits, chance)
        self._flow.fill_book(value_ticks, start_ns)
        self.book.take_changes()
        self.update_id = first_id
        self._version = self.book.version
        self._best = self._touch()
        self._next_ns = start_ns + self._flow.wait_ns()

    def advance(self, until_ns: int, value_ticks: float) -> Iterator[Happening]:
        """Run up to `until_ns`, takers knowing the value; yield what tickers and trades show."""
        while True:
            end_ns = self._flow.next_end_ns()
            is_end = end_ns is not None and end_ns < self._next_ns
            ts_ns = end_ns if is_end and end_ns is not None else self._next_ns
            if ts_ns >= until_ns:
                return
            fills: list[Fill] = []
            if is_end:
                self._flow.expire_one()
            else:
                fills = self._flow.act(value_ticks, ts_ns)
                self._next_ns = ts_ns + self._flow.wait_ns()
            happening = self._happening(ts_ns, fills)
            if happening is not None:
                yield happening

    def _happening(self, ts_ns: int, fills: list[Fill]) -> Happening | None:
        if self.book.version == self._version:
            return None
        self._version = self.book.version
        self.update_id += 1
        best = self._touch()
        is_new_best = best != self._best
        self._best = best
        if not (fills or is_new_best):
            return None
        return Happening(ts_ns, self.update_id, tuple(fills), *best, is_new_best)

    def _touch(self) -> tuple[Level | None, Level | None]:
        return self.book.best(Side.BUY), self.book.best(Side.SELL)
