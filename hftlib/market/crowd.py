"""The crowd: all agents of the market in two flat arrays, and the compiled loop that lets them act.

Python lays the arrays out, turns the dials that scenarios turn, and opens and closes books; what
agents do in between is `agents.advance_kernel`.
"""

import hashlib
import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from hftlib.core.compiled import direct
from hftlib.core.venue import BINANCE, BINANCE_USDM, COINBASE
from hftlib.market.agents import layout as at
from hftlib.market.agents.advance_kernel import run_lanes, set_open
from hftlib.market.agents.chance_kernel import LARGEST_STATE
from hftlib.market.habits import (
    ASSETS,
    CLASSES,
    REFERENCE_PRICE,
    TAKER_UNITS,
    TAKERS_PER_SECOND,
    TINY_UNITS,
    TOLERANCE_BPS,
    Scale,
    scale_of,
)
from hftlib.market.listings import Listing

_DOLLAR: Final = "USD"
_LANES_OF_BOOK: Final = (
    at.LANE_MAKERS,
    at.LANE_TAKERS,
    at.LANE_SPOOFER,
    at.LANE_WORKER,
)
_NEUTRAL_DIALS: Final = (
    (at.DIAL_ACTIVITY, 1.0),
    (at.DIAL_DEPTH, 1.0),
    (at.DIAL_TOLERANCE, 1.0),
    (at.DIAL_TAKERS, 1.0),
)


