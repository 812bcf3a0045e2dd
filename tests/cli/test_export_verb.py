"""Export from a tape, a desk that runs, and a data folder that no desk runs for."""

import asyncio
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from hftlib.cli.frame import REFUSED, main
from hftlib.core.states import Source
from hftlib.desk.opening import run_of
from hftlib.desk.parts import store_folder
from hftlib.desk.store_rows import StoreRows
from hftlib.io.store.settings import StoreSettings
from hftlib.io.store.writer import StoreWriter
from hftlib.io.tape.reader import TapeReader
from tests.desk_support.recording import START_NS, STEP_NS, SYMBOL, VENUE, write_tape
from tests.desk_support.server import playing

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tape(tmp_path_factory.mktemp("tapes") / "small.tape", 100)


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def export(*arguments: object) -> int:
    return main(["export", *map(str, arguments)])


def test_a_tape_is_exported(tape: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "trades.parquet"
    assert export("trades", "--symbol", SYMBOL, "--tape", tape, "-o", file, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["rows"], told["where"], told["file"]) == (20, "tape", str(file))
    assert told["source"] == "EXCHANGE"
    assert pq.read_schema(file).metadata[b"source"] == b"EXCHANGE"
    frame = pd.read_parquet(file)
    assert frame["trade_id"].tolist() == [7_000 + 5 * number for number in range(1, 21)]
    assert frame["ts_recv"].dtype == "int64"
    assert [one.name for one in tmp_path.iterdir()] == ["trades.parquet"]


def test_a_range_and_a_kinds_own_words(tape: Path, tmp_path: Path) -> None:
    file = tmp_path / "candles.csv"
    span = ("--from", "2023-11-14T22:13:22", "--to", START_NS + 50 * STEP_NS)
    book = ("--symbol", SYMBOL, "--venue", VENUE)
    assert export("candles", *book, *span, "--interval", "1s", "--tape", tape, "-o", file) == 0
    frame = pd.read_csv(file)
    assert ((frame["ts_open"] - START_NS) // 10**9).tolist() == [2, 3, 4]
    assert frame["interval"].unique().tolist() == ["1s"]


def test_lists_are_json_in_csv(tape: Path, tmp_path: Path) -> None:
    file = tmp_path / "books.csv"
    assert export("books", "--symbol", SYMBOL, "--depth", 2, "--tape", tape, "-o", file) == 0
    assert json.loads(pd.read_csv(file)["bid_prices"].iloc[0]) == [30000.0, 29999.99]


def test_a_file_is_not_replaced_unless_forced(
    tape: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.parquet"
    file.write_text("precious")
    order = ("trades", "--symbol", SYMBOL, "--tape", tape, "-o", file)
    assert export(*order) == REFUSED
    assert file.read_text() == "precious"
    assert "--force" in capsys.readouterr().err
    assert export(*order, "--force") == 0
    assert pq.read_table(file).num_rows == 20


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nothing", "-o", "a.csv"), "one of features, books"),
        (("trades", "-o", "a.txt"), "parquet"),
        (("trades", "--symbol", "DOGE", "--tape", "TAPE", "-o", "a.csv"), "there is binance"),
        (("trades", "--tape", "TAPE", "-o", "a.csv"), "a book is not known"),
        (("signals", "--tape", "TAPE", "-o", "a.csv"), "a tape has no signals"),
        (
            (
                "trades",
                "--symbol",
                SYMBOL,
                "--tape",
                "TAPE",
                "--source",
                "SIMULATED",
                "-o",
                "a.csv",
            ),
            "nothing of SIMULATED",
        ),
        (("trades", "--from", "then", "-o", "a.csv"), "no moment"),
        (("trades", "--symbol", SYMBOL, "-o", "a.csv"), "neither a store nor tapes"),
        (("trades", "--symbol", SYMBOL, "--tape", "absent", "-o", "a.csv"), "absent"),
    ],
)
def test_what_cannot_be_exported_is_said_and_no_file_is_left(
    tape: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    words: str,
) -> None:
    assert export(*(tape if one == "TAPE" else one for one in arguments)) == REFUSED
    assert words in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_desk_that_runs_is_asked(
    tape: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "features.parquet"
    with playing(tape, tmp_path / "data", paused=True) as desk:
        desk.until_running()
        order = ("features", "--symbol", SYMBOL, "-o", file, "--api-url", desk.url)
        assert export(*order) == 0
        assert export("signals", "-o", tmp_path / "s.csv", "--api-url", desk.url) == REFUSED
    out = capsys.readouterr()
    assert "from the desk" in out.out
    assert "has no store" in out.err
    assert pq.read_table(file).num_rows == 100


def test_the_tapes_of_a_data_folder_are_read_where_no_desk_runs(
    tape: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data" / "tapes").mkdir(parents=True)
    (tmp_path / "data" / "tapes" / "a.tape").symlink_to(tape)
    (tmp_path / "data" / "tapes" / "begun.tape").mkdir()
    assert export("markouts", "--symbol", SYMBOL, "-o", tmp_path / "m.csv") == 0
    assert "20 rows of markouts from the tape, EXCHANGE" in capsys.readouterr().out


def test_tapes_of_a_data_folder_are_told_apart_by_their_source(
    tape: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tapes = tmp_path / "data" / "tapes"
    tapes.mkdir(parents=True)
    (tapes / "a.tape").symlink_to(tape)
    write_tape(tapes / "b.tape", 50, Source.SIMULATED)
    order = ("trades", "--symbol", SYMBOL)
    assert export(*order, "-o", tmp_path / "both.csv") == REFUSED
    assert "EXCHANGE and SIMULATED" in capsys.readouterr().err
    assert export(*order, "--source", "SIMULATED", "-o", tmp_path / "t.csv") == 0
    assert "10 rows of trades from the tape, SIMULATED" in capsys.readouterr().out


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tape: Path) -> Path:
    """Return a data folder whose store holds what two runs over the tape said."""
    pytest.importorskip("chdb")
    data = tmp_path_factory.mktemp("data")

    async def fill() -> None:
        keep = {"event_days": 10_000, "second_days": 10_000}
        settings = StoreSettings(store_folder(data), "desk", **keep)
        writer = StoreWriter(settings, random.Random(1))
        running = asyncio.create_task(writer.run())
        for source in ("EXCHANGE", "SIMULATED"):
            writer.begin_run(f"run of {source}", source)
            run = run_of(TapeReader(tape))
            rows = StoreRows(run, writer)
            for frame in TapeReader(tape).frames():
                rows.note(frame, run.feed(frame))
            rows.end()
        async with asyncio.timeout(120):
            while writer.status().queued:
                await asyncio.sleep(0.01)
        await writer.close()
        await running

    asyncio.run(fill())
    return data


def export_of(folder: Path, table: str, *more: str) -> "subprocess.CompletedProcess[str]":
    """Export from the store in a process of its own: the engine stays in one for good."""
    command = [sys.executable, "-m", "hftlib", "export", table, "-o", "a.parquet", "--json"]
    return subprocess.run(
        [*command, "--symbol", SYMBOL, "--data-dir", str(folder), *more],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_store_of_several_sources_is_asked_for_one(folder: Path) -> None:
    told = export_of(folder, "trades")
    assert told.returncode == REFUSED
    assert "the store has BTCUSDT of EXCHANGE and SIMULATED: say which" in told.stderr


@pytest.mark.parametrize(
    ("table", "source", "rows"),
    [
        ("trades", "SIMULATED", 20),
        ("features", "EXCHANGE", 100),
        ("feed_status", "SIMULATED", 2),
        ("feed_status", "", 4),
    ],
)
def test_the_store_of_a_data_folder_is_read_where_no_desk_runs(
    folder: Path, tmp_path: Path, table: str, source: str, rows: int
) -> None:
    told = export_of(folder, table, *(["--source", source] if source else []))
    assert told.returncode == 0, told.stderr
    report = json.loads(told.stdout)
    assert report["where"] == "store"
    assert report["source"] == ("" if table == "feed_status" else source)
    assert report["rows"] == pq.read_table(tmp_path / "a.parquet").num_rows
    assert report["rows"] == rows
