"""The verbs over tapes: one JSON object, a readable table, and plain refusals."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from hftlib.cli.frame import REFUSED, main
from hftlib.core.states import Source
from hftlib.features.catalogue import NAMES
from hftlib.io.tape import BlockWriter, Manifest
from tests.desk_support.recording import FIRST_ID, INSTRUMENTS, SYMBOL, VENUE, frames

STEPS = 40


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    path = tmp_path / "small.tape"
    manifest = Manifest(source=Source.SIMULATED, instruments=INSTRUMENTS)
    with BlockWriter(path, manifest) as writer:
        for frame in frames(STEPS):
            writer.append(frame)
    return path


def test_replay_prints_one_object(tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(tape), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["gaps"], report["crossed"], report["decode_errors"]) == (0, 0, 0)
    (book,) = report["books"]
    assert (book["venue"], book["symbol"], book["state"]) == (VENUE, SYMBOL, "LIVE")
    assert book["last_update_id"] == FIRST_ID + STEPS
    assert [type(text) for text in book["best_bid"] + book["best_ask"]] == [str] * 4


def test_replay_prints_a_table(tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(tape)]) == 0
    told = capsys.readouterr().out
    assert f"{VENUE} {SYMBOL}" in told
    assert "run_hash" in told


def test_replay_keeps_the_features_of_every_update(tape: Path, tmp_path: Path) -> None:
    assert main(["replay", str(tape), "--features", str(tmp_path / "out.parquet")]) == 0
    table = pq.read_table(tmp_path / "out.parquet")
    assert set(NAMES) <= set(table.column_names)
    assert table["last_update_id"].to_pylist()[-1] == FIRST_ID + STEPS


def test_a_tape_that_is_not_there_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(tmp_path / "none.tape")]) == REFUSED
    assert "none.tape" in capsys.readouterr().err


def test_study_refuses_a_tape_without_tickers(
    tape: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["study", "ofi", str(tape)]) == REFUSED
    assert "no best-quote tickers" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flag", "value"), [("--window", "5"), ("--window", "x"), ("--start", "noon")]
)
def test_study_refuses_what_is_no_time(
    tape: Path, flag: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refusal:
        main(["study", "ofi", str(tape), flag, value])
    assert refusal.value.code == REFUSED
    assert value in capsys.readouterr().err
