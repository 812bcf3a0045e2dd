"""The ledger's one writer: whatever waits goes into one transaction, and only then is it told.

A submission is a sequence of entries that stand or fall together. Its future is settled by the
writer's thread after the commit that holds it was synced to the disk (SQLite in WAL mode with
synchronous=FULL), in the order of submission. A submission that contradicts the ledger fails alone;
a commit that fails, because the disk is full for example, fails every submission that it held,
says so in the status, and the next commit tries again.
"""

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Final, TypeVar

from hftlib.io.ledger.entries import Entry
from hftlib.io.ledger.reading import entry_count
from hftlib.io.ledger.schema import LedgerError, migrate
from hftlib.io.ledger.writing import write
from hftlib.wire.messages import LedgerStatus

FILE: Final = "ledger.sqlite"
MOST_WAITING: Final = 100_000
"""Entries that wait for the disk before further ones are refused."""

_SYNCS_KEPT: Final = 2_000
_LARGEST_WAL: Final = 32 * 2**20
_CONTRADICTIONS: Final = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.ProgrammingError,
    sqlite3.InterfaceError,
)
"""What the database raises for an entry that it will never take."""

Answer = TypeVar("Answer")
Numbers = tuple[int, ...]


class LedgerBusyError(LedgerError):
    """Refuse entries: too many wait for the disk already."""


class _Submission:
    """Hold entries that stand or fall together, and what became of them."""

    __slots__ = ("entries", "failure", "future", "numbers")

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries
        self.future: Future[Numbers] = Future()
        self.future.set_running_or_notify_cancel()  # what is submitted cannot be taken back
        self.numbers: Numbers = ()
        self.failure: Exception | None = None

    def settle(self) -> None:
        if self.failure is None:
            self.future.set_result(self.numbers)
        else:
            self.future.set_exception(self.failure)


class LedgerDatabase:
    """Own the ledger of one data folder and the thread that writes it."""

    def __init__(
        self,
        path: Path,
        *,
        most_waiting: int = MOST_WAITING,
        factory: type[sqlite3.Connection] = sqlite3.Connection,
    ) -> None:
        """Open or make the file, bring it to this version, and start the writer.

        After a crash SQLite itself recovers what was committed. `factory` makes the writer's
        connection. Raises LedgerError when the file cannot be opened or is none of ours.
        """
        self.path = path
        self._most_waiting = most_waiting
        self._connection, self._entries = _opened(path, factory)
        self._changed = threading.Condition()
        self._pending: list[_Submission] = []
        self._waiting = 0
        self._is_closing = False
        self._commits = 0
        self._syncs_s: deque[float] = deque(maxlen=_SYNCS_KEPT)
        self._trouble = ""
        self._thread = threading.Thread(target=self._work, name="hftlib-ledger", daemon=True)
        self._thread.start()

    def submit(self, entries: Sequence[Entry]) -> Future[Numbers]:
        """Return a future of the entries' numbers, settled once they are on the disk.

        It fails with LedgerError, and none of the entries is kept, when they contradict the ledger
        or cannot be written. Raises LedgerBusyError when too many entries wait, LedgerError when
        the ledger is closed.
        """
        submission = _Submission(tuple(entries))
        with self._changed:
            if self._is_closing:
                raise LedgerError("the ledger is closed")
            if self._waiting + len(submission.entries) > self._most_waiting:
                raise LedgerBusyError(f"{self._waiting} entries wait for the disk already")
            self._pending.append(submission)
            self._waiting += len(submission.entries)
            self._changed.notify()
        return submission.future

    def read(self, question: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """Return what `question` reads over a connection that cannot write, of committed entries.

        Any thread may ask. Raises LedgerError when the file cannot be read.
        """
        try:
            connection = sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True)
            try:
                return question(connection)
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise LedgerError(f"the ledger {self.path} cannot be read: {error}") from None

    def status(self) -> LedgerStatus:
        """Return how the ledger does, with the times of its last syncs."""
        with self._changed:
            syncs_ms = [1e3 * took for took in self._syncs_s]
            return LedgerStatus(
                path=str(self.path),
                entries=self._entries,
                commits=self._commits,
                waiting=self._waiting,
                sync_p50_ms=_quantile(syncs_ms, 0.5),
                sync_p99_ms=_quantile(syncs_ms, 0.99),
                trouble=self._trouble,
            )

    def close(self) -> None:
        """Write whatever waits, then close the file; twice is once."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while submissions := self._taken():
            failure = self._commit(submissions)
            with self._changed:
                self._waiting -= sum(len(one.entries) for one in submissions)
                if failure is not None:
                    self._trouble = str(failure)
            for submission in submissions:
                if failure is not None and submission.failure is None:
                    submission.failure = failure
                submission.settle()
        self._connection.close()

    def _taken(self) -> list[_Submission]:
        """Return all that waits, as soon as something does; nothing once the ledger is closed."""
        with self._changed:
            while not self._pending and not self._is_closing:
                self._changed.wait()
            taken, self._pending = self._pending, []
            return taken

    def _commit(self, submissions: list[_Submission]) -> LedgerError | None:
        """Write the submissions in one transaction; return why that failed as a whole, or None."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            written = sum(self._wrote(submission) for submission in submissions)
            began_s = time.perf_counter()
            self._connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 (whoever waits is told, whatever it was)
            return self._given_up(error)
        took_s = time.perf_counter() - began_s
        with self._changed:
            self._entries += written
            self._commits += 1
            if written:
                self._syncs_s.append(took_s)
                self._trouble = ""
        return None

    def _wrote(self, submission: _Submission) -> int:
        """Write one submission, or nothing of it where it contradicts the ledger; count it."""
        self._connection.execute("SAVEPOINT submission")
        try:
            numbers = tuple(write(self._connection, entry) for entry in submission.entries)
        except Exception as error:
            if _is_of_the_disk(error) or not self._connection.in_transaction:
                raise
            self._connection.execute("ROLLBACK TO submission")
            submission.failure = LedgerError(f"refused by the ledger: {error}")
            numbers = ()
        self._connection.execute("RELEASE submission")
        submission.numbers = numbers
        return len(numbers)

    def _given_up(self, error: Exception) -> LedgerError:
        """Take a failed transaction back; return what is to be told."""
        if self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK")
            except sqlite3.Error as second:
                return LedgerError(f"the ledger cannot be written: {error}; nor undone: {second}")
        if getattr(error, "sqlite_errorname", "") == "SQLITE_FULL":
            return LedgerError("the disk is full: nothing can be entered in the ledger")
        return LedgerError(f"the ledger cannot be written: {error}")


def _opened(path: Path, factory: type[sqlite3.Connection]) -> tuple[sqlite3.Connection, int]:
    """Return the writer's connection and the number of entries in the file."""
    connection: sqlite3.Connection | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, factory=factory
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA fullfsync = ON")  # macOS: through the drive's own cache
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA journal_size_limit = {_LARGEST_WAL}")
        migrate(connection)
        return connection, entry_count(connection)
    except (OSError, sqlite3.Error, LedgerError) as error:
        if connection is not None:
            connection.close()
        raise LedgerError(f"the ledger {path} cannot be opened: {error}") from None


def _is_of_the_disk(error: Exception) -> bool:
    return isinstance(error, sqlite3.Error) and not isinstance(error, _CONTRADICTIONS)


def _quantile(values: list[float], share: float) -> float | None:
    if not values:
        return None
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3)