class Crowd:
    """Hold the agents' arrays beside those of the books."""

    def __init__(
        self, seed: int, start_ns: int, listings: Sequence[Listing], books: at.Ints, room: int
    ) -> None:
        """Lay out agents for `listings`, whose books stand in `books`, `room` ints each."""
        self.listings = tuple(listings)
        self.assets = tuple(
            name for name in ASSETS if any(one.instrument.base == name for one in listings)
        )
        slots = sum(2 * _side_slots(one) for one in listings)
        self.ints: at.Ints = np.zeros(at.SLOT_ROOM + 3 * slots, np.int64)
        self.floats: at.Floats = np.zeros(at.FLOATS_SIZE, np.float64)
        self._books = books
        self._run = direct(run_lanes)
        self._set_open = direct(set_open)
        self.ints[at.NOW] = start_ns
        self.ints[at.BOOKS], self.ints[at.ASSETS] = len(listings), len(self.assets)
        self._lay_assets()
        self._lay_books(room, start_ns)
        self._lay_lanes(seed, start_ns)

    def advance(self, until_ns: int) -> bool:
        """Let agents act up to a time; False when a log wants to be drained first."""
        return self._run(self.ints, self.floats, self._books, until_ns) == at.REACHED

    def set_open(self, book: int, is_open: bool) -> None:
        """Quote a book that opens, or withdraw its makers from one that closes."""
        self._set_open(self.ints, self.floats, self._books, book, int(is_open))

    def digest(self) -> str:
        """Return a hash of everything the agents know."""
        whole = hashlib.sha256(self.ints.tobytes())
        whole.update(self.floats.tobytes())
        return whole.hexdigest()

    def add_jump(self, asset: int, bps: float, over_s: float) -> None:
        """Let an asset's value jump by `bps`, most of it within `over_s` seconds."""
        self.floats[self.asset_place(asset, at.PENDING)] += bps
        self.floats[self.asset_place(asset, at.RELEASE_SECONDS)] = max(over_s, 0.01)

    def asset_place(self, asset: int, place: int) -> int:
        """Return where a named place of an asset stands in the floats."""
        return at.ASSET_FLOATS + asset * at.ASSET_STRIDE + place

    def book_place(self, book: int, place: int) -> int:
        """Return where a named place of a book stands in the floats."""
        return at.BOOK_FLOATS + book * at.BOOK_FLOATS_STRIDE + place

    def _lay_assets(self) -> None:
        for index, name in enumerate(self.assets):
            habits = ASSETS[name]
            listing = next(one for one in self.listings if one.instrument.base == name)
            value = float(listing.opening_price)
            block = at.ASSET_FLOATS + index * at.ASSET_STRIDE
            for place, number in (
                (at.VALUE, value),
                (at.SIGMA_BPS, habits.sigma_bps),
                (at.BETA, habits.beta),
                (at.JUMPS_PER_SECOND, habits.jumps_per_second),
                (at.JUMP_BPS, habits.jump_bps),
                (at.PEG, value),
                (at.PEG_SECONDS, habits.peg_seconds),
                (at.RELEASE_SECONDS, 1.0),
                (at.MOOD_FAST_SPREAD, habits.fast_spread),
                (at.MOOD_SLOW_SPREAD, habits.slow_spread),
                (at.DIAL_VOLATILITY, 1.0),
                (at.DIAL_PULL, 1.0),
            ):
                self.floats[block + place] = number
            self.floats[at.RING + index * at.RING_SIZE] = value

    def _lay_books(self, room: int, start_ns: int) -> None:
        slots_at = at.SLOT_ROOM
        for index, listing in enumerate(self.listings):
            block = at.BOOK_INTS + index * at.BOOK_INTS_STRIDE
            instrument = listing.instrument
            quote = at.NO_ASSET
            if instrument.quote != _DOLLAR and instrument.quote in self.assets:
                quote = self.assets.index(instrument.quote)
            least = float(instrument.minimum_notional) / _dollars_per_lot(listing)
            for place, number in (
                (at.STATE_FROM, index * room),
                (at.STATE_TO, (index + 1) * room),
                (at.ASSET, self.assets.index(instrument.base)),
                (at.QUOTE, quote),
                (at.SLOTS_AT, slots_at),
                (at.SIDE_SLOTS, _side_slots(listing)),
                (at.LEAST_LOTS, max(1, math.ceil(1.1 * least))),
                (at.SEEN_NS, start_ns),
                (at.TAKEN_NS, start_ns),
                (at.TREND_NS, start_ns),
            ):
                self.ints[block + place] = number
            ends = np.cumsum([_slots(listing, number) for number in range(len(CLASSES))])
            self.ints[block + at.CLASS_END : block + at.CLASS_END + at.CLASSES] = ends
            self._lay_habits(index, listing)
            slots_at += 6 * _side_slots(listing)

    def _lay_habits(self, index: int, listing: Listing) -> None:
        scale = scale_of(listing)
        lots = REFERENCE_PRICE * scale.notional / _dollars_per_lot(listing)
        block = at.BOOK_FLOATS + index * at.BOOK_FLOATS_STRIDE
        for place, number in (*_habits(listing, scale, lots), *_NEUTRAL_DIALS):
            self.floats[block + place] = number
        for number, one in enumerate(CLASSES):
            self.floats[block + at.CLASS_RATE + number] = one.renewals * scale.activity
            self.floats[block + at.CLASS_NEAREST + number] = one.nearest_bps * scale.width
            self.floats[block + at.CLASS_FARTHEST + number] = min(
                one.farthest_bps * scale.width, 9_000.0
            )
            self.floats[block + at.CLASS_LOTS + number] = one.units * lots

    def _lay_lanes(self, seed: int, start_ns: int) -> None:
        lanes = [(at.LANE_VALUES, 0)]
        lanes += [(kind, book) for kind in _LANES_OF_BOOK for book in range(len(self.listings))]
        lanes += [(at.LANE_ARBITRAGE, pair) for pair in range(self._lay_pairs())]
        self.ints[at.LANES] = len(lanes)
        for lane, (kind, subject) in enumerate(lanes):
            self.ints[at.LANE_KIND + lane] = kind
            self.ints[at.LANE_SUBJECT + lane] = subject
            self.ints[at.LANE_NEXT + lane] = start_ns + 1_000 * (lane + 1)
            self.ints[at.LANE_CHANCE + lane] = seed_of_lane(seed, kind, self._name(kind, subject))

    def _name(self, kind: int, subject: int) -> str:
        """Return a name that a lane keeps whatever else is listed."""
        if kind == at.LANE_VALUES:
            return "values"
        if kind == at.LANE_ARBITRAGE:
            block = at.PAIR_INTS + subject * at.PAIR_INTS_STRIDE
            subject = int(self.ints[block + at.PAIR_CHEAP])
        return f"{self.listings[subject].venue}/{self.listings[subject].symbol}"

    def _lay_pairs(self) -> int:
        """Let arbitrageurs watch each asset that two spot venues trade; return their count."""
        pairs = [
            (here, there)
            for here, one in enumerate(self.listings)
            for there, other in enumerate(self.listings)
            if one.venue == BINANCE
            and other.venue == COINBASE
            and one.instrument.base == other.instrument.base
        ]
        for pair, (here, there) in enumerate(pairs):
            block = at.PAIR_INTS + pair * at.PAIR_INTS_STRIDE
            self.ints[block + at.PAIR_CHEAP], self.ints[block + at.PAIR_DEAR] = here, there
            block = at.PAIR_FLOATS + pair * at.PAIR_FLOATS_STRIDE
            price = float(self.listings[here].opening_price)
            notional = 30_000.0 * scale_of(self.listings[there]).notional
            self.floats[block : block + at.PAIR_FLOATS_STRIDE] = (2.5, 0.03, 20.0, notional / price)
        return len(pairs)


