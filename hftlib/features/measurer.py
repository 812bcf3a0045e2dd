"""The measurer: a book's events in, the book changed and its features measured in one call."""

from typing import Final

import msgspec

from hftlib.book.book import Book, Outcome
from hftlib.book.layout import NEEDS_ROOM
from hftlib.core.compiled import direct
from hftlib.core.errors import TapeError
from hftlib.core.events import BookDelta, BookSnapshot, Trade
from hftlib.core.states import Side
from hftlib.features import layout
from hftlib.features.admission import TradeGate, time_of
from hftlib.features.catalogue import NAMES, Group, feature_of
from hftlib.features.kernel import measure_depth, measure_text, measure_trade
from hftlib.features.micro_price import MicroPriceModel
from hftlib.features.settings import FeatureSettings, allocate, model_in

VERSION: Final = 1
DEFAULTS: Final = FeatureSettings()
_APPLIED: Final = Outcome.APPLIED


class FeatureVector(msgspec.Struct, frozen=True, gc=False):
    """Carry every feature of one book, in the order of the catalogue; a missing one is None."""

    venue: str
    symbol: str
    ts_event: int | None
    ts_recv: int | None
    last_update_id: int
    values: tuple[float | None, ...]

    def as_dict(self) -> dict[str, float | None]:
        """Return the features by name."""
        return dict(zip(NAMES, self.values, strict=True))


class Measurer:
    """Drive one book and measure its features.

    The book's events go through the measurer, not through the book: one compiled call applies a
    frame and measures it. Event time rules, receive time where a venue sends none. Order flow and
    micro-price begin anew after every snapshot, so that no jump is put down to a gap; call
    `distrust` when the feed says that the book cannot be trusted.
    """

    def __init__(self, book: Book, settings: FeatureSettings = DEFAULTS) -> None:
        """Begin with nothing measured."""
        self.book = book
        self.floats = allocate(book.instrument, settings)
        self.gate = TradeGate()
        self._measure = direct(measure_text)
        self._measure_trade = direct(measure_trade)

    def on_snapshot(self, snapshot: BookSnapshot) -> Outcome:
        """Replace the book and measure it; returns what became of the event, as the book does."""
        return self._change(snapshot, 1)

    def on_delta(self, delta: BookDelta) -> Outcome:
        """Change the book and measure it; returns what became of the event, as the book does."""
        return self._change(delta, 0)

    def _change(self, event: BookSnapshot | BookDelta, replace: int) -> Outcome:
        book = self.book
        ts = event.ts_event
        if ts is None:
            ts = event.ts_recv
        code = NEEDS_ROOM
        while code == NEEDS_ROOM:
            code = self._measure(
                book.ints,
                self.floats,
                event.bids,
                event.asks,
                event.changes,
                event.layout,
                replace,
                ts,
            )
            if code == NEEDS_ROOM:
                book.make_room()
        outcome = book.accept(event, code)
        if outcome is not _APPLIED:
            self.distrust(ts)
        return outcome

    def on_trade(self, trade: Trade) -> bool:
        """Measure a trade; False for one that does not count (see `TradeGate`)."""
        if not self.gate.admits(trade):
            return False
        sign = 1 if trade.side is Side.BUY else -1
        self._measure_trade(self.floats, trade.price_ticks, trade.size_quanta, sign, time_of(trade))
        return True

    def distrust(self, ts_event: int | None = None) -> None:
        """Set every feature of the book to missing until its next frame, which begins anew.

        `ts_event` is the event time (ns) of what broke the trust, None where only the receiver's
        clock knows: then the latest event time stands. A refused or crossed frame does this by
        itself.
        """
        origin_s, now = self.floats.item(layout.ORIGIN_S), self.floats.item(layout.NOW)
        if ts_event is None and origin_s == origin_s:
            ts_event = int(origin_s) * layout.SECOND + int(now)
        if ts_event is not None:
            measure_depth(self.book.ints, self.floats, 0, ts_event)

    def measure_depth(self) -> None:
        """Measure the features of the whole depth of the book as it stands."""
        if self.floats[layout.HAS_PREVIOUS]:
            measure_depth(self.book.ints, self.floats, 1, 0)

    def value(self, name: str) -> float | None:
        """Return one feature by name, None where it is missing; raises KeyError for no feature."""
        feature = feature_of(name)
        if feature.group is Group.DEPTH:
            self.measure_depth()
        value = self.floats.item(feature.index)
        return value if value == value else None

    def vector(self) -> FeatureVector:
        """Return every feature, those of the whole depth measured now."""
        self.measure_depth()
        values = self.floats[: layout.FEATURE_COUNT].tolist()
        instrument, book = self.book.instrument, self.book
        return FeatureVector(
            instrument.venue,
            instrument.symbol,
            book.ts_event,
            book.ts_recv,
            book.last_update_id,
            tuple([each if each == each else None for each in values]),
        )

    def micro_price_model(self) -> MicroPriceModel | None:
        """Return the micro-price as estimated so far, None before there is an estimate."""
        return model_in(self.floats)

    def dump(self) -> bytes:
        """Return a checkpoint of everything measured so far (the book has its own)."""
        state = (VERSION, self.floats.tobytes(), self.gate.aggregate, self.gate.refused)
        return msgspec.msgpack.encode(state)

    def load(self, blob: bytes) -> None:
        """Go on from a checkpoint. Raises TapeError, with nothing changed, when it is none."""
        try:
            version, content, aggregate, refused = msgspec.msgpack.decode(blob, type=_Checkpoint)
        except msgspec.MsgspecError as error:
            raise TapeError(f"not a checkpoint of features: {error}") from error
        if version != VERSION or len(content) != self.floats.nbytes:
            raise TapeError(f"a checkpoint of features of version {version}, not {VERSION}")
        self.floats[:] = memoryview(content).cast("d")
        self.gate.aggregate, self.gate.refused = aggregate, refused


_Checkpoint = tuple[int, bytes, bool | None, int]
