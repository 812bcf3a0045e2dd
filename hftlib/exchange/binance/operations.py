"""Every signed operation of Binance spot once: its REST route, its socket method, what it takes.

An operation that places or cancels orders costs its weight only where it fails; one that places
tells the counts of unfilled orders with its answer.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from hftlib.exchange.binance.account_queries import AccountQueries
from hftlib.exchange.binance.new_order import ORDER_NAMES
from hftlib.exchange.binance.parameters import Form, Parameters
from hftlib.exchange.binance.trading import Call, Trading

Weight = Callable[[Parameters], int]
"""A weight that hangs on the parameters, which are not checked yet."""


class Operation(NamedTuple):
    """Describe one operation."""

    route: tuple[str, str]
    method: str
    weight: int | Weight
    form: Form
    run: Callable[[Call], Any]
    is_free: bool = False
    places: bool = False

    def weighs(self, given: Parameters) -> int:
        """Return what a request costs."""
        return self.weight if isinstance(self.weight, int) else self.weight(given)


_ORDER_NAMES = ("orderId", "origClientOrderId")
_NEW_ORDER = Form(("symbol", "side", "type"), ORDER_NAMES)
_SPAN = ("startTime", "endTime", "limit")


def operations(trading: Trading, queries: AccountQueries) -> list[Operation]:
    """Return the table of operations."""
    return _trading_operations(trading) + _query_operations(queries) + _empty_operations(queries)


def _trading_operations(trading: Trading) -> list[Operation]:
    order = "/api/v3/order"
    return [
        Operation(("POST", order), "order.place", 1, _NEW_ORDER, trading.place, True, True),
        Operation(
            ("POST", f"{order}/test"),
            "order.test",
            lambda given: 20 if given.flag("computeCommissionRates") else 1,
            Form(_NEW_ORDER.mandatory, (*ORDER_NAMES, "computeCommissionRates")),
            trading.test,
        ),
        Operation(
            ("DELETE", order),
            "order.cancel",
            1,
            Form(("symbol",), (*_ORDER_NAMES, "newClientOrderId", "cancelRestrictions")),
            trading.cancel,
            True,
        ),
        Operation(
            ("DELETE", "/api/v3/openOrders"),
            "openOrders.cancelAll",
            1,
            Form(("symbol",)),
            trading.cancel_all,
            True,
        ),
        Operation(
            ("POST", f"{order}/cancelReplace"),
            "order.cancelReplace",
            1,
            Form(
                ("symbol", "side", "type", "cancelReplaceMode"),
                (
                    *ORDER_NAMES,
                    "cancelNewClientOrderId",
                    "cancelOrigClientOrderId",
                    "cancelOrderId",
                    "cancelRestrictions",
                    "orderRateLimitExceededMode",
                ),
            ),
            trading.cancel_replace,
            True,
            True,
        ),
        Operation(
            ("PUT", f"{order}/amend/keepPriority"),
            "order.amend.keepPriority",
            4,
            Form(("symbol", "newQty"), (*_ORDER_NAMES, "newClientOrderId")),
            trading.amend,
        ),
    ]


def _query_operations(queries: AccountQueries) -> list[Operation]:
    symbol = Form(("symbol",))
    return [
        Operation(
            ("GET", "/api/v3/order"),
            "order.status",
            4,
            Form(("symbol",), _ORDER_NAMES),
            queries.order,
        ),
        Operation(
            ("GET", "/api/v3/openOrders"),
            "openOrders.status",
            lambda given: 6 if given.text("symbol") else 80,
            Form((), ("symbol",)),
            queries.open_orders,
        ),
        Operation(
            ("GET", "/api/v3/allOrders"),
            "allOrders",
            20,
            Form(("symbol",), ("orderId", *_SPAN)),
            queries.all_orders,
        ),
        Operation(
            ("GET", "/api/v3/myTrades"),
            "myTrades",
            lambda given: 5 if given.text("orderId") else 20,
            Form(("symbol",), ("orderId", "fromId", *_SPAN)),
            queries.trades,
        ),
        Operation(
            ("GET", "/api/v3/myPreventedMatches"),
            "myPreventedMatches",
            lambda given: 20 if given.text("orderId") else 2,
            Form(("symbol",), ("preventedMatchId", "orderId", "fromPreventedMatchId", "limit")),
            queries.prevented_matches,
        ),
        Operation(
            ("GET", "/api/v3/account"),
            "account.status",
            20,
            Form((), ("omitZeroBalances",)),
            queries.account,
        ),
        Operation(
            ("GET", "/api/v3/account/commission"),
            "account.commission",
            20,
            symbol,
            queries.commission,
        ),
        Operation(
            ("GET", "/api/v3/rateLimit/order"),
            "account.rateLimits.orders",
            40,
            Form(),
            queries.order_counts,
        ),
        Operation(
            ("GET", "/api/v3/order/amendments"),
            "order.amendments",
            4,
            Form(("symbol", "orderId"), ("fromExecutionId", "limit")),
            queries.amendments,
        ),
        Operation(("GET", "/api/v3/myFilters"), "myFilters", 40, symbol, queries.filters),
    ]


def _empty_operations(queries: AccountQueries) -> list[Operation]:
    """Return the questions about what cannot be had here: lists of orders, routed orders."""
    lists = Form((), ("fromId", *_SPAN))
    allocations = Form(("symbol",), ("orderId", "fromAllocationId", *_SPAN))
    return [
        Operation(
            ("GET", "/api/v3/openOrderList"), "openOrderLists.status", 6, Form(), queries.nothing
        ),
        Operation(("GET", "/api/v3/allOrderList"), "allOrderLists", 20, lists, queries.nothing),
        Operation(
            ("GET", "/api/v3/myAllocations"), "myAllocations", 20, allocations, queries.nothing
        ),
    ]
