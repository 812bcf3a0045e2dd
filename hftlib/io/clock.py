"""The wall clock: read once, carried on by the monotonic clock."""

import time


class WallClock:
    """Tell nanoseconds UTC that never jump and never run back."""

    def __init__(self) -> None:
        """Anchor here and now."""
        self._anchor = time.time_ns() - time.monotonic_ns()

    def now_ns(self) -> int:
        """Return the time."""
        return self._anchor + time.monotonic_ns()
