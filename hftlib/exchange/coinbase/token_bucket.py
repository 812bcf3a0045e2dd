"""Token buckets by client: how Coinbase counts requests and messages."""

from typing import Final

_SECOND_NS: Final = 1_000_000_000
_KEPT: Final = 4_096


class TokenBuckets:
    """Give each client `rate` tokens a second, and at most `burst` at once.

    A bucket is filled when it is looked at. Counted in billionths of a token, so that the sums
    are exact.
    """

    def __init__(self, rate: int, burst: int) -> None:
        """Begin with full buckets."""
        self.rate = rate
        self.burst = burst
        self._full = burst * _SECOND_NS
        self._buckets: dict[str, tuple[int, int]] = {}

    def take(self, client: str, now_ns: int) -> bool:
        """Take one token of a client; False when there is none."""
        level = self._level(client, now_ns)
        has_token = level >= _SECOND_NS
        if len(self._buckets) >= _KEPT:
            self._forget_full(now_ns)
        self._buckets[client] = (level - _SECOND_NS if has_token else level, now_ns)
        return has_token

    def remaining(self, client: str, now_ns: int) -> int:
        """Return how many whole tokens a client has."""
        return self._level(client, now_ns) // _SECOND_NS

    def full_in_seconds(self, client: str, now_ns: int) -> int:
        """Return in how many seconds the client's bucket is full again, rounded up."""
        missing = self._full - self._level(client, now_ns)
        return -(-missing // (self.rate * _SECOND_NS))

    def _level(self, client: str, now_ns: int) -> int:
        level, then_ns = self._buckets.get(client, (self._full, now_ns))
        return min(self._full, level + max(now_ns - then_ns, 0) * self.rate)

    def _forget_full(self, now_ns: int) -> None:
        """Drop the clients whose buckets are full, so that addresses do not pile up."""
        for client in list(self._buckets):
            if self._level(client, now_ns) >= self._full:
                del self._buckets[client]
