"""New orders: what each type must and must not carry, and which filter stops it."""

import pytest

from hftlib.core.venue import BINANCE
from hftlib.exchange.binance.filters import Average
from hftlib.exchange.binance.new_order import NewOrder, read_order
from hftlib.exchange.binance.parameters import Parameters
from hftlib.exchange.binance.refusal import BinanceError
from hftlib.market.listings import listing_of
from hftlib.market.orders import NO_PRICE, BookSide, OrderKind, SelfTrade, TimeInForce

BTC = listing_of(BINANCE, "BTCUSDT")
AVERAGE = Average(6_400_000, 1)
WHOLE = {
    "LIMIT": {"timeInForce": "GTC", "quantity": "1", "price": "63000"},
    "MARKET": {"quantity": "1"},
    "LIMIT_MAKER": {"quantity": "1", "price": "63000"},
    "STOP_LOSS": {"quantity": "1", "stopPrice": "63000"},
    "STOP_LOSS_LIMIT": {
        "timeInForce": "FOK", "quantity": "1", "price": "62000", "stopPrice": "63000",
    },
    "TAKE_PROFIT": {"quantity": "1", "stopPrice": "65000"},
    "TAKE_PROFIT_LIMIT": {
        "timeInForce": "IOC", "quantity": "1", "price": "65000", "stopPrice": "65000",
    },
}  # fmt: skip


def read(kind: str, **parameters: str) -> NewOrder:
    return read_order(BTC, Parameters({"side": "SELL", "type": kind, **parameters}), AVERAGE)


def refusal(kind: str, **parameters: str) -> tuple[int, str]:
    with pytest.raises(BinanceError) as caught:
        read(kind, **parameters)
    return caught.value.code, caught.value.text


@pytest.mark.parametrize("kind", WHOLE)
def test_order_of_each_type_is_read(kind: str) -> None:
    asked = WHOLE[kind]

    order = read(kind, **asked)

    assert order.kind is OrderKind[kind]
    assert order.side is BookSide.ASK
    assert order.quantity == 100_000
    assert order.time_in_force is TimeInForce[asked.get("timeInForce", "GTC")]
    assert (order.price_ticks == NO_PRICE) == ("price" not in asked) == order.is_market
    assert (order.trigger_ticks == NO_PRICE) == ("stopPrice" not in asked)
    assert order.self_trade is SelfTrade.EXPIRE_MAKER
    assert order.answer == ("FULL" if kind in ("LIMIT", "MARKET") else "ACK")


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, asked in WHOLE.items() for name in asked]
)
def test_what_a_type_needs_is_missed(kind: str, name: str) -> None:
    asked = {one: text for one, text in WHOLE[kind].items() if one != name}

    code, text = refusal(kind, **asked)

    assert code == -1102
    assert f"'{name}'" in text


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("LIMIT", "quoteOrderQty"),
        ("LIMIT", "stopPrice"),
        ("MARKET", "price"),
        ("MARKET", "timeInForce"),
        ("MARKET", "stopPrice"),
        ("LIMIT_MAKER", "timeInForce"),
        ("STOP_LOSS", "price"),
        ("TAKE_PROFIT", "timeInForce"),
        ("STOP_LOSS_LIMIT", "quoteOrderQty"),
    ],
)
def test_what_a_type_does_not_need_is_refused(kind: str, name: str) -> None:
    value = "GTC" if name == "timeInForce" else "100"

    assert refusal(kind, **WHOLE[kind], **{name: value}) == (
        -1106, f"Parameter '{name}' sent when not required.",
    )  # fmt: skip


def test_market_order_has_a_quantity_or_a_cash() -> None:
    assert refusal("MARKET") == (
        -1102,
        "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!",
    )
    assert refusal("MARKET", quantity="1", quoteOrderQty="1")[0] == -1128
    order = read("MARKET", quoteOrderQty="5.00000009")
    assert (order.quantity, order.cash) == (0, 50_000_000)
    assert refusal("MARKET", quoteOrderQty="4.99") == (-1013, "Filter failure: NOTIONAL")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("icebergQty", "Iceberg orders are not supported for this symbol."),
        ("trailingDelta", "Trailing stop orders are not supported for this symbol."),
        ("pegPriceType", "Pegged orders are not supported for this symbol."),
        ("pegOffsetValue", "Pegged orders are not supported for this symbol."),
        ("pegOffsetType", "Pegged orders are not supported for this symbol."),
    ],
)
def test_what_the_symbol_lacks_is_refused(name: str, text: str) -> None:
    assert refusal("LIMIT", **WHOLE["LIMIT"], **{name: "1"}) == (-2010, text)


@pytest.mark.parametrize(
    ("kind", "changed", "name"),
    [
        ("LIMIT", {"price": "63000.001"}, "PRICE_FILTER"),
        ("STOP_LOSS", {"stopPrice": "0"}, "PRICE_FILTER"),
        ("LIMIT", {"quantity": "0.000001"}, "LOT_SIZE"),
        ("MARKET", {"quantity": "1000"}, "MARKET_LOT_SIZE"),
        ("STOP_LOSS", {"quantity": "1000"}, "MARKET_LOT_SIZE"),
        ("LIMIT", {"price": "1"}, "PERCENT_PRICE_BY_SIDE"),
        ("LIMIT_MAKER", {"price": "999999"}, "PERCENT_PRICE_BY_SIDE"),
        ("LIMIT", {"quantity": "0.00001"}, "NOTIONAL"),
        ("LIMIT", {"quantity": "1000"}, "NOTIONAL"),
        ("MARKET", {"quantity": "0.00007"}, "NOTIONAL"),
        ("TAKE_PROFIT", {"quantity": "0.00007"}, "NOTIONAL"),
    ],
)
def test_filters_stop_what_they_name(kind: str, changed: dict[str, str], name: str) -> None:
    assert refusal(kind, **{**WHOLE[kind], **changed}) == (-1013, f"Filter failure: {name}")


def test_market_order_may_be_worth_more_than_a_limit_order() -> None:
    assert read("MARKET", quantity="900").quantity == 90_000_000
