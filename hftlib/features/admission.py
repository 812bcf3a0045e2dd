"""Which events count, and at what time: one answer for the measurer and for stored events."""

from typing import Final

from hftlib.core.events import BookDelta, BookSnapshot, FeedStatus, Trade
from hftlib.core.instrument import Instrument
from hftlib.core.states import FeedCondition

_BREAKS: Final = frozenset(
    {
        FeedCondition.GAP,
        FeedCondition.OVERFLOW,
        FeedCondition.CROSSED,
        FeedCondition.DRIFT,
        FeedCondition.CLOSED,
    }
)


def time_of(event: BookSnapshot | BookDelta | Trade) -> int:
    """Return the event time in ns, or the receive time where the venue sends none."""
    return event.ts_recv if event.ts_event is None else event.ts_event


def breaks_trust(status: FeedStatus, instrument: Instrument) -> bool:
    """Say whether a status means that the book of an instrument cannot be trusted any more."""
    return (
        status.condition in _BREAKS
        and status.venue == instrument.venue
        and status.symbol in ("", instrument.symbol)
    )


class TradeGate:
    """Let each traded volume through once.

    A feed that carries both single and aggregate trades shows each volume twice: the kind that
    comes first counts. Historical trades never count. `refused` counts what stayed outside.
    """

    def __init__(self) -> None:
        """Begin with no kind chosen."""
        self.aggregate: bool | None = None
        self.refused = 0

    def admits(self, trade: Trade) -> bool:
        """Say whether a trade counts."""
        if not trade.historical:
            if self.aggregate is None:
                self.aggregate = trade.aggregate
            if trade.aggregate is self.aggregate:
                return True
        self.refused += 1
        return False
