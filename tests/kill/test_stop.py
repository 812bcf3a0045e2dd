"""A live desk that is told to stop: everything is written, nothing and nobody is left behind."""

import signal
from pathlib import Path

import pytest

from hftlib.io.tape.reader import TapeReader
from tests.kill.checks import labels_in, seconds_until_gone
from tests.kill.desk_process import DeskProcess, descendants
from tests.kill.load import MarkClients

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc here")
WITHIN_S = 30.0
"""Seconds on a machine that does other things as well; alone it takes two or three."""


def test_sigterm_writes_everything_and_leaves_nothing(tmp_path: Path) -> None:
    desk = DeskProcess(tmp_path)
    desk.until_live(300.0)
    marks = MarkClients("stop")
    marks.begin(desk.url)
    children = descendants(desk.process.pid)
    assert any("hftlib" in command for command in children.values())
    desk.process.send_signal(signal.SIGTERM)
    assert desk.stop(WITHIN_S) == 0
    marks.end()
    seconds_until_gone(children)
    left = {entry.name for entry in tmp_path.iterdir()}
    assert not left & {"desk.json", "desk.token", "ledger.sqlite-wal", "ledger.sqlite-shm"}
    assert marks.acknowledged <= labels_in(tmp_path / "ledger.sqlite")
    (tape,) = (TapeReader(path) for path in (tmp_path / "tapes").glob("*.tape"))
    assert tape.manifest.closed
    assert tape.torn_bytes == 0
    tape.verify()
    log = (tmp_path / "logs" / "hftlib.log").read_text("utf-8")
    assert "Traceback" not in log
    assert "Traceback" not in (tmp_path / "stderr.txt").read_text("utf-8")
