"""What is kept of the frames of a tape while they pass, one keeper for each kind of question."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hftlib.book.layout import ASK, BID
from hftlib.core.events import Candle, Trade
from hftlib.core.frames import Frame
from hftlib.core.instrument import Instrument
from hftlib.core.states import BookState, Side
from hftlib.desk import history_rows, questions
from hftlib.desk.candles import interval_of
from hftlib.desk.history_rows import Floats, Ints, Prices, TradeRows
from hftlib.desk.questions import Answer, Every, Kind, Question
from hftlib.engine.engine import Engine
from hftlib.engine.facts import BookFact, Fact
from hftlib.features.batch import HOT_NAMES
from hftlib.features.catalogue import NAMES, feature_of
from hftlib.features.layout import HOT_COUNT

TAPE: Final = "tape"
LATEST_NS: Final = 10 * questions.SECOND
"""How late, or early by a wrong clock, a trade may come in and still find its bar."""

BEYOND_NS: Final = 60 * questions.SECOND
"""How far beyond the last horizon a book update is looked for: it proves that data went on."""

_BACK_FILL_NS: Final = 60 * questions.SECOND
"""How long after the first frame of a tape candles of the time before are looked for."""

_MID: Final = feature_of("mid").index
_LIVE: Final = BookState.LIVE


class Keeper(ABC):
    """Keep what a question asks for while frames pass; frames come from `begin_ns` to `end_ns`."""

    def __init__(self, question: Question, instrument: Instrument) -> None:
        self.question = question
        self.instrument = instrument
        self.key = (instrument.venue, instrument.symbol)
        self.begin_ns, self.end_ns = question.start, question.end
        self.stamps: list[int] = []
        self.is_full = False

    def before(self, engine: Engine, frame: Frame) -> None:  # noqa: B027 (most do not look)
        """See the state before a frame."""

    @abstractmethod
    def take(self, engine: Engine, frame: Frame, facts: list[Fact]) -> None:
        """See a frame's facts of the book, and the state after it."""

    def pause(self) -> None:  # noqa: B027 (most do not mind)
        """Note that another run begins."""

    @abstractmethod
    def answer(self, stopped: int | None) -> Answer:
        """Return the rows; `stopped` is where time ran out."""

    def note(self, stamp: int) -> None:
        """Count a row."""
        self.stamps.append(stamp)

    def look(self, now: int) -> None:
        """Be full once the instant of the first row too many has passed."""
        limit = self.question.limit
        self.is_full = len(self.stamps) > limit and now > self.stamps[limit]

    def page(self, stopped: int | None) -> tuple[int, int | None]:
        """Return how many rows are of this page, and where the next one starts."""
        return questions.page_of(self.stamps, self.question.limit, stopped)


class _Trades(Keeper):
    """Keep trades."""

    def __init__(self, question: Question, instrument: Instrument) -> None:
        super().__init__(question, instrument)
        self.trades: list[tuple[int, Trade]] = []

    def take(self, _engine: Engine, frame: Frame, facts: list[Fact]) -> None:
        if self.begin_ns <= frame.ts_recv:
            for fact in facts:
                if isinstance(fact, Trade):
                    self.trades.append((frame.ingress_seq, fact))
                    self.note(frame.ts_recv)
            self.look(frame.ts_recv)

    def answer(self, stopped: int | None) -> Answer:
        count, following = self.page(stopped)
        table = history_rows.trade_table(trade_rows(self.trades[:count]), self.instrument)
        return Answer(table, following, TAPE)


def trade_rows(trades: Sequence[tuple[int, Trade]]) -> TradeRows:
    """Return trades, each with the ingress_seq of its frame, as columns."""

    def ints(values: Iterator[int]) -> Ints:
        return np.fromiter(values, np.int64, len(trades))

    def flags(values: Iterator[bool]) -> NDArray[np.bool_]:
        return np.fromiter(values, np.bool_, len(trades))

    return TradeRows(
        pa.array([trade.ts_event for _, trade in trades], pa.int64()),
        ints(trade.ts_recv for _, trade in trades),
        ints(ingress_seq for ingress_seq, _ in trades),
        ints(trade.trade_id for _, trade in trades),
        flags(trade.side is Side.BUY for _, trade in trades),
        ints(trade.price_ticks for _, trade in trades),
        ints(trade.size_quanta for _, trade in trades),
        flags(trade.aggregate for _, trade in trades),
        flags(trade.historical for _, trade in trades),
    )


