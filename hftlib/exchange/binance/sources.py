"""What each stream of one book publishes, and when: spot's and USD-M's alike.

A source is asked at every step while somebody listens. Real-time streams send one message for
each row of the feed; the others send at most one each time their pace has come round, and none
when nothing changed since the last one.
"""

from collections.abc import Callable, Iterable
from typing import Final, Protocol

import numpy as np

from hftlib.core.events import Candle
from hftlib.core.states import Side
from hftlib.exchange.binance.collapse import collapse
from hftlib.exchange.binance.numbers import BookNumbers
from hftlib.exchange.binance.topic import Topic
from hftlib.exchange.layout import (
    AGGREGATE_ID,
    AGGREGATE_LOTS,
    AGGREGATE_NS,
    AGGREGATE_SIDE,
    AGGREGATE_TICKS,
    FIRST_TRADE,
    LAST_TRADE,
    SECOND_NS,
)
from hftlib.exchange.market_data import CandleRow
from hftlib.exchange.periods import Period
from hftlib.market.orders import NO_PRICE, BookSide, Change, Print, Rows

MILLISECOND_NS: Final = 1_000_000
_AVERAGE_WINDOW: Final = "5m"


class Source(Protocol):
    """Publish one stream."""

    topic: Topic

    def start(self, now_ns: int) -> None:
        """Begin: the first listener has come."""

    def publish(self, now_ns: int) -> None:
        """Send what is to be sent at `now_ns`."""


def _taker(side: int) -> Side:
    return Side.BUY if side == int(BookSide.BID) else Side.SELL


class Trades:
    """Send every trade."""

    def __init__(self, topic: Topic, numbers: BookNumbers) -> None:
        """Send the trades of one book."""
        self.topic = topic
        self._numbers = numbers

    def start(self, now_ns: int) -> None:
        """Begin with the next trade."""

    def publish(self, now_ns: int) -> None:  # noqa: ARG002
        """Send the trades of this step."""
        for row in self._numbers.feed.flow.trades.tolist():
            self._send(row)

    def _send(self, row: list[int]) -> None:
        numbers, time_ns = self._numbers, row[Print.TIME_NS]

        def write(unit: int) -> bytes:
            return numbers.writers[unit].trade(
                time_ns,
                time_ns,
                row[Print.TRADE_ID],
                row[Print.TICKS],
                numbers.quanta(row[Print.LOTS]),
                _taker(row[Print.AGGRESSOR]),
            )

        self.topic.send(write, time_ns)


class AggregateTrades:
    """Send every aggregated trade: what one taker's order did at one price."""

    def __init__(self, topic: Topic, numbers: BookNumbers) -> None:
        """Send the aggregated trades of one book."""
        self.topic = topic
        self._numbers = numbers
        self._sent = 0

    def start(self, now_ns: int) -> None:  # noqa: ARG002
        """Begin with the next one."""
        self._sent = self._numbers.feed.data.aggregate_count

    def publish(self, now_ns: int) -> None:  # noqa: ARG002
        """Send those that are new."""
        data = self._numbers.feed.data
        if data.aggregate_count == self._sent:
            return
        for row in data.aggregates_from(self._sent + 1).tolist():
            self._send(row)
        self._sent = data.aggregate_count

    def _send(self, row: list[int]) -> None:
        numbers, time_ns = self._numbers, row[AGGREGATE_NS]

        def write(unit: int) -> bytes:
            return numbers.writers[unit].aggregate_trade(
                time_ns,
                time_ns,
                (row[AGGREGATE_ID], row[FIRST_TRADE], row[LAST_TRADE]),
                row[AGGREGATE_TICKS],
                numbers.quanta(row[AGGREGATE_LOTS]),
                _taker(row[AGGREGATE_SIDE]),
            )

        self.topic.send(write, time_ns)


class BookTickers:
    """Send every change of the best levels."""

    def __init__(self, topic: Topic, numbers: BookNumbers) -> None:
        """Send the best levels of one book."""
        self.topic = topic
        self._numbers = numbers

    def start(self, now_ns: int) -> None:
        """Begin with the next change."""

    def publish(self, now_ns: int) -> None:  # noqa: ARG002
        """Send the changes of this step."""
        for row in self._numbers.feed.flow.tops.tolist():
            self._send(row)

    def _send(self, row: list[int]) -> None:
        # The most frequent of all messages: the columns of Top, in their order.
        time_ns, update_id, bid_ticks, bid_lots, ask_ticks, ask_lots = row
        numbers = self._numbers
        bid = None if bid_ticks == NO_PRICE else (bid_ticks, numbers.quanta(bid_lots))
        ask = None if ask_ticks == NO_PRICE else (ask_ticks, numbers.quanta(ask_lots))
        self.topic.send(
            lambda unit: numbers.writers[unit].book_ticker(update_id, bid, ask, time_ns, time_ns),
            time_ns,
        )


