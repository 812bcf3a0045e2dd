"""The table of signed operations, held against the documented routes, methods and weights."""

import pytest

from hftlib.exchange.binance.account_queries import AccountQueries
from hftlib.exchange.binance.operations import Operation, operations
from hftlib.exchange.binance.parameters import Parameters
from tests.reference.spot_desk import SpotDesk

DOCUMENTED = {
    ("POST", "order", "order.place"): {"": 1},
    ("POST", "order/test", "order.test"): {"": 1, "computeCommissionRates=true": 20},
    ("DELETE", "order", "order.cancel"): {"": 1},
    ("DELETE", "openOrders", "openOrders.cancelAll"): {"": 1},
    ("POST", "order/cancelReplace", "order.cancelReplace"): {"": 1},
    ("PUT", "order/amend/keepPriority", "order.amend.keepPriority"): {"": 4},
    ("GET", "order", "order.status"): {"": 4},
    ("GET", "openOrders", "openOrders.status"): {"": 80, "symbol=BTCUSDT": 6},
    ("GET", "allOrders", "allOrders"): {"": 20},
    ("GET", "myTrades", "myTrades"): {"": 20, "orderId=1": 5},
    ("GET", "myPreventedMatches", "myPreventedMatches"): {"": 2, "orderId=1": 20},
    ("GET", "account", "account.status"): {"": 20},
    ("GET", "account/commission", "account.commission"): {"": 20},
    ("GET", "rateLimit/order", "account.rateLimits.orders"): {"": 40},
    ("GET", "order/amendments", "order.amendments"): {"": 4},
    ("GET", "myFilters", "myFilters"): {"": 40},
    ("GET", "openOrderList", "openOrderLists.status"): {"": 6},
    ("GET", "allOrderList", "allOrderLists"): {"": 20},
    ("GET", "myAllocations", "myAllocations"): {"": 20},
}


@pytest.fixture(scope="module")
def table() -> list[Operation]:
    """The operations of a still market."""
    desk = SpotDesk()
    trading = desk.spot._trading
    return operations(trading, AccountQueries(trading, desk.accounts, desk.spot.limits))


def test_routes_methods_and_weights_are_the_documented_ones(table: list[Operation]) -> None:
    found = {}
    for one in table:
        verb, path = one.route
        name = (verb, path.removeprefix("/api/v3/"), one.method)
        asked = [text for text in DOCUMENTED[name] if text]
        weights = {"": one.weighs(Parameters({}))}
        weights |= {text: one.weighs(Parameters(dict([text.split("=")]))) for text in asked}
        found[name] = weights

    assert found == DOCUMENTED
    assert len(table) == len(DOCUMENTED)


def test_only_accepted_orders_and_cancels_are_free(table: list[Operation]) -> None:
    assert {one.method for one in table if one.is_free} == {
        "order.place", "order.cancel", "openOrders.cancelAll", "order.cancelReplace",
    }  # fmt: skip
    assert {one.method for one in table if one.places} == {"order.place", "order.cancelReplace"}
