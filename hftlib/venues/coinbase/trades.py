"""Coinbase's trades: the aggressor's side, and every id accounted for."""

from collections.abc import Iterable
from typing import Any

from hftlib.core.events import Event, Trade
from hftlib.core.frames import Frame
from hftlib.core.states import FeedCondition, Side
from hftlib.venues.coinbase.trade_chain import Place, TradeChain
from hftlib.venues.counters import Reporter
from hftlib.venues.failures import MalformedError

_AGGRESSOR = {"buy": Side.SELL, "sell": Side.BUY, "BUY": Side.SELL, "SELL": Side.BUY}


def aggressor(maker_side: str) -> Side:
    """Return the aggressor's side where the venue writes the maker's. Raises MalformedError."""
    side = _AGGRESSOR.get(maker_side)
    if side is None:
        raise MalformedError(f"unknown side {maker_side[:40]!r}")
    return side


class Trades:
    """Pass trades on in order, telling of missing, late and repeated ones."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._chains: dict[str, TradeChain] = {}

    def _chain(self, symbol: str) -> TradeChain:
        chain = self._chains.get(symbol)
        if chain is None:
            chain = self._chains[symbol] = TradeChain()
        return chain

    def take(self, trades: Iterable[Trade], frame: Frame) -> list[Event]:
        """Return trades of the stream, oldest first, and what is to be said about their ids."""
        events: list[Event] = []
        repeated: dict[str, int] = {}
        for trade in trades:
            symbol = trade.symbol
            place, missing = self._chain(symbol).admit(trade.trade_id)
            if place is Place.DUPLICATE:
                repeated[symbol] = repeated.get(symbol, 0) + 1
                continue
            if place is Place.AFTER_HOLE:
                events.append(self._missing(symbol, missing, trade.trade_id, frame))
            elif place is Place.FILLS_HOLE:
                reason = f"trade {trade.trade_id} was missing"
                events.append(self._tell(frame, FeedCondition.LATE, reason, symbol, 1))
            events.append(trade)
            self._reporter.of_connection(frame.connection).market_events += 1
        return events + self._repeated(repeated, frame)

    def backfill(self, trades: Iterable[Trade], frame: Frame) -> list[Event]:
        """Return those trades of a REST answer that the stream missed, or all where none runs."""
        events: list[Event] = []
        repeated: dict[str, int] = {}
        for trade in trades:
            chain = self._chain(trade.symbol)
            if chain.last is None or chain.fill(trade.trade_id).place is Place.FILLS_HOLE:
                events.append(trade)
                self._reporter.of_connection(frame.connection).market_events += 1
            else:
                repeated[trade.symbol] = repeated.get(trade.symbol, 0) + 1
        return events + self._repeated(repeated, frame)

    def last_is(self, symbol: str, trade_id: int, frame: Frame) -> list[Event]:
        """Return what a heartbeat's last trade id tells: nothing, or trades missing."""
        missing = self._chain(symbol).is_missing_up_to(trade_id)
        return [self._missing(symbol, missing, trade_id, frame)] if missing else []

    def _repeated(self, repeated: dict[str, int], frame: Frame) -> list[Event]:
        return [
            self._tell(frame, FeedCondition.DUPLICATE, "trades seen before", symbol, count)
            for symbol, count in repeated.items()
        ]

    def _missing(self, symbol: str, missing: int, trade_id: int, frame: Frame) -> Event:
        reason = f"{missing} trades missing up to {trade_id}"
        return self._tell(frame, FeedCondition.TRADES_MISSING, reason, symbol, missing)

    def _tell(
        self, frame: Frame, condition: FeedCondition, reason: str, symbol: str, count: int
    ) -> Event:
        return self._reporter.status(frame, condition, reason, symbol=symbol, count=count)

    def dump(self) -> dict[str, Any]:
        """Return every chain as plain values."""
        return {symbol: chain.dump() for symbol, chain in self._chains.items()}

    def load(self, state: dict[str, Any]) -> None:
        """Take the state that `dump` returned."""
        self._chains.clear()
        for symbol, kept in state.items():
            self._chain(symbol).load(kept["last"], kept["holes"])
