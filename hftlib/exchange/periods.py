"""The periods of candles: where one begins and where it ends, in any time zone."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hftlib.exchange.layout import MINUTE_NS, SECOND_NS

Ints = NDArray[np.int64]

_HOUR_NS: Final = 60 * MINUTE_NS
_DAY_NS: Final = 24 * _HOUR_NS
_MONDAY_NS: Final = 4 * _DAY_NS
_LONGEST_MONTH: Final = 31 * _DAY_NS


class Period(NamedTuple):
    """Describe a candle's width; weeks begin on Monday, months on their first day.

    A period without a width is a calendar month.
    """

    width_ns: int
    anchor_ns: int = 0

    @property
    def longest_ns(self) -> int:
        """Return the width, or the longest month's."""
        return self.width_ns or _LONGEST_MONTH

    def opens(self, times_ns: Ints, offset_ns: int = 0) -> Ints:
        """Return where the period of each time begins; `offset_ns` is the zone's, east positive."""
        if not self.width_ns:
            months = (times_ns + offset_ns).astype("datetime64[ns]").astype("datetime64[M]")
            return months.astype("datetime64[ns]").astype(np.int64) - offset_ns
        shift = offset_ns - self.anchor_ns
        return (times_ns + shift) // self.width_ns * self.width_ns - shift

    def open_of(self, time_ns: int, offset_ns: int = 0) -> int:
        """Return where the period of a time begins."""
        return int(self.opens(np.array([time_ns], np.int64), offset_ns)[0])

    def end_of(self, open_ns: int, offset_ns: int = 0) -> int:
        """Return where the period that begins at `open_ns` ends: the next one's beginning."""
        if self.width_ns:
            return open_ns + self.width_ns
        return self.open_of(open_ns + _LONGEST_MONTH + _DAY_NS, offset_ns)


SECOND: Final = Period(SECOND_NS)
INTERVALS: Final = {
    "1s": SECOND,
    "1m": Period(MINUTE_NS),
    "3m": Period(3 * MINUTE_NS),
    "5m": Period(5 * MINUTE_NS),
    "15m": Period(15 * MINUTE_NS),
    "30m": Period(30 * MINUTE_NS),
    "1h": Period(_HOUR_NS),
    "2h": Period(2 * _HOUR_NS),
    "4h": Period(4 * _HOUR_NS),
    "6h": Period(6 * _HOUR_NS),
    "8h": Period(8 * _HOUR_NS),
    "12h": Period(12 * _HOUR_NS),
    "1d": Period(_DAY_NS),
    "3d": Period(3 * _DAY_NS),
    "1w": Period(7 * _DAY_NS, _MONDAY_NS),
    "1M": Period(0),
}
"""Binance's names of them."""


def period_of(seconds: int) -> Period:
    """Return the period of a number of seconds (Coinbase's granularities)."""
    return Period(seconds * SECOND_NS)
