"""The 20-level features in plain Python floats: what every peer computes from its own book.

Best bid and ask, spread, mid, weighted mid, imbalance at 1, 5, 10 and 20 levels, and order-flow
imbalance over 10 levels (Cont, Kukanov, Stoikov 2014, summed over levels as Xu, Gould and Howison
2018 lay it out). hftlib has its own; `make bench` compares the sums of both over the capture.
"""

from collections.abc import Sequence
from typing import Final

DEPTH: Final = 20
FLOW_DEPTH: Final = 10
NAMES: Final = (
    "best_bid",
    "best_bid_size",
    "best_ask",
    "best_ask_size",
    "spread",
    "mid",
    "weighted_mid",
    "imbalance_1",
    "imbalance_5",
    "imbalance_10",
    "imbalance_20",
    "ofi_10",
)

Level = Sequence[float]


def bid_flow(now: Sequence[Level], before: Sequence[Level]) -> float:
    """Return what ten bid levels gained since the event before, in base units."""
    flow = 0.0
    for (price, size), (old_price, old_size) in zip(
        now[:FLOW_DEPTH], before[:FLOW_DEPTH], strict=False
    ):
        if price >= old_price:
            flow += size
        if price <= old_price:
            flow -= old_size
    return flow


def ask_flow(now: Sequence[Level], before: Sequence[Level]) -> float:
    """Return what ten ask levels gained since the event before, in base units."""
    flow = 0.0
    for (price, size), (old_price, old_size) in zip(
        now[:FLOW_DEPTH], before[:FLOW_DEPTH], strict=False
    ):
        if price <= old_price:
            flow += size
        if price >= old_price:
            flow -= old_size
    return flow


class Meter:
    """Turn the top of a book into features, event after event, and add them up as a check."""

    def __init__(self, bids: Sequence[Level], asks: Sequence[Level]) -> None:
        """Begin at the snapshot: `bids` and `asks` are its top levels, best first."""
        self.bids = bids
        self.asks = asks
        self.values: tuple[float, ...] = ()
        self.sums = [0.0] * len(NAMES)

    def measure(self, bids: Sequence[Level], asks: Sequence[Level]) -> None:
        """Compute the features of the book as it stands: at most 20 levels a side, best first."""
        (bid, bid_size), (ask, ask_size) = bids[0], asks[0]
        bid_sum = ask_sum = 0.0
        imbalances = []
        for place in range(DEPTH):
            bid_sum += bids[place][1]
            ask_sum += asks[place][1]
            if place in (0, 4, 9, 19):
                imbalances.append((bid_sum - ask_sum) / (bid_sum + ask_sum))
        self.values = (
            bid,
            bid_size,
            ask,
            ask_size,
            ask - bid,
            (bid + ask) / 2.0,
            (bid * ask_size + ask * bid_size) / (bid_size + ask_size),
            *imbalances,
            bid_flow(bids, self.bids) - ask_flow(asks, self.asks),
        )
        self.bids, self.asks = bids, asks

    def add_up(self) -> None:
        """Add the features just computed to the sums (the checking pass only, never timed)."""
        self.sums = [total + value for total, value in zip(self.sums, self.values, strict=True)]
