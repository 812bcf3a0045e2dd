"""The figures in the documents are those of the last bench run, and rows say what they must."""

import json

import pytest

from benchmarks import report
from benchmarks.capture import read_capture
from benchmarks.features import Meter
from benchmarks.hftlib_rows import KERNEL, WIRE
from benchmarks.measure import Timing
from benchmarks.report import Row

RESULTS = json.loads(report.RESULTS.read_text())
MACHINE = json.loads(report.MACHINE.read_text())


def test_the_page_shows_the_figures_of_the_last_run() -> None:
    page = report.DOCUMENT.read_text()
    assert report.refreshed(page, RESULTS, MACHINE) == page, "figures were edited by hand"


def test_rows_have_exactly_the_five_fields_and_the_two_names() -> None:
    assert all(set(row) == {"name", "value", "unit", "against", "ratio"} for row in RESULTS)
    by_name = {row["name"]: row for row in RESULTS}
    assert by_name[WIRE]["against"] == "floor: msgspec typed float decode"
    assert WIRE == "hftlib wire to 20-level features"
    assert KERNEL == "hftlib kernel over stored events"
    assert by_name[KERNEL]["unit"] == "level updates/s"


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="marks"):
        report.refreshed("no marks", RESULTS, MACHINE)


def test_an_absent_peer_is_shown_as_absent() -> None:
    rows = [Row("a", 1.5, "us", "a", 1.0), Row("b (absent: no wheel)", None, "us", "a", None)]
    assert "absent" in report.table(rows).splitlines()[2]
    plain = [{"name": r.name, "value": r.value, "unit": r.unit} for r in rows]
    section = report.markdown(
        [{**row, "against": "a", "ratio": None} for row in plain], {**MACHINE, "packages": {}}
    )
    assert "| b (absent: no wheel) | absent | us |  | a |" in section


def test_the_ratio_is_the_median_of_the_rounds() -> None:
    assert Timing([1.0, 2.0, 1.0], [3.0, 4.0, 9.0]).ratio() == 3.0


def test_a_missing_capture_names_its_file(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match="btcusdt_20240808"):
        read_capture(tmp_path)


def test_the_peers_features_are_the_literatures() -> None:
    bids, asks = [(10.0 - k, 2.0) for k in range(20)], [(11.0 + k, 1.0) for k in range(20)]
    meter = Meter(bids, asks)
    meter.measure([(10.0, 5.0), *bids[1:]], [(12.0, 1.0), *asks[1:]])
    bid, bid_size, ask, ask_size, spread, mid, weighted, one, *_, flow = meter.values
    assert (bid, bid_size, ask, ask_size, spread, mid) == (10.0, 5.0, 12.0, 1.0, 2.0, 11.0)
    assert weighted == (10.0 * 1 + 12.0 * 5) / 6
    assert one == 4 / 6
    assert flow == 3.0 - (-1.0), "three bought at the best bid, and the best ask went up"
