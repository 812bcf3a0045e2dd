"""The local exchanges together: one floor, the venues on it, and the grid on which they publish."""

from collections.abc import Mapping
from typing import Final

from hftlib.core.venue import BINANCE, BINANCE_USDM, COINBASE, COINBASE_EXCHANGE
from hftlib.exchange.accounts import Accounts
from hftlib.exchange.binance.futures import BinanceFutures
from hftlib.exchange.binance.spot import BinanceSpot
from hftlib.exchange.coinbase.advanced import CoinbaseAdvanced
from hftlib.exchange.coinbase.exchange import CoinbaseExchange
from hftlib.exchange.floor import TradingFloor
from hftlib.exchange.messages import STEP_NS, VenueServer
from hftlib.exchange.truth import Truth


class Exchanges:
    """Hold the venues by name and let the market's time pass for all of them."""

    def __init__(self, floor: TradingFloor, accounts: Accounts, step_ns: int = STEP_NS) -> None:
        """Open the venues on `floor`; they publish at every multiple of `step_ns`."""
        self.floor = floor
        self.accounts = accounts
        self.truth: Final = Truth(floor.feeds)
        self.servers: Mapping[str, VenueServer] = {
            BINANCE: BinanceSpot(floor, accounts),
            BINANCE_USDM: BinanceFutures(floor),
            COINBASE_EXCHANGE: CoinbaseExchange(floor, accounts.coinbase_key),
            COINBASE: CoinbaseAdvanced(floor),
        }
        self._step_ns = step_ns
        self._point = floor.world.now_ns // step_ns * step_ns + step_ns

    def step(self, now_ns: int) -> None:
        """Advance and publish at every point of the grid up to `now_ns`."""
        while self._point <= now_ns:
            self.floor.act(self._point)
            self.truth.take(self._point)
            for server in self.servers.values():
                server.publish(self._point)
            self.floor.published()
            self._point += self._step_ns
