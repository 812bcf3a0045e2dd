"""Who may ask when: requests wait here for their venue's allowance, the most urgent first.

No sockets and no clock: every call is told the time. A venue's head of the line goes first or
nobody goes; less urgent purposes may only use a part of the allowance, so that there is always
something left for the snapshots that bring books back.
"""

import heapq
from collections.abc import Mapping, Sequence
from typing import Final

from hftlib.core import venue as names
from hftlib.io.rest.allowances import SECOND_NS, Allowance, BucketAllowance, MinuteAllowance, Sent
from hftlib.io.rest.answers import OK, Meaning, meaning_of
from hftlib.venues.binance import requests as binance
from hftlib.venues.plans import Purpose, RestRequest
from hftlib.wire.messages import BudgetStatus

SLOTS: Final = 6
"""Requests under way at once at one venue; the last slot is kept for snapshots."""
QUEUE_LIMIT: Final = 2_000
LONGEST_WAIT_NS: Final = 90 * SECOND_NS
"""A venue that refuses everything for longer than this is not waited for."""
_KEPT_FOR_MORE: Final = 9
"""A snapshot is as deep as leaves room for this many more of its kind."""
_SHARES: Final = {
    Purpose.SNAPSHOT: 1.0,
    Purpose.INSTRUMENTS: 1.0,
    Purpose.POLL: 0.8,
    Purpose.COMPARISON: 0.6,
    Purpose.STATISTICS: 0.5,
    Purpose.CANDLES: 0.5,
    Purpose.TIME: 0.9,
}
"""Part of the allowance that a purpose may use up."""
_USED_HEADER: Final = "x-mbx-used-weight-1m"
_LEFT_HEADER: Final = "x-ratelimit-remaining"
_COINBASE_RATE: Final = 10
_BURSTS: Final = {names.COINBASE: 10, names.COINBASE_EXCHANGE: 15}


def allowance_for(venue: str) -> Allowance:
    """Return a fresh allowance as the venue documents it."""
    if venue in _BURSTS:
        return BucketAllowance(_COINBASE_RATE, _BURSTS[venue])
    return MinuteAllowance(binance.allowance_of(venue))


class Ticket:
    """Hold one request in the line, or on its way: `request` is what is really sent."""

    __slots__ = ("alternatives", "number", "request", "sent", "was_delayed")

    def __init__(self, number: int, alternatives: Sequence[RestRequest]) -> None:
        self.number = number
        self.alternatives = alternatives
        self.request = alternatives[0]
        self.sent: Sent | None = None
        self.was_delayed = False

    def __lt__(self, other: "Ticket") -> bool:
        """Say whether this one goes before another."""
        mine, theirs = self.request.purpose, other.request.purpose
        return (mine, self.number) < (theirs, other.number)


