"""One lane kept open: opened with patience, watched, renewed, and handed over before it is cut.

A lane has one link, and for the time of a hand-over two. The second one carries the other of two
names (`ws`, `ws+`), brings the same streams, and takes over soon after every book has come over it,
or after `OVERLAP_S`: the CLOSED frame of the first then names it as its successor. No frame is
missed, and what comes twice is told apart by its ids.
"""

import asyncio
import random
from collections.abc import Callable
from typing import Final

import msgspec

from hftlib.core.clock import Clock
from hftlib.core.frames import FrameKind
from hftlib.io.feeds.backoff import LIVED_S, Backoff
from hftlib.io.feeds.link import Link, OpeningError
from hftlib.io.feeds.pace import Pace, Window
from hftlib.io.feeds.watch import Watch
from hftlib.venues.lanes import brings_book, resubscription
from hftlib.venues.plans import LanePlan
from hftlib.wire.messages import LaneStatus

Take = Callable[[str, str, FrameKind, bytes, str], None]
"""Take what came in: venue, connection, kind, payload, request."""

OVERLAP_S: Final = 5.0
LINGER_S: Final = 0.5
"""How long the old link is kept once the new one brings all: it may be the slower one."""
RENEWAL_S: Final = 5.0
_EARLIEST_S: Final = 600.0
_LATEST_S: Final = 60.0
"""How long before a lane's cut its successor is opened: drawn, so that lanes do not go at once."""
_SECOND_NS: Final = 1_000_000_000
_MILLISECOND_NS: Final = 1_000_000
_WS: Final = FrameKind.WS


class Surroundings(msgspec.Struct, frozen=True):
    """Hold what the lanes of one venue share: the way in, time, chance, limits, and their words."""

    take: Take
    clock: Clock
    chance: random.Random
    connects: Window
    talks: Pace
    tell: Callable[[str], None]
    fail: Callable[[BaseException], None]