class _Features(Keeper):
    """Keep the features of depth frames after every update of a LIVE book."""

    def __init__(self, question: Question, instrument: Instrument) -> None:
        super().__init__(question, instrument)
        self._standing: list[tuple[int | None, int, int]] = []
        self._values: list[Floats] = []

    def take(self, engine: Engine, frame: Frame, facts: list[Fact]) -> None:
        if frame.ts_recv < self.begin_ns:
            return
        live = [fact for fact in facts if isinstance(fact, BookFact) and fact.state is _LIVE]
        if live:  # the features are those that the whole frame left: one row for it
            fact = live[-1]
            self._standing.append((fact.ts_event, frame.ingress_seq, fact.last_update_id))
            self._values.append(engine.measurers[self.key].floats[:HOT_COUNT].copy())
            self.note(frame.ts_recv)
        self.look(frame.ts_recv)

    def answer(self, stopped: int | None) -> Answer:
        count, following = self.page(stopped)
        events, numbers, updates = zip(*self._standing[:count], strict=True) if count else _NONE
        table = history_rows.table_of(
            questions.FEATURES,
            self.instrument,
            count,
            ts_event=pa.array(events, pa.int64()),
            ts_recv=self.stamps[:count],
            ingress_seq=numbers,
            last_update_id=updates,
            **_columns(HOT_NAMES, self._values[:count]),
        )
        return Answer(table, following, TAPE)


