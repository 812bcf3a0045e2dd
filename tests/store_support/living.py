"""A real store for tests: its loop in a thread, its process beneath."""

import asyncio
import os
import random
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from hftlib.io.store.settings import StoreSettings
from hftlib.io.store.writer import StoreWriter
from hftlib.wire.messages import StoreStatus
from tests.desk_support.server import eventually

Value = TypeVar("Value")


class Soonest(random.Random):
    """Chance that draws no wait at all."""

    def uniform(self, a: float, b: float) -> float:
        return a


class Latest(random.Random):
    """Chance that draws the longest wait."""

    def uniform(self, a: float, b: float) -> float:
        return b


class LivingStore:
    """Run a writer while the block runs; everything of it happens on its own loop."""

    def __init__(self, folder: Path, **rest: Any) -> None:
        chance = rest.pop("chance", None) or Soonest()
        self.settings = StoreSettings(folder, "desk", rest.pop("run", "run"), **rest)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.writer = StoreWriter(self.settings, chance)

    def __enter__(self) -> "LivingStore":
        self._thread.start()
        self._running = asyncio.run_coroutine_threadsafe(self.writer.run(), self._loop)
        return self

    def __exit__(self, *_: object) -> None:
        self.wait(self.writer.close)
        self._running.result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def wait(self, coroutine: Callable[[], Awaitable[Value]]) -> Value:
        """Run a coroutine on the loop and return what it returns."""

        async def run() -> Value:
            return await coroutine()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(60)

    def do(self, work: Callable[[], Value]) -> Value:
        """Call a function on the loop and return what it returns."""

        async def run() -> Value:
            return work()

        return self.wait(run)

    def status(self) -> StoreStatus:
        return self.do(self.writer.status)

    def until_running(self) -> int:
        """Wait until there is a store; return its process."""
        eventually(lambda: self.status().state == "RUNNING")
        found = self.writer.process_id
        assert found is not None
        return found

    def put(self, table: str, *rows: tuple[Any, ...]) -> None:
        """Put rows and cut them off."""

        def put() -> None:
            for row in rows:
                self.writer.put_row(table, row)
            self.writer.cut()

        self.do(put)

    def until_confirmed(self, count: int) -> StoreStatus:
        """Wait until so many rows are confirmed."""
        eventually(lambda: self.status().confirmed >= count)
        return self.status()

    def ask(self, sql: str, parameters: Any = None, **limits: Any) -> list[dict[str, Any]]:
        """Return the rows that a statement gives."""
        data = self.wait(lambda: self.writer.query(sql, parameters, **limits))
        return pa.ipc.open_stream(data).read_all().to_pylist()


def is_alive(process: int) -> bool:
    """Say whether a process runs (a zombie does not)."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{process}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"
