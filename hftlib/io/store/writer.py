"""The desk's side of the store: rows in, never waiting; a process that is fed and watched."""

import asyncio
import contextlib
import importlib.util
import itertools
import os
import random
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from hftlib.core.errors import HftlibError, UnavailableError
from hftlib.io.store.backlog import Backlog, OpenBlock, Waiting
from hftlib.io.store.messages import (
    Answered,
    Ask,
    Batch,
    Chunk,
    Confirmed,
    Forget,
    FromStore,
    Open,
    Ready,
    Refused,
    Unable,
    framed,
    from_store,
    length_of,
)
from hftlib.io.store.settings import Backoff, StoreSettings
from hftlib.wire.messages import StoreStatus

OFF: Final = "OFF"
STARTING: Final = "STARTING"
RUNNING: Final = "RUNNING"
BEHIND: Final = "BEHIND"
DOWN: Final = "DOWN"

CUT_EVERY_S: Final = 1.0
CUT_TURNS: Final = 3
"""A table with few rows is cut every so many seconds, another one each second."""

LATE_S: Final = 5.0
"""A batch unconfirmed for that long means that the store is behind."""

LOST_S: Final = 90.0
"""A process that has said nothing for that long, with work before it, is ended and replaced."""

READY_WITHIN_S: Final = 120.0
CLOSE_WITHIN_S: Final = 15.0
MOST_QUESTIONS: Final = 16
_STEADY_S: Final = 60.0
_GRACE_S: Final = 2.0
_PACKAGE_PARENT: Final = Path(__file__).resolve().parents[3]


class QueryError(HftlibError):
    """Say what is wrong with a question: `code` is ClickHouse's number, 0 where hftlib refused."""

    def __init__(self, message: str, code: int) -> None:
        """Say it."""
        super().__init__(message)
        self.code = code


class StoreEndedError(HftlibError):
    """Say that the store's process is gone, and why; `final` when it need not be started again."""

    def __init__(self, message: str, *, final: bool = False) -> None:
        """Say it."""
        super().__init__(message)
        self.final = final


