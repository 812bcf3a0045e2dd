"""Numbers and names of answers that other tests do not pin."""

import pytest

from hftlib.core.venue import BINANCE
from hftlib.exchange.account_order import AccountOrder
from hftlib.exchange.accounts import Account
from hftlib.exchange.binance.order_answers import (
    account_state,
    amount,
    cash_text,
    lots_text,
    price_text,
    quantity_text,
    queried,
    rate_text,
    result,
)
from hftlib.market.listings import listing_of
from hftlib.market.orders import NO_PRICE, OrderKind
from hftlib.market.script import Fee

ADA = listing_of(BINANCE, "ADAUSDT")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (amount(-1), "-0.00000001"),
        (amount(10**8), "1.00000000"),
        (price_text(ADA, 4_000), "0.40000000"),
        (price_text(ADA, NO_PRICE), "0.00000000"),
        (lots_text(ADA, 15), "1.50000000"),
        (cash_text(ADA, 4_000 * 15), "0.60000000"),
        (rate_text(750), "0.00075000"),
        (rate_text(0), "0.00000000"),
    ],
)
def test_numbers_have_eight_decimals(text: str, expected: str) -> None:
    assert text == expected


def test_waiting_order_tells_its_trigger_and_no_working_time() -> None:
    order = AccountOrder(ADA, 5, "mine", 7_000_000)
    order.kind, order.trigger_ticks, order.quantity = OrderKind.TAKE_PROFIT, 5_000, 10

    told = result(order, 1_000_000)

    assert (told["stopPrice"], told["workingTime"], told["price"]) == (
        "0.50000000", -1, "0.00000000",
    )  # fmt: skip
    assert queried(order, 1_000_000)["isWorking"] is False


def test_order_by_cash_has_the_quantity_that_it_got() -> None:
    order = AccountOrder(ADA, 5, "mine", 0)
    order.cash, order.executed_lots = 1_000, 25

    assert quantity_text(order) == "2.50000000"


def test_commission_is_told_in_basis_points_and_as_a_rate() -> None:
    told = account_state(Account("a", 1_000, 0), ("BTC",), Fee(750, 100), 1, omit_zero=True)

    assert (told["makerCommission"], told["takerCommission"]) == (7, 1)
    assert told["commissionRates"] == {
        "maker": "0.00075000",
        "taker": "0.00010000",
        "buyer": "0.00000000",
        "seller": "0.00000000",
    }
    assert told["balances"] == []
