"""The tables of a market's study, in Markdown and for a terminal, and their places in a page."""

from collections.abc import Iterable, Sequence
from typing import Final

from hftlib.core.errors import ConfigurationError
from hftlib.desk.market_arbitrage import ArbitrageReport
from hftlib.desk.market_rows import ROWS, Comparison, MarketPicture, Rule, is_near, rows_within

MARKET: Final = "market"
ARBITRAGE: Final = "arbitrage"
_ROOM: Final = {Rule.FACTOR: "factor 2", Rule.R2: "0.15", Rule.LAG: "50 ms", Rule.SHOWN: ""}


def market_table(
    real: MarketPicture, simulated: MarketPicture, comparisons: Sequence[Comparison]
) -> str:
    """Return the table in Markdown: what was measured, how near it is, and how it is measured."""
    near = rows_within(comparisons)
    told = f"{sum(near.values())} of {len(near)} rows are near"
    lines = [
        f"- Real: {_measured(real)}.",
        f"- Simulated: {_measured(simulated)}.",
        "",
        (
            f"**{told}**: every figure of the row that is judged lies within its room."
            f" {_strays(comparisons)}"
        ),
        "",
        "| row | figure | real (halves) | simulated (halves) | ratio | room | near |",
        "|---|---|---:|---:|---:|---|---|",
        *(_line(one, near[one.row], first) for one, first in _with_first(comparisons)),
        "",
        definitions_table(),
    ]
    return "\n".join(lines)


def _strays(comparisons: Sequence[Comparison]) -> str:
    """Name the figures that are only shown, and lie further off than a judged one may."""
    far = [
        f"{one.figure} ({one.row})"
        for one in comparisons
        if one.rule is Rule.SHOWN and not is_near(Rule.FACTOR, one.real, one.simulated)
    ]
    return f"Not judged, and off by more than a factor of two: {'; '.join(far) or 'nothing'}."


def _measured(picture: MarketPicture) -> str:
    """Say what was measured, and for how long."""
    profiles = [picture.book] if picture.pair is None else [picture.book, picture.pair]
    spans = (f"{profile.seconds:.0f} s of {profile.name}" for profile in profiles)
    return f"{picture.origin}; {', '.join(spans)}"


def _with_first(comparisons: Iterable[Comparison]) -> Iterable[tuple[Comparison, bool]]:
    """Yield each comparison, and whether it is the first one of its row."""
    row = ""
    for one in comparisons:
        yield one, one.row != row
        row = one.row


def _line(one: Comparison, is_near: bool, is_first: bool) -> str:
    cells = (
        f"**{one.row}**: {'near' if is_near else 'off'}" if is_first else "",
        one.figure,
        _value(one.real, one.real_halves),
        _value(one.simulated, one.simulated_halves),
        "" if one.ratio is None else number(one.ratio),
        _ROOM[one.rule],
        {None: "", True: "yes", False: "no"}[one.within],
    )
    return f"| {' | '.join(cells)} |"


def _value(value: float | None, halves: tuple[float | None, float | None]) -> str:
    return f"{number(value)} ({number(halves[0])}, {number(halves[1])})"


def number(value: float | None) -> str:
    """Return three significant digits, 'none' where nothing could be measured."""
    if value is None:
        return "none"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:#.3g}".rstrip(".") if value else "0"


def definitions_table() -> str:
    """Return what each row means, in Markdown."""
    lines = ["| row | how it is measured |", "|---|---|"]
    return "\n".join(lines + [f"| {row.title} | {row.definition} |" for row in ROWS])


def market_text(comparisons: Sequence[Comparison]) -> str:
    """Return the comparison for a terminal."""
    lines = [f"{'row':<26} {'figure':<30} {'real':>9} {'here':>9} {'ratio':>7}  near"]
    for one, is_first in _with_first(comparisons):
        lines.append(
            f"{one.row if is_first else '':<26} {one.figure:<30} {number(one.real):>9}"
            f" {number(one.simulated):>9} {'' if one.ratio is None else number(one.ratio):>7}"
            f"  {({None: '', True: 'yes', False: 'no'})[one.within]}".rstrip()
        )
    near = rows_within(comparisons)
    lines.append(f"{sum(near.values())} of {len(near)} rows near")
    return "\n".join(lines)


def arbitrage_table(reports: Iterable[ArbitrageReport]) -> str:
    """Return the arbitrage of tapes in Markdown, which is plain enough for a terminal."""
    lines = [
        (
            "| market | fees | minutes | episodes | per 10 min | of 100 ms or more | longest, s "
            "| best net, bps |"
        ),
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    return "\n".join(lines + [_report(one) for one in reports])


def _report(one: ArbitrageReport) -> str:
    cells = (
        one.origin,
        one.preset,
        f"{one.seconds / 60:.1f}",
        str(one.episodes),
        f"{one.per_10_min:.1f}",
        str(one.lasting),
        f"{one.longest_s:.2f}",
        f"{one.best_bps:.2f}",
    )
    return f"| {' | '.join(cells)} |"


def marks(table: str) -> tuple[str, str]:
    """Return the comments between which a page holds a table."""
    return (
        f"<!-- {table}: begin (written by `python -m hftlib study {table}`, not by hand) -->",
        f"<!-- {table}: end -->",
    )


def with_table(page: str, table: str, text: str) -> str:
    """Return a page with `text` in the place of a table.

    Raises ConfigurationError for a page that has no place for it.
    """
    begin, end = marks(table)
    before, mark, rest = page.partition(begin)
    _, close, after = rest.partition(end)
    if not (mark and close):
        raise ConfigurationError(f"the page has no place for the table: {begin} ... {end}")
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"
