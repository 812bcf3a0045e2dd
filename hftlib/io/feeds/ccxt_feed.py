"""An exchange read through ccxt: a process of its own does the reading, this end takes its frames.

The process is started by `instruments`, watched, and started again with a growing pause when it
dies. Its markets are recorded as a REST frame, its books and trades as frames of the neutral
layout; each book and each stream of trades is a connection of its own.
"""

import asyncio
import logging
import os
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from hftlib.core.clock import Clock
from hftlib.core.errors import ConfigurationError, UnavailableError
from hftlib.core.frames import FrameKind
from hftlib.core.instrument import Instrument
from hftlib.io.feeds.ccxt_process import LACKS, REFUSED, Order
from hftlib.venues.registry import instruments_from
from hftlib.wire.messages import LaneStatus

Take = Callable[[str, str, FrameKind, bytes, str], None]
"""Take a frame: venue, connection, kind, payload, request."""

LONGEST_LINE: Final = 64 * 2**20
LONGEST_BACKOFF_S: Final = 60.0
PATIENCE_S: Final = 15.0
_MS: Final = 1_000_000
_LOOPBACK: Final = "127.0.0.1,localhost,::1"
_PACKAGE_PARENT: Final = str(Path(__file__).resolve().parents[3])
_COMMAND: Final = (sys.executable, "-m", "hftlib.io.feeds.ccxt_process")


class _Row(msgspec.Struct, array_like=True):
    """Hold one line of the process."""

    kind: str
    connection: str
    request: str
    payload: msgspec.Raw


class _Lane:
    """Hold what is known of one connection."""

    def __init__(self, connection: str) -> None:
        self.connection = connection
        self.opened_ns: int | None = None
        self.heard_ns: int | None = None
        self.frames = 0
        self.openings = 0
        self.reason = ""

    def status(self, venue: str, now_ns: int) -> LaneStatus:
        is_open = self.opened_ns is not None
        return LaneStatus(
            venue,
            self.connection,
            "OPEN" if is_open else "WAITING",
            "read through ccxt, unverified" if is_open else self.reason,
            [self.connection.partition(" ")[2]],
            self.frames,
            max(0, self.openings - 1),
            None if self.opened_ns is None else self.opened_ns / _MS,
            None if self.heard_ns is None else (now_ns - self.heard_ns) / _MS,
        )


_log: Final = logging.getLogger(__name__)
_read_row: Final = msgspec.json.Decoder(_Row).decode
_read_words: Final = msgspec.json.Decoder(str).decode


def _environment() -> dict[str, str]:
    """Return the environment of the child; loopback never goes through a proxy."""
    environment = dict(os.environ)
    paths = (_PACKAGE_PARENT, environment.get("PYTHONPATH"))
    environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    for name in ("NO_PROXY", "no_proxy"):
        environment[name] = ",".join(part for part in (environment.get(name), _LOOPBACK) if part)
    proxy = environment.get("HTTPS_PROXY") or environment.get("https_proxy")
    if proxy:
        environment.setdefault("WSS_PROXY", proxy)
    return environment


