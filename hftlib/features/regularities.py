"""Regularities of markets, measured on plain arrays: tails, memory of signs, clustering, lead-lag.

Every function takes arrays and returns a number, None where too little is there to say anything.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Stamps = NDArray[np.int64]


def tail_exponent(sizes: ArrayLike, share: float = 0.05) -> float | None:
    """Return Hill's estimate of the exponent a of P(X > x) ~ x^-a over the largest `share`.

    a = k / sum of log(x_i / x_k+1) over the k largest (Hill 1975); its standard error is about
    a / sqrt(k). None with fewer than ten values in the tail, or where they are all equal.
    """
    ordered = np.sort(np.asarray(sizes, dtype=np.float64))[::-1]
    kept = int(ordered.size * share)
    if kept < 10 or ordered[kept] <= 0:
        return None
    excess = float(np.log(ordered[:kept] / ordered[kept]).sum())
    return kept / excess if excess > 0 else None


def autocorrelation(series: ArrayLike, lags: Sequence[int]) -> Floats | None:
    """Return the autocorrelation at each lag: sum of (x_t - m)(x_t+k - m) over that at lag 0.

    None when the series never changes or is not longer than the longest lag.
    """
    values = np.asarray(series, dtype=np.float64)
    if values.size <= max(lags):
        return None
    centred = values - values.mean()
    variance = float(centred @ centred)
    if variance == 0:
        return None
    return np.array([centred[: values.size - k] @ centred[k:] / variance for k in lags])


def memory_exponent(correlations: ArrayLike, lags: Sequence[int]) -> float | None:
    """Return g of C(k) ~ k^-g by least squares on logarithms (Lillo and Farmer 2004).

    None when fewer than three lags have a positive correlation. Below 1 the memory is long.
    """
    values, steps = np.asarray(correlations, dtype=np.float64), np.asarray(lags, dtype=np.float64)
    positive = values > 0
    if positive.sum() < 3:
        return None
    x, y = np.log(steps[positive]), np.log(values[positive])
    x = x - x.mean()
    return float(-(x @ y) / (x @ x))


def kurtosis(returns: ArrayLike) -> float | None:
    """Return Pearson's kurtosis m4 / m2^2, which is 3 for a normal law; None without variance."""
    values = np.asarray(returns, dtype=np.float64)
    centred = values - values.mean() if values.size else values
    second = float((centred**2).mean()) if values.size else 0.0
    return float((centred**4).mean()) / second**2 if second > 0 else None


def l_kurtosis(returns: ArrayLike) -> float | None:
    """Return the ratio of L-moments t4 = l4 / l2 (Hosking 1990): 0.1226 for a normal law, below 1.

    It says how heavy tails are without hanging on the largest few values, as the fourth moment
    does. None with fewer than four values, or where all are equal.
    """
    ordered = np.sort(np.asarray(returns, dtype=np.float64))
    count = ordered.size
    if count < 4 or ordered[0] == ordered[-1]:
        return None
    ordered = ordered - ordered.mean()
    rank = np.arange(count, dtype=np.float64)
    weight = np.ones(count)
    moments = []
    for order in range(4):
        moments.append(float((weight * ordered).mean()))
        weight = weight * (rank - order) / (count - 1 - order)
    second = 2 * moments[1] - moments[0]
    fourth = 20 * moments[3] - 30 * moments[2] + 12 * moments[1] - moments[0]
    return fourth / second


def clustering(returns: ArrayLike, lags: Sequence[int]) -> float | None:
    """Return the mean autocorrelation of absolute returns over lags (Cont 2001)."""
    found = autocorrelation(np.abs(np.asarray(returns, dtype=np.float64)), lags)
    return None if found is None else float(found.mean())


def rank_clustering(returns: ArrayLike, lags: Sequence[int]) -> float | None:
    """Return the mean autocorrelation over lags of the ranks of absolute returns.

    Ranks (Spearman 1904; equal values share theirs) keep a few jumps from deciding alone.
    """
    sizes = np.abs(np.asarray(returns, dtype=np.float64))
    _, place, counts = np.unique(sizes, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    found = autocorrelation(ranks[place], lags)
    return None if found is None else float(found.mean())


def sampled(stamps: Stamps, values: ArrayLike, at_ns: Stamps) -> Floats:
    """Return the last value at or before each time; the first value before the first stamp."""
    places = np.searchsorted(stamps, at_ns, side="right") - 1
    return np.asarray(values, dtype=np.float64)[np.maximum(places, 0)]


def log_returns(stamps: Stamps, prices: ArrayLike, width_ns: int) -> Floats:
    """Return the log returns over whole windows of `width_ns`, in bps, by the last price.

    Windows begin at the first stamp. Empty without a whole window.
    """
    if not stamps.size:
        return np.empty(0)
    edges = np.arange(stamps[0], stamps[-1] + 1, width_ns, dtype=np.int64)
    return np.diff(np.log(sampled(stamps, prices, edges))) * 1e4


def cross_correlation(first: ArrayLike, second: ArrayLike, lags: Sequence[int]) -> Floats | None:
    """Return the correlation of x_t with y_t+k at each lag k; positive lags are where x leads.

    The series stand on one grid. None when one of them never changes, or is not longer than the
    longest lag by two.
    """
    x, y = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if x.size < max(abs(lag) for lag in lags) + 2:
        return None
    x, y = x - x.mean(), y - y.mean()
    scale = np.sqrt((x @ x) * (y @ y))
    if scale == 0:
        return None
    count = x.size
    return np.array(
        [x[max(0, -k) : count - max(0, k)] @ y[max(0, k) : count - max(0, -k)] for k in lags]
    ) / float(scale)


def lead_ratio(correlations: ArrayLike, lags: Sequence[int]) -> float | None:
    """Return the sum of squared correlations at positive lags over that at negative ones.

    Above 1 the first one leads (Huth and Abergel 2014). None where there is nothing to divide by.
    """
    squares = np.asarray(correlations, dtype=np.float64) ** 2
    steps = np.asarray(lags)
    behind = float(squares[steps < 0].sum())
    return float(squares[steps > 0].sum()) / behind if behind > 0 else None


def depth_bands(
    distances_bps: ArrayLike, sizes: ArrayLike, edges_bps: Sequence[float]
) -> tuple[Floats, Floats]:
    """Return how many levels, and how much size, lie in each band (edge k, edge k+1] from the mid.

    The first band begins at 0, whatever its distance from it.
    """
    bands = np.searchsorted(np.asarray(edges_bps), np.asarray(distances_bps), side="left")
    count = len(edges_bps)
    weights = np.asarray(sizes, dtype=np.float64)
    both = (np.ones(bands.size), weights)
    found: Floats = np.array([np.bincount(bands, each, count + 1)[:count] for each in both])
    return found[0], found[1]


def time_weighted(stamps: Stamps, values: ArrayLike, end_ns: int) -> float | None:
    """Return the mean of a step function up to `end_ns`; None where that is no time at all."""
    held = np.diff(np.append(stamps, end_ns)).astype(np.float64)
    total = float(held.sum())
    return float(held @ np.asarray(values, dtype=np.float64)) / total if total > 0 else None


def half_life(series: ArrayLike) -> float | None:
    """Return the half-life, in steps, of x_t+1 = c + f x_t + noise; None unless 0 < f < 1."""
    found = autocorrelation(series, (1,))
    if found is None or not 0 < found[0] < 1:
        return None
    return float(np.log(0.5) / np.log(found[0]))
