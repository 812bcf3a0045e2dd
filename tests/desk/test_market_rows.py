"""Two pictures are held side by side row by row, each figure by its rule."""

import pytest

from hftlib.desk.market_profile import Figures, MarketProfile
from hftlib.desk.market_rows import (
    ROWS,
    MarketPicture,
    Rule,
    compare,
    is_near,
    rows_within,
)


def picture(factor: float = 1.0, *, paired: bool = True, **given: float | None) -> MarketPicture:
    figures: Figures = {figure.name: 0.4 * factor for row in ROWS for figure in row.figures}
    figures.update(given)
    profile = MarketProfile("x", 600.0, figures, (figures, {}))
    return MarketPicture("made up", profile, profile if paired else None)


@pytest.mark.parametrize(
    ("rule", "real", "simulated", "near"),
    [
        (Rule.FACTOR, 10.0, 20.0, True),
        (Rule.FACTOR, 10.0, 20.1, False),
        (Rule.FACTOR, 10.0, 5.0, True),
        (Rule.FACTOR, 10.0, 4.9, False),
        (Rule.FACTOR, -120.0, -70.0, True),
        (Rule.FACTOR, -120.0, 120.0, False),
        (Rule.FACTOR, 10.0, 0.0, False),
        (Rule.FACTOR, 0.0, 0.0, False),
        (Rule.R2, 0.5, 0.64, True),
        (Rule.R2, 0.5, 0.66, False),
        (Rule.R2, 0.05, -0.05, True),
        (Rule.R2, None, 0.5, False),
        (Rule.LAG, 0.0, -50.0, True),
        (Rule.LAG, -40.0, 20.0, False),
        (Rule.FACTOR, 10.0, None, False),
    ],
)
def test_what_is_near(rule: Rule, real: float | None, simulated: float | None, near: bool) -> None:
    assert is_near(rule, real, simulated) is near


def test_a_market_is_near_itself() -> None:
    comparisons = compare(picture(), picture())
    assert len(comparisons) == sum(len(row.figures) for row in ROWS)
    assert all(one.ratio == 1.0 for one in comparisons)
    assert rows_within(comparisons) == {row.title: True for row in ROWS}


def test_a_row_is_near_when_every_judged_figure_is() -> None:
    off = picture(l_kurtosis_1_s=9.0, unmoved_1_s_share=9.0, trades_per_s=None)
    near = rows_within(compare(picture(), off))
    assert [title for title, holds in near.items() if not holds] == [
        "trades a second",
        "kurtosis of 1 s returns",
    ]


def test_what_is_only_shown_judges_nothing() -> None:
    comparisons = compare(picture(), picture(volatility_60_s_bps=99.0))
    (shown,) = (one for one in comparisons if one.figure == "60 s, bps")
    assert (shown.rule, shown.within) == (Rule.SHOWN, None)
    assert rows_within(comparisons)["volatility"]


def test_halves_stand_beside_each_figure() -> None:
    first = compare(picture(), picture(1.5))[0]
    assert first.real_halves == (0.4, None)
    assert first.simulated_halves == (pytest.approx(0.6), None)


def test_a_pair_is_compared_where_both_have_one() -> None:
    titles = {one.row for one in compare(picture(), picture(paired=False))}
    assert titles == {row.title for row in ROWS if not row.is_of_pair}


def test_no_ratio_by_nothing() -> None:
    first = compare(picture(spread_ticks=0.0), picture())[0]
    assert (first.ratio, first.within) == (None, False)
