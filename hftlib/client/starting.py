"""Join the desk of a data folder, or start one: what the app does before it shows a page.

The desk that is started hangs on a pipe that this process holds: it ends when this process does,
however that happens.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from hftlib.client.connection import DeskConnection, RefusedError
from hftlib.client.endpoint import read_endpoint, read_token
from hftlib.core.errors import UnavailableError

START_WITHIN_S: Final = 20.0
_PACKAGE_PARENT: Final = Path(__file__).resolve().parents[2]
_PROBE_S: Final = 1.0
_POLL_S: Final = 0.02
_END_WITHIN_S: Final = 5.0


class RunningDesk:
    """Name a desk that answers; `process` is set where this process started it."""

    def __init__(
        self, url: str, token: str, process: "subprocess.Popen[bytes] | None" = None
    ) -> None:
        """Keep where the desk answers."""
        self.url = url
        self.token = token
        self.process = process

    def is_alive(self) -> bool:
        """Say whether the desk answers now."""
        return answers(self.url, self.token)

    def stop(self) -> None:
        """End the desk if this process started it; one that was joined goes on."""
        if self.process is None:
            return
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            self.process.wait(_END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def ensure_desk(
    data_dir: Path,
    *,
    arguments: Sequence[str] = (),
    within_s: float = START_WITHIN_S,
) -> RunningDesk:
    """Return the desk of a data folder, started with these further arguments when none runs.

    The API answers within a second or two; kernels may still be compiling then, which its
    health tells. Raises UnavailableError when the desk ends or does not answer in time.
    """
    running = join_desk(data_dir)
    if running is not None:
        return running
    process = _start(data_dir, arguments)
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        ended = process.poll() is not None
        running = join_desk(data_dir)
        if running is not None:
            own = _is_own(running, data_dir, process)
            return RunningDesk(running.url, running.token, process if own else None)
        if ended and process.returncode != 0:
            raise UnavailableError(
                f"the desk ended with code {process.returncode}; it said why on standard error"
            )
        time.sleep(_POLL_S)
    RunningDesk("", "", process).stop()
    raise UnavailableError(f"the desk did not answer within {within_s:g} s")


def join_desk(data_dir: Path) -> RunningDesk | None:
    """Return the desk that runs for a data folder, or None."""
    endpoint = read_endpoint(data_dir)
    if endpoint is None:
        return None
    token = read_token(endpoint)
    return RunningDesk(endpoint.url, token) if answers(endpoint.url, token) else None


def answers(url: str, token: str) -> bool:
    """Say whether a desk answers, and to this token, at an address now."""
    with DeskConnection(url, token, timeout_s=_PROBE_S) as connection:
        try:
            connection.health()
        except (UnavailableError, RefusedError):
            return False
    return True


def _start(data_dir: Path, arguments: Sequence[str]) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "hftlib", "desk", "--with-parent"]
    # The package may lie where this program was started from elsewhere: lead the desk to it.
    paths = [str(_PACKAGE_PARENT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.Popen(
        [*command, "--data-dir", str(data_dir), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )


def _is_own(running: RunningDesk, data_dir: Path, process: "subprocess.Popen[bytes]") -> bool:
    endpoint = read_endpoint(data_dir)
    return endpoint is not None and endpoint.url == running.url and endpoint.pid == process.pid
