"""The sync procedures against a truth: whatever the transport does, a trusted book is never wrong.

A venue is simulated as a list of single changes with update ids. Its messages are dropped,
repeated, swapped and delayed, its snapshots are late or old; a driver answers every request. At
every moment at which the session says that a book is in sync, the dict book at its update id must
equal the truth at that id.
"""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftlib.core.events import BookDelta, BookSnapshot, FeedStatus, SnapshotRequest
from hftlib.core.instrument import Instrument
from hftlib.core.states import FeedCondition, Side
from hftlib.venues.binance.encode import BinanceWriter, combined
from hftlib.venues.coinbase.encode import AdvancedWriter
from tests.reference.dict_book import DictBook
from tests.reference.venue_feed import Feed

T_NS = 1_786_309_548_228_000_000
SPOT = Instrument("binance", "BTCUSDT", "BTC", "USD", "0.01", "0.00000001")
USDM = Instrument("binance_usdm", "BTCUSDT", "BTC", "USD", "0.10", "0.001")
ADVANCED = Instrument("coinbase", "BTC-USD", "BTC", "USD", "0.01", "0.00000001")
URLS = {"binance": "https://x/api/v3/depth", "binance_usdm": "https://x/fapi/v1/depth"}

Level = tuple[Side, int, int]
LOST = {FeedCondition.GAP, FeedCondition.CLOSED, FeedCondition.OVERFLOW}


@dataclass
class Truth:
    """Hold the venue's book after every single update id."""

    states: list[tuple[dict[int, int], dict[int, int]]] = field(default_factory=lambda: [({}, {})])

    def change(self, level: Level) -> int:
        bids, asks = (dict(side) for side in self.states[-1])
        side, ticks, quanta = level
        book = bids if side is Side.BUY else asks
        if quanta:
            book[ticks] = quanta
        else:
            book.pop(ticks, None)
        self.states.append((bids, asks))
        return self.last

    @property
    def last(self) -> int:
        return len(self.states) - 1


class Watched:
    """Play payloads into a session and hold its book against the truth."""

    def __init__(self, instrument: Instrument) -> None:
        self.feed = Feed(instrument.venue, instrument)
        self.symbol = instrument.symbol
        self.book = DictBook(instrument)
        self.trusted = False
        self.wanted = False
        self.syncs = 0

    def take(self, events: list) -> None:
        assert events
        for event in events:
            if isinstance(event, BookDelta | BookSnapshot):
                self.book.apply(event)
            elif isinstance(event, SnapshotRequest):
                self.wanted = True
            elif isinstance(event, FeedStatus) and event.condition in LOST:
                self.trusted = False
            elif isinstance(event, FeedStatus) and event.condition is FeedCondition.SYNCED:
                self.trusted = True
                self.syncs += 1
        assert self.trusted == self.feed.session.is_synced(self.symbol)

    def check(self, truth: dict[int, tuple[dict[int, int], dict[int, int]]]) -> None:
        if self.trusted:
            assert (self.book.bids, self.book.asks) == truth[self.book.last_update_id]


levels = st.tuples(st.sampled_from(Side), st.integers(1, 6), st.integers(0, 3))
batches = st.lists(st.lists(levels, min_size=1, max_size=3), min_size=4, max_size=25)
fates = st.lists(
    st.sampled_from(["pass", "pass", "pass", "pass", "drop", "repeat", "swap", "reconnect"]),
    min_size=25,
    max_size=25,
)
lags = st.lists(st.integers(0, 4), min_size=8, max_size=8)


def transport(frames: list, fates_: list[str]) -> list:
    """Return the frames as they arrive: (frame number or None for a reconnect)."""
    arriving: list[int | None] = []
    for number, fate in zip(range(len(frames)), fates_, strict=False):
        if fate == "swap" and arriving and arriving[-1] is not None:
            arriving.insert(-1, number)
        elif fate != "drop":
            arriving += [number] * (2 if fate == "repeat" else 1)
        if fate == "reconnect":
            arriving.append(None)
    return arriving


