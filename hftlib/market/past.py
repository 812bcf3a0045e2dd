"""The seven days before a market opens: seeded one-minute candles, so that charts have a history.

SIMULATED, as all of the market. Integers throughout, so that one seed gives the same past on any
machine: chance is SplitMix64 (Steele, Lea, Flood 2014) over a counter, a normal number the sum of
twelve uniform ones (Irwin-Hall), a price the opening price and a walk of the asset backwards from
it. Venues that trade the same asset walk together.
"""

import hashlib
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hftlib.core.venue import COINBASE
from hftlib.market.listings import Listing

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]

MINUTE_NS: Final = 60_000_000_000
MINUTES: Final = 7 * 24 * 60
_NORMAL_UNIT: Final = 2**16
_SHARE_UNIT: Final = 2**32
_HOURS: Final = MINUTES // 60


class PastCandles(NamedTuple):
    """Hold the columns of one-minute candles, oldest first, all int64 of one length.

    Prices in ticks, `lots` and `taker_lots` in lots (taker: those that buyers took), `cash` and
    `taker_cash` ticks times lots. `minutes` counts minutes since 1970.
    """

    minutes: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    lots: Ints
    cash: Ints
    trades: Ints
    taker_lots: Ints
    taker_cash: Ints


class _Habit(NamedTuple):
    """Say how an asset moved: a minute's deviation as a share of the price, and its turnover."""

    deviation: int
    notional: int


_HABITS: Final = {
    "BTC": _Habit(_SHARE_UNIT * 5 // 10_000, 700_000),
    "ETH": _Habit(_SHARE_UNIT * 6 // 10_000, 400_000),
    "SOL": _Habit(_SHARE_UNIT * 8 // 10_000, 120_000),
    "BNB": _Habit(_SHARE_UNIT * 5 // 10_000, 60_000),
    "ADA": _Habit(_SHARE_UNIT * 9 // 10_000, 25_000),
    "USDT": _Habit(_SHARE_UNIT // 200_000, 30_000),
}
"""Round figures of the kind: the deviation of a minute, and its turnover in the quote asset."""


def past_of(listing: Listing, seed: int, now_ns: int) -> PastCandles:
    """Return the week up to the minute before `now_ns`; the last close is the opening price."""
    habit = _HABITS[listing.instrument.base]
    asset, book = listing.instrument.base, f"{listing.venue}/{listing.symbol}"
    activity = _activity(seed, asset)
    close = _closes(listing.opening_ticks, _walk(seed, asset, habit.deviation, activity))
    opened = np.concatenate((close[:1], close[:-1]))
    reach = _reaches(seed, book, habit.deviation, activity, listing.opening_ticks)
    high, low = np.maximum(opened, close) + reach[0], np.minimum(opened, close) - reach[1]
    trades, lots, taker = _volumes(listing, habit, seed, book, activity)
    cash, taker_cash = _cash((opened, high, low, close), lots, taker)
    last = now_ns // MINUTE_NS
    minutes = np.arange(last - MINUTES, last, dtype=np.int64)
    columns = (opened, high, np.maximum(low, 1), close, lots, cash, trades, taker, taker_cash)
    return PastCandles(minutes, *(np.ascontiguousarray(column, np.int64) for column in columns))


def _words(seed: int, purpose: str, count: int) -> Words:
    """Return `count` random words that belong to a seed and a purpose."""
    digest = hashlib.blake2b(f"{seed} {purpose}".encode(), digest_size=8).digest()
    state = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed = state + np.uint64(int.from_bytes(digest, "little"))
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _below(seed: int, purpose: str, count: int, limit: int) -> Ints:
    """Return integers from 0 to limit - 1 (limit up to 2**31)."""
    words = _words(seed, purpose, count) >> np.uint64(32)
    return ((words * np.uint64(limit)) >> np.uint64(32)).astype(np.int64)


def _normals(seed: int, purpose: str, count: int) -> Ints:
    """Return standard normal numbers as counts of 2**-16."""
    pieces = _words(seed, purpose, count * 3).view(np.uint16).reshape(count, 12)
    totals: Ints = pieces.astype(np.int64).sum(axis=1)
    return totals - 6 * (_NORMAL_UNIT - 1)


def _activity(seed: int, asset: str) -> Ints:
    """Return how busy each minute was, in hundredths: hours differ, and so do their minutes."""
    hours = 40 + _below(seed, f"{asset} hours", _HOURS + 1, 130)
    at = np.arange(MINUTES, dtype=np.int64)
    hour, within = at // 60, at % 60
    return (hours[hour] * (60 - within) + hours[hour + 1] * within) // 60


def _walk(seed: int, asset: str, deviation: int, activity: Ints) -> Ints:
    """Return each minute's distance from the end of the walk, as counts of 2**-32 of the price."""
    steps = _normals(seed, f"{asset} steps", MINUTES) * deviation // _NORMAL_UNIT * activity // 100
    later: Ints = np.cumsum(steps[::-1])[::-1]
    return later - steps


def _closes(opening_ticks: int, distance: Ints) -> Ints:
    share = np.maximum(_SHARE_UNIT - distance, _SHARE_UNIT // 8)
    # In two parts: a price times 2**32 might not fit 63 bits.
    whole, part = share >> 16, share & (_NORMAL_UNIT - 1)
    return (opening_ticks * whole + (opening_ticks * part >> 16)) >> 16


def _reaches(seed: int, book: str, deviation: int, activity: Ints, ticks: int) -> tuple[Ints, Ints]:
    """Return how far beyond open and close each minute's high and low lie, in ticks."""
    typical = ticks * deviation // 2 // (_SHARE_UNIT // 1_000)
    high, low = (
        np.abs(_normals(seed, f"{book} {side}", MINUTES)) * activity // 100 for side in ("h", "l")
    )
    return high * typical // 1_000 // _NORMAL_UNIT, low * typical // 1_000 // _NORMAL_UNIT


def _volumes(
    listing: Listing, habit: _Habit, seed: int, book: str, activity: Ints
) -> tuple[Ints, Ints, Ints]:
    """Return each minute's trades, lots, and the lots that buyers took."""
    instrument = listing.instrument
    unit = 10**listing.cash_decimals
    lots_a_minute = habit.notional * unit // (listing.opening_ticks * listing.cash_unit)
    if listing.venue == COINBASE:
        lots_a_minute //= 3
    busy = activity * (20 + _below(seed, f"{book} lots", MINUTES, 160))
    lots = np.maximum(lots_a_minute * busy // 10_000, 1)
    typical = max(habit.notional // 700, 1)
    trades = 1 + typical * activity * (50 + _below(seed, f"{book} trades", MINUTES, 100)) // 10_000
    share = 30 + _below(seed, f"{instrument.base} takers", MINUTES, 41)
    return np.minimum(trades, lots), lots, lots * share // 100


def _cash(prices: tuple[Ints, Ints, Ints, Ints], lots: Ints, taker: Ints) -> tuple[Ints, Ints]:
    """Return the cash of all lots and of the takers', at a price within each minute's reach."""
    opened, high, low, close = prices
    mean = (opened + high + np.maximum(low, 1) + close) // 4
    return mean * lots, mean * taker
