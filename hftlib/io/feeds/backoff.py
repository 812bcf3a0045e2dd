"""How long to wait before the next try: full jitter, doubling, capped.

Full jitter as in Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015): each wait
is uniform between nothing and the current ceiling, so that many clients do not come back at once.
"""

import random
from typing import Final

FIRST_S: Final = 0.5
CAP_S: Final = 60.0
LIVED_S: Final = 5.0
"""A connection that lived this long begins its tries anew: venues cut those at once that they do
not want (no subscription, too many, a ban), and one that was served for longer is no such case."""


class Backoff:
    """Count failed tries and say how long to wait after them."""

    def __init__(self, chance: random.Random) -> None:
        """Begin with no failure; `chance` draws the jitter."""
        self.failures = 0
        self._chance = chance
        self._tries = 0

    def next_s(self) -> float:
        """Return the seconds to wait before the next try, which is counted."""
        ceiling = min(CAP_S, FIRST_S * 2.0 ** min(self._tries, 16))
        self._tries += 1
        return self._chance.uniform(0.0, ceiling)

    def failed(self) -> None:
        """Note an opening that came to nothing."""
        self.failures += 1

    def opened(self) -> None:
        """Note an opening; only a life of some length makes the waits short again."""
        self.failures = 0

    def lived(self, seconds: float) -> None:
        """Note how long a connection lived."""
        if seconds >= LIVED_S:
            self._tries = 0
