"""Names that are not known here: the first time that one is met, it may be a known one garbled.

A flipped letter in the name of a product or channel makes a well-formed frame that is for nobody,
and the book that it was meant for silently misses it. So a new name distrusts the books that it may
have been meant for. A name that is met again is just one that hftlib does not follow.
"""

from collections.abc import Iterable
from typing import Final

_LIMIT: Final = 256
"""Names remembered at most, so that hostile names cannot fill the memory; the rest stay new."""


class Strangers:
    """Remember the unknown names met so far."""

    def __init__(self) -> None:
        self._names: set[str] = set()

    def is_new(self, name: str) -> bool:
        """Say whether an unknown name is met for the first time, and remember it."""
        if name in self._names:
            return False
        if len(self._names) < _LIMIT:
            self._names.add(name)
        return True

    def dump(self) -> list[str]:
        """Return the names for a checkpoint."""
        return sorted(self._names)

    def load(self, names: Iterable[str]) -> None:
        """Take the names of a checkpoint."""
        self._names = set(names)
