"""Judge silence by the connection's own signs of life: a quiet symbol is not stale."""

from typing import Final

from hftlib.core import venue as names
from hftlib.venues.polled import POLLED

SECOND: Final = 1_000_000_000

_SILENCE_LIMIT: Final = {
    names.BINANCE: 30 * SECOND,
    names.BINANCE_US: 30 * SECOND,
    names.BINANCE_USDM: 30 * SECOND,
    names.BINANCE_COINM: 30 * SECOND,
    names.COINBASE: 5 * SECOND,
    names.COINBASE_EXCHANGE: 10 * SECOND,
}
"""Coinbase Advanced sends heartbeats every second; Coinbase Exchange does on one channel; Binance
sends a ping every 20 s at the latest. LOBSTER days have no connection that could die."""
_POLL_LIMIT: Final = 10 * SECOND
"""Books are polled every second where the venue's allowance permits it."""


class SilenceWatch:
    """Know when each lane was last heard, and which have been silent for too long."""

    __slots__ = ("_heard", "_silent")

    def __init__(self) -> None:
        """Begin with no lanes."""
        self._heard: dict[tuple[str, str], int] = {}
        self._silent: set[tuple[str, str]] = set()

    def hear(self, venue: str, connection: str, now: int) -> bool:
        """Note a sign of life; return whether the lane was silent for too long before it."""
        lane = (venue, connection)
        self._heard[lane] = now
        if lane in self._silent:
            self._silent.discard(lane)
            return True
        return False

    def hears(self, venue: str, connection: str) -> bool:
        """Say whether a lane was heard and is not silent."""
        lane = (venue, connection)
        return lane in self._heard and lane not in self._silent

    def forget(self, venue: str, connection: str) -> None:
        """Stop watching a lane that was closed: it is down, not silent."""
        self._heard.pop((venue, connection), None)
        self._silent.discard((venue, connection))

    def newly_silent(self, now: int) -> list[tuple[str, str, int]]:
        """Return (venue, connection, ns silent) of lanes past their limit, each once."""
        passed = [
            (*lane, now - heard)
            for lane, heard in self._heard.items()
            if lane not in self._silent and now - heard > _limit(lane, now)
        ]
        self._silent.update((venue, connection) for venue, connection, _ in passed)
        return passed

    def dump(self) -> tuple[list[tuple[str, str, int]], list[tuple[str, str]]]:
        """Return what was heard when, and which lanes are silent, for a checkpoint."""
        return [(*lane, heard) for lane, heard in self._heard.items()], sorted(self._silent)

    def load(self, state: tuple[list[tuple[str, str, int]], list[tuple[str, str]]]) -> None:
        """Take the state of a checkpoint."""
        heard, silent = state
        self._heard = {(venue, connection): when for venue, connection, when in heard}
        self._silent = set(silent)


def _limit(lane: tuple[str, str], without: int) -> int:
    """Return how long (ns) a lane may be silent, `without` where it has no limit."""
    venue, connection = lane
    return _POLL_LIMIT if connection == POLLED else _SILENCE_LIMIT.get(venue, without)
