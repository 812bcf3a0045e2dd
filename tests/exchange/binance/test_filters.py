"""The filters of spot symbols, told and held by one table."""

import pytest

from hftlib.core.venue import BINANCE
from hftlib.exchange.account_order import AccountOrder
from hftlib.exchange.binance.filters import (
    Average,
    filters_of,
    notional_at,
    side_of,
    symbol_rules,
)
from hftlib.exchange.binance.refusal import BinanceError
from hftlib.market.listings import LISTINGS, listing_of
from hftlib.market.orders import BookSide, OrderKind
from tests.reference.spot_desk import units

BTC = listing_of(BINANCE, "BTCUSDT")
FILTERS = filters_of(BTC)
AT_64000 = Average(6_400_000 * 3, 3)


def test_filters_are_told_as_exchange_info_tells_them() -> None:
    assert FILTERS.described() == [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": "0.01000000",
            "maxPrice": "1000000.00000000",
            "tickSize": "0.01000000",
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": "0.00001000",
            "maxQty": "9000.00000000",
            "stepSize": "0.00001000",
        },
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": "0.00000000",
            "maxQty": "900.00000000",
            "stepSize": "0.00000000",
        },
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": "5",
            "bidMultiplierDown": "0.2",
            "askMultiplierUp": "5",
            "askMultiplierDown": "0.2",
            "avgPriceMins": 5,
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": "5.00000000",
            "applyMinToMarket": True,
            "maxNotional": "9000000.00000000",
            "applyMaxToMarket": False,
            "avgPriceMins": 5,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
        {"filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": 10},
    ]


@pytest.mark.parametrize("listing", [one for one in LISTINGS if one.venue == BINANCE])
def test_rules_of_a_symbol_have_the_documented_names(listing: object) -> None:
    rules = symbol_rules(listing)  # type: ignore[arg-type]

    assert rules["status"] == "TRADING"
    assert rules["orderTypes"] == [
        "LIMIT",
        "MARKET",
        "LIMIT_MAKER",
        "STOP_LOSS",
        "STOP_LOSS_LIMIT",
        "TAKE_PROFIT",
        "TAKE_PROFIT_LIMIT",
    ]
    assert rules["permissionSets"] == [["SPOT"]]
    allowed = rules["allowedSelfTradePreventionModes"]
    assert isinstance(allowed, list)
    assert rules["defaultSelfTradePreventionMode"] in allowed
    assert not any(
        rules[f"{name}Allowed"] for name in ("iceberg", "oco", "oto", "opo", "pegInstructions")
    )


@pytest.mark.parametrize(
    ("text", "ticks"), [("0.01", 1), ("64000.5", 6_400_050), ("1000000", 10**8)]
)
def test_price_on_its_grid_is_taken(text: str, ticks: int) -> None:
    assert FILTERS.ticks(units(text)) == ticks


@pytest.mark.parametrize("text", ["0", "0.001", "64000.505", "1000000.01"])
def test_price_off_its_grid_is_refused(text: str) -> None:
    with pytest.raises(BinanceError, match="-1013: Filter failure: PRICE_FILTER"):
        FILTERS.ticks(units(text))


def test_quantity_on_its_grid_is_taken() -> None:
    assert FILTERS.lots(units("0.00001")) == 1
    assert FILTERS.lots(units("9000")) == 900_000_000
    assert FILTERS.lots(units("900"), is_market=True) == 90_000_000


@pytest.mark.parametrize(
    ("text", "is_market", "name"),
    [
        ("0", False, "LOT_SIZE"),
        ("0.000015", False, "LOT_SIZE"),
        ("9000.00001", False, "LOT_SIZE"),
        ("900.00001", True, "MARKET_LOT_SIZE"),
    ],
)
def test_quantity_off_its_grid_is_refused(text: str, is_market: bool, name: str) -> None:
    with pytest.raises(BinanceError, match=f"-1013: Filter failure: {name}$"):
        FILTERS.lots(units(text), is_market=is_market)


@pytest.mark.parametrize(
    ("ticks", "is_fine"),
    [(1_280_000, True), (1_279_999, False), (32_000_000, True), (32_000_001, False)],
)
def test_price_is_held_against_the_average(ticks: int, is_fine: bool) -> None:
    if is_fine:
        FILTERS.check_percent(ticks, AT_64000)
        return
    with pytest.raises(BinanceError, match="Filter failure: PERCENT_PRICE_BY_SIDE"):
        FILTERS.check_percent(ticks, AT_64000)


@pytest.mark.parametrize(
    ("worth", "is_market", "is_fine"),
    [
        ("5", False, True),
        ("4.99999999", False, False),
        ("4.99999999", True, False),
        ("9000000", False, True),
        ("9000000.00000001", False, False),
        ("9000000.00000001", True, True),
    ],
)
def test_worth_is_held_within_its_range(worth: str, is_market: bool, is_fine: bool) -> None:
    if is_fine:
        FILTERS.check_notional(units(worth), is_market=is_market)
        return
    with pytest.raises(BinanceError, match="Filter failure: NOTIONAL"):
        FILTERS.check_notional(units(worth), is_market=is_market)


def test_worth_at_the_average_is_cut_off() -> None:
    assert notional_at(BTC, 100_000, AT_64000) == units("64000")
    assert notional_at(BTC, 1, Average(10, 3)) == 33


def test_live_orders_are_counted() -> None:
    live = [AccountOrder(BTC, number, "", 0) for number in range(199)]
    FILTERS.check_count(live, OrderKind.STOP_LOSS)
    for order in live[:5]:
        order.kind = OrderKind.TAKE_PROFIT_LIMIT

    FILTERS.check_count(live, OrderKind.LIMIT)
    with pytest.raises(BinanceError, match="Filter failure: MAX_NUM_ALGO_ORDERS"):
        FILTERS.check_count(live, OrderKind.STOP_LOSS)
    live.append(AccountOrder(BTC, 200, "", 0))
    with pytest.raises(BinanceError, match="Filter failure: MAX_NUM_ORDERS"):
        FILTERS.check_count(live, OrderKind.LIMIT)


def test_sides_are_words() -> None:
    assert side_of("BUY") is BookSide.BID
    assert side_of("SELL") is BookSide.ASK
