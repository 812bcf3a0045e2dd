"""The local market as its page tells of it: near the captures, and without money on the floor."""

import numpy as np
import pytest

from hftlib.desk.market_arbitrage import LOW_FEE, RETAIL, ArbitrageReport, FeePreset, report_of
from hftlib.desk.market_profile import profile_of, profile_of_pair
from hftlib.desk.market_reading import record_of_market
from hftlib.desk.market_record import SECOND, BookRecord
from hftlib.desk.market_rows import MarketPicture, compare, rows_within
from hftlib.desk.market_study import BOOK, ROUND_TRIP, SECOND_BOOK, real_picture
from hftlib.desk.tape_chain import Key
from hftlib.market.listings import listing_of
from hftlib.market.world import World

SEED = 1
START_NS = 1_767_625_200_000_000_000
SECONDS = 300
KEYS = (*ROUND_TRIP, SECOND_BOOK)


def market(scenario: str) -> dict[Key, BookRecord]:
    """Let a scenario run and return what each book did."""
    listings = [listing_of(*key) for key in KEYS]
    world = World(SEED, START_NS, listings)
    opening = {key: (world.book(*key).levels(0), world.book(*key).levels(1)) for key in KEYS}
    world.start(scenario, START_NS)
    flows = {key: [] for key in KEYS}
    for now_ns in range(START_NS, START_NS + SECONDS * SECOND, SECOND // 10):
        is_reached = False
        while not is_reached:
            is_reached = world.advance(now_ns)
            for key in KEYS:
                flows[key].append(world.book(*key).drain())
    return {
        key: record_of_market(
            *(np.concatenate(parts) for parts in list(zip(*flows[key], strict=True))[:3]),
            listing_of(*key).instrument,
            lot_quanta=listing_of(*key).lot_quanta,
            opening=opening[key],
        )
        for key in KEYS
    }


def round_trip(records: dict[Key, BookRecord], fees: FeePreset) -> ArbitrageReport:
    first, second, conversion = (records[key] for key in ROUND_TRIP)
    return report_of("here", (first, second, conversion), fees)


@pytest.fixture(scope="module")
def calm() -> dict[Key, BookRecord]:
    return market("calm")


def test_most_rows_are_near_the_captures(calm: dict[Key, BookRecord]) -> None:
    pair = profile_of_pair(calm[BOOK], calm[SECOND_BOOK])
    comparisons = compare(real_picture(), MarketPicture("here", profile_of(calm[BOOK]), pair))
    near = rows_within(comparisons)
    off = [title for title, holds in near.items() if not holds]
    assert len(off) <= 3, off
    assert near["autocorrelation of signs"]
    assert near["tail of trade sizes"]


def test_no_round_trip_survives_retail_fees(calm: dict[Key, BookRecord]) -> None:
    report = round_trip(calm, RETAIL)
    assert report.seconds > SECONDS - 1
    assert (report.episodes, report.best_bps < 0) == (0, True)


@pytest.mark.parametrize("scenario", ["lagging_venue", "depeg"])
def test_what_is_wrong_with_a_venue_pays_a_maker_and_nobody_else(scenario: str) -> None:
    records = market(scenario)
    assert round_trip(records, LOW_FEE).lasting >= 1
    assert round_trip(records, RETAIL).episodes == 0
