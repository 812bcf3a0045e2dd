"""The feed end to end: ccxt's own classes on a local market, named as venues of ccxt."""

import asyncio
import random

import pytest

from hftlib.core.errors import ConfigurationError, UnavailableError
from hftlib.core.frames import Frame, FrameKind
from hftlib.core.states import BookState, FeedCondition
from hftlib.engine.engine import Engine
from hftlib.io.clock import WallClock
from hftlib.io.feeds.ccxt_feed import CcxtFeed
from hftlib.io.feeds.ccxt_process import Order, make_exchange
from tests.local_support.market_process import MarketProcess, market_process

WITHIN_S = 60.0


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    with market_process(tmp_path_factory.mktemp("market")) as running:
        yield running


class Desk:
    """Hold an engine that is fed by a feed, as the desk feeds its own."""

    def __init__(self) -> None:
        self.engine = Engine([])
        self.frames: list[Frame] = []
        self.clock = WallClock()

    def take(self, venue, connection, kind, payload, request) -> None:
        frame = Frame(
            len(self.frames), self.clock.now_ns(), venue, connection, kind, payload, request
        )
        self.frames.append(frame)
        self.engine.on_event(frame)

    def learn(self, instruments) -> None:
        self.engine.instruments.update({(one.venue, one.symbol): one for one in instruments})
        self.engine.sessions.clear()

    def state(self, venue, symbol):
        book = self.engine.books.get((venue, symbol))
        return None if book is None else book.state

    def trades(self, key) -> int:
        return self.engine.sessions[key[0]].reporter.of_symbol(key[1]).market_events


def binance(market: MarketProcess):
    address = market.addresses["binance"]
    api = {"public": f"{address}/api/v3", "private": f"{address}/api/v3"}
    api["ws"] = {"spot": address.replace("http", "ws") + "/stream/ws"}
    options = {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False}
    return {"options": options, "urls": {"api": api}}


def coinbase(market: MarketProcess):
    address = market.addresses["coinbase"]
    return {"urls": {"api": {"rest": address, "ws": address.replace("http", "ws")}}}


CASES = {
    "binance": (binance, "BTC/USDT", "BTCUSDT", ("0.01", "0.00001", "5")),
    "coinbase": (coinbase, "BTC/USD", "BTC-USD", ("0.01", "0.00000001", "1")),
}


@pytest.mark.parametrize("exchange", CASES)
async def test_books_and_trades_of_an_exchange(market, exchange):
    settings, symbol, name, increments = CASES[exchange]
    desk, venue = Desk(), f"far{exchange}"
    feed = CcxtFeed(desk.take, desk.clock, venue, exchange=exchange, settings=settings(market))
    try:
        instruments = await feed.instruments(WITHIN_S)
        one = next(one for one in instruments if one.symbol == symbol)
        assert (one.venue, one.origin, one.quote) == (venue, "ccxt", symbol.partition("/")[2])
        assert (one.price_increment, one.lot, one.minimum_notional) == increments
        desk.learn([one])
        feed.start([symbol])
        await until(lambda: desk.state(venue, symbol) is BookState.LIVE)
        await until(lambda: desk.trades((venue, symbol)) > 20)
        await hold_against_truth(market, desk, (venue, symbol), (exchange, name))
        assert "no sequence numbers" in feed.guarantees
        assert feed.is_open()
        assert {lane.state for lane in feed.statuses()} == {"OPEN"}
        await until(lambda: any(frame.kind is FrameKind.TIMER for frame in desk.frames))
    finally:
        await feed.stop()
    assert desk.state(venue, symbol) is BookState.DOWN
    assert not feed.is_open()
    assert desk.engine.count(FeedCondition.OFF_QUANTUM) == 0
    assert desk.engine.count(FeedCondition.MALFORMED) == 0


async def until(holds) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not holds():
            await asyncio.sleep(0.02)