def binance_frames(instrument: Instrument, changes: list, skips: bool, truth: Truth) -> list[bytes]:
    """Return one diff event a batch; futures ids may skip numbers, only pu chains."""
    writer, frames, previous = BinanceWriter(instrument), [], 0
    for batch in changes:
        if skips:
            truth.states.append(truth.states[-1])
        first = truth.last + 1
        touched = {}
        for level in batch:
            truth.change(level)
            touched[level[:2]] = None
        bids, asks = truth.states[-1]
        sides = [
            [(t, book.get(t, 0)) for side, t in touched if side is wanted]
            for wanted, book in ((Side.BUY, bids), (Side.SELL, asks))
        ]
        ids = (first, truth.last, previous)
        frames.append(combined("btcusdt@depth", writer.depth_update(T_NS, ids, *sides, T_NS)))
        previous = truth.last
    return frames


@pytest.mark.parametrize("instrument", [SPOT, USDM], ids=["spot", "usdm"])
@given(changes=batches, fates_=fates, lags_=lags, skips=st.booleans())
def test_a_binance_book_in_sync_is_never_wrong(instrument, changes, fates_, lags_, skips):
    truth, watched = Truth(), Watched(instrument)
    frames = binance_frames(instrument, changes, skips and instrument is USDM, truth)
    ends = [0]
    for batch in changes:
        ends.append(ends[-1] + len(batch) + (skips and instrument is USDM))
    known = dict(enumerate(truth.states))
    writer, url = BinanceWriter(instrument), f"{URLS[instrument.venue]}?symbol=BTCUSDT"
    due: list[tuple[int, int]] = []
    asked = 0
    for step, number in enumerate(transport(frames, fates_)):
        if number is None:
            watched.take(watched.feed.opened("wss://x/stream"))
            continue
        watched.take(watched.feed.ws(frames[number]))
        watched.check(known)
        if watched.wanted:
            watched.wanted = False
            lag = lags_[asked % len(lags_)]
            asked += 1
            due.append((step + lag, ends[max(0, number + 1 - (asked % 3))]))
        for answer in [kept for kept in due if kept[0] <= step]:
            due.remove(answer)
            bids, asks = truth.states[answer[1]]
            body = writer.snapshot(answer[1], bids.items(), asks.items(), T_NS, T_NS)
            watched.take(watched.feed.rest(url, body))
            watched.check(known)


@given(changes=batches)
def test_a_clean_binance_stream_syncs_once_and_loses_nothing(changes):
    for instrument in (SPOT, USDM):
        truth, watched = Truth(), Watched(instrument)
        frames = binance_frames(instrument, changes, instrument is USDM, truth)
        watched.take(watched.feed.ws(frames[0]))
        last = len(changes[0]) + (instrument is USDM)
        bids, asks = truth.states[last]
        body = BinanceWriter(instrument).snapshot(last, bids.items(), asks.items(), T_NS, T_NS)
        url = f"{URLS[instrument.venue]}?symbol=BTCUSDT"
        watched.take(watched.feed.rest(url, body))
        for frame in frames[1:]:
            watched.take(watched.feed.ws(frame))
        assert (watched.syncs, watched.trusted) == (1, True)
        assert (watched.book.bids, watched.book.asks) == truth.states[-1]
        assert watched.feed.session.reporter.of_symbol("BTCUSDT").gaps == 0


@given(changes=batches, fates_=fates)
def test_an_advanced_book_in_sync_is_never_wrong(changes, fates_):
    truth, watched, writer = Truth(), Watched(ADVANCED), AdvancedWriter(ADVANCED)
    frames: list[bytes] = []
    known: dict[int, tuple[dict[int, int], dict[int, int]]] = {}
    for number, batch in enumerate(changes):
        for level in batch:
            truth.change(level)
        bids, asks = truth.states[-1]
        whole = [(Side.BUY, *level) for level in bids.items()]
        whole += [(Side.SELL, *level) for level in asks.items()]
        is_snapshot = number % 6 == 0
        frames.append(
            writer.level2(number, T_NS, whole if is_snapshot else batch, snapshot=is_snapshot)
        )
        known[number] = truth.states[-1]
    for number in transport(frames, fates_):
        if number is None:
            watched.take(watched.feed.opened("wss://x"))
            continue
        watched.take(watched.feed.ws(frames[number]))
        watched.check(known)
