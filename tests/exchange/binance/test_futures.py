"""USD-M: streams by category with their own depth chain, REST with its own limits and errors."""

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hftlib.core.events import BookDelta, BookSnapshot
from hftlib.core.states import FeedCondition
from hftlib.exchange.binance.futures import BinanceFutures
from hftlib.exchange.binance.futures_market import RATE_LIMITS
from hftlib.exchange.binance.stream_connection import DAY_NS, SECOND_NS
from hftlib.exchange.messages import Close, Opening, Request, Response
from hftlib.market.listings import LISTINGS
from hftlib.market.orders import BookSide
from hftlib.venues.registry import instruments_from
from tests.reference.dict_book import read_levels
from tests.reference.still_market import StillMarket, bodies, messages
from tests.reference.venue_feed import Feed

BID, ASK = BookSide.BID, BookSide.ASK
BOOKS = (LISTINGS[0], LISTINGS[5])
HOURS_NS = 3_600 * SECOND_NS
USED = "X-MBX-USED-WEIGHT-1M"


class Stage:
    def __init__(self) -> None:
        self.market = StillMarket(BOOKS)
        self.feed = self.market.feed("binance_usdm")
        self.opening = self.feed.listing.opening_ticks
        self.market.quote(self.feed)
        self.market.quote(self.market.feed())
        self.market.floor.published()
        self.futures = BinanceFutures(self.market.floor)

    def open(self, path: str, query: str = ""):
        opening = Opening(path, query, {}, "127.0.0.1", self.market.now_ns)
        return self.futures.connect(opening)

    def step(self, steps: int = 1) -> None:
        self.market.step(self.futures, steps)

    def response(self, path: str, query: str = "", method: str = "GET", **headers: str):
        sent = {name.replace("_", "-"): text for name, text in headers.items()}
        request = Request(method, path, query, sent, b"", "127.0.0.1", self.market.now_ns)
        return self.futures.request(request)

    def ask(self, path: str, query: str = ""):
        response = self.response(f"/fapi/v1/{path}", query)
        assert response.status == 200, response.body
        return json.loads(response.body)

    def refused(self, path: str, query: str = "", **more: str) -> tuple[int, int]:
        response = self.response(path, query, **more)
        return response.status, json.loads(response.body)["code"]


@pytest.fixture
def stage():
    return Stage()


# Streams.


def test_the_depth_is_chained_by_pu(stage):
    fast = stage.open("/public/stream", "streams=btcusdt@depth@100ms")
    usual = stage.open("/public/ws/btcusdt@depth")
    slow = stage.open("/public/ws/btcusdt@depth@500ms/btcusdt@rpiDepth@500ms")
    before = stage.feed.book.update_id
    for number in range(150):
        stage.market.rest(stage.feed, BID, stage.opening - 1 - number % 5, 1 + number)
        stage.step()
    chains = [
        [one["data"] for one in bodies(fast)],
        bodies(usual),
        bodies(slow)[::2],
    ]
    assert [len(chain) for chain in chains] == [15, 6, 3]
    for chain in chains:
        assert list(chain[0]) == ["e", "E", "T", "s", "U", "u", "pu", "b", "a"]
        assert (chain[0]["pu"], chain[0]["U"]) == (before, before + 1)
        for one, following in itertools.pairwise(chain):
            assert following["pu"] == one["u"]
        assert all(one["T"] <= one["E"] for one in chain)
    assert all(one["E"] % 250 == 0 for one in chains[1])


def test_partial_depth_has_the_same_shape(stage):
    heard = stage.open("/public/ws/btcusdt@depth5@100ms")
    for number in range(26):
        stage.market.rest(stage.feed, BID, stage.opening - 1, 1 + number)
        stage.step()
    first, second, third = bodies(heard)
    assert list(first) == ["e", "E", "T", "s", "U", "u", "pu", "b", "a"]
    assert (len(first["b"]), len(first["a"])) == (5, 5)
    assert (second["pu"], third["pu"]) == (first["u"], second["u"])
    assert first["b"][0][0] == "63999.90"
    ticks, lots = stage.feed.book.levels(BID, 5)
    assert third["b"][0][1] == f"0.{lots[0]:03d}"
    assert len(ticks) == 5


