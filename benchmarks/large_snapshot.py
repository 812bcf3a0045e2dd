"""How long a 5 MB snapshot stops a desk: one call of the live frame path, tape on.

`python -m benchmarks.large_snapshot` prints JSON: bytes, and the longest and median milliseconds of
the loop's thread, so that neighbours do not count.
"""

import json
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path

from hftlib.core.compiled import compile_all
from hftlib.core.frames import FrameKind
from hftlib.core.instrument import Instrument
from hftlib.core.states import Side, Source
from hftlib.desk.live_run import LiveRun
from hftlib.desk.run import Run
from hftlib.engine.engine import Engine
from hftlib.io.clock import WallClock
from hftlib.io.tape.live import LiveTape, TapeLimits
from hftlib.io.tape.manifest import Manifest
from hftlib.venues.coinbase.encode import AdvancedWriter

LEVELS = 46_000
_ROUNDS = 15
_MIDDLE = 6_000_000
_PLENTY = TapeLimits(1 << 40, 1 << 60, 1 << 40, 1 << 60, 0)
_BTC = Instrument("coinbase", "BTC-USD", "BTC", "USD", "0.01", "0.00000001")


def snapshot(number: int) -> bytes:
    """Return the pushed snapshot of a book with as many levels as Coinbase's, most of them near."""
    half = LEVELS // 2
    levels = [(Side.BUY, _MIDDLE - 1 - step * 3, 10_000_000 + step) for step in range(half)]
    levels += [(Side.SELL, _MIDDLE + step * 7, 10_000_000 + step) for step in range(half)]
    return AdvancedWriter(_BTC).level2(number, 1_786_309_548_228_000_000, levels, snapshot=True)


def main() -> None:
    """Print what was measured."""
    compile_all()
    with tempfile.TemporaryDirectory() as folder:
        clock = WallClock()
        run = Run(partial(Engine, ()), Source.SIMULATED, "snapshots")
        manifest = Manifest(source=Source.SIMULATED, origin=("snapshots",))
        live = LiveRun(run, LiveTape(Path(folder), manifest, _PLENTY, clock=clock), clock)
        live.learn([_BTC])
        live.take("coinbase", "ws", FrameKind.OPENED, b"", "wss://x")
        pauses_ms = []
        for number in range(_ROUNDS):
            payload = snapshot(number)
            began = time.thread_time()
            live.take("coinbase", "ws", FrameKind.WS, payload)
            pauses_ms.append((time.thread_time() - began) * 1e3)
        live.tape.close()
    told = {
        "bytes": len(payload),
        "median_ms": statistics.median(pauses_ms),
        "longest_ms": max(pauses_ms),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
