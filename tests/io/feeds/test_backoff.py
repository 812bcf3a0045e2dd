"""How long lanes wait before the next try."""

import random

from hftlib.io.feeds.backoff import CAP_S, FIRST_S, LIVED_S, Backoff


class Highest(random.Random):
    """Draw the upper end, always."""

    def uniform(self, a: float, b: float) -> float:
        return b


def test_ceilings_double_up_to_the_cap():
    backoff = Backoff(Highest())
    waits = [backoff.next_s() for _ in range(40)]
    assert waits[:4] == [FIRST_S, 2 * FIRST_S, 4 * FIRST_S, 8 * FIRST_S]
    assert waits[-1] == CAP_S
    assert waits == sorted(waits)


def test_waits_are_drawn_from_nothing_to_the_ceiling():
    waits = []
    for seed in range(300):
        backoff = Backoff(random.Random(seed))
        waits.append(backoff.next_s())
    assert 0 <= min(waits) < 0.05 * FIRST_S
    assert 0.95 * FIRST_S < max(waits) <= FIRST_S


def test_only_a_life_of_some_length_makes_waits_short_again():
    backoff = Backoff(Highest())
    backoff.next_s()
    backoff.next_s()
    backoff.lived(LIVED_S - 1)
    assert backoff.next_s() == 4 * FIRST_S
    backoff.lived(LIVED_S)
    assert backoff.next_s() == FIRST_S


def test_failures_are_counted_until_one_opens():
    backoff = Backoff(random.Random(1))
    backoff.failed()
    backoff.failed()
    assert backoff.failures == 2
    backoff.opened()
    assert backoff.failures == 0
