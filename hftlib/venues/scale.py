"""Text to integers for one instrument: what a codec needs of it, with the texts seen kept."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from hftlib.core.errors import DecimalError
from hftlib.core.instrument import Instrument
from hftlib.venues.failures import NotKnownError

_KEPT: Final = 4_096


class Scale:
    """Turn price and size text of one instrument into ticks and quanta, exactly.

    Prices and sizes come again and again; the last few thousand texts are kept.
    """

    __slots__ = ("instrument", "price", "size")

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.price = lru_cache(maxsize=_KEPT)(self._price)
        self.size = lru_cache(maxsize=_KEPT)(self._size)

    def _price(self, text: str) -> int:
        """Return a price in ticks. Raises DecimalError when it is off the tick or negative."""
        return _not_negative(self.instrument.price_ticks(text), text)

    def _size(self, text: str) -> int:
        """Return a size in quanta. Raises DecimalError when it is off the quantum or negative."""
        return _not_negative(self.instrument.size_quanta(text), text)

    def quote(self, price: str | None, size: str | None) -> tuple[int | None, int | None]:
        """Return the best level of one side, (None, None) where the venue shows an empty side.

        A venue writes an empty side as "", "0" or "0.00000000"; a size may be missing alone.
        """
        ticks = self.price(price) if price else 0
        if ticks == 0:
            return None, None
        return ticks, (self.size(size) if size else None)


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
