"""What comes twice while two connections bring the same streams: trades and best quotes.

A trade is known by its id. A best quote from another connection than the last one is told only when
its update id is newer, so that a slower connection does not turn the quote back.
"""

from collections import deque
from typing import Any, Final

from hftlib.core.events import BestBidOffer, MarketEvent, Trade

REMEMBERED: Final = 512
"""Trades of one symbol that are remembered; connections do not lie further apart."""


class _Trades:
    """Remember the last trade ids of one symbol."""

    __slots__ = ("known", "order")

    def __init__(self) -> None:
        self.order: deque[int] = deque()
        self.known: set[int] = set()

    def is_new(self, trade_id: int) -> bool:
        """Say whether a trade was not met, and remember it."""
        if trade_id in self.known:
            return False
        if len(self.order) == REMEMBERED:
            self.known.discard(self.order.popleft())
        self.order.append(trade_id)
        self.known.add(trade_id)
        return True


class Repetitions:
    """Tell what was told already from what is new; only listed symbols ever come here."""

    def __init__(self) -> None:
        self._trades: dict[tuple[str, bool], _Trades] = {}
        self._quotes: dict[str, tuple[str, int]] = {}

    def holds(self, event: MarketEvent, connection: str) -> bool:
        """Say whether an event of a connection was told already; remember it if not."""
        if type(event) is BestBidOffer:
            return self._holds_quote(event, connection)
        return type(event) is Trade and self._holds_trade(event)

    def _holds_quote(self, quote: BestBidOffer, connection: str) -> bool:
        number = quote.update_id
        if number is None:
            return False
        last = self._quotes.get(quote.symbol)
        if last is not None and last[0] != connection and number <= last[1]:
            return True
        self._quotes[quote.symbol] = (connection, number)
        return False

    def _holds_trade(self, trade: Trade) -> bool:
        key = (trade.symbol, trade.aggregate)
        trades = self._trades.get(key)
        if trades is None:
            trades = self._trades[key] = _Trades()
        return not trades.is_new(trade.trade_id)

    def dump(self) -> dict[str, Any]:
        """Return what is remembered as plain values."""
        return {
            "trades": [[*key, list(kept.order)] for key, kept in self._trades.items()],
            "quotes": [[symbol, *last] for symbol, last in self._quotes.items()],
        }

    def load(self, state: dict[str, Any]) -> None:
        """Take what `dump` returned."""
        self._trades.clear()
        for symbol, is_aggregate, order in state.get("trades", ()):
            kept = self._trades[symbol, is_aggregate] = _Trades()
            kept.order.extend(order)
            kept.known.update(order)
        self._quotes = {
            symbol: (connection, number) for symbol, connection, number in state.get("quotes", ())
        }
