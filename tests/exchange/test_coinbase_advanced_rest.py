"""Advanced Trade's REST API: our own reader reads it, and what is wrong is told as documented."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftlib.core.events import BestBidOffer, Candle, PartialDepth, Trade
from hftlib.core.venue import COINBASE
from hftlib.market.orders import BookSide
from hftlib.venues.coinbase.instruments import instruments_from
from tests.reference.coinbase_floor import SECOND_NS, START_NS, Desk, Reader

NOW = START_NS // SECOND_NS
ROOT = "/api/v3/brokerage"


def get(desk: Desk, target: str, **more):
    answer = desk.get(desk.advanced, f"{ROOT}{target}", **more)
    return answer.status, json.loads(answer.body)


def traded() -> Desk:
    """Return a desk with levels on both sides and five trades."""
    desk = Desk()
    desk.place(BookSide.BID, 6_399_000, 200_000_000)
    desk.place(BookSide.BID, 6_398_000, 5)
    desk.place(BookSide.ASK, 6_401_000, 150_000_000)
    desk.place(BookSide.ASK, 6_401_001, 1)
    for at in range(5):
        desk.trade(BookSide(at % 2), 100 + at)
        desk.step(10)
    return desk


def test_the_time():
    assert get(Desk(), "/time") == (
        200,
        {
            "iso": "2026-08-09T21:05:48Z",
            "epochSeconds": str(NOW),
            "epochMillis": str(NOW * 1_000),
        },
    )


def test_products_and_their_aliases():
    desk = Desk()
    status, listed = get(desk, "/market/products")
    ids = [row["product_id"] for row in listed["products"]]
    assert (status, listed["num_products"]) == (200, 9)
    assert sorted(ids) == sorted(desk.advanced.names)
    body = json.dumps(listed).encode()
    assert [one.symbol for one in instruments_from(COINBASE, body)] == ids

    def page(query: str) -> list[str]:
        return [row["product_id"] for row in get(desk, f"/market/products?{query}")[1]["products"]]

    assert page("limit=2") == ids[:2]
    assert page("limit=2&offset=3") == ids[3:5]
    assert page("offset=100") == []
    assert page("product_ids=ETH-USD&product_ids=BTC-USDC") == ["BTC-USDC", "ETH-USD"]
    assert page("product_type=FUTURE") == []
    assert page("product_type=SPOT&get_all_products=False") == ids
    _, first = get(desk, "/market/products?limit=2&offset=1")
    assert first["pagination"]["has_next"]
    assert first["pagination"]["has_prev"]


def test_one_product():
    desk = Desk()
    status, alias = get(desk, "/market/products/ETH-USDC")
    assert (status, alias["alias"], alias["product_id"]) == (200, "ETH-USD", "ETH-USDC")
    assert get(desk, "/market/products/XRP-USD") == (
        404,
        {
            "error": "NOT_FOUND",
            "error_details": "Product XRP-USD not supported",
            "message": "Product XRP-USD not supported",
        },
    )


def test_the_book():
    desk = traded()
    status, body = get(desk, "/market/product_book?product_id=BTC-USDC")
    assert (status, body["pricebook"]["product_id"]) == (200, "BTC-USDC")
    assert body["pricebook"]["bids"] == [
        {"price": "63990", "size": "2"},
        {"price": "63980", "size": "0.00000005"},
    ]
    assert (body["last"], body["mid_market"]) == ("64000", "64000")
    assert (body["spread_absolute"], body["spread_bps"]) == ("20", "3.125")
    _, short = get(desk, "/market/product_book?product_id=BTC-USD&limit=1")
    assert [len(short["pricebook"][side]) for side in ("bids", "asks")] == [1, 1]
    _, wide = get(
        desk, "/market/product_book?product_id=BTC-USD&aggregation_price_increment=100&limit=5"
    )
    assert wide["pricebook"]["bids"] == [{"price": "63900", "size": "2.00000005"}]
    assert wide["pricebook"]["asks"] == [{"price": "64100", "size": "1.50000001"}]


def test_a_side_without_orders_has_no_spread():
    status, body = get(Desk(), "/market/product_book?product_id=ADA-USD")
    assert (status, body["mid_market"], body["pricebook"]["bids"]) == (200, "", [])


def test_our_reader_reads_every_body():
    desk, reader = traded(), Reader(COINBASE)
    read = {}
    for path in (
        "product_book?product_id=BTC-USD",
        "products/BTC-USD/ticker?limit=3",
        f"products/BTC-USD/candles?granularity=ONE_HOUR&start={NOW - 36_000}&end={NOW}",
    ):
        target = f"{ROOT}/market/{path}"
        body = desk.get(desk.advanced, target).body
        read[path[:16]] = reader.session_feed.rest(f"GET http://localhost{target}", body)
    (book,) = read["product_book?pro"]
    assert isinstance(book, PartialDepth)
    assert (dict(book.bids), dict(book.asks)) == desk.truth()
    tickers = read["products/BTC-USD"]
    assert [type(one) for one in tickers if isinstance(one, Candle)] == [Candle] * 10
    body = desk.get(desk.advanced, f"{ROOT}/market/products/BTC-USD/ticker?limit=3").body
    events = reader.session_feed.rest(f"GET http://x{ROOT}/market/products/BTC-USD/ticker", body)
    trades = [one for one in events if isinstance(one, Trade)]
    assert [one.size_quanta for one in trades] == [102, 103, 104]
    assert [one.side for one in trades] == ["BUY", "SELL", "BUY"]
    (best,) = [one for one in events if isinstance(one, BestBidOffer)]
    assert (best.bid_ticks, best.ask_ticks) == (6_399_000, 6_401_000)


def test_trades_of_a_time():
    desk = traded()

    def sizes(query: str) -> list[str]:
        rows = get(desk, f"/market/products/BTC-USD/ticker?{query}")[1]["trades"]
        return [row["size"][-3:] for row in rows]

    every = ["104", "103", "102", "101", "001"]
    assert sizes("limit=1000") == sizes("") == [*every[:4], "001"]
    assert sizes(f"start={NOW}&end={NOW + 1}&limit=2") == every[:2]
    assert sizes(f"end={NOW - 1}") == []
    assert sizes(f"start={NOW + 5}") == []
    _, empty = get(Desk(), "/market/products/ADA-USD/ticker?limit=1")
    assert empty == {"trades": [], "best_bid": "", "best_ask": ""}


def test_candles_are_texts_newest_first():
    desk = traded()
    target = f"/market/products/BTC-USD/candles?granularity=ONE_MINUTE&start={NOW - 600}&end={NOW}"
    status, body = get(desk, target)
    starts = [int(row["start"]) for row in body["candles"]]
    assert (status, len(starts)) == (200, 10)
    assert starts == sorted(starts, reverse=True)
    assert starts[0] == NOW // 60 * 60
    assert set(body["candles"][0]) == {"start", "low", "high", "open", "close", "volume"}
    assert get(desk, f"{target}&limit=3")[1]["candles"] == body["candles"][:3]


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("/market/product_book", "product_id"),
        ("/market/product_book?product_id=BTC-USD&limit=x", "limit"),
        (
            "/market/product_book?product_id=BTC-USD&aggregation_price_increment=0.001",
            "aggregation_price_increment",
        ),
        (
            "/market/product_book?product_id=BTC-USD&aggregation_price_increment=0",
            "aggregation_price_increment",
        ),
        ("/market/products?limit=-1", "limit"),
        ("/market/products?offset=x", "offset"),
        ("/market/products/BTC-USD/candles", "granularity"),
        (f"/market/products/BTC-USD/candles?granularity=60&start=1&end={NOW}", "granularity"),
        ("/market/products/BTC-USD/candles?granularity=ONE_DAY", "start and end"),
        ("/market/products/BTC-USD/candles?granularity=ONE_DAY&start=x&end=5", "start and end"),
        ("/market/products/BTC-USD/candles?granularity=ONE_DAY&start=9&end=5", "start and end"),
        ("/market/products/BTC-USD/ticker?start=soon", "start and end"),
        ("/market/products/BTC-USD/ticker?limit=x", "limit"),
    ],
)
def test_wrong_arguments_are_named(target, name):
    words = f"{name} argument is invalid"
    assert get(Desk(), target) == (
        400,
        {"error": "INVALID_ARGUMENT", "error_details": words, "message": words},
    )


def test_too_many_candles():
    target = f"/market/products/BTC-USD/candles?granularity=ONE_MINUTE&start={NOW - 21_060}"
    status, body = get(Desk(), f"{target}&end={NOW}")
    assert (status, body["error"]) == (400, "INVALID_ARGUMENT")
    assert body["message"].endswith("number of candles requested should be less than 350")
    assert get(Desk(), f"{target}&end={NOW - 60}")[0] == 200


@pytest.mark.parametrize("target", ["/products", "/orders", "/best_bid_ask", "/accounts", ""])
def test_private_paths_need_a_token(target):
    answer = Desk().get(Desk().advanced, f"{ROOT}{target}")
    assert (answer.status, answer.body) == (401, b"Unauthorized\n")
    assert answer.content_type.startswith("text/plain")


def test_nothing_is_posted():
    desk = Desk()
    target = f"{ROOT}/market/products"
    assert desk.get(desk.advanced, target, method="POST").status == 401
    assert desk.get(desk.advanced, "/v2/currencies", method="POST").status == 404
    assert desk.get(desk.advanced, "/anything").status == 404


def test_the_limit_is_told_in_headers_and_kept():
    desk = Desk()
    answers = [desk.get(desk.advanced, f"{ROOT}/time", address="a") for _ in range(11)]
    assert [one.status for one in answers] == [200] * 10 + [429]
    assert [one.headers["x-ratelimit-remaining"] for one in answers][:2] == ["9", "8"]
    assert {one.headers["x-ratelimit-limit"] for one in answers} == {"10"}
    assert answers[10].headers["x-ratelimit-reset"] == "1"
    assert json.loads(answers[10].body) == {
        "errors": [{"id": "rate_limit_exceeded", "message": "Too many requests"}]
    }


parts = st.sampled_from(
    ["market", "products", "product_book", "BTC-USD", "ETH-USDC", "candles", "ticker", "time"]
)
names = st.sampled_from(
    [
        "product_id",
        "product_ids",
        "limit",
        "offset",
        "start",
        "end",
        "granularity",
        "aggregation_price_increment",
        "product_type",
        "currency",
    ]
)
values = (
    st.integers(-(10**20), 10**20).map(str)
    | st.text(max_size=12)
    | st.sampled_from(["BTC-USD", "ONE_DAY", "ONE_MINUTE", "0.05", str(NOW), str(NOW - 600)])
)
roots = st.sampled_from([ROOT, f"{ROOT}/market/products/BTC-USD", "/v2", "", "/api/v3"])
DESK = traded()


@given(
    roots,
    st.lists(parts | st.text(max_size=8), max_size=4).map("/".join),
    st.lists(st.tuples(names | st.text(max_size=4), values), max_size=5),
    st.sampled_from(["GET", "POST", "PUT"]),
)
def test_no_request_is_too_strange(root, path, pairs, method):
    DESK.advanced.reset_limits()
    query = "&".join(f"{name}={value}" for name, value in pairs)
    answer = DESK.get(DESK.advanced, f"{root}/{path}?{query}", method=method, address="a")
    assert answer.status in (200, 400, 401, 404)
    if answer.status == 401:
        assert answer.body == b"Unauthorized\n"
        return
    body = json.loads(answer.body)
    if answer.status != 200:
        assert list(body) in (["error", "error_details", "message"], ["errors"])
