"""What a desk does with exchanges or local venues: bring the feeds up, record, and run."""

import asyncio
import random
from functools import partial
from typing import Any, Final

from hftlib.core.configuration import TapeSection
from hftlib.desk.choices import TAPES
from hftlib.desk.latency import Latency
from hftlib.desk.live_feeds import LiveFeeds
from hftlib.desk.live_run import LiveRun
from hftlib.desk.opened_source import OpenedSource
from hftlib.desk.parts import Parts
from hftlib.desk.run import Run
from hftlib.desk.settings import DeskSettings
from hftlib.desk.sources import RunningSource
from hftlib.desk.view import View
from hftlib.engine.engine import Engine
from hftlib.engine.hashing import RunHasher
from hftlib.io.clock import WallClock
from hftlib.io.tape.live import LiveTape, TapeLimits
from hftlib.io.tape.manifest import Manifest
from hftlib.signals.catalogue import settings_of
from hftlib.wire.messages import ClockReply

_SAMPLE_S: Final = 0.05
_SECOND_NS: Final = 1_000_000_000
_MB: Final = 1_000_000
_GB: Final = 1_000_000_000
_MINUTE_NS: Final = 60 * _SECOND_NS
_DAY_NS: Final = 86_400 * _SECOND_NS


class LiveShow:
    """Run the feeds of one source until another one is wished."""

    def __init__(
        self,
        opened: OpenedSource,
        live_run: LiveRun,
        feeds: LiveFeeds,
        parts: Parts | None,
    ) -> None:
        """Hold what `open_live` opened."""
        self.opened = opened
        self.live_run = live_run
        self.feeds = feeds
        self.view = View(live_run.run)
        self._parts = parts

    @property
    def ended(self) -> bool:
        """Return False: feeds have no end."""
        return False

    def clock(self) -> ClockReply | None:
        """Return None: the clock is the world's."""
        return None

    def statuses(self) -> dict[str, Any]:
        """Return how lanes, budgets and tape do, and why it is this source."""
        return {
            "note": self.opened.source.reason,
            "lanes": self.feeds.lane_statuses(),
            "budgets": self.feeds.budget_statuses(),
            "tape": self.live_run.tape.status(),
        }

    async def play(self, on_warm: asyncio.Event) -> None:
        """Bring the venues up and run until cancelled."""
        running = asyncio.create_task(self._run(on_warm))
        opening = asyncio.create_task(self.feeds.open())
        waiting: set[asyncio.Future[None]] = {running, opening, self.feeds.lanes.broken}
        try:
            while True:
                done, waiting = await asyncio.wait(waiting, return_when="FIRST_COMPLETED")
                for one in done:
                    one.result()
        finally:
            for task in (running, opening):
                task.cancel()
            await asyncio.gather(running, opening, return_exceptions=True)

    async def _run(self, on_warm: asyncio.Event) -> None:
        """Let the run's clock go on with the world's."""
        run, clock = self.live_run.run, self.live_run.clock
        next_second = clock.now_ns() // _SECOND_NS + 1
        while True:
            now_ns = clock.now_ns()
            if now_ns >= next_second * _SECOND_NS:
                next_second = now_ns // _SECOND_NS + 1
                self._second(now_ns)
            run.advance(now_ns)
            if run.has_live_book:
                on_warm.set()
            await asyncio.sleep(_SAMPLE_S)

    async def close(self) -> None:
        """Hang up, write what waits, and end the local venues that were started."""
        await self.feeds.close()
        if self._parts is not None:
            self._parts.run_ends()
        await asyncio.to_thread(self.live_run.tape.close)
        await self.opened.close()

    def _second(self, now_ns: int) -> None:
        self.feeds.second()
        self.live_run.second()
        if self._parts is not None:
            self._parts.second(now_ns)


async def open_live(
    settings: DeskSettings, opened: OpenedSource, parts: Parts | None = None
) -> LiveShow:
    """Return the show of a running source, its tape open and nothing connected yet.

    `parts` keep what it says, beside the tape. Raises TapeError when there is no room for one;
    the source is then closed.
    """
    try:
        live = _live_run(settings, opened.source)
    except BaseException:
        await opened.close()
        raise
    chance = random.SystemRandom()
    feeds = LiveFeeds(live, opened.addresses, opened.others, settings.symbols, chance)
    if parts is not None:
        parts.run_begins(live)
    return LiveShow(opened, live, feeds, parts)


def _live_run(settings: DeskSettings, source: RunningSource) -> LiveRun:
    clock = WallClock()
    latency, hasher = Latency(clock.now_ns), RunHasher(deferred=True)
    run = Run(partial(Engine, (), latency), source.source, source.origin)
    manifest = Manifest(
        source=source.source,
        origin=(source.origin,),
        signals=settings_of(run.engine.signals),
    )
    limits = limits_of(settings.tape)
    tape = LiveTape(settings.data_dir / TAPES, manifest, limits, hasher=hasher, clock=clock)
    live = LiveRun(run, tape, clock, latency)
    live.listeners.append(hasher.hear)
    return live


def limits_of(section: TapeSection) -> TapeLimits:
    """Return the limits of live tapes as a configuration has them."""
    return TapeLimits(
        rotate_bytes=section.rotate_mb * _MB,
        rotate_ns=section.rotate_minutes * _MINUTE_NS,
        keep_bytes=int(section.keep_gb * _GB),
        keep_ns=int(section.keep_days * _DAY_NS),
        least_free_bytes=int(section.least_free_gb * _GB),
    )
