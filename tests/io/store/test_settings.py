import random
from pathlib import Path

from hftlib.io.store.settings import Backoff, StoreSettings


class Highest(random.Random):
    """Chance that always draws the longest wait."""

    def uniform(self, a, b):
        return b


def test_waits_double_up_to_a_minute_and_begin_anew():
    backoff = Backoff(Highest())
    waits = [backoff.next_s() for _ in range(9)]
    assert waits == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]
    backoff.reset()
    assert backoff.next_s() == 0.5


def test_waits_are_drawn_from_nothing_to_the_longest():
    waits = [Backoff(random.Random(seed)).next_s() for seed in range(200)]
    assert all(0 <= wait <= 0.5 for wait in waits)
    assert min(waits) < 0.05
    assert max(waits) > 0.45


def test_settings_are_shown_without_the_secret():
    told = repr(StoreSettings(Path("data"), "desk", "run", dsn="http://a:secret@h"))
    assert "secret" not in told
