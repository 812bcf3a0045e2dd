"""One book as both of Coinbase's protocols show it: texts and figures of a feed."""

import hashlib
from typing import Final, NamedTuple

from hftlib.core.decimals import to_text
from hftlib.core.states import Side
from hftlib.exchange.book_feed import BookFeed
from hftlib.exchange.market_data import Figures
from hftlib.market.orders import BookSide, Print, Rows
from hftlib.venues.coinbase.encode import DayText, PrintedTrade, Quote

PAST_MINUTES: Final = 30 * 1_440
"""The window of 30 days; the market's past is shorter, so that it also is all that is known."""
VOLUME_DECIMALS: Final = 8
_PERCENT_DECIMALS: Final = 14


class Beat(NamedTuple):
    """Say between which two points of the grid a publication stands."""

    before_ns: int
    now_ns: int

    def is_due(self, period_ns: int) -> bool:
        """Say whether a multiple of the period was reached."""
        return self.before_ns // period_ns != self.now_ns // period_ns


class BookView:
    """Read one feed the way Coinbase tells of a product."""

    def __init__(self, feed: BookFeed) -> None:
        """Look at `feed`."""
        self.feed = feed
        self.listing = feed.listing
        self.instrument = feed.listing.instrument
        self.symbol = feed.listing.symbol
        self.lot_quanta = feed.listing.lot_quanta

    @property
    def sequence(self) -> int:
        """Return the product's sequence: it rises with each change of a level and each trade."""
        return self.feed.book.update_id + self.feed.data.last_trade_id

    @property
    def last_trade(self) -> Rows | None:
        """Return the last trade as a row of Print, None before the first one."""
        rows = self.feed.data.trades(1)
        return rows[-1] if len(rows) else None

    @property
    def best(self) -> tuple[Quote, Quote]:
        """Return the best bid and ask in ticks and quanta."""
        return self._quote(self.feed.book.best_bid), self._quote(self.feed.book.best_ask)

    def _quote(self, level: tuple[int, int] | None) -> Quote:
        return None if level is None else (int(level[0]), int(level[1]) * self.lot_quanta)

    def printed(self, row: Rows) -> PrintedTrade:
        """Return a row of Print as the writers take it."""
        return PrintedTrade(
            int(row[Print.TRADE_ID]),
            int(row[Print.TICKS]),
            int(row[Print.LOTS]) * self.lot_quanta,
            Side.BUY if row[Print.AGGRESSOR] == BookSide.BID else Side.SELL,
            int(row[Print.TIME_NS]),
        )

    def maker_side(self, row: Rows) -> str:
        """Return the maker's side of a trade, which is what Coinbase prints."""
        return "sell" if row[Print.AGGRESSOR] == BookSide.BID else "buy"

    def orders_of(self, row: Rows) -> tuple[str, str]:
        """Return the maker's and the taker's order of a trade as Coinbase names orders."""
        return (
            order_name(self.symbol, int(row[Print.MAKER_ORDER])),
            order_name(self.symbol, int(row[Print.TAKER_ORDER])),
        )

    def price(self, ticks: int) -> str:
        """Return a price with the tick's decimals."""
        return self.instrument.price_text(ticks)

    def short_price(self, ticks: int) -> str:
        """Return a price without trailing zeros."""
        return self.instrument.price_text(ticks, pad=False)

    def size(self, lots: int) -> str:
        """Return a size without trailing zeros."""
        return self.instrument.size_text(lots * self.lot_quanta)

    def volume(self, lots: int) -> str:
        """Return a volume with eight decimals."""
        decimals = self.instrument.size_decimals
        return to_text(lots * self.lot_quanta * 10 ** (VOLUME_DECIMALS - decimals), VOLUME_DECIMALS)

    def day(self, now_ns: int) -> Figures:
        """Return the figures of the last 24 hours."""
        return self.feed.data.day(now_ns)

    def past(self, now_ns: int) -> Figures:
        """Return the figures of the last 30 days."""
        return self.feed.data.window(PAST_MINUTES, now_ns)

    def exchange_day(self, now_ns: int) -> DayText:
        """Return the day as Exchange's ticker has it: volumes with eight decimals."""
        day = self.day(now_ns)
        return DayText(
            last=self.short_price(day.last_ticks),
            open=self.short_price(day.open_ticks),
            high=self.short_price(day.high_ticks),
            low=self.short_price(day.low_ticks),
            volume=self.volume(day.lots),
        )

    def advanced_day(self, now_ns: int) -> DayText:
        """Return the day as Advanced Trade's ticker has it."""
        day, past = self.day(now_ns), self.past(now_ns)
        return DayText(
            last=self.short_price(day.last_ticks),
            open=self.short_price(day.open_ticks),
            high=self.short_price(day.high_ticks),
            low=self.short_price(day.low_ticks),
            volume=self.size(day.lots),
            year_low=self.short_price(past.low_ticks),
            year_high=self.short_price(past.high_ticks),
            change_percent=percent_text(day.last_ticks, day.open_ticks),
        )


def percent_text(now: int, before: int) -> str:
    """Return the change from `before` to `now` in percent, rounded towards zero."""
    scaled = (now - before) * 100 * 10**_PERCENT_DECIMALS
    change = abs(scaled) // before if before else 0
    return to_text(-change if scaled < 0 else change, _PERCENT_DECIMALS, pad=False)


def order_name(symbol: str, order: int) -> str:
    """Return the name (a UUID of version 4's form) of a book's order."""
    name = hashlib.blake2b(f"{symbol} {order}".encode(), digest_size=16).hexdigest()
    return f"{name[:8]}-{name[8:12]}-4{name[13:16]}-a{name[17:20]}-{name[20:]}"
