"""Markouts: how far the mid moved after a trade, as whoever took liquidity sees it.

For a trade at time t with sign s (1: a buyer took, -1: a seller) the markout of horizon h is
10^4 s (M(t+h) - M(t)) / M(t) bps, M(u) the mid that stood at u: that of the last book update at or
before u. It is what the price moved in the aggressor's favour, and against whoever made the
price: the price impact of Huang and Stoll, Dealer versus auction markets: a paired comparison of
execution costs on NASDAQ and the NYSE, Journal of Financial Economics 41(3), 1996, with the mid at
a horizon in place of a later trade's price.

Time is ts_recv: what a trader here could have known. Nothing later than t+h enters. Where the book
was not LIVE at t or at t+h, and where t+h lies beyond the last book update known, there is none.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def markouts(
    times: Ints, signs: Ints, mid_times: Ints, mids: Floats, horizons_ns: Sequence[int]
) -> tuple[Floats, list[Floats]]:
    """Return the mid at each time, and per horizon its signed move in bps; NaN where there is none.

    `mid_times` (ns, never falling) and `mids` say from when on which mid stood, NaN where the book
    was not to be trusted from then on; of equal times the last counts.
    """
    before = mids_at(times, mid_times, mids)
    moves = [mids_at(times + horizon, mid_times, mids) for horizon in horizons_ns]
    return before, [1e4 * signs * (after - before) / before for after in moves]


def mids_at(times: Ints, mid_times: Ints, mids: Floats) -> Floats:
    """Return the mid that stood at each time; NaN before the first and after the last one known."""
    if not mid_times.size:
        return np.full(times.size, np.nan)
    place = np.searchsorted(mid_times, times, side="right") - 1
    known = (place >= 0) & (times <= mid_times[-1])
    found: Floats = np.where(known, mids[np.maximum(place, 0)], np.nan)
    return found
