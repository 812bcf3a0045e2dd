"""How much of a venue's allowance is left: two ways of counting, both on the safe side.

A request is counted by the venue when it arrives there, at a moment that lies somewhere between
its sending and its answer, and on a clock that is not ours. Both counts take the worst of these
moments, so that what they call free is free, whatever the network does. What other programs
behind the same address use shows in the venue's own headers, and is taken from there.
"""

from typing import Final, Protocol

SECOND_NS: Final = 1_000_000_000
MINUTE_NS: Final = 60 * SECOND_NS
_RESERVE: Final = 0.02
"""Share of a minute's limit left free for what other programs use between two answers."""
_REMEMBERED: Final = 5
"""Minutes for which it is remembered what other programs used."""
_UNKNOWN_MARGIN_NS: Final = MINUTE_NS // 2


class Sent:
    """Remember one request that was sent: when, what it weighs, and what was settled before it."""

    __slots__ = ("at_ns", "counted_to", "settled", "weight")

    def __init__(self, at_ns: int, weight: int) -> None:
        self.at_ns = at_ns
        self.weight = weight
        self.counted_to = -1
        self.settled = 0


class Allowance(Protocol):
    """Count what is used of an allowance; all times are ns of our clock."""

    @property
    def limit(self) -> float:
        """Return the whole allowance."""
        ...

    @property
    def per_second(self) -> float:
        """Return how much weight is allowed in a second in the long run."""
        ...

    def free(self, now_ns: int) -> float:
        """Return how much weight may be sent now."""
        ...

    def free_at_ns(self, weight: float, now_ns: int) -> int:
        """Return when there is room for a weight at the earliest, if nothing else is sent."""
        ...

    def used(self, now_ns: int) -> float:
        """Return how much weight counts as used now."""
        ...

    def send(self, weight: int, now_ns: int) -> Sent:
        """Count a request that is sent now."""
        ...

    def settle(self, sent: Sent, now_ns: int) -> None:
        """Take note that a request is over: answered or given up."""
        ...

    def tell(self, sent: Sent, told: int, now_ns: int) -> None:
        """Take what a header of the answer says; to be called before `settle`."""
        ...

    def exhaust(self, now_ns: int) -> None:
        """Take note that the venue refused a request as one too many."""
        ...


class _Window:
    """Hold what is known of one minute: our weight, how much of it is surely in, and others'."""

    __slots__ = ("others", "own", "refused", "settled", "told_ns")

    def __init__(self) -> None:
        self.own = 0
        self.settled = 0
        self.others = 0
        self.told_ns = -1
        self.refused = False


