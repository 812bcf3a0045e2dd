"""Tables say what was found, and stand in their own places of a page."""

import pytest

from hftlib.core.errors import ConfigurationError
from hftlib.desk.market_arbitrage import ArbitrageReport
from hftlib.desk.market_report import (
    ARBITRAGE,
    MARKET,
    arbitrage_table,
    definitions_table,
    market_table,
    market_text,
    marks,
    number,
    with_table,
)
from hftlib.desk.market_rows import ROWS, compare
from hftlib.desk.market_study import real_picture
from tests.conftest import PROJECT
from tests.desk.test_market_rows import picture


def test_the_table_tells_every_figure_and_how_many_rows_are_near() -> None:
    real, other = picture(), picture(volatility_1_s_bps=9.0, basis_mean_bps=None)
    table = market_table(real, other, compare(real, other))
    assert f"**{len(ROWS) - 1} of {len(ROWS)} rows are near**" in table
    assert "- Real: made up; 600 s of x, 600 s of x." in table
    assert "off by more than a factor of two: mean, bps (basis)." in table
    (row,) = (line for line in table.splitlines() if "**volatility**" in line)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells == [
        "**volatility**: off",
        "1 s, bps",
        "0.400 (0.400, none)",
        "9.00 (9.00, none)",
        "22.5",
        "factor 2",
        "no",
    ]
    (row,) = (line for line in table.splitlines() if "| mean, bps |" in line)
    assert row.endswith("| 0.400 (0.400, none) | none (none, none) |  |  |  |")


def test_a_picture_without_a_pair_tells_of_none() -> None:
    real, other = picture(), picture(paired=False)
    table = market_table(real, other, compare(real, other))
    assert "Simulated: made up; 600 s of x.\n" in table
    assert "**lead-lag**" not in table
    assert "off by more than a factor of two: nothing." in table


def test_the_text_for_a_terminal() -> None:
    lines = market_text(compare(picture(), picture(3.0, ofi_r2_1_s=0.5))).splitlines()
    assert lines[0].split() == ["row", "figure", "real", "here", "ratio", "near"]
    assert lines[1].split() == ["spread", "mean,", "ticks", "0.400", "1.20", "3.00", "no"]
    assert lines[-1] == f"0 of {len(ROWS)} rows near"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "none"),
        (0.0, "0"),
        (12345.6, "12,346"),
        (458.29, "458"),
        (0.0336, "0.0336"),
        (-3.6853, "-3.69"),
    ],
)
def test_numbers_have_three_digits(value: float | None, text: str) -> None:
    assert number(value) == text


def test_every_row_is_defined() -> None:
    table = definitions_table()
    assert all(f"| {row.title} | {row.definition} |" in table for row in ROWS)


def test_the_arbitrage_of_a_tape_is_a_line() -> None:
    report = ArbitrageReport("calm, seed 1", "retail", 600.0, 3, 2, 3.0, 0.25, 4.321)
    last = arbitrage_table([report]).splitlines()[-1]
    assert last == "| calm, seed 1 | retail | 10.0 | 3 | 3.0 | 2 | 0.25 | 4.32 |"


def test_each_table_stands_between_its_marks() -> None:
    empty = "\n".join(("# Page", *marks(MARKET), "between", *marks(ARBITRAGE), "end"))
    page = with_table(with_table(empty, MARKET, "first"), ARBITRAGE, "second")
    assert with_table(page, MARKET, "first") == page
    assert page.split("between")[0].count("first") == 1
    assert page.split("between")[1].count("second") == 1
    assert page.endswith("end")


def test_the_page_of_the_project_shows_the_figures_that_are_kept() -> None:
    page = (PROJECT / "docs" / "market.md").read_text(encoding="utf-8")
    for table in (MARKET, ARBITRAGE):
        assert with_table(page, table, "x") != page
    assert definitions_table() in page
    real = real_picture()
    cells = (line.split("|")[2:4] for line in page.splitlines() if line.count("|") == 8)
    shown = {(figure.strip(), value.strip()) for figure, value in cells}
    kept = market_table(real, real, compare(real, real)).splitlines()
    for line in (line for line in kept if line.endswith(("yes |", "|  |  |"))):
        figure, value = line.split("|")[2:4]
        assert (figure.strip(), value.strip()) in shown


def test_a_page_without_a_place_is_refused() -> None:
    begin, end = marks(MARKET)
    for page in ("", begin, end, f"{end} {begin}"):
        with pytest.raises(ConfigurationError, match="no place for the table"):
            with_table(page, MARKET, "x")
