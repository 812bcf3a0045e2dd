"""What clients may read of one book: its columns, last trades, figures and how its feed does."""

from collections import deque
from itertools import islice
from typing import Final

import numpy as np

from hftlib.core.events import Candle, Statistics24h, Trade
from hftlib.core.instrument import Instrument
from hftlib.core.states import BookState, Side
from hftlib.desk.candles import Candles
from hftlib.desk.heatmap import ColumnStore
from hftlib.signals.signal import Signal
from hftlib.wire import feed
from hftlib.wire.messages import MessageAge, Statistics

NS_PER_MS: Final = 1_000_000
TRADES_KEPT: Final = 2_000
_AGES_KEPT: Final = 2_000
_RATE_WINDOW_S: Final = 2.0


class Board:
    """Gather what the facts of one (venue, symbol) say, for clients to read."""

    def __init__(self, instrument: Instrument, store: ColumnStore) -> None:
        """Begin with nothing seen."""
        self.instrument = instrument
        self.store = store
        self.trades: deque[Trade] = deque(maxlen=TRADES_KEPT)
        self.trades_seen = 0
        self._aggregate: bool | None = None
        self.candles = Candles(instrument.venue)
        self.statistics: Statistics24h | None = None
        self.signals: dict[str, Signal] = {}
        self.last_recv: int | None = None
        self.frames = 0
        self._last_frame = -1
        self._ages_ms: deque[float] = deque(maxlen=_AGES_KEPT)
        self._marks: deque[tuple[float, int]] = deque([(0.0, 0)], maxlen=32)

    def see(self, ingress_seq: int, ts_event: int | None, ts_recv: int) -> None:
        """Note that a frame carried something of this symbol."""
        if ingress_seq == self._last_frame:
            return
        self._last_frame = ingress_seq
        self.frames += 1
        self.last_recv = ts_recv
        if ts_event is not None:
            self._ages_ms.append((ts_recv - ts_event) / NS_PER_MS)

    def add_trade(self, trade: Trade) -> None:
        """Keep a trade among the last ones and in the candles; of the past, in these alone.

        A feed of single and of aggregate trades shows each volume twice: the first kind counts.
        """
        if trade.historical:
            if trade.aggregate is bool(self._aggregate):
                self.candles.add_past(trade)
            return
        if self._aggregate is None:
            self._aggregate = trade.aggregate
        if trade.aggregate is not self._aggregate:
            return
        self.trades.append(trade)
        self.trades_seen += 1
        self.candles.add_trade(trade)

    def add_candle(self, candle: Candle) -> None:
        """Keep a candle of the venue's."""
        self.candles.add_candle(candle)

    def trades_between(self, seen: int, until: int) -> list[feed.TradeMark]:
        """Return the trades kept that came after the first `seen`, up to the `until`-th."""
        first = self.trades_seen - len(self.trades)
        chosen = islice(self.trades, max(0, seen - first), max(0, until - first))
        return [self._mark(trade) for trade in chosen]

    def restart(self) -> None:
        """Forget what belongs to a stretch of time that the run has left."""
        self.store.clear()
        self.frames = 0
        self._marks.clear()
        self._marks.append((0.0, 0))
        self.trades.clear()
        self.candles = Candles(self.instrument.venue)
        self._ages_ms.clear()
        self.statistics = None
        self.signals.clear()
        self.last_recv = None

    def mark_rate(self, monotonic_s: float) -> None:
        """Note how many frames were seen by now; the rate is taken over the last 2 s."""
        self._marks.append((monotonic_s, self.frames))

    def frames_per_s(self) -> float:
        """Return the frames a second of real time over the last 2 s that were marked."""
        last_s, last = self._marks[-1]
        first_s, first = next(mark for mark in self._marks if last_s - mark[0] <= _RATE_WINDOW_S)
        return (last - first) / (last_s - first_s) if last_s > first_s else 0.0

    def message_age(self) -> MessageAge:
        """Return median and 99th percentile of ts_recv - ts_event of the last messages, in ms."""
        if not self._ages_ms:
            return MessageAge(None, None)
        p50, p99 = np.percentile(np.array(self._ages_ms), (50, 99))
        return MessageAge(round(float(p50), 3), round(float(p99), 3))

    def statistics_now(self) -> Statistics | None:
        """Return the venue's 24 h figures as numbers, or None where it sent none."""
        return None if self.statistics is None else figures_of(self.statistics)

    def _mark(self, trade: Trade) -> feed.TradeMark:
        stamp = trade.ts_recv if trade.ts_event is None else trade.ts_event
        return feed.TradeMark(
            stamp / NS_PER_MS,
            trade.price_ticks,
            trade.size_quanta * self.instrument.quantum_size,
            feed.BUY if trade.side is Side.BUY else feed.SELL,
        )


def figures_of(sent: Statistics24h) -> Statistics:
    """Return 24 h figures as numbers; the change is the last price less the opening one."""
    last, opened = _number(sent.last), _number(sent.open)
    change = None if last is None or opened is None else last - opened
    return Statistics(
        last=last,
        change_24h=change,
        change_24h_pct=None if change is None or not opened else 100 * change / opened,
        high=_number(sent.high),
        low=_number(sent.low),
        volume_base=_number(sent.volume_base),
        volume_quote=_number(sent.volume_quote),
    )


def is_trusted(state: BookState) -> bool:
    """Say whether a book in this state may be drawn, traded or compared."""
    return state is BookState.LIVE


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)
