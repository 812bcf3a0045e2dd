"""Spot's REST market data: shapes, limits, weights, and the documented error for each wrong use."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hftlib.exchange.binance.market_calls import market_calls
from hftlib.exchange.binance.refusal import BinanceError
from hftlib.market.listings import LISTINGS
from hftlib.market.orders import BookSide
from hftlib.venues.registry import instruments_from
from tests.reference.still_market import START_NS, StillMarket

BID, ASK = BookSide.BID, BookSide.ASK
DAY_MS = 86_400_000
PREFIX = "/api/v3/"
OF_A_SYMBOL = ("depth", "trades", "historicalTrades", "aggTrades", "klines", "uiKlines", "avgPrice")
OF_MANY = ("ticker/24hr", "ticker/tradingDay", "ticker/price", "ticker/bookTicker", "ticker")
TICKERS = ("ticker/24hr", "ticker/tradingDay", "ticker")


class Stage:
    def __init__(self) -> None:
        self.market = StillMarket(LISTINGS[:6])
        self.feed = self.market.feed()
        self.opening = self.feed.listing.opening_ticks
        for side, away in ((BID, -1), (ASK, 1)):
            self.market.rest(self.feed, side, self.opening + away, 1_000)
        self.market.quote(self.feed)
        self.calls = market_calls(self.market.floor.feeds)

    def ask(self, path: str, now_ns: int | None = None, unit_ns: int = 1_000_000, **texts: str):
        call = self.calls[PREFIX + path]
        body = call.answer(texts, self.market.now_ns if now_ns is None else now_ns, unit_ns)
        return json.loads(body)

    def refused(self, path: str, **texts: str) -> tuple[int, str]:
        with pytest.raises(BinanceError) as caught:
            self.ask(path, **texts)
        return caught.value.code, caught.value.text

    def weight(self, path: str, **texts: str) -> int:
        return self.calls[PREFIX + path].weight_of(texts)


@pytest.fixture(scope="module")
def stage():
    """A quoted book, and 30 trades a second apart."""
    stage = Stage()
    for number in range(30):
        stage.market.now_ns += 1_000_000_000
        stage.market.take(stage.feed, (BID, ASK)[number % 2], 1 + number % 4)
    return stage


# The venue.


def test_ping_and_time(stage):
    assert stage.ask("ping") == {}
    now_ns = stage.market.now_ns
    assert stage.ask("time") == {"serverTime": now_ns // 1_000_000}
    assert stage.ask("time", unit_ns=1_000) == {"serverTime": now_ns // 1_000}
    assert stage.refused("time", a="b")[0] == -1104


def test_exchange_info_describes_what_is_listed(stage):
    body = stage.ask("exchangeInfo")
    assert list(body) == ["timezone", "serverTime", "rateLimits", "exchangeFilters", "symbols"]
    assert [one["symbol"] for one in body["symbols"]] == [one.symbol for one in LISTINGS[:5]]
    assert body["symbols"][0]["permissionSets"] == [["SPOT"]]
    text = stage.calls[PREFIX + "exchangeInfo"].answer({}, START_NS)
    read = instruments_from("binance", "https://x/api/v3/exchangeInfo", text)
    for found, listing in zip(read, LISTINGS, strict=False):
        instrument = listing.instrument
        assert (found.symbol, found.base, found.quote) == (
            instrument.symbol,
            instrument.base,
            instrument.quote,
        )
        assert found.price_decimals == instrument.price_decimals
        assert found.tick_units == instrument.tick_units


def test_exchange_info_may_be_narrowed(stage):
    def names(**texts: str) -> list[str]:
        return [one["symbol"] for one in stage.ask("exchangeInfo", **texts)["symbols"]]

    assert names(symbol="ADAUSDT") == ["ADAUSDT"]
    assert names(symbols='["ADAUSDT","BTCUSDT"]') == ["ADAUSDT", "BTCUSDT"]
    assert len(names(permissions="SPOT")) == 5
    assert len(names(permissions='["MARGIN","SPOT"]')) == 5
    assert names(permissions="MARGIN") == []
    assert names(symbolStatus="HALT") == []
    assert len(names(symbolStatus="TRADING")) == 5
    hidden = stage.ask("exchangeInfo", showPermissionSets="false")["symbols"]
    assert [one["permissionSets"] for one in hidden] == [[]] * 5
    shown = stage.ask("exchangeInfo", showPermissionSets="true")["symbols"]
    assert shown[0]["permissionSets"] == [["SPOT"]]


@pytest.mark.parametrize(
    ("code", "texts"),
    [
        (-1121, {"symbol": "NOSUCH"}),
        (-1121, {"symbols": '["BTCUSDT","NOSUCH"]'}),
        (-1100, {"symbol": "btcusdt"}),
        (-1100, {"symbols": "BTCUSDT"}),
        (-1100, {"symbols": "[" * 5_000}),
        (-1100, {"symbols": "[1]"}),
        (-1151, {"symbols": '["BTCUSDT","BTCUSDT"]'}),
        (-1128, {"symbol": "BTCUSDT", "symbols": '["BTCUSDT"]'}),
        (-1128, {"symbol": "BTCUSDT", "permissions": "SPOT"}),
        (-1128, {"symbols": '["BTCUSDT"]', "symbolStatus": "TRADING"}),
        (-1130, {"permissions": "EVERYTHING"}),
        (-1100, {"permissions": "[1"}),
        (-1100, {"showPermissionSets": "maybe"}),
        (-1122, {"symbolStatus": "SLEEPING"}),
        (-1105, {"symbol": ""}),
        (-1104, {"foo": "1"}),
    ],
)
def test_wrong_questions_for_exchange_info(stage, code, texts):
    assert stage.refused("exchangeInfo", **texts)[0] == code


def test_there_are_no_execution_rules(stage):
    wanted = {"symbolRules": [{"symbol": "BTCUSDT", "rules": []}]}
    assert stage.ask("executionRules", symbol="BTCUSDT") == wanted
    assert len(stage.ask("executionRules")["symbolRules"]) == 5
    assert stage.refused("executionRules", symbols='["NOSUCH"]')[0] == -1121


# Books and trades.


@pytest.mark.parametrize("path", OF_A_SYMBOL)
def test_a_symbol_must_be_named_and_known(stage, path):
    more = {"interval": "1m"} if "lines" in path else {}
    code, text = stage.refused(path, **more)
    assert (code, "'symbol'" in text) == (-1102, True)
    assert stage.refused(path, symbol="NOSUCH", **more) == (-1121, "Invalid symbol.")
    assert stage.refused(path, symbol="btc usdt", **more)[0] == -1100
    assert stage.refused(path, symbol="BTCUSDT", foo="1", **more)[0] == -1104
    if path != "avgPrice":
        assert stage.refused(path, symbol="BTCUSDT", limit="ten", **more)[0] == -1100
        assert stage.refused(path, symbol="BTCUSDT", limit="0", **more)[0] == -1130


@pytest.mark.parametrize(("limit", "levels"), [("3", 3), ("6000", 30), (None, 30)])
def test_depth_is_the_book(stage, limit, levels):
    texts = {} if limit is None else {"limit": limit}
    body = stage.ask("depth", symbol="BTCUSDT", **texts)
    assert list(body) == ["lastUpdateId", "bids", "asks"]
    assert body["lastUpdateId"] == stage.feed.book.update_id
    ticks, lots = stage.feed.book.levels(BID, levels)
    assert body["bids"] == [
        [f"{price // 100}.{price % 100:02d}000000", f"0.{size * 1_000:08d}"]
        for price, size in zip(ticks.tolist(), lots.tolist(), strict=True)
    ]
    assert len(body["asks"]) == len(stage.feed.book.levels(ASK, levels)[0])


def test_depth_knows_the_status(stage):
    assert stage.ask("depth", symbol="BTCUSDT", symbolStatus="TRADING")["bids"]
    assert stage.refused("depth", symbol="BTCUSDT", symbolStatus="HALT")[0] == -1220
    assert stage.refused("depth", symbol="BTCUSDT", symbolStatus="?")[0] == -1122


def test_trades(stage):
    rows = stage.ask("trades", symbol="BTCUSDT")
    assert len(rows) == 30
    assert list(rows[0]) == [
        "id",
        "price",
        "qty",
        "quoteQty",
        "time",
        "isBuyerMaker",
        "isBestMatch",
    ]
    assert rows[-1] == {
        "id": rows[0]["id"] + 29,
        "price": "63999.99000000",
        "qty": "0.00002000",
        "quoteQty": "1.27999980",
        "time": stage.market.now_ns // 1_000_000,
        "isBuyerMaker": True,
        "isBestMatch": True,
    }
    assert stage.ask("trades", symbol="BTCUSDT", limit="2") == rows[-2:]
    micro = stage.ask("trades", unit_ns=1_000, symbol="BTCUSDT", limit="1")
    assert micro[0]["time"] == stage.market.now_ns // 1_000
    old = {"symbol": "BTCUSDT", "fromId": str(rows[5]["id"]), "limit": "3"}
    assert stage.ask("historicalTrades", **old) == rows[5:8]
    assert stage.ask("historicalTrades", symbol="BTCUSDT", limit="1") == rows[-1:]
    assert stage.ask("trades", symbol="ETHUSDT") == []


def test_aggregated_trades(stage):
    rows = stage.ask("aggTrades", symbol="BTCUSDT")
    assert list(rows[0]) == ["a", "p", "q", "f", "l", "T", "m", "M"]
    assert [one["a"] for one in rows] == list(range(1, 31))
    assert (rows[0]["m"], rows[1]["m"], rows[0]["M"]) == (False, True, True)
    assert stage.ask("aggTrades", symbol="BTCUSDT", fromId="3", limit="2") == rows[2:4]
    times = {"startTime": str(rows[4]["T"]), "endTime": str(rows[9]["T"])}
    assert stage.ask("aggTrades", symbol="BTCUSDT", **times) == rows[4:10]
    assert stage.ask("aggTrades", symbol="BTCUSDT", limit="2", **times) == rows[4:6]
    until = {"symbol": "BTCUSDT", "endTime": str(rows[9]["T"]), "limit": "2"}
    assert stage.ask("aggTrades", **until) == rows[8:10]
    since = {"symbol": "BTCUSDT", "startTime": str(rows[-2]["T"])}
    assert stage.ask("aggTrades", **since) == rows[-2:]
    both = {"symbol": "BTCUSDT", "fromId": "1", "startTime": "1"}
    assert stage.refused("aggTrades", **both)[0] == -1128
    both = {"symbol": "BTCUSDT", "fromId": "1", "endTime": "1"}
    assert stage.refused("aggTrades", **both)[0] == -1128


# Candles.


@pytest.mark.parametrize("path", ["klines", "uiKlines"])
def test_klines(stage, path):
    rows = stage.ask(path, symbol="BTCUSDT", interval="1m")
    assert len(rows) == 500
    assert {len(row) for row in rows} == {12}
    last, before = rows[-1], rows[-2]
    assert last[0] == before[0] + 60_000 == before[6] + 1
    assert last[11] == "0"
    assert (last[4], before[4]) == ("63999.99000000", "64000.01000000")
    count = stage.feed.data.trade_count
    assert sum(row[8] for row in rows[-2:]) >= count > 0
    assert len(stage.ask(path, symbol="BTCUSDT", interval="1m", limit="2000")) == 1_000
    times = {"startTime": str(rows[3][0]), "endTime": str(rows[7][0])}
    assert stage.ask(path, symbol="BTCUSDT", interval="1m", **times) == rows[3:8]
    micro = stage.ask(path, unit_ns=1_000, symbol="BTCUSDT", interval="1m", limit="1")[0]
    assert (micro[0], micro[6]) == (last[0] * 1_000, last[6] * 1_000 + 999)


def test_a_candle_of_a_second_holds_its_trades(stage):
    rows = stage.ask("klines", symbol="BTCUSDT", interval="1s", limit="2")
    assert [row[8] for row in rows] == [1, 1]
    assert [row[5] for row in rows] == ["0.00001000", "0.00002000"]
    assert rows[0][9:11] == [rows[0][5], rows[0][7]]
    assert rows[1][9:11] == ["0.00000000", "0.00000000"]
    assert rows[0][1:5] == ["64000.01000000"] * 4


@pytest.mark.parametrize(
    ("zone", "hours"),
    [("0", 0), ("8", 8), ("+08:00", 8), ("-1:00", -1), ("5:45", 5.75), ("14", 14)],
)
def test_days_begin_in_the_time_zone(stage, zone, hours):
    (row,) = stage.ask("klines", symbol="BTCUSDT", interval="1d", timeZone=zone, limit="1")
    assert (row[0] + hours * 3_600_000) % DAY_MS == 0
    day = stage.ask("ticker/tradingDay", symbol="BTCUSDT", timeZone=zone)
    assert (day["openTime"], day["closeTime"]) == (row[0], row[6])
    assert (day["volume"], day["quoteVolume"], day["count"]) == (row[5], row[7], row[8])
    assert (day["highPrice"], day["lowPrice"], day["lastPrice"]) == (row[2], row[3], row[4])


@pytest.mark.parametrize(
    ("code", "texts"),
    [
        (-1102, {}),
        (-1102, {"interval": ""}),
        (-1120, {"interval": "7m"}),
        (-1120, {"interval": "1D"}),
        (-1130, {"interval": "1d", "timeZone": "15"}),
        (-1130, {"interval": "1d", "timeZone": "-13"}),
        (-1130, {"interval": "1d", "timeZone": "14:01"}),
        (-1130, {"interval": "1d", "timeZone": "UTC"}),
        (-1130, {"interval": "1d", "timeZone": "1:99"}),
        (-1100, {"interval": "1d", "startTime": "-1"}),
        (-1108, {"interval": "1d", "startTime": "9" * 19}),
    ],
)
def test_wrong_questions_for_candles(stage, code, texts):
    assert stage.refused("klines", symbol="BTCUSDT", **texts)[0] == code


def test_the_average_price(stage):
    body = stage.ask("avgPrice", symbol="BTCUSDT")
    cash, lots = stage.feed.data.average(stage.market.now_ns)
    assert body["mins"] == 5
    assert float(body["price"]) == pytest.approx(cash / lots / 100, abs=1e-8)
    assert body["closeTime"] == stage.market.now_ns // 1_000_000
    micro = stage.ask("avgPrice", unit_ns=1_000, symbol="BTCUSDT")
    assert micro["closeTime"] == stage.market.now_ns // 1_000


# Tickers.

SHORT = [
    *("symbol", "openPrice", "highPrice", "lowPrice", "lastPrice", "volume", "quoteVolume"),
    *("openTime", "closeTime", "firstId", "lastId", "count"),
]
CHANGES = ["symbol", "priceChange", "priceChangePercent", "weightedAvgPrice"]


def test_the_day(stage):
    body = stage.ask("ticker/24hr", symbol="BTCUSDT")
    assert list(body) == [
        *CHANGES,
        *("prevClosePrice", "lastPrice", "lastQty", "bidPrice", "bidQty", "askPrice", "askQty"),
        *("openPrice", "highPrice", "lowPrice", "volume", "quoteVolume"),
        *("openTime", "closeTime", "firstId", "lastId", "count"),
    ]
    assert body["closeTime"] == stage.market.now_ns // 1_000_000
    assert body["openTime"] == body["closeTime"] - DAY_MS
    assert body["lastId"] - body["firstId"] + 1 == body["count"]
    change = float(body["lastPrice"]) - float(body["openPrice"])
    assert float(body["priceChange"]) == pytest.approx(change)
    percent = 100 * change / float(body["openPrice"])
    assert float(body["priceChangePercent"]) == pytest.approx(percent, abs=0.000_51)
    average = float(body["quoteVolume"]) / float(body["volume"])
    assert float(body["weightedAvgPrice"]) == pytest.approx(average, abs=1e-7)
    assert body["bidQty"] == stage.ask("depth", symbol="BTCUSDT", limit="1")["bids"][0][1]


@pytest.mark.parametrize("path", TICKERS)
def test_the_short_form(stage, path):
    assert list(stage.ask(path, symbol="BTCUSDT", type="MINI")) == SHORT
    assert stage.refused(path, symbol="BTCUSDT", type="HUGE") == (-1139, "Invalid ticker type.")
    full = stage.ask(path, symbol="BTCUSDT", type="FULL")
    assert full == stage.ask(path, symbol="BTCUSDT")
    assert set(SHORT) < set(full)


@pytest.mark.parametrize("path", OF_MANY)
def test_one_some_or_all(stage, path):
    one = stage.ask(path, symbol="BTCUSDT")
    assert isinstance(one, dict)
    some = stage.ask(path, symbols='["ETHUSDT","BTCUSDT"]')
    assert [row["symbol"] for row in some] == ["ETHUSDT", "BTCUSDT"]
    assert some[1] == one
    assert stage.refused(path, symbol="NOSUCH")[0] == -1121
    assert stage.refused(path, symbols="[]x")[0] == -1100
    both = {"symbol": "BTCUSDT", "symbols": '["BTCUSDT"]'}
    assert stage.refused(path, **both)[0] == -1128
    assert stage.refused(path, symbol="BTCUSDT", symbolStatus="BREAK")[0] == -1220
    assert stage.refused(path, symbol="BTCUSDT", foo="1")[0] == -1104
    if path in ("ticker", "ticker/tradingDay"):
        assert stage.refused(path)[0] == -1102
        assert stage.refused(path, symbolStatus="TRADING")[0] == -1102
    else:
        assert len(stage.ask(path)) == 5
        assert stage.ask(path, symbolStatus="HALT") == []


def test_prices_and_best_levels(stage):
    wanted = {"symbol": "BTCUSDT", "price": "63999.99000000"}
    assert stage.ask("ticker/price", symbol="BTCUSDT") == wanted
    empty = stage.ask("ticker/bookTicker", symbol="ETHUSDT")
    assert list(empty) == ["symbol", "bidPrice", "bidQty", "askPrice", "askQty"]
    assert {text for name, text in empty.items() if name != "symbol"} == {"0.00000000"}


@pytest.mark.parametrize(
    ("window", "minutes"), [("1m", 1), ("59m", 59), ("1h", 60), ("23h", 1_380), ("7d", 10_080)]
)
def test_rolling_windows(stage, window, minutes):
    body = stage.ask("ticker", symbol="BTCUSDT", windowSize=window)
    assert list(body) == [*CHANGES, *SHORT[1:]]
    length = body["closeTime"] - body["openTime"]
    assert minutes * 60_000 <= length < (minutes + 1) * 60_000
    assert body["openTime"] % 60_000 == 0


@pytest.mark.parametrize("window", ["60m", "24h", "8d", "0m", "1w", "m", "1M", "-1h"])
def test_windows_that_do_not_exist(stage, window):
    assert stage.refused("ticker", symbol="BTCUSDT", windowSize=window)[0] == -1130


# Weights.


@pytest.mark.parametrize(
    ("path", "texts", "weight"),
    [
        ("ping", {}, 1),
        ("time", {}, 1),
        ("exchangeInfo", {}, 20),
        ("executionRules", {"symbol": "A"}, 2),
        ("executionRules", {"symbols": '["A","B"]'}, 4),
        ("executionRules", {}, 40),
        ("depth", {}, 5),
        ("depth", {"limit": "100"}, 5),
        ("depth", {"limit": "101"}, 25),
        ("depth", {"limit": "501"}, 50),
        ("depth", {"limit": "1001"}, 250),
        ("depth", {"limit": "99999"}, 250),
        ("depth", {"limit": "x"}, 5),
        ("depth", {"limit": "²"}, 5),
        ("depth", {"limit": "9" * 30}, 5),
        ("trades", {}, 25),
        ("historicalTrades", {}, 25),
        ("aggTrades", {}, 4),
        ("klines", {}, 2),
        ("uiKlines", {}, 2),
        ("avgPrice", {}, 2),
        ("ticker/24hr", {"symbol": "A"}, 2),
        ("ticker/24hr", {"symbols": '["A","B"]'}, 2),
        ("ticker/24hr", {"symbols": "," * 20}, 40),
        ("ticker/24hr", {"symbols": "," * 100}, 80),
        ("ticker/24hr", {}, 80),
        ("ticker/price", {"symbol": "A"}, 2),
        ("ticker/price", {}, 4),
        ("ticker/bookTicker", {"symbols": "[]"}, 4),
        ("ticker", {"symbol": "A"}, 4),
        ("ticker", {"symbols": '["A","B","C"]'}, 12),
        ("ticker", {"symbols": "," * 100}, 200),
        ("ticker/tradingDay", {"symbol": "A"}, 4),
        ("ticker/tradingDay", {}, 4),
    ],
)
def test_weights(stage, path, texts, weight):
    assert stage.weight(path, **texts) == weight


# Anything.

NAMES = (
    *("symbol", "symbols", "limit", "fromId", "startTime", "endTime", "interval", "timeZone"),
    *("type", "windowSize", "permissions", "showPermissionSets", "symbolStatus", "foo"),
)
LIKELY = st.sampled_from(
    ["BTCUSDT", '["BTCUSDT"]', "1", "0", "500", "1m", "1M", "8", "MINI", "TRADING", "true", "[]"]
)
FAR = st.integers(0, 10**20).map(str)


@settings(max_examples=300, deadline=None)
@given(
    path=st.sampled_from(["ping", "time", "exchangeInfo", *OF_A_SYMBOL, *OF_MANY]),
    texts=st.dictionaries(st.sampled_from(NAMES), LIKELY | FAR | st.text(max_size=12), max_size=5),
)
def test_anything_is_answered_or_refused(stage, path, texts):
    assert stage.weight(path, **texts) > 0
    refused = None
    try:
        stage.ask(path, **texts)
    except BinanceError as error:
        refused = error
    assert refused is None or (-2_000 < refused.code <= -1_000 and refused.status == 400)
