"""Lanes under test: a clock set by hand, what was taken and told, and a venue that misbehaves."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

from websockets.asyncio.server import ServerConnection, serve

from hftlib.core.frames import FrameKind
from hftlib.io.feeds.lanes import Lanes
from hftlib.venues.plans import LanePlan

SECOND_NS = 1_000_000_000
PATIENCE_S = 20.0


class HandClock:
    """Tell the time that a test sets."""

    def __init__(self) -> None:
        self.time_ns = 1_700_000_000 * SECOND_NS

    def now_ns(self) -> int:
        return self.time_ns

    def pass_s(self, seconds: float) -> None:
        self.time_ns += round(seconds * SECOND_NS)


class Lowest(random.Random):
    """Draw the lower end: no wait is longer than it must be."""

    def uniform(self, a: float, b: float) -> float:
        return a


class Taken(NamedTuple):
    """Hold one frame as it was handed over."""

    venue: str
    connection: str
    kind: FrameKind
    payload: bytes
    request: str


class Taker:
    """Take frames, and let a test wait until they are as it wants."""

    def __init__(self) -> None:
        self.frames: list[Taken] = []
        self.told: list[str] = []
        self.fails = False
        self._news = asyncio.Event()

    def take(
        self, venue: str, connection: str, kind: FrameKind, payload: bytes, request: str = ""
    ) -> None:
        self.frames.append(Taken(venue, connection, kind, payload, request))
        self._news.set()
        if self.fails:
            raise RuntimeError("an invariant is broken")

    def tell(self, text: str) -> None:
        self.told.append(text)
        self._news.set()

    def of(self, kind: FrameKind, connection: str = "") -> list[Taken]:
        return [
            one for one in self.frames if one.kind is kind and connection in ("", one.connection)
        ]

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until something holds; looked at whenever a frame or a word comes."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                self._news.clear()
                await self._news.wait()


class Rig:
    """Hold lanes with all that is around them."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.taker = Taker()
        self.lanes = Lanes(self.taker.take, self.clock, Lowest(1), self.taker.tell)

    def pass_s(self, seconds: float) -> None:
        self.clock.pass_s(seconds)
        self.lanes.tick()

    async def closed(self, connection: str = "ws", count: int = 1) -> Taken:
        """Wait for the end of a connection; return its frame."""
        await self.taker.until(lambda: len(self.taker.of(FrameKind.CLOSED, connection)) >= count)
        return self.taker.of(FrameKind.CLOSED, connection)[count - 1]

    async def opened(self, connection: str = "ws", count: int = 1) -> Taken:
        """Wait for the opening of a connection; return its frame."""
        await self.taker.until(lambda: len(self.taker.of(FrameKind.OPENED, connection)) >= count)
        return self.taker.of(FrameKind.OPENED, connection)[count - 1]


Handler = Callable[[ServerConnection], Awaitable[None]]


@asynccontextmanager
async def rig_of_nothing():
    """Yield lanes without a venue."""
    rig = Rig()
    try:
        yield rig
    finally:
        await rig.lanes.close_all()


@asynccontextmanager
async def rig_on(handler: Handler, **options: object):
    """Yield lanes and the URL of a venue that does what `handler` says."""
    async with (
        serve(handler, "127.0.0.1", 0, compression=None, ping_interval=None, **options) as server,
        rig_of_nothing() as rig,
    ):
        rig.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        yield rig


def plan(url: str, venue: str = "binance", **fields: object) -> LanePlan:
    return LanePlan(venue, "ws", url, ("BTCUSDT",), **fields)
