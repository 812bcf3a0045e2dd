"""Level changes of a while, each level once, in the order in which Binance writes them."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hftlib.market.orders import BookSide, Change, Rows

Ints = NDArray[np.int64]

_BEYOND_ANY_TICK: Final = np.int64(1) << 61


class SideChanges(NamedTuple):
    """Hold one side's changed levels, best first; 0 lots means that the level is gone."""

    ticks: Ints
    lots: Ints


class DepthChange(NamedTuple):
    """Hold what changed: bids, asks, and the time of the last change."""

    bids: SideChanges
    asks: SideChanges
    last_ns: int


def collapse(changes: Rows) -> DepthChange:
    """Return the last total of every level in `changes` (rows of Change, at least one)."""
    ticks = changes[:, Change.TICKS]
    is_bid = changes[:, Change.SIDE] == int(BookSide.BID)
    # One key sorts both sides best first, and all bids before all asks.
    keys = np.where(is_bid, -ticks, ticks + _BEYOND_ANY_TICK)
    order = np.argsort(keys, kind="stable")
    kept = keys[order]
    is_last = np.ones(len(kept), np.bool_)
    np.not_equal(kept[1:], kept[:-1], out=is_last[:-1])
    kept, lots = kept[is_last], changes[order[is_last], Change.LOTS]
    split = int(np.searchsorted(kept, _BEYOND_ANY_TICK))
    return DepthChange(
        SideChanges(-kept[:split], lots[:split]),
        SideChanges(kept[split:] - _BEYOND_ANY_TICK, lots[split:]),
        int(changes[-1, Change.TIME_NS]),
    )
