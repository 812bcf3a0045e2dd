"""Whatever is traded, and however time is cut: a book that follows a stream is the engine's.

Each depth event is applied to a book that began with a snapshot, and the result is held against
the matching engine's levels at the same update id; for spot's chain of U and u, and USD-M's of pu.
"""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hftlib.core.instrument import Instrument
from hftlib.exchange.binance.futures import BinanceFutures
from hftlib.exchange.binance.streams import SpotStreams
from hftlib.exchange.messages import Opening
from hftlib.market.listings import LISTINGS
from hftlib.market.orders import BookSide
from tests.reference.still_market import STEP_NS, StillMarket, bodies

BID, ASK = BookSide.BID, BookSide.ASK
MILLISECOND_NS = 1_000_000

deeds = st.lists(
    st.one_of(
        st.tuples(
            st.just("rest"), st.sampled_from([BID, ASK]), st.integers(1, 6), st.integers(1, 9)
        ),
        st.tuples(st.just("take"), st.sampled_from([BID, ASK]), st.integers(1, 30)),
        st.tuples(st.just("cancel"), st.integers(0, 50)),
        st.tuples(st.just("step"), st.integers(1, 30)),
    ),
    min_size=5,
    max_size=60,
)


class Follower:
    """Keep a book by the venue's own procedure, and hold it against the engine's."""

    def __init__(self, stage: "Stage", name: str) -> None:
        self.feed = stage.feed
        self.connection = stage.open(name)
        self.by_pu = stage.by_pu
        self.last_id = self.feed.book.update_id
        self.sides = [self.truth(side) for side in (BID, ASK)]
        self.events = 0

    def truth(self, side: BookSide) -> dict[int, int]:
        ticks, lots = self.feed.book.levels(side)
        return dict(zip(ticks.tolist(), lots.tolist(), strict=True))

    def follow(self) -> None:
        """Apply what came; after the last event the book is that of its update id."""
        for event in bodies(self.connection):
            before = event["pu"] if self.by_pu else event["U"] - 1
            assert before == self.last_id
            self.last_id = event["u"]
            self.events += 1
            for levels, changed in zip(self.sides, (event["b"], event["a"]), strict=True):
                self.apply(levels, changed)
            if self.last_id == self.feed.book.update_id:
                assert self.sides == [self.truth(side) for side in (BID, ASK)]

    def apply(self, levels: dict[int, int], changed: list[list[str]]) -> None:
        instrument: Instrument = self.feed.listing.instrument
        for price, size in changed:
            ticks, quanta = instrument.price_ticks(price), instrument.size_quanta(size)
            levels[ticks] = quanta
            if not quanta:
                del levels[ticks]


class Stage:
    def __init__(self, venue: str) -> None:
        listing = LISTINGS[0] if venue == "binance" else LISTINGS[5]
        self.market = StillMarket([listing])
        self.feed = self.market.feed(venue)
        self.by_pu = venue == "binance_usdm"
        self.market.quote(self.feed, 3)
        feeds = self.market.floor.feeds
        self.server = BinanceFutures(self.market.floor) if self.by_pu else SpotStreams(feeds)
        self.resting: list[int] = []

    def open(self, name: str):
        path = f"/public/ws/{name}" if self.by_pu else f"/ws/{name}"
        return self.server.connect(Opening(path, "", {}, "", self.market.now_ns))

    def do(self, deed: tuple, step_ns: int) -> None:
        market, feed = self.market, self.feed
        match deed:
            case ("rest", side, away, lots):
                sign = -1 if side is BID else 1
                ticks = feed.listing.opening_ticks + sign * away
                self.resting.append(market.rest(feed, side, ticks, lots))
            case ("take", side, lots) if feed.book.levels(ASK if side is BID else BID)[0].size:
                market.take(feed, side, lots)
            case ("cancel", which) if self.resting:
                number = self.resting[which % len(self.resting)]
                if feed.book.order(number) is not None:
                    market.cancel(feed, number)
            case ("step", count):
                market.step(self.server, count, step_ns)


@pytest.mark.parametrize("venue", ["binance", "binance_usdm"])
@settings(max_examples=60, deadline=None)
@given(deeds=deeds, step=st.sampled_from([1, 5, 10, 33]), late=st.integers(0, 20))
def test_followers_of_every_pace_keep_the_engines_book(venue, deeds, step, late):
    stage = Stage(venue)
    names = ("btcusdt@depth", "btcusdt@depth@100ms")
    followers = [Follower(stage, name) for name in names]
    changed_from = stage.feed.book.update_id
    for number, deed in enumerate(deeds):
        if number == late:
            # Once nothing is gathered any more, a late listener's first event is its own.
            stage.market.step(stage.server, 1, 1_000 * MILLISECOND_NS)
            followers += [Follower(stage, name) for name in names]
        stage.do(deed, step * STEP_NS)
        for follower in followers:
            follower.follow()
    stage.market.step(stage.server, 3, 1_000 * MILLISECOND_NS)
    for follower in followers:
        follower.follow()
        assert follower.last_id == stage.feed.book.update_id
        assert follower.sides == [follower.truth(side) for side in (BID, ASK)]
    moved = stage.feed.book.update_id > changed_from
    assert all(bool(one.events) == moved for one in followers[:2])


@settings(max_examples=25, deadline=None)
@given(deeds=deeds)
def test_microseconds_and_wrapping_change_nothing_else(deeds):
    stage = Stage("binance")
    plain = stage.open("btcusdt@depth@100ms/btcusdt@trade/btcusdt@bookTicker")
    query = "streams=btcusdt@depth@100ms/btcusdt@trade/btcusdt@bookTicker&timeUnit=MICROSECOND"
    opening = Opening("/stream", query, {}, "", stage.market.now_ns)
    wrapped = stage.server.connect(opening)
    for deed in deeds:
        stage.do(deed, STEP_NS)
    bare = [msgspec.json.decode(one.text) for one in plain.outbox]
    inner = [one["data"] for one in bodies(wrapped)]
    for body in inner:
        for stamp in {"E", "T"} & body.keys():
            body[stamp] //= 1_000
    assert inner == bare
