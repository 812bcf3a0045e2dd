"""Features of your own: a function of a book's view, run over events without joining hftlib."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

import msgspec
import numpy as np

from hftlib.book.book import Book, Outcome
from hftlib.book.layout import ASK, BID, Ints
from hftlib.core.events import BookDelta, BookSnapshot, Event, FeedStatus, Trade
from hftlib.core.instrument import Instrument
from hftlib.features.admission import breaks_trust, time_of
from hftlib.features.batch import Columns
from hftlib.features.measurer import DEFAULTS, Measurer
from hftlib.features.settings import FeatureSettings

State = TypeVar("State")


class BookView(msgspec.Struct, frozen=True, eq=False):
    """Show one instant of a book to a function of your own; the arrays cannot be written to.

    Levels are best first, prices in ticks and sizes in quanta; `tick_size` and `quantum_size` turn
    them into quote and base units. `trades` are those since the frame before. `features` holds the
    features asked for, by name; a missing one is None.
    """

    ts_event: int | None
    ts_recv: int
    last_update_id: int
    bid_ticks: Ints
    bid_quanta: Ints
    ask_ticks: Ints
    ask_quanta: Ints
    tick_size: float
    quantum_size: float
    trades: tuple[Trade, ...]
    features: dict[str, float | None]


OwnFeature = Callable[[BookView, State | None], tuple[float | None, State]]
"""Called as function(view, state); returns the value, None where it is missing, and the state."""


def run_over(
    events: Iterable[Event],
    function: OwnFeature[State],
    instrument: Instrument,
    *,
    features: Sequence[str] = (),
    depth: int | None = 20,
    settings: FeatureSettings = DEFAULTS,
) -> Columns:
    """Run a function of your own over the depth frames of one instrument; return columns.

    The function gets a view of the book and the state that it returned last, None at first and
    after every snapshot and break of trust: what it remembers never reaches across a gap. `depth`
    limits the levels it sees a side (None: all). The columns are `ts` (ns: event time, receive time
    where there is none), `ts_recv`, `last_update_id` and `value`, NaN where the function returned
    None. pandas.DataFrame takes them as they are. Raises KeyError for a name that is no feature,
    and whatever the function raises.
    """
    run = _Run(function, Measurer(Book(instrument), settings), features, depth)
    for event in events:
        if isinstance(event, FeedStatus):
            if breaks_trust(event, instrument):
                run.distrust(event.ts_event)
        elif (event.venue, event.symbol) != (instrument.venue, instrument.symbol):
            continue
        elif isinstance(event, BookSnapshot | BookDelta):
            run.on_frame(event)
        elif isinstance(event, Trade):
            run.on_trade(event)
    return run.columns()


class _Run(Generic[State]):
    """Hold the book, the function's state and the rows so far."""

    def __init__(
        self,
        function: OwnFeature[State],
        measurer: Measurer,
        features: Sequence[str],
        depth: int | None,
    ) -> None:
        self._function = function
        self._measurer = measurer
        self._features = tuple(features)
        self._depth = depth
        self._state: State | None = None
        self._trades: list[Trade] = []
        self._rows: list[tuple[int, int, int]] = []
        self._values: list[float] = []

    def on_frame(self, event: BookSnapshot | BookDelta) -> None:
        if isinstance(event, BookSnapshot):
            self._state = None
            outcome = self._measurer.on_snapshot(event)
        else:
            outcome = self._measurer.on_delta(event)
        if outcome is not Outcome.APPLIED:
            self._state = None
            return
        value, self._state = self._function(self._view(event), self._state)
        self._trades.clear()
        self._rows.append((time_of(event), event.ts_recv, event.last_update_id))
        self._values.append(math.nan if value is None else value)

    def on_trade(self, trade: Trade) -> None:
        if self._measurer.on_trade(trade):
            self._trades.append(trade)

    def distrust(self, ts_event: int | None) -> None:
        self._measurer.distrust(ts_event)
        self._state = None

    def _view(self, event: BookSnapshot | BookDelta) -> BookView:
        book = self._measurer.book
        columns = (*book.levels(BID, self._depth), *book.levels(ASK, self._depth))
        for column in columns:
            column.flags.writeable = False
        return BookView(
            event.ts_event,
            event.ts_recv,
            event.last_update_id,
            *columns,
            book.instrument.tick_size,
            book.instrument.quantum_size,
            tuple(self._trades),
            {name: self._measurer.value(name) for name in self._features},
        )

    def columns(self) -> Columns:
        stamps = np.array(self._rows, dtype=np.int64).reshape(-1, 3)
        return {
            "ts": stamps[:, 0],
            "ts_recv": stamps[:, 1],
            "last_update_id": stamps[:, 2],
            "value": np.array(self._values, dtype=np.float64),
        }
