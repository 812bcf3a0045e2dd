"""A system-call trace of a desk that acknowledges marks: does every answer follow its sync?

kill -9 leaves the page cache alone, so that a trial with it cannot tell a synced write from one
that only lies in memory. The trace can: a mark's bytes are written to the ledger's write-ahead log
(pwrite64), the log is synced (fdatasync or fsync returns 0), and only then may the answer that
holds the mark's label go out.
"""

import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

STRACE = shutil.which("strace")
CALLS = "pwrite64,fdatasync,fsync,write,writev,sendto,sendmsg"
_LINE = re.compile(r"(?P<pid>\d+)\s+(?P<rest>.*)", re.DOTALL)
_WAL = re.compile(r"\w+\(\d+<[^>]*ledger\.sqlite-wal>")
_PLACE = re.compile(r", (?P<size>\d+), (?P<offset>\d+)(?:\)| <unfinished)")
_SYNC = re.compile(r"(?:fdatasync|fsync)\(")
_SYNCED = re.compile(r"(?:fdatasync|fsync)(?:\(| resumed).*= 0\b")
_OUT = re.compile(r"(?:write|writev|sendto|sendmsg)\(\d+<(?:TCP|socket)")


@dataclass
class SyncTrace:
    """Read a trace line by line; `label` finds the marks' labels in it."""

    label: re.Pattern[str]
    answered: set[str] = field(default_factory=set)
    too_early: list[str] = field(default_factory=list)
    syncs: int = 0
    synced_length: int = 0
    _written: set[str] = field(default_factory=set)
    _length: int = 0
    _synced: set[str] = field(default_factory=set)
    _syncing: dict[str, tuple[set[str], int]] = field(default_factory=dict)

    def read(self, lines: Iterable[str]) -> "SyncTrace":
        """Read lines of `strace -f -y`; return itself."""
        for line in lines:
            match = _LINE.match(line)
            if match is not None:
                self._take(match["pid"], match["rest"])
        return self

    def _take(self, pid: str, call: str) -> None:
        if _OUT.match(call):
            self._answer(set(self.label.findall(call)))
        elif _WAL.match(call):
            if call.startswith("pwrite64"):
                self._write(call)
            elif _SYNC.match(call):
                self._syncing[pid] = (set(self._written), self._length)
        if pid in self._syncing and _SYNCED.search(call):
            labels, length = self._syncing.pop(pid)
            self._synced |= labels
            self.synced_length = length
            self.syncs += 1

    def _write(self, call: str) -> None:
        self._written |= set(self.label.findall(call))
        place = _PLACE.search(call)
        assert place is not None, call[-200:]
        offset = int(place["offset"])
        end = offset + int(place["size"])
        self._length = end if offset == 0 else max(self._length, end)

    def _answer(self, labels: set[str]) -> None:
        self.answered |= labels
        self.too_early += sorted(labels - self._synced)


class Tracer:
    """Trace a running process with all its threads until it ends."""

    def __init__(self, pid: int, output: Path) -> None:
        assert STRACE is not None
        self._output = output
        words = ["-f", "-y", "-s", "6000", "-e", f"trace={CALLS}", "-o", str(output)]
        self._process = subprocess.Popen(
            [STRACE, *words, "-p", str(pid)], stderr=subprocess.PIPE, text=True
        )
        assert self._process.stderr is not None
        first = self._process.stderr.readline()
        assert "attached" in first, first

    def read(self, label: re.Pattern[str]) -> SyncTrace:
        """Wait for the end of the traced process and return what was seen."""
        self._process.wait(20)
        assert self._process.stderr is not None
        self._process.stderr.close()
        with self._output.open(encoding="utf-8", errors="replace") as lines:
            return SyncTrace(label).read(lines)
