"""A venue that counts requests, a network that delays them, and the line of those who ask.

Time runs by events alone. The venue's side is the local venues' own: what they refuse counts.
"""

import heapq
import itertools
from typing import NamedTuple

from hftlib.exchange.binance.limits import Limits
from hftlib.exchange.binance.refusal import BinanceError
from hftlib.exchange.coinbase.token_bucket import TokenBuckets
from hftlib.io.rest.budgets import Budget
from hftlib.venues.plans import Purpose, RestRequest

SECOND_NS = 1_000_000_000
START_NS = 1_800_000_000_000_000_000
US = "127.0.0.1"


class Trip(NamedTuple):
    """Say how long (ns) a request is on its way, and its answer on the way back."""

    there: int
    back: int
    is_lost: bool = False


class MinuteVenue:
    """Count weight as Binance does, on a clock that is not ours."""

    def __init__(self, limit, offset_ns):
        self.limits = Limits(limit)
        self.offset_ns = offset_ns

    def take(self, weight, now_ns):
        """Return the status and the headers of a request that arrives now."""
        venue_ns = now_ns + self.offset_ns
        try:
            self.limits.charge(US, weight, venue_ns)
        except BinanceError as refusal:
            return refusal.status, {name.lower(): text for name, text in refusal.headers.items()}
        return 200, {"x-mbx-used-weight-1m": str(self.limits.used(US, venue_ns))}

    def others(self, weight, now_ns):
        """Let another program of this address use some weight."""
        self.limits.charge(US, weight, now_ns + self.offset_ns)


class BucketVenue:
    """Count requests as Coinbase does."""

    def __init__(self, rate, burst, *, tells):
        self.buckets = TokenBuckets(rate, burst)
        self.tells = tells

    def take(self, _weight, now_ns):
        """Return the status and the headers of a request that arrives now."""
        if not self.buckets.take(US, now_ns):
            return 429, {}
        left = str(self.buckets.remaining(US, now_ns))
        return 200, {"x-ratelimit-remaining": left} if self.tells else {}


def depths(purpose, weights, venue="binance"):
    """Return requests for the same book that weigh differently."""
    return tuple(RestRequest(venue, f"https://x/{one}", one, purpose, "X") for one in weights)


class Network:
    """Bring requests to a venue and answers back."""

    def __init__(self, budget: Budget, venue, trips):
        self.budget = budget
        self.venue = venue
        self.now_ns = START_NS
        self.statuses = []
        self.sent = []
        self._trips = itertools.cycle(trips)
        self._events = []
        self._number = itertools.count()

    def at(self, ns, what):
        """Have something done at a time."""
        heapq.heappush(self._events, (ns, next(self._number), what))

    def ask(self, ns, alternatives):
        """Have something asked at a time."""
        self.at(ns, lambda: self.budget.enter(alternatives, self.now_ns))

    def run(self, until_ns):
        """Let time run until nothing is left to do, or to a time at the latest."""
        while self._events and self._events[0][0] <= until_ns:
            self.now_ns, _, what = heapq.heappop(self._events)
            what()
            self._pump()
        return not self._events

    def _pump(self):
        for ticket in self.budget.start(self.now_ns):
            self.sent.append((self.now_ns, ticket.request))
            trip = next(self._trips)
            self.at(self.now_ns + trip.there, lambda t=ticket, w=trip: self._arrive(t, w))
        following_ns = self.budget.next_ns(self.now_ns)
        if following_ns is not None:
            self.at(max(following_ns, self.now_ns + 1), lambda: None)

    def _arrive(self, ticket, trip):
        status, headers = self.venue.take(ticket.request.weight, self.now_ns)
        self.statuses.append(status)
        if trip.is_lost:
            status, headers = 0, {}

        def answer():
            self.budget.answered(ticket, status, headers, b"", "no answer", self.now_ns)

        self.at(self.now_ns + trip.back, answer)


def storm(purpose=Purpose.SNAPSHOT, number=200, weights=(250, 50, 25, 5)):
    """Return that many books that are asked for at once."""
    return [depths(purpose, weights)] * number
