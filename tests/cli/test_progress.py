import io
import sys

import pytest

from hftlib.cli.progress import progress_of


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_is_shown_a_bar_that_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with progress_of(" frames") as show:
        show(4, 4)
    assert "frames" in screen.getvalue()
    assert screen.getvalue().rsplit("\r", 2)[1].strip() == ""


def test_a_file_is_not_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    monkeypatch.setattr(sys, "stderr", log)
    with progress_of("B", scaled=True) as show:
        show(1, 2)
    assert log.getvalue() == ""
