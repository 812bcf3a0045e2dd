"""Not more than so many within a time: connections to a venue, and messages to it."""

from collections import deque
from typing import Final

_SECOND_NS: Final = 1_000_000_000


class Window:
    """Allow `most` within any `within_s` seconds; whoever comes too early is told how long."""

    def __init__(self, most: int, within_s: float) -> None:
        self._most = most
        self._within_ns = round(within_s * _SECOND_NS)
        self._times: deque[int] = deque()

    def reserve_s(self, now_ns: int) -> float:
        """Take the next place and return the seconds until it is due, 0 for at once."""
        due = now_ns
        if len(self._times) == self._most:
            due = max(now_ns, self._times.popleft() + self._within_ns)
        self._times.append(due)
        return (due - now_ns) / _SECOND_NS


class Pace:
    """Keep `per_s` messages a second apart, evenly; 0 sets no limit."""

    def __init__(self, per_s: float) -> None:
        self._apart_ns = round(_SECOND_NS / per_s) if per_s else 0
        self._free_ns = 0

    def reserve_s(self, now_ns: int) -> float:
        """Take the next place and return the seconds until it is due, 0 for at once."""
        due = max(now_ns, self._free_ns)
        self._free_ns = due + self._apart_ns
        return (due - now_ns) / _SECOND_NS
