import math

import numpy as np
import pytest

from hftlib.market.agents.chance_kernel import (
    LARGEST_STATE,
    MULTIPLIER,
    below,
    between,
    exponential,
    exponential_of,
    log_normal,
    natural_log,
    normal,
    pareto,
    uniform,
)
from hftlib.market.crowd import seed_of_lane

COUNT = 20_000


def draw(function: object, *arguments: float, seed: int = 7) -> np.ndarray:
    state = np.array([seed_of_lane(seed, 0, "a test")], np.int64)
    return np.array([function(state, 0, *arguments) for _ in range(COUNT)])  # type: ignore[operator]


def test_uniform_numbers_are_even_and_never_at_the_ends() -> None:
    numbers = draw(uniform)
    assert 0.0 < numbers.min() < 0.001
    assert 0.999 < numbers.max() < 1.0
    counts = np.histogram(numbers, 20, (0, 1))[0]
    assert (np.abs(counts - COUNT / 20) < 5 * math.sqrt(COUNT / 20)).all()
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 0.03


def test_a_generator_never_leaves_its_states() -> None:
    for state in (1, LARGEST_STATE, 2**32, 2**62):
        ints = np.array([state], np.int64)
        for _ in range(100):
            uniform(ints, 0)
            assert 0 < ints[0] <= LARGEST_STATE


def test_the_first_draws_are_those_of_the_recurrence() -> None:
    state, ints = 12_345, np.array([12_345], np.int64)
    for _ in range(5):
        state = MULTIPLIER * (state % 2**32) + state // 2**32
        expected = (((state % 2**32) ^ (state // 2**32)) + 0.5) / 2**32
        assert uniform(ints, 0) == expected


def test_integers_reach_every_value_below_the_limit() -> None:
    assert set(draw(below, 5).tolist()) == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("number", [1e-300, 2.0**-32, 0.5, 0.70710678, 1.0, 1.5, 2.0, 1e9, 1e300])
def test_logarithms_are_those_of_the_library(number: float) -> None:
    assert natural_log(number) == pytest.approx(math.log(number), rel=4e-15, abs=1e-15)


@pytest.mark.parametrize("power", [-600.0, -3.2, -0.5, 0.0, 1e-9, 0.3465, 1.0, 20.0, 600.0])
def test_powers_are_those_of_the_library(power: float) -> None:
    assert exponential_of(power) == pytest.approx(math.exp(power), rel=1e-13)


def test_moments_of_the_distributions() -> None:
    waits = draw(exponential, 3.0)
    assert waits.min() > 0.0
    assert waits.mean() == pytest.approx(3.0, rel=0.04)
    normals = draw(normal)
    assert normals.mean() == pytest.approx(0.0, abs=0.03)
    assert normals.std() == pytest.approx(1.0, rel=0.03)
    assert np.mean(np.abs(normals) > 1.96) == pytest.approx(0.05, abs=0.008)
    logs = np.log(draw(log_normal, 5.0, 0.7))
    assert logs.mean() == pytest.approx(math.log(5.0), abs=0.03)
    assert logs.std() == pytest.approx(0.7, rel=0.03)
    tails = draw(pareto, 2.0, 1.5)
    assert tails.min() >= 2.0
    assert np.mean(tails > 8.0) == pytest.approx(4.0**-1.5, rel=0.1)
    spread = draw(between, 10.0, 1_000.0)
    assert 10.0 <= spread.min() < spread.max() <= 1_000.0
    assert np.mean(spread < 100.0) == pytest.approx(0.5, abs=0.02)


def test_lanes_have_seeds_of_their_own() -> None:
    seeds = {seed_of_lane(seed, kind, name) for seed in (1, 2) for kind in (1, 2) for name in "ab"}
    assert len(seeds) == 8
    assert all(0 < one <= LARGEST_STATE for one in seeds)
