"""Poll whole books over REST where no websocket gets through.

Every body is a POLL frame on the connection "poll": the book that it stands for is LIVE and not
verified. A websocket that comes later takes the books over one by one; polling goes on for a
while, for as long as its snapshots may take, and then the connection is closed.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from hftlib.core.frames import FrameKind
from hftlib.io.rest.client import RestClient
from hftlib.io.rest.rounds import Rounds
from hftlib.venues.plans import Addresses, Purpose, RestRequest
from hftlib.venues.polled import POLLED
from hftlib.venues.requests import snapshot_requests

EVERY_S: Final = 1.0
LINGER_S: Final = 10.0
_SHARE: Final = 0.5
"""Part of the allowance that polling uses at the most."""


class Pace(NamedTuple):
    """Say what is asked for in a round, and how long a round is."""

    requests: tuple[RestRequest, ...]
    every_s: float


def pace(
    addresses: Addresses, symbols: Sequence[str], per_second: float, every_s: float = EVERY_S
) -> Pace:
    """Return the deepest requests that an allowance permits every `every_s`.

    Where it does not even permit the shallowest so often, these, and as often as it permits.
    """
    allowed = per_second * _SHARE
    choices = list(zip(*(snapshot_requests(addresses, one, Purpose.POLL) for one in symbols)))
    for requests in choices:
        if sum(one.weight for one in requests) <= allowed * every_s:
            return Pace(requests, every_s)
    return Pace(choices[-1], sum(one.weight for one in choices[-1]) / allowed)


class Polling:
    """Poll the books of the venues whose websockets do not open."""

    def __init__(
        self,
        client: RestClient,
        addresses: Mapping[str, Addresses],
        *,
        every_s: float = EVERY_S,
        linger_s: float = LINGER_S,
    ) -> None:
        """Poll at `addresses` by venue."""
        self._client = client
        self._addresses = addresses
        self._every_s = every_s
        self._linger_s = linger_s
        self._rounds = Rounds()
        self._books: dict[str, tuple[str, ...]] = {}
        self._ending: dict[str, asyncio.TimerHandle] = {}

    def start(self, venue: str, symbols: Sequence[str]) -> None:
        """Poll some books of a venue, and no others, from now on.

        Raises KeyError when the venue has no address here.
        """
        ending = self._ending.pop(venue, None)
        if ending is not None:
            ending.cancel()
        is_polling, books = self._rounds.goes_on(venue), tuple(symbols)
        if not books or (is_polling and books == self._books[venue]):
            return
        addresses, self._books[venue] = self._addresses[venue], books
        if not is_polling:
            self._client.tell(venue, POLLED, FrameKind.OPENED, b"", addresses.rest_url)
        self._rounds.start(venue, self._poll(addresses, books))

    def stop(self, venue: str) -> None:
        """Let a websocket take over: poll on for a while, then no longer."""
        if self._rounds.goes_on(venue) and venue not in self._ending:
            loop = asyncio.get_running_loop()
            self._ending[venue] = loop.call_later(self._linger_s, self._end, venue)

    def is_polling(self, venue: str) -> bool:
        """Say whether a venue's books are being polled."""
        return self._rounds.goes_on(venue)

    async def close(self) -> None:
        """Poll nothing any more."""
        for ending in self._ending.values():
            ending.cancel()
        await self._rounds.close()

    def _end(self, venue: str) -> None:
        del self._ending[venue]
        self._rounds.stop(venue)
        reason = b"polling ends, a websocket has taken over"
        self._client.tell(venue, POLLED, FrameKind.CLOSED, reason, "")

    async def _poll(self, addresses: Addresses, symbols: Sequence[str]) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            per_second = self._client.budget(addresses.venue).allowance.per_second
            requests, every_s = pace(addresses, symbols, per_second, self._every_s)
            begun = loop.time()
            answers = await asyncio.gather(*(self._client.ask(one) for one in requests))
            failures = failures + 1 if all(one.trouble for one in answers) else 0
            pause_s = self._client.pause_s(failures) if failures else 0.0
            await asyncio.sleep(max(begun + every_s - loop.time(), 0.0) + pause_s)
