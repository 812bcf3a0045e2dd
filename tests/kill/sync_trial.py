"""Trace a desk under load, kill it, cut its log to the synced length, and count what is left."""

import re
import shutil
import threading
from pathlib import Path

from hftlib.io.ledger.database import FILE
from tests.kill.checks import labels_in
from tests.kill.desk_process import DeskProcess
from tests.kill.load import MarkClients
from tests.kill.sync_trace import SyncTrace, Tracer

LABEL = re.compile(r"traced-\d+-\d+")


def trace_and_cut(folder: Path, source: str, seconds: float) -> tuple[SyncTrace, dict[str, int]]:
    """Trace marks being acknowledged for some time; return the trace and the counts.

    Raises AssertionError when an answer came before its sync, or when an acknowledged mark is not
    in the ledger whose log was cut at its last synced length.
    """
    desk = DeskProcess(folder / "data", source=source)
    desk.until_live(300.0)
    tracer = Tracer(desk.process.pid, folder / "trace.txt")
    marks = MarkClients("traced")
    marks.begin(desk.url)
    threading.Event().wait(seconds)
    desk.kill()
    marks.end()
    trace = tracer.read(LABEL)
    assert not trace.too_early, f"answered before the sync: {trace.too_early[:3]}"
    assert marks.acknowledged <= trace.answered
    kept = labels_in_cut(folder, trace.synced_length)
    lost = marks.acknowledged - kept
    assert not lost, f"{len(lost)} acknowledged marks are beyond the synced length"
    return trace, {
        "traced_marks": len(marks.acknowledged),
        "traced_syncs": trace.syncs,
        "answered_before_sync": len(trace.too_early),
        "cut_log_lost": len(lost),
    }


def labels_in_cut(folder: Path, length: int) -> set[str]:
    """Return the labels in a copy of the ledger whose log is cut at a length."""
    cut = folder / "cut"
    cut.mkdir()
    shutil.copy(folder / "data" / FILE, cut / FILE)
    log = (folder / "data" / f"{FILE}-wal").read_bytes()
    (cut / f"{FILE}-wal").write_bytes(log[:length])
    return labels_in(cut / FILE)
