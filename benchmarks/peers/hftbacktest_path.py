"""hftbacktest over the same capture: its Rust backtest, driven by a compiled loop, no orders.

What it does with each level update: an exchange-side and a local-side depth both take it, in
order of exchange and of arrival time, as its simulation of latency needs. The loop asks for the
best bid and ask after every 100 ms; the 20-level features are NOT computed (its depth offers one
tick at a time). So its work differs: two books and a clock, no features.
"""

import json
import statistics
import sys
from importlib import metadata

import numpy as np
from hftbacktest import BacktestAsset, ROIVectorMarketDepthBacktest
from hftbacktest.types import (
    BUY_EVENT,
    DEPTH_EVENT,
    DEPTH_SNAPSHOT_EVENT,
    EXCH_EVENT,
    LOCAL_EVENT,
    SELL_EVENT,
    event_dtype,
)
from numba import njit

from benchmarks.capture import Capture, read_capture
from benchmarks.measure import clock

STEP_NS = 100_000_000
PACKAGES = ("hftbacktest", "numba", "numpy")


def rows(
    kind: int, exchange_ns: int, local_ns: int, data: dict[str, list[list[str]]]
) -> list[tuple]:
    """Return one event per level."""
    both = EXCH_EVENT | LOCAL_EVENT | kind
    sides = ((BUY_EVENT, data["bids"]), (SELL_EVENT, data["asks"]))
    return [
        (both | side, exchange_ns, local_ns, float(price), float(size), 0, 0, 0.0)
        for side, levels in sides
        for price, size in levels
    ]


def events(capture: Capture) -> np.ndarray:
    """Return the snapshot and the frames as hftbacktest's events.

    The recorder's clock ran behind the exchange's, which hftbacktest refuses: arrival is shifted
    by the largest lead seen, so every latency is positive.
    """
    frames = [json.loads(payload)["data"] for payload in capture.frames]
    lead = max(
        data["E"] * 1_000_000 - stamp for data, stamp in zip(frames, capture.stamps, strict=True)
    )
    first = frames[0]["E"] * 1_000_000 - STEP_NS
    found = rows(DEPTH_SNAPSHOT_EVENT, first, first, json.loads(capture.snapshot))
    for data, stamp in zip(frames, capture.stamps, strict=True):
        levels = {"bids": data["b"], "asks": data["a"]}
        found += rows(DEPTH_EVENT, data["E"] * 1_000_000, stamp + lead, levels)
    return np.array(found, event_dtype)


@njit
def walk(backtest: object, step_ns: int) -> float:
    """Run to the end in steps and return the sum of mids seen, so that reading is not left out."""
    total = 0.0
    while backtest.elapse(step_ns) == 0:
        depth = backtest.depth(0)
        total += depth.best_bid + depth.best_ask
    return total / 2.0


class Backtest:
    """Hold one asset without orders: constant latency, no fees, everything in memory."""

    def __init__(self, data: np.ndarray) -> None:
        """Keep the events and the range of prices that the fast depth wants to know before."""
        self.data = data
        prices = data["px"]
        middle = float(np.median(prices))
        self.range = middle * 0.5, middle * 1.5
        self.total = 0.0

    def start(self) -> None:
        """Make a fresh backtest."""
        low, high = self.range
        asset = (
            BacktestAsset()
            .data([self.data])
            .linear_asset(1.0)
            .constant_order_latency(0, 0)
            .risk_adverse_queue_model()
            .no_partial_fill_exchange()
            .trading_value_fee_model(0.0, 0.0)
            .tick_size(0.01)
            .lot_size(0.00001)
            .roi_lb(low)
            .roi_ub(high)
        )
        self.backtest = ROIVectorMarketDepthBacktest([asset])

    def run(self) -> None:
        """Take every event once."""
        self.total = walk(self.backtest, STEP_NS)


def main(rounds: int = 5) -> None:
    """Measure and print JSON."""
    subject = Backtest(events(read_capture()))
    seconds = []
    for turn in range(rounds + 1):
        subject.start()
        taken = clock(subject.run)
        if turn:
            seconds.append(taken)
    report = {
        "subject_s": seconds,
        "events": len(subject.data),
        "events_per_s": len(subject.data) / statistics.median(seconds),
        "check": subject.total,
        "python": sys.version.split()[0],
        "packages": {name: metadata.version(name) for name in PACKAGES},
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