class Pace:
    """Say when a pace has come round: once for each multiple of it that time has reached."""

    def __init__(self, pace_ns: int) -> None:
        """Come round at the multiples of `pace_ns`."""
        self._pace_ns = pace_ns
        self._number = 0

    def start(self, now_ns: int) -> None:
        """Wait for the next multiple."""
        self._number = now_ns // self._pace_ns

    def has_come(self, now_ns: int) -> bool:
        """Say whether a multiple was reached since the last time that this said so."""
        number = now_ns // self._pace_ns
        if number == self._number:
            return False
        self._number = number
        return True


class DiffDepth:
    """Send the levels that changed, with their last total: U follows the u before it."""

    def __init__(self, topic: Topic, numbers: BookNumbers, pace_ns: int) -> None:
        """Send the changes of one book's levels, gathered for `pace_ns`."""
        self.topic = topic
        self._numbers = numbers
        self._pace = Pace(pace_ns)
        self._gathered: list[Rows] = []
        self._last_id = 0

    def start(self, now_ns: int) -> None:
        """Begin with the next change; what the step still holds is older."""
        self._pace.start(now_ns)
        self._gathered.clear()
        self._last_id = self._numbers.feed.book.update_id

    def publish(self, now_ns: int) -> None:
        """Gather this step's changes; send them when the pace has come round."""
        changes = self._numbers.feed.flow.changes
        if len(changes):
            self._gathered.append(changes)
        if self._pace.has_come(now_ns) and self._gathered:
            self._send(np.concatenate(self._gathered), now_ns)
            self._gathered.clear()

    def _send(self, changes: Rows, now_ns: int) -> None:
        new = changes[changes[:, Change.UPDATE_ID] > self._last_id]
        if not len(new):
            return
        numbers, change = self._numbers, collapse(new)
        last_id = int(new[-1, Change.UPDATE_ID])
        ids = (self._last_id + 1, last_id, self._last_id)
        self._last_id = last_id
        bids = numbers.levels(BookSide.BID, *change.bids)
        asks = numbers.levels(BookSide.ASK, *change.asks)
        self.topic.send(
            lambda unit: numbers.writers[unit].depth_update(
                now_ns, ids, bids, asks, change.last_ns
            ),
            now_ns,
        )


class PartialDepth:
    """Send the best levels of both sides when the book has changed."""

    def __init__(self, topic: Topic, numbers: BookNumbers, pace_ns: int, levels: int) -> None:
        """Send the best `levels` of one book."""
        self.topic = topic
        self._numbers = numbers
        self._pace = Pace(pace_ns)
        self._levels = levels
        self._last_id = -1

    def start(self, now_ns: int) -> None:
        """Begin with the book as it is when the pace comes round."""
        self._pace.start(now_ns)
        self._last_id = -1

    def publish(self, now_ns: int) -> None:
        """Send the best levels."""
        update_id = self._numbers.feed.book.update_id
        if not self._pace.has_come(now_ns) or update_id == self._last_id:
            return
        numbers, previous = self._numbers, self._last_id
        self._last_id = update_id
        bids, asks = (numbers.side(side, self._levels) for side in (BookSide.BID, BookSide.ASK))
        first = update_id if previous < 0 else previous + 1

        def write(unit: int) -> bytes:
            writer = numbers.writers[unit]
            if numbers.is_spot:
                return writer.snapshot(update_id, bids, asks)
            ids = (first, update_id, first - 1)
            return writer.depth_update(now_ns, ids, bids, asks, now_ns)

        self.topic.send(write, now_ns)


