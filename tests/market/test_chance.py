import statistics

import pytest

from hftlib.market.chance import Chance


def test_the_sequence_of_a_seed_never_changes():
    """The first outputs of SplitMix64 for seed 1234567, as its authors publish them."""
    chance = Chance(1_234_567)
    assert [chance.bits() for _ in range(5)] == [
        6_457_827_717_110_365_317,
        3_203_168_211_198_807_973,
        9_817_491_932_198_370_423,
        4_593_380_528_125_082_431,
        16_408_922_859_458_223_821,
    ]


def test_any_integer_is_a_seed():
    assert Chance(-1).bits() == Chance(2**64 - 1).bits()


def test_uniform_and_below_stay_in_their_range_and_fill_it():
    chance = Chance(3)
    draws = [chance.uniform() for _ in range(20_000)]
    assert min(draws) >= 0.0
    assert max(draws) < 1.0
    assert statistics.fmean(draws) == pytest.approx(0.5, abs=0.01)
    assert {chance.below(6) for _ in range(200)} == set(range(6))


def test_a_fork_is_another_sequence_and_again_the_same():
    first, again = Chance(9), Chance(9)
    fork = first.fork()
    assert fork.bits() == again.fork().bits()
    assert fork.bits() != first.bits()
