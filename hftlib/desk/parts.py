"""What a desk has whatever it shows: the parts that keep its facts, opened once and closed last."""

import asyncio
import contextlib
import os
import platform
import random
import secrets
import time
from pathlib import Path
from typing import Any, Final

from hftlib.core.provenance import provenance_of
from hftlib.desk.live_run import LiveRun
from hftlib.desk.settings import DeskSettings
from hftlib.desk.store_rows import StoreRows
from hftlib.desk.tape_process import TapeProcess
from hftlib.io.ledger.database import FILE as LEDGER_FILE
from hftlib.io.ledger.database import LedgerDatabase
from hftlib.io.store.settings import StoreSettings
from hftlib.io.store.writer import StoreWriter
from hftlib.wire.messages import Health

STORE_FOLDER: Final = "store"
_STORE_WITHIN_S: Final = 10.0


class Parts:
    """Open and close the parts of one desk, and tell how they do.

    The store's process is started with the first live run: a tape has no use for it.
    """

    def __init__(self, settings: DeskSettings) -> None:
        """Prepare; nothing is opened yet."""
        self.settings = settings
        self.ledger: LedgerDatabase | None = None
        self.store: StoreWriter | None = None
        self.tapes = TapeProcess()
        self._live: LiveRun | None = None
        self._rows: StoreRows | None = None
        self._storing: asyncio.Task[None] | None = None
        self._has_book = asyncio.Event()

    async def open(self) -> None:
        """Open what keeps facts. Raises HftlibError when the data folder refuses."""
        path = self.settings.data_dir / LEDGER_FILE
        self.ledger = await asyncio.to_thread(LedgerDatabase, path)

    def run_begins(self, live: LiveRun) -> None:
        """Keep what a live run says from now on."""
        if self.settings.store.mode == "off":
            return
        if self.store is None:
            self.store = StoreWriter(store_settings(self.settings), random.SystemRandom())
            self._storing = asyncio.create_task(self._keep_store(self.store), name="store")
        run = live.run
        self.store.begin_run(run_name(), provenance_of(run.source, [run.origin]).stored)
        event_features = self.settings.store.event_features
        self._live = live
        self._rows = StoreRows(run, self.store, event_features=event_features)
        live.listeners.append(self._rows.note)

    async def _keep_store(self, store: StoreWriter) -> None:
        """Run the store, begun once there is a book: opening it takes seconds of a core."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._has_book.wait(), _STORE_WITHIN_S)
        self._has_book.set()
        await store.run()

    def run_ends(self) -> None:
        """Keep nothing of the live run any more."""
        if self._rows is not None and self._live is not None:
            self._live.listeners.remove(self._rows.note)
            self._rows.end()
        self._live = self._rows = None

    def second(self, now_ns: int) -> None:
        """Keep what is kept once a second."""
        if self._rows is not None and self._live is not None:
            if self._live.run.has_live_book:
                self._has_book.set()
            self._rows.second(now_ns)
            self._rows.latency(now_ns, self._live.latency.take_recent())

    def keep_health(self, health: Health) -> None:
        """Keep how the desk is, beside what its live run says."""
        if self._rows is not None and self._live is not None:
            self._rows.health(self._live.clock.now_ns(), health, resident_bytes())

    def statuses(self) -> dict[str, Any]:
        """Return how each part does, by its name in `Health`."""
        told: dict[str, Any] = {} if self.ledger is None else {"ledger": self.ledger.status()}
        return told if self.store is None else {**told, "store": self.store.status()}

    async def close(self) -> None:
        """Write what waits, and close."""
        await self.tapes.close()
        if self.store is not None and self._storing is not None:
            await self.store.close()
            self._storing.cancel()
            await asyncio.gather(self._storing, return_exceptions=True)
        if self.ledger is not None:
            await asyncio.to_thread(self.ledger.close)


def resident_bytes() -> int | None:
    """Return the memory of this process, None where the system does not tell it so."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return None
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def store_folder(data_dir: Path) -> Path:
    """Return where the embedded store of a data folder lies."""
    return data_dir / STORE_FOLDER / "chdb"


def store_settings(settings: DeskSettings) -> StoreSettings:
    """Return what the store of a desk is started with."""
    section = settings.store
    return StoreSettings(
        folder=store_folder(settings.data_dir),
        desk=section.desk or platform.node() or "desk",
        dsn=settings.clickhouse_dsn,
        queue_bytes=section.queue_mb * 2**20,
        event_days=section.event_days,
        second_days=section.second_days,
    )


def run_name() -> str:
    """Return the name of a run in the store, which no other run has: when it began, and chance."""
    started = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    return f"{started}-{secrets.token_hex(4)}"
