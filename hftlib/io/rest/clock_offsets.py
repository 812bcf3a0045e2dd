"""Estimate how far the venues' clocks are from ours, again and again.

The offset is the venue's time minus the middle between sending and receiving, taken from the
quickest of several round trips, where the middle is nearest to the truth (Cristian, Probabilistic
clock synchronization, Distributed Computing 3, 1989): it is wrong by half of that trip at most,
and by what the clocks drift apart until the next estimate.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import msgspec

from hftlib.io.reachability import server_time_ms
from hftlib.io.rest.client import RestAnswer, RestClient
from hftlib.io.rest.rounds import Rounds
from hftlib.venues.plans import Addresses
from hftlib.venues.requests import time_request

EVERY_S: Final = 600.0
SAMPLES: Final = 5
_DRIFT_NS: Final = 250_000_000
"""How far clocks may part until the next estimate: 400 millionths in ten minutes."""


class Offset(NamedTuple):
    """Tell a clock's offset: it is that far ahead of ours, give or take half the round trip."""

    offset_ns: int
    round_trip_ns: int


def quickest(answers: Iterable[RestAnswer]) -> Offset | None:
    """Return the offset that the quickest good answer tells, None where there is none."""
    offsets = [one for one in map(_offset, answers) if one is not None]
    return min(offsets, key=lambda one: one.round_trip_ns, default=None)


def _offset(answer: RestAnswer) -> Offset | None:
    try:
        told_ms = server_time_ms(msgspec.json.decode(answer.body))
    except (msgspec.MsgspecError, ValueError, TypeError):
        return None
    trip_ns = int(answer.elapsed_s * 1e9)
    return Offset(int(told_ms * 1e6) - answer.sent_ns - trip_ns // 2, trip_ns)


class ClockOffsets:
    """Keep the estimate of every venue fresh; its budget counts minutes by it."""

    def __init__(
        self,
        client: RestClient,
        addresses: Mapping[str, Addresses],
        *,
        every_s: float = EVERY_S,
        samples: int = SAMPLES,
    ) -> None:
        """Ask at `addresses` by venue, `samples` times every `every_s`."""
        self._client = client
        self._addresses = addresses
        self._every_s = every_s
        self._samples = samples
        self._rounds = Rounds()

    def start(self, venue: str) -> None:
        """Estimate a venue's offset from now on. Raises KeyError when it has no address here."""
        self._rounds.start(venue, self._watch(self._addresses[venue]))

    async def estimate(self, venue: str) -> Offset | None:
        """Estimate a venue's offset once; None where it tells no time."""
        request = time_request(self._addresses[venue])
        answers = [await self._client.ask(request) for _ in range(self._samples)]
        found = quickest(one for one in answers if not one.trouble)
        if found is not None:
            margin_ns = found.round_trip_ns // 2 + _DRIFT_NS
            self._client.budget(venue).know_clock(found.offset_ns, margin_ns)
        return found

    async def close(self) -> None:
        """Estimate nothing any more."""
        await self._rounds.close()

    async def _watch(self, addresses: Addresses) -> None:
        failures = 0
        while True:
            found = await self.estimate(addresses.venue)
            failures = 0 if found else failures + 1
            await asyncio.sleep(self._every_s if found else 1.0 + self._client.pause_s(failures))
