"""Take a flood the way a desk does: socket, stamp, tape, engine, facts, in one process.

`python -m benchmarks.live_client PORT FRAMES` prints JSON: frames, wall and processor seconds from
the first frame of the flood to the last, what the tape lost, whether the book is right at the end.
"""

import asyncio
import gc
import json
import random
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import requests

from benchmarks.frame_venue import SYMBOL
from hftlib.core.compiled import compile_all
from hftlib.core.events import FeedStatus, SnapshotRequest
from hftlib.core.frames import Frame, FrameKind
from hftlib.core.instrument import Instrument
from hftlib.core.states import Source
from hftlib.desk.latency import Latency
from hftlib.desk.live_run import LiveRun
from hftlib.desk.run import Run
from hftlib.engine.engine import Engine
from hftlib.engine.facts import Fact
from hftlib.engine.hashing import RunHasher
from hftlib.io.clock import WallClock
from hftlib.io.feeds.lanes import Lanes
from hftlib.io.tape.live import LiveTape, TapeLimits
from hftlib.io.tape.manifest import Manifest
from hftlib.venues.lanes import lanes_for
from hftlib.venues.plans import Addresses

_PLENTY = TapeLimits(1 << 40, 1 << 60, 1 << 40, 1 << 60, 0)


class Flooded:
    """Measure one flood; answer the engine's wish for a snapshot."""

    def __init__(self, url: str, frames: int, live: LiveRun) -> None:
        self.done = asyncio.Event()
        self.wall_s = self.cpu_s = 0.0
        self.queued_bytes = 0
        self._url = url
        self._frames = frames
        self._live = live
        self._seen = 0
        live.answers = self
        live.listeners.append(self._hear)

    def want(self, request: SnapshotRequest) -> None:
        """Ask for the book; the flood waits meanwhile."""
        url = f"{self._url}/api/v3/depth?symbol={request.symbol}&limit=1000"
        body = requests.get(url, timeout=10).content
        loop = asyncio.get_running_loop()
        loop.call_soon(self._live.take, request.venue, "rest", FrameKind.REST, body, url)

    def act(self, status: FeedStatus) -> None:
        """Give up: nothing of the kind happens in a flood."""
        raise RuntimeError(f"the flood came to an end: {status.reason}")

    def _hear(self, frame: Frame, _facts: list[Fact]) -> None:
        if frame.kind is not FrameKind.WS:
            return
        self._seen += 1
        if self._seen == 2:
            gc.collect()
            gc.freeze()
            self.wall_s, self.cpu_s = -time.perf_counter(), -time.process_time()
        elif self._seen == self._frames:
            self.wall_s += time.perf_counter()
            self.cpu_s += time.process_time()
            self.done.set()
        elif not self._seen % 1000:
            self.queued_bytes = max(self.queued_bytes, self._live.tape.status().queued_bytes)


async def flood(port: int, frames: int, folder: Path) -> dict[str, object]:
    """Return what was measured."""
    clock = WallClock()
    latency, hasher = Latency(clock.now_ns), RunHasher(deferred=True)
    run = Run(partial(Engine, (), latency), Source.SIMULATED, "a flood")
    manifest = Manifest(source=Source.SIMULATED, origin=("a flood",))
    tape = LiveTape(folder, manifest, _PLENTY, hasher=hasher, clock=clock)
    live = LiveRun(run, tape, clock, latency)
    live.listeners.append(hasher.hear)
    live.learn([Instrument("binance", SYMBOL, "BTC", "USDT", "0.01", "0.00000001")])
    url = f"http://127.0.0.1:{port}"
    measured = Flooded(url, frames, live)
    lanes = Lanes(live.take, clock, random.Random(1))
    (plan,) = lanes_for(Addresses("binance", url, url.replace("http", "ws")), [SYMBOL])
    lanes.open(plan)
    done, _ = await asyncio.wait(
        {asyncio.ensure_future(measured.done.wait()), lanes.broken}, return_when="FIRST_COMPLETED"
    )
    for one in done:
        one.result()
    await lanes.close_all()
    book = run.engine.books["binance", SYMBOL]
    status = tape.status()
    tape.close()
    return {
        "frames": frames - 2,
        "wall_s": measured.wall_s,
        "cpu_s": measured.cpu_s,
        "lost": status.lost,
        "queued_bytes": measured.queued_bytes,
        "is_right": book.last_update_id == frames,
    }


def main() -> None:
    """Print what was measured."""
    compile_all()
    with tempfile.TemporaryDirectory() as folder:
        told = asyncio.run(flood(int(sys.argv[1]), int(sys.argv[2]), Path(folder)))
    print(json.dumps(told))


if __name__ == "__main__":
    main()
