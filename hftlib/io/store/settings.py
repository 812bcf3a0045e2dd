"""What a store is started with."""

import random
from pathlib import Path
from typing import Final

import msgspec

from hftlib.core.configuration import MASK

MB: Final = 2**20


class StoreSettings(msgspec.Struct, frozen=True):
    """Say where rows go, who writes them, how long they are kept and how many may wait.

    `folder` is the embedded engine's; a `dsn` names a server instead. `run` and `source` are what
    rows are marked with until the writer is told of a run; no two runs may share their name.
    """

    folder: Path
    desk: str
    run: str = ""
    source: str = ""
    dsn: str = ""
    queue_bytes: int = 64 * MB
    event_days: int = 7
    second_days: int = 90

    def __repr__(self) -> str:
        """Return the settings without the DSN's password."""
        return (
            f"StoreSettings({str(self.folder)!r}, {self.desk!r}, dsn={MASK if self.dsn else ''!r})"
        )


class Backoff:
    """Full jitter: each failure doubles the longest wait, up to a minute."""

    def __init__(
        self, chance: random.Random, *, first_s: float = 0.5, most_s: float = 60.0
    ) -> None:
        """Begin without a failure."""
        self._chance = chance
        self._first_s = first_s
        self._most_s = most_s
        self._failures = 0

    def next_s(self) -> float:
        """Return how long to wait after one more failure."""
        longest = min(self._most_s, self._first_s * 2**self._failures)
        self._failures = min(self._failures + 1, 30)
        return self._chance.uniform(0, longest)

    def reset(self) -> None:
        """Forget the failures."""
        self._failures = 0
