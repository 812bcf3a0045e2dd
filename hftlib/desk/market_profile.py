"""Measure a market, real or simulated, by the same figures."""

from typing import Final

import msgspec
import numpy as np

from hftlib.desk.market_reading import DEPTH, TICKER
from hftlib.desk.market_record import EDGES_BPS, MILLISECOND, SECOND, BookRecord, Floats
from hftlib.features.regression import quotes_of, regress_flow
from hftlib.features.regularities import (
    autocorrelation,
    clustering,
    cross_correlation,
    half_life,
    kurtosis,
    l_kurtosis,
    lead_ratio,
    log_returns,
    memory_exponent,
    rank_clustering,
    sampled,
    tail_exponent,
    time_weighted,
)
from hftlib.market.orders import Rows

Figures = dict[str, float | None]
"""What was measured, by name; None where there was too little to measure."""

OFI_WINDOWS_S: Final = (1, 5, 10)
TAIL_SHARE: Final = 0.05
SIGN_LAGS: Final = tuple(range(1, 51))
CLUSTER_LAGS: Final = tuple(range(1, 11))
LEAD_GRID_NS: Final = 20 * MILLISECOND
LEAD_LAGS: Final = tuple(range(-25, 26))
"""Lags of the lead-lag, in steps of the grid: half a second both ways."""


class MarketProfile(msgspec.Struct, frozen=True):
    """Hold the figures of one book, or of a pair of books, and those of both halves of the time."""

    name: str
    seconds: float
    figures: Figures
    halves: tuple[Figures, Figures]


def profile_of(record: BookRecord) -> MarketProfile:
    """Return the profile of one book."""
    first, second = (figures_of(half) for half in record.halves())
    name = f"{record.venue} {record.symbol}"
    return MarketProfile(name, record.seconds, figures_of(record), (first, second))


def profile_of_pair(first: BookRecord, second: BookRecord) -> MarketProfile:
    """Return lead-lag and basis of two books over the time that both show."""
    start, end = max(first.start_ns, second.start_ns), min(first.end_ns, second.end_ns)
    both = first.part(start, end), second.part(start, end)
    parts = zip(both[0].halves(), both[1].halves(), strict=True)
    early, late = (pair_figures_of(*part) for part in parts)
    name = f"{first.venue} {first.symbol} and {second.venue} {second.symbol}"
    return MarketProfile(name, both[0].seconds, pair_figures_of(*both), (early, late))


def figures_of(record: BookRecord) -> Figures:
    """Return the figures of one book; docs/market.md says how each is defined."""
    return {
        **_spread(record),
        **_depth(record),
        **_rates(record),
        **_trade_sizes(record),
        **_signs(record),
        **_returns(record),
        **_flow(record),
    }


def _spread(record: BookRecord) -> Figures:
    stamps, spreads = record.tops[:, 0], record.tops[:, 3] - record.tops[:, 1]
    return {
        "spread_ticks": time_weighted(stamps, spreads, record.end_ns),
        "spread_one_tick_share": time_weighted(stamps, spreads == 1, record.end_ns),
    }


def _depth(record: BookRecord) -> Figures:
    if not len(record.depth):
        return {}
    means = record.depth[:, 1:].mean(axis=0) / 2
    bands = len(EDGES_BPS)
    found: Figures = {}
    for edge, levels, size in zip(EDGES_BPS, means[:bands], means[bands:], strict=True):
        found[f"levels_to_{edge:g}_bps"] = float(levels)
        found[f"size_to_{edge:g}_bps"] = float(size) * record.quantum_size
    return found


def _rates(record: BookRecord) -> Figures:
    seconds = record.seconds
    changes, trades = len(record.changes), len(record.trades)
    return {
        "frames_per_s": sum(stamps.size for stamps in record.frames.values()) / seconds,
        "depth_frames_per_s": record.frames[DEPTH].size / seconds,
        "ticker_frames_per_s": record.frames[TICKER].size / seconds,
        "changes_per_s": changes / seconds,
        "trades_per_s": trades / seconds,
        "changes_per_trade": changes / trades if trades else None,
    }


def taker_orders(trades: Rows) -> tuple[Rows, Rows]:
    """Return sizes and signs of the orders that took: runs of trades of one stamp and one side.

    One order that meets several makers prints several trades; counted singly they would feign a
    memory of signs. Stamps are the venue's, in ms, as they stand on the wire.
    """
    if not len(trades):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    begins = np.append(True, np.any(np.diff(trades[:, 3:], axis=0) != 0, axis=1))
    starts = np.flatnonzero(begins)
    return np.add.reduceat(trades[:, 2], starts), trades[starts, 3]


