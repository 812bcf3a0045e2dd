"""A desk that is asked for another source while it runs."""

from pathlib import Path

import pytest

from hftlib.client.connection import RefusedError
from hftlib.core.states import BookState
from tests.desk_support.recording import SYMBOL, VENUE, write_tape
from tests.desk_support.server import eventually, playing


def test_another_tape_is_shown_from_now_on(tape: Path, tmp_path: Path) -> None:
    other = write_tape(tmp_path / "other.tape")
    with playing(tape, tmp_path / "data", paused=True) as running:
        connection = running.until_running()
        told = connection.switch_source(f"tape:{other}")
        assert (told.source, told.generation) == (f"tape:{other}", 1)
        eventually(lambda: connection.source().generation == 2)
        eventually(lambda: connection.health().state == "running")
        eventually(lambda: connection.book(VENUE, SYMBOL, 1).state is BookState.LIVE)


def test_what_is_no_source_is_refused_and_changes_nothing(tape: Path, tmp_path: Path) -> None:
    with playing(tape, tmp_path / "data", paused=True) as running:
        connection = running.until_running()
        with pytest.raises(RefusedError, match="source 'moon' is not known"):
            connection.switch_source("moon")
        assert connection.source().generation == 1
        assert connection.health().state == "running"


def test_a_tape_that_is_not_there_leaves_the_desk_up_to_be_asked_again(
    tape: Path, tmp_path: Path
) -> None:
    with playing(tape, tmp_path / "data", paused=True) as running:
        connection = running.until_running()
        connection.switch_source(f"tape:{tmp_path / 'absent.tape'}")
        health = eventually(lambda: (h := connection.health()).state == "failed" and h)
        assert "there is no tape" in health.reason
        assert health.condition == "BROKEN"
        connection.switch_source(f"tape:{tape}")
        eventually(lambda: connection.health().state == "running")
        assert connection.health().reason == ""
