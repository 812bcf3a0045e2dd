"""Ask venues over REST without stopping the loop: answers come back on it, recorded first."""

import asyncio
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

from hftlib.core.clock import Clock
from hftlib.core.frames import FrameKind
from hftlib.io.rest.allowances import SECOND_NS
from hftlib.io.rest.answers import NO_ANSWER, OK
from hftlib.io.rest.budgets import Budget, Ticket, allowance_for
from hftlib.io.rest.transport import Got, Transport
from hftlib.venues.plans import Purpose, RestRequest
from hftlib.venues.polled import POLLED
from hftlib.wire.messages import BudgetStatus

REST: Final = "rest"
TRIES: Final = 5
_WORKERS: Final = 16
_FIRST_PAUSE_S: Final = 0.25
_LONGEST_PAUSE_S: Final = 8.0
_LONGEST_DOUBLING: Final = 10
_LATE_S: Final = 0.001
"""The loop's clock and ours differ a little: come rather late than in vain."""
_ONCE: Final = frozenset({Purpose.POLL, Purpose.COMPARISON, Purpose.TIME})
"""Purposes whose next request comes soon anyway."""

Take = Callable[[str, str, FrameKind, bytes, str], None]
"""What is done with a frame: venue, connection, kind, payload, request."""


class RestAnswer(NamedTuple):
    """Hold what came of a request: `trouble` is empty where the body is good.

    `status` is 0 where there was no answer. `url` is what was really asked. `sent_ns` is our
    clock's time of sending, `elapsed_s` the time from then to the first byte of the answer.
    """

    status: int
    body: bytes
    elapsed_s: float
    trouble: str
    url: str = ""
    sent_ns: int = 0


Outcome = tuple[RestAnswer, bool]
"""An answer, and whether the same request may succeed a little later."""


class RestClient:
    """Ask for what is wanted, as fast as each venue's allowance permits, and hand on the bodies."""

    def __init__(self, take: Take, clock: Clock, chance: random.Random) -> None:
        """Hand every good body to `take`, on the loop; `chance` spreads repeated requests."""
        self._take = take
        self._clock = clock
        self._chance = chance
        self._budgets: dict[str, Budget] = {}
        self._waiting: dict[Ticket, asyncio.Future[Outcome]] = {}
        self._alarms: dict[str, asyncio.TimerHandle] = {}
        self._transport = Transport(_WORKERS, clock)
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="rest")
        self._is_closed = False

    async def ask(self, request: RestRequest, *cheaper: RestRequest) -> RestAnswer:
        """Return the answer to a request, or to one of `cheaper` ones that ask for the same.

        Never raises for the network or the venue: `trouble` says what went wrong. A good body has
        been handed on when this returns. Requests that may succeed a little later are repeated.
        """
        tries = 1 if request.purpose in _ONCE else TRIES
        failures = 0
        while True:
            answer, may_retry = await self._ask_once((request, *cheaper))
            failures += 1
            if not may_retry or failures == tries:
                return answer
            await asyncio.sleep(self.pause_s(failures - 1))

    def pause_s(self, failures: int) -> float:
        """Return how long (s) to wait after a number of failures: full jitter, capped."""
        cap_s = min(_FIRST_PAUSE_S * 2 ** min(failures, _LONGEST_DOUBLING), _LONGEST_PAUSE_S)
        return self._chance.uniform(0, cap_s)

    def budget(self, venue: str) -> Budget:
        """Return the budget of a venue, made at first use."""
        budget = self._budgets.get(venue)
        if budget is None:
            budget = self._budgets[venue] = Budget(venue, allowance_for(venue))
        return budget

    def wait_s(self, venue: str) -> float:
        """Return how long (s) a venue refuses every request from now on."""
        left_ns = self.budget(venue).blocked_until_ns - self._clock.now_ns()
        return max(left_ns, 0) / SECOND_NS

    def statuses(self) -> list[BudgetStatus]:
        """Return how much of each venue's allowance is used."""
        now_ns = self._clock.now_ns()
        return [budget.status(now_ns) for budget in self._budgets.values()]

    def tell(self, venue: str, connection: str, kind: FrameKind, payload: bytes, url: str) -> None:
        """Hand on a frame that is no answer: how a polled connection begins and ends."""
        self._take(venue, connection, kind, payload, url)

    async def close(self) -> None:
        """Give up whatever waits, and close the connections."""
        self._is_closed = True
        for alarm in self._alarms.values():
            alarm.cancel()
        for ticket, future in list(self._waiting.items()):
            if not future.done():
                future.set_result(_vain(ticket.request.url, "closed"))
        self._workers.shutdown(wait=False, cancel_futures=True)
        self._transport.close()

    async def _ask_once(self, alternatives: tuple[RestRequest, ...]) -> Outcome:
        venue, url = alternatives[0].venue, alternatives[0].url
        if self._is_closed:
            return _vain(url, "closed")
        budget = self.budget(venue)
        ticket = budget.enter(alternatives, self._clock.now_ns())
        if ticket is None:
            return _vain(url, budget.trouble or "too many requests wait")
        return await self._turn(budget, ticket)

    async def _turn(self, budget: Budget, ticket: Ticket) -> Outcome:
        """Return what becomes of a request when its turn has come."""
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting[ticket] = future
        try:
            self._pump(budget)
            return await future
        finally:
            del self._waiting[ticket]
            budget.leave(ticket)

    def _pump(self, budget: Budget) -> None:
        """Send what may be sent, and come back when more may."""
        now_ns = self._clock.now_ns()
        for ticket in budget.start(now_ns):
            self._send(budget, ticket)
        alarm = self._alarms.pop(budget.venue, None)
        if alarm is not None:
            alarm.cancel()
        next_ns = budget.next_ns(now_ns)
        if next_ns is not None and not self._is_closed:
            delay_s = (next_ns - now_ns) / SECOND_NS + _LATE_S
            loop = asyncio.get_running_loop()
            self._alarms[budget.venue] = loop.call_later(delay_s, self._pump, budget)

    def _send(self, budget: Budget, ticket: Ticket) -> None:
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._workers, self._transport.get, ticket.request.url)
        work.add_done_callback(lambda done: self._arrive(budget, ticket, done))

    def _arrive(self, budget: Budget, ticket: Ticket, done: "asyncio.Future[Got]") -> None:
        """Take an answer on the loop: settle its cost, hand on its body, wake who asked."""
        if done.cancelled() or self._is_closed:
            return
        got, request = done.result(), ticket.request
        meaning = budget.answered(
            ticket, got.status, got.headers, got.body, got.words, self._clock.now_ns()
        )
        future = self._waiting.get(ticket)
        try:
            if got.status in OK and future is not None:
                self._hand_on(budget, request, got.body)
        finally:
            if future is not None and not future.done():
                answer = RestAnswer(
                    got.status, got.body, got.elapsed_s, meaning.trouble, request.url, got.sent_ns
                )
                future.set_result((answer, meaning.may_retry))
            self._pump(budget)

    def _hand_on(self, budget: Budget, request: RestRequest, body: bytes) -> None:
        if request.purpose is Purpose.INSTRUMENTS:
            budget.learn(body)
        is_poll = request.purpose is Purpose.POLL
        kind, connection = (FrameKind.POLL, POLLED) if is_poll else (FrameKind.REST, REST)
        self._take(request.venue, connection, kind, body, request.url)


def _vain(url: str, words: str) -> Outcome:
    """Return the outcome of a request that was not sent."""
    return RestAnswer(NO_ANSWER, b"", 0.0, words, url), False