def test_what_public_streams_carry(stage):
    heard = stage.open("/public/ws/btcusdt@bookTicker/btcusdt@trade")
    stage.market.take(stage.feed, BID, 4)
    stage.step()
    trade, best = sorted(bodies(heard), key=lambda one: one["e"], reverse=True)
    assert list(best) == [*"eusbBaATE"]
    assert (best["a"], best["A"]) == ("64000.10", "0.006")
    assert list(trade) == [*"eETstpqXm"]
    assert (trade["p"], trade["q"]) == ("64000.10", "0.004")


def test_what_market_streams_carry(stage):
    names = ("aggTrade", "kline_1m", "ticker", "miniTicker", "markPrice@1s", "markPrice")
    arrays = ("!markPrice@arr", "!markPrice@arr@1s", "!ticker@arr", "!miniTicker@arr")
    query = "/".join((*(f"btcusdt@{name}" for name in names), *arrays))
    heard = stage.open("/market/stream", f"streams={query}")
    stage.market.take(stage.feed, BID, 4)
    stage.step(400)
    found: dict[str, list] = {}
    for one in bodies(heard):
        found.setdefault(one["stream"], []).append(one["data"])
    assert set(found) == set(query.split("/"))
    assert list(found["btcusdt@aggTrade"][0]) == [*"eEsapqflTm"]
    assert len(found["btcusdt@markPrice@1s"]) == 4
    assert [one["E"] % 3_000 for one in found["btcusdt@markPrice"]] == [0, 0]
    mark = found["btcusdt@markPrice"][0]
    assert list(mark) == [*"eEspiPrT"]
    assert mark["i"] == "64000.00000000"
    assert [one["s"] for one in found["!markPrice@arr@1s"][0]] == ["BTCUSDT"]
    day = found["btcusdt@ticker"][0]
    assert list(day) == [*"eEspPwcQohlvqOCFLn"]
    assert (day["c"], day["Q"], day["w"].count(".")) == ("64000.10", "0.004", 1)
    assert found["btcusdt@kline_1m"][0]["k"]["v"] == "0.004"
    assert found["btcusdt@kline_1m"][0]["k"]["q"] == "256.00040"
    assert found["!ticker@arr"][0][0]["e"] == "24hrTicker"
    assert found["!miniTicker@arr"][0][0]["e"] == "24hrMiniTicker"


@pytest.mark.parametrize(
    ("path", "is_heard"),
    [
        ("/public/ws/btcusdt@bookTicker", True),
        ("/market/ws/btcusdt@bookTicker", False),
        ("/ws/btcusdt@bookTicker", True),
        ("/public/ws/btcusdt@aggTrade", False),
        ("/market/ws/btcusdt@aggTrade", True),
        ("/ws/btcusdt@aggTrade", False),
        ("/market/ws/BTCUSDT@aggTrade", False),
        ("/market/ws/xrpusdt@aggTrade", False),
        ("/market/ws/btcusdt@markPrice@2s", False),
        ("/market/ws/!markPrice@arr@2s", False),
        ("/market/ws/!forceOrder@arr", False),
        ("/market/ws/btcusdt@kline_1s", False),
        ("/market/ws/btcusdt@miniTicker", True),
        ("/public/ws/!miniTicker@arr", False),
    ],
)
def test_streams_belong_to_their_category(stage, path, is_heard):
    heard = stage.open(path)
    stage.market.take(stage.feed, BID, 4)
    stage.step(200)
    assert bool(heard.outbox) == is_heard


