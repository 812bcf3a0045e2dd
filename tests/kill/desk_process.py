"""A desk on local venues in a process of its own, to be killed, and what hangs on it."""

import subprocess
import sys
import threading
import time
from pathlib import Path

from hftlib.client.connection import DeskConnection
from hftlib.client.endpoint import read_endpoint
from hftlib.core.errors import HftlibError
from tests.desk_support.server import eventually

PROJECT = Path(__file__).resolve().parents[2]
FIRST_START_S = 300.0
"""Kernels may have to be compiled at the very first start."""

_POLL_S = 0.02


class DeskProcess:
    """Run `python -m hftlib desk`; it dies with this process too."""

    def __init__(self, folder: Path, *words: str, source: str = "local") -> None:
        self.folder = folder
        self.started_s = time.monotonic()
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "hftlib", "desk", "--source", source, "--port", "0"]
        with (folder / "stderr.txt").open("ab") as told:
            self.process = subprocess.Popen(
                [*command, "--with-parent", "--data-dir", str(folder), *words],
                cwd=PROJECT,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=told,
            )
        self.url = ""
        self._pause = threading.Event()

    def until_answering(self, within_s: float = 60.0) -> str:
        """Return the address at which this very process answers."""
        eventually(self._answers, within_s=within_s)
        return self.url

    def until_live(self, within_s: float = 60.0) -> float:
        """Return the seconds from the start of the process to its first LIVE book, as seen here."""
        self.until_answering(within_s)
        with DeskConnection(self.url) as connection:
            while connection.health().first_book_s is None:
                assert time.monotonic() - self.started_s < within_s, "no LIVE book in time"
                self._pause.wait(_POLL_S)
        return time.monotonic() - self.started_s

    def kill(self) -> dict[int, str]:
        """End it as kill -9 does; return the processes that hung on it, with their commands."""
        children = descendants(self.process.pid)
        self.process.kill()
        self.process.wait(20)
        assert self.process.stdin is not None
        self.process.stdin.close()
        return children

    def stop(self, within_s: float = 20.0) -> int:
        """End it with SIGTERM; return its exit code."""
        self.process.terminate()
        code = self.process.wait(within_s)
        assert self.process.stdin is not None
        self.process.stdin.close()
        return code

    def _answers(self) -> bool:
        assert self.process.poll() is None, f"the desk ended with {self.process.returncode}"
        endpoint = read_endpoint(self.folder)
        if endpoint is None or endpoint.pid != self.process.pid:
            return False
        with DeskConnection(endpoint.url) as connection:
            try:
                connection.health()
            except HftlibError:
                return False
        self.url = endpoint.url
        return True


def descendants(pid: int) -> dict[int, str]:
    """Return the processes below one and their commands, as /proc has them now."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            stat = _stat(int(folder.name))
            if stat:
                parents.setdefault(int(stat[1]), []).append(int(folder.name))
    found, waiting = [], [pid]
    while waiting:
        below = parents.get(waiting.pop(), [])
        found += below
        waiting += below
    return {pid: _command(pid) for pid in found}


def is_running(pid: int) -> bool:
    """Say whether a process is there and no zombie."""
    stat = _stat(pid)
    return bool(stat) and stat[0] != "Z"


def _command(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return b" ".join(words[1:4]).decode().strip()


def _stat(pid: int) -> list[str]:
    """Return state, parent and so on of a process; nothing when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
