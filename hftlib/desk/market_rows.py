"""The rows by which two markets are held side by side, what each means, and what counts as near."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from hftlib.desk.market_profile import Figures, MarketProfile
from hftlib.desk.market_record import EDGES_BPS

R2_ROOM: Final = 0.15
"""How far an R2 may be from the real one."""
LAG_ROOM_MS: Final = 50.0
"""How far a lag may be from the real one, which is about nothing: no factor tells there."""
FACTOR: Final = 2.0
"""How many times as large or as small any other judged figure may be."""


class Rule(StrEnum):
    """Say how a figure is judged, if it is."""

    FACTOR = "within a factor of two"
    R2 = "within 0.15"
    LAG = "within 50 ms"
    SHOWN = "shown, not judged"


class Figure(NamedTuple):
    """Name one figure of a profile as the table shows it."""

    name: str
    label: str
    rule: Rule = Rule.FACTOR


class Row(NamedTuple):
    """Describe one row: its figures, how they are defined, and whether they belong to a pair."""

    title: str
    definition: str
    figures: tuple[Figure, ...]
    is_of_pair: bool = False


def _bands(kind: str, unit: str) -> tuple[Figure, ...]:
    starts = (0.0, *EDGES_BPS[:-1])
    return tuple(
        Figure(f"{kind}_to_{end:g}_bps", f"{start:g} to {end:g} bps{unit}")
        for start, end in zip(starts, EDGES_BPS, strict=True)
    )


ROWS: Final = (
    Row(
        "spread",
        "Best ask less best bid of the top-of-book stream, each weighted by how long it stood.",
        (
            Figure("spread_ticks", "mean, ticks"),
            Figure("spread_one_tick_share", "share of time at one tick"),
        ),
    ),
    Row(
        "levels by distance",
        "Levels a side in bands of distance from the mid, mean of samples once a second; distance"
        " in bps of the mid.",
        _bands("levels", ""),
    ),
    Row(
        "size by distance",
        "Size a side in the same bands and samples, in base units.",
        _bands("size", ", BTC"),
    ),
    Row(
        "frames a second",
        "Websocket frames of the book's depth (100 ms), top-of-book and trade streams.",
        (
            Figure("frames_per_s", "all"),
            Figure("ticker_frames_per_s", "top of book", Rule.SHOWN),
            Figure("depth_frames_per_s", "depth", Rule.SHOWN),
        ),
    ),
    Row(
        "level changes a second",
        "Levels told by the depth stream, which tells once in 100 ms what a level has become.",
        (Figure("changes_per_s", "level changes"),),
    ),
    Row(
        "trades a second",
        "Trades as printed, one per maker met. A taker's order is a run of trades of one side"
        " and one venue stamp (ms).",
        (
            Figure("trades_per_s", "trades"),
            Figure("taker_orders_per_s", "takers' orders", Rule.SHOWN),
        ),
    ),
    Row(
        "tail of trade sizes",
        "Hill's (1975) exponent a of P(X > x) ~ x^-a over the largest 5 % of takers' orders.",
        (
            Figure("taker_size_tail", "exponent"),
            Figure("taker_size_p99_to_p50", "99th percentile by median", Rule.SHOWN),
            Figure("taker_size_mean", "mean, BTC", Rule.SHOWN),
        ),
    ),
    Row(
        "autocorrelation of signs",
        "Autocorrelation of the signs of takers' orders in trade time; g is the exponent of"
        " C(k) ~ k^-g over lags 1 to 50 (Lillo and Farmer 2004).",
        (
            Figure("sign_autocorrelation_1", "lag 1"),
            Figure("sign_autocorrelation_2_10", "mean of lags 2 to 10"),
            Figure("sign_autocorrelation_11_50", "mean of lags 11 to 50"),
            Figure("sign_memory_exponent", "g", Rule.SHOWN),
        ),
    ),
    Row(
        "kurtosis of 1 s returns",
        "Log returns of the mid. Pearson's kurtosis (normal: 3) hangs on the largest few returns;"
        " the ratio of L-moments t4 (Hosking 1990; normal: 0.123) does not.",
        (
            Figure("kurtosis_1_s", "Pearson"),
            Figure("l_kurtosis_1_s", "L-kurtosis"),
            Figure("unmoved_1_s_share", "seconds without a move", Rule.SHOWN),
        ),
    ),
    Row(
        "clustering of 1 s returns",
        "Mean autocorrelation of absolute returns over lags 1 to 10 (Cont 2001); judged by ranks"
        " (Spearman), so that a few jumps do not decide alone.",
        (
            Figure("rank_clustering_1_s", "of ranks"),
            Figure("clustering_1_s", "of values", Rule.SHOWN),
        ),
    ),
    Row(
        "R2 of mid change on OFI",
        "Least squares of the mid change on order-flow imbalance of the top-of-book stream, whole"
        " windows (Cont, Kukanov, Stoikov 2014); `study ofi` gives the same.",
        (
            Figure("ofi_r2_1_s", "1 s", Rule.R2),
            Figure("ofi_r2_5_s", "5 s", Rule.R2),
            Figure("ofi_r2_10_s", "10 s", Rule.R2),
            Figure("ofi_beta_1_s", "beta at 1 s, USD per BTC", Rule.SHOWN),
        ),
    ),
    Row(
        "orders to trades",
        "Level changes by trades: what a public feed shows of the order-to-trade ratio.",
        (Figure("changes_per_trade", "level changes per trade"),),
    ),
    Row(
        "volatility",
        "Standard deviation of log returns of the mid.",
        (
            Figure("volatility_1_s_bps", "1 s, bps"),
            Figure("volatility_10_s_bps", "10 s, bps"),
            Figure("volatility_60_s_bps", "60 s, bps", Rule.SHOWN),
        ),
    ),
    Row(
        "lead-lag",
        "Perpetual against spot, mids on one receiver's clock, returns on fixed grids (Epps 1979):"
        " the lag at which their cross-correlation peaks, in steps of 20 ms (negative: the"
        " perpetual leads), and how much of the move both make within 100 ms and 1 s. The lead"
        " ratio is Huth and Abergel's (2014), to half a second: below 1, the perpetual leads.",
        (
            Figure("lead_peak_ms", "lag at the peak, ms", Rule.LAG),
            Figure("return_correlation_100_ms", "correlation of 100 ms returns"),
            Figure("return_correlation_1_s", "correlation of 1 s returns"),
            Figure("lead_ratio", "lead ratio", Rule.SHOWN),
            Figure("return_correlation_10_s", "correlation of 10 s returns", Rule.SHOWN),
        ),
        is_of_pair=True,
    ),
    Row(
        "basis",
        "Perpetual over spot, log of the mids once a second. Its mean is that of the day (funding)"
        " and is not judged.",
        (
            Figure("basis_deviation_bps", "standard deviation, bps"),
            Figure("basis_mean_bps", "mean, bps", Rule.SHOWN),
            Figure("basis_half_life_s", "half-life of a first-order fit, s", Rule.SHOWN),
        ),
        is_of_pair=True,
    ),
)
"""What is compared, in the order of the table."""


class MarketPicture(msgspec.Struct, frozen=True):
    """Hold the profile of one book and, where there is a second one, that of the pair.

    `origin` says what was measured.
    """

    origin: str
    book: MarketProfile
    pair: MarketProfile | None = None


class Comparison(msgspec.Struct, frozen=True):
    """Hold one figure of two markets; `halves` are those of the halves of each one's time.

    `ratio` is simulated by real. `within` is None for what is not judged; a figure that one side
    lacks is not within.
    """

    row: str
    figure: str
    rule: Rule
    real: float | None
    real_halves: tuple[float | None, float | None]
    simulated: float | None
    simulated_halves: tuple[float | None, float | None]
    ratio: float | None
    within: bool | None


def compare(real: MarketPicture, simulated: MarketPicture) -> list[Comparison]:
    """Return every figure of both pictures, row by row; a pair's rows where both have a pair."""
    return list(_comparisons(real, simulated))


