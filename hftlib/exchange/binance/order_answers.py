"""Orders, fills and balances as Binance writes them: names, order and types of the documents."""

from typing import Final

from hftlib.core.decimals import to_text
from hftlib.exchange.account_order import (
    ASSET_DECIMALS,
    AccountOrder,
    Amendment,
    Fill,
    PreventedMatch,
    base_units,
    quote_units,
)
from hftlib.exchange.accounts import Account
from hftlib.exchange.binance.filters import filters_of
from hftlib.market.listings import Listing
from hftlib.market.script import Fee

Json = dict[str, object]

NO_LIST: Final = -1
ZERO: Final = "0.00000000"
_PPM_DECIMALS: Final = 6
_PPM_IN_A_BASIS_POINT: Final = 100


def amount(units: int) -> str:
    """Return units of 1e-8 as text."""
    return to_text(units, ASSET_DECIMALS)


def price_text(listing: Listing, ticks: int) -> str:
    """Return a price; one that an order does not have is zero."""
    return amount(max(ticks, 0) * filters_of(listing).tick)


def lots_text(listing: Listing, lots: int) -> str:
    """Return lots as a quantity of the base asset."""
    return amount(base_units(listing, lots))


def cash_text(listing: Listing, cash: int) -> str:
    """Return ticks times lots as a quantity of the quote asset."""
    return amount(quote_units(listing, cash))


def rate_text(ppm: int) -> str:
    """Return millionths as a rate."""
    return to_text(ppm * 10 ** (ASSET_DECIMALS - _PPM_DECIMALS), ASSET_DECIMALS)


def quantity_text(order: AccountOrder) -> str:
    """Return an order's quantity; one by cash has what it got."""
    return lots_text(order.listing, order.executed_lots if order.cash else order.quantity)


def acknowledgement(order: AccountOrder, unit_ns: int) -> Json:
    """Return the ACK of a placed order."""
    return {
        "symbol": order.listing.symbol,
        "orderId": order.order_id,
        "orderListId": NO_LIST,
        "clientOrderId": order.client_id,
        "transactTime": order.updated_ns // unit_ns,
    }


def result(order: AccountOrder, unit_ns: int) -> Json:
    """Return the RESULT of a placed order."""
    return {
        **acknowledgement(order, unit_ns),
        **_state(order),
        "workingTime": _working(order, unit_ns),
        "selfTradePreventionMode": order.self_trade.name,
        **_prevention(order),
    }


def full_result(order: AccountOrder, unit_ns: int, prevented: list[PreventedMatch]) -> Json:
    """Return the FULL answer of a placed order: its fills, and the trades with itself."""
    answer = result(order, unit_ns)
    mode = answer.pop("selfTradePreventionMode")
    answer["fills"] = [_fill(one) for one in order.fills]
    if prevented:
        answer["preventedMatches"] = [_match_of(one) for one in prevented]
    answer["selfTradePreventionMode"] = mode
    return answer


def cancelled(order: AccountOrder, unit_ns: int) -> Json:
    """Return the report of a cancelled order."""
    return {
        "symbol": order.listing.symbol,
        "origClientOrderId": order.client_id,
        "orderId": order.order_id,
        "orderListId": NO_LIST,
        "clientOrderId": order.cancel_id,
        "transactTime": order.updated_ns // unit_ns,
        **_state(order),
        "selfTradePreventionMode": order.self_trade.name,
        **_prevention(order),
    }


def queried(order: AccountOrder, unit_ns: int) -> Json:
    """Return an order as queries tell of it."""
    listing = order.listing
    told = {
        "symbol": listing.symbol,
        "orderId": order.order_id,
        "orderListId": NO_LIST,
        "clientOrderId": order.client_id,
        "price": price_text(listing, order.price_ticks),
        "origQty": quantity_text(order),
        "executedQty": lots_text(listing, order.executed_lots),
        "cummulativeQuoteQty": cash_text(listing, order.executed_cash),
        "status": order.status,
        "timeInForce": order.time_in_force.name,
        "type": order.kind.name,
        "side": side_text(order),
        "stopPrice": price_text(listing, order.trigger_ticks),
        "icebergQty": ZERO,
        "time": order.created_ns // unit_ns,
        "updateTime": order.updated_ns // unit_ns,
        "isWorking": order.is_working or not order.is_algorithmic,
        "workingTime": _working(order, unit_ns),
        "origQuoteOrderQty": cash_text(listing, order.cash),
        "selfTradePreventionMode": order.self_trade.name,
    }
    return {**told, **_strategy(order), **_prevention(order)}


def amended(order: AccountOrder, unit_ns: int) -> Json:
    """Return the answer to an order's last amendment; some names are spelled otherwise here."""
    listing, last = order.listing, order.amendments[-1]
    return {
        "transactTime": last.time_ns // unit_ns,
        "executionId": last.execution,
        "amendedOrder": {
            "symbol": listing.symbol,
            "orderId": order.order_id,
            "orderListId": NO_LIST,
            "origClientOrderId": last.original_id,
            "clientOrderId": order.client_id,
            "price": price_text(listing, order.price_ticks),
            "qty": lots_text(listing, order.quantity),
            "executedQty": lots_text(listing, order.executed_lots),
            "preventedQty": lots_text(listing, order.prevented_lots),
            "quoteOrderQty": ZERO,
            "cumulativeQuoteQty": cash_text(listing, order.executed_cash),
            "status": order.status,
            "timeInForce": order.time_in_force.name,
            "type": order.kind.name,
            "side": side_text(order),
            "workingTime": _working(order, unit_ns),
            "selfTradePreventionMode": order.self_trade.name,
        },
    }


