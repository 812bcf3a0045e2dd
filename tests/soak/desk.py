"""The desk that is soaked: the desk's own show of the local venues, in a process of its own.

Started by the soak as `python -m tests.soak.desk DATA_DIR`; the market of that folder runs already.
It ends when its standard input does.
"""

import asyncio
import collections
import logging
import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from hftlib.core.configuration import StoreSection, TapeSection
from hftlib.core.venue import BINANCE, BINANCE_USDM, COINBASE, COINBASE_EXCHANGE
from hftlib.desk.desk import Desk
from hftlib.desk.live_show import LiveShow
from hftlib.desk.parent import watch_parent
from hftlib.desk.settings import LOCAL, DeskSettings
from hftlib.io.local.process import resident_bytes
from hftlib.io.rest.transport import Got
from tests.soak.ear import Ear

VENUES: Final = (BINANCE, BINANCE_USDM, COINBASE, COINBASE_EXCHANGE)
_READY_WITHIN_S: Final = 120.0
_USED: Final = "x-mbx-used-weight-1m"
_encode: Final = msgspec.json.Encoder().encode


def say(row: tuple[Any, ...]) -> None:
    """Write one row; whoever soaks reads all the time."""
    sys.stdout.buffer.write(_encode(row) + b"\n")


class Refusals(logging.Handler):
    """Count handshakes that were refused, by what the log says of them."""

    def __init__(self) -> None:
        """Begin with none."""
        super().__init__(logging.INFO)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line of the log."""
        self.count += "handshake refused" in record.getMessage()


class Answers:
    """Count the statuses of REST answers, and the highest weight that they told."""

    def __init__(self, show: LiveShow) -> None:
        """Listen between a show's client and its transport."""
        self.statuses: collections.Counter[int] = collections.Counter()
        self.peak_weight: collections.Counter[str] = collections.Counter()
        transport = show.feeds.rest._transport
        self._get = transport.get
        transport.get = self.get

    def get(self, url: str) -> Got:
        """Do what the transport does, and note its answer; runs in the client's workers."""
        got = self._get(url)
        self.statuses[got.status] += 1
        used = got.headers.get(_USED, "")
        if used.isdigit():
            host = url.split("/")[2]
            self.peak_weight[host] = max(self.peak_weight[host], int(used))
        return got


async def _tell_seconds(desk: Desk, show: LiveShow) -> None:
    answers, refusals = Answers(show), Refusals()
    for name in ("hftlib.io.feeds.lanes", "hftlib.io.feeds.lane"):
        logging.getLogger(name).addHandler(refusals)
        logging.getLogger(name).setLevel(logging.INFO)
    while True:
        await asyncio.sleep(1.0)
        parts = desk.health()
        told = {
            "now_ns": show.live_run.clock.now_ns(),
            "resident_bytes": resident_bytes(),
            "frames": show.live_run.frames,
            "reconnects": {f"{one.venue} {one.connection}": one.reconnects for one in parts.lanes},
            "delayed": {one.venue: one.delayed for one in parts.budgets},
            "statuses": dict(answers.statuses),
            "peak_weight": dict(answers.peak_weight),
            "handshakes_refused": refusals.count,
            "tape_bytes": parts.tape.bytes if parts.tape else 0,
            "tape_lost": parts.tape.lost if parts.tape else 0,
            "tape_queued": parts.tape.queued_bytes if parts.tape else 0,
            "store": msgspec.to_builtins(parts.store),
            "history_bytes": parts.history_bytes,
            "gc_longest_ms": parts.gc.longest_ms,
        }
        say(("second", told))
        sys.stdout.buffer.flush()


async def _run(data_dir: Path, store: str) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    watch_parent(lambda: loop.call_soon_threadsafe(ended.set))
    settings = DeskSettings(
        source=LOCAL,
        data_dir=data_dir,
        venues=VENUES,
        tape=TapeSection(rotate_minutes=5, keep_gb=2.0),
        store=StoreSection(mode=store),
    )
    desk = Desk(settings)
    working = asyncio.create_task(desk.work())
    telling = None
    if await desk.is_ready(_READY_WITHIN_S) and (show := desk.live) is not None:
        ear = Ear(lambda: show.view.run.engine, say)
        show.live_run.listeners.append(ear.hear)
        telling = asyncio.create_task(_tell_seconds(desk, show))
    waiting = asyncio.create_task(ended.wait())
    tasks = [task for task in (working, waiting, telling) if task is not None]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome


if __name__ == "__main__":
    asyncio.run(_run(Path(sys.argv[1]), sys.argv[2]))
