"""Lanes on a running local market: all four protocols, hand-overs, cuts, stalls, renewals.

The engine's own session judges what comes: a book that is handed over never loses its sequence.
"""

import asyncio
import random
from collections import Counter

import msgspec
import pytest

from hftlib.core.events import BookDelta, BookSnapshot, FeedStatus, SnapshotRequest, Trade
from hftlib.core.frames import Frame, FrameKind
from hftlib.core.states import FeedCondition
from hftlib.io.clock import WallClock
from hftlib.io.feeds.lanes import Lanes
from hftlib.market.listings import LISTINGS
from hftlib.venues.lanes import lanes_for
from hftlib.venues.plans import Addresses
from hftlib.venues.registry import open_session
from tests.io.feeds.lane_harness import Taker
from tests.local_support.market_process import market_process

SYMBOLS = {
    "binance": ["BTCUSDT", "ETHUSDT"],
    "binance_usdm": ["BTCUSDT"],
    "coinbase": ["BTC-USD", "ETH-USD"],
    "coinbase_exchange": ["BTC-USD"],
}
DEPTHS = {
    "binance": "/api/v3/depth?symbol={}&limit=1000",
    "binance_usdm": "/fapi/v1/depth?symbol={}&limit=1000",
}
LOST = {FeedCondition.GAP, FeedCondition.OVERFLOW, FeedCondition.CLOSED}


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    with market_process(tmp_path_factory.mktemp("market")) as running:
        yield running


@pytest.fixture(autouse=True)
def _no_faults(market):
    yield
    market.control("DELETE", "faults")
    market.reset_limits()


class Live(Taker):
    """Take frames through the venue's session, and do what it asks for."""

    def __init__(self, market, venue: str) -> None:
        super().__init__()
        self.venue = venue
        self.market = market
        self.symbols = SYMBOLS[venue]
        base = "coinbase" if venue == "coinbase_exchange" else venue
        instruments = {
            one.symbol: msgspec.structs.replace(one.instrument, venue=venue)
            for one in LISTINGS
            if one.venue == base
        }
        self.session = open_session(venue, instruments)
        self.seen: Counter[str] = Counter()
        self.trades: list[int] = []
        self.lost: list[FeedStatus] = []
        self.synced: Counter[str] = Counter()
        self.clock = WallClock()
        self.lanes = Lanes(self.take, self.clock, random.Random(1), self.tell)
        self.tasks: set[asyncio.Task] = set()

    def take(self, venue, connection, kind, payload, request=""):
        super().take(venue, connection, kind, payload, request)
        number = len(self.frames)
        frame = Frame(number, self.clock.now_ns(), venue, connection, kind, payload, request)
        for event in self.session.receive(frame):
            self.seen[type(event).__name__] += 1
            if isinstance(event, SnapshotRequest):
                self.want(event)
            elif isinstance(event, FeedStatus):
                self.note(event)
            elif isinstance(event, Trade) and event.symbol == self.symbols[0]:
                self.trades.append(event.trade_id)

    def note(self, status: FeedStatus) -> None:
        if status.condition in LOST and status.symbol:
            self.lost.append(status)
        elif status.condition is FeedCondition.SYNCED:
            self.synced[status.symbol] += 1

    def want(self, request: SnapshotRequest) -> None:
        if self.venue in DEPTHS:
            task = asyncio.ensure_future(self.ask(request.symbol))
            self.tasks.add(task)
        else:
            self.lanes.renew(self.venue, request.symbol)

    async def ask(self, symbol: str) -> None:
        url = self.market.addresses[self.venue] + DEPTHS[self.venue].format(symbol)
        answer = await asyncio.to_thread(self.market.session.get, url)
        if answer.status_code == 200:
            self.take(self.venue, "rest", FrameKind.REST, answer.content, url)

    def open(self, **changes: object) -> None:
        address = self.market.addresses[self.venue]
        addresses = Addresses(self.venue, address, address.replace("http", "ws", 1))
        for plan in lanes_for(addresses, self.symbols):
            self.lanes.open(msgspec.structs.replace(plan, **changes))

    @property
    def is_synced(self) -> bool:
        return all(self.session.is_synced(symbol) for symbol in self.symbols)

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.lanes.close_all()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        assert not self.lanes.broken.done()

    async def after(self, count: int = 50) -> None:
        """Let so many more frames come."""
        wanted = len(self.frames) + count
        await self.until(lambda: len(self.frames) >= wanted)


