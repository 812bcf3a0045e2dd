"""What is traded on the local venues: symbols, increments and the price at which a market opens.

Increments are those of the real venues. Opening prices are round numbers of their kind, nobody's
quote of any day.
"""

from typing import Final, NamedTuple

from hftlib.core.decimals import decimals_of, to_units
from hftlib.core.instrument import Instrument
from hftlib.core.venue import BINANCE, BINANCE_USDM, COINBASE


class Listing(NamedTuple):
    """Describe one book: its instrument, and where its market opens."""

    instrument: Instrument
    opening_price: str
    minimum_lots: int = 1
    maximum_lots: int = 10**12

    @property
    def venue(self) -> str:
        """Return the venue's name; both of Coinbase's protocols show the books of `coinbase`."""
        return self.instrument.venue

    @property
    def symbol(self) -> str:
        """Return the venue's spelling of the symbol."""
        return self.instrument.symbol

    @property
    def opening_ticks(self) -> int:
        """Return the opening price in ticks."""
        return self.instrument.price_ticks(self.opening_price)

    @property
    def lot_quanta(self) -> int:
        """Return one lot as a count of the wire's size quanta."""
        return self.instrument.size_quanta(self.instrument.lot)

    @property
    def lot_decimals(self) -> int:
        """Return the decimals of the lot."""
        return decimals_of(self.instrument.lot)

    @property
    def cash_decimals(self) -> int:
        """Return the decimals of one tick times one lot, the unit of the book's cash."""
        return self.instrument.price_decimals + self.lot_decimals

    @property
    def cash_unit(self) -> int:
        """Return one tick times one lot as a count of 10**-cash_decimals."""
        return self.instrument.tick_units * to_units(self.instrument.lot, self.lot_decimals)


def _listing(
    venue: str, base: str, quote: str, tick: str, lot: str, price: str, notional: str
) -> Listing:
    dash = "-" if venue == COINBASE else ""
    instrument = Instrument(
        venue=venue,
        symbol=f"{base}{dash}{quote}",
        base=base,
        quote=quote,
        price_increment=tick,
        size_quantum=lot,
        lot=lot,
        minimum_notional=notional,
    )
    largest = to_units("9000000" if base in {"ADA", "USDT"} else "9000", decimals_of(lot))
    return Listing(instrument, price, 1, largest)


LISTINGS: Final = (
    _listing(BINANCE, "BTC", "USDT", "0.01", "0.00001", "64000.00", "5"),
    _listing(BINANCE, "ETH", "USDT", "0.01", "0.0001", "3200.00", "5"),
    _listing(BINANCE, "SOL", "USDT", "0.01", "0.001", "150.00", "5"),
    _listing(BINANCE, "BNB", "USDT", "0.01", "0.001", "560.00", "5"),
    _listing(BINANCE, "ADA", "USDT", "0.0001", "0.1", "0.4000", "5"),
    _listing(BINANCE_USDM, "BTC", "USDT", "0.10", "0.001", "64000.0", "100"),
    _listing(COINBASE, "BTC", "USD", "0.01", "0.00000001", "64000.00", "1"),
    _listing(COINBASE, "ETH", "USD", "0.01", "0.00000001", "3200.00", "1"),
    _listing(COINBASE, "SOL", "USD", "0.01", "0.00000001", "150.00", "1"),
    _listing(COINBASE, "ADA", "USD", "0.0001", "0.01", "0.4000", "1"),
    _listing(COINBASE, "USDT", "USD", "0.00001", "0.01", "1.00000", "1"),
)
"""The full set, in the order in which the books stand in the market."""


def listing_of(venue: str, symbol: str) -> Listing:
    """Return the listing of a venue's symbol. Raises KeyError when it is not listed."""
    for listing in LISTINGS:
        if (listing.venue, listing.symbol) == (venue, symbol):
            return listing
    raise KeyError(f"{symbol} is not listed on {venue}")
