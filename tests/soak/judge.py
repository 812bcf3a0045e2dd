"""The judge: every LIVE book against the truth, every injected fault against its notice."""

import re
from collections import Counter, defaultdict
from typing import Any, NamedTuple

from hftlib.book.book import Book
from hftlib.book.layout import ASK, BID
from hftlib.core.events import FeedStatus
from hftlib.core.frames import Frame, FrameKind
from hftlib.core.states import BookState, FeedCondition
from hftlib.core.venue import BINANCE, BINANCE_USDM, COINBASE
from hftlib.engine.engine import Engine
from hftlib.engine.facts import BookFact, Fact
from hftlib.exchange.truth import TrueBook, digest_of
from hftlib.venues.stamps import iso_ns
from tests.soak.lanes import Lane

BY_ID = (BINANCE, BINANCE_USDM)
_STAMP = {COINBASE: re.compile(rb'"timestamp":"([^"]+)"')}
_TIME = re.compile(rb'"time":"([^"]+)"')
_MICROSECOND_NS = 1_000
TELLING = frozenset(
    {
        FeedCondition.GAP,
        FeedCondition.DUPLICATE,
        FeedCondition.LATE,
        FeedCondition.STALE_SNAPSHOT,
        FeedCondition.MALFORMED,
        FeedCondition.OFF_QUANTUM,
        FeedCondition.UNKNOWN,
        FeedCondition.OVERFLOW,
        FeedCondition.CROSSED,
        FeedCondition.DRIFT,
        FeedCondition.STALE,
        FeedCondition.CLOSED,
        FeedCondition.REFUSED,
        FeedCondition.SHUTDOWN_ANNOUNCED,
        FeedCondition.TRADES_MISSING,
    }
)


class Check(NamedTuple):
    """Hold a LIVE book as it stood, to be compared: `at` is an update id or a time."""

    venue: str
    symbol: str
    at: int
    digest: str
    depth: int | None
    seen_ns: int


class Notice(NamedTuple):
    """Hold what told of a fault."""

    seen_ns: int
    venue: str
    condition: FeedCondition


class Judge:
    """Gather checks and notices while the driver runs."""

    def __init__(self, engine: Engine) -> None:
        """Judge the books of `engine`."""
        self.waiting: list[Check] = []
        self.notices: list[Notice] = []
        self.compared: Counter[str] = Counter()
        self.unknown: Counter[str] = Counter()
        self.wrong: list[Check] = []
        self.compares_times = True
        self._engine = engine

    def hear(self, lane: Lane, frame: Frame, facts: list[Fact]) -> None:
        """Take a frame and its facts."""
        live: dict[str, int] = {}
        for fact in facts:
            if isinstance(fact, FeedStatus) and fact.condition in TELLING:
                self.notices.append(Notice(frame.ts_recv, fact.venue, fact.condition))
            elif isinstance(fact, BookFact) and fact.venue == lane.venue:
                live[fact.symbol] = fact.last_update_id
        if frame.kind is FrameKind.WS:
            for symbol, update_id in live.items():
                self._note(lane, symbol, update_id, frame)

    def _note(self, lane: Lane, symbol: str, update_id: int, frame: Frame) -> None:
        book = self._engine.books[lane.venue, symbol]
        at = update_id if lane.venue in BY_ID else self._time_of(lane.venue, frame.payload)
        if book.state is BookState.LIVE and at is not None:
            digest = _digest(book, lane.depth)
            self.waiting.append(Check(lane.venue, symbol, at, digest, lane.depth, frame.ts_recv))

    def _time_of(self, venue: str, payload: bytes) -> int | None:
        """Return the time up to which a frame of Coinbase tells; None when it does not say."""
        found = _STAMP.get(venue, _TIME).search(payload)
        if found is None or not self.compares_times:
            return None
        stamp = iso_ns(found[1].decode())
        # Exchange writes microseconds of a newest change that has nanoseconds.
        return stamp if venue == COINBASE else stamp + _MICROSECOND_NS - 1

    def due(self, before_ns: int) -> dict[tuple[str, str, int | None], list[Check]]:
        """Take the checks of books seen before a time, by book."""
        due: dict[tuple[str, str, int | None], list[Check]] = defaultdict(list)
        kept = []
        for check in self.waiting:
            if check.seen_ns < before_ns:
                due[check.venue, check.symbol, check.depth].append(check)
            else:
                kept.append(check)
        self.waiting = kept
        return due

    def compare(self, checks: list[Check], digests: list[str | None]) -> None:
        """Hold books against the digests of the true ones."""
        for check, digest in zip(checks, digests, strict=True):
            if digest is None:
                self.unknown[check.venue] += 1
                continue
            self.compared[check.venue] += 1
            if digest != check.digest:
                self.wrong.append(check)

    def noticed(self, event: dict[str, Any], until_ns: int) -> Notice | None:
        """Return the first notice of an injected fault, up to a time."""
        for notice in self.notices:
            in_time = event["time_ns"] - 2_000_000 <= notice.seen_ns <= until_ns
            if notice.venue == event["venue"] and in_time:
                return notice
        return None


def _digest(book: Book, depth: int | None) -> str:
    return digest_of(TrueBook(0, 0, book.levels(BID), book.levels(ASK)), 1, depth).hex()
