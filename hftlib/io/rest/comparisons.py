"""Compare books that carry no sequence with what REST shows of them, each every 30 seconds.

One difference proves nothing, for a body and a stream are never at the same moment; the engine
calls a level drifted when two bodies show it so. They are asked for in pairs, just so far apart
that the stream has caught up in between.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from hftlib.io.rest.client import RestClient
from hftlib.io.rest.rounds import Rounds
from hftlib.venues.plans import Addresses, Purpose
from hftlib.venues.requests import seeds_from_rest, snapshot_requests

EVERY_S: Final = 30.0
APART_S: Final = 1.25


class Comparisons:
    """Ask for the books that are to be compared; the engine does the comparing."""

    def __init__(
        self,
        client: RestClient,
        addresses: Mapping[str, Addresses],
        *,
        every_s: float = EVERY_S,
        apart_s: float = APART_S,
    ) -> None:
        """Ask at `addresses` by venue: each book every `every_s`, twice `apart_s` apart."""
        self._client = client
        self._addresses = addresses
        self._every_s = every_s
        self._apart_s = apart_s
        self._rounds = Rounds()

    def start(self, venue: str, symbols: Sequence[str]) -> None:
        """Compare the books of a venue from now on; where they are in sequence, there is no need.

        Raises KeyError when the venue has no address here.
        """
        if symbols and not seeds_from_rest(venue):
            self._rounds.start(venue, self._compare(self._addresses[venue], tuple(symbols)))

    def stop(self, venue: str) -> None:
        """Compare the books of a venue no longer."""
        self._rounds.stop(venue)

    async def close(self) -> None:
        """Compare nothing any more."""
        await self._rounds.close()

    async def _compare(self, addresses: Addresses, symbols: Sequence[str]) -> None:
        """Go round the books, evenly spread over the time."""
        rest_s = max(self._every_s / len(symbols) - self._apart_s, 0.0)
        while True:
            for symbol in symbols:
                await asyncio.sleep(rest_s)
                request = snapshot_requests(addresses, symbol, Purpose.COMPARISON)[-1]
                await self._client.ask(request)
                await asyncio.sleep(self._apart_s)
                await self._client.ask(request)
