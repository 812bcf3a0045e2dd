"""What clients may read of a run, as the API's messages: the one place where they are made."""

from collections.abc import Mapping, Sequence

from hftlib.book.consolidated import consolidate
from hftlib.core.events import Trade
from hftlib.core.instrument import Instrument
from hftlib.core.states import BookState
from hftlib.desk.candles import INTERVALS, Bar, quote_text
from hftlib.desk.desk import UnknownBookError
from hftlib.desk.run import Key, Run
from hftlib.desk.standing import StandingBook, book_reply, consolidated_reply, standing_book
from hftlib.desk.status import features_of, status_of
from hftlib.desk.topic import Topic
from hftlib.wire.history import CandleReply, CandlesReply
from hftlib.wire.messages import (
    BookReply,
    ClockReply,
    ConsolidatedReply,
    FeaturesReply,
    FeedReply,
    InstrumentReply,
    StatisticsReply,
    TradeReply,
    TradesReply,
    VenueReply,
)


class View:
    """Answer questions about a run; nothing here changes it."""

    def __init__(self, run: Run) -> None:
        """Look at a run."""
        self.run = run

    def venues(self) -> list[VenueReply]:
        """Return the venues of the run with their symbols, in the order of the run's wishes."""
        symbols: dict[str, list[str]] = {}
        for venue, symbol in self.run.engine.instruments:
            symbols.setdefault(venue, []).append(symbol)
        return [VenueReply(venue, names) for venue, names in symbols.items()]

    def instruments(self) -> list[InstrumentReply]:
        """Return every instrument of the run, sorted."""
        return [instrument_reply(one) for _, one in sorted(self.run.engine.instruments.items())]

    def key(self, venue: str, symbol: str) -> Key:
        """Return the key of a book. Raises UnknownBookError, saying what there is."""
        known = self.run.engine.instruments
        if (venue, symbol) in known:
            return venue, symbol
        at_venue = sorted(name for of, name in known if of == venue)
        if at_venue:
            raise UnknownBookError(f"{venue} has no {symbol}; it has {', '.join(at_venue)}")
        venues = sorted({of for of, _ in known})
        raise UnknownBookError(f"there is no venue {venue}; there is {', '.join(venues) or 'none'}")

    def standing(self, venue: str, symbol: str, depth: int | None = None) -> StandingBook:
        """Return a book as it stands now, `depth` levels a side, to be read at leisure.

        Raises UnknownBookError.
        """
        key = self.key(venue, symbol)
        book = self.run.engine.books.get(key)
        return standing_book(self.run.engine.instruments[key], book, depth)

    def book(self, venue: str, symbol: str, depth: int | None = None) -> BookReply:
        """Return a book with `depth` levels a side, all with None. Raises UnknownBookError."""
        return self.told(self.standing(venue, symbol, depth))

    def told(self, standing: StandingBook) -> BookReply:
        """Return a book that stands still as a message; a thread may do this."""
        return book_reply(standing, self.run.source, self.run.origin)

    def consolidated(
        self,
        books: Sequence[tuple[str, str]],
        rates: Mapping[str, str] | None = None,
        depth: int | None = None,
    ) -> ConsolidatedReply:
        """Return several books as groups of comparable levels, `depth` levels a side at most.

        Raises UnknownBookError, and ValueError for rates that say nothing.
        """
        standing = [self.standing(venue, symbol, depth) for venue, symbol in books]
        return self.told_together(standing, rates, depth)

    def told_together(
        self, standing: Sequence[StandingBook], rates: Mapping[str, str] | None, depth: int | None
    ) -> ConsolidatedReply:
        """Return books that stand still as one message; a thread may do this."""
        return consolidated_reply(consolidate(standing, rates, depth), self.run.source)

    def features(self, venue: str, symbol: str) -> FeaturesReply:
        """Return the features of a book as they stand. Raises UnknownBookError."""
        key = self.key(venue, symbol)
        book = self.run.engine.books.get(key)
        return FeaturesReply(
            venue=venue,
            symbol=symbol,
            state=BookState.SYNCING if book is None else book.state,
            ts_event=None if book is None else book.ts_event,
            ts_recv=None if book is None else book.ts_recv,
            last_update_id=0 if book is None else book.last_update_id,
            source=self.run.source,
            features=features_of(self.run, key),
        )

    def trades(self, venue: str, symbol: str, limit: int) -> TradesReply:
        """Return the last `limit` trades, oldest first. Raises UnknownBookError."""
        board = self.run.board(self.key(venue, symbol))
        newest = list(board.trades)[-limit:]
        trades = [_trade(board.instrument, trade) for trade in newest]
        return TradesReply(venue, symbol, self.run.source, trades)

    def candles(self, venue: str, symbol: str, interval: str, limit: int) -> CandlesReply:
        """Return the last `limit` bars, oldest first. Raises UnknownBookError.

        Raises KeyError for an interval that is not kept.
        """
        board = self.run.board(self.key(venue, symbol))
        end_ns = self.run.now_ns - INTERVALS[interval]
        bars = board.candles.bars(interval, limit)
        told = [candle_reply(board.instrument, bar, bar.open_ns <= end_ns) for bar in bars]
        return CandlesReply(venue, symbol, interval, self.run.source, told)

    def feeds(self, clock: ClockReply | None) -> list[FeedReply]:
        """Return how the feed of every book does, sorted."""
        return [
            FeedReply(*key, status_of(self.run, key, clock))
            for key in sorted(self.run.engine.instruments)
        ]

    def statistics(self) -> list[StatisticsReply]:
        """Return the venues' own 24 h figures of every book, sorted."""
        return [self._statistics(key) for key in sorted(self.run.engine.instruments)]

    def topic(self, venue: str, symbol: str, row_ticks: int | None, depth: int) -> Topic:
        """Return a topic of the binary feed. Raises UnknownBookError."""
        return Topic(self.run, self.key(venue, symbol), row_ticks, depth)

    def _statistics(self, key: Key) -> StatisticsReply:
        board = self.run.board(key)
        sent = board.statistics
        return StatisticsReply(
            *key,
            ts_event=None if sent is None else sent.ts_event,
            ts_recv=None if sent is None else sent.ts_recv,
            source=self.run.source,
            statistics=board.statistics_now(),
        )


