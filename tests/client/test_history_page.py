"""docs/history.md: its snippets are run, in order, beside a desk and a tape."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.desk_support.recording import START_NS, STEP_NS, write_tape
from tests.desk_support.server import eventually, playing

PAGE = Path(__file__).parents[2] / "docs" / "history.md"
SNIPPETS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)


def test_the_snippets_of_the_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tape = write_tape(tmp_path / "small.tape")
    with playing(tape, tmp_path / "data", paused=True) as desk:
        connection = desk.until_running()
        connection.seek(START_NS + 600 * STEP_NS + 1_000)
        eventually(lambda: not connection.clock().seeking)
        names: dict[str, Any] = {"TAPE": str(tape)}
        for place, snippet in enumerate(SNIPPETS):
            exec(compile(snippet, f"{PAGE.name}, snippet {place + 1}", "exec"), names)
    assert len(SNIPPETS) >= 6
