"""Candles of one book: bars of 1 s to 1 h from its trades, the venue's own for what was before.

Prices are ticks, volumes quanta, stamps integer nanoseconds UTC. A trade belongs to the bar of its
event time, or of its receive time where the venue sends none. A bar without trades is not made up.
Memory is bounded: so many bars of each interval, the oldest go first.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from hftlib.core.decimals import decimals_of, to_text, to_units
from hftlib.core.events import Candle, Trade
from hftlib.core.instrument import Instrument
from hftlib.core.states import Side
from hftlib.features.admission import time_of

_SECOND: Final = 1_000_000_000
INTERVALS: Final[Mapping[str, int]] = {
    "1s": _SECOND,
    "1m": 60 * _SECOND,
    "5m": 300 * _SECOND,
    "15m": 900 * _SECOND,
    "1h": 3600 * _SECOND,
}
"""The intervals that are kept, with their lengths in ns."""

KEPT: Final[Mapping[str, int]] = {"1s": 900, "1m": 1_500, "5m": 1_000, "15m": 1_000, "1h": 1_000}
"""How many bars of each interval are kept."""

_WORDS: Final[Mapping[str, str]] = {
    **{name: name for name in INTERVALS},
    "ONE_MINUTE": "1m",
    "FIVE_MINUTE": "5m",
    "FIFTEEN_MINUTE": "15m",
    "ONE_HOUR": "1h",
    "60": "1m",
    "300": "5m",
    "900": "15m",
    "3600": "1h",
}
"""What venues call these intervals."""

_ROLLED: Final = "1m"
_NUMBERED: Final = ("binance", "coinbase")
"""Venues, by the beginning of their names, that number the trades of a symbol without a gap."""
_MOST_HOLES: Final = 256


def interval_of(words: str) -> str | None:
    """Return the interval that a venue calls so, None where it is not kept."""
    return _WORDS.get(words)


class Bar(msgspec.Struct, gc=False):
    """Hold one bar.

    `product` is the sum of ticks times quanta, `buy` the quanta that aggressive buyers took; these
    and `trades` are None where the venue's candle stands for trades that were not seen. A bar is
    not `complete` where trades of its time may have been missed: then its volume is what is known
    at least. `from_venue` says whose figures these are.
    """

    open_ns: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    product: int | None
    trades: int | None
    buy: int | None
    first_ts: int | None
    last_ts: int | None
    complete: bool
    from_venue: bool = False


class _TradeBar(Bar, gc=False):
    """Hold a bar of trades, of which everything is known."""

    product: int
    trades: int
    buy: int
    first_ts: int
    last_ts: int


class _Series:
    """Hold the bars of one interval, made of trades."""

    def __init__(self, length_ns: int, most: int) -> None:
        self.length_ns = length_ns
        self.bars: dict[int, _TradeBar] = {}
        self._most = most
        self._newest: _TradeBar | None = None
        self._end_ns = 0

    def merge(self, part: _TradeBar) -> None:
        """Add trades of one second to the bar of their time."""
        bar = self._newest
        if bar is None or not bar.open_ns <= part.open_ns < self._end_ns:
            bar = self._bar_at(part)
            if bar is None:
                return
        _merge(bar, part)

    def doubt(self, ts: int) -> None:
        """Note that trades around a time were missed."""
        bar = self.bars.get(ts - ts % self.length_ns)
        if bar is not None:
            bar.complete = False

    def _bar_at(self, part: _TradeBar) -> _TradeBar | None:
        """Return the bar of a time, a new one where there is none; None where it is too old."""
        open_ns = part.open_ns - part.open_ns % self.length_ns
        bar = self.bars.get(open_ns)
        if bar is not None:
            return bar
        if len(self.bars) >= self._most:
            oldest = next(iter(self.bars))
            if open_ns < oldest:
                return None
            del self.bars[oldest]
        bar = self.bars[open_ns] = _begun(open_ns, part.first_ts, part.open, complete=part.complete)
        if self._newest is not None and open_ns < self._newest.open_ns:
            self.bars = dict(sorted(self.bars.items()))
        else:
            self._newest, self._end_ns = bar, open_ns + self.length_ns
        return bar


class _Numbers:
    """Know which trades were counted, from the numbers of a venue that leaves none out."""

    def __init__(self) -> None:
        self._first: int | None = None
        self._last = 0
        self._holes: list[tuple[int, int]] = []

    def goes_on(self, number: int) -> bool:
        """Note a trade of the stream where it follows the last one; say whether it does."""
        if number != self._last + 1 or self._first is None:
            return False
        self._last = number
        return True

    def repeats(self, number: int) -> bool:
        """Say whether a trade of the stream was counted; two connections may both bring it."""
        return self._first is not None and number <= self._last and not self.lacks(number)

    def skips(self, number: int) -> bool:
        """Note a trade of the stream; say whether others before it were skipped."""
        if self._first is None:
            self._first = self._last = number
            return False
        skipped = number > self._last + 1
        if skipped:
            self._holes = [*self._holes[1 - _MOST_HOLES :], (self._last + 1, number - 1)]
        self._last = max(self._last, number)
        return skipped

    def lacks(self, number: int) -> bool:
        """Note a trade of the past; say whether it was not counted before."""
        if self._first is None or number > self._last:
            self._first = number if self._first is None else self._first
            self._last = number
            return True
        if number < self._first:
            if number + 1 < self._first:
                self._holes.append((number + 1, self._first - 1))
            self._first = number
            return True
        for place, (first, last) in enumerate(self._holes):
            if first <= number <= last:
                parts = [(first, number - 1), (number + 1, last)]
                self._holes[place : place + 1] = [one for one in parts if one[0] <= one[1]]
                return True
        return False


class Candles:
    """Make the bars of one book from its trades and from the candles that its venue sends."""

    def __init__(self, venue: str) -> None:
        """Begin with nothing seen."""
        self._series = {name: _Series(length, KEPT[name]) for name, length in INTERVALS.items()}
        self._all = tuple(self._series.values())
        self._told: dict[str, dict[int, Candle]] = {}
        self._numbers = _Numbers() if venue.startswith(_NUMBERED) else None
        self._last_ts: int | None = None
        self._is_first = True
        # Trades of one second that are in no series yet: one bar to change for a trade, not five.
        self._part: _TradeBar | None = None
        self._part_end_ns = 0

    def add_trade(self, trade: Trade) -> None:
        """Count a trade of the stream: each one once."""
        ts = time_of(trade)
        numbers, number = self._numbers, trade.trade_id
        if numbers is not None and not numbers.goes_on(number):
            if numbers.repeats(number):
                return
            if numbers.skips(number):
                self._doubt(ts)
        part = self._part
        if part is None or not part.open_ns <= ts < self._part_end_ns:
            part = self._next_part(ts, trade.price_ticks, not self._is_first)
            self._is_first = False
        _add(part, ts, trade)
        self._last_ts = ts if self._last_ts is None else max(ts, self._last_ts)

    def add_past(self, trade: Trade) -> None:
        """Count a trade of the past, unless the stream has brought it."""
        if self._numbers is not None and not self._numbers.lacks(trade.trade_id):
            return
        ts = time_of(trade)
        _add(self._next_part(ts, trade.price_ticks, False), ts, trade)
        self._settle()

    def add_candle(self, candle: Candle) -> None:
        """Keep a candle of the venue's, a newer one of the same time in place of its elder."""
        name = interval_of(candle.interval)
        if name is None or not candle.volume_quanta:
            return
        told = self._told.setdefault(name, {})
        told[candle.open_ns] = candle
        if len(told) > KEPT[name]:
            del told[min(told)]

    def interrupt(self, ts: int) -> None:
        """Note that the stream broke off; where trades are numbered, the next one tells more."""
        if self._numbers is None:
            self._doubt(ts)

    def _doubt(self, until_ns: int) -> None:
        """Note that trades between the last one and a time may have been missed."""
        self._settle()
        for series in self._all:
            if self._last_ts is not None:
                series.doubt(self._last_ts)
            series.doubt(until_ns)
        self._is_first = True

    def bars(self, interval: str, limit: int) -> list[Bar]:
        """Return the last `limit` bars of an interval, oldest first.

        A complete bar of trades stands; else the venue's closed candle does; else, from 5 m on,
        what the minutes make; else what is known of both. Raises KeyError for another interval.
        """
        self._settle()
        own, told = self._series[interval].bars, self._told.get(interval, {})
        length = INTERVALS[interval]
        rolled: dict[int, Bar] = {}
        if length > INTERVALS[_ROLLED]:
            rolled = _roll(self.bars(_ROLLED, KEPT[_ROLLED]), length)
        opens = sorted(own.keys() | told.keys() | rolled.keys())[-limit:]
        return [_choose(own.get(at), told.get(at), rolled.get(at)) for at in opens]

    def _next_part(self, ts: int, ticks: int, complete: bool) -> _TradeBar:
        """Begin to gather the trades of another second."""
        self._settle()
        open_ns = ts - ts % _SECOND
        self._part_end_ns = open_ns + _SECOND
        self._part = _begun(open_ns, ts, ticks, complete=complete)
        return self._part

    def _settle(self) -> None:
        """Put the trades gathered into the bars of every interval."""
        part, self._part = self._part, None
        if part is not None:
            for series in self._all:
                series.merge(part)


