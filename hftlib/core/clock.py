"""The clock protocol: who needs the time is handed one of these; only `io` reads the real one."""

from typing import Protocol


class Clock(Protocol):
    """Tell the time."""

    def now_ns(self) -> int:
        """Return nanoseconds UTC that never run back."""
        ...
