"""All lanes of a run: opened by plan, ticked together, closed together."""

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine, Iterator
from typing import Final

from hftlib.core.clock import Clock
from hftlib.io.feeds.lane import Lane, Surroundings, Take
from hftlib.io.feeds.pace import Pace, Window
from hftlib.venues.lanes import connects_allowed
from hftlib.venues.plans import LanePlan
from hftlib.wire.messages import LaneStatus

TICK_S: Final = 0.25

_log: Final = logging.getLogger(__name__)


class Lanes:
    """Keep the websockets of every venue open and hand on what they bring, in the same call."""

    def __init__(
        self,
        take: Take,
        clock: Clock,
        chance: random.Random,
        tell: Callable[[str], None] = _log.info,
    ) -> None:
        """Hand frames to `take`; `tell` hears in words what becomes of connections.

        `broken` is set once `take` has raised, which stops a run: await it beside the run.
        """
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._take = take
        self._clock = clock
        self._chance = chance
        self._tell = tell
        self._lanes: dict[tuple[str, str], Lane] = {}
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._shared: dict[str, tuple[Window, Pace]] = {}
        self._ticking: asyncio.Task[None] | None = None

    def open(self, plan: LanePlan) -> None:
        """Open what a plan says and keep it open. Raises ValueError when it is open already."""
        key = (plan.venue, plan.connection)
        if key in self._lanes:
            raise ValueError(f"{plan.venue} {plan.connection} is open already")
        connects, talks = self._shared_of(plan)
        lane = Lane(
            plan,
            Surroundings(
                self._take, self._clock, self._chance, connects, talks, self._tell, self._fail
            ),
        )
        self._lanes[key] = lane
        self._tasks[key] = self._start(lane.run())
        if self._ticking is None:
            self._ticking = self._start(self._tick())

    def _shared_of(self, plan: LanePlan) -> tuple[Window, Pace]:
        """Return the limits that a venue counts for all of a client's connections together."""
        if plan.venue not in self._shared:
            limits = Window(*connects_allowed(plan.venue)), Pace(plan.messages_per_s)
            self._shared[plan.venue] = limits
        return self._shared[plan.venue]

    def _start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(self._note_end)
        return task

    def _note_end(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        if not self.broken.done():
            self.broken.set_exception(error)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self.tick()

    def tick(self) -> None:
        """Let the clock's time pass for every lane."""
        now_ns = self._clock.now_ns()
        for lane in list(self._lanes.values()):
            lane.tick(now_ns)

    def _of(self, venue: str) -> Iterator[Lane]:
        return (lane for (name, _), lane in self._lanes.items() if name == venue)

    def _find(self, venue: str, connection: str) -> Lane | None:
        """Return a lane by its name or by that of the link which took over."""
        return self._lanes.get((venue, connection.removesuffix("+")))

    def close(self, venue: str, connection: str) -> None:
        """Close a lane for good; nothing happens where none is."""
        lane = self._find(venue, connection)
        if lane is not None:
            key = (venue, lane.plan.connection)
            lane.close("closed by this side")
            self._tasks.pop(key).cancel()
            del self._lanes[key]

    def renew(self, venue: str, symbol: str) -> None:
        """Have a pushed book sent anew; reconnects when no snapshot follows.

        Nothing happens where REST brings the snapshots.
        """
        for lane in self._of(venue):
            if symbol in lane.plan.symbols:
                lane.renew(symbol)

    def reconnect(self, venue: str, connection: str, reason: str) -> None:
        """Hang up on a venue that is not believed any more, and open anew."""
        lane = self._find(venue, connection)
        if lane is not None:
            lane.reconnect(reason)

    def hand_over(self, venue: str, connection: str, reason: str) -> None:
        """Open a second connection beside one that will end, and let it take over."""
        lane = self._find(venue, connection)
        if lane is not None:
            lane.hand_over(connection, reason)

    def statuses(self) -> list[LaneStatus]:
        """Return how each connection does."""
        now_ns = self._clock.now_ns()
        return [row for lane in self._lanes.values() for row in lane.statuses(now_ns)]

    def is_open(self, venue: str) -> bool:
        """Say whether every lane of a venue is open, and there is one."""
        lanes = list(self._of(venue))
        return bool(lanes) and all(lane.is_open for lane in lanes)

    def failures(self, venue: str) -> int:
        """Return the openings in a row that failed, of the lane that fares worst."""
        return max((lane.backoff.failures for lane in self._of(venue)), default=0)

    async def close_all(self) -> None:
        """Close every lane and give the farewells a moment."""
        lanes, tasks = list(self._lanes.values()), list(self._tasks.values())
        if self._ticking is not None:
            tasks.append(self._ticking)
        self._lanes.clear()
        self._tasks.clear()
        self._ticking = None
        for lane in lanes:
            lane.close("closed by this side")
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(lane.gone() for lane in lanes))