async def hold_against_truth(market, desk, key, there) -> None:
    """Compare the book with the market's own at the same update id, where there is one."""
    book = desk.engine.books[key]
    assert not book.verified
    assert book.bid_levels > 50
    assert book.ask_levels > 50
    if there[0] != "binance":
        return
    shown = [
        [
            (book.instrument.price_text(ticks), book.instrument.size_text(quanta))
            for ticks, quanta in zip(*(column.tolist() for column in book.levels(side, 50)))
        ]
        for side in (0, 1)
    ]
    path = f"book?venue={there[0]}&symbol={there[1]}&update_id={book.last_update_id}&depth=50"
    truth = await asyncio.to_thread(market.control, "GET", path)
    for side, name in enumerate(("bids", "asks")):
        told = [(float(price), float(size)) for price, size in truth[name]]
        assert [(float(price), float(size)) for price, size in shown[side]] == told


async def test_a_process_that_dies_is_closed_told_and_started_again(market):
    desk, told = Desk(), []
    feed = CcxtFeed(
        desk.take,
        desk.clock,
        "far",
        exchange="binance",
        settings=binance(market),
        chance=random.Random(3),
        tell=told.append,
    )
    try:
        desk.learn(await feed.instruments(WITHIN_S))
        feed.start(["BTC/USDT"])
        await until(lambda: desk.state("far", "BTC/USDT") is BookState.LIVE)
        feed._process.kill()
        await until(lambda: desk.state("far", "BTC/USDT") is BookState.DOWN)
        await until(lambda: desk.state("far", "BTC/USDT") is BookState.LIVE)
        assert feed.restarts == 1
        assert any("process ended" in words for words in told)
        assert any(lane.reconnects for lane in feed.statuses())
    finally:
        await feed.stop()


async def test_a_message_that_stops_ccxts_reading_begins_connections_anew(market):
    desk, told = Desk(), []
    feed = CcxtFeed(
        desk.take, desk.clock, "far", exchange="binance", settings=binance(market), tell=told.append
    )
    try:
        desk.learn(await feed.instruments(WITHIN_S))
        feed.start(["BTC/USDT"])
        await until(lambda: desk.state("far", "BTC/USDT") is BookState.LIVE)
        spec = {"kind": "garbage", "venue": "binance", "topic": "btcusdt@depth*", "count": 1}
        await asyncio.to_thread(market.control, "POST", "faults", spec)
        await until(lambda: any("JSONDecodeError within ccxt" in words for words in told))
        await until(lambda: desk.state("far", "BTC/USDT") is BookState.LIVE)
        books = len(desk.frames)
        await until(lambda: len(desk.frames) > books + 20)
    finally:
        await feed.stop()


async def test_an_exchange_that_ccxt_does_not_know_is_refused_with_the_nearest():
    desk = Desk()
    feed = CcxtFeed(desk.take, desk.clock, "krakn")
    try:
        with pytest.raises(ConfigurationError, match="did you mean kraken"):
            await feed.instruments(WITHIN_S)
        with pytest.raises(ConfigurationError):
            await feed.instruments(WITHIN_S)
    finally:
        await feed.stop()
    assert desk.frames == []


async def test_an_exchange_that_does_not_answer_is_told_and_tried_on():
    desk, told = Desk(), []
    nowhere = {"urls": {"api": {"rest": "http://127.0.0.1:9", "ws": "ws://127.0.0.1:9"}}}
    feed = CcxtFeed(
        desk.take, desk.clock, "far", exchange="coinbase", settings=nowhere, tell=told.append
    )
    try:
        with pytest.raises(UnavailableError, match="far does not answer"):
            await feed.instruments(0.01)
        await until(lambda: len(told) > 2)
        with pytest.raises(UnavailableError, match="ExchangeNotAvailable"):
            await feed.instruments(0.01)
    finally:
        await feed.stop()


def test_an_exchange_without_sockets_is_found_too():
    exchange, failures = make_exchange(Order("open", "x", "kraken"))
    assert exchange.id == "kraken"
    assert failures[0].__name__ == "BaseError"
    with pytest.raises(LookupError, match="no exchange 'zzzzzz'"):
        make_exchange(Order("open", "x", "zzzzzz"))
