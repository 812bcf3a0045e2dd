"""A desk that serves from a thread of the test, and waiting on conditions with a deadline."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from hftlib.api.server import DeskServer, bind, serve
from hftlib.client.connection import DeskConnection
from hftlib.desk.settings import DeskSettings

Value = TypeVar("Value")
DEADLINE_S = 90.0
"""Long enough for kernels that must be compiled first."""


def eventually(ask: Callable[[], Value], *, within_s: float = DEADLINE_S) -> Value:
    """Return the first true answer; fail when there is none in time."""
    deadline = time.monotonic() + within_s
    pause = threading.Event()
    while time.monotonic() < deadline:
        answer = ask()
        if answer:
            return answer
        pause.wait(0.005)
    raise AssertionError(f"not true within {within_s:g} s: {ask}")


class DeskInThread:
    """Serve a desk while the block runs."""

    def __init__(
        self, settings: DeskSettings, send_buffer: int | None = None, port: int = 0
    ) -> None:
        self._settings = settings
        self._listener = bind(settings.host, port)
        if send_buffer is not None:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        self._server: DeskServer | None = None
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "DeskInThread":
        self._settings.data_dir.mkdir(parents=True, exist_ok=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.stop()
        self._thread.join(15)
        self._listener.close()
        assert not self._thread.is_alive()
        if self._failure is not None:
            raise self._failure

    def connection(self, token: str = "") -> DeskConnection:
        """Return a connection to it."""
        return DeskConnection(self.url, token)

    def until_running(self) -> DeskConnection:
        """Return a connection once there is a first trusted book."""
        connection = self.connection(self._settings.token)
        eventually(lambda: connection.health().first_book_s is not None)
        return connection

    def _run(self) -> None:
        try:
            asyncio.run(
                serve(self._settings, self._listener, self._keep, started_s=time.perf_counter())
            )
        except BaseException as failure:
            self._failure = failure

    def _keep(self, server: DeskServer) -> None:
        self._server = server


def playing(
    tape: Path, folder: Path, *, send_buffer: int | None = None, port: int = 0, **rest: object
) -> DeskInThread:
    """Return a desk of a tape; further settings by name. `send_buffer` is that of its sockets."""
    settings = {"source": f"tape:{tape}", "data_dir": folder, **rest}
    return DeskInThread(DeskSettings(**settings), send_buffer, port)
