"""The desk's side of the process that reads tapes: one at a time, started when it is needed."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from hftlib.client.history import HistoryError
from hftlib.core.errors import UnavailableError
from hftlib.desk.history_worker import TapeQuestion, TapeReply, framed, length_of
from hftlib.desk.questions import Question

_GRACE_S: Final = 30.0
"""For the start of the process and one slow block of a tape."""

_PACKAGE_PARENT: Final = Path(__file__).resolve().parents[2]
_MOST_WAITING: Final = 8


class TapeProcess:
    """Ask a process of its own for rows of tapes."""

    def __init__(self) -> None:
        """Prepare; the first question starts the process."""
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._waiting = 0

    @property
    def process_id(self) -> int | None:
        """Return the id of the process, None while there is none."""
        return None if self._process is None else self._process.pid

    async def answer(self, tapes: Sequence[Path], question: Question, seconds: float) -> bytes:
        """Return rows as an Arrow stream, in turn with others who ask.

        Raises HistoryError for a question that the tapes cannot answer, UnavailableError where
        the process ended, did not answer in time or too many wait for it.
        """
        if self._waiting >= _MOST_WAITING:
            raise UnavailableError("too many questions about tapes at once: ask again")
        self._waiting += 1
        try:
            async with self._turn:
                return await self._ask(
                    TapeQuestion([str(path) for path in tapes], question, seconds)
                )
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _ask(self, asked: TapeQuestion) -> bytes:
        process = self._process
        if process is None or process.returncode is not None:
            process = self._process = await _start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            async with asyncio.timeout(asked.seconds + _GRACE_S):
                process.stdin.write(framed(asked))
                length = length_of(await process.stdout.readexactly(4))
                text = await process.stdout.readexactly(length)
                reply = msgspec.msgpack.decode(text, type=TapeReply)
                body = await process.stdout.readexactly(reply.bytes)
        except asyncio.IncompleteReadError:
            await self.close()
            raise UnavailableError("the process that reads tapes has ended: ask again") from None
        except TimeoutError:
            await self.close()
            raise UnavailableError("the tapes were not read in time: ask for less") from None
        except asyncio.CancelledError:
            await self.close()  # half an answer would be taken for the next one
            raise
        if reply.error:
            raise HistoryError(reply.error)
        return body


async def _start() -> asyncio.subprocess.Process:
    paths = [str(_PACKAGE_PARENT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hftlib.desk.history_worker",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
