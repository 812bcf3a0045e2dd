"""What an account may ask Binance spot about itself: orders, trades, balances, rates, counts."""

from typing import Final

from hftlib.exchange.account_order import AccountOrder
from hftlib.exchange.accounts import Accounts
from hftlib.exchange.binance.filters import filters_of
from hftlib.exchange.binance.limits import Limits
from hftlib.exchange.binance.order_answers import (
    ZERO,
    Json,
    account_state,
    amendment,
    discount,
    maker_and_taker,
    own_trade,
    prevented_match,
    queried,
)
from hftlib.exchange.binance.parameters import bad_combination
from hftlib.exchange.binance.refusal import BinanceError
from hftlib.exchange.binance.trading import Call, Trading
from hftlib.market.script import Fee

_DAY_NS: Final = 86_400 * 1_000_000_000
_TRADE_COMBINATIONS: Final = frozenset(
    frozenset(one)
    for one in (
        (),
        ("orderId",),
        ("startTime",),
        ("endTime",),
        ("fromId",),
        ("startTime", "endTime"),
        ("orderId", "fromId"),
    )
)
_MATCH_COMBINATIONS: Final = frozenset(
    frozenset(one)
    for one in (("preventedMatchId",), ("orderId",), ("orderId", "fromPreventedMatchId"))
)


class AccountQueries:
    """Answer an account's questions."""

    def __init__(self, trading: Trading, accounts: Accounts, limits: Limits) -> None:
        """Ask `trading` for orders, `accounts` for assets, `limits` for counts."""
        self._trading = trading
        self._assets = accounts.assets
        self._limits = limits

    def order(self, call: Call) -> Json:
        """Tell of one order."""
        order = self._trading.found(call, "orderId", "origClientOrderId")
        if order is None:
            raise BinanceError(-2013, "Order does not exist.")
        return queried(order, call.unit_ns)

    def open_orders(self, call: Call) -> list[Json]:
        """Tell of the live orders, of one symbol or of all."""
        symbol = None
        if "symbol" in call.given:
            symbol = self._trading.feed_of(call).listing.symbol
        return [queried(one, call.unit_ns) for one in call.account.live_orders(symbol)]

    def all_orders(self, call: Call) -> list[Json]:
        """Tell of the orders of a symbol, live or not: from an id or time on, or the last ones."""
        given, symbol = call.given, self._trading.feed_of(call).listing.symbol
        from_id, limit = given.whole("orderId"), given.limit()
        _check_span(call)
        orders: list[AccountOrder] = [
            one
            for one in call.account.orders(symbol)
            if one.order_id >= (from_id or 0) and _is_within(call, one.created_ns)
        ]
        is_forward = from_id is not None or "startTime" in given
        kept = orders[:limit] if is_forward else orders[-limit:]
        return [queried(one, call.unit_ns) for one in kept]

    def trades(self, call: Call) -> list[Json]:
        """Tell of the account's trades of a symbol."""
        given, symbol = call.given, self._trading.feed_of(call).listing.symbol
        names = ("orderId", "startTime", "endTime", "fromId")
        if frozenset(name for name in names if name in given) not in _TRADE_COMBINATIONS:
            raise bad_combination()
        _check_span(call)
        from_id, order_id, limit = given.whole("fromId"), given.whole("orderId"), given.limit()
        fills = [
            one
            for one in call.account.fills
            if one.listing.symbol == symbol
            and one.trade_id >= (from_id or 0)
            and order_id in (None, one.order_id)
            and _is_within(call, one.time_ns)
        ]
        is_forward = from_id is not None or order_id is not None or "startTime" in given
        kept = fills[:limit] if is_forward else fills[-limit:]
        return [own_trade(one, call.unit_ns) for one in kept]

    def amendments(self, call: Call) -> list[Json]:
        """Tell how often an order was made smaller."""
        given = call.given
        order = self._trading.found(call, "orderId", "origClientOrderId")
        if order is None:
            raise BinanceError(-2013, "Order does not exist.")
        from_id = given.whole("fromExecutionId") or 0
        kept = [one for one in order.amendments if one.execution >= from_id]
        return [amendment(order, one, call.unit_ns) for one in kept[: given.limit()]]

    def filters(self, call: Call) -> Json:
        """Tell which filters hold for the account on a symbol: no others than for everybody."""
        listing = self._trading.feed_of(call).listing
        return {
            "exchangeFilters": [],
            "symbolFilters": filters_of(listing).described(),
            "assetFilters": [],
        }

    def nothing(self, call: Call) -> list[Json]:
        """Tell of order lists and allocations: there are none on the local venue."""
        if "symbol" in call.given:
            self._trading.feed_of(call)
        return []

    def prevented_matches(self, call: Call) -> list[Json]:
        """Tell of the trades with itself that the account was kept from."""
        given, symbol = call.given, self._trading.feed_of(call).listing.symbol
        names = ("preventedMatchId", "orderId", "fromPreventedMatchId")
        if frozenset(name for name in names if name in given) not in _MATCH_COMBINATIONS:
            raise bad_combination()
        match_id, order_id = given.whole("preventedMatchId"), given.whole("orderId")
        from_id = given.whole("fromPreventedMatchId") or 0
        matches = [
            one
            for one in call.account.prevented
            if one.listing.symbol == symbol
            and match_id in (None, one.match_id)
            and order_id in (None, one.maker_order, one.taker_order)
            and one.match_id >= from_id
        ]
        return [prevented_match(one, call.unit_ns) for one in matches[: given.limit()]]

    def account(self, call: Call) -> Json:
        """Tell of the account: balances, rates, permissions."""
        return account_state(
            call.account,
            self._assets,
            self._trading.rates(),
            call.unit_ns,
            omit_zero=call.given.flag("omitZeroBalances"),
        )

    def commission(self, call: Call) -> Json:
        """Tell what the account pays on a symbol."""
        symbol = self._trading.feed_of(call).listing.symbol
        nothing = {**maker_and_taker(Fee(0, 0)), "buyer": ZERO, "seller": ZERO}
        rates = maker_and_taker(self._trading.rates())
        return {
            "symbol": symbol,
            "standardCommission": {**nothing, **rates},
            "specialCommission": nothing,
            "taxCommission": nothing,
            "discount": discount(),
        }

    def order_counts(self, call: Call) -> list[Json]:
        """Tell how many unfilled orders count against the account's limits."""
        counts = self._limits.order_counts(call.account.owner, call.now_ns)
        return [dict(limit.described(count)) for limit, count in counts]


def _is_within(call: Call, time_ns: int) -> bool:
    """Say whether a time lies in the span asked for, whose ends are told in whole units."""
    start_ns, end_ns = call.given.time_ns("startTime"), call.given.time_ns("endTime")
    told_ns = time_ns // call.unit_ns * call.unit_ns
    return (start_ns is None or told_ns >= start_ns) and (end_ns is None or told_ns <= end_ns)


def _check_span(call: Call) -> None:
    start_ns, end_ns = call.given.time_ns("startTime"), call.given.time_ns("endTime")
    if start_ns is not None and end_ns is not None and end_ns - start_ns > _DAY_NS:
        raise BinanceError(-1127, "More than 24 hours between startTime and endTime.")
