"""One book as its venue tells of it: what happened since the last publication, and what lasts.

The market's book is drained here and nowhere else, so that every protocol that shows the book
(Coinbase has two) and every account sees each outcome exactly once.
"""

from collections.abc import Callable

import numpy as np

from hftlib.exchange.market_data import MarketData
from hftlib.market.listings import Listing
from hftlib.market.matching import NOTHING, MatchingBook
from hftlib.market.orders import Outflow, Rows

Settle = Callable[["BookFeed", Rows], None]
"""Called with the reports on accounts' orders, as soon as they are drained."""


class BookFeed:
    """Hold one book's pending outcomes and its lasting market data."""

    def __init__(self, listing: Listing, book: MatchingBook, data: MarketData) -> None:
        """Tell of `book`; `data` keeps candles, the day and the last trades."""
        self.listing = listing
        self.book = book
        self.data = data
        self.settle: Settle | None = None
        self._pending: list[Outflow] = []
        self._gathered: Outflow | None = None

    def drain(self) -> Outflow:
        """Take what the book holds, settle it with the accounts, and keep it for publication."""
        flow = self.book.drain()
        if flow is NOTHING:
            return flow
        self._pending.append(flow)
        self._gathered = None
        if len(flow.trades):
            self.data.take_trades(flow.trades)
        if self.settle is not None and len(flow.reports):
            self.settle(self, flow.reports)
        return flow

    @property
    def flow(self) -> Outflow:
        """Return everything since the last publication, in order."""
        if self._gathered is None:
            self._gathered = _joined(self._pending)
        return self._gathered

    def published(self) -> None:
        """Forget what every protocol has published."""
        self._pending.clear()
        self._gathered = None


def _joined(flows: list[Outflow]) -> Outflow:
    if len(flows) == 1:
        return flows[0]
    if not flows:
        return NOTHING
    return Outflow(*(np.concatenate(parts) for parts in zip(*flows, strict=True)))