def _comparisons(real: MarketPicture, simulated: MarketPicture) -> Iterator[Comparison]:
    for row in ROWS:
        sides = (real.pair, simulated.pair) if row.is_of_pair else (real.book, simulated.book)
        if sides[0] is None or sides[1] is None:
            continue
        for figure in row.figures:
            yield _comparison(row, figure, sides[0], sides[1])


def _comparison(
    row: Row, figure: Figure, real: MarketProfile, simulated: MarketProfile
) -> Comparison:
    one, other = real.figures.get(figure.name), simulated.figures.get(figure.name)
    return Comparison(
        row=row.title,
        figure=figure.label,
        rule=figure.rule,
        real=one,
        real_halves=_halves(real.halves, figure.name),
        simulated=other,
        simulated_halves=_halves(simulated.halves, figure.name),
        ratio=other / one if one and other is not None else None,
        within=None if figure.rule is Rule.SHOWN else is_near(figure.rule, one, other),
    )


def _halves(halves: tuple[Figures, Figures], name: str) -> tuple[float | None, float | None]:
    return halves[0].get(name), halves[1].get(name)


def is_near(rule: Rule, real: float | None, simulated: float | None) -> bool:
    """Say whether a figure is near the real one by its rule; of unlike signs none is."""
    if real is None or simulated is None:
        return False
    if rule is Rule.R2:
        return abs(simulated - real) <= R2_ROOM
    if rule is Rule.LAG:
        return abs(simulated - real) <= LAG_ROOM_MS
    return real * simulated > 0 and 1 / FACTOR <= simulated / real <= FACTOR


def rows_within(comparisons: Sequence[Comparison]) -> dict[str, bool]:
    """Return for every row whether all of its judged figures are near."""
    found: dict[str, bool] = {}
    for one in comparisons:
        found[one.row] = found.get(one.row, True) and one.within is not False
    return found
