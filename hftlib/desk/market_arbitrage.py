"""Whether money lies on the floor: episodes in which two venues' books pay more than all fees."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from hftlib.desk.market_record import MILLISECOND, SECOND, BookRecord, Floats


class FeePreset(NamedTuple):
    """Name what a taker pays, in bps: on the first venue, on the second, and to convert."""

    name: str
    first_bps: float
    second_bps: float
    conversion_bps: float


RETAIL: Final = FeePreset("retail", 10.0, 60.0, 0.1)
"""The lowest tiers: Binance spot 0.100 %, Coinbase Exchange 0.60 %, its stable pairs 0.001 %."""
LOW_FEE: Final = FeePreset("low-fee", 1.0, 1.0, 0.1)
"""A market maker's tier: 1 bp on both venues."""
PRESETS: Final = (RETAIL, LOW_FEE)
LASTING_NS: Final = 100 * MILLISECOND
"""An episode that lasts this long can be met by an order from afar."""


class Episode(msgspec.Struct, frozen=True):
    """Hold one span of time in which a round trip nets more than nothing; `best_bps` at its best.

    `buys_first` says that the base is bought on the first venue and sold on the second.
    """

    begin_ns: int
    end_ns: int
    buys_first: bool
    best_bps: float


class ArbitrageReport(msgspec.Struct, frozen=True):
    """Report the episodes of one tape at one preset; `lasting` are those of 100 ms or more.

    `best_bps` is the best net result seen at any time, below 0 where none ever paid.
    """

    origin: str
    preset: str
    seconds: float
    episodes: int
    lasting: int
    per_10_min: float
    longest_s: float
    best_bps: float


def net_bps(
    first: Floats, second: Floats, conversion: Floats, fees: FeePreset
) -> tuple[Floats, Floats]:
    """Return what two round trips net, in bps of what is paid: (buy first, buy second).

    Each is (n, 2), bid and ask in the book's quote currency, one row per time: the first venue
    quotes in the conversion book's base (USDT), the second in its quote (USD). A buyer pays the
    ask, a seller gets the bid, here too: dollars become USDT at the ask of the conversion book,
    USDT become dollars at its bid. Taker fees are taken from what each of three trades pays out.
    """
    kept = 1.0
    for fee in (fees.first_bps, fees.second_bps, fees.conversion_bps):
        kept *= 1 - fee / 1e4
    buy_first = second[:, 0] / (first[:, 1] * conversion[:, 1])
    buy_second = first[:, 0] * conversion[:, 0] / second[:, 1]
    return (buy_first * kept - 1) * 1e4, (buy_second * kept - 1) * 1e4


def episodes_of(
    first: BookRecord, second: BookRecord, conversion: BookRecord, fees: FeePreset
) -> tuple[list[Episode], float]:
    """Return the episodes in which a round trip nets more than nothing, and the best net in bps.

    Books are read as they stood on the receiver's clock, from the first time at which all three
    are known; a book that is not told of any more stands as it was told last.
    """
    books = (first, second, conversion)
    begin, end = _span(books)
    stamps = np.unique(np.concatenate([book.tops[:, 0] for book in books]))
    stamps = stamps[(stamps >= begin) & (stamps < end)]
    nets = net_bps(
        _quotes(first, stamps), _quotes(second, stamps), _quotes(conversion, stamps), fees
    )
    edges = np.append(stamps, end)
    found = [
        Episode(int(edges[start]), int(edges[stop]), buys_first, float(net[start:stop].max()))
        for net, buys_first in zip(nets, (True, False), strict=True)
        for start, stop in _runs(net > 0)
    ]
    found.sort(key=lambda one: (one.begin_ns, one.buys_first))
    return found, float(max(net.max() for net in nets))


def _span(books: Sequence[BookRecord]) -> tuple[int, int]:
    return max(int(book.tops[0, 0]) for book in books), max(book.end_ns for book in books)


def _quotes(book: BookRecord, stamps: NDArray[np.int64]) -> Floats:
    """Return the best bid and ask at each time, in quote units."""
    places = np.searchsorted(book.tops[:, 0], stamps, side="right") - 1
    return np.asarray(book.tops[places][:, [1, 3]] * book.tick_size, dtype=np.float64)


def _runs(holds: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return where each run of True begins, and the place behind its end."""
    steps = np.diff(np.concatenate(([0], holds.astype(np.int8), [0])))
    begins, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    return list(zip(begins.tolist(), ends.tolist(), strict=True))


def report_of(
    origin: str, books: tuple[BookRecord, BookRecord, BookRecord], fees: FeePreset
) -> ArbitrageReport:
    """Return the report of one tape: the books are first venue, second venue, conversion."""
    found, best = episodes_of(*books, fees)
    begin, end = _span(books)
    length = (end - begin) / SECOND
    return ArbitrageReport(
        origin=origin,
        preset=fees.name,
        seconds=length,
        episodes=len(found),
        lasting=sum(one.end_ns - one.begin_ns >= LASTING_NS for one in found),
        per_10_min=len(found) / length * 600,
        longest_s=max(((one.end_ns - one.begin_ns) / SECOND for one in found), default=0.0),
        best_bps=best,
    )
