"""Chance with a seed: the same seed gives the same draws on every machine and in every version.

SplitMix64 (Steele, Lea, Flood 2014) in plain integers, so that a tape generated from it can be
generated again years later, whatever became of anybody's default generator.
"""

from typing import Final

_MASK: Final = 2**64 - 1
_STEP: Final = 0x9E3779B97F4A7C15


class Chance:
    """Draw numbers, none of them by a library whose last digit may differ elsewhere."""

    def __init__(self, seed: int) -> None:
        """Begin the sequence of `seed`, any integer."""
        self._state = seed & _MASK

    def bits(self) -> int:
        """Return 64 random bits."""
        self._state = (self._state + _STEP) & _MASK
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return mixed ^ (mixed >> 31)

    def uniform(self) -> float:
        """Return a number from 0 up to, and never quite, 1."""
        return (self.bits() >> 11) * 2.0**-53

    def below(self, limit: int) -> int:
        """Return an integer from 0 to limit - 1."""
        return (self.bits() * limit) >> 64

    def fork(self) -> "Chance":
        """Return a generator of its own, seeded from this one."""
        return Chance(self.bits())
