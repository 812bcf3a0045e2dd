"""The feeds of a live run: each venue is brought up by itself, and what the engine asks is done.

A venue that does not answer does not hold the others up. Where no websocket gets through but REST
answers, the venue's books are polled until one does.
"""

import asyncio
import difflib
import logging
import random
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from hftlib.core.errors import ConfigurationError, HftlibError
from hftlib.core.events import FeedStatus, SnapshotRequest, Statistics24h
from hftlib.core.frames import Frame, FrameKind
from hftlib.core.instrument import Instrument
from hftlib.core.states import FeedCondition
from hftlib.desk.desk import UnknownBookError
from hftlib.desk.live_run import LiveRun
from hftlib.engine.facts import Fact
from hftlib.io.feeds.backoff import Backoff
from hftlib.io.feeds.ccxt_feed import CcxtFeed
from hftlib.io.feeds.lanes import Lanes
from hftlib.io.rest.candles import Candles
from hftlib.io.rest.client import RestClient
from hftlib.io.rest.clock_offsets import ClockOffsets
from hftlib.io.rest.comparisons import Comparisons
from hftlib.io.rest.discovery import discover
from hftlib.io.rest.polling import Polling
from hftlib.io.rest.snapshots import Snapshots
from hftlib.io.rest.statistics import Statistics
from hftlib.venues.lanes import lanes_for
from hftlib.venues.plans import Addresses
from hftlib.venues.requests import seeds_from_rest
from hftlib.venues.selection import choose
from hftlib.wire.messages import BudgetStatus, LaneStatus

POLL_AFTER: Final = 3
"""Openings in a row that fail before a venue is polled."""

_log: Final = logging.getLogger(__name__)


