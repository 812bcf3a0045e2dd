"""Regress mid changes on order-flow imbalance, window by window, as the papers do.

Cont, Kukanov and Stoikov, "The price impact of order book events", Journal of Financial
Econometrics 12(1), 2014: ΔM_k = α + β·OFI_k + ε_k over windows of equal length, where OFI_k is the
sum of the e_n of the quote changes inside window k.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Stamps = NDArray[np.int64]


class Quotes(msgspec.Struct, frozen=True, eq=False):
    """Hold best quotes in the order of their arrival.

    `ts` are nanoseconds that never go back, prices are ticks, sizes are in any one unit. Build
    it with `quotes_of`, which checks the shapes.
    """

    ts: Stamps
    bid_ticks: Floats
    bid_size: Floats
    ask_ticks: Floats
    ask_size: Floats


class Regression(msgspec.Struct, frozen=True):
    """Hold one least-squares line y = intercept + beta·x over `n` points, and its R²."""

    n: int
    intercept: float
    beta: float
    r_squared: float


def quotes_of(
    ts: ArrayLike,
    bid_ticks: ArrayLike,
    bid_size: ArrayLike,
    ask_ticks: ArrayLike,
    ask_size: ArrayLike,
) -> Quotes:
    """Build quotes of five columns of one length, at least one row.

    Raises ValueError when the lengths differ, nothing is there, or time goes back.
    """
    stamps = np.asarray(ts, dtype=np.int64)
    columns = [np.asarray(c, dtype=np.float64) for c in (bid_ticks, bid_size, ask_ticks, ask_size)]
    if stamps.ndim != 1 or not stamps.size or any(c.shape != stamps.shape for c in columns):
        raise ValueError("quotes need five columns of one length, at least one row")
    if np.any(np.diff(stamps) < 0):
        raise ValueError("the stamps of quotes go back in time")
    return Quotes(stamps, *columns)


def order_flow(quotes: Quotes) -> Floats:
    """Return e_n of every quote, in the unit of its sizes; the first is 0.

    e_n = 1{Pb_n ≥ Pb_n-1}·qb_n - 1{Pb_n ≤ Pb_n-1}·qb_n-1 - 1{Pa_n ≤ Pa_n-1}·qa_n
    + 1{Pa_n ≥ Pa_n-1}·qa_n-1 (Cont, Kukanov, Stoikov 2014, equation 3).
    """
    flow = np.zeros(quotes.ts.size)
    bids, asks = quotes.bid_ticks, quotes.ask_ticks
    bought, sold = quotes.bid_size, quotes.ask_size
    flow[1:] = (
        (bids[1:] >= bids[:-1]) * bought[1:]
        - (bids[1:] <= bids[:-1]) * bought[:-1]
        - (asks[1:] <= asks[:-1]) * sold[1:]
        + (asks[1:] >= asks[:-1]) * sold[:-1]
    )
    return flow


def windows_of(
    quotes: Quotes,
    width_ns: int,
    *,
    tick_size: float = 1.0,
    anchor_ns: int | None = None,
    end_ns: int | None = None,
) -> tuple[Floats, Floats]:
    """Return OFI and mid change of every whole window [anchor + k·width, anchor + (k+1)·width).

    The anchor is the first quote unless given; an incomplete last window is left out, where
    `end_ns` (the last quote unless given) says how long the record lasts. The mid at an edge is
    that of the last quote before it. Mid changes are ticks times `tick_size`.
    Raises ValueError when `width_ns` is not positive.
    """
    if width_ns <= 0:
        raise ValueError(f"a window needs a positive width, not {width_ns} ns")
    anchor = int(quotes.ts[0]) if anchor_ns is None else anchor_ns
    end = int(quotes.ts[-1]) if end_ns is None else end_ns
    count = max(0, (end - anchor) // width_ns)
    edges = anchor + width_ns * np.arange(count + 1, dtype=np.int64)
    seen = np.searchsorted(quotes.ts, edges, side="left")
    total = np.concatenate(([0.0], np.cumsum(order_flow(quotes))))
    mids = (quotes.bid_ticks + quotes.ask_ticks) / 2 * tick_size
    return np.diff(total[seen]), np.diff(mids[np.maximum(seen - 1, 0)])


def regress(explanation: ArrayLike, response: ArrayLike) -> Regression:
    """Fit response = intercept + beta·explanation by least squares.

    Raises ValueError when there are fewer than three points or the explanation never changes.
    R² is 0 where the response never changes.
    """
    x, y = np.asarray(explanation, dtype=np.float64), np.asarray(response, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape or x.size < 3:
        raise ValueError(f"a regression needs two columns of three points or more, not {x.shape}")
    x_off, y_off = x - x.mean(), y - y.mean()
    spread_x, spread_y, joint = x_off @ x_off, y_off @ y_off, x_off @ y_off
    if spread_x == 0:
        raise ValueError("the explanation never changes: nothing can be regressed on it")
    beta = joint / spread_x
    return Regression(
        n=int(x.size),
        intercept=float(y.mean() - beta * x.mean()),
        beta=float(beta),
        r_squared=float(joint * joint / (spread_x * spread_y)) if spread_y > 0 else 0.0,
    )


def regress_flow(
    quotes: Quotes,
    width_ns: int,
    *,
    tick_size: float = 1.0,
    anchor_ns: int | None = None,
    end_ns: int | None = None,
) -> Regression:
    """Regress the mid change of each whole window on its OFI; windows as in `windows_of`.

    beta is mid change (ticks times `tick_size`) per unit of size. Raises ValueError when there
    are fewer than three windows or no flow at all.
    """
    flow, change = windows_of(
        quotes, width_ns, tick_size=tick_size, anchor_ns=anchor_ns, end_ns=end_ns
    )
    return regress(flow, change)


def regress_parts(
    quotes: Quotes,
    width_ns: int,
    part_ns: int,
    *,
    tick_size: float = 1.0,
    anchor_ns: int | None = None,
    end_ns: int | None = None,
) -> list[Regression]:
    """Regress each whole stretch of `part_ns` by itself, as the paper does for half hours.

    Raises ValueError when `part_ns` is no multiple of `width_ns`.
    """
    if part_ns <= 0 or part_ns % width_ns:
        raise ValueError(f"{part_ns} ns is no multiple of the window of {width_ns} ns")
    flow, change = windows_of(
        quotes, width_ns, tick_size=tick_size, anchor_ns=anchor_ns, end_ns=end_ns
    )
    size = part_ns // width_ns
    starts = range(0, flow.size - size + 1, size)
    return [regress(flow[k : k + size], change[k : k + size]) for k in starts]


def mean_r_squared(regressions: Sequence[Regression]) -> float:
    """Return the plain mean of R²; raises ValueError when there is no regression."""
    if not regressions:
        raise ValueError("no regression to take the mean of")
    return float(np.mean([each.r_squared for each in regressions]))
