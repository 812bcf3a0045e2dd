"""The app's tie to its desk: joined where one runs, started where none does, found again when lost.

One link serves the whole app process; scripts and the relay share it.
"""

import asyncio
import os
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Final

from hftlib.client.connection import DeskConnection
from hftlib.client.starting import RunningDesk, ensure_desk
from hftlib.core.configuration import Configuration
from hftlib.core.configuration_files import load
from hftlib.core.errors import ConfigurationError, UnavailableError
from hftlib.ui.relay import Address

_RETRY_S: Final = 3.0


class DeskLink:
    """Know where the desk answers; start one when it is this app's part to do so."""

    def __init__(self, configure: Callable[[], Configuration]) -> None:
        """Begin unconnected; the first question reads the configuration and opens the link."""
        self._configure = configure
        self._lock = threading.Lock()
        self._running: RunningDesk | None = None
        self._connection: DeskConnection | None = None
        self._refused_until = 0.0
        self._refusal = ""

    def connection(self) -> DeskConnection:
        """Return a connection to the desk. Raises UnavailableError when there is none to be had."""
        with self._lock:
            if self._connection is None:
                self._connection = self._open()
            return self._connection

    def renew(self) -> None:
        """Forget a desk that no longer answers; the next question looks for it anew."""
        with self._lock:
            if self._running is None or not self._running.is_alive():
                self._forget()

    async def locate(self) -> Address:
        """Return where the desk answers, for the relay. Raises UnavailableError."""
        connection = await asyncio.to_thread(self._located)
        return Address(connection.url, connection.token)

    def close(self) -> None:
        """Drop the connection and end the desk that this app started; one it joined goes on."""
        with self._lock:
            running = self._running
            self._forget()
        if running is not None:
            running.stop()

    def _located(self) -> DeskConnection:
        self.renew()
        return self.connection()

    def _open(self) -> DeskConnection:
        try:
            configuration = self._configure()
        except ConfigurationError as error:
            raise UnavailableError(f"the configuration is refused: {error}") from None
        if configuration.api.url:
            self._running = RunningDesk(configuration.api.url, configuration.api.token)
            return DeskConnection(self._running.url, self._running.token)
        return self._start(Path(configuration.data_dir).expanduser())

    def _start(self, data_dir: Path) -> DeskConnection:
        if time.monotonic() < self._refused_until:
            raise UnavailableError(self._refusal)
        try:
            self._running = ensure_desk(data_dir)
        except UnavailableError as error:
            self._refused_until = time.monotonic() + _RETRY_S
            self._refusal = str(error)
            raise
        return DeskConnection(self._running.url, self._running.token)

    def _forget(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None
        self._running = None


@lru_cache(maxsize=1)
def desk_link() -> DeskLink:
    """Return this process's link, by the configuration found where the app was started."""
    return DeskLink(lambda: load(os.environ, Path.cwd()).configuration)
