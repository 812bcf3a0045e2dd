"""Children die with their parent, however it dies: they watch the pipe that it holds."""

import os
import sys
import threading
from collections.abc import Callable


def watch_parent(on_gone: Callable[[], object], descriptor: int | None = None) -> threading.Thread:
    """Call `on_gone`, from a thread, when the parent's end of the pipe on standard input closes.

    The system closes it with the parent's last breath, kill -9 included, on every platform.
    """
    pipe = sys.stdin.fileno() if descriptor is None else descriptor
    watcher = threading.Thread(target=_wait, args=(pipe, on_gone), name="parent", daemon=True)
    watcher.start()
    return watcher


def _wait(pipe: int, on_gone: Callable[[], object]) -> None:
    while os.read(pipe, 512):
        pass
    on_gone()