class Lane:
    """Keep what one plan opens open, until it is closed."""

    def __init__(self, plan: LanePlan, around: Surroundings) -> None:
        """Begin with nothing open."""
        self.plan = plan
        self.backoff = Backoff(around.chance)
        self._around = around
        self._take = around.take
        self._link: Link | None = None
        self._successor: Link | None = None
        self._watches: dict[Link, Watch] = {}
        self._overlap = ""
        self._handing: set[str] = set()
        self._handed_ns = 0
        self._renewing: dict[str, int] = {}
        self._is_eventful = False
        self._opening = ""
        self._pause_s = 0.0
        self._reason = ""
        self._is_closed = False
        self._openings = 0
        self._gone_messages = 0
        self._changed = asyncio.Event()
        self._leaving: list[Link] = []

    @property
    def is_open(self) -> bool:
        """Say whether frames come."""
        return self._link is not None

    def _now_ns(self) -> int:
        return self._around.clock.now_ns()

    def _tell(self, text: str) -> None:
        self._around.tell(f"{self.plan.venue} {text}")

    # opening -----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Open, and open again whenever it takes, until the lane is closed."""
        while not self._is_closed:
            if self._link is None or (self._overlap and self._successor is None):
                await self._open()
            else:
                await self._changed.wait()
                self._changed.clear()

    async def _open(self) -> None:
        waits_s = max(self._pause_s, self._around.connects.reserve_s(self._now_ns()))
        await asyncio.sleep(waits_s)
        link = Link(self, self._free_name())
        self._opening = link.connection
        try:
            await link.open(self.plan.url)
        except OpeningError as error:
            self.backoff.failed()
            self._pause_s = max(self.backoff.next_s(), error.retry_after_s)
            self._reason = str(error)
            self._tell(f"{link.connection} does not open: {error}; next in {self._pause_s:.1f} s")
        finally:
            self._opening = ""

    def _free_name(self) -> str:
        name = self.plan.connection
        taken = self._link is not None and self._link.connection == name
        return f"{name}+" if taken else name

    def on_open(self, link: Link) -> None:
        """Take a link into use: the lane's only one, or the one that is to take over."""
        now_ns = self._now_ns()
        self.backoff.opened()
        self._openings += 1
        self._reason = ""
        self._watches[link] = Watch(self.plan.silence_s, self._hand_over_ns(now_ns), now_ns)
        if self._link is None:
            self._link = link
        else:
            self._successor = link
            self._handing = set(self.plan.symbols)
            self._is_eventful = True
        self._take(self.plan.venue, link.connection, FrameKind.OPENED, b"", self.plan.url)
        self._say(link, self.plan.sent)

    def _hand_over_ns(self, now_ns: int) -> int | None:
        lifetime_s = self.plan.lifetime_s
        if not lifetime_s:
            return None
        early_s = min(lifetime_s / 4, self._around.chance.uniform(_LATEST_S, _EARLIEST_S))
        return now_ns + round((lifetime_s - early_s) * _SECOND_NS)

    def _say(self, link: Link, messages: tuple[bytes, ...]) -> None:
        """Send messages in order, as fast as the venue allows."""
        loop = asyncio.get_running_loop()
        for message in messages:
            waits_s = self._around.talks.reserve_s(self._now_ns())
            if waits_s:
                loop.call_later(waits_s, self._send, link, message)
            else:
                self._send(link, message)

    def _send(self, link: Link, message: bytes) -> None:
        if link.is_open:
            link.send(message)
            self._take(self.plan.venue, link.connection, FrameKind.SENT, message, "")

    # frames ------------------------------------------------------------------------------------

    def on_message(self, link: Link, payload: bytes) -> None:
        """Hand a message on; look at it where something is awaited."""
        self._take(self.plan.venue, link.connection, _WS, payload, "")
        if self._is_eventful:
            self._look(link, payload)

    def _look(self, link: Link, payload: bytes) -> None:
        if link is self._successor:
            self._handing = {one for one in self._handing if not self._brings(one, payload)}
            self._is_eventful = bool(self._handing or self._renewing)
            if not self._handing:
                self._handed_ns = self._now_ns()
        elif self._renewing:
            for symbol in [one for one in self._renewing if self._brings(one, payload)]:
                del self._renewing[symbol]
            self._is_eventful = bool(self._renewing or self._handing)

    def _brings(self, symbol: str, payload: bytes) -> bool:
        return brings_book(self.plan, symbol, payload)

    # the end -----------------------------------------------------------------------------------

    def on_end(self, link: Link, reason: str) -> None:
        """Note the end of a link, name the one that goes on, and have another one opened."""
        now_ns = self._now_ns()
        watch = self._watches.pop(link)
        self.backoff.lived(watch.lived_s(now_ns))
        self._gone_messages += link.messages
        is_expected = link is not self._link and link is not self._successor
        if link is self._link:
            self._link = self._successor
            self._settle()
        elif link is self._successor:
            self._successor = None
        heir = self._link.connection if self._link is not None else ""
        if not is_expected:
            self._pause_s = self.backoff.next_s()
        self._reason = reason
        self._tell(f"{link.connection} closed: {reason}" + (f", {heir} goes on" if heir else ""))
        self._take(self.plan.venue, link.connection, FrameKind.CLOSED, reason.encode(), heir)
        self._changed.set()

    def _settle(self) -> None:
        """Forget what was awaited of links that are not in use any more."""
        self._successor = None
        self._overlap = ""
        self._handing = set()
        self._renewing = {}
        self._is_eventful = False

    def _complete(self) -> None:
        """Let the successor take over."""
        old, reason = self._link, self._overlap
        self._link = self._successor
        self._settle()
        if old is not None:
            old.leave(f"handed over: {reason}")

    def on_failure(self, error: BaseException) -> None:
        """Pass on what went wrong while a frame was processed."""
        self._around.fail(error)

    # what the owner asks -----------------------------------------------------------------------

    def hand_over(self, connection: str, reason: str) -> None:
        """Open a successor and let it take over; one that is itself to be left is given up.

        Pushed books have no ids that tell two connections' news apart: there, reconnect.
        """
        if resubscription(self.plan, *self.plan.symbols):
            self.reconnect(reason)
        elif self._successor is not None and self._successor.connection == connection:
            self._successor.drop(reason)
        elif self._link is not None and not self._overlap:
            self._begin_overlap(self._link, reason)

    def _begin_overlap(self, link: Link, reason: str) -> None:
        is_due = self._is_cut_soon(link, self._now_ns())
        lived_s = self._watches[link].lived_s(self._now_ns())
        self._pause_s = 0.0 if is_due or lived_s >= LIVED_S else self.backoff.next_s()
        self._overlap = reason
        self._tell(f"{link.connection} is to be handed over: {reason}")
        self._changed.set()

    def reconnect(self, reason: str) -> None:
        """Hang up at once and open anew."""
        if self._link is not None:
            self._link.drop(reason)

    def renew(self, symbol: str) -> None:
        """Have the book of a symbol pushed anew; a reconnect follows when it does not come."""
        if self._link is None or symbol in self._renewing:
            return
        if not resubscription(self.plan, symbol):
            return
        if not self._renewing:
            asyncio.get_running_loop().call_soon(self._renew, self._link)
        self._renewing[symbol] = self._now_ns() + round(RENEWAL_S * _SECOND_NS)
        self._is_eventful = True

    def _renew(self, link: Link) -> None:
        """Subscribe anew to all that was asked for within one turn of the loop."""
        if link is self._link and self._renewing:
            self._say(link, resubscription(self.plan, *self._renewing))

    def close(self, reason: str) -> None:
        """Hang up for good."""
        self._is_closed = True
        for link in (self._successor, self._link):
            if link is not None:
                self._leaving.append(link)
                link.leave(reason)
        self._reason = reason
        self._changed.set()

    async def gone(self) -> None:
        """Wait until every socket is closed."""
        for link in self._leaving:
            await link.gone()

    def tick(self, now_ns: int) -> None:
        """Let time pass: pings, silence, hand-overs, renewals that came to nothing."""
        for link, watch in list(self._watches.items()):
            dead = watch.look(link.messages + link.signs, link.is_pong_due, now_ns)
            if dead:
                link.drop(dead)
            elif watch.should_ping(now_ns):
                link.ping()
        self._pass_on(now_ns)
        late = [one for one, due_ns in self._renewing.items() if now_ns >= due_ns]
        if late:
            self.reconnect(f"no snapshot of {', '.join(late)} {RENEWAL_S:g} s after subscribing")

    def _pass_on(self, now_ns: int) -> None:
        link = self._link
        if link is not None and self._is_cut_soon(link, now_ns):
            self.hand_over(link.connection, f"the venue cuts it at {self.plan.lifetime_s:g} s")
        if self._successor is not None:
            age_s = self._watches[self._successor].lived_s(now_ns)
            lingered_ns = 0 if self._handing else now_ns - self._handed_ns
            if age_s >= OVERLAP_S or lingered_ns >= LINGER_S * _SECOND_NS:
                self._complete()

    def _is_cut_soon(self, link: Link, now_ns: int) -> bool:
        due_ns = self._watches[link].hand_over_ns
        return due_ns is not None and now_ns >= due_ns

    # what it tells -----------------------------------------------------------------------------

    def statuses(self, now_ns: int) -> list[LaneStatus]:
        """Return one row a link, or one that says why there is none."""
        links = [link for link in (self._link, self._successor) if link is not None]
        if links:
            return [self._status_of(link, now_ns) for link in links]
        state = "CLOSED" if self._is_closed else "OPENING" if self._opening else "WAITING"
        row = (state, self._reason, list(self.plan.symbols), self._gone_messages)
        reconnects = max(0, self._openings - 1)
        return [LaneStatus(self.plan.venue, self.plan.connection, *row, reconnects, None, None)]

    def _status_of(self, link: Link, now_ns: int) -> LaneStatus:
        watch = self._watches[link]
        return LaneStatus(
            self.plan.venue,
            link.connection,
            "OPEN",
            self._overlap,
            list(self.plan.symbols),
            link.messages + (self._gone_messages if link is self._link else 0),
            max(0, self._openings - 1),
            watch.opened_ns / _MILLISECOND_NS,
            (now_ns - watch.heard_ns) / _MILLISECOND_NS,
        )
