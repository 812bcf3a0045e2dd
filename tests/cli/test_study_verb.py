"""`study market` and `study arbitrage`: tables, JSON, pages, plain refusals."""

import json
from pathlib import Path

import pytest

from hftlib.cli.frame import REFUSED, main
from hftlib.desk.market_report import ARBITRAGE, MARKET, marks
from hftlib.desk.market_rows import ROWS
from tests.desk_support.small_market import (
    FIRST_BID,
    PERPETUAL,
    SPOT,
    happen,
    write_market,
    write_round_trip,
)


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("verb") / "both.tape"
    return write_market(path, (happen(20), SPOT), (happen(20, 2), PERPETUAL), origin="seed 1")


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "market.md"
    path.write_text("\n".join(("# Page", *marks(MARKET), *marks(ARBITRAGE), "end")))
    return path


def test_a_market_is_held_against_the_captures(
    tape: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["study", "market", str(tape)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[:4] == ["spread", "mean,", "ticks", "2.73"]
    assert lines[-1].endswith(f"of {len(ROWS)} rows near")


def test_a_market_is_near_itself(tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "market", str(tape), "--against", str(tape), "--json"]) == 0
    comparisons = json.loads(capsys.readouterr().out)
    assert {one["row"] for one in comparisons} == {row.title for row in ROWS}
    assert all(one["real"] == one["simulated"] for one in comparisons)


def test_the_figures_alone(tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--book", "binance_usdm", "BTCUSDT", "--second", "binance", "BTCUSDT"]
    assert main(["study", "market", str(tape), "--picture", *arguments]) == 0
    picture = json.loads(capsys.readouterr().out)
    assert picture["origin"] == "seed 1"
    assert picture["book"]["name"] == "binance_usdm BTCUSDT"
    assert picture["pair"]["name"] == "binance_usdm BTCUSDT and binance BTCUSDT"


def test_tables_go_into_a_page(
    tape: Path, page: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trip = write_round_trip(tmp_path / "trip.tape", happen(5), FIRST_BID * 20 // 10_000)
    assert main(["study", "market", str(tape), "--write", str(page)]) == 0
    assert main(["study", "arbitrage", str(trip), "--write", str(page)]) == 0
    text = page.read_text()
    first, second = text.split(marks(ARBITRAGE)[0])
    assert "Simulated: seed 1; 20 s of binance BTCUSDT" in first
    assert "| round trip | low-fee |" in second
    assert text.startswith("# Page")
    assert text.endswith("end")
    assert "| round trip | retail |" in capsys.readouterr().out


def test_arbitrage_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trip = write_round_trip(tmp_path / "trip.tape", happen(5), 0)
    assert main(["study", "arbitrage", str(trip), "--json"]) == 0
    reports = json.loads(capsys.readouterr().out)
    assert [one["preset"] for one in reports] == ["retail", "low-fee"]


def test_a_page_without_a_place_is_refused_before_the_work(
    tape: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = tmp_path / "bare.md"
    bare.write_text("# Page")
    for subject in ("market", "arbitrage"):
        assert main(["study", subject, str(tape), "--write", str(bare)]) == REFUSED
        assert "no place for the table" in capsys.readouterr().err
    assert bare.read_text() == "# Page"


def test_a_tape_without_the_book_is_refused(tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "market", str(tape), "--book", "binance", "XRPUSDT"]) == REFUSED
    assert "no best quotes of binance XRPUSDT" in capsys.readouterr().err
