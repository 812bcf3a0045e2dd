"""What the streams of spot publish, held against the floor's books and the venue's documents."""

import itertools
import json

import pytest

from hftlib.core.events import BookDelta, BookSnapshot
from hftlib.core.states import FeedCondition
from hftlib.exchange.accounts import Accounts
from hftlib.exchange.binance.market_calls import market_calls
from hftlib.exchange.binance.spot import BinanceSpot
from hftlib.exchange.binance.stream_connection import SECOND_NS
from hftlib.exchange.binance.streams import SpotStreams
from hftlib.exchange.messages import Close, Opening, Response
from hftlib.market.listings import LISTINGS
from hftlib.market.orders import BookSide
from tests.reference.dict_book import read_levels
from tests.reference.still_market import STEP_NS, StillMarket, bodies, messages
from tests.reference.venue_feed import Feed

BID, ASK = BookSide.BID, BookSide.ASK
SPOT = LISTINGS[:5]


class Stage:
    """A quoted BTC book, its streams, and connections to them."""

    def __init__(self) -> None:
        self.market = StillMarket(SPOT)
        self.feed = self.market.feed()
        self.opening = self.feed.listing.opening_ticks
        self.market.quote(self.feed)
        self.market.floor.published()
        self.streams = SpotStreams(self.market.floor.feeds)

    def open(self, path: str, query: str = ""):
        opening = Opening(path, query, {}, "127.0.0.1", self.market.now_ns)
        return self.streams.connect(opening)

    def listen(self, *names: str, micro: bool = False):
        query = "streams=" + "/".join(names) + ("&timeUnit=MICROSECOND" if micro else "")
        return self.open("/stream", query)

    def step(self, steps: int = 1) -> None:
        self.market.step(self.streams, steps)

    def to_second(self) -> None:
        """Stop one step before a second is full."""
        left = SECOND_NS - self.market.now_ns % SECOND_NS
        self.step(left // STEP_NS - 1)


@pytest.fixture
def stage():
    return Stage()


def data_of(connection) -> list[dict]:
    return [one["data"] for one in bodies(connection)]


# URLs.


@pytest.mark.parametrize(
    ("path", "query", "names", "combined", "micro"),
    [
        ("/ws", "", [], False, 0),
        ("/ws/", "", [], False, 0),
        ("/ws/btcusdt@trade", "", ["btcusdt@trade"], False, 0),
        ("/ws/a@b/c", "timeUnit=MICROSECOND", ["a@b", "c"], False, 1),
        ("/ws/0", "", ["0"], False, 0),
        ("/ws/%E8%BF%99@trade", "", ["这@trade"], False, 0),
        ("/stream", "", [], True, 0),
        ("/stream", "streams=", [], True, 0),
        ("/stream", "streams=a@b/%E8%BF%99@c", ["a@b", "这@c"], True, 0),
        ("/stream", "streams=a@kline_1d%40%2B08:00", ["a@kline_1d@+08:00"], True, 0),
        ("/stream", "streams=a@kline_1d@+08:00", ["a@kline_1d@+08:00"], True, 0),
        ("/stream", "streams=a@b?timeUnit=microsecond", ["a@b"], True, 1),
        ("/stream/ws/0", "", ["0"], False, 0),
        ("/stream/ws", "timeUnit=millisecond", [], False, 0),
    ],
)
def test_urls(stage, path, query, names, combined, micro):
    connection = stage.open(path, query)
    assert list(connection.streams) == names
    assert (connection.is_combined, connection.microseconds) == (combined, micro)
    assert connection.venue == "binance"


def test_urls_that_are_refused(stage):
    assert stage.open("/").status == 404
    assert stage.open("/wss/x").status == 404
    unit = stage.open("/ws", "timeUnit=NANOSECOND")
    assert (unit.status, json.loads(unit.body)["code"]) == (400, -1194)
    many = stage.open("/ws/" + "/".join(f"a{n}@trade" for n in range(1_025)))
    assert isinstance(many, Response)
    assert (many.status, json.loads(many.body)["code"]) == (400, 2)
    assert list(stage.streams.hub.connections) == []


def test_names_of_connections_differ_and_the_gone_are_forgotten(stage):
    first, second = stage.open("/ws/btcusdt@trade"), stage.open("/ws/btcusdt@trade")
    assert first.name != second.name
    assert list(stage.streams.hub.connections) == [first, second]
    stage.streams.disconnect(first)
    stage.streams.disconnect(first)
    stage.market.take(stage.feed, BookSide.BID, 1)
    stage.step()
    assert first.outbox == []
    assert len(second.outbox) == 1


def test_a_venue_that_is_down_cuts_its_connections(stage, monkeypatch):
    spot = BinanceSpot(stage.market.floor, Accounts())
    opening = Opening("/ws/btcusdt@trade", "", {}, "127.0.0.1", stage.market.now_ns)
    connection = spot.connect(opening)
    stage.market.take(stage.feed, BID, 1)
    stage.market.step(spot)
    assert len(messages(connection)) == 1
    monkeypatch.setattr(stage.market.world, "is_up", lambda venue: venue != "binance")
    stage.market.step(spot)
    assert connection.is_closed
    assert connection.outbox == [Close(1006, "", abrupt=True)]
    stage.market.step(spot)
    assert len(connection.outbox) == 1


# Trades.


def test_trades_and_their_aggregates(stage):
    heard = stage.listen("btcusdt@trade")
    joined = stage.listen("btcusdt@aggTrade", micro=True)
    numbers = [stage.market.rest(stage.feed, ASK, stage.opening, lots) for lots in (3, 4)]
    assert numbers[1] > numbers[0]
    stage.market.take(stage.feed, BID, 10)
    when_ns = stage.market.now_ns
    stage.step()
    trades = data_of(heard)
    assert [one["q"] for one in trades] == ["0.00003000", "0.00004000", "0.00003000"]
    assert [one["p"] for one in trades] == ["64000.00000000"] * 2 + ["64000.01000000"]
    first = trades[0]
    assert list(first) == ["e", "E", "s", "t", "p", "q", "T", "m", "M"]
    assert (first["e"], first["s"], first["m"], first["M"]) == ("trade", "BTCUSDT", False, True)
    assert first["T"] == when_ns // 1_000_000
    together = data_of(joined)
    assert [(one["f"], one["l"], one["q"]) for one in together] == [
        (first["t"], first["t"] + 1, "0.00007000"),
        (first["t"] + 2, first["t"] + 2, "0.00003000"),
    ]
    assert [one["a"] for one in together] == [1, 2]
    assert together[0]["T"] == when_ns // 1_000
    stage.market.take(stage.feed, ASK, 1)
    stage.step()
    assert data_of(heard)[0]["m"] is True
    assert data_of(joined)[0]["a"] == 3
    stage.step()
    assert heard.outbox == joined.outbox == []


# Books.


def test_book_tickers_tell_every_change_of_the_best(stage):
    heard = stage.open("/ws/btcusdt@bookTicker")
    stage.market.rest(stage.feed, BID, stage.opening, 7)
    stage.market.rest(stage.feed, BID, stage.opening - 9, 7)
    number = stage.market.rest(stage.feed, BID, stage.opening, 1)
    stage.market.cancel(stage.feed, number)
    stage.step()
    found = bodies(heard)
    assert [one["B"] for one in found] == ["0.00007000", "0.00008000", "0.00007000"]
    assert found[0] == {
        "u": found[0]["u"],
        "s": "BTCUSDT",
        "b": "64000.00000000",
        "B": "0.00007000",
        "a": "64000.01000000",
        "A": "0.00010000",
    }
    assert found[-1]["u"] == stage.feed.book.update_id


def test_an_empty_side_has_zeros(stage):
    feed = stage.market.feed("binance", "ETHUSDT")
    heard = stage.open("/ws/ethusdt@bookTicker")
    stage.market.rest(feed, BID, 100, 7)
    stage.step()
    assert (bodies(heard)[0]["a"], bodies(heard)) == ("0.00000000", [])


def test_the_diff_depth_is_a_chain_that_nothing_breaks(stage):
    market, feed = stage.market, stage.feed
    market.rest(feed, BID, stage.opening - 3, 5)
    fast = stage.listen("btcusdt@depth@100ms")
    slow = stage.listen("btcusdt@depth")
    before = feed.book.update_id
    events, slow_events = [], []
    for number in range(250):
        if number % 3 == 0:
            market.rest(feed, BID, stage.opening - 1 - number % 5, 1 + number)
        if number % 50 == 7:
            market.take(feed, ASK, 500)
        stage.step()
        events += data_of(fast)
        slow_events += data_of(slow)
    for chain, most in ((events, 26), (slow_events, 3)):
        assert 2 <= len(chain) <= most
        assert chain[0]["U"] == before + 1
        for one, following in itertools.pairwise(chain):
            assert following["U"] == one["u"] + 1
        assert list(chain[0]) == ["e", "E", "s", "U", "u", "b", "a"]
    assert all(one["E"] % 100 == 0 for one in events)
    for one in events:
        prices = [float(price) for price, _ in one["b"]]
        assert prices == sorted(set(prices), reverse=True)


def test_no_change_is_no_message(stage):
    heard = stage.listen("btcusdt@depth@100ms", "btcusdt@depth5@100ms", "btcusdt@ticker")
    stage.step(120)
    first = data_of(heard)
    assert [sorted(one)[:2] for one in first] == [["asks", "bids"], ["A", "B"]]
    stage.step(120)
    assert heard.outbox == []


def test_a_stream_that_is_heard_again_begins_anew(stage):
    first = stage.listen("btcusdt@depth@100ms")
    stage.market.rest(stage.feed, BID, stage.opening - 1, 5)
    stage.step()
    stage.streams.disconnect(first)
    stage.market.rest(stage.feed, BID, stage.opening - 1, 5)
    stage.step()
    stage.market.rest(stage.feed, BID, stage.opening - 1, 5)
    between = stage.feed.book.update_id
    again = stage.listen("btcusdt@depth@100ms")
    stage.step(20)
    assert again.outbox == []
    stage.market.rest(stage.feed, BID, stage.opening - 1, 5)
    stage.step(20)
    (event,) = data_of(again)
    assert (event["U"], event["u"]) == (between + 1, between + 1)


@pytest.mark.parametrize("levels", [5, 10, 20])
def test_partial_depth_is_the_books_best(stage, levels):
    heard = stage.listen(f"btcusdt@depth{levels}@100ms")
    stage.market.rest(stage.feed, BID, stage.opening, 5)
    stage.step(20)
    (body,) = data_of(heard)
    assert list(body) == ["lastUpdateId", "bids", "asks"]
    assert body["lastUpdateId"] == stage.feed.book.update_id
    assert len(body["bids"]) == len(body["asks"]) == levels
    assert body["bids"][:2] == [["64000.00000000", "0.00005000"], ["63999.99000000", "0.00010000"]]


# Candles.


def test_candles_follow_trades_and_close(stage):
    heard = stage.listen("btcusdt@kline_1s", "btcusdt@kline_1m")
    stage.to_second()
    stage.step()
    messages(heard)
    stage.market.take(stage.feed, BID, 4)
    stage.market.take(stage.feed, ASK, 3)
    stage.step(200)
    by_interval: dict[str, list[dict]] = {"1s": [], "1m": []}
    for body in data_of(heard):
        assert list(body) == ["e", "E", "s", "k"]
        by_interval[body["k"]["i"]].append(body["k"])
    closed = by_interval["1s"]
    assert [one["x"] for one in closed] == [True, True]
    assert (closed[0]["v"], closed[0]["n"], closed[0]["V"]) == ("0.00007000", 2, "0.00004000")
    assert closed[0]["q"] == "4.48000010"
    assert closed[0]["T"] == closed[0]["t"] + 999
    assert (closed[1]["v"], closed[1]["f"], closed[1]["L"]) == ("0.00000000", -1, -1)
    assert closed[1]["t"] == closed[0]["T"] + 1
    assert closed[1]["o"] == closed[0]["c"]
    (minute,) = by_interval["1m"]
    assert (minute["x"], minute["n"]) == (False, 2)
    assert minute["f"] + 1 == minute["L"]


def test_a_minute_closes_once(stage):
    heard = stage.listen("btcusdt@kline_1m", "btcusdt@kline_1d@+08:00")
    stage.market.take(stage.feed, BID, 4)
    stage.step(6_100)
    kept = [one["k"] for one in data_of(heard)]
    minutes = [one for one in kept if one["i"] == "1m"]
    assert [one["x"] for one in minutes] == [False, True]
    assert minutes[1]["t"] == minutes[0]["t"]
    (day,) = [one for one in kept if one["i"] == "1d"]
    assert day["t"] % 86_400_000 == 16 * 3_600_000


# Tickers.


def test_tickers_of_the_day_and_of_windows(stage):
    names = ("ticker", "miniTicker", "ticker_1h", "ticker_4h", "ticker_1d", "avgPrice")
    heard = stage.listen(*(f"btcusdt@{name}" for name in names))
    stage.market.take(stage.feed, BID, 4)
    stage.step(100)
    found = {one["e"]: one for one in data_of(heard)}
    kinds = ["24hrTicker", "24hrMiniTicker", "1hTicker", "4hTicker", "1dTicker", "avgPrice"]
    assert list(found) == kinds
    day = found["24hrTicker"]
    assert list(day) == [*"eEspPwxcQbBaAohlvqOCFLn"]
    assert (day["c"], day["Q"]) == ("64000.01000000", "0.00004000")
    assert (day["b"], day["B"]) == ("63999.99000000", "0.00010000")
    assert day["L"] - day["F"] + 1 == day["n"]
    assert list(found["24hrMiniTicker"]) == [*"eEscohlvq"]
    assert list(found["1hTicker"]) == [*"eEspPohlcwvqOCFLn"]
    assert found["1hTicker"]["O"] % 60_000 == 0
    assert list(found["avgPrice"]) == [*"eEsiwT"]
    assert found["avgPrice"]["i"] == "5m"
    assert found["1dTicker"]["v"] == day["v"]
    stage.step(100)
    assert heard.outbox == []


def test_the_day_is_told_anew_when_the_best_levels_change(stage):
    heard = stage.listen("btcusdt@ticker", "btcusdt@miniTicker")
    stage.step(100)
    first = data_of(heard)[0]
    assert first["C"] - first["O"] == 86_400_000
    stage.market.rest(stage.feed, BID, stage.opening, 5)
    stage.step(100)
    (ticker,) = data_of(heard)
    assert (ticker["e"], ticker["b"], ticker["B"]) == (
        "24hrTicker",
        "64000.00000000",
        "0.00005000",
    )
    stage.market.rest(stage.feed, BID, stage.opening - 5, 5)
    stage.step(100)
    assert heard.outbox == []


def test_arrays_hold_what_traded(stage):
    heard = stage.listen("!miniTicker@arr", "!ticker_1h@arr")
    stage.step(100)
    assert [len(one) for one in data_of(heard)] == [len(SPOT), len(SPOT)]
    stage.market.take(stage.feed, BID, 4)
    stage.step(100)
    assert [[row["s"] for row in one] for one in data_of(heard)] == [["BTCUSDT"]] * 2
    stage.step(100)
    assert heard.outbox == []


@pytest.mark.parametrize(
    "name",
    ["BTCUSDT@trade", "btcusdt", "xrpusdt@trade", "btcusdt@depth7", "!ticker@arr", "@", "0", "!"],
)
def test_what_is_no_stream_is_silent(stage, name):
    heard = stage.listen(name)
    stage.market.take(stage.feed, BID, 4)
    stage.step(100)
    assert heard.outbox == []
    stage.streams.disconnect(heard)


def test_the_form_may_change_while_a_stream_is_heard(stage):
    heard = stage.open("/ws/btcusdt@trade")
    heard.receive('{"method":"SET_PROPERTY","params":["combined",true],"id":1}', 0)
    stage.market.take(stage.feed, BID, 4)
    stage.step()
    assert [sorted(one) for one in bodies(heard)] == [["id", "result"], ["data", "stream"]]


def test_a_floor_without_spot_has_no_streams():
    streams = SpotStreams(StillMarket(LISTINGS[5:6]).floor.feeds)
    heard = streams.connect(Opening("/ws/btcusdt@trade", "", {}, "", 0))
    streams.shutdown(5)
    assert heard.outbox == []


# Our own decoder.


def test_our_session_syncs_and_its_book_is_the_engines(stage):
    market, feed = stage.market, stage.feed
    session = Feed("binance", feed.listing.instrument)
    heard = stage.listen("btcusdt@depth@100ms", "btcusdt@bookTicker", "btcusdt@trade")
    depth = market_calls(market.floor.feeds)["/api/v3/depth"]
    book: tuple[dict, dict] = ({}, {})
    synced, deltas = False, 0
    for number in range(206):
        market.rest(feed, BID, stage.opening - 1 - number % 7, 1 + number)
        if number % 9 == 4:
            market.take(feed, (BID, ASK)[number % 2], 300)
        stage.step()
        events = [event for one in messages(heard) for event in session.ws(one.text)]
        if number == 35:
            body = depth.answer({"symbol": "BTCUSDT", "limit": "5000"}, market.now_ns)
            events += session.rest("https://x/api/v3/depth?symbol=BTCUSDT&limit=5000", body)
        for event in events:
            if isinstance(event, BookSnapshot):
                book = tuple(map(dict, read_levels(event, feed.listing.instrument)))
            if isinstance(event, BookDelta):
                deltas += 1
                for side, levels in zip(
                    book, read_levels(event, feed.listing.instrument), strict=True
                ):
                    side.update(levels)
            condition = getattr(event, "condition", None)
            synced |= condition is FeedCondition.SYNCED
            assert condition is not FeedCondition.GAP
    assert synced
    assert deltas > 10
    for side, levels in zip((BID, ASK), book, strict=True):
        ticks, lots = feed.book.levels(side)
        truth = dict(zip(ticks.tolist(), lots.tolist(), strict=True))
        assert {price: size for price, size in levels.items() if size} == truth
