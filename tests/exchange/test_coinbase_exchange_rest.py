"""Exchange's REST API: what our own reader makes of it is the book; what is wrong is told."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftlib.core.events import BestBidOffer, PartialDepth, Statistics24h, Trade
from hftlib.core.venue import COINBASE_EXCHANGE
from hftlib.exchange.coinbase.exchange_rest import MOST_CANDLES
from hftlib.exchange.coinbase.signature import sign
from hftlib.market.orders import BookSide
from tests.reference.coinbase_floor import KEY, SECOND_NS, START_NS, Desk, Reader

NOW = START_NS // SECOND_NS
TOO_MANY = (
    "granularity too small for the requested time range. "
    "Count of aggregations requested exceeds 300"
)


def get(desk: Desk, target: str, **more):
    answer = desk.get(desk.exchange, target, **more)
    return answer.status, json.loads(answer.body)


def traded() -> Desk:
    """Return a desk with levels on both sides and five trades."""
    desk = Desk()
    desk.place(BookSide.BID, 6_399_000, 100_000_000)
    desk.place(BookSide.BID, 6_399_000, 100_000_000)
    desk.place(BookSide.BID, 6_398_000, 5)
    desk.place(BookSide.ASK, 6_401_000, 150_000_000)
    for at in range(5):
        desk.trade(BookSide(at % 2), 100 + at)
        desk.step(10)
    return desk


def test_products():
    desk = Desk()
    status, rows = get(desk, "/products")
    assert (status, [row["id"] for row in rows]) == (200, list(desk.exchange.products))
    assert get(desk, "/products/BTC-USD") == (200, rows[0])
    assert get(desk, "/products/BTC-USDC") == (404, {"message": "NotFound"})


def test_books_at_each_level():
    desk = traded()
    _, best = get(desk, "/products/BTC-USD/book")
    assert best["bids"] == [["63990.00", "2", 2]]
    assert best["asks"] == [["64010.00", "1.5", 1]]
    _, whole = get(desk, "/products/BTC-USD/book?level=2")
    assert whole["bids"] == [["63990.00", "2", 2], ["63980.00", "0.00000005", 1]]
    _, orders = get(desk, "/products/BTC-USD/book?level=3")
    assert [row[:2] for row in orders["bids"]] == [
        ["63990.00", "1"],
        ["63990.00", "1"],
        ["63980.00", "0.00000005"],
    ]
    assert len({row[2] for row in orders["bids"]}) == 3
    assert best["sequence"] == whole["sequence"] == orders["sequence"] > 0
    assert get(desk, "/products/BTC-USD/book?level=4") == (400, {"message": "unexpected level: 4"})


def test_our_reader_reads_every_body():
    desk, reader = traded(), Reader(COINBASE_EXCHANGE)
    read = {}
    for path in ("book?level=2", "ticker", "stats", "trades", "candles?granularity=60"):
        target = f"/products/BTC-USD/{path}"
        body = desk.get(desk.exchange, target).body
        events = reader.session_feed.rest(f"GET http://localhost{target}", body)
        read[path] = events
        assert events
    (book,) = read["book?level=2"]
    assert isinstance(book, PartialDepth)
    assert (dict(book.bids), dict(book.asks)) == desk.truth()
    (best,) = read["ticker"]
    assert isinstance(best, BestBidOffer)
    assert (best.bid_ticks, best.ask_ticks) == (6_399_000, 6_401_000)
    assert isinstance(read["stats"][0], Statistics24h)
    trades = [one for one in read["trades"] if isinstance(one, Trade)]
    assert [one.size_quanta for one in trades] == [100, 101, 102, 103, 104]
    assert [one.side for one in trades] == ["BUY", "SELL", "BUY", "SELL", "BUY"]
    assert read["candles?granularity=60"][-1].volume_quanta >= 510


def test_a_book_without_orders_has_a_ticker_all_the_same():
    status, ticker = get(Desk(), "/products/ADA-USD/ticker")
    assert (status, ticker["bid"], ticker["ask"], ticker["price"]) == (200, "0", "0", "0.4")


def test_pages_of_trades():
    desk = traded()
    answer = desk.get(desk.exchange, "/products/BTC-USD/trades?limit=2")
    newest = json.loads(answer.body)
    last = desk.feed().data.last_trade_id
    assert [row["trade_id"] for row in newest] == [last, last - 1]
    assert answer.headers == {"CB-BEFORE": str(last), "CB-AFTER": str(last - 1)}
    assert set(newest[0]) == {"trade_id", "side", "size", "price", "time"}
    assert newest[0]["side"] == "buy" if newest[0]["size"].endswith("3") else "sell"

    def ids(query: str) -> list[int]:
        return [row["trade_id"] - last for row in get(desk, f"/products/BTC-USD/trades?{query}")[1]]

    assert ids(f"limit=2&after={last - 1}") == [-2, -3]
    assert ids(f"after={last - 2}") == [-3, -4]
    assert ids("after=1") == []
    assert ids(f"before={last - 2}") == [0, -1]
    assert ids(f"before={last - 4}&limit=2") == [0, -1]
    assert ids(f"after={last}&before={last - 3}") == [-1, -2]
    assert ids("limit=5000") == ids("limit=0") == ids("after=99999999999999") == [0, -1, -2, -3, -4]
    for wrong in ("limit=x", "after=-1", "before=1.5"):
        assert get(desk, f"/products/BTC-USD/trades?{wrong}")[0] == 400
    quiet = Desk().get(Desk().exchange, "/products/BTC-USD/trades")
    assert (quiet.body, quiet.headers) == (b"[]", {})


def test_candles_are_numbers_newest_first_and_low_before_high():
    desk = traded()
    status, rows = get(desk, "/products/BTC-USD/candles")
    assert (status, len(rows)) == (200, MOST_CANDLES)
    assert [row[0] for row in rows] == sorted((row[0] for row in rows), reverse=True)
    assert all(row[1] <= min(row[3:5]) <= max(row[3:5]) <= row[2] for row in rows)
    assert rows[0][0] == NOW // 60 * 60
    _, hours = get(desk, "/products/BTC-USD/candles?granularity=3600")
    assert {row[0] % 3_600 for row in hours} == {0}
    window = f"start={NOW - 600}&end={NOW}"
    _, some = get(desk, f"/products/BTC-USD/candles?granularity=60&{window}")
    assert some == rows[:10]
    _, to_now = get(desk, f"/products/BTC-USD/candles?start={NOW - 600}")
    assert to_now == rows[:10]
    _, from_start = get(desk, f"/products/BTC-USD/candles?end={NOW}")
    assert from_start[0] == rows[0]
    iso = "start=2026-08-09T20:55:48.000Z&end=2026-08-09T21:05:48.000Z"
    assert get(desk, f"/products/BTC-USD/candles?{iso}")[1] == some


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("granularity=120", "Unsupported granularity"),
        ("granularity=ONE_MINUTE", "Unsupported granularity"),
        ("start=soon", "Invalid start or end"),
        ("end=99999999999", "Invalid start or end"),
        (f"start={NOW}&end={NOW - 60}", "start must be before end"),
        (
            f"start={NOW - 18_060}&end={NOW}",
            TOO_MANY,
        ),
    ],
)
def test_wrong_candles(query, words):
    assert get(Desk(), f"/products/BTC-USD/candles?{query}") == (400, {"message": words})


def test_statistics_of_all_products():
    desk = traded()
    one, every = get(desk, "/products/BTC-USD/stats")[1], get(desk, "/products/stats")[1]
    assert set(every) == set(desk.exchange.products)
    assert {**every["BTC-USD"]["stats_24hour"], "rfq_volume": 0} == {
        **{name: one[name] for name in ("open", "high", "low", "last", "volume")},
        "rfq_volume": 0,
    }
    lines = get(desk, "/products/spark-lines")[1]
    assert len(lines["BTC-USD"]) == 24
    assert {len(row) for row in lines["ADA-USD"]} == {5}


def test_currencies_and_time():
    desk = Desk()
    assert {row["id"] for row in get(desk, "/currencies")[1]} >= {"BTC", "USD", "USDT"}
    assert get(desk, "/currencies/BTC")[1]["name"] == "Bitcoin"
    assert get(desk, "/currencies/XYZ") == (404, {"message": "NotFound"})
    assert get(desk, "/time") == (200, {"iso": "2026-08-09T21:05:48.000Z", "epoch": NOW})


@pytest.mark.parametrize("target", ["/", "/nothing", "/products/BTC-USD/nothing", "//", "/a/b/c/d"])
def test_paths_that_are_none(target):
    assert get(Desk(), target) == (404, {"message": "NotFound"})


def test_nothing_is_posted():
    desk = Desk()
    assert get(desk, "/products", method="POST") == (404, {"message": "NotFound"})
    assert get(desk, "/orders", method="POST")[0] == 401


def headers(desk: Desk, text: str, **changed: str) -> dict[str, str]:
    time = str(desk.now_ns // SECOND_NS)
    right = {"key": KEY[0], "sign": sign(KEY[1], time + text), "timestamp": time}
    return {
        f"cb-access-{name}": value
        for name, value in (right | {"passphrase": KEY[2]} | changed).items()
    }


def test_private_paths_check_the_signature():
    desk = Desk()
    assert get(desk, "/accounts") == (401, {"message": "CB-ACCESS-KEY header is required"})
    given_headers = headers(desk, "GET/orders?status=open")
    assert get(desk, "/orders?status=open", headers=given_headers)[0] == 404
    wrong = get(desk, "/accounts", headers=given_headers)
    assert wrong == (401, {"message": "invalid signature"})
    unknown = headers(desk, "GET/accounts", key="another")
    assert get(desk, "/accounts", headers=unknown) == (401, {"message": "Invalid API Key"})
    half = headers(desk, "GET/accounts", passphrase="")
    assert get(desk, "/accounts", headers=half)[1] == {
        "message": "CB-ACCESS-PASSPHRASE header is required"
    }


def test_ten_a_second_and_fifteen_at_once():
    desk = Desk()
    statuses = [get(desk, "/time", address="a")[0] for _ in range(16)]
    assert statuses == [200] * 15 + [429]
    assert get(desk, "/time", address="a")[1] == {"message": "Public rate limit exceeded"}
    desk.step(100)
    assert get(desk, "/time", address="a")[0] == 200


parts = st.sampled_from(
    ["products", "BTC-USD", "book", "trades", "candles", "ticker", "stats", "currencies", "time"]
)
names = st.sampled_from(["level", "limit", "after", "before", "granularity", "start", "end"])
numbers = st.integers(-(10**20), 10**20).map(str)
values = numbers | st.text(max_size=12) | st.sampled_from(["60", "3600", "2026-08-09T21:05:48Z"])
DESK = traded()


@given(
    st.lists(parts | st.text(max_size=8), max_size=4).map("/".join),
    st.lists(st.tuples(names | st.text(max_size=4), values), max_size=4),
    st.sampled_from(["GET", "POST", "DELETE", "HEAD"]),
)
def test_no_request_is_too_strange(path, pairs, method):
    DESK.exchange.reset_limits()
    query = "&".join(f"{name}={value}" for name, value in pairs)
    answer = DESK.get(DESK.exchange, f"/{path}?{query}", method=method, address="a")
    body = json.loads(answer.body)
    assert answer.status in (200, 400, 401, 404)
    if answer.status != 200:
        assert list(body) == ["message"]
