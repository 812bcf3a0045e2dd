"""The desk as a process: comes up, joins, takes the next port, tidies up, dies with its parent."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hftlib.client.connection import DeskConnection, RefusedError
from hftlib.client.endpoint import read_endpoint, read_token
from hftlib.client.starting import RunningDesk, ensure_desk, join_desk
from hftlib.core.errors import UnavailableError
from tests.desk_support.server import eventually

PARENT = """
import sys, time
from pathlib import Path
from hftlib.client.starting import ensure_desk
desk = ensure_desk(Path(sys.argv[1]), arguments=sys.argv[2:])
print(desk.process.pid, flush=True)
sys.stdin.read()
"""


def arguments(tape: Path, *more: str) -> list[str]:
    return ["--source", f"tape:{tape}", "--port", "0", *more]


@pytest.fixture
def desk(tape: Path, tmp_path: Path) -> Iterator[RunningDesk]:
    started = ensure_desk(tmp_path, arguments=arguments(tape, "--paused"))
    yield started
    started.stop()


def command(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "hftlib", "desk", *words],
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_a_second_start_joins_the_running_desk(
    desk: RunningDesk, tape: Path, tmp_path: Path
) -> None:
    joined = ensure_desk(tmp_path, arguments=arguments(tape))
    assert (joined.url, joined.process) == (desk.url, None)
    joined.stop()
    assert desk.is_alive()
    again = command("--data-dir", str(tmp_path), *arguments(tape))
    assert again.returncode == 0
    assert desk.url in again.stderr
    other = command("--data-dir", str(tmp_path), "--source", "incident:calm")
    assert other.returncode == 2
    assert "already runs" in other.stderr


def test_the_endpoint_is_private_and_goes_with_the_desk(desk: RunningDesk, tmp_path: Path) -> None:
    endpoint = read_endpoint(tmp_path)
    assert endpoint is not None
    assert (endpoint.url, endpoint.pid) == (desk.url, desk.process.pid)
    assert (tmp_path / "desk.json").stat().st_mode & 0o777 == 0o600
    desk.stop()
    assert desk.process.returncode == 0
    assert read_endpoint(tmp_path) is None
    assert join_desk(tmp_path) is None


def test_a_signal_ends_it_tidily(desk: RunningDesk, tmp_path: Path) -> None:
    desk.process.send_signal(signal.SIGTERM)
    assert desk.process.wait(10) == 0
    assert read_endpoint(tmp_path) is None


def test_after_kill_9_the_next_start_needs_no_repair(
    desk: RunningDesk, tape: Path, tmp_path: Path
) -> None:
    desk.process.kill()
    desk.process.wait(10)
    assert read_endpoint(tmp_path) is not None
    again = ensure_desk(tmp_path, arguments=arguments(tape))
    assert again.process is not None
    assert again.process.pid != desk.process.pid
    again.stop()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc here")
def test_a_desk_dies_with_its_parent_after_kill_9(tape: Path, tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path), *arguments(tape)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    child = int(parent.stdout.readline())
    assert is_running(child)
    parent.kill()
    parent.wait(10)
    eventually(lambda: not is_running(child), within_s=15)
    assert read_endpoint(tmp_path) is None
    parent.stdin.close()
    parent.stdout.close()


def test_a_busy_port_gives_the_next_one(tape: Path, tmp_path: Path) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        started = ensure_desk(tmp_path, arguments=["--source", f"tape:{tape}", "--port", str(port)])
        started.stop()
    assert port < int(started.url.rpartition(":")[2]) < port + 50


def test_a_tape_that_is_none_is_told_by_a_desk_that_answers(tmp_path: Path) -> None:
    started = ensure_desk(tmp_path, arguments=arguments(tmp_path / "absent.tape"))
    with DeskConnection(started.url) as connection:
        health = eventually(lambda: (h := connection.health()).state == "failed" and h)
        assert "absent.tape" in health.reason
        with pytest.raises(RefusedError, match="absent") as refusal:
            connection.venues()
        assert refusal.value.status == 503
    started.stop()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--source", "lively"], "source"),
        (["--host", "0.0.0.0"], "HFT_API_TOKEN"),
        (["--speed", "900"], "speed"),
        (["--source", "tape:absent.tape"], "absent.tape"),
    ],
)
def test_what_it_cannot_do_is_refused_in_one_line(
    tmp_path: Path, tape: Path, words: list[str], complaint: str
) -> None:
    done = command("--data-dir", str(tmp_path), "--source", f"tape:{tape}", "--port", "0", *words)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr
    said = [line for line in done.stderr.splitlines() if not line.startswith("hftlib desk at")]
    assert len(said) == 1


def test_a_desk_that_ends_at_once_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="code 2"):
        ensure_desk(tmp_path, arguments=["--source", "lively"])


def test_beyond_loopback_the_token_is_left_for_its_owner_alone(
    tape: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HFT_API_TOKEN", "s3cret")
    started = ensure_desk(tmp_path, arguments=arguments(tape, "--host", "0.0.0.0"))
    endpoint = read_endpoint(tmp_path)
    assert read_token(endpoint) == "s3cret"
    assert Path(endpoint.token_file).stat().st_mode & 0o777 == 0o600
    assert started.is_alive()
    assert not RunningDesk(started.url, "wrong").is_alive()
    started.stop()
    left = {entry.name for entry in tmp_path.iterdir()}
    assert left <= {"desk.lock", "ledger.sqlite", "logs"}


def test_the_endpoint_of_garbage_is_none(tmp_path: Path) -> None:
    (tmp_path / "desk.json").write_text(json.dumps({"url": 5}))
    assert read_endpoint(tmp_path) is None


def test_a_desk_that_compiles_answers_and_stops_at_once(
    tape: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HFT_KERNEL_CACHE", str(tmp_path / "cache"))
    started = ensure_desk(tmp_path / "data", arguments=arguments(tape))
    with DeskConnection(started.url) as connection:
        health = eventually(lambda: (h := connection.health()).state == "compiling" and h)
        assert 0 <= health.done <= health.total
        with pytest.raises(RefusedError, match="compiling") as refusal:
            connection.book("binance", "BTCUSDT")
        assert (refusal.value.status, refusal.value.code) == (503, "NOT_READY")
    started.process.terminate()
    assert started.process.wait(10) == 0
    assert read_endpoint(tmp_path / "data") is None
