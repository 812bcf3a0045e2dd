"""The trace's judge finds an answer that comes too early; a real desk gives it none."""

import re
import sys
from pathlib import Path

import pytest

from tests.desk_support.recording import write_tape
from tests.kill.sync_trace import STRACE, SyncTrace
from tests.kill.sync_trial import trace_and_cut

WAL = "9</data/ledger.sqlite-wal>"
LABEL = re.compile(r"m-\d+")


def judged(*lines: str) -> SyncTrace:
    return SyncTrace(LABEL).read(lines)


def wrote(label: str, offset: int = 0, pid: int = 7) -> str:
    return f'{pid} pwrite64({WAL}, "\\0\\0{label}", 4096, {offset}) = 4096'


def answered(label: str, pid: int = 5) -> str:
    return f'{pid} sendto(12<TCP:[127.0.0.1:1->127.0.0.1:2]>, "HTTP/1.1 200 ..{label}", 9) = 9'


def test_an_answer_after_its_sync_is_fine() -> None:
    trace = judged(wrote("m-1"), f"7 fdatasync({WAL}) = 0", answered("m-1"))
    assert (trace.too_early, trace.syncs, trace.synced_length) == ([], 1, 4096)
    assert trace.answered == {"m-1"}


@pytest.mark.parametrize(
    "lines",
    [
        [answered("m-1"), wrote("m-1"), f"7 fdatasync({WAL}) = 0"],
        [wrote("m-1"), answered("m-1"), f"7 fdatasync({WAL}) = 0"],
        [wrote("m-1"), f"7 fdatasync({WAL} <unfinished ...>", answered("m-1")],
        [wrote("m-1"), f"7 fdatasync({WAL}) = -1 EIO (Input/output error)", answered("m-1")],
        [wrote("m-1"), "7 fdatasync(3</data/other>) = 0", answered("m-1")],
        # A sync that began before the write does not cover it.
        [
            f"7 fdatasync({WAL} <unfinished ...>",
            wrote("m-1", pid=8),
            "7 <... fdatasync resumed>) = 0",
            answered("m-1"),
        ],
    ],
)
def test_an_answer_before_its_sync_is_found(lines: list[str]) -> None:
    assert judged(*lines).too_early == ["m-1"]


def test_a_sync_that_is_resumed_counts_from_its_end() -> None:
    trace = judged(
        wrote("m-1"),
        f"7 fdatasync({WAL} <unfinished ...>",
        wrote("m-2", 4096, pid=8),
        "7 <... fdatasync resumed>) = 0",
        answered("m-1"),
    )
    assert trace.too_early == []
    assert trace.synced_length == 4096


def test_a_log_that_begins_anew_has_its_new_length() -> None:
    sync = f"7 fdatasync({WAL}) = 0"
    trace = judged(wrote("m-1"), wrote("m-2", 4096), sync, wrote("m-3", 0), sync)
    assert trace.synced_length == 4096


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="strace is for Linux")
@pytest.mark.skipif(STRACE is None, reason="strace is not installed here")
def test_every_answer_of_a_desk_follows_its_sync(tmp_path: Path) -> None:
    tape = write_tape(tmp_path / "test.tape")
    trace, counts = trace_and_cut(tmp_path, f"tape:{tape}", 1.5)
    assert counts["traced_marks"] > 10
    assert trace.syncs > 10