def quote_text(instrument: Instrument, volume: int, product: int) -> str:
    """Return what was traded in quote units, exact: contracts count by their multiplier."""
    decimals = decimals_of(instrument.multiplier)
    each = to_units(instrument.multiplier, decimals)
    decimals += instrument.size_decimals
    if instrument.inverse:
        return to_text(volume * each, decimals, pad=False)
    units = product * instrument.tick_units * each
    return to_text(units, decimals + instrument.price_decimals, pad=False)


def _begun(open_ns: int, ts: int, ticks: int, *, complete: bool) -> _TradeBar:
    """Return a bar without volume whose first trade is at `ts`."""
    return _TradeBar(
        open_ns=open_ns,
        open=ticks,
        high=ticks,
        low=ticks,
        close=ticks,
        volume=0,
        product=0,
        trades=0,
        buy=0,
        first_ts=ts,
        last_ts=ts,
        complete=complete,
    )


def _add(bar: _TradeBar, ts: int, trade: Trade) -> None:
    ticks, quanta = trade.price_ticks, trade.size_quanta
    if ts < bar.first_ts:
        bar.first_ts, bar.open = ts, ticks
    if ts >= bar.last_ts:
        bar.last_ts, bar.close = ts, ticks
    if ticks > bar.high:
        bar.high = ticks
    elif ticks < bar.low:
        bar.low = ticks
    bar.volume += quanta
    bar.product += ticks * quanta
    if trade.side is Side.BUY:
        bar.buy += quanta
    bar.trades += 1


