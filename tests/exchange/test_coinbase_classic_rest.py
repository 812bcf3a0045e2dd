"""The older API that clients of Advanced Trade ask at their start."""

import json
from decimal import Decimal

import pytest

from hftlib.market.orders import BookSide
from tests.reference.coinbase_floor import Desk


def get(desk: Desk, target: str):
    answer = desk.get(desk.advanced, f"/v2/{target}")
    return answer.status, json.loads(answer.body)


def test_currencies_are_listed_apart():
    desk = Desk()
    assert [row["id"] for row in get(desk, "currencies")[1]["data"]] == ["USD"]
    codes = [row["code"] for row in get(desk, "currencies/crypto")[1]["data"]]
    assert codes == ["BTC", "ETH", "SOL", "ADA", "USDT", "USDC"]


def test_rates_are_those_of_the_books():
    desk = Desk()
    desk.trade(BookSide.BID, 5, ticks=5_000_000)
    rates = get(desk, "exchange-rates")[1]["data"]
    assert (rates["currency"], rates["rates"]["BTC"]) == ("USD", "0.00002")
    assert (rates["rates"]["USD"], rates["rates"]["USDC"]) == ("1", "1")
    ours = get(desk, "exchange-rates?currency=btc")[1]["data"]["rates"]
    assert (ours["USD"], ours["BTC"]) == ("50000", "1")
    product = Decimal(ours["ADA"]) * Decimal(rates["rates"]["BTC"])
    assert abs(product - Decimal(rates["rates"]["ADA"])) < Decimal("1e-9")


def test_prices():
    desk = Desk()
    assert get(desk, "prices/BTC-USD/buy")[1]["data"]["amount"] == "64000"
    desk.place(BookSide.BID, 6_399_050, 5)
    desk.place(BookSide.ASK, 6_400_150, 5)
    amounts = [
        get(desk, f"prices/BTC-USD/{kind}")[1]["data"]["amount"] for kind in ("spot", "buy", "sell")
    ]
    assert amounts == ["64000", "64001.5", "63990.5"]
    assert get(desk, "prices/BTC-USD/spot")[1]["data"]["currency"] == "USD"


def test_the_time():
    assert get(Desk(), "time") == (
        200,
        {"data": {"iso": "2026-08-09T21:05:48Z", "epoch": 1_786_309_548}},
    )


@pytest.mark.parametrize(
    ("target", "status", "name"),
    [
        ("nothing", 404, "not_found"),
        ("prices/BTC-USD/soon", 404, "not_found"),
        ("exchange-rates?currency=XYZ", 400, "invalid_request"),
        ("prices/XRP-USD/spot", 400, "invalid_request"),
    ],
)
def test_what_is_wrong_is_named(target, status, name):
    answered, body = get(Desk(), target)
    assert (answered, body["errors"][0]["id"]) == (status, name)
