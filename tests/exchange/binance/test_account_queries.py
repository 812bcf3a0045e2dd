"""What an account asks about itself."""

from typing import Any

import pytest

from tests.reference.spot_desk import MILLISECOND_NS, SECOND_NS, START_NS, Answer, SpotDesk

HOUR_NS = 3_600 * SECOND_NS
STAMP = START_NS // MILLISECOND_NS


@pytest.fixture
def desk() -> SpotDesk:
    """A quoted market, and an account with orders at three times."""
    desk = SpotDesk()
    desk.make_market()
    desk.open_account("alice", USDT="100000", BTC="2")
    for number in range(3):
        desk.now_ns = START_NS + number * HOUR_NS
        desk.order("alice", "BUY", quantity=f"0.0{number + 1}", price="64001")
    desk.order("alice", "BUY", quantity="0.1", price="63000", newClientOrderId="resting")
    return desk


def ask(desk: SpotDesk, path: str, **parameters: object) -> Answer:
    return desk.signed("alice", "GET", f"/api/v3/{path}", **parameters)


def quantities(answer: Answer, name: str) -> list[str]:
    assert answer.status == 200, answer
    return [one[name] for one in answer.body]


def test_queried_order_has_the_documented_fields(desk: SpotDesk) -> None:
    body = ask(desk, "order", symbol="BTCUSDT", origClientOrderId="resting").body

    stamp = STAMP + 2 * 3_600_000
    assert list(body.items()) == [
        ("symbol", "BTCUSDT"),
        ("orderId", body["orderId"]),
        ("orderListId", -1),
        ("clientOrderId", "resting"),
        ("price", "63000.00000000"),
        ("origQty", "0.10000000"),
        ("executedQty", "0.00000000"),
        ("cummulativeQuoteQty", "0.00000000"),
        ("status", "NEW"),
        ("timeInForce", "GTC"),
        ("type", "LIMIT"),
        ("side", "BUY"),
        ("stopPrice", "0.00000000"),
        ("icebergQty", "0.00000000"),
        ("time", stamp),
        ("updateTime", stamp),
        ("isWorking", True),
        ("workingTime", stamp),
        ("origQuoteOrderQty", "0.00000000"),
        ("selfTradePreventionMode", "EXPIRE_MAKER"),
    ]


@pytest.mark.parametrize(
    ("parameters", "refusal"),
    [
        ({"orderId": 5}, (400, -2013, "Order does not exist.")),
        ({"origClientOrderId": "nobody"}, (400, -2013, "Order does not exist.")),
    ],
)
def test_order_that_is_not_there_is_told_so(
    desk: SpotDesk, parameters: dict[str, object], refusal: tuple[int, int, str]
) -> None:
    assert ask(desk, "order", symbol="BTCUSDT", **parameters).refusal == refusal


def test_order_is_asked_for_by_an_id(desk: SpotDesk) -> None:
    assert ask(desk, "order", symbol="BTCUSDT").refusal[:2] == (400, -1102)
    assert ask(desk, "order", symbol="DOGEUSDT", orderId=1).refusal == (
        400, -1121, "Invalid symbol.",
    )  # fmt: skip


def test_open_orders_are_of_one_symbol_or_all(desk: SpotDesk) -> None:
    one = ask(desk, "openOrders", symbol="BTCUSDT")
    others = ask(desk, "openOrders", symbol="ETHUSDT")
    everything = ask(desk, "openOrders")

    assert quantities(one, "origQty") == quantities(everything, "origQty") == ["0.10000000"]
    assert others.body == []
    assert int(everything.headers["X-MBX-USED-WEIGHT-1M"]) == 6 + 6 + 80


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({}, ["0.01", "0.02", "0.03", "0.1"]),
        ({"limit": 2}, ["0.03", "0.1"]),
        ({"startTime": STAMP, "limit": 2}, ["0.01", "0.02"]),
        ({"startTime": STAMP + 1}, ["0.02", "0.03", "0.1"]),
        ({"endTime": STAMP + 3_600_000}, ["0.01", "0.02"]),
        ({"startTime": STAMP * 1_000, "endTime": STAMP * 1_000}, ["0.01"]),
    ],
)
def test_all_orders_can_be_cut_by_time(
    desk: SpotDesk, parameters: dict[str, object], found: list[str]
) -> None:
    answer = ask(desk, "allOrders", symbol="BTCUSDT", **parameters)

    assert quantities(answer, "origQty") == [f"{float(one):.8f}" for one in found]


def test_all_orders_can_begin_with_an_id(desk: SpotDesk) -> None:
    everything = ask(desk, "allOrders", symbol="BTCUSDT").body

    answer = ask(desk, "allOrders", symbol="BTCUSDT", orderId=everything[1]["orderId"], limit=2)

    assert answer.body == everything[1:3]


