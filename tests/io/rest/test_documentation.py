"""docs/rest.md says what the code does."""

import re
from pathlib import Path

from hftlib.core import venue as names
from hftlib.io.rest import allowances, budgets, client, clock_offsets, comparisons, polling
from hftlib.venues.plans import Purpose

TEXT = (Path(__file__).parents[3] / "docs" / "rest.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines()
    if line.startswith("|")
]


def row(name):
    return next(cells for cells in ROWS if cells[0] == name)


def test_the_allowances():
    venues = (names.BINANCE, names.BINANCE_US, names.BINANCE_USDM, names.BINANCE_COINM)
    for venue in venues:
        assert row(venue)[1] == f"{budgets.allowance_for(venue).limit} weight a minute"
    for venue in (names.COINBASE, names.COINBASE_EXCHANGE):
        bucket = budgets.allowance_for(venue)
        told = f"{bucket.per_second} requests a second, {bucket.limit:.0f} at once"
        assert row(venue)[1] == told


def test_the_parts_of_the_purposes():
    for purpose, share in budgets._SHARES.items():
        assert row(purpose.name.lower())[1] == f"{share:.0%}".replace("%", " %")
    assert len(budgets._SHARES) == len(Purpose)


def test_the_times():
    words = {
        f"longer than {budgets.LONGEST_WAIT_NS // 10**9} s",
        f"each every {comparisons.EVERY_S:.0f} s",
        f"polls end {polling.LINGER_S:.0f} s after",
        f"{allowances._RESERVE:.0%}".replace("%", " %"),
        "paced to half the allowance",
        "the last five minutes",
        "up to five times",
        "nine more of its kind",
        "quickest of five round trips, again every ten minutes",
    }
    for told in words:
        assert told in re.sub(r"\s+", " ", TEXT), told
    assert polling._SHARE == 0.5
    assert (allowances._REMEMBERED, client.TRIES, budgets._KEPT_FOR_MORE) == (5, 5, 9)
    assert (clock_offsets.SAMPLES, clock_offsets.EVERY_S) == (5, 600)
