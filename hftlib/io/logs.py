"""The log: one structured line per event, UTC, secrets cut out, to standard error and to a file.

With a folder, lines go through a bounded queue to a thread: whoever logs never waits for a disk or
a pipe. A line is made, and its secrets are cut, before it enters the queue.
"""

import contextlib
import logging
import logging.handlers
import os
import queue
import re
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, TextIO

CUT: Final = "[secret]"
FOLDER: Final = "logs"
FILE: Final = "hftlib.log"
LARGEST_FILE: Final = 10 * 2**20
"""Bytes at which the file is followed by a fresh one."""

FILES_KEPT: Final = 5
MOST_WAITING: Final = 10_000
_NAMED: Final = re.compile(
    r"""(?ix)
    \b(
      bearer\s+ | basic\s+
      | (?: [\w-]* (?: token | password | passwd | secret | api[_-]?key | apikey | signature ) )
        ["']? \s* [=:] \s* ["']?
    )
    [^\s"'&,;)}\]]+
    """
)
_IN_ADDRESS: Final = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://[^\s/@:]*:)[^\s@/]+(?=@)")
_PLAIN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class LineFormatter(logging.Formatter):
    """Write `time LEVEL logger message key=value ...`; keys come from a call's `extra`."""

    default_msec_format = "%s.%03dZ"
    default_time_format = "%Y-%m-%dT%H:%M:%S"

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Take the secrets that no line may show."""
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")
        self.converter = time.gmtime
        self._secrets = sorted({secret for secret in secrets if secret}, key=len, reverse=True)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        """Return the line without a traceback, the extra keys at its end."""
        extra = {name: value for name, value in vars(record).items() if name not in _PLAIN}
        pairs = (f" {name}={_quoted(value)}" for name, value in extra.items())
        return super().formatMessage(record) + "".join(pairs)

    def format(self, record: logging.LogRecord) -> str:
        """Return the whole line, traceback included, with secrets cut out."""
        text = super().format(record)
        for secret in self._secrets:
            text = text.replace(secret, CUT)
        return _NAMED.sub(rf"\1{CUT}", _IN_ADDRESS.sub(rf"\1{CUT}", text))


def _quoted(value: Any) -> str:
    text = str(value)
    plain = text.isprintable() and not {" ", "=", "'", '"'} & set(text)
    return text if text and plain else repr(text)


class LineQueue(logging.handlers.QueueHandler):
    """Hand finished lines over without waiting; those that find no room are counted."""

    def __init__(self, lines: "queue.Queue[logging.LogRecord]") -> None:
        """Hand lines over to `lines`."""
        super().__init__(lines)
        self.lost = 0

    def enqueue(self, record: logging.LogRecord) -> None:
        """Hand a line over, with word of those that were lost before it."""
        if self.lost:
            record.msg = f"{record.msg} lines_lost={self.lost}"
        try:
            self.queue.put_nowait(record)
        except queue.Full:
            self.lost += 1
        else:
            self.lost = 0


class LogFile(logging.handlers.RotatingFileHandler):
    """Write lines to a file that is followed by a fresh one when it is large.

    A disk that is full, or a file that cannot be written, is told once on standard error and again
    once it was well in between; the lines themselves still go to standard error.
    """

    def __init__(self, path: Path, *, largest: int = LARGEST_FILE, kept: int = FILES_KEPT) -> None:
        """Open the file; whatever file it makes is for its owner alone."""
        path.parent.mkdir(parents=True, exist_ok=True)
        super().__init__(path, maxBytes=largest, backupCount=kept, encoding="utf-8")
        self.setFormatter(logging.Formatter("%(message)s"))
        self._is_in_trouble = False

    def _open(self) -> Any:
        return open(self.baseFilename, self.mode, encoding=self.encoding, opener=_private)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        self._failed = False
        super().emit(record)
        self._is_in_trouble = self._failed

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (logging's name)
        """Tell the first of several failures."""
        del record
        self._failed = True
        if not self._is_in_trouble:
            error = sys.exc_info()[1]
            print(
                f"hftlib: the log {self.baseFilename} cannot be written: {error}", file=sys.stderr
            )


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


_started: tuple[str, tuple[str, ...], TextIO | None] = ("INFO", (), None)


def start(level: str, secrets: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Send what is at least as severe as `level` to `stream` (standard error when None)."""
    global _started
    _started = (level, tuple(secrets), stream)
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(LineFormatter(secrets))
    logging.basicConfig(level=level, handlers=[handler], force=True)


@contextlib.contextmanager
def kept_in(data_dir: Path, *, largest: int = LARGEST_FILE) -> Iterator[None]:
    """Write the log to a data folder too while the block runs, as `start` set it up.

    Standard error and the file are written by a thread. What waits at the end is written first.
    """
    level, secrets, stream = _started
    screen = logging.StreamHandler(stream or sys.stderr)
    screen.setFormatter(logging.Formatter("%(message)s"))
    sinks: list[logging.Handler] = [screen]
    try:
        sinks.append(LogFile(data_dir / FOLDER / FILE, largest=largest))
    except OSError as error:
        print(f"hftlib: no log in {data_dir}: {error}", file=sys.stderr)
    lines: queue.Queue[logging.LogRecord] = queue.Queue(MOST_WAITING)
    entrance = LineQueue(lines)
    entrance.setFormatter(LineFormatter(secrets))
    listener = logging.handlers.QueueListener(lines, *sinks)
    before = list(logging.getLogger().handlers)
    logging.basicConfig(level=level, handlers=[entrance], force=True)
    listener.start()
    try:
        yield
    finally:
        listener.stop()
        logging.getLogger().handlers[:] = before
        for sink in sinks:
            sink.close()
