"""One book's numbers as Binance writes them, out of ticks, lots and their exact sums."""

from typing import Final

from hftlib.core.decimals import to_text
from hftlib.core.venue import BINANCE
from hftlib.exchange.book_feed import BookFeed
from hftlib.exchange.market_data import CandleRow, Figures
from hftlib.market.orders import BookSide, Rows
from hftlib.venues.binance.encode import BinanceWriter, DayFigures, Quote, TradeCounts
from hftlib.venues.level_text import Levels, side_levels

_SPOT_DECIMALS: Final = 8
_PERCENT_DECIMALS: Final = 3


def written_decimals(text: str) -> int:
    """Return the digits after the point as they are written, trailing zeros included."""
    return len(text.partition(".")[2])


class BookNumbers:
    """Read one book's feed and write what it says; prices in ticks, sizes in lots."""

    def __init__(self, feed: BookFeed) -> None:
        """Write the numbers of `feed`, padded to 8 decimals on spot, else to the increments."""
        self.feed = feed
        self.listing = feed.listing
        instrument = feed.listing.instrument
        self.symbol = instrument.symbol
        self.writers = (BinanceWriter(instrument), BinanceWriter(instrument, microseconds=True))
        self.is_spot = instrument.venue == BINANCE
        self.price_decimals = self.size_decimals = self.cash_decimals = _SPOT_DECIMALS
        if not self.is_spot:
            self.price_decimals = written_decimals(instrument.price_increment)
            self.size_decimals = written_decimals(instrument.lot)
            self.cash_decimals = self.price_decimals + self.size_decimals
        self._lot_quanta = feed.listing.lot_quanta
        self._tick = instrument.tick_units * 10 ** (self.price_decimals - instrument.price_decimals)
        self._cash = feed.listing.cash_unit * 10 ** (
            self.cash_decimals - feed.listing.cash_decimals
        )

    def price(self, ticks: int) -> str:
        """Return a price."""
        return self.writers[0].price(ticks)

    def quanta(self, lots: int) -> int:
        """Return lots as the wire's quanta."""
        return lots * self._lot_quanta

    def size(self, lots: int) -> str:
        """Return a size."""
        return self.writers[0].size(lots * self._lot_quanta)

    def cash(self, cash: int) -> str:
        """Return a sum of ticks times lots in the quote asset."""
        return to_text(cash * self._cash, self.cash_decimals)

    def average(self, cash: int, lots: int) -> str:
        """Return the price that `lots` cost on average, cut to the last decimal; 0 without lots."""
        return to_text(cash * self._tick // lots if lots else 0, self.price_decimals)

    def percent(self, ticks: int, from_ticks: int) -> str:
        """Return a change of price in percent of where it began, to the nearest thousandth."""
        scale = 100 * 10**_PERCENT_DECIMALS
        twice = 2 * (ticks - from_ticks) * scale + from_ticks
        return to_text(twice // (2 * from_ticks), _PERCENT_DECIMALS)

    def best(self, side: BookSide) -> Quote:
        """Return the best level as (ticks, quanta), None on an empty side."""
        book = self.feed.book
        level = book.best_bid if side is BookSide.BID else book.best_ask
        return None if level is None else (level[0], self.quanta(level[1]))

    def side(self, side: BookSide, depth: int) -> Levels:
        """Return the best levels of a side, best first, in quanta."""
        ticks, lots = self.feed.book.levels(side, depth)
        return self.levels(side, ticks, lots)

    def levels(self, side: BookSide, ticks: Rows, lots: Rows) -> Levels:
        """Return columns of ticks and lots as a writer takes them."""
        return side_levels(int(side), ticks, lots * self._lot_quanta)

    def counts(self, candle: CandleRow) -> TradeCounts:
        """Return what a candle says of its trades."""
        return TradeCounts(
            candle.first_id,
            candle.last_id,
            candle.trades,
            self.cash(candle.cash),
            self.size(candle.taker_lots),
            self.cash(candle.taker_cash),
        )

    def day(self, figures: Figures) -> DayFigures:
        """Return the figures of a window, with the book's best levels."""
        (bid, bid_quanta), (ask, ask_quanta) = (
            self.best(side) or (0, 0) for side in (BookSide.BID, BookSide.ASK)
        )
        writer = self.writers[0]
        return DayFigures(
            change=self.price(figures.last_ticks - figures.open_ticks),
            change_percent=self.percent(figures.last_ticks, figures.open_ticks),
            weighted_average=self.average(figures.cash, figures.lots),
            previous_close=self.price(figures.previous_ticks),
            last=self.price(figures.last_ticks),
            last_size=self.size(figures.last_lots),
            bid=self.price(bid),
            bid_size=writer.size(bid_quanta),
            ask=self.price(ask),
            ask_size=writer.size(ask_quanta),
            open=self.price(figures.open_ticks),
            high=self.price(figures.high_ticks),
            low=self.price(figures.low_ticks),
            volume=self.size(figures.lots),
            quote_volume=self.cash(figures.cash),
            open_ns=figures.open_ns,
            close_ns=figures.close_ns,
            counts=TradeCounts(
                figures.first_id, figures.last_id, figures.trades, self.cash(figures.cash)
            ),
        )
