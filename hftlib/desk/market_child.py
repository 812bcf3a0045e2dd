"""The local venues as a child of the desk: joined where they run, else started and watched."""

import asyncio
import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from hftlib.core.errors import UnavailableError
from hftlib.io.local.ports_file import CHILD_FILE, FILE, Addresses, read_addresses

_READY_WITHIN_S: Final = 240.0
"""The first start on a machine compiles kernels, on a busy one for minutes."""
_END_WITHIN_S: Final = 5.0
_PROBE_S: Final = 1.0
_NICENESS: Final = 10
_AGAIN_S: Final = 1.0
_SILENT_PROBES: Final = 5

_log: Final = logging.getLogger(__name__)


class MarketChild:
    """Hold the local venues that a desk shows."""

    def __init__(self, data_dir: Path) -> None:
        """Prepare; nothing runs yet."""
        self._data_dir = data_dir
        self._process: asyncio.subprocess.Process | None = None
        self._watching: asyncio.Task[None] | None = None
        self.addresses: Mapping[str, str] = {}
        self.restarts = 0

    @property
    def pid(self) -> int | None:
        """Return the process that was started here, None where a running market was joined."""
        return None if self._process is None else self._process.pid

    async def open(self) -> Mapping[str, str]:
        """Return the venues' base URLs by name, joined or started.

        Raises UnavailableError when the market does not come up.
        """
        joined = await self._join()
        if joined is not None:
            self.addresses = joined.addresses
            _log.info("joined the local venues", extra={"pid": joined.pid})
        else:
            self.addresses = await self._start(["--free-ports"])
        self._watching = asyncio.create_task(self._watch())
        return self.addresses

    async def close(self) -> None:
        """End the market that was started here; one that was joined goes on."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        if self._process is not None:
            await _end(self._process)

    async def _join(self) -> Addresses | None:
        """Return a market that somebody else runs for this data folder, if one answers."""
        left = read_addresses(self._data_dir / FILE)
        if left is None or not await _answers(left.addresses.get("control", "")):
            return None
        return left

    async def _start(self, ports: list[str]) -> Mapping[str, str]:
        words = ["-m", "hftlib", "market", "--json", "--with-parent", *ports]
        self._process = process = await asyncio.create_subprocess_exec(
            sys.executable,
            *words,
            "--data-dir",
            str(self._data_dir),
            "--ports-file",
            str(self._data_dir / CHILD_FILE),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": _package_path()},
        )
        _be_nice(process.pid)
        assert process.stdout is not None
        try:
            async with asyncio.timeout(_READY_WITHIN_S):
                line = await process.stdout.readline()
            return msgspec.json.decode(line, type=Addresses).addresses
        except (TimeoutError, msgspec.MsgspecError):
            await _end(process)
            raise UnavailableError(
                "the local venues did not come up; they said why on standard error"
            ) from None

    async def _watch(self) -> None:
        """Start the market again at the same ports whenever it dies, a joined one as well."""
        ports = [
            word
            for name, url in self.addresses.items()
            for word in (f"--port-{name.replace('_', '-')}", str(urlsplit(url).port))
        ]
        while True:
            await self._until_it_ends()
            _log.warning("the local venues ended and are started again")
            self.restarts += 1
            try:
                await self._start(ports)
            except UnavailableError as error:
                _log.error(str(error))

    async def _until_it_ends(self) -> None:
        """Return when the market has ended; who stopped one of their own may start it again."""
        if self._process is not None:
            await self._process.wait()
            await asyncio.sleep(_AGAIN_S)
            return
        silent = 0
        while silent < _SILENT_PROBES:
            await asyncio.sleep(_AGAIN_S)
            silent = 0 if await _answers(self.addresses["control"]) else silent + 1


async def _answers(url: str) -> bool:
    """Say whether something listens at a URL."""
    parts = urlsplit(url)
    if not parts.hostname or not parts.port:
        return False
    try:
        async with asyncio.timeout(_PROBE_S):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(_END_WITHIN_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _be_nice(pid: int) -> None:
    """Let the simulated venues give way to the desk that measures them, where the system can."""
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, pid, _NICENESS)


def _package_path() -> str:
    """Return the paths on which the child finds this very package."""
    here = str(Path(__file__).resolve().parents[2])
    return os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])
