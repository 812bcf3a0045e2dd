"""The JavaScript of docs/stream.md in a real browser, against a desk that plays."""

import re
from pathlib import Path

import pytest

from tests.desk_support.recording import write_tape
from tests.desk_support.server import playing
from tests.e2e.conftest import Watched
from tests.ui_support.fake_desk import FakeDesk

DOCUMENT = (Path(__file__).parents[2] / "docs" / "stream.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```javascript\n(.+?)```", DOCUMENT, re.DOTALL)


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_javascript_runs_as_it_stands(
    watched: Watched, fake_app: tuple[str, FakeDesk], tmp_path: Path, snippet: str
) -> None:
    tape = write_tape(tmp_path / "a.tape")
    with playing(tape, tmp_path / "data", speed=5.0) as running:
        running.until_running()
        text = snippet.replace("127.0.0.1:8710", f"127.0.0.1:{running.port}")
        page = watched.page
        page.goto(f"{fake_app[0]}/_stcore/health")
        with page.expect_console_message(timeout=20_000) as told:
            page.evaluate(f"() => {{ {text} }}")
    assert told.value.text == "30000 30000.01"
    assert watched.errors == []


def test_there_is_a_snippet() -> None:
    assert SNIPPETS
