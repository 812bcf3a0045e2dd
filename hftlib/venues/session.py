"""The one interface of every venue's codec: frames in, events out, no sockets and no clock.

What a driver may rely on:

1. `receive` never raises, and every frame yields at least one event: a market event, or a
   `FeedStatus` that says what became of the frame and why. Each status is counted.
2. A `BookSnapshot` replaces the book but does not make it trusted. The book is trusted from the
   `FeedStatus` SYNCED of its symbol, which stands after the snapshot and the deltas that the
   sync let through (often in the same list), until a status GAP, OVERFLOW or CLOSED of its symbol.
3. A `BookDelta` is in sequence when it is yielded. Only its level text is still to be scanned.
4. A `SnapshotRequest` asks the driver for a REST snapshot (Binance) or a new subscription
   (Coinbase). It is repeated when no answer came for a while; the driver sets the pace.
5. TRADES_MISSING tells of trades lost; it says nothing of the book.
"""

from typing import Protocol

from hftlib.core.events import Event
from hftlib.core.frames import Frame
from hftlib.core.states import FeedCondition
from hftlib.venues.counters import Reporter


class Session(Protocol):
    """Decode one venue's frames and keep its sequence procedures."""

    @property
    def venue(self) -> str:
        """Return the venue's name."""
        ...

    @property
    def reporter(self) -> Reporter:
        """Return the counts per connection and per symbol."""
        ...

    def receive(self, frame: Frame) -> list[Event]:
        """Return what a frame means: at least one event, never an exception."""
        ...

    def distrust(
        self,
        symbol: str,
        reason: str,
        ts_recv: int,
        condition: FeedCondition = FeedCondition.GAP,
    ) -> list[Event]:
        """Drop the sync of a book found wrong; return the status and the request to begin anew."""
        ...

    def is_synced(self, symbol: str) -> bool:
        """Say whether the book of a symbol follows its venue's sequence."""
        ...

    def checkpoint(self) -> dict[str, object]:
        """Return the whole state as plain values that MessagePack can hold."""
        ...

    def restore(self, state: dict[str, object]) -> None:
        """Take the state of a checkpoint."""
        ...