class Klines:
    """Send the open candle while there are trades, and every candle once it is closed."""

    def __init__(
        self,
        topic: Topic,
        numbers: BookNumbers,
        interval: str,
        period: Period,
        *,
        pace_ns: int,
        offset_ns: int = 0,
    ) -> None:
        """Send the candles of one book in the time zone `offset_ns` east."""
        self.topic = topic
        self._numbers = numbers
        self._interval = interval
        self._period = period
        self._offset_ns = offset_ns
        self._pace = Pace(pace_ns)
        self._open_ns = 0
        self._trades = 0

    def start(self, now_ns: int) -> None:
        """Begin with the candle that is open."""
        self._pace.start(now_ns)
        self._open_ns = self._period.open_of(now_ns, self._offset_ns)
        self._trades = -1

    def publish(self, now_ns: int) -> None:
        """Send what closed, then what has changed."""
        if not self._pace.has_come(now_ns):
            return
        data = self._numbers.feed.data
        if now_ns >= self._period.end_of(self._open_ns, self._offset_ns):
            before_ns = self._period.open_of(now_ns, self._offset_ns)
            self._send_closed(before_ns, now_ns)
            self._open_ns = before_ns
        elif data.trade_count != self._trades:
            self._send(data.candle(self._period, now_ns, self._offset_ns), now_ns, False)
        self._trades = data.trade_count

    def _send_closed(self, before_ns: int, now_ns: int) -> None:
        candles = self._numbers.feed.data.candles(
            self._period,
            now_ns,
            start_ns=self._open_ns,
            end_ns=before_ns - 1,
            offset_ns=self._offset_ns,
        )
        for candle in candles:
            self._send(candle, now_ns, True)

    def _send(self, row: CandleRow, now_ns: int, closed: bool) -> None:
        numbers = self._numbers
        candle = Candle(
            venue=numbers.listing.venue,
            symbol=numbers.symbol,
            ts_event=now_ns,
            ts_recv=now_ns,
            interval=self._interval,
            open_ns=row.open_ns,
            close_ns=row.end_ns - 1,
            open_ticks=row.open_ticks,
            high_ticks=row.high_ticks,
            low_ticks=row.low_ticks,
            close_ticks=row.close_ticks,
            volume_quanta=numbers.quanta(row.lots),
            closed=closed,
        )
        counts = numbers.counts(row)
        self.topic.send(lambda unit: numbers.writers[unit].kline(now_ns, candle, counts), now_ns)


WriteFigures = Callable[[BookNumbers, int], Callable[[int], bytes]]
"""Makes the writer of a book's figures at a time; what it reads, it reads at once."""


def day_figures(numbers: BookNumbers, now_ns: int) -> Callable[[int], bytes]:
    """Write the 24 h ticker."""
    day = numbers.day(numbers.feed.data.day(now_ns))
    return lambda unit: numbers.writers[unit].ticker(now_ns, day)


def mini_figures(numbers: BookNumbers, now_ns: int) -> Callable[[int], bytes]:
    """Write the 24 h mini ticker."""
    day = numbers.day(numbers.feed.data.day(now_ns))
    return lambda unit: numbers.writers[unit].mini_ticker(now_ns, day)


def window_figures(name: str, minutes: int) -> WriteFigures:
    """Return the writer of a rolling window's ticker."""

    def write(numbers: BookNumbers, now_ns: int) -> Callable[[int], bytes]:
        day = numbers.day(numbers.feed.data.window(minutes, now_ns))
        return lambda unit: numbers.writers[unit].window_ticker(now_ns, name, day)

    return write


def average_figures(numbers: BookNumbers, now_ns: int) -> Callable[[int], bytes]:
    """Write the average price of the last five minutes."""
    data = numbers.feed.data
    price, last_ns = numbers.average(*data.average(now_ns)), data.last_ns
    return lambda unit: numbers.writers[unit].average_price(now_ns, _AVERAGE_WINDOW, price, last_ns)


class BookFigures:
    """Send figures of one book every second in which they changed."""

    def __init__(
        self,
        topic: Topic,
        numbers: BookNumbers,
        write: WriteFigures,
        *,
        pace_ns: int = SECOND_NS,
        has_quotes: bool = False,
    ) -> None:
        """Send what `write` makes of the book: of its trades, or of its best levels as well."""
        self.topic = topic
        self._numbers = numbers
        self._write = write
        self._pace = Pace(pace_ns)
        self._has_quotes = has_quotes
        self._sent: object = None

    def start(self, now_ns: int) -> None:
        """Begin with the next second."""
        self._pace.start(now_ns)
        self._sent = None

    def publish(self, now_ns: int) -> None:
        """Send the figures."""
        if not self._pace.has_come(now_ns):
            return
        feed = self._numbers.feed
        quotes = (feed.book.best_bid, feed.book.best_ask) if self._has_quotes else None
        told = (feed.data.trade_count, quotes)
        if told != self._sent:
            self._sent = told
            self.topic.send(self._write(self._numbers, now_ns), now_ns)


class AllFigures:
    """Send, every second, one array of the figures of all books that traded in it."""

    def __init__(self, topic: Topic, books: Iterable[BookNumbers], write: WriteFigures) -> None:
        """Send what `write` makes of each book."""
        self.topic = topic
        self._books = tuple(books)
        self._write = write
        self._pace = Pace(SECOND_NS)
        self._trades: dict[str, int] = {}

    def start(self, now_ns: int) -> None:
        """Begin with the next second."""
        self._pace.start(now_ns)
        self._trades = {}

    def publish(self, now_ns: int) -> None:
        """Send the figures."""
        if not self._pace.has_come(now_ns):
            return
        writes = []
        for numbers in self._books:
            trades = numbers.feed.data.trade_count
            if trades != self._trades.get(numbers.symbol):
                self._trades[numbers.symbol] = trades
                writes.append(self._write(numbers, now_ns))
        if writes:
            self.topic.send(lambda unit: b"[%b]" % b",".join(one(unit) for one in writes), now_ns)
