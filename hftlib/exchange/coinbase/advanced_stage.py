"""What Advanced Trade's feed sends of one product at each point of the grid."""

from typing import Final

import msgspec

from hftlib.core.events import Candle
from hftlib.core.venue import COINBASE
from hftlib.exchange.coinbase.advanced_connection import AdvancedConnection
from hftlib.exchange.coinbase.audience import Audience
from hftlib.exchange.coinbase.book_view import Beat, BookView
from hftlib.exchange.coinbase.level_changes import LevelChanges, whole_book
from hftlib.exchange.coinbase.products import advanced_status_row
from hftlib.exchange.market_data import CandleRow
from hftlib.exchange.periods import period_of
from hftlib.market.orders import Outflow, Rows
from hftlib.venues.coinbase.encode import (
    AdvancedText,
    AdvancedWriter,
    advanced_text,
    short_time,
)

BATCH_NS: Final = 50_000_000
"""The pace of l2_data in the capture of production."""
TRADES_NS: Final = 250_000_000
CANDLES_NS: Final = 1_000_000_000
TICKER_BATCH_NS: Final = 5_000_000_000
STATUS_NS: Final = 5_000_000_000
_CANDLES: Final = period_of(300)
SNAPSHOT_ROWS: Final = 100
"""How many trades and candles a subscription begins with."""
_BEFORE_TIME: Final = "1970-01-01T00:00:00Z"
"""The event_time that the venue's documents show at the levels of a snapshot."""
_MICROSECONDS: Final = 6
_encode: Final = msgspec.json.encode


