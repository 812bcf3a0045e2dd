"""What the stream's topics say of a run: all of it once, then what changed since.

A teller holds what it told last, so that everybody who follows a topic is told the same.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from hftlib.core.instrument import Instrument
from hftlib.desk.desk import ClockError, Desk
from hftlib.wire.history import CandleReply, CandlesReply
from hftlib.wire.messages import (
    FeaturesReply,
    FeedReply,
    Health,
    Level,
    StatisticsReply,
    TradeReply,
    TradesReply,
)
from hftlib.wire.stream import (
    BodyTopic,
    BookChange,
    BookTopic,
    CandlesTopic,
    ClockTopic,
    FeaturesChange,
    FeaturesTopic,
    FeedTopic,
    HealthTopic,
    SignalReply,
    SignalsTopic,
    TradesTopic,
)

if TYPE_CHECKING:  # they bring the kernels, which a desk that comes up does not wait for
    from hftlib.book.book import Book
    from hftlib.desk.standing import StandingBook
    from hftlib.desk.view import View

ANEW: Final = object()
"""Stands for a change after which all is to be told again: the run's clock has jumped."""

_BID: Final = 0
_ASK: Final = 1
_SLOW_S: Final = 1.0
_NEWEST_BARS: Final = 3
_ALL_BARS_EVERY: Final = 15
"""Looks at the newest bars for each look at all: a venue's candles of old come late."""

_CLOCK_S: Final = 0.25


class Teller(Protocol):
    """Tell one topic; it is asked for changes every `period_s`, at each tick where that is 0."""

    period_s: float

    def all(self) -> object:
        """Return what was told last, whole."""
        ...

    def change(self) -> object | None:
        """Return what is new since the last call, None where nothing is, or ANEW."""
        ...


def teller_of(topic: BodyTopic, desk: Desk, health: Callable[[], Health]) -> Teller:
    """Return what tells a topic.

    Raises NotReadyError where there is no run yet, UnknownBookError, and ClockError where the run
    has no clock of its own.
    """
    if isinstance(topic, HealthTopic):
        return WholeTeller(health, _SLOW_S)
    view = desk.view
    if isinstance(topic, ClockTopic):
        if desk.clock() is None:
            raise ClockError("this source runs by the world's clock: there is none to follow")
        return WholeTeller(desk.clock, _CLOCK_S)
    if isinstance(topic, BookTopic):
        return BookTeller(view, topic)
    if isinstance(topic, FeaturesTopic):
        return FeaturesTeller(view, topic)
    if isinstance(topic, TradesTopic):
        return TradesTeller(view, topic)
    if isinstance(topic, CandlesTopic):
        return CandlesTeller(view, topic)
    if isinstance(topic, SignalsTopic):
        return ListTeller(lambda: _signals(view), 0.0)
    if isinstance(topic, FeedTopic):
        return ListTeller(lambda: _feeds(desk, view), _SLOW_S)
    return ListTeller(view.statistics, _SLOW_S)


class BookTeller:
    """Tell the best levels of one book and every change of their sizes."""

    period_s = 0.0

    def __init__(self, view: "View", topic: BookTopic) -> None:
        """Look at a book for the first time. Raises UnknownBookError."""
        self._view = view
        self._topic = topic
        self._watch = _Watch(view, topic.venue, topic.symbol)
        self._standing, self._sides = self._look()

    def all(self) -> object:
        """Return the book as it was told last."""
        return self._view.told(self._standing)

    def change(self) -> object | None:
        """Return the sizes that are others now, and how the book stands."""
        if not self._watch.has_moved():
            return None
        before = self._sides
        self._standing, self._sides = self._look()
        if self._watch.has_jumped():
            return ANEW
        return _book_change(self._standing, before, self._sides)

    def _look(self) -> "tuple[StandingBook, _Sides]":
        topic = self._topic
        standing = self._view.standing(topic.venue, topic.symbol, topic.depth)
        return standing, (_sizes(standing, _BID), _sizes(standing, _ASK))