class StoreWriter:
    """Take rows at once, and hand them to the store's process as that can take them.

    Nothing here waits for the store but `run`, `query` and `close`. Rows are bounded by
    `queue_bytes`; beyond it they are refused and counted.
    """

    def __init__(self, settings: StoreSettings, chance: random.Random) -> None:
        """Prepare; `run` starts the process. `chance` is for the waits between its starts."""
        self._settings = settings
        self._backlog = Backlog(settings.queue_bytes, settings.run, settings.source)
        self._backoff = Backoff(chance)
        self._state = STARTING
        self._trouble = ""
        self._where = str(settings.folder) if not settings.dsn else "a server"
        self._process: asyncio.subprocess.Process | None = None
        self._numbers = itertools.count(1)
        self._answers: dict[int, _Answer] = {}
        self._said: deque[bytes] = deque()
        self._work = asyncio.Event()
        self._closing = asyncio.Event()
        self._ended = asyncio.Event()
        self._ended.set()
        self._drained = asyncio.Event()
        self._heard_s = 0.0

    @property
    def process_id(self) -> int | None:
        """Return the id of the store's process, None while there is none."""
        return None if self._process is None else self._process.pid

    @property
    def takes_rows(self) -> bool:
        """Say whether rows go anywhere."""
        return self._state != OFF

    def begin_run(self, run: str, source: str) -> None:
        """Mark the rows from now on as those of a run of its own, in the market that it was."""
        self._backlog.begin_run(run, source)
        self._work.set()

    def put_row(self, table: str, row: Sequence[Any]) -> None:
        """Add a row: the values of the table's own columns, in order (see `tables`)."""
        if self._state != OFF:
            self._backlog.put(table, row)

    def block(self, table: str, shared: dict[str, str]) -> OpenBlock:
        """Return a block to write many rows of numbers into; see `OpenBlock`."""
        return self._backlog.block(table, shared)

    def take_block(self, block: OpenBlock) -> None:
        """Take the rows of a block that is full."""
        if self._state == OFF:
            block.count = 0
        else:
            self._backlog.seal_block(block)

    def drop_block(self, block: OpenBlock) -> None:
        """Take the last rows of a block and forget it."""
        self._backlog.drop_block(block)

    def cut(self) -> None:
        """Send what has been put, now; `run` does it every few seconds."""
        if self._state != OFF:
            self._backlog.cut()
            self._work.set()

    def status(self) -> StoreStatus:
        """Return how the store does."""
        backlog = self._backlog
        return StoreStatus(
            state=self._state,
            where=self._where,
            confirmed=backlog.confirmed,
            queued=backlog.queued(),
            delayed=backlog.delayed,
            refused=backlog.refused,
            trouble=self._trouble,
        )

    async def run(self) -> None:
        """Start the process, feed it, start it again when it ends; until `close`."""
        self._ended.clear()
        cutting = asyncio.create_task(self._cut_on())
        try:
            while not self._closing.is_set():
                try:
                    await self._live()
                except (StoreEndedError, OSError) as error:
                    self._backlog.send_again()
                    self._forget_questions(str(error))
                    if isinstance(error, StoreEndedError) and error.final:
                        self._turn_off(str(error))
                        return
                    self._state, self._trouble = DOWN, str(error)
                    await self._pause(self._backoff.next_s())
        finally:
            cutting.cancel()
            self._ended.set()
            self._drained.set()

    async def query(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        max_rows: int = 100_000,
        max_seconds: float = 10.0,
        max_bytes: int = 32 * 2**20,
    ) -> bytes:
        """Return the result of one reading statement as an Arrow IPC stream.

        `parameters` fill `{name:Type}` of the statement. Raises QueryError for a statement that
        does not only read, breaks a limit or is wrong, UnavailableError without a store.
        """
        if self._state not in (RUNNING, BEHIND):
            raise UnavailableError(f"the store is {self._state}: {self._trouble or 'try later'}")
        if len(self._answers) >= MOST_QUESTIONS:
            raise UnavailableError(f"the store already has {MOST_QUESTIONS} questions")
        number = next(self._numbers)
        answer = self._answers[number] = _Answer(asyncio.get_running_loop().create_future())
        question = Ask(number, sql, dict(parameters or {}), max_rows, max_bytes, max_seconds)
        self._say(question)
        try:
            async with asyncio.timeout(max_seconds * len(self._answers) + _GRACE_S):
                return await answer.future
        except TimeoutError:
            raise UnavailableError("the store does not answer in time") from None
        finally:
            if self._answers.pop(number, None) is not None:
                self._say(Forget(number))

    async def close(self, within_s: float = CLOSE_WITHIN_S) -> None:
        """Hand over what waits, for so long, and end the process. Rows that wait are refused."""
        self.cut()
        if not self._backlog.is_empty and self._process is not None:
            self._drained.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await self._drained.wait()
        self._closing.set()
        self._work.set()
        process = self._process
        if process is not None and process.stdin is not None:
            process.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_S):
                await self._ended.wait()
        if self._process is not None:
            self._kill(self._process)
            await self._ended.wait()
        self._backlog.refuse_all()
        self._state = OFF

    async def _live(self) -> None:
        """Live through one process: start it, wait until it is ready, feed and hear it."""
        self._state = STARTING
        if not self._settings.dsn and importlib.util.find_spec("chdb") is None:
            raise StoreEndedError(
                "there is no chDB for this system: rows are not stored", final=True
            )
        process = self._process = await _start()
        tasks: list[asyncio.Task[None]] = []
        try:
            assert process.stdin is not None
            process.stdin.write(framed(self._opening()))
            await self._until_ready(process)
            tasks = [
                asyncio.create_task(self._hear(process)),
                asyncio.create_task(self._feed(process)),
                asyncio.create_task(self._watch()),
            ]
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._put_away(process)

    def _opening(self) -> Open:
        told = self._settings
        folder = str(told.folder.absolute())
        return Open(folder, told.dsn, told.desk, told.event_days, told.second_days)

    async def _until_ready(self, process: asyncio.subprocess.Process) -> None:
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                message = await _read(process)
        except TimeoutError:
            raise StoreEndedError(f"the store was not ready in {READY_WITHIN_S:.0f} s") from None
        if isinstance(message, Unable):
            raise StoreEndedError(message.reason, final=message.final)
        if not isinstance(message, Ready):
            raise StoreEndedError(f"the store began with {type(message).__name__}")
        self._where, self._state, self._trouble = message.where, RUNNING, ""
        self._heard_s = asyncio.get_running_loop().time()
        self._work.set()

    async def _hear(self, process: asyncio.subprocess.Process) -> None:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        while True:
            message = await _read(process)
            self._heard_s = loop.time()
            if self._heard_s - began_s > _STEADY_S:
                self._backoff.reset()
            self._take(message)

    def _take(self, message: FromStore) -> None:
        if isinstance(message, Confirmed):
            self._backlog.confirm(message.number)
        elif isinstance(message, Refused):
            self._backlog.refuse(message.number)
            self._trouble = f"rows refused: {message.reason}"
        elif isinstance(message, Chunk):
            if message.number in self._answers:
                self._answers[message.number].chunks.append(message.data)
        elif isinstance(message, Answered):
            answer = self._answers.pop(message.number, None)
            if answer is not None:
                answer.settle(message)
        elif isinstance(message, Unable):
            raise StoreEndedError(message.reason, final=message.final)
        if self._backlog.is_empty:
            self._drained.set()

    async def _feed(self, process: asyncio.subprocess.Process) -> None:
        pipe = process.stdin
        assert pipe is not None
        while not self._closing.is_set():
            while self._said:
                pipe.write(self._said.popleft())
            batch = self._backlog.next_unsent()
            if batch is None:
                self._work.clear()
                await self._work.wait()
                continue
            # A batch goes out whole, nothing else between its pieces.
            for message in (framed(_head(batch)), *batch.pieces):
                pipe.write(message)
                await pipe.drain()

    async def _watch(self) -> None:
        """Tell when the store falls behind; end a process that has died standing."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(CUT_EVERY_S)
            busy = self._backlog.in_flight > 0
            silent_s = loop.time() - self._heard_s if busy else 0.0
            if not busy:
                self._heard_s = loop.time()
            if silent_s > LOST_S:
                raise StoreEndedError(f"the store said nothing for {silent_s:.0f} s")
            behind = silent_s > LATE_S or self._backlog.bytes > self._backlog.most_bytes / 2
            if behind != (self._state == BEHIND):
                self._state = BEHIND if behind else RUNNING

    async def _cut_on(self) -> None:
        for turn in itertools.count():
            await asyncio.sleep(CUT_EVERY_S)
            if self._state != OFF:
                self._backlog.cut_some(turn, CUT_TURNS)
                self._work.set()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()

    async def _put_away(self, process: asyncio.subprocess.Process) -> None:
        """End a process: kindly where the writer is closing, else at once."""
        if process.stdin is not None:
            process.stdin.close()
        if self._closing.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_GRACE_S):
                    await process.wait()
        self._kill(process)
        await process.wait()
        self._process = None

    @staticmethod
    def _kill(process: asyncio.subprocess.Process) -> None:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()

    def _say(self, message: Ask | Forget) -> None:
        """Let a message go out between two batches."""
        self._said.append(framed(message))
        self._work.set()

    def _forget_questions(self, reason: str) -> None:
        self._said.clear()
        for answer in self._answers.values():
            answer.fail(UnavailableError(f"the store has ended: {reason}"))
        self._answers.clear()

    def _turn_off(self, reason: str) -> None:
        self._backlog.cut()
        self._backlog.refuse_all()
        self._state, self._trouble = OFF, reason


class _Answer:
    """Gather the parts of one answer."""

    def __init__(self, future: "asyncio.Future[bytes]") -> None:
        self.future = future
        self.chunks: list[bytes] = []

    def settle(self, message: Answered) -> None:
        """End the wait with the whole answer, or with what was wrong."""
        if message.error:
            self.fail(QueryError(message.error, message.code))
        elif not self.future.done():
            self.future.set_result(b"".join(self.chunks))

    def fail(self, error: HftlibError) -> None:
        """End the wait without an answer."""
        if not self.future.done():
            self.future.set_exception(error)


def _head(batch: Waiting) -> Batch:
    marks = (batch.table, batch.run, batch.source)
    return Batch(batch.number, *marks, len(batch.pieces), batch.again)


async def _start() -> asyncio.subprocess.Process:
    paths = [str(_PACKAGE_PARENT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hftlib.io.store.process",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )


async def _read(process: asyncio.subprocess.Process) -> FromStore:
    """Return the next message of a process. Raises StoreEndedError when it has ended."""
    pipe = process.stdout
    assert pipe is not None
    try:
        head = await pipe.readexactly(4)
        message: FromStore = from_store.decode(await pipe.readexactly(length_of(head)))
    except asyncio.IncompleteReadError:
        code = await process.wait()
        raise StoreEndedError(f"the store's process ended with code {code}") from None
    return message