class AdvancedStage:
    """Publish one product; each frame is written once and numbered for each connection."""

    def __init__(self, view: BookView) -> None:
        """Publish what `view` shows."""
        self.view = view
        self.audience: Audience[AdvancedConnection] = Audience()
        self._writer = AdvancedWriter(view.instrument)
        self._changes = LevelChanges(view.listing)
        self._trades: list[Rows] = []
        self._has_new_top = False
        self._batched_trade = self._candled_trade = view.feed.data.last_trade_id

    def publish(self, beat: Beat) -> None:
        """Send what happened since the last point of the grid."""
        if not self.audience:
            return
        flow = self.view.feed.flow
        self._level2(flow.changes, beat)
        self._market_trades(flow.trades, beat)
        self._ticker(flow, beat)
        self._ticker_batch(beat)
        self._candles(beat)
        self._status(beat)

    def _send(self, channel: str, text: AdvancedText, beat: Beat) -> None:
        topic = f"{channel}:{self.view.symbol}"
        for listener in self.audience.of(channel):
            listener.send(text, beat.now_ns, topic)

    def _welcome(self, channel: str, text: AdvancedText, beat: Beat) -> None:
        topic = f"{channel}:{self.view.symbol}"
        for listener in self.audience.admit(channel):
            listener.send(text, beat.now_ns, topic)

    def _level2(self, changes: Rows, beat: Beat) -> None:
        if self.audience.hears("level2"):
            self._changes.take(changes)
        if not beat.is_due(BATCH_NS):
            return
        gathered = self._changes.drain()
        if gathered is not None and self.audience.hears("level2"):
            time = short_time(gathered.time_ns, _MICROSECONDS)
            text = self._writer.level2_text(beat.now_ns, gathered.levels, time)
            self._send("level2", text, beat)
        if self.audience.awaits("level2"):
            levels = whole_book(self.view.feed.book, self.view.lot_quanta)
            text = self._writer.level2_text(beat.now_ns, levels, _BEFORE_TIME, snapshot=True)
            self._welcome("level2", text, beat)

    def _market_trades(self, trades: Rows, beat: Beat) -> None:
        if len(trades) and self.audience.hears("market_trades"):
            self._trades.append(trades)
        if not beat.is_due(TRADES_NS):
            return
        gathered = [self.view.printed(row) for rows in self._trades for row in rows]
        self._trades.clear()
        if gathered:
            text = self._writer.market_trades_text(beat.now_ns, gathered)
            self._send("market_trades", text, beat)
        if self.audience.awaits("market_trades"):
            past = [self.view.printed(row) for row in self.view.feed.data.trades(SNAPSHOT_ROWS)]
            text = self._writer.market_trades_text(beat.now_ns, past, snapshot=True)
            self._welcome("market_trades", text, beat)

    def _ticker(self, flow: Outflow, beat: Beat) -> None:
        """Send a ticker after trades at once, after a change of the best levels within 250 ms."""
        if self.audience.hears("ticker"):
            self._has_new_top = self._has_new_top or len(flow.tops) > 0
            if len(flow.trades) or (self._has_new_top and beat.is_due(TRADES_NS)):
                self._has_new_top = False
                self._send("ticker", self._ticker_text(beat), beat)
        if self.audience.awaits("ticker"):
            self._welcome("ticker", self._ticker_text(beat, snapshot=True), beat)

    def _ticker_text(self, beat: Beat, *, snapshot: bool = False) -> AdvancedText:
        day, best = self.view.advanced_day(beat.now_ns), self.view.best
        return self._writer.ticker_text(beat.now_ns, day, best, snapshot=snapshot)

    def _ticker_batch(self, beat: Beat) -> None:
        """Send every five seconds what trades changed."""
        last_id = self.view.feed.data.last_trade_id
        if not self.audience.hears("ticker_batch"):
            self._batched_trade = last_id
        elif beat.is_due(TICKER_BATCH_NS) and last_id != self._batched_trade:
            self._batched_trade = last_id
            self._send("ticker_batch", self._batch_text(beat), beat)
        if self.audience.awaits("ticker_batch"):
            self._welcome("ticker_batch", self._batch_text(beat, snapshot=True), beat)

    def _batch_text(self, beat: Beat, *, snapshot: bool = False) -> AdvancedText:
        day = self.view.advanced_day(beat.now_ns)
        return self._writer.ticker_text(beat.now_ns, day, None, snapshot=snapshot)

    def _candles(self, beat: Beat) -> None:
        """Send the open candle every second when trades changed it; newcomers get a hundred."""
        data, period = self.view.feed.data, _CANDLES
        last_id = data.last_trade_id
        if not self.audience.hears("candles"):
            self._candled_trade = last_id
        elif beat.is_due(CANDLES_NS) and last_id != self._candled_trade:
            self._candled_trade = last_id
            candle = self._candle(data.candle(period, beat.now_ns))
            self._send("candles", self._writer.candles_text(beat.now_ns, [candle]), beat)
        if self.audience.awaits("candles"):
            rows = data.candles(period, beat.now_ns, limit=SNAPSHOT_ROWS)
            candles = [self._candle(row) for row in rows if row.trades]
            text = self._writer.candles_text(beat.now_ns, candles, snapshot=True)
            self._welcome("candles", text, beat)

    def _candle(self, row: CandleRow) -> Candle:
        return Candle(
            venue=COINBASE,
            symbol=self.view.symbol,
            ts_event=None,
            ts_recv=row.end_ns,
            interval="FIVE_MINUTE",
            open_ns=row.open_ns,
            close_ns=row.end_ns,
            open_ticks=row.open_ticks,
            high_ticks=row.high_ticks,
            low_ticks=row.low_ticks,
            close_ticks=row.close_ticks,
            volume_quanta=row.lots * self.view.lot_quanta,
            closed=False,
        )

    def _status(self, beat: Beat) -> None:
        is_due = beat.is_due(STATUS_NS) and self.audience.hears("status")
        if is_due:
            self._send("status", self._status_text("update", beat), beat)
        if self.audience.awaits("status"):
            self._welcome("status", self._status_text("snapshot", beat), beat)

    def _status_text(self, kind: str, beat: Beat) -> AdvancedText:
        row = advanced_status_row(self.view.listing)
        event = _encode({"type": kind, "products": [row]}).decode()
        return advanced_text("status", beat.now_ns, event)
