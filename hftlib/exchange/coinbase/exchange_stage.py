"""What Exchange's feed sends of one product at each point of the grid."""

from typing import Final

from hftlib.core.states import Side
from hftlib.exchange.coinbase.audience import Audience
from hftlib.exchange.coinbase.book_view import Beat, BookView
from hftlib.exchange.coinbase.exchange_connection import ExchangeConnection
from hftlib.exchange.coinbase.level_changes import LevelChanges, side_of
from hftlib.exchange.messages import Message
from hftlib.market.orders import BookSide, Change, Outflow, Print, Rows
from hftlib.venues.coinbase.encode import ExchangeWriter

BATCH_NS: Final = 50_000_000
TICKER_BATCH_NS: Final = 5_000_000_000
HEARTBEAT_NS: Final = 1_000_000_000


class ExchangeStage:
    """Publish one product; each message is written once for all who get it."""

    def __init__(self, view: BookView) -> None:
        """Publish what `view` shows."""
        self.view = view
        self.audience: Audience[ExchangeConnection] = Audience()
        self._writer = ExchangeWriter(view.instrument)
        self._changes = LevelChanges(view.listing)
        self._batched_trade = view.feed.data.last_trade_id

    def publish(self, beat: Beat) -> None:
        """Send what happened since the last point of the grid."""
        if not self.audience:
            return
        flow = self.view.feed.flow
        self._level2(flow.changes, beat)
        self._level2_batch(flow.changes, beat)
        self._matches(flow, beat)
        self._ticker(flow, beat)
        if beat.is_due(TICKER_BATCH_NS):
            self._ticker_batch(beat)
        if beat.is_due(HEARTBEAT_NS):
            self._heartbeat(beat)

    def _send(self, channel: str, text: bytes, beat: Beat) -> None:
        message = self._message(channel, text, beat)
        for listener in self.audience.of(channel):
            listener.send(message)

    def _welcome(self, channel: str, text: bytes, beat: Beat) -> None:
        message = self._message(channel, text, beat)
        for listener in self.audience.admit(channel):
            listener.send(message)

    def _message(self, channel: str, text: bytes, beat: Beat) -> Message:
        return Message(text, beat.now_ns, f"{channel}:{self.view.symbol}")

    # Books.

    def _level2(self, changes: Rows, beat: Beat) -> None:
        """Send each change in a message of its own, as captured, and newcomers the book."""
        if self.audience.hears("level2"):
            quanta = self.view.lot_quanta
            for row in changes.tolist():
                side = Side.BUY if row[Change.SIDE] == BookSide.BID else Side.SELL
                change = (side, row[Change.TICKS], row[Change.LOTS] * quanta)
                self._send("level2", self._writer.update(row[Change.TIME_NS], [change]), beat)
        if self.audience.awaits("level2"):
            self._welcome("level2", self._snapshot(), beat)

    def _level2_batch(self, changes: Rows, beat: Beat) -> None:
        if self.audience.hears("level2_batch"):
            self._changes.take(changes)
        if not beat.is_due(BATCH_NS):
            return
        gathered = self._changes.drain()
        if gathered is not None and self.audience.hears("level2_batch"):
            text = self._writer.update(gathered.time_ns, gathered.levels)
            self._send("level2_batch", text, beat)
        if self.audience.awaits("level2_batch"):
            self._welcome("level2_batch", self._snapshot(), beat)

    def _snapshot(self) -> bytes:
        book, quanta = self.view.feed.book, self.view.lot_quanta
        bids, asks = (side_of(book, side, quanta) for side in (BookSide.BID, BookSide.ASK))
        return self._writer.snapshot(bids, asks)

    # Trades.

    def _matches(self, flow: Outflow, beat: Beat) -> None:
        if self.audience.hears("matches"):
            for row in flow.trades:
                self._send("matches", self._match(row, last=False), beat)
        if self.audience.awaits("matches"):
            last = self.view.last_trade
            if last is None:
                self.audience.admit("matches")
            else:
                self._welcome("matches", self._match(last, last=True), beat)

    def _match(self, row: Rows, *, last: bool) -> bytes:
        sequence = int(row[Print.UPDATE_ID]) + int(row[Print.TRADE_ID])
        return self._writer.match(
            self.view.printed(row), sequence, self.view.orders_of(row), last=last
        )

    def _ticker(self, flow: Outflow, beat: Beat) -> None:
        """Send one ticker for all trades since the last point, about the newest."""
        has_news = len(flow.trades) > 0 and self.audience.hears("ticker")
        if not has_news and not self.audience.awaits("ticker"):
            return
        text = self._ticker_text(beat)
        if text is None:
            self.audience.admit("ticker")
            return
        if has_news:
            self._send("ticker", text, beat)
        self._welcome("ticker", text, beat)

    def _ticker_batch(self, beat: Beat) -> None:
        """Send every five seconds what the ticker shows, when a trade changed it."""
        last_id = self.view.feed.data.last_trade_id
        has_news = last_id != self._batched_trade and self.audience.hears("ticker_batch")
        self._batched_trade = last_id
        is_awaited = self.audience.awaits("ticker_batch")
        text = self._ticker_text(beat) if has_news or is_awaited else None
        if text is None:
            self.audience.admit("ticker_batch")
            return
        if has_news:
            self._send("ticker_batch", text, beat)
        self._welcome("ticker_batch", text, beat)

    def _ticker_text(self, beat: Beat) -> bytes | None:
        """Return a ticker about the last trade, None before the first one."""
        view, row = self.view, self.view.last_trade
        if row is None:
            return None
        return self._writer.ticker(
            view.printed(row),
            int(row[Print.UPDATE_ID]) + int(row[Print.TRADE_ID]),
            view.exchange_day(beat.now_ns),
            view.best,
            view.volume(view.past(beat.now_ns).lots),
        )

    def _heartbeat(self, beat: Beat) -> None:
        self.audience.admit("heartbeat")
        if self.audience.hears("heartbeat"):
            view = self.view
            text = self._writer.heartbeat(beat.now_ns, view.sequence, view.feed.data.last_trade_id)
            self._send("heartbeat", text, beat)
