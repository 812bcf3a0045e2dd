"""Estimators of regularities find what was put into the numbers."""

import numpy as np
import pytest

from hftlib.features.regularities import (
    autocorrelation,
    clustering,
    cross_correlation,
    depth_bands,
    half_life,
    kurtosis,
    l_kurtosis,
    lead_ratio,
    log_returns,
    memory_exponent,
    rank_clustering,
    sampled,
    tail_exponent,
    time_weighted,
)

CHANCE = np.random.default_rng


@pytest.mark.parametrize("exponent", [1.0, 1.5, 3.0])
def test_hill_finds_the_exponent_of_a_pareto_law(exponent: float) -> None:
    ranks = (np.arange(20_000) + 0.5) / 20_000
    assert tail_exponent(ranks ** (-1 / exponent)) == pytest.approx(exponent, rel=0.01)


def test_hill_needs_a_tail() -> None:
    assert tail_exponent(np.arange(1, 190)) is None
    assert tail_exponent(np.ones(1000)) is None
    assert tail_exponent(np.zeros(1000)) is None
    assert tail_exponent([]) is None


def test_autocorrelation_by_hand() -> None:
    # Deviations -1.5 -0.5 0.5 1.5: products 0.75 -0.25 0.75 at lag 1, over 5.
    found = autocorrelation([1, 2, 3, 4], (0, 1, 2))
    assert found == pytest.approx([1.0, 1.25 / 5, -1.5 / 5])


def test_autocorrelation_of_nothing_and_of_a_constant() -> None:
    assert autocorrelation([], (1,)) is None
    assert autocorrelation([1, 2], (1, 2)) is None
    assert autocorrelation(np.ones(9), (1,)) is None


def test_memory_exponent_of_a_power() -> None:
    lags = tuple(range(1, 51))
    assert memory_exponent([0.4 * k**-0.6 for k in lags], lags) == pytest.approx(0.6)


def test_memory_exponent_leaves_out_what_has_no_logarithm() -> None:
    lags = (1, 2, 4, 8)
    assert memory_exponent([1, 0.5, -0.1, 0.125], lags) == pytest.approx(1.0)
    assert memory_exponent([1, 0.5, -0.1, 0.0], lags) is None


def test_kurtosis_of_two_points_and_of_a_normal_law() -> None:
    assert kurtosis([-1, 1] * 50) == pytest.approx(1.0)
    assert kurtosis(CHANCE(1).normal(size=200_000)) == pytest.approx(3.0, abs=0.05)
    assert kurtosis(np.ones(5)) is None
    assert kurtosis([]) is None


def test_l_kurtosis_of_known_laws() -> None:
    chance = CHANCE(2)
    assert l_kurtosis(np.linspace(0, 1, 10_001)) == pytest.approx(0.0, abs=1e-9)
    assert l_kurtosis(chance.normal(size=200_000)) == pytest.approx(0.1226, abs=0.005)
    assert l_kurtosis(chance.laplace(size=200_000)) == pytest.approx(0.2357, abs=0.005)


def test_l_kurtosis_needs_four_values_that_differ() -> None:
    assert l_kurtosis([1, 2, 3]) is None
    assert l_kurtosis([2, 2, 2, 2]) is None


def test_clustering_is_seen_in_calm_and_storm_and_not_in_their_shuffle() -> None:
    chance = CHANCE(3)
    spells = np.repeat(np.tile([0.1, 1.0], 20), 50)
    returns = chance.normal(size=spells.size) * spells
    lags = tuple(range(1, 11))
    for measure in (clustering, rank_clustering):
        found, mixed = measure(returns, lags), measure(chance.permutation(returns), lags)
        assert found is not None
        assert mixed is not None
        assert found > 0.2
        assert abs(mixed) < 0.05


def test_ranks_are_shared_by_equal_values() -> None:
    # Mostly zeros in a row of their own: stable ranks by place would feign a long memory.
    returns = np.zeros(2000)
    returns[CHANCE(4).choice(2000, 200, replace=False)] = 1.0
    found = rank_clustering(returns, tuple(range(1, 11)))
    assert found is not None
    assert abs(found) < 0.03


def test_clustering_of_nothing() -> None:
    assert clustering([1.0, -1.0, 1.0], (1,)) is None
    assert rank_clustering([], (1,)) is None


def test_sampling_takes_the_last_value_at_or_before() -> None:
    stamps = np.array([10, 20, 30])
    assert sampled(stamps, [1, 2, 3], np.array([5, 10, 19, 20, 99])).tolist() == [1, 1, 1, 2, 3]


def test_log_returns_over_whole_windows() -> None:
    stamps = np.array([0, 4, 10, 19, 25])
    found = log_returns(stamps, np.exp([0.0, 0.1, 0.2, 0.3, 0.4]), 10)
    assert found == pytest.approx([2000.0, 1000.0])
    assert log_returns(np.empty(0, np.int64), [], 10).size == 0


def test_the_leader_is_found_at_its_lag() -> None:
    noise = CHANCE(5).normal(size=5000)
    lags = tuple(range(-20, 21))
    first, second = noise[7:], noise[:-7]  # the second one repeats the first, 7 steps later
    found = cross_correlation(first, second, lags)
    back = cross_correlation(second, first, lags)
    assert found is not None
    assert back is not None
    assert (lags[int(np.argmax(found))], lags[int(np.argmax(back))]) == (7, -7)
    assert found.max() == pytest.approx(1.0, abs=0.01)
    ahead, behind = lead_ratio(found, lags), lead_ratio(back, lags)
    assert ahead is not None
    assert behind is not None
    assert ahead > 5
    assert behind < 0.2


def test_cross_correlation_by_hand() -> None:
    # Deviations -1 0 1 and 1 -2 1: norms 2 and 6.
    found = cross_correlation([1, 2, 3], [5, 2, 5], (-1, 0, 1))
    assert found == pytest.approx(np.array([-2, 0, 2]) / np.sqrt(12))


def test_cross_correlation_of_nothing_and_of_a_constant() -> None:
    assert cross_correlation([], [], (0,)) is None
    assert cross_correlation([1, 2, 3], [1, 2, 3], (-2, 0)) is None
    assert cross_correlation([1, 2, 3], [2, 2, 2], (0,)) is None


def test_no_ratio_where_nothing_lies_behind() -> None:
    assert lead_ratio([0.5, 0.5], [0, 10]) is None


def test_bands_of_distance() -> None:
    levels, sizes = depth_bands([0.0, 1.0, 1.5, 5.0, 99.0], [1, 2, 4, 8, 16], (1.0, 5.0))
    assert levels.tolist() == [2, 2]
    assert sizes.tolist() == [3, 12]


def test_a_mean_weighted_by_time() -> None:
    assert time_weighted(np.array([0, 10]), [1, 3], 40) == pytest.approx(2.5)
    assert time_weighted(np.empty(0, np.int64), [], 40) is None


def test_half_life_of_a_first_order_process() -> None:
    noise = CHANCE(9).normal(size=50_000)
    series = np.zeros(noise.size)
    for place in range(1, noise.size):
        series[place] = 0.9 * series[place - 1] + noise[place]
    assert half_life(series) == pytest.approx(np.log(0.5) / np.log(0.9), rel=0.1)
    assert half_life([1, -1] * 10) is None
    assert half_life([1]) is None
