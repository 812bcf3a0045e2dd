"""Fetch the REST snapshots that books wait for: one at a time for each, until one was taken."""

import asyncio
from collections.abc import Mapping
from typing import Final

from hftlib.io.rest.client import RestClient
from hftlib.venues.plans import Addresses
from hftlib.venues.requests import snapshot_requests

_UNKNOWN: Final = (400, 404)
"""What is answered where the venue has no such book."""

Key = tuple[str, str]
"""(venue, symbol) of a book."""


class Snapshots:
    """Answer the snapshot requests of sessions, each as deep as the weight that is left allows.

    A session judges every body. When it finds one wanting it asks again, which is done after a
    pause that grows; when no body comes at all, the asking goes on until one does.
    """

    def __init__(self, client: RestClient, addresses: Mapping[str, Addresses]) -> None:
        """Ask at `addresses` by venue; they may grow."""
        self._client = client
        self._addresses = addresses
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._again: set[Key] = set()

    def want(self, venue: str, symbol: str, reason: str = "") -> None:  # noqa: ARG002
        """Fetch a snapshot of a book unless that is being done; never blocks.

        Raises KeyError when the venue has no address here.
        """
        key = (venue, symbol)
        if key in self._tasks:
            self._again.add(key)
            return
        work = self._fetch(key, self._addresses[venue])
        self._tasks[key] = asyncio.get_running_loop().create_task(work)

    @property
    def wanted(self) -> int:
        """Return how many books wait for a snapshot."""
        return len(self._tasks)

    async def close(self) -> None:
        """Give up all that is wanted."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _fetch(self, key: Key, addresses: Addresses) -> None:
        failures = 0
        try:
            while True:
                self._again.discard(key)
                answer = await self._client.ask(*snapshot_requests(addresses, key[1]))
                if not answer.trouble and key not in self._again:
                    return
                if answer.status in _UNKNOWN:
                    return  # its session asks again after a while
                await asyncio.sleep(self._client.pause_s(failures))
                failures += 1
        finally:
            del self._tasks[key]
            self._again.discard(key)
