"""Fetch the candles of the time before the run began, as far as one request goes."""

from collections.abc import Mapping, Sequence
from typing import Final

from hftlib.core.clock import Clock
from hftlib.io.rest.client import RestClient
from hftlib.io.rest.rounds import Rounds
from hftlib.venues.plans import Addresses
from hftlib.venues.requests import candles_request

MINUTE_S: Final = 60


class Candles:
    """Ask for the candles of each symbol once."""

    def __init__(
        self, client: RestClient, addresses: Mapping[str, Addresses], clock: Clock
    ) -> None:
        """Ask at `addresses` by venue; `clock` says where the newest candles end."""
        self._client = client
        self._addresses = addresses
        self._clock = clock
        self._rounds = Rounds()

    def start(self, venue: str, symbols: Sequence[str], seconds: int = MINUTE_S) -> None:
        """Ask for the newest candles of some symbols, of a length (s), one after the other.

        Raises KeyError when the venue has no address here.
        """
        work = self._fetch(self._addresses[venue], tuple(symbols), seconds)
        self._rounds.start(" ".join((venue, *symbols)), work)

    async def close(self) -> None:
        """Ask for nothing any more."""
        await self._rounds.close()

    async def _fetch(self, addresses: Addresses, symbols: Sequence[str], seconds: int) -> None:
        for symbol in symbols:
            await self._client.ask(
                candles_request(addresses, symbol, self._clock.now_ns(), seconds)
            )
