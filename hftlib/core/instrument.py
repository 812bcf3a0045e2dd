"""What is traded: symbol, currencies and the increments that turn text into integers."""

from functools import cached_property

import msgspec

from hftlib.core.decimals import decimals_of, to_text, to_units
from hftlib.core.errors import DecimalError


class Instrument(msgspec.Struct, frozen=True, dict=True, forbid_unknown_fields=True):
    """Describe one instrument of one venue.

    `price_increment` is the finest price step on the wire (the tick) and `size_quantum` the
    finest size step on the wire, both as plain decimal text. `lot` is the order step: it rules
    orders only and is never finer than the quantum. `multiplier` is the quote value of one
    contract (COIN-M: 100 USD) and `inverse` says that the contract settles in its base.
    `origin` says where the increments come from: venue, file or observed.
    """

    venue: str
    symbol: str
    base: str
    quote: str
    price_increment: str
    size_quantum: str
    lot: str = ""
    minimum_notional: str = "0"
    multiplier: str = "1"
    inverse: bool = False
    status: str = "TRADING"
    origin: str = "venue"

    def __post_init__(self) -> None:
        """Refuse increments that are not positive, and a quantum that is no power of ten."""
        if self.tick_units <= 0:
            raise DecimalError(f"{self.venue} {self.symbol}: price increment must be positive")
        if to_units(self.size_quantum, self.size_decimals) != 1:
            raise DecimalError(
                f"{self.venue} {self.symbol}: size quantum {self.size_quantum} is no power of ten"
            )

    @cached_property
    def price_decimals(self) -> int:
        """Return the decimals that a price on the wire needs."""
        return decimals_of(self.price_increment)

    @cached_property
    def tick_units(self) -> int:
        """Return one tick as a count of 10**-price_decimals (1, or 5 for a tick of 0.5)."""
        return to_units(self.price_increment, self.price_decimals)

    @cached_property
    def size_decimals(self) -> int:
        """Return the decimals of the size quantum."""
        return decimals_of(self.size_quantum)

    @cached_property
    def tick_size(self) -> float:
        """Return one tick in quote units, for features and screens."""
        return float(self.tick_units / 10**self.price_decimals)

    @cached_property
    def quantum_size(self) -> float:
        """Return one size quantum in base units (contracts where there are contracts)."""
        return float(1 / 10**self.size_decimals)

    def price_ticks(self, text: str) -> int:
        """Return a price text as ticks. Raises DecimalError when it is off the tick."""
        units = to_units(text, self.price_decimals)
        ticks, remainder = divmod(units, self.tick_units)
        if remainder:
            raise DecimalError(f"{text!r} is no multiple of the tick {self.price_increment}")
        return ticks

    def size_quanta(self, text: str) -> int:
        """Return a size text as quanta. Raises DecimalError when it is off the quantum."""
        return to_units(text, self.size_decimals)

    def price_text(self, ticks: int, *, pad: bool = True) -> str:
        """Return ticks as price text with the tick's decimals, without `pad` no trailing zeros."""
        return to_text(ticks * self.tick_units, self.price_decimals, pad=pad)

    def size_text(self, quanta: int) -> str:
        """Return quanta as size text without trailing zeros."""
        return to_text(quanta, self.size_decimals, pad=False)