class Budget:
    """Hold one venue's line, its allowance, and what it last said."""

    def __init__(self, venue: str, allowance: Allowance) -> None:
        """Begin with an empty line."""
        self.venue = venue
        self.allowance = allowance
        self.blocked_until_ns = 0
        self.banned_until_ns: int | None = None
        self.trouble = ""
        self.requests = 0
        self.refused = 0
        self.delayed = 0
        self.clock_offset_ns: int | None = None
        self._line: list[Ticket] = []
        self._under_way = 0
        self._numbers = 0
        self._refusals = 0
        self._trouble_ends_ns: int | None = None

    def enter(self, alternatives: Sequence[RestRequest], now_ns: int) -> Ticket | None:
        """Put a request into the line; `alternatives` ask for the same, the dearest first.

        Returns None where waiting would be vain: the venue refuses everything for long, or the
        line is full.
        """
        if self.blocked_until_ns - now_ns > LONGEST_WAIT_NS or len(self._line) >= QUEUE_LIMIT:
            self.refused += 1
            return None
        self._numbers += 1
        ticket = Ticket(self._numbers, alternatives)
        heapq.heappush(self._line, ticket)
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """Take a request that is no longer wanted out of the line."""
        if ticket.sent is None and ticket in self._line:
            self._line.remove(ticket)
            heapq.heapify(self._line)

    def start(self, now_ns: int) -> list[Ticket]:
        """Return the requests that are to be sent now, counted as sent."""
        started = []
        while self._line and self._has_slot(self._line[0]) and now_ns >= self.blocked_until_ns:
            request = self._affordable(self._line[0], now_ns)
            if request is None:
                self._note_delay()
                break
            ticket = heapq.heappop(self._line)
            ticket.request = request
            ticket.sent = self.allowance.send(request.weight, now_ns)
            self._under_way += 1
            self.requests += 1
            started.append(ticket)
        return started

    def next_ns(self, now_ns: int) -> int | None:
        """Return when `start` is to be called again, None where an answer decides that."""
        if not self._line or not self._has_slot(self._line[0]):
            return None
        if now_ns < self.blocked_until_ns:
            return self.blocked_until_ns
        head = self._line[0]
        wanted = min(one.weight for one in head.alternatives) + self._kept(head)
        return max(self.allowance.free_at_ns(wanted, now_ns), now_ns)

    def answered(
        self,
        ticket: Ticket,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        words: str,
        now_ns: int,
    ) -> Meaning:
        """Take an answer (status 0: there was none, `words` say why); return what it means."""
        sent = ticket.sent
        assert sent is not None
        told = self._told(headers)
        if told is not None:
            self.allowance.tell(sent, told, now_ns)
        self.allowance.settle(sent, now_ns)
        self._under_way -= 1
        meaning = meaning_of(status, headers, body, words, now_ns, self._refusals)
        self._heed(status, meaning)
        if status == 429 and "retry-after" not in headers:
            self.allowance.exhaust(now_ns)
        return meaning

    def status(self, now_ns: int) -> BudgetStatus:
        """Return what is to be told of this budget."""
        banned, offset = self.banned_until_ns, self.clock_offset_ns
        if banned is not None and now_ns >= banned:
            banned = None
        is_over = self._trouble_ends_ns is not None and now_ns >= self._trouble_ends_ns
        return BudgetStatus(
            self.venue,
            round(self.allowance.used(now_ns), 3),
            self.allowance.limit,
            self.requests,
            self.refused,
            self.delayed,
            None if banned is None else banned / 1e6,
            None if offset is None else round(offset / 1e6, 3),
            "" if is_over else self.trouble,
        )

    def learn(self, body: bytes) -> None:
        """Take the limit that a list of instruments tells, where it tells one."""
        if isinstance(self.allowance, MinuteAllowance):
            limit = binance.allowance_from(body)
            if limit is not None and limit > 0:
                self.allowance.allow(limit)

    def know_clock(self, offset_ns: int, margin_ns: int) -> None:
        """Take how far the venue's clock is ahead of ours, give or take `margin_ns`."""
        self.clock_offset_ns = offset_ns
        if isinstance(self.allowance, MinuteAllowance):
            self.allowance.know_clock(offset_ns, margin_ns)

    def _has_slot(self, ticket: Ticket) -> bool:
        is_snapshot = ticket.request.purpose is Purpose.SNAPSHOT
        return self._under_way < (SLOTS if is_snapshot else SLOTS - 1)

    def _kept(self, ticket: Ticket) -> float:
        """Return what a request must leave for more urgent ones."""
        return (1 - _SHARES[ticket.request.purpose]) * self.allowance.limit

    def _affordable(self, ticket: Ticket, now_ns: int) -> RestRequest | None:
        """Return the dearest alternative that leaves enough, None where even the cheapest not."""
        free = self.allowance.free(now_ns) - self._kept(ticket)
        if len(ticket.alternatives) > 1:
            purpose = ticket.request.purpose
            waiting = sum(1 for one in self._line if one.request.purpose is purpose)
            for one in ticket.alternatives:
                if one.weight * (waiting + _KEPT_FOR_MORE) <= free:
                    return one
        cheapest = min(ticket.alternatives, key=lambda one: one.weight)
        return cheapest if cheapest.weight <= free else None

    def _note_delay(self) -> None:
        """Count everybody in the line as delayed, once."""
        for ticket in self._line:
            if not ticket.was_delayed:
                ticket.was_delayed = True
                self.delayed += 1

    def _told(self, headers: Mapping[str, str]) -> int | None:
        """Return what the venue's header tells: the weight used, or the requests left."""
        is_minute = isinstance(self.allowance, MinuteAllowance)
        told = headers.get(_USED_HEADER if is_minute else _LEFT_HEADER, "")
        return int(told) if told.isascii() and told.isdigit() and len(told) < 10 else None

    def _heed(self, status: int, meaning: Meaning) -> None:
        self.trouble = meaning.trouble
        ends_by_itself = meaning.may_retry and meaning.wait_until_ns
        self._trouble_ends_ns = meaning.wait_until_ns if ends_by_itself else None
        self.blocked_until_ns = max(self.blocked_until_ns, meaning.wait_until_ns)
        if meaning.is_ban:
            self.banned_until_ns = meaning.wait_until_ns
        if status in OK:
            self._refusals = 0
        elif meaning.wait_until_ns:
            self.refused += 1
            self._refusals += 1