def _trade_sizes(record: BookRecord) -> Figures:
    sizes, _ = taker_orders(record.trades)
    if not sizes.size:
        return {}
    middle, far = np.quantile(sizes, (0.5, 0.99))
    return {
        "taker_orders_per_s": sizes.size / record.seconds,
        "taker_size_mean": float(sizes.mean()) * record.quantum_size,
        "taker_size_tail": tail_exponent(sizes, TAIL_SHARE),
        "taker_size_p99_to_p50": float(far / middle) if middle else None,
    }


def _signs(record: BookRecord) -> Figures:
    _, signs = taker_orders(record.trades)
    found = autocorrelation(signs, SIGN_LAGS)
    if found is None:
        return {}
    return {
        "sign_autocorrelation_1": float(found[0]),
        "sign_autocorrelation_2_10": float(found[1:10].mean()),
        "sign_autocorrelation_11_50": float(found[10:].mean()),
        "sign_memory_exponent": memory_exponent(found, SIGN_LAGS),
    }


def _mids(record: BookRecord) -> Floats:
    mids: Floats = (record.tops[:, 1] + record.tops[:, 3]) / 2 * record.tick_size
    return mids


def _returns(record: BookRecord) -> Figures:
    stamps, mids = record.tops[:, 0], _mids(record)
    found: Figures = {}
    for seconds in (1, 10, 60):
        returns = log_returns(stamps, mids, seconds * SECOND)
        wide = returns.size > 1
        found[f"volatility_{seconds}_s_bps"] = float(returns.std()) if wide else None
    ones = log_returns(stamps, mids, SECOND)
    found["kurtosis_1_s"] = kurtosis(ones)
    found["l_kurtosis_1_s"] = l_kurtosis(ones)
    found["clustering_1_s"] = clustering(ones, CLUSTER_LAGS)
    found["rank_clustering_1_s"] = rank_clustering(ones, CLUSTER_LAGS)
    found["unmoved_1_s_share"] = float((ones == 0).mean()) if ones.size else None
    return found


def _flow(record: BookRecord) -> Figures:
    stamps, bids, bought, asks, sold = record.tops.T
    if not stamps.size:
        return {}
    quotes = quotes_of(stamps, bids, bought * record.quantum_size, asks, sold * record.quantum_size)
    found: Figures = {}
    for seconds in OFI_WINDOWS_S:
        try:
            fit = regress_flow(quotes, seconds * SECOND, tick_size=record.tick_size)
        except ValueError:  # fewer than three windows, or no flow: nothing to regress
            continue
        found[f"ofi_r2_{seconds}_s"] = fit.r_squared
        found[f"ofi_beta_{seconds}_s"] = fit.beta
    return found


def pair_figures_of(first: BookRecord, second: BookRecord) -> Figures:
    """Return lead-lag and basis of two books that stand side by side on one clock."""
    if not (len(first.tops) and len(second.tops)):
        return {}
    span = max(first.start_ns, second.start_ns) + SECOND, min(first.end_ns, second.end_ns)
    logs = [_logs_on(book, span, SECOND) for book in (first, second)]
    basis = (logs[1] - logs[0]) * 1e4
    return {
        **_lead(first, second, span),
        "return_correlation_100_ms": _correlation(
            *(np.diff(_logs_on(book, span, SECOND // 10)) for book in (first, second))
        ),
        "return_correlation_1_s": _correlation(*map(np.diff, logs)),
        "return_correlation_10_s": _correlation(*(np.diff(one[::10]) for one in logs)),
        "basis_mean_bps": float(basis.mean()) if basis.size else None,
        "basis_deviation_bps": float(basis.std()) if basis.size else None,
        "basis_half_life_s": half_life(basis),
    }


def _logs_on(record: BookRecord, span: tuple[int, int], width_ns: int) -> Floats:
    """Return the log of the mid on a grid of times."""
    edges = np.arange(*span, width_ns, dtype=np.int64)
    return np.asarray(np.log(sampled(record.tops[:, 0], _mids(record), edges)), dtype=np.float64)


def _lead(first: BookRecord, second: BookRecord, span: tuple[int, int]) -> Figures:
    """Return where the correlation on a fine grid peaks, and which side of it weighs more.

    A grid, not the sum over overlapping intervals of Hayashi and Yoshida (2005): mids move in
    cascades after seconds of rest, and the long interval before the first, small move of one book
    meets the whole cascade of the other, at any lag. That feigns a leader.
    """
    ahead, behind = (np.diff(_logs_on(book, span, LEAD_GRID_NS)) for book in (first, second))
    found = cross_correlation(ahead, behind, LEAD_LAGS)
    if found is None:
        return {}
    return {
        "lead_peak_ms": LEAD_LAGS[int(np.argmax(found))] * LEAD_GRID_NS / MILLISECOND,
        "lead_ratio": lead_ratio(found, LEAD_LAGS),
    }


def _correlation(first: Floats, second: Floats) -> float | None:
    if first.size < 3 or not (first.std() and second.std()):
        return None
    return float(np.corrcoef(first, second)[0, 1])