def _merge(bar: _TradeBar, part: _TradeBar) -> None:
    if part.first_ts < bar.first_ts:
        bar.first_ts, bar.open = part.first_ts, part.open
    if part.last_ts >= bar.last_ts:
        bar.last_ts, bar.close = part.last_ts, part.close
    bar.high = max(bar.high, part.high)
    bar.low = min(bar.low, part.low)
    bar.volume += part.volume
    bar.product += part.product
    bar.buy += part.buy
    bar.trades += part.trades


def _choose(own: Bar | None, told: Candle | None, rolled: Bar | None) -> Bar:
    """Return the bar that says most of what is certain."""
    if own is not None and own.complete:
        return own
    if told is not None and told.closed:
        return _of_venue(told)
    if rolled is not None and (rolled.complete or (own is None and told is None)):
        return rolled
    known = [] if own is None else [own]
    if rolled is not None and rolled.from_venue:
        known.append(rolled)
    if told is not None:
        known.append(_of_venue(told))
    return _join(known)


def _of_venue(candle: Candle) -> Bar:
    return Bar(
        candle.open_ns,
        candle.open_ticks,
        candle.high_ticks,
        candle.low_ticks,
        candle.close_ticks,
        candle.volume_quanta,
        None,
        None,
        None,
        None,
        None,
        candle.closed,
        from_venue=True,
    )


def _join(bars: list[Bar]) -> Bar:
    """Return what several incomplete bars of the same time know together.

    The venue's began with the bar, so its opening price stands; the trades seen came last.
    """
    if len(bars) == 1:
        return bars[0]
    earliest, latest = bars[-1], bars[0]
    return Bar(
        latest.open_ns,
        earliest.open,
        max(bar.high for bar in bars),
        min(bar.low for bar in bars),
        latest.close,
        max(bar.volume for bar in bars),
        None,
        None,
        None,
        latest.first_ts,
        latest.last_ts,
        complete=False,
        from_venue=True,
    )


def _roll(minutes: list[Bar], length: int) -> dict[int, Bar]:
    """Return longer bars made of minutes; the first is complete only where its minutes begin it."""
    groups: dict[int, list[Bar]] = {}
    for bar in minutes:
        groups.setdefault(bar.open_ns - bar.open_ns % length, []).append(bar)
    made = {open_ns: _sum(open_ns, bars) for open_ns, bars in groups.items()}
    if minutes:
        first = made[minutes[0].open_ns - minutes[0].open_ns % length]
        first.complete &= minutes[0].open_ns == first.open_ns
    return made


def _sum(open_ns: int, bars: list[Bar]) -> Bar:
    return Bar(
        open_ns,
        bars[0].open,
        max(bar.high for bar in bars),
        min(bar.low for bar in bars),
        bars[-1].close,
        sum(bar.volume for bar in bars),
        _total(bar.product for bar in bars),
        _total(bar.trades for bar in bars),
        _total(bar.buy for bar in bars),
        bars[0].first_ts,
        bars[-1].last_ts,
        all(bar.complete for bar in bars),
        from_venue=any(bar.from_venue for bar in bars),
    )


def _total(figures: Iterator[int | None]) -> int | None:
    """Return a sum, None where one figure is not known."""
    total = 0
    for figure in figures:
        if figure is None:
            return None
        total += figure
    return total