def amendment(order: AccountOrder, one: Amendment, unit_ns: int) -> Json:
    """Return one amendment of an order's history."""
    return {
        "symbol": order.listing.symbol,
        "orderId": order.order_id,
        "executionId": one.execution,
        "origClientOrderId": one.original_id,
        "newClientOrderId": one.new_id,
        "origQty": lots_text(order.listing, one.quantity),
        "newQty": lots_text(order.listing, one.new_quantity),
        "time": one.time_ns // unit_ns,
    }


def own_trade(fill: Fill, unit_ns: int) -> Json:
    """Return a fill as myTrades tells of it."""
    listing = fill.listing
    return {
        "symbol": listing.symbol,
        "id": fill.trade_id,
        "orderId": fill.order_id,
        "orderListId": NO_LIST,
        "price": price_text(listing, fill.ticks),
        "qty": lots_text(listing, fill.lots),
        "quoteQty": cash_text(listing, fill.ticks * fill.lots),
        "commission": amount(fill.fee),
        "commissionAsset": fill.fee_asset,
        "time": fill.time_ns // unit_ns,
        "isBuyer": fill.is_buyer,
        "isMaker": fill.is_maker,
        "isBestMatch": True,
    }


def prevented_match(match: PreventedMatch, unit_ns: int) -> Json:
    """Return a trade that did not happen as myPreventedMatches tells of it."""
    listing = match.listing
    told: Json = {
        "symbol": listing.symbol,
        "preventedMatchId": match.match_id,
        "takerOrderId": match.taker_order,
        "makerSymbol": listing.symbol,
        "makerOrderId": match.maker_order,
        "tradeGroupId": -1,
        "selfTradePreventionMode": match.mode.name,
        "price": price_text(listing, match.ticks),
    }
    return {**told, **_lost(match), "transactTime": match.time_ns // unit_ns}


def account_state(
    account: Account, assets: tuple[str, ...], rates: Fee, unit_ns: int, *, omit_zero: bool
) -> Json:
    """Return an account with its balances; every listed asset is told unless zeros are omitted."""
    known = [*assets, *(one for one in account.balances if one not in assets)]
    balances = []
    for asset in known:
        held = account.balances.get(asset)
        free, locked = (held.free, held.locked) if held else (0, 0)
        if free or locked or not omit_zero:
            balances.append({"asset": asset, "free": amount(free), "locked": amount(locked)})
    return {
        "makerCommission": rates.maker_ppm // _PPM_IN_A_BASIS_POINT,
        "takerCommission": rates.taker_ppm // _PPM_IN_A_BASIS_POINT,
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {**maker_and_taker(rates), "buyer": ZERO, "seller": ZERO},
        "canTrade": True,
        "canWithdraw": True,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": account.updated_ns // unit_ns,
        "accountType": "SPOT",
        "balances": balances,
        "permissions": ["SPOT"],
        "uid": account.uid,
    }


def maker_and_taker(rates: Fee) -> Json:
    """Return the two rates of an order's trades."""
    return {"maker": rate_text(rates.maker_ppm), "taker": rate_text(rates.taker_ppm)}


def discount() -> Json:
    """Return the discount for paying in BNB, which nobody has switched on here."""
    return {
        "enabledForAccount": False,
        "enabledForSymbol": False,
        "discountAsset": "BNB",
        "discount": "0.25000000",
    }


def side_text(order: AccountOrder) -> str:
    """Return BUY or SELL."""
    return "BUY" if order.is_buy else "SELL"


def _state(order: AccountOrder) -> Json:
    listing = order.listing
    state: Json = {
        "price": price_text(listing, order.price_ticks),
        "origQty": quantity_text(order),
        "executedQty": lots_text(listing, order.executed_lots),
        "origQuoteOrderQty": cash_text(listing, order.cash),
        "cummulativeQuoteQty": cash_text(listing, order.executed_cash),
        "status": order.status,
        "timeInForce": order.time_in_force.name,
        "type": order.kind.name,
        "side": side_text(order),
    }
    if order.is_algorithmic:
        state["stopPrice"] = price_text(listing, order.trigger_ticks)
    return {**state, **_strategy(order)}


def _strategy(order: AccountOrder) -> Json:
    told = {"strategyId": order.strategy_id, "strategyType": order.strategy_type}
    return {name: number for name, number in told.items() if number is not None}


def _prevention(order: AccountOrder) -> Json:
    if order.prevented_match is None:
        return {}
    return {
        "preventedMatchId": order.prevented_match,
        "preventedQuantity": lots_text(order.listing, order.prevented_lots),
    }


def _fill(fill: Fill) -> Json:
    return {
        "price": price_text(fill.listing, fill.ticks),
        "qty": lots_text(fill.listing, fill.lots),
        "commission": amount(fill.fee),
        "commissionAsset": fill.fee_asset,
        "tradeId": fill.trade_id,
    }


def _match_of(match: PreventedMatch) -> Json:
    return {
        "preventedMatchId": match.match_id,
        "makerOrderId": match.maker_order,
        "price": price_text(match.listing, match.ticks),
        **_lost(match),
    }


def _lost(match: PreventedMatch) -> Json:
    lost = {"takerPreventedQuantity": match.taker_lots, "makerPreventedQuantity": match.maker_lots}
    return {name: lots_text(match.listing, lots) for name, lots in lost.items() if lots is not None}


def _working(order: AccountOrder, unit_ns: int) -> int:
    return order.working_ns // unit_ns if order.is_working else -1
