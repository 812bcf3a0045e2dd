"""What a desk has whatever it shows: the parts that keep its facts, opened once and closed last."""

import asyncio
from typing import Any

from hftlib.desk.live_run import LiveRun
from hftlib.desk.settings import DeskSettings
from hftlib.io.ledger.database import FILE as LEDGER_FILE
from hftlib.io.ledger.database import LedgerDatabase


class Parts:
    """Open and close the parts of one desk, and tell how they do."""

    def __init__(self, settings: DeskSettings) -> None:
        """Prepare; nothing is opened yet."""
        self.settings = settings
        self.ledger: LedgerDatabase | None = None

    async def open(self) -> None:
        """Open what keeps facts. Raises HftlibError when the data folder refuses."""
        path = self.settings.data_dir / LEDGER_FILE
        self.ledger = await asyncio.to_thread(LedgerDatabase, path)

    def run_begins(self, live: LiveRun) -> None:
        """Keep what a live run says from now on."""

    def run_ends(self) -> None:
        """Keep nothing of the live run any more."""

    def second(self, now_ns: int) -> None:
        """Keep what is kept once a second."""

    def statuses(self) -> dict[str, Any]:
        """Return how each part does, by its name in `Health`."""
        return {} if self.ledger is None else {"ledger": self.ledger.status()}

    async def close(self) -> None:
        """Write what waits, and close."""
        if self.ledger is not None:
            await asyncio.to_thread(self.ledger.close)