@pytest.mark.parametrize("venue", list(SYMBOLS))
async def test_books_come_and_follow(market, venue):
    async with Live(market, venue) as live:
        live.open()
        await live.until(lambda: live.is_synced)
        await live.until(lambda: live.seen[BookDelta.__name__] > 20)
        assert live.seen[BookSnapshot.__name__] >= len(live.symbols)
        assert live.lanes.is_open(venue)
        assert live.lost == []


@pytest.mark.parametrize("venue", ["binance", "binance_usdm"])
async def test_lanes_are_handed_over_before_the_venue_cuts_them(market, venue):
    market.control("POST", "lifetime", {"seconds": 4})
    try:
        async with Live(market, venue) as live:
            live.open(lifetime_s=4.0)
            await live.until(lambda: live.is_synced)
            await live.until(lambda: len(live.of(FrameKind.CLOSED)) >= 2)
            assert all(one.request for one in live.of(FrameKind.CLOSED))
            assert all(one.payload.startswith(b"handed") for one in live.of(FrameKind.CLOSED))
            assert live.lost == []
            assert set(live.synced.values()) == {1}
            told = sorted(live.trades)
            assert told == list(range(told[0], told[0] + len(told)))
    finally:
        market.control("POST", "lifetime", {"seconds": 86_400})


async def test_a_lane_that_is_cut_comes_back_in_sync(market):
    async with Live(market, "binance") as live:
        live.open()
        await live.until(lambda: live.is_synced)
        market.control("POST", "faults", {"kind": "cut", "venue": "binance", "count": 1})
        await live.until(lambda: live.of(FrameKind.CLOSED))
        assert live.of(FrameKind.CLOSED)[0].payload == b"cut without a close frame"
        await live.until(lambda: min(live.synced[symbol] for symbol in live.symbols) >= 2)


async def test_a_mute_stall_is_seen_by_its_silence(market):
    async with Live(market, "coinbase") as live:
        live.open(silence_s=1.5)
        await live.until(lambda: live.is_synced)
        fault = {"kind": "stall", "venue": "coinbase", "mute": True, "for_s": 4.0}
        market.control("POST", "faults", fault)
        await live.until(lambda: live.of(FrameKind.CLOSED))
        assert live.of(FrameKind.CLOSED)[0].payload.startswith(b"silent for")
        await live.until(lambda: min(live.synced[symbol] for symbol in live.symbols) >= 2)


@pytest.mark.parametrize("venue", ["coinbase", "coinbase_exchange"])
async def test_a_pushed_book_is_renewed_on_the_same_connection(market, venue):
    async with Live(market, venue) as live:
        live.open()
        await live.until(lambda: live.is_synced)
        symbol = live.symbols[0]
        for event in live.session.distrust(symbol, "drift", live.clock.now_ns()):
            if isinstance(event, SnapshotRequest):
                live.want(event)
        await live.until(lambda: live.synced[symbol] >= 2)
        assert live.is_synced
        assert live.of(FrameKind.CLOSED) == []
        assert live.lanes.statuses()[0].reconnects == 0


async def test_an_announced_shutdown_is_a_closed_lane_with_its_reason(market):
    async with Live(market, "binance") as live:
        live.open()
        await live.until(lambda: live.is_synced)
        live.lanes.hand_over("binance", "ws", "the venue announced its shutdown")
        await live.until(lambda: live.of(FrameKind.CLOSED))
        assert live.of(FrameKind.CLOSED)[0].request == "ws+"
        await live.after()
        assert live.is_synced
        assert live.lost == []
