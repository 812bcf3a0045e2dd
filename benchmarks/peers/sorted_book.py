"""A book in sorted containers: msgspec decodes, one SortedDict a side holds floats.

The fastest book that pure Python offers; a bid's key is the negative price, so both sides read
best first.
"""

from itertools import islice

from sortedcontainers import SortedDict

from benchmarks import floor
from benchmarks.features import DEPTH, Meter
from benchmarks.peers.runner import main


class SortedBook:
    """Keep one SortedDict a side."""

    def __init__(self, snapshot: bytes) -> None:
        """Keep the snapshot to start from."""
        self.snapshot = floor.decode_snapshot(snapshot)

    def start(self) -> None:
        """Put the book and the meter at the snapshot."""
        self.bids = SortedDict((-price, size) for price, size in self.snapshot.bids)
        self.asks = SortedDict(self.snapshot.asks)
        self.meter = Meter(self.top_bids(), self.top_asks())

    def top_bids(self) -> list[tuple[float, float]]:
        """Return the best 20 bids."""
        return [(-key, size) for key, size in islice(self.bids.items(), DEPTH)]

    def top_asks(self) -> list[tuple[float, float]]:
        """Return the best 20 asks."""
        return list(islice(self.asks.items(), DEPTH))

    def frame(self, payload: bytes) -> None:
        """Decode, apply, measure."""
        data = floor.decode(payload).data
        bids, asks = self.bids, self.asks
        for price, size in data.b:
            if size:
                bids[-price] = size
            else:
                bids.pop(-price, None)
        for price, size in data.a:
            if size:
                asks[price] = size
            else:
                asks.pop(price, None)
        self.meter.measure(self.top_bids(), self.top_asks())


if __name__ == "__main__":
    main(SortedBook, ("sortedcontainers", "msgspec"))
