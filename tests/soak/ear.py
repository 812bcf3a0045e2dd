"""What the soak hears within the desk's process: books to compare, notices, states, and memory.

It is a listener of the live run and writes rows, one JSON array a line, each with its name first.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

import numpy as np

from hftlib.book.book import Book
from hftlib.book.layout import ASK, BID, Ints
from hftlib.core.events import FeedStatus
from hftlib.core.frames import Frame, FrameKind
from hftlib.core.states import BookState, FeedCondition
from hftlib.core.venue import BINANCE, BINANCE_USDM, COINBASE, COINBASE_EXCHANGE
from hftlib.engine.engine import Engine
from hftlib.engine.facts import BookFact, Fact
from hftlib.exchange.truth import TrueBook, digest_of
from hftlib.market.listings import LISTINGS
from hftlib.venues.stamps import StampError, iso_ns

BY_ID: Final = (BINANCE, BINANCE_USDM)
DEPTHS: Final = (5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)
"""Depths at which a book is compared that is not known whole: the deepest that is known."""
TELLING: Final = frozenset(
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
        FeedCondition.HANDED_OVER,
        FeedCondition.REFUSED,
        FeedCondition.SHUTDOWN_ANNOUNCED,
        FeedCondition.TRADES_MISSING,
    }
)
_TIME_KEYS: Final = {COINBASE: b'"timestamp":"', COINBASE_EXCHANGE: b'"time":"'}
_MICROSECOND_NS: Final = 1_000

_LISTED_AT: Final = {COINBASE_EXCHANGE: COINBASE}
_LISTED: Final = {(one.venue, one.symbol): one.instrument for one in LISTINGS}

Say = Callable[[tuple[Any, ...]], None]


class Horizon(NamedTuple):
    """Say how far a book is known: ticks of the last levels of its snapshot, None where whole."""

    low: int | None
    high: int | None


WHOLE: Final = Horizon(None, None)


class Ear:
    """Hear every frame of a live run with its facts."""

    def __init__(self, engine: Callable[[], Engine], say: Say) -> None:
        """Judge the books of the engine that runs; `say` takes rows."""
        self._engine = engine
        self._say = say
        self._states: dict[tuple[str, str], BookState] = {}
        self._horizons: dict[tuple[str, str], Horizon] = {}

    def hear(self, frame: Frame, facts: list[Fact]) -> None:
        """Take a frame and its facts."""
        changed: dict[str, BookFact] = {}
        if frame.kind is FrameKind.REST and frame.venue in BY_ID and "/depth?" in frame.request:
            self._note_horizon(frame)
        for fact in facts:
            if isinstance(fact, FeedStatus):
                self._note_status(frame, fact)
            elif isinstance(fact, BookFact):
                self._note_state(frame, fact)
                changed[fact.symbol] = fact
        if frame.kind is FrameKind.WS:
            for fact in changed.values():
                self._check(frame, fact)

    def _note_status(self, frame: Frame, status: FeedStatus) -> None:
        if status.condition in TELLING:
            condition = str(status.condition)
            self._say(("notice", frame.ts_recv, status.venue, status.symbol, condition))

    def _note_state(self, frame: Frame, fact: BookFact) -> None:
        key = (fact.venue, fact.symbol)
        if self._states.get(key) is not fact.state:
            self._states[key] = fact.state
            self._say(("state", frame.ts_recv, *key, str(fact.state), fact.reason))

    def _note_horizon(self, frame: Frame) -> None:
        asked = parse_qs(urlsplit(frame.request).query)
        symbol, limit = asked["symbol"][0], int(asked.get("limit", ["100"])[0])
        key = (frame.venue, symbol)
        if self._states.get(key) is BookState.LIVE or key not in self._engine().instruments:
            return
        instrument = self._engine().instruments[key]
        bids, _, asks = frame.payload.partition(b'"asks"')
        ends = [
            None if side.count(b'["') < limit else instrument.price_ticks(_last_price(side))
            for side in (bids, asks)
        ]
        self._horizons[key] = Horizon(*ends)

    def _check(self, frame: Frame, fact: BookFact) -> None:
        """Say how a LIVE book stands, to be compared with the true one."""
        key = (fact.venue, fact.symbol)
        book = self._engine().books[key]
        by_id = fact.venue in BY_ID
        if book.state is not BookState.LIVE or (by_id and not book.verified):
            return
        at = fact.last_update_id if by_id else time_told(fact.venue, frame.payload)
        if at is None:
            return
        found = digest(book, self._horizons.get(key, WHOLE))
        self._say(
            ("shallow", *key) if found is None else ("check", *key, at, *found, frame.ts_recv)
        )


def _last_price(side: bytes) -> str:
    begin = side.rfind(b'["') + 2
    return side[begin : side.index(b'"', begin)].decode()


def time_told(venue: str, payload: bytes) -> int | None:
    """Return the time (ns) up to which a frame of Coinbase tells; None when it does not say."""
    key = _TIME_KEYS[venue]
    begin = payload.find(key) + len(key)
    if begin < len(key):
        return None
    try:
        stamp = iso_ns(payload[begin : payload.index(b'"', begin)].decode())
    except (StampError, ValueError):
        return None
    # Exchange writes microseconds of a newest change that has nanoseconds.
    return stamp if venue == COINBASE else stamp + _MICROSECOND_NS - 1


def _in_listed_quanta(book: Book, levels: tuple[Ints, Ints]) -> tuple[Ints, Ints]:
    """Return levels in the market's own quanta, which may be coarser than those of the wire."""
    one = book.instrument
    listed = _LISTED[_LISTED_AT.get(one.venue, one.venue), one.symbol]
    finer = 10 ** (one.size_decimals - listed.size_decimals)
    return levels[0], levels[1] // finer


def digest(book: Book, horizon: Horizon) -> tuple[str, int | None] | None:
    """Return a digest of a book as deep as it is known, and that depth; None where too shallow."""
    bids, asks = (_in_listed_quanta(book, book.levels(side)) for side in (BID, ASK))
    known = []
    if horizon.low is not None:
        known.append(int(np.count_nonzero(bids[0] >= horizon.low)))
    if horizon.high is not None:
        known.append(int(np.count_nonzero(asks[0] <= horizon.high)))
    depth = None
    if known:
        depth = max((one for one in DEPTHS if one <= min(known)), default=None)
        if depth is None:
            return None
    return digest_of(TrueBook(0, 0, bids, asks), 1, depth).hex(), depth
