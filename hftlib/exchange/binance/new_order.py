"""A new order as Binance's parameters ask for it: read, held against its type and the filters."""

from typing import Final, NamedTuple

from hftlib.exchange.account_order import TRIGGERED_KINDS, quote_units
from hftlib.exchange.binance.filters import (
    DEFAULT_SELF_TRADE,
    SELF_TRADE_MODES,
    Average,
    failure,
    filters_of,
    notional_at,
    side_of,
)
from hftlib.exchange.binance.parameters import (
    Parameters,
    bad_combination,
    either_missing,
    missing,
    not_required,
)
from hftlib.exchange.binance.refusal import BinanceError
from hftlib.market.listings import Listing
from hftlib.market.orders import NO_PRICE, BookSide, OrderKind, SelfTrade, TimeInForce

ORDER_NAMES: Final = (
    "timeInForce",
    "quantity",
    "quoteOrderQty",
    "price",
    "newClientOrderId",
    "strategyId",
    "strategyType",
    "stopPrice",
    "trailingDelta",
    "icebergQty",
    "newOrderRespType",
    "selfTradePreventionMode",
    "pegPriceType",
    "pegOffsetValue",
    "pegOffsetType",
)
"""What may be told of a new order besides symbol, side and type."""

_NEEDED: Final = {
    OrderKind.LIMIT: ("timeInForce", "quantity", "price"),
    OrderKind.MARKET: (),
    OrderKind.LIMIT_MAKER: ("quantity", "price"),
    OrderKind.STOP_LOSS: ("quantity", "stopPrice"),
    OrderKind.STOP_LOSS_LIMIT: ("timeInForce", "quantity", "price", "stopPrice"),
    OrderKind.TAKE_PROFIT: ("quantity", "stopPrice"),
    OrderKind.TAKE_PROFIT_LIMIT: ("timeInForce", "quantity", "price", "stopPrice"),
}
_SHAPING: Final = ("timeInForce", "quantity", "quoteOrderQty", "price", "stopPrice")
_UNSUPPORTED: Final = {
    "trailingDelta": "Trailing stop orders are not supported for this symbol.",
    "icebergQty": "Iceberg orders are not supported for this symbol.",
    "pegPriceType": "Pegged orders are not supported for this symbol.",
    "pegOffsetValue": "Pegged orders are not supported for this symbol.",
    "pegOffsetType": "Pegged orders are not supported for this symbol.",
}
_FULL_BY_DEFAULT: Final = frozenset({OrderKind.LIMIT, OrderKind.MARKET})


class NewOrder(NamedTuple):
    """Ask for an order on a symbol: prices in ticks, sizes in lots, cash in ticks times lots."""

    listing: Listing
    side: BookSide
    kind: OrderKind
    time_in_force: TimeInForce
    price_ticks: int
    trigger_ticks: int
    quantity: int
    cash: int
    self_trade: SelfTrade
    client_id: str | None
    strategy_id: int | None
    strategy_type: int | None
    answer: str

    @property
    def is_market(self) -> bool:
        """Say whether the order takes any price, now or once it is triggered."""
        return self.price_ticks == NO_PRICE


def read_order(listing: Listing, given: Parameters, average: Average) -> NewOrder:
    """Return the order that parameters ask for. Raises BinanceError where it may not be placed."""
    kind = OrderKind[given.texts["type"]]
    _check_shape(kind, given)
    for name, text in _UNSUPPORTED.items():
        if name in given:
            raise BinanceError(-2010, text)
    order = NewOrder(
        listing=listing,
        side=side_of(given.texts["side"]),
        kind=kind,
        time_in_force=TimeInForce[given.text("timeInForce") or "GTC"],
        price_ticks=_price(listing, given.units("price")),
        trigger_ticks=_price(listing, given.units("stopPrice")),
        quantity=_quantity(listing, given, kind),
        cash=_cash(listing, given),
        self_trade=_self_trade(given),
        client_id=given.text("newClientOrderId"),
        strategy_id=given.whole("strategyId"),
        strategy_type=given.whole("strategyType"),
        answer=given.text("newOrderRespType") or ("FULL" if kind in _FULL_BY_DEFAULT else "ACK"),
    )
    _check_worth(order, average)
    return order


def _check_shape(kind: OrderKind, given: Parameters) -> None:
    """Hold what is told of an order against what its type needs."""
    for name in _NEEDED[kind]:
        if name not in given:
            raise missing(name)
    if kind == OrderKind.MARKET:
        if "quantity" not in given and "quoteOrderQty" not in given:
            raise either_missing("quantity", "quoteOrderQty")
        if "quantity" in given and "quoteOrderQty" in given:
            raise bad_combination()
        allowed: tuple[str, ...] = ("quantity", "quoteOrderQty")
    else:
        allowed = _NEEDED[kind]
    for name in _SHAPING:
        if name in given and name not in allowed:
            raise not_required(name)


def _price(listing: Listing, units: int | None) -> int:
    return NO_PRICE if units is None else filters_of(listing).ticks(units)


def _quantity(listing: Listing, given: Parameters, kind: OrderKind) -> int:
    units = given.units("quantity")
    if units is None:
        return 0
    is_market = kind in (OrderKind.MARKET, OrderKind.STOP_LOSS, OrderKind.TAKE_PROFIT)
    return filters_of(listing).lots(units, is_market=is_market)


def _cash(listing: Listing, given: Parameters) -> int:
    """Return the cash that a market order may move: what is below a tick times a lot is cut off."""
    units = given.units("quoteOrderQty")
    if units is None:
        return 0
    if units < filters_of(listing).least_notional:
        raise failure("NOTIONAL")
    return units // quote_units(listing, 1)


def _self_trade(given: Parameters) -> SelfTrade:
    mode = given.text("selfTradePreventionMode") or DEFAULT_SELF_TRADE
    if mode not in SELF_TRADE_MODES:
        raise BinanceError(
            -1013, "This symbol does not allow the specified self-trade prevention mode."
        )
    return SelfTrade[mode]


def _check_worth(order: NewOrder, average: Average) -> None:
    """Hold price and worth against the average of the last minutes."""
    filters = filters_of(order.listing)
    if order.cash:
        return
    if order.is_market:
        ticks = order.trigger_ticks
        worth = (
            quote_units(order.listing, ticks * order.quantity)
            if order.kind in TRIGGERED_KINDS
            else notional_at(order.listing, order.quantity, average)
        )
    else:
        filters.check_percent(order.price_ticks, average)
        worth = quote_units(order.listing, order.price_ticks * order.quantity)
    filters.check_notional(worth, is_market=order.is_market)