class FeaturesTeller:
    """Tell the features of one book, then those that have other values."""

    period_s = 0.0

    def __init__(self, view: "View", topic: FeaturesTopic) -> None:
        """Look at the features for the first time. Raises UnknownBookError."""
        self._view = view
        self._topic = topic
        self._watch = _Watch(view, topic.venue, topic.symbol)
        self._told = self._look()

    def all(self) -> object:
        """Return the features as they were told last."""
        return self._told

    def change(self) -> object | None:
        """Return the features that have other values now."""
        if not self._watch.has_moved():
            return None
        before, self._told = self._told, self._look()
        now = self._told
        if self._watch.has_jumped() or before.features.keys() != now.features.keys():
            return ANEW
        features = {n: value for n, value in now.features.items() if before.features[n] != value}
        return FeaturesChange(now.state, now.ts_event, now.ts_recv, now.last_update_id, features)

    def _look(self) -> FeaturesReply:
        return self._view.features(self._topic.venue, self._topic.symbol)


class TradesTeller:
    """Tell the last trades of one symbol, then each new one once."""

    period_s = 0.0

    def __init__(self, view: "View", topic: TradesTopic) -> None:
        """Take the last trades. Raises UnknownBookError."""
        self._view = view
        self._topic = topic
        self._watch = _Watch(view, topic.venue, topic.symbol)
        self._seen = self._watch.board.trades_seen
        self._told = deque(self._last(topic.limit), maxlen=topic.limit)

    def all(self) -> object:
        """Return the last trades that were told."""
        topic = self._topic
        return TradesReply(topic.venue, topic.symbol, self._view.run.source, list(self._told))

    def change(self) -> object | None:
        """Return the trades that came since; ANEW where more came than are kept."""
        board = self._watch.board
        fresh = board.trades_seen - self._seen
        self._seen = board.trades_seen
        if self._watch.has_jumped() or fresh > len(board.trades):
            self._told = deque(self._last(self._topic.limit), maxlen=self._topic.limit)
            return ANEW
        if not fresh:
            return None
        trades = self._last(fresh)
        self._told.extend(trades)
        return trades

    def _last(self, count: int) -> list[TradeReply]:
        return self._view.trades(self._topic.venue, self._topic.symbol, count).trades


class CandlesTeller:
    """Tell the last bars of one symbol, then those that are new or have grown."""

    period_s = _SLOW_S

    def __init__(self, view: "View", topic: CandlesTopic) -> None:
        """Take the last bars. Raises UnknownBookError."""
        self._view = view
        self._topic = topic
        self._watch = _Watch(view, topic.venue, topic.symbol)
        self._looks = 0
        self._told = self._look(topic.limit)

    def all(self) -> object:
        """Return the last bars as they were told."""
        topic = self._topic
        told = [self._told[at] for at in sorted(self._told)]
        return CandlesReply(topic.venue, topic.symbol, topic.interval, self._view.run.source, told)

    def change(self) -> object | None:
        """Return the bars that are others now; of the older ones that is seen a little later."""
        if self._watch.has_jumped():
            self._told = self._look(self._topic.limit)
            return ANEW
        self._looks += 1
        is_whole = self._looks % _ALL_BARS_EVERY == 0
        fresh = self._look(self._topic.limit if is_whole else min(_NEWEST_BARS, self._topic.limit))
        changed = [bar for at, bar in fresh.items() if self._told.get(at) != bar]
        self._told.update(fresh)
        for oldest in sorted(self._told)[: -self._topic.limit]:
            del self._told[oldest]
        return changed or None

    def _look(self, count: int) -> dict[int, CandleReply]:
        topic = self._topic
        reply = self._view.candles(topic.venue, topic.symbol, topic.interval, count)
        return {bar.ts_open: bar for bar in reply.candles}


