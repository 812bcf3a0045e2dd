"""Parts that run alone: each is stopped in its turn, and the others go on.

A desk, an app and a follower of signals that talk to it, and a recorder, each a process of its own
with nothing in common but addresses: they could as well be on several machines.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import requests

from hftlib.client.connection import DeskConnection
from hftlib.core.errors import HftlibError
from tests.desk_support.server import eventually
from tests.ui_support.serving import PROJECT, free_port

WITHIN_S = 120.0
STOPS_WITHIN_S = 30.0
_WELL_ENDED = (0, -signal.SIGTERM)
"""Streamlit itself leaves SIGTERM to the system."""


class Part:
    """Run one part; its lines on standard output are kept."""

    def __init__(self, folder: Path, *words: str, module: str = "hftlib", url: str = "") -> None:
        self.lines: list[str] = []
        self._start = partial(Part, folder, *words, module=module, url=url)
        kept = {
            name: value
            for name, value in os.environ.items()
            if name == "HFT_KERNEL_CACHE" or not name.startswith("HFT_")
        }
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "stderr.txt").open("ab") as told:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, *words],
                cwd=PROJECT,
                env={**kept, "HFT_DATA_DIR": str(folder), "HFT_API_URL": url},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=told,
                text=True,
            )
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def again(self) -> "Part":
        """Return the same part, started once more."""
        return self._start()

    def goes_on(self) -> None:
        """Wait until it says something new."""
        heard = len(self.lines)
        eventually(lambda: len(self.lines) > heard, within_s=WITHIN_S)

    def stop(self) -> int:
        """End it with SIGTERM; return its exit code."""
        self.process.terminate()
        try:
            return self.process.wait(STOPS_WITHIN_S)
        finally:
            self.process.kill()
            self._thread.join(10)
            assert self.process.stdout is not None
            self.process.stdout.close()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)


class Parts:
    """Hold the four parts and say whether each does its work."""

    def __init__(self, folder: Path) -> None:
        desk_port, app_port = free_port(), free_port()
        url = f"http://127.0.0.1:{desk_port}"
        desk = ("desk", "--source", "incident:news", "--speed", "50", "--port", str(desk_port))
        app = ("run", "app.py", "--server.port", str(app_port), "--server.headless", "true")
        self.desk_url, self.app_url = url, f"http://127.0.0.1:{app_port}"
        self.parts = {
            "desk": Part(folder / "desk", *desk),
            "record": Part(folder / "record", "record", "--source", "local", "--json"),
            "signals": Part(folder / "signals", "signals", "--from", url, "--json"),
            "app": Part(folder / "app", *app, module="streamlit", url=url),
        }
        self.checks: dict[str, Callable[[], object]] = {
            "desk": self._desk_plays,
            "record": lambda: self.parts["record"].goes_on(),
            "signals": lambda: self.parts["signals"].goes_on(),
            "app": lambda: eventually(lambda: answers(self.app_url), within_s=WITHIN_S),
        }

    def all_work(self) -> None:
        """Wait until each part that was not stopped is seen at work."""
        for name, part in self.parts.items():
            assert part.process.poll() is None, f"{name} has ended"
            self.checks[name]()

    def stop(self, name: str) -> Part:
        """Stop a part; it must end well."""
        part = self.parts.pop(name)
        assert part.stop() in _WELL_ENDED, name
        return part

    def close(self) -> None:
        for part in self.parts.values():
            part.stop()

    def _desk_plays(self) -> None:
        with DeskConnection(self.desk_url) as connection:

            def time_ms() -> float:
                try:
                    return connection.clock().time_ms
                except HftlibError:
                    return 0.0

            before = eventually(time_ms, within_s=WITHIN_S)
            eventually(lambda: time_ms() not in (0.0, before), within_s=WITHIN_S)


def answers(url: str) -> bool:
    """Say whether an app answers."""
    try:
        return requests.get(f"{url}/_stcore/health", timeout=5).ok
    except requests.RequestException:
        return False


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    running = Parts(tmp_path)
    try:
        running.all_work()
        yield running
    finally:
        running.close()


@pytest.mark.slow
def test_each_part_may_stop_and_the_others_go_on(parts: Parts) -> None:
    parts.stop("record")
    parts.all_work()
    parts.stop("app")
    parts.all_work()
    desk = parts.stop("desk")
    follower = parts.parts["signals"].process
    assert follower.poll() is None, "signals are followed through a desk that is gone"
    parts.parts["desk"] = desk.again()
    parts.all_work()
    parts.stop("signals")
    parts.all_work()


def test_the_app_goes_on_without_a_desk(tmp_path: Path) -> None:
    port = free_port()
    words = ("run", "app.py", "--server.port", str(port), "--server.headless", "true")
    app = Part(tmp_path, *words, module="streamlit", url=f"http://127.0.0.1:{free_port()}")
    try:
        eventually(lambda: answers(f"http://127.0.0.1:{port}"), within_s=WITHIN_S)
    finally:
        assert app.stop() in _WELL_ENDED
