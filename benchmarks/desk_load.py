"""A whole desk under a paced feed: API, store, tape and five pages, measured from within.

`python -m benchmarks.desk_load PORT FRAMES` runs a desk whose Binance is the venue at PORT and
prints JSON, in microseconds: received to features, and the sender's stamp to features; the longest
pause of the garbage collector in milliseconds; what tape and store lost.
"""

import asyncio
import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import requests
import uvloop

from benchmarks.frame_venue import BEGIN, SYMBOL
from hftlib.api.fanout import Hub
from hftlib.api.server import DeskServer, _uvicorn, bind
from hftlib.core.frames import Frame, FrameKind
from hftlib.desk.desk import Desk
from hftlib.desk.settings import DeskSettings
from hftlib.engine.facts import Fact
from hftlib.venues.addresses import LIVE_ADDRESSES
from hftlib.venues.plans import Addresses

PAGES = 5
_WARM_SHARE = 0.2
_PATIENCE_S = 120.0


class Measured:
    """Hear every frame after its facts, and note how old the sender's stamp is."""

    def __init__(self, desk: Desk, frames: int) -> None:
        assert desk.live is not None
        self.live = desk.live.live_run
        self.done = asyncio.Event()
        self.ages_ns = np.zeros(frames + 1, np.int64)
        self.last = 0
        self._frames = frames
        self._warm = self.live.latency.stages()["featured"]
        self._now_ns = self.live.clock.now_ns
        self.live.listeners.insert(0, self._hear)

    def _hear(self, frame: Frame, _facts: list[Fact]) -> None:
        if frame.kind is not FrameKind.WS:
            return
        now_ns = self._now_ns()
        at = frame.payload.find(b'"E":') + 4
        sent_us = int(frame.payload[at : at + 16])
        self.last += 1
        self.ages_ns[self.last] = now_ns - sent_us * 1_000
        if self.last == int(self._frames * _WARM_SHARE):
            self._warm = self.live.latency.stages()["featured"]
        elif self.last == self._frames - 1:
            self.done.set()

    def told(self) -> dict[str, float | None]:
        """Return the figures of what came after the warm-up, in microseconds."""
        ages = self.ages_ns[int(self._frames * _WARM_SHARE) : self.last] / 1e3
        inside = self.live.latency.stages()["featured"].since(self._warm)
        return {
            "inside_p50": (inside.quantile_ns(0.5) or 0) / 1e3,
            "inside_p99": (inside.quantile_ns(0.99) or 0) / 1e3,
            "sent_p50": float(np.quantile(ages, 0.5)),
            "sent_p99": float(np.quantile(ages, 0.99)),
            "sent_longest": float(ages.max()),
        }


class Collections:
    """Measure the garbage collector by the time of the thread that it stops."""

    def __init__(self) -> None:
        self.longest_ms = 0.0
        self._began_s = 0.0
        gc.callbacks.append(self._on_collection)

    def _on_collection(self, phase: str, _details: dict[str, int]) -> None:
        if phase == "start":
            self._began_s = time.thread_time()
        else:
            self.longest_ms = max(self.longest_ms, (time.thread_time() - self._began_s) * 1e3)


async def load(port: int, frames: int, folder: Path) -> dict[str, object]:
    """Run the desk until the feed is through; return what was measured."""
    url = f"http://127.0.0.1:{port}"
    addresses = Addresses("binance", url, url.replace("http", "ws"))
    LIVE_ADDRESSES["binance"] = addresses  # type: ignore[index]  # the bench's own exchange
    settings = DeskSettings(
        source="live", venues=("binance",), symbols=f"binance:{SYMBOL}", data_dir=folder
    )
    listener = bind("127.0.0.1", 0)
    desk = Desk(settings, started_s=time.perf_counter())
    hub = Hub(desk)
    server = DeskServer(_uvicorn(desk, hub))
    tasks = [asyncio.create_task(one) for one in (desk.work(), hub.run(), server.serve([listener]))]
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    pages: asyncio.subprocess.Process | None = None
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await _until(lambda: desk.live is not None and desk.view.run.has_live_book)
            pages = await _pages(address)
            await _until(lambda: _is_storing(desk))
            measured = Measured(desk, frames)
            await asyncio.to_thread(requests.get, f"{url}{BEGIN}", timeout=10)
            collections = Collections()
            await measured.done.wait()
        told: dict[str, object] = dict(measured.told())
        health = desk.health()
        told["gc_longest_ms"] = health.gc.longest_ms
        told["gc_thread_ms"] = collections.longest_ms
        told["tape_lost"] = health.tape.lost if health.tape else None
        told["store_refused"] = health.store.refused if health.store else None
        told["store_rows"] = health.store.confirmed if health.store else None
        return told
    finally:
        if pages is not None:
            pages.kill()
            await pages.wait()
        server.stop()
        await asyncio.wait(tasks[2:], timeout=10)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _until(holds: Callable[[], bool]) -> None:
    """Look ten times a second."""
    while not holds():  # noqa: ASYNC110  # a desk tells no waiter of its own
        await asyncio.sleep(0.1)


def _is_storing(desk: Desk) -> bool:
    return desk.parts.store is not None and desk.parts.store.status().state == "RUNNING"


async def _pages(address: str) -> asyncio.subprocess.Process:
    module = "benchmarks.feed_pages"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, address, "binance", SYMBOL, str(PAGES)),
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    await process.stdout.readline()
    return process


def main() -> None:
    """Print what was measured."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        told = runner.run(load(int(sys.argv[1]), int(sys.argv[2]), Path(folder)))
    print(json.dumps(told))


if __name__ == "__main__":
    main()
