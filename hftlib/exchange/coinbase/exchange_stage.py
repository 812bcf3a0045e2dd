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
        if len(flow.trades) and self.audience.hears("ticker"):
            self._send("ticker", self._ticker_text(flow.trades[-1], beat), beat)
        self._welcome_ticker("ticker", beat)

    def _ticker_batch(self, beat: Beat) -> None:
        """Send every five seconds what the ticker shows, when a trade changed it."""
        if not self.audience.hears("ticker_batch"):
            self._batched_trade = self.view.feed.data.last_trade_id
        elif beat.is_due(TICKER_BATCH_NS):
            last = self.view.last_trade
            if last is not None and last[Print.TRADE_ID] != self._batched_trade:
                self._batched_trade = int(last[Print.TRADE_ID])
                self._send("ticker_batch", self._ticker_text(last, beat), beat)
        self._welcome_ticker("ticker_batch", beat)

    def _welcome_ticker(self, channel: str, beat: Beat) -> None:
        """Send newcomers a ticker about the last trade, nothing where there is none yet."""
        if not self.audience.awaits(channel):
            return
        last = self.view.last_trade
        if last is None:
            self.audience.admit(channel)
        else:
            self._welcome(channel, self._ticker_text(last, beat), beat)

    def _ticker_text(self, row: Rows, beat: Beat) -> bytes:
        """Return a ticker about a trade."""
        view = self.view
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
