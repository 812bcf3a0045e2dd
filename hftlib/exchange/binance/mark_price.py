"""The mark price, index and funding rate of a perpetual, by Binance's published formulas.

    index    = the mid of the same assets' spot book
    basis    = mid - index, every 5 s, mean of the last 5 minutes
    price 1  = index * (1 + last funding rate * time until funding / 8 h)
    price 2  = index + mean basis
    mark     = median(price 1, price 2, last price)
    premium  = (max(0, bid - index) - max(0, index - ask)) / index, every 5 s
    rate     = P + clamp(0.01 % - P, -0.05 %, 0.05 %), P the premiums' mean since the last
               funding with weights 1, 2, 3 ...

The venue takes bid and ask for some size (impact prices); here they are the best levels. All
integers: prices in 1e-8 of the quote asset, rates in 1e-8.
"""

from collections import deque
from typing import Final, NamedTuple

from hftlib.core.decimals import to_text
from hftlib.exchange.book_feed import BookFeed

DECIMALS: Final = 8
UNIT: Final = 10**DECIMALS
INTEREST_RATE: Final = UNIT // 10_000
FUNDING_NS: Final = 8 * 3_600 * 1_000_000_000
_CLAMP: Final = 5 * INTEREST_RATE
_SAMPLE_NS: Final = 5_000_000_000
_SAMPLES: Final = 60
_FUNDINGS: Final = 1_000


class MarkPrice(NamedTuple):
    """Hold what is published of a perpetual: prices and rate in counts of 1e-8."""

    mark: int
    index_price: int
    rate: int
    next_funding_ns: int

    def texts(self) -> tuple[str, str, str]:
        """Return mark price, index price and funding rate as decimal text."""
        mark, index, rate = (
            to_text(one, DECIMALS) for one in (self.mark, self.index_price, self.rate)
        )
        return mark, index, rate


class Funding(NamedTuple):
    """Hold one funding: when it was, at which rate and mark price (counts of 1e-8)."""

    time_ns: int
    rate: int
    mark: int


class MarkPricing:
    """Follow one perpetual and its index."""

    def __init__(self, perpetual: BookFeed, spot: BookFeed | None) -> None:
        """Mark `perpetual`; without a spot book it is its own index."""
        self._perpetual = perpetual
        self._index = spot if spot is not None else perpetual
        self._bases: deque[int] = deque(maxlen=_SAMPLES)
        self._sample = -1
        self._funding = -1
        self._premiums = 0
        self._weights = 0
        self._count = 0
        self._last_rate = INTEREST_RATE
        self._mark = 0
        self.fundings: deque[Funding] = deque(maxlen=_FUNDINGS)

    def at(self, now_ns: int) -> MarkPrice:
        """Return what is published at `now_ns`; samples are taken on the way."""
        index, mid = _mid(self._index), _mid(self._perpetual)
        self._fund(now_ns)
        if now_ns // _SAMPLE_NS != self._sample:
            self._sample = now_ns // _SAMPLE_NS
            self._take_sample(index, mid)
        next_ns = (now_ns // FUNDING_NS + 1) * FUNDING_NS
        first = index + index * self._last_rate // UNIT * (next_ns - now_ns) // FUNDING_NS
        second = index + sum(self._bases) // len(self._bases)
        last = _units(self._perpetual, self._perpetual.data.last_ticks)
        self._mark = sorted((first, second, last))[1]
        return MarkPrice(self._mark, index, self._rate(), next_ns)

    def _fund(self, now_ns: int) -> None:
        """Let the rate of the period that is over be the last one, and begin anew."""
        period = now_ns // FUNDING_NS
        if period == self._funding:
            return
        if self._count:
            self._last_rate = self._rate()
            self.fundings.append(Funding(period * FUNDING_NS, self._last_rate, self._mark))
        self._funding, self._premiums, self._weights, self._count = period, 0, 0, 0

    def _take_sample(self, index: int, mid: int) -> None:
        self._bases.append(mid - index)
        book = self._perpetual.book
        bid, ask = (
            index if best is None else _units(self._perpetual, best[0])
            for best in (book.best_bid, book.best_ask)
        )
        premium = (max(0, bid - index) - max(0, index - ask)) * UNIT // index
        self._count += 1
        self._premiums += self._count * premium
        self._weights += self._count

    def _rate(self) -> int:
        premium = self._premiums // self._weights if self._weights else 0
        return premium + min(max(INTEREST_RATE - premium, -_CLAMP), _CLAMP)


def _units(feed: BookFeed, ticks: int) -> int:
    instrument = feed.listing.instrument
    return int(ticks * instrument.tick_units * 10 ** (DECIMALS - instrument.price_decimals))


def _mid(feed: BookFeed) -> int:
    """Return the mid, or the last price where a side is empty."""
    bid, ask = feed.book.best_bid, feed.book.best_ask
    if bid is None or ask is None:
        return _units(feed, feed.data.last_ticks)
    return _units(feed, bid[0] + ask[0]) // 2