class LiveFeeds:
    """Own the ways in of one live run, venue by venue."""

    def __init__(
        self,
        live: LiveRun,
        addresses: Mapping[str, Addresses],
        others: Sequence[str],
        symbols: str,
        chance: random.Random,
    ) -> None:
        """Prepare for the venues with `addresses`, and for `others` through ccxt."""
        self._live = live
        self._addresses = addresses
        self._words = [word.strip() for word in symbols.split(",") if word.strip()]
        self._chance = chance
        self._tasks: list[asyncio.Task[None]] = []
        self.lanes = Lanes(live.take, live.clock, chance)
        self.rest = RestClient(live.take, live.clock, chance)
        self.snapshots = Snapshots(self.rest, addresses)
        self.comparisons = Comparisons(self.rest, addresses)
        self.statistics = Statistics(self.rest, addresses)
        self.polling = Polling(self.rest, addresses)
        self.candles = Candles(self.rest, addresses, live.clock)
        self.clock_offsets = ClockOffsets(self.rest, addresses)
        self.ccxt = {venue: CcxtFeed(live.take, live.clock, venue) for venue in others}
        self.listed: dict[str, list[Instrument]] = {}
        self.troubles: dict[str, str] = {}
        self._open: dict[str, list[str]] = {}
        self._traded: set[str] = set()
        self._refusals: dict[str, str] = {}
        live.answers = self
        live.listeners.append(self._hear)

    async def open(self) -> None:
        """Try every venue once; those that do not answer are tried again in the background."""
        venues = [*self._addresses, *self.ccxt]
        firsts = [asyncio.Event() for _ in venues]
        self._tasks = [
            asyncio.create_task(self._bring_up(venue, first))
            for venue, first in zip(venues, firsts, strict=True)
        ]
        await asyncio.gather(*(first.wait() for first in firsts))
        if len(self.listed) == len(venues):
            self._refuse_unknown()

    def _refuse_unknown(self) -> None:
        """Raise ConfigurationError for what no venue trades, once all have told their lists."""
        for word, refusal in self._refusals.items():
            if word not in self._traded:
                raise ConfigurationError(refusal)

    def known(self) -> list[Instrument]:
        """Return everything that the venues list, of those that have told."""
        return [one for listed in self.listed.values() for one in listed]

    def add(self, venue: str, symbol: str) -> Instrument:
        """Bring one more book; nothing happens where it comes already.

        Raises UnknownBookError for what the venue does not list, or while it lists nothing yet.
        """
        listed = {one.symbol: one for one in self.listed.get(venue, ())}
        if symbol not in listed:
            raise UnknownBookError(self._why_not(venue, symbol, listed))
        if symbol not in self._open[venue]:
            self._live.learn([listed[symbol]])
            self._open_books(venue, [symbol], f"-{symbol.lower()}")
        return listed[symbol]

    def _why_not(self, venue: str, symbol: str, listed: Mapping[str, Instrument]) -> str:
        if venue not in self._addresses and venue not in self.ccxt:
            known = ", ".join([*self._addresses, *self.ccxt])
            return f"there is no venue {venue}; there is {known}"
        if not listed:
            return f"{venue} has not told what it lists: {self.troubles.get(venue, 'wait')}"
        near = difflib.get_close_matches(symbol.upper(), listed, n=1, cutoff=0.4)
        return f"{venue} lists no {symbol}" + (f"; did you mean {near[0]}?" if near else "")

    def second(self) -> None:
        """Tell every open lane the time; begin and end polling as lanes fail and open."""
        for status in self.lanes.statuses():
            if status.state == "OPEN":
                self._live.take(status.venue, status.connection, FrameKind.TIMER, b"")
        for venue in self._addresses:
            self._judge_polling(venue)

    def want(self, request: SnapshotRequest) -> None:
        """Get a book anew, over REST or by a new subscription, as its venue has it."""
        if request.venue in self.ccxt:
            self.ccxt[request.venue].renew(request.symbol)
        elif not seeds_from_rest(request.venue):
            self.lanes.renew(request.venue, request.symbol)
        else:
            self.snapshots.want(request.venue, request.symbol, request.reason)

    def act(self, status: FeedStatus) -> None:
        """Replace a connection that is silent or about to be cut."""
        if status.condition is FeedCondition.STALE:
            self.lanes.reconnect(status.venue, status.connection, status.reason)
        else:
            self.lanes.hand_over(status.venue, status.connection, status.reason)

    def lane_statuses(self) -> list[LaneStatus]:
        """Return how every connection does, and why there is none of a venue."""
        others = [status for feed in self.ccxt.values() for status in feed.statuses()]
        absent = [
            LaneStatus(venue, "rest", "WAITING", trouble, [], 0, 0, None, None)
            for venue, trouble in self.troubles.items()
        ]
        return [*self.lanes.statuses(), *others, *absent]

    def budget_statuses(self) -> list[BudgetStatus]:
        """Return how much of each venue's allowance is used."""
        return self.rest.statuses()

    async def close(self) -> None:
        """Hang up everywhere."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for part in (
            self.snapshots,
            self.comparisons,
            self.statistics,
            self.polling,
            self.candles,
            self.clock_offsets,
        ):
            await part.close()
        await asyncio.gather(*(feed.stop() for feed in self.ccxt.values()))
        await self.lanes.close_all()
        await self.rest.close()

    async def _bring_up(self, venue: str, first: asyncio.Event) -> None:
        """Find what a venue trades and open its feeds; try again until it answers."""
        backoff = Backoff(self._chance)
        while True:
            try:
                await self._open_venue(venue)
                self.troubles.pop(venue, None)
                return
            except HftlibError as error:
                self.troubles[venue] = str(error)
                _log.warning("a venue does not come up", extra={"venue": venue, "why": str(error)})
            finally:
                first.set()
            await asyncio.sleep(backoff.next_s())

    async def _open_venue(self, venue: str) -> None:
        if venue in self.ccxt:
            listed = await self.ccxt[venue].instruments()
        else:
            listed = await discover(self.rest, self._addresses[venue])
        self.listed[venue] = listed
        chosen = self._choose(venue, listed)
        self._live.learn(chosen)
        self._open[venue] = []
        if chosen:
            self._open_books(venue, [one.symbol for one in chosen])
        if venue in self._addresses:
            self.clock_offsets.start(venue)

    def _open_books(self, venue: str, symbols: list[str], lane_suffix: str = "") -> None:
        """Open what brings some books, beside those that come already."""
        self._open[venue] += symbols
        if venue in self.ccxt:
            self.ccxt[venue].start(symbols)
            return
        for plan in lanes_for(self._addresses[venue], symbols):
            name = plan.connection + lane_suffix
            self.lanes.open(msgspec.structs.replace(plan, connection=name))
        self.comparisons.start(venue, self._open[venue])
        self.statistics.start(venue, self._open[venue])
        self.candles.start(venue, symbols)

    def _choose(self, venue: str, listed: list[Instrument]) -> list[Instrument]:
        """Return what is wanted at one venue; a word that it does not know may be another's."""
        chosen: dict[str, Instrument] = {}
        for word in self._words:
            of_venue, colon, _ = word.partition(":")
            if colon and of_venue != venue:
                continue
            try:
                for one in choose(listed, word):
                    chosen.setdefault(one.symbol, one)
            except ConfigurationError as error:
                self._refusals[word] = str(error)
            else:
                self._traded.add(word)
        return list(chosen.values())

    def _hear(self, frame: Frame, facts: list[Fact]) -> None:
        """Note what a stream tells of 24 h statistics: it need not be asked for."""
        if frame.kind is FrameKind.WS:
            for fact in facts:
                if type(fact) is Statistics24h:
                    self.statistics.heard(fact.venue, fact.symbol)

    def _judge_polling(self, venue: str) -> None:
        symbols = self._open.get(venue, [])
        if self.lanes.is_open(venue):
            self.polling.stop(venue)
        elif symbols and self.lanes.failures(venue) >= POLL_AFTER:
            self.polling.start(venue, symbols)
