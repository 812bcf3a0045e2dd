"""The store's process: `python -m hftlib.io.store.process`, a child that hangs on two pipes.

It is told everything on standard input, ends when that closes (with its parent, however that
ends), and answers on standard output. It runs below everybody else's priority. What it cannot mend
it says and ends: whoever started it starts it again.
"""

import ctypes
import logging
import os
import queue
import shutil
import signal
import sys
import tempfile
import threading
import traceback
from pathlib import Path
from typing import IO, Final

import filelock

from hftlib.core.errors import ConfigurationError
from hftlib.io.store.arrow import BadRowsError
from hftlib.io.store.database import Database, NoEngineError
from hftlib.io.store.ddl import Retention
from hftlib.io.store.guard import NotReadingError
from hftlib.io.store.messages import (
    Answered,
    Ask,
    Batch,
    Block,
    Chunk,
    Confirmed,
    Forget,
    FromStore,
    Open,
    Piece,
    Ready,
    Refused,
    Rows,
    ToStore,
    Unable,
    framed,
    length_of,
    to_store,
)
from hftlib.io.store.migrations import NewerSchemaError, OldClusterError
from hftlib.io.store.schema import WrittenBy
from hftlib.io.store.tables import TABLES
from hftlib.io.store.target import server_of

NICENESS: Final = 15
LOCK: Final = "store.lock"
PASSING: Final = "passing"
ANSWERERS: Final = 2
"""Questions that are answered at one time: a long one does not hold up the next."""

_LOCK_WITHIN_S: Final = 30.0
_END_WITHIN_S: Final = 10.0
_CHUNK: Final = 256 * 1024
_PR_SET_PDEATHSIG: Final = 1
_BAD_ROWS: Final = frozenset({6, 16, 27, 41, 53, 60, 70, 117, 349})
"""ClickHouse's codes for rows or tables that will not fit however often they are sent."""

_FINAL: Final = (NoEngineError, NewerSchemaError, OldClusterError, ConfigurationError)


class Pipes:
    """Read messages from one pipe and write them to another; writing is for any thread."""

    def __init__(self, source: IO[bytes], sink: IO[bytes]) -> None:
        """Take both ends."""
        self._source = source
        self._sink = sink
        self._lock = threading.Lock()

    def read(self) -> ToStore | None:
        """Return the next message, None when the other end has closed."""
        head = self._source.read(4)
        if len(head) < 4:
            return None
        size = length_of(head)
        body = self._source.read(size)
        return to_store.decode(body) if len(body) == size else None

    def write(self, message: FromStore) -> None:
        """Write one message."""
        with self._lock:
            self._sink.write(framed(message))
            self._sink.flush()


class Work:
    """Hold what has come in and is not yet done."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.batches: queue.SimpleQueue[tuple[Batch, list[Piece]] | None] = queue.SimpleQueue()
        self.questions: queue.SimpleQueue[Ask | None] = queue.SimpleQueue()
        self.forgotten: set[int] = set()

    def read_on(self, pipes: Pipes) -> None:
        """Sort what comes in until the other end closes."""
        try:
            while (message := pipes.read()) is not None:
                self._sort(message, pipes)
        finally:
            for _ in range(ANSWERERS):
                self.questions.put(None)
            self.batches.put(None)

    def _sort(self, message: ToStore, pipes: Pipes) -> None:
        if isinstance(message, Batch):
            self._take(message, [pipes.read() for _ in range(message.pieces)])
        elif isinstance(message, Ask):
            self.questions.put(message)
        elif isinstance(message, Forget):
            self.forgotten.add(message.number)

    def _take(self, batch: Batch, pieces: list[ToStore | None]) -> None:
        whole = [piece for piece in pieces if isinstance(piece, (Rows, Block))]
        if len(whole) == len(pieces):
            self.batches.put((batch, whole))
        elif None not in pieces:  # the other end has not just closed in the middle
            raise ValueError(f"batch {batch.number} came with something else among its pieces")


def main() -> int:
    """Serve until the pipe closes; return 0, or 1 where the store could not be used any longer."""
    _end_with_parent()
    pipes = _pipes()
    _step_back()
    told = pipes.read()
    if not isinstance(told, Open):
        return 0
    try:
        return _serve(pipes, told)
    except BrokenPipeError:
        return 0


def _serve(pipes: Pipes, told: Open) -> int:
    work, is_open = Work(), threading.Event()
    reading = (work, pipes, is_open)
    threading.Thread(target=_read_until_closed, args=reading, daemon=True).start()
    try:
        database, version = _opened(told)
    except Exception as error:  # noqa: BLE001 (said to whoever started the process)
        pipes.write(Unable(_words(error), isinstance(error, _FINAL)))
        return 1
    is_open.set()
    pipes.write(Ready(database.where, version))
    answering = (work, database, pipes)
    for _ in range(ANSWERERS):
        threading.Thread(target=_answer_all, args=answering, daemon=True).start()
    while (item := work.batches.get()) is not None:
        batch, pieces = item
        if not _insert(database, pipes, batch, pieces, told.desk):
            return 1
    return 0


def _read_until_closed(work: Work, pipes: Pipes, is_open: threading.Event) -> None:
    """Read on; when the parent has closed, what is under way has a while to end."""
    work.read_on(pipes)
    if not is_open.is_set():
        os._exit(0)
    timer = threading.Timer(_END_WITHIN_S, os._exit, (0,))
    timer.daemon = True
    timer.start()


def _opened(told: Open) -> tuple[Database, int]:
    if told.dsn:
        database = Database(server_of(told.dsn))
    else:
        folder = Path(told.folder)
        folder.mkdir(parents=True, exist_ok=True)
        # Kept until the process ends: the system lets go of it then. The desk before may still be
        # ending.
        filelock.FileLock(folder.with_name(LOCK)).acquire(timeout=_LOCK_WITHIN_S)
        _use_passing_files(folder.with_name(PASSING))
        database = Database(folder)
    version = database.migrate()
    database.retain(Retention(told.event_days, told.second_days))
    return database, version


def _use_passing_files(folder: Path) -> None:
    """Let each insert pass through a file in this folder; what a killed process left there goes."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    tempfile.tempdir = str(folder)