def test_paths(stage):
    assert stage.open("/public/stream").is_combined
    assert not stage.open("/public/ws/0").is_combined
    assert stage.open("/stream", "streams=a@b").is_combined
    names = [stage.open(path).name for path in ("/public/ws", "/market/ws", "/ws", "/market/ws")]
    assert len(set(names)) == 4
    assert {stage.open("/market/ws").venue} == {"binance_usdm"}
    for path in ("/", "/other/ws", "/public", "/public/other"):
        answer = stage.open(path)
        assert isinstance(answer, Response)
        assert answer.status == 404
    private = stage.open("/private/ws", "listenKey=abc")
    assert (private.status, json.loads(private.body)["code"]) == (400, -1125)


def test_rules_of_futures_and_the_cut(stage):
    heard = stage.open("/market/ws")
    for _ in range(10):
        heard.receive_ping(b"", stage.market.now_ns)
    assert not heard.is_closed
    heard.receive_ping(b"", stage.market.now_ns)
    assert heard.is_closed
    assert stage.futures.lifetime_ns == DAY_NS
    stage.futures.lifetime_ns = 5 * SECOND_NS
    other = stage.open("/market/ws")
    other.tick(stage.market.now_ns + 5 * SECOND_NS)
    assert other.is_closed
    stage.futures.lifetime_ns = 0
    assert stage.futures.lifetime_ns == DAY_NS


def test_connections_are_forgotten_and_strangers_are_none(stage):
    heard = stage.open("/market/ws/btcusdt@aggTrade")
    stage.futures.disconnect(heard)
    stage.futures.disconnect(object())
    stage.market.take(stage.feed, BID, 4)
    stage.step()
    assert heard.outbox == []


def test_a_shutdown_is_told(stage):
    both = [stage.open("/market/ws"), stage.open("/public/stream")]
    stage.futures.shutdown(stage.market.now_ns)
    assert [bodies(one)[0].get("e") for one in both] == ["serverShutdown", None]


def test_a_venue_that_is_down(stage, monkeypatch):
    heard = stage.open("/market/ws/btcusdt@markPrice@1s")
    monkeypatch.setattr(stage.market.world, "is_up", lambda venue: venue != "binance_usdm")
    assert stage.refused("/fapi/v1/time") == (503, -1001)
    assert stage.open("/market/ws").status == 503
    stage.step()
    assert heard.outbox == [Close(1006, "", abrupt=True)]
    monkeypatch.undo()
    assert stage.response("/fapi/v1/time").status == 200


# REST.


def test_depth_and_its_limits(stage):
    body = stage.ask("depth", "symbol=BTCUSDT&limit=5")
    assert list(body) == ["lastUpdateId", "E", "T", "bids", "asks"]
    assert body["lastUpdateId"] == stage.feed.book.update_id
    assert body["bids"][0] == ["63999.90", "0.010"]
    assert [len(body[side]) for side in ("bids", "asks")] == [5, 5]
    assert len(stage.ask("depth", "symbol=BTCUSDT")["bids"]) == 30
    for limit in ("0", "7", "5000"):
        assert stage.refused("/fapi/v1/depth", f"symbol=BTCUSDT&limit={limit}") == (400, -4021)
    assert stage.refused("/fapi/v1/depth") == (400, -1102)
    assert stage.refused("/fapi/v1/depth", "symbol=NOSUCH") == (400, -1121)


def test_exchange_info_is_what_our_reader_reads(stage):
    body = stage.response("/fapi/v1/exchangeInfo").body
    (found,) = instruments_from("binance_usdm", "https://x/fapi/v1/exchangeInfo", body)
    listed = LISTINGS[5].instrument
    assert found.symbol == listed.symbol
    assert (found.price_increment, found.lot) == (listed.price_increment, listed.lot)
    assert (found.size_quantum, found.minimum_notional) == ("0.001", "100")
    info = json.loads(body)
    assert info["futuresType"] == "U_MARGINED"
    assert info["assets"][0]["asset"] == "USDT"
    assert info["symbols"][0]["contractType"] == "PERPETUAL"


