"""Ask for 24 h statistics where no stream brings them."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from hftlib.io.rest.client import RestClient
from hftlib.io.rest.rounds import Rounds
from hftlib.venues.plans import Addresses
from hftlib.venues.requests import statistics_requests

EVERY_S: Final = 60.0


class Statistics:
    """Ask for the statistics of every symbol of which none were heard for a while."""

    def __init__(
        self,
        client: RestClient,
        addresses: Mapping[str, Addresses],
        *,
        every_s: float = EVERY_S,
    ) -> None:
        """Ask at `addresses` by venue, each symbol every `every_s`."""
        self._client = client
        self._addresses = addresses
        self._every_s = every_s
        self._heard: dict[tuple[str, str], float] = {}
        self._rounds = Rounds()

    def start(self, venue: str, symbols: Sequence[str]) -> None:
        """Ask for the statistics of some symbols from now on.

        Raises KeyError when the venue has no address here.
        """
        requests = statistics_requests(self._addresses[venue], symbols)
        if requests:
            self._rounds.start(venue, self._ask(venue, tuple(symbols)))

    def heard(self, venue: str, symbol: str) -> None:
        """Take note that a stream has brought the statistics of a symbol."""
        self._heard[venue, symbol] = asyncio.get_running_loop().time()

    def stop(self, venue: str) -> None:
        """Ask for a venue's statistics no longer."""
        self._rounds.stop(venue)

    async def close(self) -> None:
        """Ask for nothing any more."""
        await self._rounds.close()

    async def _ask(self, venue: str, symbols: Sequence[str]) -> None:
        while True:
            await asyncio.sleep(self._every_s / len(symbols))
            for request in statistics_requests(self._addresses[venue], symbols):
                if not self._is_heard(venue, request.symbol):
                    await self._client.ask(request)
                await asyncio.sleep(self._every_s / len(symbols))

    def _is_heard(self, venue: str, symbol: str) -> bool:
        heard_s = self._heard.get((venue, symbol))
        now_s = asyncio.get_running_loop().time()
        return heard_s is not None and now_s - heard_s < self._every_s
