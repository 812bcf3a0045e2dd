"""A peer that will not install, or will not run, is absent with its reason."""

import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks import environments, peer_rows
from benchmarks.environments import Absent
from benchmarks.hftlib_rows import KERNEL, WIRE, Own
from benchmarks.report import Row


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(environments, "HERE", tmp_path)
    monkeypatch.setattr(environments, "ROOT", tmp_path / ".peers")
    monkeypatch.setattr(
        environments.venv, "create", lambda folder, **_: folder.mkdir(parents=True, exist_ok=True)
    )
    (tmp_path / "requirements-peer.txt").write_text("no-such-thing==1\n")
    return tmp_path


def answers(monkeypatch: pytest.MonkeyPatch, *results: object) -> list[list[str]]:
    """Let subprocess.run answer in turn; return the commands it was given."""
    waiting, commands = list(results), []

    def run(command: list[str], **_: object) -> object:
        commands.append(command)
        result = waiting.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    monkeypatch.setattr(environments.subprocess, "run", run)
    return commands


def done(code: int = 0, out: str = "", err: str = "") -> SimpleNamespace:
    return SimpleNamespace(returncode=code, stdout=out, stderr=err)


def test_a_peer_is_installed_once_until_its_pins_change(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = done(out='noise\n{"a": 1}\n')
    commands = answers(monkeypatch, done(), report, report, done(), report)
    assert environments.measure("peer") == {"a": 1}
    assert environments.measure("peer") == {"a": 1}
    (here / "requirements-peer.txt").write_text("no-such-thing==2\n")
    assert environments.measure("peer") == {"a": 1}
    assert [("pip" in command) for command in commands] == [True, False, False, True, False]


def test_what_fails_is_absent_with_its_last_words(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = subprocess.TimeoutExpired("x", 1)
    answers(monkeypatch, done(1, err="line\nERROR: no wheel\n\n"))
    assert environments.measure("peer") == Absent("ERROR: no wheel")
    answers(monkeypatch, late)
    assert "not installed within" in environments.measure("peer").reason
    answers(monkeypatch, done(), done(1))
    assert environments.measure("peer") == Absent("no output")
    answers(monkeypatch, late)
    assert "not done within" in environments.measure("peer").reason


def test_absent_peers_have_rows_and_other_work_is_a_complaint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = {
        "sorted_book": {
            "floor_s": [1.0] * 5,
            "subject_s": [12.0] * 5,
            "frames": 1_000_000,
            "sums": {"mid": 2.0},
            "packages": {"sortedcontainers": "2"},
        },
        "hftbacktest_path": {"events_per_s": 10.0, "packages": {"hftbacktest": "2"}},
    }
    monkeypatch.setattr(peer_rows.environments, "measure", lambda p: told.get(p, Absent("gone")))
    own = Own([Row(WIRE, 1.0, "us", "f", 1.2), Row(KERNEL, 30.0, "x/s", "", None)], {}, {"mid": 1})
    peers = peer_rows.measure(own, lambda _: None)
    by_name = {row.name: row for row in peers.rows}
    assert by_name["sorted-container book (sortedcontainers) to 20-level features"].ratio == 12.0
    assert by_name["ccxt pro to 20-level features (absent: gone)"].value is None
    assert (by_name[KERNEL].ratio, by_name[KERNEL].against) == (3.0, peer_rows.BACKTEST)
    assert len(peers.complaints) == 1
    assert "sum of mid is 2.0" in peers.complaints[0]
    told.pop("hftbacktest_path")
    rows = peer_rows.measure(own, lambda _: None).rows
    assert any("hftbacktest" in row.name and row.value is None for row in rows)