def instrument_reply(one: Instrument) -> InstrumentReply:
    """Return an instrument as the API tells it."""
    return InstrumentReply(
        one.venue,
        one.symbol,
        one.base,
        one.quote,
        one.price_increment,
        one.size_quantum,
        one.lot,
        one.minimum_notional,
        one.multiplier,
        one.inverse,
        one.status,
        one.origin,
    )


def candle_reply(instrument: Instrument, bar: Bar, closed: bool) -> CandleReply:
    """Return a bar as the API tells it."""
    product = bar.product
    return CandleReply(
        ts_open=bar.open_ns,
        open=instrument.price_text(bar.open),
        high=instrument.price_text(bar.high),
        low=instrument.price_text(bar.low),
        close=instrument.price_text(bar.close),
        volume=instrument.size_text(bar.volume),
        quote_volume=None if product is None else quote_text(instrument, bar.volume, product),
        trades=bar.trades,
        buy_volume=None if bar.buy is None else instrument.size_text(bar.buy),
        ts_first=bar.first_ts,
        ts_last=bar.last_ts,
        closed=closed,
        complete=bar.complete,
        origin="venue" if bar.from_venue else "trades",
    )


def _trade(instrument: Instrument, trade: Trade) -> TradeReply:
    return TradeReply(
        trade.trade_id,
        trade.ts_event,
        trade.ts_recv,
        instrument.price_text(trade.price_ticks),
        instrument.size_text(trade.size_quanta),
        trade.side,
    )