class MinuteAllowance:
    """Count weight within the minutes of the venue's wall clock (Binance).

    The venue's clock is `offset_ns` ahead of ours, give or take `margin_ns`. A request counts in
    every minute that the moment of its arrival may lie in.
    """

    def __init__(self, limit: int) -> None:
        """Begin with nothing used, and with a clock that may be half a minute off."""
        self._limit = limit
        self._offset_ns = 0
        self._margin_ns = _UNKNOWN_MARGIN_NS
        self._windows: dict[int, _Window] = {}
        self._open: set[Sent] = set()

    @property
    def limit(self) -> float:
        """Return the weight that the venue allows in a minute."""
        return self._limit

    @property
    def per_second(self) -> float:
        """Return the weight of a minute, spread over its seconds."""
        return self._limit / 60

    def allow(self, limit: int) -> None:
        """Take the limit that the venue tells."""
        self._limit = limit

    def know_clock(self, offset_ns: int, margin_ns: int) -> None:
        """Take how far the venue's clock is ahead of ours, give or take `margin_ns`."""
        self._offset_ns, self._margin_ns = offset_ns, margin_ns

    def used(self, now_ns: int) -> float:
        """Return the weight of the fullest minute that this may be."""
        self._count_open(now_ns)
        windows = [self._window(number) for number in self._minutes(now_ns, now_ns)]
        if any(one.refused for one in windows):
            return self._limit
        return max(one.own + one.others for one in windows)

    def free(self, now_ns: int) -> float:
        """Return how much weight may be sent now."""
        self._count_open(now_ns)
        return min(self._free_in(number) for number in self._minutes(now_ns, now_ns))

    def free_at_ns(self, weight: float, now_ns: int) -> int:
        """Return now, or when the fullest minute that this may be is surely over."""
        if weight <= self.free(now_ns):
            return now_ns
        full = [n for n in self._minutes(now_ns, now_ns) if self._free_in(n) < weight]
        return (full[-1] + 1) * MINUTE_NS - self._offset_ns + self._margin_ns

    def send(self, weight: int, now_ns: int) -> Sent:
        """Count a request that is sent now."""
        sent = Sent(now_ns, weight)
        sent.settled = self._window(self._minutes(now_ns, now_ns)[0]).settled
        self._open.add(sent)
        self._count(sent, now_ns)
        return sent

    def settle(self, sent: Sent, now_ns: int) -> None:
        """Count a request that is over in every minute that it may have arrived in."""
        self._count(sent, now_ns)
        self._open.discard(sent)
        minutes = self._minutes(sent.at_ns, now_ns)
        if len(minutes) == 1:
            self._window(minutes[0]).settled += sent.weight

    def tell(self, sent: Sent, told: int, now_ns: int) -> None:
        """Take the weight that the venue says is used in the minute in which it counted a request.

        What is told and not surely ours is others'. An answer that may be of either of two
        minutes says nothing; while the venue's clock is not known, it is taken for both.
        """
        minutes = self._minutes(sent.at_ns, now_ns)
        if len(minutes) > 1 and self._margin_ns < _UNKNOWN_MARGIN_NS:
            return
        for number in minutes:
            window = self._window(number)
            if sent.at_ns >= window.told_ns:
                window.told_ns = sent.at_ns
                window.others = max(told - sent.settled - sent.weight, 0)

    def exhaust(self, now_ns: int) -> None:
        """Take for used up every minute that this may be."""
        for number in self._minutes(now_ns, now_ns):
            self._window(number).refused = True

    def _minutes(self, from_ns: int, to_ns: int) -> range:
        """Return the minutes of the venue's clock that a time of ours may lie in."""
        first = (from_ns + self._offset_ns - self._margin_ns) // MINUTE_NS
        last = (to_ns + self._offset_ns + self._margin_ns) // MINUTE_NS
        return range(first, last + 1)

    def _window(self, number: int) -> _Window:
        window = self._windows.get(number)
        if window is None:
            window = self._windows[number] = _Window()
            for old in [one for one in self._windows if one < number - _REMEMBERED]:
                del self._windows[old]
        return window

    def _free_in(self, number: int) -> float:
        """Return what is free in a minute; what others used in one before may come again."""
        window = self._window(number)
        if window.refused:
            return 0
        most = max(one.others for kept, one in self._windows.items() if kept <= number)
        expected = most - window.others
        return self._limit - window.own - window.others - max(expected, self._limit * _RESERVE)

    def _count_open(self, now_ns: int) -> None:
        for sent in self._open:
            self._count(sent, now_ns)

    def _count(self, sent: Sent, now_ns: int) -> None:
        """Count a request in the minutes that it has not been counted in yet."""
        for number in self._minutes(sent.at_ns, now_ns):
            if number > sent.counted_to:
                self._window(number).own += sent.weight
                sent.counted_to = number


class BucketAllowance:
    """Count requests against a bucket that fills steadily (Coinbase).

    A request that is under way counts as if it arrived just now, one that is over as if it had
    arrived with its answer: the venue's bucket is never emptier than ours. Counted in billionths
    of a token.
    """

    def __init__(self, rate: int, burst: int) -> None:
        """Begin with a full bucket of `burst` tokens that gains `rate` a second."""
        self._rate = rate
        self._full = burst * SECOND_NS
        self._level = self._full
        self._at_ns: int | None = None
        self._open = 0

    @property
    def limit(self) -> float:
        """Return how many requests the full bucket allows at once."""
        return self._full / SECOND_NS

    @property
    def per_second(self) -> float:
        """Return how many tokens come in a second."""
        return self._rate

    def used(self, now_ns: int) -> float:
        """Return how many tokens are gone."""
        return self.limit - self.free(now_ns)

    def free(self, now_ns: int) -> float:
        """Return how many requests may be sent now."""
        return self._filled(now_ns) / SECOND_NS - self._open

    def free_at_ns(self, weight: float, now_ns: int) -> int:
        """Return when the bucket holds that many tokens, if nothing else is sent."""
        missing = weight - self.free(now_ns)
        return now_ns if missing <= 0 else now_ns + int(missing * SECOND_NS / self._rate) + 1

    def send(self, weight: int, now_ns: int) -> Sent:
        """Count a request that is sent now."""
        self._open += weight
        return Sent(now_ns, weight)

    def settle(self, sent: Sent, now_ns: int) -> None:
        """Take a request's tokens out."""
        self._level = self._filled(now_ns) - sent.weight * SECOND_NS
        self._at_ns = now_ns
        self._open -= sent.weight

    def tell(self, sent: Sent, told: int, now_ns: int) -> None:
        """Take how many tokens the venue says were left after a request."""
        self._level = min(self._filled(now_ns), (told + sent.weight) * SECOND_NS)
        self._at_ns = now_ns

    def exhaust(self, now_ns: int) -> None:
        """Take the bucket for empty."""
        self._level, self._at_ns = min(self._filled(now_ns), 0), now_ns

    def _filled(self, now_ns: int) -> int:
        if self._at_ns is None:
            return self._full
        return min(self._full, self._level + max(now_ns - self._at_ns, 0) * self._rate)
