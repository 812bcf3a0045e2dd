"""Text to integers for one instrument: what a codec needs of it, with the texts seen kept."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from hftlib.core.errors import DecimalError
from hftlib.core.instrument import Instrument
from hftlib.venues.failures import NotKnownError

_KEPT: Final = 4_096
_SAFE_DIGITS: Final = 18
_POWERS: Final[tuple[int, ...]] = tuple(10**power for power in range(_SAFE_DIGITS + 1))


class Scale:
    """Turn price and size text of one instrument into ticks and quanta, exactly.

    Prices and sizes come again and again; the last few thousand texts are kept. A new one is read
    the short way where it is digits and a point; anything else, errors too, is the instrument's.
    """

    __slots__ = ("_price_decimals", "_size_decimals", "instrument", "price", "size")

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        has_plain_tick = instrument.tick_units == 1
        self._price_decimals = instrument.price_decimals if has_plain_tick else None
        self._size_decimals = instrument.size_decimals
        self.price = lru_cache(maxsize=_KEPT)(self._price)
        self.size = lru_cache(maxsize=_KEPT)(self._size)

    def _price(self, text: str) -> int:
        """Return a price in ticks. Raises DecimalError when it is off the tick or negative."""
        decimals = self._price_decimals
        units = -1 if decimals is None else _plain_units(text, decimals)
        return units if units >= 0 else _not_negative(self.instrument.price_ticks(text), text)

    def _size(self, text: str) -> int:
        """Return a size in quanta. Raises DecimalError when it is off the quantum or negative."""
        units = _plain_units(text, self._size_decimals)
        return units if units >= 0 else _not_negative(self.instrument.size_quanta(text), text)

    def quote(self, price: str | None, size: str | None) -> tuple[int | None, int | None]:
        """Return the best level of one side, (None, None) where the venue shows an empty side.

        A venue writes an empty side as "", "0" or "0.00000000"; a size may be missing alone.
        """
        ticks = self.price(price) if price else 0
        if ticks == 0:
            return None, None
        return ticks, (self.size(size) if size else None)


def _plain_units(text: str, decimals: int) -> int:
    """Return text such as 25.426189 as a count of 10**-decimals, -1 where it is not so plain."""
    whole, _, fraction = text.partition(".")
    digits = whole + fraction
    if not (whole and digits.isdigit() and digits.isascii()):
        return -1
    missing = decimals - len(fraction)
    if len(digits) + max(missing, 0) > _SAFE_DIGITS:
        return -1
    if missing >= 0:
        return int(digits) * _POWERS[missing]
    units, rest = divmod(int(digits), _POWERS[-missing])
    return -1 if rest else units


def _not_negative(units: int, text: str) -> int:
    if units < 0:
        raise DecimalError(f"negative: {text[:40]!r}")
    return units


class Scales:
    """Find the scale of a symbol; instruments that arrive later are found as well."""

    __slots__ = ("_instruments", "_known")

    def __init__(self, instruments: Mapping[str, Instrument]) -> None:
        self._instruments = instruments
        self._known: dict[str, Scale] = {}

    def __contains__(self, symbol: object) -> bool:
        """Say whether an instrument is known under a symbol."""
        return symbol in self._instruments

    def __getitem__(self, symbol: str) -> Scale:
        """Return the scale of a symbol. Raises NotKnownError when there is no instrument."""
        scale = self._known.get(symbol)
        if scale is None:
            instrument = self._instruments.get(symbol)
            if instrument is None:
                raise NotKnownError(f"no instrument {symbol[:40]!r}")
            scale = self._known[symbol] = Scale(instrument)
        return scale
