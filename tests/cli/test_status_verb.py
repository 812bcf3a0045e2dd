"""The status verb: what it prints, and its exit code."""

import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hftlib.cli import status_verb
from hftlib.cli.frame import main
from hftlib.core.configuration import Configuration, DeskSection
from tests.desk_support.recording import write_tape
from tests.desk_support.server import DeskInThread, playing


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskInThread]:
    folder = tmp_path_factory.mktemp("desk")
    tape = write_tape(folder / "test.tape")
    with playing(tape, folder / "data", paused=True) as running:
        running.until_running()
        yield running


def test_the_code_says_how_the_desk_is(desk: DeskInThread, capsys: pytest.CaptureFixture) -> None:
    # One of the tape's two instruments never has a book: that is a degraded desk.
    assert main(["status", "--api-url", desk.url]) == 1
    told = capsys.readouterr().out
    assert told.startswith("DEGRADED  hftlib")
    assert "ETHUSDT SYNCING" in told
    assert "\x1b" not in told


def test_json_is_the_health(desk: DeskInThread, capsys: pytest.CaptureFixture) -> None:
    assert main(["status", "--json", "--api-url", desk.url]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["condition"], told["state"]) == ("DEGRADED", "running")


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_no_desk_is_code_3(tmp_path: Path, capsys: pytest.CaptureFixture, more: list[str]) -> None:
    assert main(["status", "--data-dir", str(tmp_path), "--port", "1", *more]) == 3
    told = capsys.readouterr().out
    assert "no desk answers" in (json.loads(told)["error"] if more else told)


class Terminal(io.StringIO):
    """Be a terminal; end the watch after some looks."""

    def __init__(self, looks: int, ending: threading.Event) -> None:
        super().__init__()
        self._left = looks
        self._ending = ending

    def isatty(self) -> bool:
        return True

    def flush(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._ending.set()


def test_a_watch_draws_over_itself_and_leaves_the_terminal_as_it_was(
    desk: DeskInThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status_verb, "EVERY_S", 0.01)
    ending = threading.Event()
    out = Terminal(3, ending)
    configuration = Configuration(
        desk=DeskSection(port=int(desk.url.rpartition(":")[2])), data_dir="/nowhere"
    )
    assert status_verb._Look(configuration, as_json=False, out=out).on_and_on(ending) == 1
    told = out.getvalue()
    assert told.startswith("\x1b[?1049h")
    assert told.endswith("\x1b[?1049l\x1b[?25h")
    assert told.count("\x1b[H") == 3
    drawn = told.split("\x1b[H")[1].rpartition("\x1b[J")[0]
    assert all(line.endswith("\x1b[K") for line in drawn.split("\n"))


def test_ctrl_c_ends_a_watch_with_the_last_code(desk: DeskInThread) -> None:
    class Interrupted(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            raise KeyboardInterrupt

    out = io.StringIO()
    configuration = Configuration(
        desk=DeskSection(port=int(desk.url.rpartition(":")[2])), data_dir="/nowhere"
    )
    assert status_verb._Look(configuration, as_json=True, out=out).on_and_on(Interrupted()) == 1
    assert json.loads(out.getvalue())["state"] == "running"
