"""The clock protocol: below io nobody reads a clock, whoever needs time is handed one."""

from typing import Protocol


class Clock(Protocol):
    """Tell the time in integer nanoseconds UTC, never going backwards."""

    def now_ns(self) -> int:
        """Return the time now, in nanoseconds since the epoch, UTC."""
        ...