class _Seconds(Keeper):
    """Keep what stood at each whole second, after the frames up to it."""

    def __init__(self, question: Question, instrument: Instrument) -> None:
        super().__init__(question, instrument)
        self._due: int | None = None

    def before(self, engine: Engine, frame: Frame) -> None:
        if self._due is None:
            self._due = -(-max(self.begin_ns, frame.ts_recv) // questions.SECOND) * questions.SECOND
        while self._due < frame.ts_recv and not self.is_full:
            if self.key in engine.books:
                self.sample(engine)
                self.note(self._due)
            self.look(self._due)
            self._due += questions.SECOND

    def take(self, _engine: Engine, _frame: Frame, _facts: list[Fact]) -> None:
        """See nothing: rows are taken at seconds."""

    def pause(self) -> None:
        self._due = None

    @abstractmethod
    def sample(self, engine: Engine) -> None:
        """Keep the state as it stands."""


class _FeatureSeconds(_Seconds):
    """Keep every feature once a second."""

    def __init__(self, question: Question, instrument: Instrument) -> None:
        super().__init__(question, instrument)
        self._standing: list[tuple[int | None, str, int]] = []
        self._values: list[Floats] = []

    def sample(self, engine: Engine) -> None:
        book, measurer = engine.books[self.key], engine.measurers[self.key]
        values = np.full(len(NAMES), np.nan)
        if book.state is _LIVE:
            measurer.measure_depth()
            values = measurer.floats[: len(NAMES)].copy()
        self._standing.append((book.ts_event, str(book.state), book.last_update_id))
        self._values.append(values)

    def answer(self, stopped: int | None) -> Answer:
        count, following = self.page(stopped)
        events, states, updates = zip(*self._standing[:count], strict=True) if count else _NONE
        table = history_rows.table_of(
            questions.FEATURES_1S,
            self.instrument,
            count,
            ts_event=pa.array(events, pa.int64()),
            ts_recv=self.stamps[:count],
            state=states,
            last_update_id=updates,
            **_columns(NAMES, self._values[:count]),
        )
        return Answer(table, following, TAPE)


class _Books(_Seconds):
    """Keep the best levels once a second."""

    def __init__(self, question: Question, instrument: Instrument) -> None:
        super().__init__(question, instrument)
        self._prices = Prices(instrument)
        self._rows: list[dict[str, Any]] = []

    def sample(self, engine: Engine) -> None:
        book = engine.books[self.key]
        depth = self.question.depth if book.state is _LIVE else 0
        row: dict[str, Any] = {
            "ts_event": book.ts_event,
            "state": str(book.state),
            "verified": book.verified,
            "last_update_id": book.last_update_id,
            "bid_levels": book.bid_levels,
            "ask_levels": book.ask_levels,
        }
        for name, side in (("bid", BID), ("ask", ASK)):
            ticks, quanta = book.levels(side, depth)
            row[f"{name}_prices"] = self._prices.prices(ticks)
            row[f"{name}_sizes"] = self._prices.sizes(quanta)
        self._rows.append(row)

    def answer(self, stopped: int | None) -> Answer:
        count, following = self.page(stopped)
        columns = {
            field.name: [row[field.name] for row in self._rows[:count]]
            for field in questions.BOOKS
            if field.name not in ("venue", "symbol", "ts_recv")
        }
        table = history_rows.table_of(
            questions.BOOKS, self.instrument, count, ts_recv=self.stamps[:count], **columns
        )
        return Answer(table, following, TAPE)


class _Candles(_Trades):
    """Keep the trades of bars, and the candles that the venue told."""

    def __init__(self, question: Question, instrument: Instrument, first_ns: int) -> None:
        super().__init__(question, instrument)
        self.begin_ns -= LATEST_NS
        self.end_ns += LATEST_NS
        if question.start < first_ns:
            self.end_ns = max(self.end_ns, first_ns + _BACK_FILL_NS)
        self._told: dict[str, dict[int, Candle]] = {
            name: {} for name in questions.told_intervals(question.interval)
        }

    def take(self, engine: Engine, frame: Frame, facts: list[Fact]) -> None:
        super().take(engine, frame, facts)
        self.is_full = False
        for fact in facts:
            if isinstance(fact, Candle):
                told = self._told.get(interval_of(fact.interval) or "")
                if told is not None:
                    told[fact.open_ns] = fact

    def answer(self, stopped: int | None) -> Answer:
        question = self.question
        rows = trade_rows(self.trades)
        within = (rows.times >= question.start) & (rows.times < question.end)
        own = history_rows.candle_table(rows.take(within), question, self.instrument)
        told = [self._told_table(candles) for candles in self._told.values()]
        table = history_rows.merged_candles(own, reduce(history_rows.direct_or_rolled, told))
        return candle_page(table, question, stopped, TAPE)

    def _told_table(self, candles: dict[int, Candle]) -> pa.Table:
        question = self.question
        length = questions.INTERVALS_NS[question.interval]
        told = [
            candle
            for at, candle in sorted(candles.items())
            if question.start <= at - at % length < question.end
            if candle.closed and candle.volume_quanta
        ]
        ticks = [(one.open_ticks, one.high_ticks, one.low_ticks, one.close_ticks) for one in told]
        columns = np.array(ticks, dtype=np.int64).reshape(-1, 4).T
        return history_rows.told_table(
            question,
            self.instrument,
            np.array([one.open_ns for one in told], dtype=np.int64),
            (columns[0], columns[1], columns[2], columns[3]),
            [one.volume_quanta for one in told],
        )


def candle_page(table: pa.Table, question: Question, stopped: int | None, where: str) -> Answer:
    """Return a page of bars that begin within the range.

    Where time ran out only bars that ended well before are whole; a first bar that the range
    cuts is left out.
    """
    length = questions.INTERVALS_NS[question.interval]
    if stopped is not None:
        stopped = max(question.start, (stopped - LATEST_NS) // length * length)
    count, following = questions.page_of(table["ts_open"].to_pylist(), question.limit, stopped)
    return Answer(table.slice(0, count), following, where)


class _Markouts(_Trades):
    """Keep trades and mids; these until after the last horizon."""

    def __init__(self, question: Question, instrument: Instrument) -> None:
        super().__init__(question, instrument)
        if question.times is not None:
            self.begin_ns, self._last_ns = min(question.times), max(question.times)
        else:
            self._last_ns = question.end - 1
        self._reach = max(question.horizons)
        self.end_ns = self._last_ns + self._reach + BEYOND_NS
        self._mid_times: list[int] = []
        self._mids: list[float] = []
        self._is_new = True

    def before(self, engine: Engine, frame: Frame) -> None:
        if self._is_new:
            self._is_new = False
            book = engine.books.get(self.key)
            if book is not None and book.state is _LIVE:
                self._add_mid(engine, frame.ts_recv - 1)

    def take(self, engine: Engine, frame: Frame, facts: list[Fact]) -> None:
        if self.question.times is None and frame.ts_recv <= self._last_ns:
            super().take(engine, frame, facts)
        for fact in facts:
            if isinstance(fact, BookFact):
                if fact.state is _LIVE:
                    self._add_mid(engine, frame.ts_recv)
                else:
                    self._add(frame.ts_recv, float("nan"))
        limit = self.question.limit
        last = self.stamps[limit] if len(self.stamps) > limit else self._last_ns
        self.is_full = bool(self._mid_times) and self._mid_times[-1] >= last + self._reach

    def pause(self) -> None:
        self._is_new = True
        if self._mid_times:
            self._add(self._mid_times[-1] + 1, float("nan"))

    def answer(self, stopped: int | None) -> Answer:
        rows = None
        following = None
        if self.question.times is None:
            known = None if stopped is None else max(self.begin_ns, stopped - self._reach)
            count, following = self.page(known)
            rows = trade_rows(self.trades[:count])
        times = np.array(self._mid_times, dtype=np.int64)
        table = history_rows.markout_table(
            self.question, self.instrument, rows, times, np.array(self._mids)
        )
        return Answer(table, following, TAPE)

    def _add_mid(self, engine: Engine, stamp: int) -> None:
        self._add(stamp, engine.measurers[self.key].floats.item(_MID))

    def _add(self, stamp: int, mid: float) -> None:
        self._mid_times.append(stamp)
        self._mids.append(mid)


def _columns(names: Sequence[str], values: list[Floats]) -> dict[str, pa.Array]:
    """Return one Arrow column a name, null in place of NaN."""
    table = np.array(values).reshape(len(values), len(names))
    return {
        name: pa.array(column, mask=np.isnan(column))
        for name, column in zip(names, np.ascontiguousarray(table.T), strict=True)
    }


_NONE: Final[tuple[tuple[Any, ...], ...]] = ((), (), ())


def keeper_of(question: Question, instrument: Instrument, first_ns: int) -> Keeper:
    """Return what keeps the rows that answer a question; `first_ns` is when the tapes begin."""
    match question.kind:
        case Kind.FEATURES if question.every is Every.SECOND:
            return _FeatureSeconds(question, instrument)
        case Kind.FEATURES:
            return _Features(question, instrument)
        case Kind.BOOKS:
            return _Books(question, instrument)
        case Kind.TRADES:
            return _Trades(question, instrument)
        case Kind.CANDLES:
            return _Candles(question, instrument, first_ns)
        case Kind.MARKOUTS:
            return _Markouts(question, instrument)