class CcxtFeed:
    """Feed one exchange's books and trades into `take`, on the loop that calls it.

    `guarantees` tells, once the process runs, what this venue read through ccxt lacks.
    """

    def __init__(
        self,
        take: Take,
        clock: Clock,
        venue: str,
        *,
        exchange: str = "",
        settings: Mapping[str, Any] | None = None,
        chance: random.Random | None = None,
        tell: Callable[[str], None] = _log.info,
    ) -> None:
        """Name the venue on frames; `exchange` is ccxt's id where that is another.

        `settings` go to ccxt's exchange object as they are; `tell` hears in words what happens.
        """
        self.venue = venue
        self.guarantees = ""
        self.restarts = 0
        self._take = take
        self._clock = clock
        self._opening = Order("open", venue, exchange or venue, dict(settings or {}))
        self._chance = chance or random.Random()
        self._tell = tell
        self._symbols: list[str] = []
        self._lanes: dict[str, _Lane] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._listed: asyncio.Future[bytes] | None = None
        self._trouble = ""
        self._is_refused = False

    async def instruments(self, patience_s: float = PATIENCE_S) -> list[Instrument]:
        """Return what the exchange lists, recorded before it was read.

        Raises ConfigurationError when ccxt knows no such exchange, UnavailableError when it does
        not answer within `patience_s` seconds; it is tried on all the same.
        """
        if self._listed is None:
            self._listed = asyncio.get_running_loop().create_future()
            self._tasks = [
                asyncio.create_task(self._keep_running()),
                asyncio.create_task(self._tell_time()),
            ]
        try:
            body = await asyncio.wait_for(asyncio.shield(self._listed), patience_s)
        except TimeoutError as error:
            raise UnavailableError(f"{self.venue} does not answer: {self._trouble}") from error
        return await asyncio.to_thread(instruments_from, self.venue, self._request, body)

    @property
    def _request(self) -> str:
        return f"ccxt://{self.venue}/markets"

    def start(self, symbols: Sequence[str]) -> None:
        """Watch these symbols, in ccxt's spelling, besides those that are watched already."""
        fresh = [symbol for symbol in symbols if symbol not in self._symbols]
        self._symbols += fresh
        self._send(Order("start", symbols=fresh))

    def renew(self, symbol: str) -> None:
        """Subscribe to a symbol's book anew."""
        self._send(Order("renew", symbols=[symbol]))

    def is_open(self) -> bool:
        """Say whether any connection of the exchange is open."""
        return any(lane.opened_ns is not None for lane in self._lanes.values())

    def statuses(self) -> list[LaneStatus]:
        """Return how every connection does."""
        now_ns = self._clock.now_ns()
        return [lane.status(self.venue, now_ns) for lane in self._lanes.values()]

    async def stop(self) -> None:
        """End the process and close every connection."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await self._end("the feed was stopped")

    # the process -------------------------------------------------------------------------------

    def _send(self, order: Order) -> None:
        process = self._process
        if process is not None and process.stdin is not None:
            process.stdin.write(msgspec.json.encode(order) + b"\n")

    async def _keep_running(self) -> None:
        failures = 0
        while not self._is_refused:
            before_ns = self._clock.now_ns()
            await self._run_once()
            lived_s = (self._clock.now_ns() - before_ns) / 1e9
            failures = 0 if lived_s > LONGEST_BACKOFF_S else failures + 1
            self.restarts += 1
            longest_s = min(LONGEST_BACKOFF_S, 0.5 * 2.0 ** min(failures, 16))
            await asyncio.sleep(self._chance.uniform(0.0, longest_s))

    async def _run_once(self) -> None:
        """Run the process until it ends, and take its frames."""
        pipe = asyncio.subprocess.PIPE
        process = self._process = await asyncio.create_subprocess_exec(
            *_COMMAND, stdin=pipe, stdout=pipe, limit=LONGEST_LINE, env=_environment()
        )
        assert process.stdout is not None
        self._send(self._opening)
        if self._symbols:
            self._send(Order("start", symbols=self._symbols))
        try:
            while line := await process.stdout.readline():
                self._hear(line)
        except (ValueError, msgspec.MsgspecError) as error:
            self._tell(f"{self.venue}: ccxt's process wrote a line that cannot be read: {error}")
        await self._end("ccxt's process ended")
        self._tell(f"{self.venue}: ccxt's process ended with {process.returncode}")

    async def _end(self, reason: str) -> None:
        process, self._process = self._process, None
        for lane in self._lanes.values():
            if lane.opened_ns is not None:
                self._frame(lane, FrameKind.CLOSED, reason.encode(), "")
        if process is not None:
            if process.returncode is None:
                process.kill()
            await process.wait()

    # what it writes ----------------------------------------------------------------------------

    def _hear(self, line: bytes) -> None:
        row = _read_row(line)
        if row.kind == REFUSED:
            self._refuse(_read_words(row.payload))
        elif row.kind == LACKS:
            self.guarantees = _read_words(row.payload)
            self._tell(f"{self.venue} is read through ccxt: {self.guarantees}")
        elif row.connection == "rest":
            self._hear_rest(row)
        else:
            self._hear_lane(row)

    def _refuse(self, words: str) -> None:
        self._trouble = words
        self._is_refused = True
        if self._listed is not None and not self._listed.done():
            self._listed.set_exception(ConfigurationError(words))

    def _hear_rest(self, row: _Row) -> None:
        if row.kind != FrameKind.REST:
            self._trouble = _read_words(row.payload)
            self._tell(f"{self.venue}: {self._trouble}")
            return
        body = bytes(row.payload)
        self._take(self.venue, "rest", FrameKind.REST, body, row.request)
        if self._listed is not None and not self._listed.done():
            self._listed.set_result(body)

    def _hear_lane(self, row: _Row) -> None:
        lane = self._lanes.get(row.connection)
        if lane is None:
            lane = self._lanes[row.connection] = _Lane(row.connection)
        kind = FrameKind(row.kind)
        is_words = kind in (FrameKind.OPENED, FrameKind.CLOSED)
        payload = _read_words(row.payload).encode() if is_words else bytes(row.payload)
        self._frame(lane, kind, payload, row.request)

    def _frame(self, lane: _Lane, kind: FrameKind, payload: bytes, request: str) -> None:
        now_ns = self._clock.now_ns()
        if kind is FrameKind.OPENED:
            lane.opened_ns = now_ns
            lane.openings += 1
        elif kind is FrameKind.CLOSED:
            lane.opened_ns = None
            lane.reason = payload.decode()
            self._tell(f"{self.venue} {lane.connection}: {lane.reason}")
        else:
            lane.heard_ns = now_ns
            lane.frames += 1
        self._take(self.venue, lane.connection, kind, payload, request)

    async def _tell_time(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            for lane in list(self._lanes.values()):
                if lane.opened_ns is not None:
                    self._take(self.venue, lane.connection, FrameKind.TIMER, b"", "")