def test_trades_candles_and_prices(stage):
    for side in (BID, ASK):
        stage.market.take(stage.feed, side, 3)
    trades = stage.ask("trades", "symbol=BTCUSDT")
    assert [one["isBuyerMaker"] for one in trades] == [False, True]
    assert list(trades[0]) == ["id", "price", "qty", "quoteQty", "time", "isBuyerMaker"]
    assert trades[0]["quoteQty"] == "192.00030"
    joined = stage.ask("aggTrades", "symbol=BTCUSDT&limit=1")
    assert [(one["a"], one["f"], "M" in one) for one in joined] == [(2, trades[1]["id"], False)]
    rows = stage.ask("klines", "symbol=BTCUSDT&interval=1m&limit=1500")
    assert len(rows) == 1_500
    assert len(stage.ask("klines", "symbol=BTCUSDT&interval=1m")) == 500
    assert (rows[-1][5], rows[-1][8]) == ("0.006", 2)
    for interval in ("9m", "1s"):
        query = f"symbol=BTCUSDT&interval={interval}"
        assert stage.refused("/fapi/v1/klines", query) == (400, -1120)
    assert stage.refused("/fapi/v1/klines", "symbol=BTCUSDT&interval=1m&limit=0") == (400, -1130)
    assert stage.ask("ticker/price", "symbol=BTCUSDT")["price"] == "63999.90"
    assert json.loads(stage.response("/fapi/v2/ticker/price").body)[0]["symbol"] == "BTCUSDT"
    best = stage.ask("ticker/bookTicker", "symbol=BTCUSDT")
    assert (best["bidPrice"], best["lastUpdateId"]) == ("63999.90", stage.feed.book.update_id)
    day = stage.ask("ticker/24hr", "symbol=BTCUSDT")
    assert day["lastId"] - day["firstId"] + 1 == day["count"]
    assert stage.ask("ticker/24hr") == [day]
    premium = stage.ask("premiumIndex", "symbol=BTCUSDT")
    assert (premium["indexPrice"], premium["interestRate"]) == ("64000.00000000", "0.00010000")
    assert stage.ask("premiumIndex") == [premium]
    assert stage.ask("ping") == {}
    assert stage.ask("time") == {"serverTime": stage.market.now_ns // 1_000_000}


def test_fundings_are_told_once_they_have_been(stage):
    assert stage.ask("fundingRate", "symbol=BTCUSDT") == []
    stage.market.step(stage.futures, 3, 4 * HOURS_NS)
    stage.market.step(stage.futures, 2, 4 * HOURS_NS)
    rows = stage.ask("fundingRate", "symbol=BTCUSDT")
    assert [one["fundingTime"] % (8 * 3_600_000) for one in rows] == [0, 0]
    assert rows[0]["fundingTime"] < rows[1]["fundingTime"]
    assert list(rows[0]) == ["symbol", "fundingTime", "fundingRate", "markPrice"]
    assert (rows[0]["fundingRate"], rows[0]["markPrice"]) == ("0.00010000", "64000.00000000")
    assert stage.ask("fundingRate") == rows
    assert stage.ask("fundingRate", "limit=1") == rows[1:]
    assert stage.ask("fundingRate", f"startTime={rows[0]['fundingTime']}&limit=1") == rows[:1]
    assert stage.ask("fundingRate", f"endTime={rows[0]['fundingTime']}") == rows[:1]
    assert stage.refused("/fapi/v1/fundingRate", "symbol=X") == (400, -1121)


@pytest.mark.parametrize(
    ("query", "weight"),
    [
        ("ping", 1),
        ("depth?symbol=BTCUSDT&limit=50", 2),
        ("depth?symbol=BTCUSDT&limit=100", 5),
        ("depth?symbol=BTCUSDT", 10),
        ("depth?symbol=BTCUSDT&limit=1000", 20),
        ("depth?symbol=BTCUSDT&limit=x", 10),
        ("klines?symbol=BTCUSDT&interval=1m&limit=99", 1),
        ("klines?symbol=BTCUSDT&interval=1m&limit=100", 2),
        ("klines?symbol=BTCUSDT&interval=1m", 5),
        ("klines?symbol=BTCUSDT&interval=1m&limit=1500", 10),
        ("aggTrades?symbol=BTCUSDT", 20),
        ("trades?symbol=BTCUSDT", 5),
        ("ticker/24hr", 40),
        ("ticker/24hr?symbol=BTCUSDT", 1),
        ("premiumIndex", 10),
        ("ticker/bookTicker", 5),
        ("nothing", 1),
    ],
)
def test_weights_are_counted_and_told(stage, query, weight):
    path, _, texts = query.partition("?")
    response = stage.response(f"/fapi/v1/{path}", texts)
    assert response.headers[USED] == str(weight)


def test_too_much_weight_is_refused_and_may_be_forgiven(stage):
    for _ in range(RATE_LIMITS[0].limit // 40):
        assert stage.response("/fapi/v1/ticker/24hr").status == 200
    refused = stage.response("/fapi/v1/ping")
    assert (refused.status, json.loads(refused.body)["code"]) == (429, -1003)
    assert int(refused.headers["Retry-After"]) > 0
    stage.futures.reset_limits()
    assert stage.response("/fapi/v1/ping").status == 200


def test_what_does_not_exist_here(stage):
    key = {"x_mbx_apikey": "k" * 64}
    assert stage.refused("/fapi/v1/listenKey", method="POST") == (401, -2014)
    assert stage.refused("/fapi/v1/listenKey", method="PUT", **key) == (401, -2015)
    assert stage.refused("/fapi/v2/account", **key) == (401, -2015)
    assert stage.refused("/api/v3/time") == (404, -5000)
    assert stage.refused("/fapi/v1/time", method="POST") == (405, -5000)
    assert stage.refused("/fapi/v1/depth", "symbol=A&symbol=B") == (400, -1101)


@settings(max_examples=150, deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "DELETE", "??"]),
    path=st.sampled_from(["depth", "klines", "trades", "aggTrades", "ticker/price", "listenKey"])
    | st.text(max_size=10),
    query=st.text(max_size=30)
    | st.sampled_from(
        ["symbol=BTCUSDT&limit=", "symbol=BTCUSDT&interval=1m&startTime=" + "9" * 18]
    ),
)
def test_anything_is_answered_with_a_documented_code(still, method, path, query):
    response = still.response(f"/fapi/v1/{path}", query, method=method)
    assert response.status in (200, 400, 401, 404, 405, 418, 429)
    assert USED in response.headers
    body = json.loads(response.body)
    assert response.status == 200 or body["code"] < 0


