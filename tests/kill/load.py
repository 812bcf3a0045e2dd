"""Load on a desk that is about to be killed: clients that set marks, and a ledger that is filled.

What was acknowledged is kept here, outside of what is killed.
"""

import subprocess
import sys
import threading
import time
from pathlib import Path

from hftlib.client.connection import DeskConnection
from hftlib.core.errors import HftlibError
from tests.kill.desk_process import PROJECT

CLIENTS = 4
PAUSE_S = 0.01


class MarkClients:
    """Set marks from several threads until stopped; each label is used once, ever."""

    def __init__(self, name: str) -> None:
        self.acknowledged: set[str] = set()
        self.sent = 0
        self.latencies_s: list[float] = []
        self._name = name
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._threads: list[threading.Thread] = []

    def begin(self, url: str, clients: int = CLIENTS) -> None:
        """Begin to set marks at a desk."""
        for number in range(clients):
            thread = threading.Thread(target=self._work, args=(url, number), daemon=True)
            self._threads.append(thread)
            thread.start()

    def end(self) -> None:
        """Set no more marks; whatever was answered is in `acknowledged`."""
        self._ending.set()
        for thread in self._threads:
            thread.join(20)
            assert not thread.is_alive()

    def _work(self, url: str, number: int) -> None:
        count = 0
        with DeskConnection(url) as connection:
            while not self._ending.wait(PAUSE_S):
                count += 1
                label = f"{self._name}-{number}-{count}"
                with self._lock:
                    self.sent += 1
                began_s = time.monotonic()
                try:
                    connection.mark(label)
                except HftlibError:
                    continue  # killed, or not up yet: not acknowledged
                with self._lock:
                    self.acknowledged.add(label)
                    self.latencies_s.append(time.monotonic() - began_s)


class LedgerLoad:
    """Fill a ledger of its own, in a process to be killed; it tells what was acknowledged."""

    def __init__(self, path: Path, name: str) -> None:
        self.acknowledged: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.kill.ledger_load", str(path), name],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def kill(self) -> None:
        """End it as kill -9 does; afterwards `acknowledged` is complete."""
        self.process.kill()
        self.process.wait(20)
        self._thread.join(20)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.endswith("\n"):
                self.acknowledged.append(line.strip())