def test_own_trade_has_the_documented_fields(desk: SpotDesk) -> None:
    [trade] = ask(desk, "myTrades", symbol="BTCUSDT", limit=1).body

    assert list(trade.items()) == [
        ("symbol", "BTCUSDT"),
        ("id", trade["id"]),
        ("orderId", trade["orderId"]),
        ("orderListId", -1),
        ("price", "64001.00000000"),
        ("qty", "0.03000000"),
        ("quoteQty", "1920.03000000"),
        ("commission", "0.00003000"),
        ("commissionAsset", "BTC"),
        ("time", STAMP + 2 * 3_600_000),
        ("isBuyer", True),
        ("isMaker", False),
        ("isBestMatch", True),
    ]


def test_own_trades_can_be_cut_in_every_documented_way(desk: SpotDesk) -> None:
    everything = ask(desk, "myTrades", symbol="BTCUSDT").body
    first, second, third = everything

    def found(**parameters: object) -> Any:
        return ask(desk, "myTrades", symbol="BTCUSDT", **parameters).body

    assert found(fromId=second["id"], limit=1) == [second]
    assert found(orderId=third["orderId"]) == [third]
    assert found(orderId=first["orderId"], fromId=second["id"]) == []
    assert found(startTime=STAMP + 1) == [second, third]
    assert found(endTime=STAMP + 1) == [first]
    assert found(startTime=STAMP, endTime=STAMP) == [first]
    assert ask(desk, "myTrades", symbol="ETHUSDT").body == []


@pytest.mark.parametrize("path", ["allOrders", "myTrades"])
def test_time_between_both_ends_is_limited(desk: SpotDesk, path: str) -> None:
    span = {"startTime": STAMP, "endTime": STAMP + 86_400_000}

    assert ask(desk, path, symbol="BTCUSDT", **span).status == 200
    span["endTime"] += 1
    assert ask(desk, path, symbol="BTCUSDT", **span).refusal == (
        400, -1127, "More than 24 hours between startTime and endTime.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("myTrades", {"fromId": 1, "startTime": 1}),
        ("myTrades", {"orderId": 1, "endTime": 1}),
        ("myPreventedMatches", {}),
        ("myPreventedMatches", {"fromPreventedMatchId": 1}),
    ],
)
def test_parameters_that_do_not_go_together_are_refused(
    desk: SpotDesk, path: str, parameters: dict[str, object]
) -> None:
    assert ask(desk, path, symbol="BTCUSDT", **parameters).refusal == (
        400, -1128, "Combination of optional parameters invalid.",
    )  # fmt: skip


def test_weight_of_trades_hangs_on_the_order(desk: SpotDesk) -> None:
    ask(desk, "myTrades", symbol="BTCUSDT")
    answer = ask(desk, "myTrades", symbol="BTCUSDT", orderId=1)

    assert answer.headers["X-MBX-USED-WEIGHT-1M"] == "25"


