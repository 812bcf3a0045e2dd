import math

import numpy as np
import pytest

from hftlib.core.venue import BINANCE
from hftlib.market.agents import layout as at
from hftlib.market.agents.value_kernel import step_values, value_seen
from hftlib.market.crowd import Crowd
from hftlib.market.listings import listing_of
from tests.market.small_market import COIN, START

BTC = listing_of(BINANCE, "BTCUSDT")
ETH = listing_of(BINANCE, "ETHUSDT")


def a_crowd(seed: int = 1) -> Crowd:
    listings = (BTC, ETH, COIN)
    return Crowd(seed, START, listings, np.zeros(3, np.int64), 1)


def values(crowd: Crowd, steps: int) -> np.ndarray:
    """Return the assets' values step by step; one row a step."""
    places = [crowd.asset_place(number, at.VALUE) for number in range(len(crowd.assets))]
    rows = []
    for _ in range(steps):
        step_values(crowd.ints, crowd.floats, at.LANE_CHANCE)
        rows.append(crowd.floats[places])
    return np.array(rows)


def test_values_begin_at_the_opening_prices_in_dollars() -> None:
    crowd = a_crowd()
    assert crowd.assets == ("BTC", "ETH", "USDT")
    assert value_seen(crowd.ints, crowd.floats, 0, 3.0) == 64_000.0
    assert value_seen(crowd.ints, crowd.floats, 2, 0.0) == 1.0


def test_values_move_together_in_heavy_tailed_steps() -> None:
    seconds = np.diff(np.log(values(a_crowd(), 30_000)[::100]), axis=0) * 1e4
    assert 0.6 < seconds[:, 0].std() < 2.5
    assert np.corrcoef(seconds[:, 0], seconds[:, 1])[0, 1] > 0.7
    centred = seconds[:, 0] - seconds[:, 0].mean()
    assert (centred**4).mean() / (centred**2).mean() ** 2 > 4.0


def test_the_past_is_seen_as_late_as_asked() -> None:
    crowd = a_crowd()
    rows = values(crowd, 300)
    assert value_seen(crowd.ints, crowd.floats, 0, 0.0) == rows[-1, 0]
    assert value_seen(crowd.ints, crowd.floats, 0, 2.0) == rows[-201, 0]
    assert value_seen(crowd.ints, crowd.floats, 0, 1e6) == 64_000.0


def test_the_past_is_kept_for_more_than_a_minute() -> None:
    crowd = a_crowd()
    rows = values(crowd, at.RING_SIZE + 500)
    kept_s = (at.RING_SIZE - 1) / at.STEPS_PER_SECOND
    assert kept_s > 60.0
    assert value_seen(crowd.ints, crowd.floats, 1, 1e6) == rows[-at.RING_SIZE, 1]


def test_a_jump_is_released_whole_and_the_others_follow_by_beta() -> None:
    quiet, jumped = a_crowd(), a_crowd()
    jumped.add_jump(0, 100.0, 0.5)
    before, after = values(quiet, 600), values(jumped, 600)
    moves = np.log(after[-1] / before[-1]) * 1e4
    assert moves[0] == pytest.approx(100.0, abs=0.01)
    assert moves[1] == pytest.approx(110.0, abs=0.01)
    assert moves[2] == pytest.approx(0.0, abs=1e-6)
    half_way = math.log(after[49, 0] / before[49, 0]) * 1e4
    assert 55.0 < half_way < 75.0
    assert jumped.floats[jumped.asset_place(0, at.PENDING)] == 0.0


def test_a_pegged_value_goes_to_its_peg_and_comes_back() -> None:
    crowd = a_crowd()
    crowd.floats[crowd.asset_place(2, at.DIAL_PEG)] = -300.0
    crowd.floats[crowd.asset_place(2, at.DIAL_PULL)] = 60.0
    assert values(crowd, 6_000)[-1, 2] == pytest.approx(0.97, abs=0.001)
    crowd.floats[crowd.asset_place(2, at.DIAL_PEG)] = 0.0
    assert values(crowd, 6_000)[-1, 2] == pytest.approx(1.0, abs=0.001)


def test_bases_wander_around_their_means() -> None:
    crowd = a_crowd()
    place = crowd.book_place(0, at.BASIS_BPS)
    crowd.floats[crowd.book_place(0, at.BASIS_MEAN_BPS)] = 5.0
    seen = []
    for _ in range(400):
        values(crowd, 50)
        seen.append(crowd.floats[place])
    assert np.mean(seen[100:]) == pytest.approx(5.0, abs=0.15)
    assert 0.1 < np.std(seen[100:]) < 0.4
