"""Work that goes on, venue by venue or in smaller pieces, until it is stopped."""

import asyncio
from collections.abc import Coroutine


class Rounds:
    """Hold one task for each name, that of a venue or of a piece of its work."""

    def __init__(self) -> None:
        """Begin with nothing to do."""
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def goes_on(self, venue: str) -> bool:
        """Say whether a venue's work is being done."""
        task = self._tasks.get(venue)
        return task is not None and not task.done()

    def start(self, venue: str, work: Coroutine[None, None, None]) -> None:
        """Do a venue's work, in place of what was done for it before."""
        self.stop(venue)
        self._tasks[venue] = asyncio.get_running_loop().create_task(work)

    def stop(self, venue: str) -> None:
        """Stop a venue's work, if there is any."""
        task = self._tasks.pop(venue, None)
        if task is not None:
            task.cancel()

    async def close(self) -> None:
        """Stop all work and wait until it has ended."""
        tasks = list(self._tasks.values())
        for venue in list(self._tasks):
            self.stop(venue)
        await asyncio.gather(*tasks, return_exceptions=True)
