"""What the control interface needs of the market behind the servers."""

from collections.abc import Sequence
from typing import Final, Protocol, runtime_checkable

from hftlib.core.venue import COINBASE, COINBASE_EXCHANGE
from hftlib.exchange.accounts import Accounts
from hftlib.exchange.exchanges import Exchanges
from hftlib.exchange.truth import BookTruth
from hftlib.market.scenario import SCENARIOS

_LISTED_AT: Final = {COINBASE_EXCHANGE: COINBASE}
"""Both of Coinbase's protocols show the books of one venue."""


@runtime_checkable
class Limited(Protocol):
    """Be a venue that counts what its clients ask."""

    def reset_limits(self) -> None:
        """Forget what was counted and lift every ban."""


@runtime_checkable
class Mortal(Protocol):
    """Be a venue that cuts connections when they are old."""

    lifetime_ns: int


class Steering:
    """Steer the exchanges."""

    def __init__(self, exchanges: Exchanges) -> None:
        """Steer `exchanges` and the world behind them."""
        self._exchanges = exchanges
        self._world = exchanges.floor.world

    @property
    def accounts(self) -> Accounts:
        """Return the accounts."""
        return self._exchanges.accounts

    def running(self) -> Sequence[str]:
        """Return the names of the scenarios that run."""
        return tuple(self._world.running)

    def known(self) -> Sequence[str]:
        """Return the names of all scenarios."""
        return tuple(SCENARIOS)

    def start(self, name: str, now_ns: int) -> None:
        """Start a scenario of a known name."""
        self._world.start(name, now_ns)

    def stop(self, name: str) -> None:
        """Stop a scenario that runs."""
        self._world.stop(name)

    def is_up(self, venue: str) -> bool:
        """Say whether a venue answers."""
        return bool(self._world.is_up(_LISTED_AT.get(venue, venue)))

    def truth_of(self, venue: str, symbol: str) -> BookTruth | None:
        """Return the truth about a book, None when it is not listed."""
        return self._exchanges.truth.books.get((_LISTED_AT.get(venue, venue), symbol))

    def reset_limits(self) -> list[str]:
        """Forget all counted limits; return the venues that count any."""
        limited = {n: one for n, one in self._exchanges.servers.items() if isinstance(one, Limited)}
        for server in limited.values():
            server.reset_limits()
        return list(limited)

    def set_lifetime(self, seconds: float) -> list[str]:
        """Set the age at which connections are cut; return the venues that cut any."""
        mortal = {n: one for n, one in self._exchanges.servers.items() if isinstance(one, Mortal)}
        for server in mortal.values():
            server.lifetime_ns = int(seconds * 1e9)
        return list(mortal)
