"""Binance's REST bodies: the URL tells what each one is."""

import json

import pytest

from hftlib.core.events import BestBidOffer, Candle, Statistics24h, Trade
from hftlib.core.states import FeedCondition, Side
from tests.reference.venue_feed import START_NS, Feed, instrument, kinds

BASE = "https://api.binance.com/api/v3"
START_MS = START_NS // 1_000_000
DAY = {
    "symbol": "BTCUSDT",
    "lastPrice": "4.00",
    "openPrice": "99.0",
    "highPrice": "100.0",
    "lowPrice": "0.1",
    "volume": "8913.3",
    "quoteVolume": "15.3",
    "openTime": 1,
    "closeTime": START_MS,
}


def spot() -> Feed:
    return Feed("binance", instrument("binance", "BTCUSDT"))


def test_statistics_as_object_and_as_array():
    feed = spot()
    (day,) = feed.rest(f"{BASE}/ticker/24hr?symbol=BTCUSDT", json.dumps(DAY))
    assert isinstance(day, Statistics24h)
    assert (day.last, day.volume_base, day.volume_quote) == ("4.00", "8913.3", "15.3")
    assert day.ts_event == START_MS * 1_000_000
    rows = [DAY, {**DAY, "symbol": "OTHER", "closeTime": None}]
    events = feed.rest(f"{BASE}/ticker/24hr", json.dumps(rows))
    assert [(event.symbol, event.ts_event is None) for event in events] == [
        ("BTCUSDT", False),
        ("OTHER", True),
    ]


def test_coinm_statistics_write_the_base_volume():
    feed = Feed("binance_coinm", instrument("binance_coinm", "BTCUSD_PERP", "0.1", "1"))
    body = {**DAY, "symbol": "BTCUSD_PERP", "baseVolume": "7"}
    (day,) = feed.rest("https://dapi.binance.com/dapi/v1/ticker/24hr", json.dumps([body]))
    assert (day.volume_base, day.volume_quote) == ("7", None)


def test_past_trades():
    row = {"id": 28457, "price": "4.00", "qty": "12.00", "quoteQty": "48", "time": START_MS}
    rows = [{**row, "isBuyerMaker": True}, {**row, "id": 28458, "isBuyerMaker": False}]
    feed = spot()
    for endpoint in ("trades", "historicalTrades"):
        events = feed.rest(f"{BASE}/{endpoint}?symbol=BTCUSDT", json.dumps(rows))
        assert all(isinstance(event, Trade) and event.historical for event in events)
        assert [(event.trade_id, event.side) for event in events] == [
            (28457, Side.SELL),
            (28458, Side.BUY),
        ]
    assert feed.session.reporter.of_connection("rest").market_events == 4


def test_past_aggregates():
    row = {"a": 26129, "p": "0.01", "q": "4.70", "f": 1, "l": 2, "T": START_MS, "m": True}
    (trade,) = spot().rest(f"{BASE}/aggTrades?symbol=btcusdt", json.dumps([row]))
    assert (trade.aggregate, trade.historical, trade.symbol) == (True, True, "BTCUSDT")


def test_past_candles_know_which_one_is_still_open():
    def row(minute: int) -> list:
        start = START_MS + minute * 60_000
        closing = ["0.01", "0.04", "0.01", "0.02", "148.9", start + 59_999]
        return [start, *closing, "2434.1", 308, "1756.8", "28.4", "0"]

    feed = spot()
    url = f"{BASE}/klines?symbol=BTCUSDT&interval=1m"
    events = feed.rest(url, json.dumps([row(-1), row(0)]))
    assert all(isinstance(event, Candle) for event in events)
    assert [event.closed for event in events] == [True, False]
    assert (events[0].interval, events[0].high_ticks, events[0].close_ticks) == ("1m", 4, 2)
    assert kinds(feed.rest(f"{BASE}/uiKlines?symbol=BTCUSDT", "[]")) == ["ACKNOWLEDGED"]


def test_best_prices_of_known_symbols():
    row = {"bidPrice": "4.00", "bidQty": "431", "askPrice": "4.01", "askQty": "9"}
    feed = spot()
    body = {"symbol": "BTCUSDT", **row}
    (best,) = feed.rest(f"{BASE}/ticker/bookTicker?symbol=BTCUSDT", json.dumps(body))
    assert isinstance(best, BestBidOffer)
    assert (best.bid_ticks, best.update_id, best.ts_event) == (400, None, None)
    rows = [{**body, "symbol": "OTHER"}, {**body, "time": START_MS, "lastUpdateId": 5}]
    (best,) = feed.rest(f"{BASE}/ticker/bookTicker", json.dumps(rows))
    assert (best.update_id, best.ts_event) == (5, START_MS * 1_000_000)


@pytest.mark.parametrize("endpoint", ["exchangeInfo", "time", "ping", "avgPrice", "ticker/price"])
def test_bodies_that_are_no_events_are_acknowledged(endpoint: str):
    (status,) = spot().rest(f"{BASE}/{endpoint}", "{}")
    assert status.condition is FeedCondition.ACKNOWLEDGED
    assert endpoint.rpartition("/")[2] in status.reason


def test_refusals_name_the_symbol():
    feed = spot()
    (status,) = feed.rest(f"{BASE}/depth?symbol=BTCUSDT", '{"code":-1121,"msg":"Invalid symbol."}')
    assert (status.condition, status.symbol) == (FeedCondition.REFUSED, "BTCUSDT")
    assert status.reason == "-1121 Invalid symbol."
    (status,) = feed.rest("http://[1/depth", '{"code":0,"msg":"restricted location"}')
    assert (status.condition, status.symbol) == (FeedCondition.REFUSED, "")


@pytest.mark.parametrize(
    ("url", "body", "condition"),
    [
        (f"{BASE}/newEndpoint", "{}", FeedCondition.UNKNOWN),
        (f"{BASE}/newEndpoint", "<html>", FeedCondition.MALFORMED),
        (f"{BASE}/depth?symbol=BTCUSDT", "<html>403</html>", FeedCondition.MALFORMED),
        (f"{BASE}/depth", '{"lastUpdateId":1,"bids":[],"asks":[]}', FeedCondition.UNKNOWN),
        (
            f"{BASE}/klines?symbol=NOSUCH",
            '[[1,"1","1","1","1","1",2,"1",1,"1","1","0"]]',
            "UNKNOWN",
        ),
        ("http://[1/depth", "{}", FeedCondition.MALFORMED),
    ],
)
def test_bodies_that_cannot_be_read_are_counted(url: str, body: str, condition: str):
    (status,) = spot().rest(url, body)
    assert status.condition == condition


def test_a_snapshot_cut_short_is_asked_for_again_at_once_while_one_is_awaited():
    url = f"{BASE}/depth?symbol=BTCUSDT&limit=5000"
    cut = '{"lastUpdateId":10,"bids":[["1.00","1"],["0.9'
    feed = spot()
    assert kinds(feed.rest(url, cut)) == ["MALFORMED"], "nobody awaits one"
    data = {"e": "depthUpdate", "E": START_MS, "s": "BTCUSDT", "U": 8, "u": 11, "b": [], "a": []}
    feed.ws(json.dumps({"stream": "btcusdt@depth", "data": data}))
    assert kinds(feed.rest(url, cut)) == ["MALFORMED", "SnapshotRequest"]
    whole = '{"lastUpdateId":10,"bids":[["1.00","1"]],"asks":[["2.00","1"]]}'
    assert "SYNCED" in kinds(feed.rest(url, whole))