class ListTeller:
    """Tell one reply for each book (and signal), then those that are others, so often a second."""

    def __init__(
        self,
        ask: Callable[[], Sequence[FeedReply | StatisticsReply | SignalReply]],
        period_s: float,
    ) -> None:
        """Ask for the first time."""
        self.period_s = period_s
        self._ask = ask
        self._told = {_key_of(one): one for one in ask()}

    def all(self) -> object:
        """Return the replies as they were told last."""
        return list(self._told.values())

    def change(self) -> object | None:
        """Return the replies that are others now."""
        fresh = {_key_of(one): one for one in self._ask()}
        if not self._told.keys() <= fresh.keys():
            self._told = fresh
            return ANEW
        changed = [one for key, one in fresh.items() if self._told.get(key) != one]
        self._told.update(fresh)
        return changed or None


class WholeTeller:
    """Tell one reply, and again whenever it is another, so often a second."""

    def __init__(self, ask: Callable[[], object], period_s: float) -> None:
        """Ask for the first time."""
        self.period_s = period_s
        self._ask = ask
        self._told = ask()

    def all(self) -> object:
        """Return the reply as it was told last."""
        return self._told

    def change(self) -> object | None:
        """Return the reply where it is another one now."""
        fresh = self._ask()
        if fresh is None or fresh == self._told:
            return None
        self._told = fresh
        return fresh


class _Watch:
    """Notice cheaply whether one book, its trades or the run's clock moved since the last look."""

    def __init__(self, view: "View", venue: str, symbol: str) -> None:
        self._run = view.run
        self._key = view.key(venue, symbol)
        self.board = view.run.board(self._key)
        self._book: Book | None = None
        self._epoch = self.board.store.epoch
        self._mark: object = None
        self.has_moved()

    def has_moved(self) -> bool:
        """Say whether anything moved since this was asked last."""
        self._book = book = self._run.engine.books.get(self._key)
        mark = (
            self.board.trades_seen,
            self.board.store.epoch,
            # The book is held, so that no other can come to have its number.
            None
            if book is None
            else (id(book), book.ts_recv, book.last_update_id, book.state, book.state_since),
        )
        moved = mark != self._mark
        self._mark = mark
        return moved

    def has_jumped(self) -> bool:
        """Say whether the run's clock jumped since this was asked last."""
        before, self._epoch = self._epoch, self.board.store.epoch
        return before != self._epoch


_Sides = tuple[dict[int, int], dict[int, int]]


def _sizes(standing: "StandingBook", side: int) -> dict[int, int]:
    ticks, quanta = standing.sides[side]
    return dict(zip(ticks.tolist(), quanta.tolist(), strict=True))


def _book_change(book: "StandingBook", before: _Sides, now: _Sides) -> BookChange:
    bids, asks = (_changed(old, new, book.instrument) for old, new in zip(before, now, strict=True))
    return BookChange(
        book.state,
        book.state_reason,
        book.state_since,
        book.verified,
        book.last_update_id,
        book.ts_event,
        book.ts_recv,
        book.bid_levels,
        book.ask_levels,
        bids,
        asks,
    )


def _changed(before: dict[int, int], now: dict[int, int], one: Instrument) -> list[Level]:
    """Return the levels whose sizes are others now, those that are gone with size "0"."""
    gone = [(one.price_text(ticks), "0") for ticks in before.keys() - now.keys()]
    return gone + [
        (one.price_text(ticks), one.size_text(quanta))
        for ticks, quanta in now.items() - before.items()
    ]


def _key_of(one: FeedReply | StatisticsReply | SignalReply) -> tuple[str, str, str]:
    """Return what a reply is about: a later one about the same takes its place."""
    return one.venue, one.symbol, one.signal if isinstance(one, SignalReply) else ""


def _signals(view: "View") -> list[SignalReply]:
    return [
        SignalReply(
            signal.venue,
            signal.symbol,
            signal.name,
            signal.side.value,
            signal.score,
            signal.confidence,
            signal.spread_bps,
            signal.reason,
            signal.ts_event,
            signal.ts_recv,
        )
        for _, board in sorted(view.run.boards.items())
        for signal in board.signals.values()
    ]


def _feeds(desk: Desk, view: "View") -> list[FeedReply]:
    now_s = time.monotonic()
    for board in view.run.boards.values():
        board.mark_rate(now_s)
    return view.feeds(desk.clock())
