"""Kill a desk at random moments, start it again on the same folder, and look what is left."""

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from hftlib.client.connection import DeskConnection
from hftlib.io.ledger.database import FILE as LEDGER_FILE
from hftlib.io.store.tables import TABLES
from hftlib.wire.messages import API_PREFIX
from tests.desk_support.server import eventually
from tests.kill.checks import (
    check_ledger,
    check_tapes,
    labels_in,
    labels_kept,
    seconds_until_gone,
)
from tests.kill.desk_process import FIRST_START_S, DeskProcess, descendants
from tests.kill.load import LedgerLoad, MarkClients

LONGEST_S = 5.0
"""Time after the first trusted book within which the desk is killed."""
EARLY_SHARE = 0.15
"""Share of the kills that hit a desk which is still starting."""

_ONLY_GROW = [table.name for table in TABLES.values() if not table.newest_wins]

Say = Callable[[str], None]


class Trials:
    """Kill one desk many times; it lives on in its folder."""

    def __init__(self, folder: Path, seed: int, say: Say) -> None:
        self.folder = folder
        self._random = random.Random(seed)
        self._say = say
        self._pause = threading.Event()
        self._highest_mark = 0
        self._rows: dict[str, int] = {}
        self._new_marks: set[str] = set()
        self.marks: set[str] = set()
        self.sent = 0
        self.orders: list[str] = []
        self.first_book_s: list[float] = []
        self.gone: list[tuple[float, str]] = []
        self.latencies_s: list[float] = []
        self.early = 0
        self.frames = 0

    def run(self, times: int) -> dict[str, Any]:
        """Kill that often, or until interrupted; return the figures.

        Raises AssertionError when anything was lost.
        """
        self._warm_up()
        desk = self._start()
        done = 0
        try:
            while done < times:
                began_s = time.monotonic()
                desk = self._kill_once(desk, done)
                done += 1
                self._tell(done, times, time.monotonic() - began_s)
        except KeyboardInterrupt:
            self._say(f"interrupted after {done} kills")
            if not done:
                raise
        assert desk.stop() == 0, "the desk did not end well after SIGTERM"
        lost = self.marks - labels_in(self.folder / LEDGER_FILE)
        assert not lost, f"{len(lost)} marks of all lost at the end: {sorted(lost)[:3]}"
        return self._figures(done)

    def _tell(self, done: int, times: int, took_s: float) -> None:
        self._say(
            f"kill {done} of {times}: {len(self.marks):,} marks and {len(self.orders):,} orders "
            f"acknowledged, first book after {self.first_book_s[-1]:.2f} s ({took_s:.1f} s)"
        )

    def _warm_up(self) -> None:
        """Let kernels be compiled, and stop in order."""
        desk = DeskProcess(self.folder)
        desk.until_live(FIRST_START_S)
        children = descendants(desk.process.pid)
        assert desk.stop() == 0
        seconds_until_gone(children)
        self._check_tapes()

    def _start(self) -> DeskProcess:
        desk = DeskProcess(self.folder)
        self.first_book_s.append(desk.until_live())
        return desk

    def _kill_once(self, desk: DeskProcess, number: int) -> DeskProcess:
        marks = MarkClients(f"k{number}")
        ledger = LedgerLoad(self.folder / "load" / "ledger.sqlite", f"k{number}")
        marks.begin(desk.url)
        self._pause.wait(self._random.uniform(0.05, LONGEST_S))
        self._rows = rows_stored(desk.url) or self._rows
        children = desk.kill()
        ledger.kill()
        marks.end()
        self._count(marks, ledger)
        again = self._again(children)
        self._look(again, ledger)
        return again

    def _again(self, children: dict[int, str]) -> DeskProcess:
        """Start the desk again, at once or when its children are gone, perhaps killed once more."""
        waits = self._random.random() < 0.5
        if waits:
            self.gone.append(seconds_until_gone(children))
        if self._random.random() < EARLY_SHARE:
            hurried = DeskProcess(self.folder)
            self._pause.wait(self._random.uniform(0.05, LONGEST_S))
            children = {**children, **hurried.kill()}
            self.early += 1
            waits = False
        desk = DeskProcess(self.folder)
        if not waits:
            self.gone.append(seconds_until_gone(children))
        self.first_book_s.append(desk.until_live())
        return desk

    def _count(self, marks: MarkClients, ledger: LedgerLoad) -> None:
        self.sent += marks.sent
        self.marks |= marks.acknowledged
        self.latencies_s += marks.latencies_s
        self.orders += ledger.acknowledged
        self._new_marks = marks.acknowledged

    def _look(self, desk: DeskProcess, ledger: LedgerLoad) -> None:
        with DeskConnection(desk.url) as connection:
            kept, self._highest_mark = labels_kept(connection, self._highest_mark)
        lost = self._new_marks - kept
        assert not lost, f"{len(lost)} acknowledged marks lost: {sorted(lost)[:3]}"
        check_ledger(self.folder / "load" / "ledger.sqlite", ledger.acknowledged)
        self._check_tapes(but=1)
        self._check_store(desk)

    def _check_store(self, desk: DeskProcess) -> None:
        """Look whether every row that the store had shown is there still."""
        if not self._rows:
            return
        stored = until_stored(desk.url)
        lost = {
            table: (rows, stored[table])
            for table, rows in self._rows.items()
            if stored[table] < rows
        }
        assert not lost, f"rows that the store had shown are gone: {lost}"

    def _check_tapes(self, but: int = 0) -> None:
        """Read and replay the tapes that were not looked at, but for the last, which is written."""
        tapes = sorted((self.folder / "tapes").glob("*.tape"))
        done = self.folder / "tapes-checked"
        done.mkdir(exist_ok=True)
        for tape in tapes[: len(tapes) - but]:
            tape.rename(done / tape.name)
            self.frames += check_tapes(done)
            for path in sorted((done / tape.name).iterdir()):
                path.unlink()
            (done / tape.name).rmdir()

    def _figures(self, times: int) -> dict[str, Any]:
        books = sorted(self.first_book_s)
        waits = sorted(self.latencies_s)
        return {
            "kills": times,
            "killed_while_starting": self.early,
            "marks_sent": self.sent,
            "marks_acknowledged": len(self.marks),
            "marks_lost": 0,
            "orders_acknowledged": len(self.orders),
            "orders_lost": 0,
            "rows_shown": sum(self._rows.values()),
            "rows_lost": 0,
            "frames_replayed": self.frames,
            "first_book_p50_s": round(books[len(books) // 2], 2),
            "first_book_max_s": round(books[-1], 2),
            "children_gone_p50_s": round(sorted(self.gone)[len(self.gone) // 2][0], 2),
            "children_gone_max_s": round(max(self.gone)[0], 2),
            "last_to_go": max(self.gone)[1],
            "mark_p50_ms": round(1e3 * waits[len(waits) // 2], 2),
            "mark_p99_ms": round(1e3 * waits[int(0.99 * len(waits))], 2),
        }


def rows_stored(url: str) -> dict[str, int] | None:
    """Return the rows in each table that only grows; None where the store does not answer yet."""
    counts = [f"SELECT '{name}' AS name, count() AS rows FROM {name}" for name in _ONLY_GROW]
    statement = {"sql": " UNION ALL ".join(counts)}
    answer = requests.post(f"{url}{API_PREFIX}/sql", json=statement, timeout=20)
    return dict(answer.json()["rows"]) if answer.ok else None


def until_stored(url: str, within_s: float = 30.0) -> dict[str, int]:
    """Return the rows of the store as soon as it answers."""
    return eventually(lambda: rows_stored(url), within_s=within_s)