def seed_of_lane(seed: int, kind: int, name: str) -> int:
    """Return the state from which a lane's generator begins; no two lanes share theirs."""
    digest = hashlib.sha256(f"{seed}/{kind}/{name}".encode()).digest()
    return 1 + int.from_bytes(digest[:8], "big") % (LARGEST_STATE - 1)


def _dollars_per_lot(listing: Listing) -> float:
    return float(listing.opening_price) * float(listing.instrument.lot)


def _slots(listing: Listing, number: int) -> int:
    slots = CLASSES[number].slots
    return slots if number == 0 else max(1, round(slots * scale_of(listing).slots))


def _side_slots(listing: Listing) -> int:
    return sum(_slots(listing, number) for number in range(len(CLASSES)))


def _habits(listing: Listing, scale: Scale, lots: float) -> tuple[tuple[int, float], ...]:
    """Return the places and numbers of a book; `lots` is what one unit of BTC is worth in lots."""
    rate = sum(one.renewals for one in CLASSES) * scale.activity
    takers = TAKERS_PER_SECOND * scale.activity
    quiet = 0.02 if listing.venue == BINANCE_USDM else 0.15
    return (
        (at.TICKS_PER_UNIT, 1.0 / float(listing.instrument.price_increment)),
        (at.LOTS_PER_UNIT, 10.0**listing.lot_decimals),
        (at.DELAY_S, scale.delay_s),
        (at.TOLERANCE_BPS, TOLERANCE_BPS * scale.width * scale.caution),
        (at.VIEW_SPREAD_BPS, quiet * scale.width),
        (at.BASIS_BPS, scale.basis_bps),
        (at.BASIS_MEAN_BPS, scale.basis_bps),
        (at.BASIS_SPREAD_BPS, scale.basis_spread_bps),
        (at.BASIS_SECONDS, 5.0),
        (at.SKEW_BPS, 8.0 * scale.width),
        (at.SKEW_LOTS, 100.0 * lots),
        (at.INVENTORY_SECONDS, 20.0),
        (at.IMPACT_BPS, 0.045 * scale.width / lots),
        (at.TAKERS_PER_SECOND, takers),
        (at.TAKER_BOUND, takers),
        (at.EXCITEMENT, 0.6),
        (at.EXCITED_SECONDS, 0.2),
        (at.TAKER_LOTS, TAKER_UNITS * lots),
        (at.TAKER_SPREAD, 2.4),
        (at.CHILD_SPREAD, 1.3),
        (at.PARENT_TAIL, 1.85),
        (at.INFORMED_SHARE, 0.06),
        (at.MOMENTUM, 0.08),
        (at.TINY_SHARE, 0.75),
        (at.TINY_LOTS, TINY_UNITS * lots),
        (at.QUOTE_LOTS, CLASSES[0].units * lots),
        (at.QUOTE_SPREAD, 1.3),
        (at.BURST_S, 0.0005),
        (at.FOLLOW_S, 0.01),
        (at.TAKEN_SHARE, 0.03),
        (at.JOIN_SHARE, 0.75),
        (at.SIZE_SPREAD, 1.4),
        (at.WILLING, 1.0),
        (at.WILLING_SPREAD, 1.4),
        (at.STIR_STEP, 0.2),
        (at.CALM_SHARE, 0.5),
        (at.MAKER_RATE, rate),
    )