def test_account_tells_every_listed_asset(desk: SpotDesk) -> None:
    desk.accounts.deposit("alice", "DOGE", "5", desk.now_ns)
    desk.accounts.deposit("alice", "SOL", "0", desk.now_ns)
    body = ask(desk, "account").body
    short = ask(desk, "account", omitZeroBalances="true").body

    balances = {one["asset"]: (one["free"], one["locked"]) for one in body["balances"]}
    assert list(balances) == ["BTC", "ETH", "SOL", "BNB", "ADA", "USDT", "DOGE"]
    assert balances["USDT"] == ("89859.94000000", "6300.00000000")
    assert balances["ETH"] == ("0.00000000", "0.00000000")
    assert [one["asset"] for one in short["balances"]] == ["BTC", "USDT", "DOGE"]
    del body["balances"]
    assert list(body.items()) == [
        ("makerCommission", 10),
        ("takerCommission", 10),
        ("buyerCommission", 0),
        ("sellerCommission", 0),
        (
            "commissionRates",
            {
                "maker": "0.00100000",
                "taker": "0.00100000",
                "buyer": "0.00000000",
                "seller": "0.00000000",
            },
        ),
        ("canTrade", True),
        ("canWithdraw", True),
        ("canDeposit", True),
        ("brokered", False),
        ("requireSelfTradePrevention", False),
        ("preventSor", False),
        ("updateTime", desk.now_ns // MILLISECOND_NS),
        ("accountType", "SPOT"),
        ("permissions", ["SPOT"]),
        ("uid", body["uid"]),
    ]


def test_commission_is_told_by_symbol(desk: SpotDesk) -> None:
    body = ask(desk, "account/commission", symbol="BTCUSDT").body

    rates = {"maker": "0.00100000", "taker": "0.00100000"}
    sides = {"buyer": "0.00000000", "seller": "0.00000000"}
    assert list(body) == [
        "symbol", "standardCommission", "specialCommission", "taxCommission", "discount",
    ]  # fmt: skip
    assert body["standardCommission"] == {**rates, **sides}
    assert set(body["taxCommission"].values()) == {"0.00000000"}


def test_counts_of_unfilled_orders_are_told(desk: SpotDesk) -> None:
    assert ask(desk, "rateLimit/order").body == [
        {
            "rateLimitType": "ORDERS",
            "interval": "SECOND",
            "intervalNum": 10,
            "limit": 100,
            "count": 1,
        },
        {
            "rateLimitType": "ORDERS",
            "interval": "DAY",
            "intervalNum": 1,
            "limit": 200_000,
            "count": 1,
        },
    ]


def test_prevented_matches_are_found_by_each_id(desk: SpotDesk) -> None:
    maker = desk.order("alice", "SELL", quantity="0.2", price="64000.50").body["orderId"]
    taker = desk.order(
        "alice", "BUY", quantity="0.3", price="64000.50", selfTradePreventionMode="EXPIRE_BOTH"
    ).body["orderId"]

    def found(**parameters: object) -> Any:
        return ask(desk, "myPreventedMatches", symbol="BTCUSDT", **parameters).body

    [match] = found(orderId=maker)
    number = match["preventedMatchId"]
    assert list(match.items()) == [
        ("symbol", "BTCUSDT"),
        ("preventedMatchId", number),
        ("takerOrderId", taker),
        ("makerSymbol", "BTCUSDT"),
        ("makerOrderId", maker),
        ("tradeGroupId", -1),
        ("selfTradePreventionMode", "EXPIRE_BOTH"),
        ("price", "64000.50000000"),
        ("takerPreventedQuantity", "0.30000000"),
        ("makerPreventedQuantity", "0.20000000"),
        ("transactTime", desk.now_ns // MILLISECOND_NS),
    ]
    assert found(orderId=taker, fromPreventedMatchId=number) == [match]
    assert found(preventedMatchId=number) == [match]
    assert found(preventedMatchId=number + 1) == []
    assert found(orderId=taker, fromPreventedMatchId=number + 1) == []
    assert ask(desk, "myPreventedMatches", symbol="ETHUSDT", orderId=taker).body == []


def test_times_can_be_told_in_microseconds(desk: SpotDesk) -> None:
    key = desk.keys["alice"]
    query = desk.signed_query(key, {"symbol": "BTCUSDT", "limit": 1})
    headers = {"x-mbx-apikey": key.key, "x-mbx-time-unit": "microsecond"}

    answer = desk.send("GET", "/api/v3/myTrades", query, headers=headers)

    assert answer.body[0]["time"] == (START_NS + 2 * HOUR_NS) // 1_000
    headers["x-mbx-time-unit"] = "fortnight"
    assert desk.send("GET", "/api/v3/myTrades", query, headers=headers).refusal == (
        400,
        -1194,
        "Invalid value for time unit; expected either MICROSECOND or MILLISECOND.",
    )


def test_amendments_are_remembered(desk: SpotDesk) -> None:
    order = ask(desk, "order", symbol="BTCUSDT", origClientOrderId="resting").body["orderId"]
    for quantity in ("0.09", "0.08"):
        asked = {"symbol": "BTCUSDT", "orderId": order, "newClientOrderId": "resting"}
        path = "/api/v3/order/amend/keepPriority"
        assert desk.signed("alice", "PUT", path, **asked, newQty=quantity).status == 200

    first, second = ask(desk, "order/amendments", symbol="BTCUSDT", orderId=order).body

    assert list(first.items()) == [
        ("symbol", "BTCUSDT"),
        ("orderId", order),
        ("executionId", first["executionId"]),
        ("origClientOrderId", "resting"),
        ("newClientOrderId", "resting"),
        ("origQty", "0.10000000"),
        ("newQty", "0.09000000"),
        ("time", desk.now_ns // MILLISECOND_NS),
    ]
    later = {"symbol": "BTCUSDT", "orderId": order, "fromExecutionId": second["executionId"]}
    assert ask(desk, "order/amendments", **later).body == [second]
    missing = ask(desk, "order/amendments", symbol="BTCUSDT", orderId=1)
    assert missing.refusal == (400, -2013, "Order does not exist.")


def test_filters_are_those_of_everybody(desk: SpotDesk) -> None:
    told = desk.send("GET", "/api/v3/exchangeInfo", "symbol=BTCUSDT").body["symbols"][0]

    assert ask(desk, "myFilters", symbol="BTCUSDT").body == {
        "exchangeFilters": [],
        "symbolFilters": told["filters"],
        "assetFilters": [],
    }


def test_there_are_no_lists_of_orders(desk: SpotDesk) -> None:
    assert ask(desk, "openOrderList").body == []
    assert ask(desk, "allOrderList", limit=5).body == []
    assert ask(desk, "myAllocations", symbol="BTCUSDT").body == []
    assert ask(desk, "myAllocations", symbol="DOGEUSDT").refusal[:2] == (400, -1121)