def _insert(
    database: Database,
    pipes: Pipes,
    batch: Batch,
    pieces: list[Piece],
    desk: str,
) -> bool:
    """Insert a batch and confirm it; return False where the store cannot be used any longer."""
    try:
        written_by = WrittenBy(desk, batch.run, batch.source, batch.number)
        database.insert(TABLES[batch.table], pieces, written_by, again=batch.again)
    except (BadRowsError, KeyError) as error:
        pipes.write(Refused(batch.number, _words(error)))
    except Exception as error:  # noqa: BLE001 (told apart by ClickHouse's code)
        reason = database.without_secret(_words(error))
        if getattr(error, "code", None) not in _BAD_ROWS:
            pipes.write(Unable(reason, final=False))
            return False
        pipes.write(Refused(batch.number, reason))
    else:
        pipes.write(Confirmed(batch.number))
    return True


def _answer_all(work: Work, database: Database, pipes: Pipes) -> None:
    while (question := work.questions.get()) is not None:
        if question.number not in work.forgotten:
            _answer(database, pipes, question)
        work.forgotten.discard(question.number)


def _answer(database: Database, pipes: Pipes, question: Ask) -> None:
    try:
        data = database.ask(question)
    except NotReadingError as error:
        pipes.write(Answered(question.number, str(error), 0))
        return
    except Exception as error:  # noqa: BLE001 (told to whoever asked)
        reason = database.without_secret(_words(error))
        pipes.write(Answered(question.number, reason, getattr(error, "code", None) or 0))
        return
    for start in range(0, len(data), _CHUNK):
        pipes.write(Chunk(question.number, data[start : start + _CHUNK]))
    pipes.write(Answered(question.number))


def _words(error: Exception) -> str:
    """Return an error in one line."""
    text = " ".join(str(error).split())
    return text or type(error).__name__


def _pipes() -> Pipes:
    """Take standard input and output for messages; whatever else prints, prints on the error."""
    sink = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return Pipes(sys.stdin.buffer, sink)


def _step_back() -> None:
    """Yield to everybody else, and leave the terminal's Ctrl-C and the words to the parent."""
    logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL + 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(NICENESS)


def _end_with_parent() -> None:
    """End when the parent is killed, wherever this process is by then.

    The pipe tells it too, but nobody reads while the engine's library is being loaded (seconds,
    every thread held) or while the process is stopped. Where the system knows no such wish, the
    pipe alone has to do.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _end(code: int) -> None:
    """End here and now: the engine's threads need no goodbye, and a question may be under way."""
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    try:
        _end(main())
    except BaseException:  # noqa: BLE001 (the process ends here, whatever it was)
        traceback.print_exc()
        _end(1)