@pytest.fixture(scope="module")
def still():
    return Stage()


# Our own decoder.


def test_our_session_syncs_and_its_book_is_the_engines(stage):
    market, feed = stage.market, stage.feed
    session = Feed("binance_usdm", feed.listing.instrument)
    heard = stage.open("/public/stream", "streams=btcusdt@depth@100ms/btcusdt@bookTicker")
    book: tuple[dict, dict] = ({}, {})
    synced = False
    for number in range(206):
        market.rest(feed, BID, stage.opening - 1 - number % 7, 1 + number)
        if number % 9 == 4:
            market.take(feed, (BID, ASK)[number % 2], 300)
        stage.step()
        events = [event for one in messages(heard) for event in session.ws(one.text)]
        if number == 35:
            body = stage.response("/fapi/v1/depth", "symbol=BTCUSDT&limit=1000").body
            events += session.rest("https://x/fapi/v1/depth?symbol=BTCUSDT&limit=1000", body)
        for event in events:
            if isinstance(event, BookSnapshot):
                book = tuple(map(dict, read_levels(event, feed.listing.instrument)))
            if isinstance(event, BookDelta):
                levels = read_levels(event, feed.listing.instrument)
                for side, changed in zip(book, levels, strict=True):
                    side.update(changed)
            condition = getattr(event, "condition", None)
            synced |= condition is FeedCondition.SYNCED
            assert condition is not FeedCondition.GAP
    assert synced
    for side, levels in zip((BID, ASK), book, strict=True):
        ticks, lots = feed.book.levels(side)
        truth = dict(zip(ticks.tolist(), lots.tolist(), strict=True))
        assert {price: size for price, size in levels.items() if size} == truth
