"""`hftlib faults` prints a row per venue and fault, and keeps the table of a page current."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hftlib.cli.faults_verb import BEGIN, END
from hftlib.cli.frame import REFUSED, main
from hftlib.io.faults import Fault
from hftlib.io.importers.importer import Order, import_files


@pytest.fixture(scope="module")
def tape(captures: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tape") / "us"
    files = tuple(captures("cryptofeed-binance-20211012").glob("BINANCE_US_*.gz"))
    import_files(Order("cryptofeed", files, path, "binance_us"))
    return path


def test_rows_as_json(tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faults", str(tape), "--places", "2", "--seed", "x", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["fault"] for row in rows] == [fault.value for fault in Fault]
    assert {(row["venue"], row["trials"]) for row in rows} == {("binance_us", 2)}


def test_workers_find_the_same_and_the_page_gets_the_table(
    tape: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    command = ["faults", str(tape), "--places", "3", "--seed", "x"]
    assert main([*command, "--workers", "2", "--write", str(page)]) == 0
    shared = capsys.readouterr().out
    assert main(command) == 0
    assert capsys.readouterr().out == shared
    text = page.read_text()
    assert "old" not in text
    assert shared.strip() in text
    assert text.startswith("before\n")
    assert text.endswith(f"{END}\nafter\n")


def test_a_page_without_a_place_for_the_table_is_refused(
    tape: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing")
    assert main(["faults", str(tape), "--places", "1", "--write", str(page)]) == REFUSED
    assert "no place for the table" in capsys.readouterr().err
    assert page.read_text() == "nothing"
