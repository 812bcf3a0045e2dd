"""The past must end where the market opens, repeat by its seed, and be a possible one."""

import numpy as np
import pytest

from hftlib.core.venue import BINANCE, COINBASE
from hftlib.market.listings import LISTINGS, listing_of
from hftlib.market.past import MINUTE_NS, MINUTES, PastCandles, past_of

NOW_NS = 1_790_000_012_345_678_901
everywhere = pytest.mark.parametrize("listing", LISTINGS, ids=lambda one: one.symbol)


@everywhere
def test_it_ends_at_the_opening_price_in_the_minute_before(listing):
    past = past_of(listing, 7, NOW_NS)
    assert past.close[-1] == listing.opening_ticks
    assert past.minutes[-1] == NOW_NS // MINUTE_NS - 1
    assert len(past.minutes) == MINUTES
    assert (np.diff(past.minutes) == 1).all()


@everywhere
def test_every_candle_is_possible(listing):
    past = past_of(listing, 7, NOW_NS)
    assert (past.low > 0).all()
    assert (past.low <= np.minimum(past.open, past.close)).all()
    assert (past.high >= np.maximum(past.open, past.close)).all()
    assert (past.open[1:] == past.close[:-1]).all()
    assert (past.lots >= past.trades).all()
    assert (past.trades > 0).all()
    assert (past.taker_lots <= past.lots).all()
    assert (past.low * past.lots <= past.cash).all()
    assert (past.cash <= past.high * past.lots).all()
    assert (past.taker_cash <= past.cash).all()


@everywhere
def test_prices_move_and_volumes_differ(listing):
    past = past_of(listing, 7, NOW_NS)
    assert len(set(past.close.tolist())) > 10
    assert past.lots.max() > 3 * past.lots.min()
    share = past.high.max() / past.low.min()
    assert share < (1.01 if listing.symbol == "USDT-USD" else 1.6)


def test_a_seed_repeats_and_another_differs():
    listing = LISTINGS[0]
    assert _same(past_of(listing, 7, NOW_NS), past_of(listing, 7, NOW_NS))
    assert not _same(past_of(listing, 7, NOW_NS), past_of(listing, 8, NOW_NS))


def test_the_numbers_are_those_of_any_machine():
    past = past_of(LISTINGS[0], 7, NOW_NS)
    assert past.open[0] == past.close[0]
    # Written down once, from integers only.
    assert [int(column[5_000]) for column in past] == [
        29828253,
        6369441,
        6369551,
        6366181,
        6367878,
        1213625,
        7728681969750,
        799,
        388360,
        2473178230320,
    ]


def test_venues_of_one_asset_walk_together():
    first = past_of(listing_of(BINANCE, "BTCUSDT"), 7, NOW_NS)
    second = past_of(listing_of(COINBASE, "BTC-USD"), 7, NOW_NS)
    assert (first.close == second.close).all()
    assert (first.high != second.high).any()


def _same(first: PastCandles, second: PastCandles) -> bool:
    return all((one == other).all() for one, other in zip(first, second, strict=True))
