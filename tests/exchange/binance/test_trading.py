"""Orders on Binance spot as clients place them, with balances that move exactly."""

from typing import Any

import pytest

from hftlib.market.orders import BookSide
from tests.reference.spot_desk import MILLISECOND_NS, SECOND_NS, START_NS, SpotDesk, units

ORDER = "/api/v3/order"
INSUFFICIENT = "Account has insufficient balance for requested action."


@pytest.fixture
def desk() -> SpotDesk:
    """A quoted market, and two accounts with 100,000 USDT and 2 BTC."""
    desk = SpotDesk()
    desk.make_market()
    desk.open_account("alice", USDT="100000", BTC="2")
    desk.open_account("bob", USDT="100000", BTC="2")
    return desk


def query(desk: SpotDesk, who: str, order_id: int) -> dict[str, Any]:
    answer = desk.signed(who, "GET", ORDER, symbol="BTCUSDT", orderId=order_id)
    assert answer.status == 200
    return dict(answer.body)


# Placing.


def test_resting_limit_order_locks_its_worth_and_answers_in_full(desk: SpotDesk) -> None:
    answer = desk.order("alice", "BUY", quantity="0.5", price="63000.00", newClientOrderId="mine")

    assert answer.status == 200
    order_id = answer.body["orderId"]
    stamp = START_NS // MILLISECOND_NS
    assert list(answer.body.items()) == [
        ("symbol", "BTCUSDT"),
        ("orderId", order_id),
        ("orderListId", -1),
        ("clientOrderId", "mine"),
        ("transactTime", stamp),
        ("price", "63000.00000000"),
        ("origQty", "0.50000000"),
        ("executedQty", "0.00000000"),
        ("origQuoteOrderQty", "0.00000000"),
        ("cummulativeQuoteQty", "0.00000000"),
        ("status", "NEW"),
        ("timeInForce", "GTC"),
        ("type", "LIMIT"),
        ("side", "BUY"),
        ("workingTime", stamp),
        ("fills", []),
        ("selfTradePreventionMode", "EXPIRE_MAKER"),
    ]
    assert desk.held("alice", "USDT") == (units("68500"), units("31500"))
    assert answer.headers["X-MBX-ORDER-COUNT-10S"] == "1"
    assert answer.headers["X-MBX-ORDER-COUNT-1D"] == "1"
    assert answer.headers["X-MBX-USED-WEIGHT-1M"] == "0"


@pytest.mark.parametrize(("form", "fields"), [("ACK", 5), ("RESULT", 16), ("FULL", 17)])
def test_answer_has_the_form_asked_for(desk: SpotDesk, form: str, fields: int) -> None:
    answer = desk.order("alice", "BUY", quantity="0.5", price="63000", newOrderRespType=form)

    assert len(answer.body) == fields


def test_marketable_limit_order_trades_at_the_better_price(desk: SpotDesk) -> None:
    answer = desk.order("alice", "BUY", quantity="0.5", price="65000")

    assert answer.body["status"] == "FILLED"
    assert answer.body["cummulativeQuoteQty"] == "32000.50000000"
    [fill] = answer.body["fills"]
    assert list(fill) == ["price", "qty", "commission", "commissionAsset", "tradeId"]
    assert fill["price"] == "64001.00000000"
    assert (fill["commission"], fill["commissionAsset"]) == ("0.00050000", "BTC")
    assert desk.held("alice", "USDT") == (units("67999.5"), 0)
    assert desk.held("alice", "BTC") == (units("2.4995"), 0)
    assert answer.headers["X-MBX-ORDER-COUNT-10S"] == "0"


def test_rest_of_a_partly_filled_order_stays_locked_at_its_limit(desk: SpotDesk) -> None:
    answer = desk.order("alice", "BUY", quantity="1.5", price="64002")

    assert answer.body["status"] == "PARTIALLY_FILLED"
    assert desk.held("alice", "USDT") == (units("3998"), units("32001"))
    assert query(desk, "alice", answer.body["orderId"])["executedQty"] == "1.00000000"


def test_fees_are_cut_off_after_eight_decimals(desk: SpotDesk) -> None:
    desk.agent(BookSide.BID, 63_999.37, 100_000)
    desk.order("bob", "SELL", quantity="0.00123", price="63001.23", timeInForce="IOC")

    received = units("78.7192251")
    assert desk.held("bob", "USDT")[0] - units("100000") == received - received // 1_000
    assert desk.accounts.fees == {"USDT": received // 1_000}
    assert received % 1_000


def test_two_accounts_trade_with_each_other(desk: SpotDesk) -> None:
    made = desk.order("bob", "SELL", "LIMIT_MAKER", quantity="0.1", price="64000.50")
    assert list(made.body) == [
        "symbol", "orderId", "orderListId", "clientOrderId", "transactTime",
    ]  # fmt: skip
    assert desk.held("bob", "BTC") == (units("1.9"), units("0.1"))

    taken = desk.order("alice", "BUY", "MARKET", quantity="0.1")

    assert taken.body["fills"][0]["price"] == "64000.50000000"
    assert query(desk, "bob", made.body["orderId"])["status"] == "FILLED"
    assert desk.held("alice", "BTC") == (units("2.0999"), 0)
    assert desk.held("bob", "BTC") == (units("1.9"), 0)
    assert desk.held("bob", "USDT") == (units("106393.64995"), 0)
    assert desk.accounts.street == {"USDT": 0, "BTC": 0}
    assert desk.total("BTC") == desk.total("USDT") == 0


@pytest.mark.parametrize("force", ["IOC", "FOK"])
def test_order_that_must_trade_at_once_expires_otherwise(desk: SpotDesk, force: str) -> None:
    answer = desk.order("alice", "BUY", quantity="1.2", price="64001", timeInForce=force)

    assert answer.body["status"] == "EXPIRED"
    assert answer.body["executedQty"] == ("1.00000000" if force == "IOC" else "0.00000000")
    assert desk.held("alice", "USDT")[1] == 0


def test_market_order_by_cash_spends_at_most_that(desk: SpotDesk) -> None:
    answer = desk.order("alice", "BUY", "MARKET", quoteOrderQty="1000")

    assert answer.body["status"] == "FILLED"
    assert answer.body["origQuoteOrderQty"] == "1000.00000000"
    assert answer.body["origQty"] == answer.body["executedQty"] == "0.01562000"
    assert desk.held("alice", "USDT") == (units("100000") - units("999.69562"), 0)


def test_market_order_by_cash_sells_for_at_most_that(desk: SpotDesk) -> None:
    answer = desk.order("alice", "SELL", "MARKET", quoteOrderQty="1000")

    assert answer.body["status"] == "FILLED"
    assert answer.body["cummulativeQuoteQty"] == "999.66438000"
    assert desk.held("alice", "BTC") == (units("1.98438"), 0)


def test_market_order_takes_what_there_is_and_expires(desk: SpotDesk) -> None:
    answer = desk.order("alice", "SELL", "MARKET", quantity="1.5")

    assert answer.body["status"] == "EXPIRED"
    assert answer.body["executedQty"] == "1.00000000"
    assert desk.held("alice", "BTC") == (units("1"), 0)


def test_market_order_on_an_empty_side_is_refused(desk: SpotDesk) -> None:
    answer = desk.signed(
        "alice", "POST", ORDER, symbol="ETHUSDT", side="BUY", type="MARKET", quantity="1"
    )

    assert answer.refusal == (
        400, -2010, "Order book liquidity is less than symbol minimum quantity."
    )  # fmt: skip


def test_cash_that_buys_not_one_lot_is_refused(desk: SpotDesk) -> None:
    desk.agent(BookSide.ASK, 900_000.0, 1, "ETHUSDT")
    answer = desk.signed(
        "alice", "POST", ORDER, symbol="ETHUSDT", side="BUY", type="MARKET", quoteOrderQty="50"
    )

    assert answer.refusal[:2] == (400, -2010)
    assert "`LOT_SIZE` filter minimum quantity" in answer.refusal[2]
    assert desk.held("alice", "USDT") == (units("100000"), 0)


@pytest.mark.parametrize(
    ("side", "kind", "parameters"),
    [
        ("BUY", "LIMIT", {"quantity": "2", "price": "63000"}),
        ("SELL", "LIMIT", {"quantity": "2.00001", "price": "65000"}),
        ("BUY", "MARKET", {"quoteOrderQty": "100000.01"}),
        ("SELL", "MARKET", {"quantity": "2.1"}),
        ("BUY", "STOP_LOSS", {"quantity": "1.5", "stopPrice": "65000"}),
        ("SELL", "STOP_LOSS", {"quantity": "3", "stopPrice": "60000"}),
    ],
)
def test_nobody_can_order_more_than_he_has(
    desk: SpotDesk, side: str, kind: str, parameters: dict[str, str]
) -> None:
    answer = desk.order("alice", side, kind, **parameters)

    assert answer.refusal == (400, -2010, INSUFFICIENT)
    assert desk.held("alice", "USDT") == (units("100000"), 0)
    assert desk.held("alice", "BTC") == (units("2"), 0)
    assert answer.headers["X-MBX-USED-WEIGHT-1M"] == "1"


def test_market_buy_needs_what_the_book_asks(desk: SpotDesk) -> None:
    desk.agent(BookSide.ASK, 70_000, 100_000)

    assert desk.order("alice", "BUY", "MARKET", quantity="1.6").refusal[2] == INSUFFICIENT
    assert desk.order("alice", "BUY", "MARKET", quantity="1.5").status == 200


def test_maker_order_that_would_take_is_refused(desk: SpotDesk) -> None:
    answer = desk.order("alice", "BUY", "LIMIT_MAKER", quantity="0.1", price="64001")

    assert answer.refusal == (400, -2010, "Order would immediately match and take.")


def test_client_order_id_is_unique_among_live_orders(desk: SpotDesk) -> None:
    order = {"quantity": "0.1", "price": "63000", "newClientOrderId": "once"}
    assert desk.order("alice", "BUY", **order).status == 200

    assert desk.order("alice", "BUY", **order).refusal == (400, -2010, "Duplicate order sent.")
    assert desk.order("bob", "BUY", **order).status == 200
    desk.signed("alice", "DELETE", ORDER, symbol="BTCUSDT", origClientOrderId="once")
    assert desk.order("alice", "BUY", **order).status == 200


def test_halted_book_takes_no_orders(desk: SpotDesk) -> None:
    desk.floor.feed("binance", "BTCUSDT").book.halt(True)

    answer = desk.order("alice", "BUY", quantity="0.1", price="63000")

    assert answer.refusal == (400, -2010, "Market is closed.")


def test_strategy_is_told_with_the_order(desk: SpotDesk) -> None:
    answer = desk.order(
        "alice", "BUY", quantity="0.1", price="63000", strategyId="7", strategyType="1000000"
    )

    assert (answer.body["strategyId"], answer.body["strategyType"]) == (7, 1_000_000)
    told = query(desk, "alice", answer.body["orderId"])
    assert (told["strategyId"], told["strategyType"]) == (7, 1_000_000)


# Stops.


def test_stop_order_waits_and_then_trades_as_a_market_order(desk: SpotDesk) -> None:
    placed = desk.order("alice", "SELL", "STOP_LOSS", quantity="0.5", stopPrice="63999")
    waiting = query(desk, "alice", placed.body["orderId"])
    assert (waiting["status"], waiting["isWorking"], waiting["workingTime"]) == ("NEW", False, -1)
    assert waiting["stopPrice"] == "63999.00000000"
    assert desk.held("alice", "BTC") == (units("1.5"), units("0.5"))

    desk.now_ns += SECOND_NS
    assert desk.order("bob", "SELL", "MARKET", quantity="0.1").body["status"] == "FILLED"

    done = query(desk, "alice", placed.body["orderId"])
    assert (done["status"], done["type"], done["isWorking"]) == ("FILLED", "STOP_LOSS", True)
    assert done["workingTime"] == desk.now_ns // MILLISECOND_NS
    assert desk.held("alice", "BTC") == (units("1.5"), 0)


def test_stop_that_buys_is_covered_up_to_its_cap(desk: SpotDesk) -> None:
    placed = desk.order("alice", "BUY", "STOP_LOSS", quantity="1", stopPrice="64001")
    assert desk.held("alice", "USDT")[1] == units("67201.05")
    desk.agent(BookSide.ASK, 67_000, 50_000)

    desk.order("bob", "BUY", "MARKET", quantity="0.5")

    done = query(desk, "alice", placed.body["orderId"])
    assert done["cummulativeQuoteQty"] == "65500.50000000"
    assert (done["status"], done["price"], done["timeInForce"]) == (
        "FILLED", "0.00000000", "GTC",
    )  # fmt: skip
    assert desk.held("alice", "USDT") == (units("34499.5"), 0)


def test_stop_beyond_its_cap_expires(desk: SpotDesk) -> None:
    placed = desk.order("alice", "BUY", "STOP_LOSS", quantity="1", stopPrice="64001")
    desk.agent(BookSide.ASK, 68_000, 50_000)

    desk.order("bob", "BUY", "MARKET", quantity="1")

    assert query(desk, "alice", placed.body["orderId"])["status"] == "EXPIRED"
    assert desk.held("alice", "USDT") == (units("100000"), 0)


@pytest.mark.parametrize(("side", "trigger"), [("BUY", "63998"), ("SELL", "64002")])
def test_take_profit_waits_on_the_other_side(desk: SpotDesk, side: str, trigger: str) -> None:
    desk.order("bob", "SELL", "MARKET", quantity="0.00100")

    placed = desk.order("alice", side, "TAKE_PROFIT", quantity="0.1", stopPrice=trigger)

    assert placed.status == 200
    assert query(desk, "alice", placed.body["orderId"])["status"] == "NEW"


def test_stop_limit_rests_at_its_limit_once_it_is_fired(desk: SpotDesk) -> None:
    placed = desk.order(
        "alice",
        "BUY",
        "STOP_LOSS_LIMIT",
        quantity="0.5",
        price="63000",
        stopPrice="64001",
        timeInForce="GTC",
    )
    assert desk.held("alice", "USDT")[1] == units("31500")

    desk.order("bob", "BUY", "MARKET", quantity="0.1")

    done = query(desk, "alice", placed.body["orderId"])
    assert (done["status"], done["isWorking"], done["price"]) == ("NEW", True, "63000.00000000")


def test_stop_that_would_fire_at_once_is_refused(desk: SpotDesk) -> None:
    desk.order("bob", "BUY", "MARKET", quantity="0.1")

    answer = desk.order("alice", "BUY", "STOP_LOSS", quantity="0.1", stopPrice="64000")

    assert answer.refusal == (400, -2010, "Order would trigger immediately.")


# Self-trade prevention.


def self_traded(desk: SpotDesk, mode: str, quantity: str) -> tuple[dict[str, Any], dict[str, Any]]:
    made = desk.order("alice", "SELL", quantity="0.2", price="64000.50")
    taken = desk.order(
        "alice", "BUY", quantity=quantity, price="64000.50", selfTradePreventionMode=mode
    )
    return query(desk, "alice", made.body["orderId"]), dict(taken.body)


def test_maker_expires_and_the_taker_rests(desk: SpotDesk) -> None:
    maker, taker = self_traded(desk, "EXPIRE_MAKER", "0.3")

    assert (maker["status"], maker["preventedQuantity"]) == ("EXPIRED_IN_MATCH", "0.20000000")
    assert (taker["status"], taker["executedQty"]) == ("NEW", "0.00000000")
    assert taker["preventedMatches"] == [
        {
            "preventedMatchId": maker["preventedMatchId"],
            "makerOrderId": maker["orderId"],
            "price": "64000.50000000",
            "makerPreventedQuantity": "0.20000000",
        }
    ]
    assert desk.held("alice", "BTC") == (units("2"), 0)
    assert desk.held("alice", "USDT")[1] == units("19200.15")


@pytest.mark.parametrize(
    ("mode", "maker_status", "taker_status", "locked"),
    [
        ("EXPIRE_TAKER", "NEW", "EXPIRED_IN_MATCH", "0.2"),
        ("EXPIRE_BOTH", "EXPIRED_IN_MATCH", "EXPIRED_IN_MATCH", "0"),
        ("DECREMENT", "EXPIRED_IN_MATCH", "NEW", "0"),
        ("NONE", "FILLED", "PARTIALLY_FILLED", "0"),
    ],
)
def test_modes_end_the_orders_that_they_name(
    desk: SpotDesk, mode: str, maker_status: str, taker_status: str, locked: str
) -> None:
    maker, taker = self_traded(desk, mode, "0.3")

    assert (maker["status"], taker["status"]) == (maker_status, taker_status)
    assert desk.held("alice", "BTC")[1] == units(locked)
    assert desk.total("BTC") == desk.total("USDT") == 0
    matches = desk.signed(
        "alice", "GET", "/api/v3/myPreventedMatches", symbol="BTCUSDT", orderId=maker["orderId"]
    ).body
    assert len(matches) == (mode != "NONE")
    if matches:
        assert matches[0]["selfTradePreventionMode"] == mode
        assert ("takerPreventedQuantity" in matches[0]) == (mode != "EXPIRE_MAKER")
        assert ("makerPreventedQuantity" in matches[0]) == (mode != "EXPIRE_TAKER")


def test_smaller_taker_decrements_the_maker(desk: SpotDesk) -> None:
    maker, taker = self_traded(desk, "DECREMENT", "0.1")

    assert (maker["status"], maker["preventedQuantity"]) == ("NEW", "0.10000000")
    assert taker["status"] == "EXPIRED_IN_MATCH"
    assert desk.held("alice", "BTC") == (units("1.9"), units("0.1"))
    assert desk.held("alice", "USDT") == (units("100000"), 0)


def test_mode_that_the_symbol_lacks_is_refused(desk: SpotDesk) -> None:
    answer = desk.order(
        "alice", "BUY", quantity="1", price="63000", selfTradePreventionMode="TRANSFER"
    )

    assert answer.refusal == (
        400, -1013, "This symbol does not allow the specified self-trade prevention mode."
    )  # fmt: skip


# Testing an order.


def test_tested_order_is_not_placed(desk: SpotDesk) -> None:
    asked = {
        "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
        "quantity": "1", "price": "63000",
    }  # fmt: skip
    plain = desk.signed("alice", "POST", f"{ORDER}/test", **asked)
    rates = desk.signed("alice", "POST", f"{ORDER}/test", **asked, computeCommissionRates="true")

    assert plain.body == {}
    assert plain.headers["X-MBX-USED-WEIGHT-1M"] == "1"
    assert rates.headers["X-MBX-USED-WEIGHT-1M"] == "21"
    assert rates.body == {
        "standardCommissionForOrder": {"maker": "0.00100000", "taker": "0.00100000"},
        "specialCommissionForOrder": {"maker": "0.00000000", "taker": "0.00000000"},
        "taxCommissionForOrder": {"maker": "0.00000000", "taker": "0.00000000"},
        "discount": {
            "enabledForAccount": False,
            "enabledForSymbol": False,
            "discountAsset": "BNB",
            "discount": "0.25000000",
        },
    }
    assert desk.held("alice", "USDT") == (units("100000"), 0)


# Cancelling.


def test_cancelled_order_frees_what_it_locked(desk: SpotDesk) -> None:
    placed = desk.order("alice", "BUY", quantity="0.5", price="63000", newClientOrderId="mine")
    order_id = placed.body["orderId"]

    answer = desk.signed(
        "alice", "DELETE", ORDER, symbol="BTCUSDT", orderId=order_id, newClientOrderId="gone"
    )

    assert list(answer.body.items()) == [
        ("symbol", "BTCUSDT"),
        ("origClientOrderId", "mine"),
        ("orderId", order_id),
        ("orderListId", -1),
        ("clientOrderId", "gone"),
        ("transactTime", START_NS // MILLISECOND_NS),
        ("price", "63000.00000000"),
        ("origQty", "0.50000000"),
        ("executedQty", "0.00000000"),
        ("origQuoteOrderQty", "0.00000000"),
        ("cummulativeQuoteQty", "0.00000000"),
        ("status", "CANCELED"),
        ("timeInForce", "GTC"),
        ("type", "LIMIT"),
        ("side", "BUY"),
        ("selfTradePreventionMode", "EXPIRE_MAKER"),
    ]
    assert desk.held("alice", "USDT") == (units("100000"), 0)
    assert query(desk, "alice", order_id)["status"] == "CANCELED"
    assert answer.headers["X-MBX-USED-WEIGHT-1M"] == "0"


@pytest.mark.parametrize(
    ("parameters", "refusal"),
    [
        ({"orderId": 1}, (400, -2011, "Unknown order sent.")),
        ({"origClientOrderId": "x"}, (400, -2011, "Unknown order sent.")),
        (
            {},
            (
                400,
                -1102,
                "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!",
            ),
        ),
    ],
)
def test_order_that_is_not_there_cannot_be_cancelled(
    desk: SpotDesk, parameters: dict[str, object], refusal: tuple[int, int, str]
) -> None:
    assert desk.signed("alice", "DELETE", ORDER, symbol="BTCUSDT", **parameters).refusal == refusal


def test_an_order_is_cancelled_once_and_by_its_owner(desk: SpotDesk) -> None:
    order_id = desk.order("alice", "BUY", quantity="0.5", price="63000").body["orderId"]

    def cancel(who: str, **more: str) -> int:
        answer = desk.signed(who, "DELETE", ORDER, symbol="BTCUSDT", orderId=order_id, **more)
        return int(answer.body.get("code", 0))

    assert cancel("bob") == -2011
    assert cancel("alice", origClientOrderId="other") == -2039
    assert cancel("alice") == 0
    assert cancel("alice") == -2011


def test_cancelling_can_be_restricted_to_a_status(desk: SpotDesk) -> None:
    placed = desk.order("alice", "BUY", quantity="1.5", price="64001")
    asked = {"symbol": "BTCUSDT", "orderId": placed.body["orderId"]}

    refused = desk.signed("alice", "DELETE", ORDER, **asked, cancelRestrictions="ONLY_NEW")
    done = desk.signed(
        "alice", "DELETE", ORDER, **asked, cancelRestrictions="ONLY_PARTIALLY_FILLED"
    )

    assert refused.refusal == (
        400, -2011, "Order was not canceled due to cancel restrictions."
    )  # fmt: skip
    assert (done.body["status"], done.body["executedQty"]) == ("CANCELED", "1.00000000")


def test_all_orders_of_a_symbol_are_cancelled_together(desk: SpotDesk) -> None:
    for price in ("63000", "62000"):
        desk.order("alice", "BUY", quantity="0.1", price=price)
    desk.order("alice", "SELL", "STOP_LOSS", quantity="0.1", stopPrice="60000")

    answer = desk.signed("alice", "DELETE", "/api/v3/openOrders", symbol="BTCUSDT")

    assert [one["status"] for one in answer.body] == ["CANCELED"] * 3
    assert answer.body[2]["stopPrice"] == "60000.00000000"
    assert len({one["clientOrderId"] for one in answer.body}) == 1
    assert desk.held("alice", "USDT") == (units("100000"), 0)
    again = desk.signed("alice", "DELETE", "/api/v3/openOrders", symbol="BTCUSDT")
    assert again.refusal == (400, -2011, "Unknown order sent.")


# Cancel and replace.


def replace(desk: SpotDesk, mode: str, **parameters: object) -> Any:
    asked = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT_MAKER",
        "cancelReplaceMode": mode,
        "quantity": "1",
        "price": "62000",
        **parameters,
    }
    return desk.signed("alice", "POST", f"{ORDER}/cancelReplace", **asked)


def test_replaced_order_makes_room_for_the_new_one(desk: SpotDesk) -> None:
    old = desk.order("alice", "BUY", quantity="1.5", price="63000", newClientOrderId="old")

    answer = replace(
        desk,
        "STOP_ON_FAILURE",
        cancelOrigClientOrderId="old",
        cancelNewClientOrderId="gone",
        newClientOrderId="new",
    )

    assert answer.status == 200
    assert list(answer.body) == [
        "cancelResult", "newOrderResult", "cancelResponse", "newOrderResponse",
    ]  # fmt: skip
    assert answer.body["cancelResult"] == answer.body["newOrderResult"] == "SUCCESS"
    assert answer.body["cancelResponse"]["orderId"] == old.body["orderId"]
    assert answer.body["cancelResponse"]["clientOrderId"] == "gone"
    assert answer.body["newOrderResponse"]["clientOrderId"] == "new"
    assert desk.held("alice", "USDT") == (units("38000"), units("62000"))


def test_nothing_is_placed_where_cancelling_fails_and_must_not(desk: SpotDesk) -> None:
    answer = replace(desk, "STOP_ON_FAILURE", cancelOrderId=1)

    assert answer.refusal == (400, -2022, "Order cancel-replace failed.")
    assert answer.body["data"] == {
        "cancelResult": "FAILURE",
        "newOrderResult": "NOT_ATTEMPTED",
        "cancelResponse": {"code": -2011, "msg": "Unknown order sent."},
        "newOrderResponse": None,
    }
    counts = desk.signed("alice", "GET", "/api/v3/rateLimit/order").body
    assert [one["count"] for one in counts] == [1, 1]


def test_new_order_is_placed_where_cancelling_may_fail(desk: SpotDesk) -> None:
    answer = replace(desk, "ALLOW_FAILURE", cancelOrderId=1)

    assert answer.refusal == (409, -2021, "Order cancel-replace partially failed.")
    assert answer.body["data"]["cancelResult"] == "FAILURE"
    assert answer.body["data"]["newOrderResult"] == "SUCCESS"
    assert answer.body["data"]["newOrderResponse"]["orderId"] > 0


def test_old_order_is_gone_even_where_the_new_one_fails(desk: SpotDesk) -> None:
    old = desk.order("alice", "BUY", quantity="1", price="63000").body["orderId"]

    answer = replace(desk, "STOP_ON_FAILURE", cancelOrderId=old, price="64001")

    assert answer.refusal == (409, -2021, "Order cancel-replace partially failed.")
    assert answer.body["data"]["cancelResponse"]["status"] == "CANCELED"
    assert answer.body["data"]["newOrderResponse"] == {
        "code": -2010, "msg": "Order would immediately match and take.",
    }  # fmt: skip
    assert desk.held("alice", "USDT") == (units("100000"), 0)


def test_both_halves_can_fail(desk: SpotDesk) -> None:
    answer = replace(desk, "ALLOW_FAILURE", cancelOrderId=1, price="64001")

    assert answer.refusal == (400, -2022, "Order cancel-replace failed.")
    assert answer.body["data"]["newOrderResult"] == "FAILURE"


def test_filters_come_before_cancelling(desk: SpotDesk) -> None:
    old = desk.order("alice", "BUY", quantity="1", price="63000").body["orderId"]

    answer = replace(desk, "ALLOW_FAILURE", cancelOrderId=old, price="62000.001")

    assert answer.refusal == (400, -1013, "Filter failure: PRICE_FILTER")
    assert query(desk, "alice", old)["status"] == "NEW"
    assert replace(desk, "ALLOW_FAILURE").refusal[1] == -1102


def test_order_limit_comes_before_cancelling_unless_told_otherwise(desk: SpotDesk) -> None:
    old = desk.order("alice", "BUY", quantity="0.1", price="63000").body["orderId"]
    for _ in range(99):
        desk.spot.limits.count_order(desk.accounts.account("alice").owner, desk.now_ns)

    refused = replace(desk, "ALLOW_FAILURE", cancelOrderId=old)
    cancelled = replace(
        desk, "ALLOW_FAILURE", cancelOrderId=old, orderRateLimitExceededMode="CANCEL_ONLY"
    )

    assert refused.refusal[:2] == (429, -1015)
    assert cancelled.refusal[:2] == (409, -2021)
    assert cancelled.body["data"]["newOrderResponse"]["code"] == -1015
    assert query(desk, "alice", old)["status"] == "CANCELED"
    assert desk.order("alice", "BUY", quantity="0.1", price="63000").refusal[:2] == (429, -1015)


# Amending.


def amend(desk: SpotDesk, quantity: str, **parameters: object) -> Any:
    path = f"{ORDER}/amend/keepPriority"
    return desk.signed("alice", "PUT", path, symbol="BTCUSDT", newQty=quantity, **parameters)


def test_amended_order_keeps_its_place_and_frees_the_difference(desk: SpotDesk) -> None:
    order_id = desk.order(
        "alice", "BUY", quantity="1.0", price="63000", newClientOrderId="mine"
    ).body["orderId"]

    answer = amend(desk, "0.4", orderId=order_id, newClientOrderId="smaller")

    assert list(answer.body) == ["transactTime", "executionId", "amendedOrder"]
    assert list(answer.body["amendedOrder"].items()) == [
        ("symbol", "BTCUSDT"),
        ("orderId", order_id),
        ("orderListId", -1),
        ("origClientOrderId", "mine"),
        ("clientOrderId", "smaller"),
        ("price", "63000.00000000"),
        ("qty", "0.40000000"),
        ("executedQty", "0.00000000"),
        ("preventedQty", "0.00000000"),
        ("quoteOrderQty", "0.00000000"),
        ("cumulativeQuoteQty", "0.00000000"),
        ("status", "NEW"),
        ("timeInForce", "GTC"),
        ("type", "LIMIT"),
        ("side", "BUY"),
        ("workingTime", START_NS // MILLISECOND_NS),
        ("selfTradePreventionMode", "EXPIRE_MAKER"),
    ]
    assert desk.held("alice", "USDT") == (units("74800"), units("25200"))
    kept = amend(desk, "0.3", orderId=order_id, newClientOrderId="smaller")
    assert kept.body["amendedOrder"]["clientOrderId"] == "smaller"
    renamed = amend(desk, "0.2", origClientOrderId="smaller")
    assert len(renamed.body["amendedOrder"]["clientOrderId"]) == 22


@pytest.mark.parametrize(
    ("quantity", "code", "told"),
    [
        ("1", -2038, "The requested action would change no state; rejecting"),
        ("1.1", -2038, "Order amend (quantity increase) is not supported."),
        ("0", -1013, "Filter failure: LOT_SIZE"),
        ("0.000001", -1013, "Filter failure: LOT_SIZE"),
        ("0.00002", -1013, "Filter failure: NOTIONAL"),
    ],
)
def test_amendment_that_is_none_is_refused(
    desk: SpotDesk, quantity: str, code: int, told: str
) -> None:
    order_id = desk.order("alice", "BUY", quantity="1", price="63000").body["orderId"]

    assert amend(desk, quantity, orderId=order_id).refusal == (400, code, told)
    assert desk.held("alice", "USDT")[1] == units("63000")


def test_amendment_below_what_has_traded_is_refused(desk: SpotDesk) -> None:
    order_id = desk.order("alice", "BUY", quantity="1.5", price="64001").body["orderId"]

    assert amend(desk, "1", orderId=order_id).refusal[:2] == (400, -2038)
    assert amend(desk, "1.2", orderId=order_id).status == 200


def test_orders_without_a_limit_can_be_amended(desk: SpotDesk) -> None:
    placed = desk.order("alice", "SELL", "STOP_LOSS", quantity="1", stopPrice="60000")

    assert amend(desk, "0.5", orderId=placed.body["orderId"]).status == 200
    assert desk.held("alice", "BTC") == (units("1.5"), units("0.5"))


def test_amendments_are_limited_and_keep_names_apart(desk: SpotDesk) -> None:
    order_id = desk.order("alice", "BUY", quantity="1", price="63000").body["orderId"]
    desk.order("alice", "BUY", quantity="0.1", price="63000", newClientOrderId="other")

    duplicate = amend(desk, "0.99", orderId=order_id, newClientOrderId="other")
    answers = [amend(desk, f"0.{90 - step}", orderId=order_id) for step in range(11)]

    assert duplicate.refusal == (400, -2010, "Duplicate order sent.")
    assert [one.status for one in answers] == [200] * 10 + [400]
    assert answers[-1].refusal == (400, -2038, "Filter failure: MAX_NUM_ORDER_AMENDS")
    assert amend(desk, "1", orderId=1).refusal == (400, -2038, "Unknown order sent.")


def test_halted_book_amends_nothing(desk: SpotDesk) -> None:
    order_id = desk.order("alice", "BUY", quantity="1", price="63000").body["orderId"]
    desk.floor.feed("binance", "BTCUSDT").book.halt(True)

    assert amend(desk, "0.5", orderId=order_id).refusal == (400, -2010, "Market is closed.")


# Resets.


def test_reset_cancels_what_is_in_the_books(desk: SpotDesk) -> None:
    desk.order("alice", "BUY", quantity="1", price="63000")
    desk.order("alice", "SELL", quantity="1", price="65000")

    desk.accounts.reset("alice", {"USDT": "5"}, desk.now_ns)

    assert desk.held("alice", "USDT") == (units("5"), 0)
    assert desk.held("alice", "BTC") == (0, 0)
    assert desk.floor.feed("binance", "BTCUSDT").book.order_count == 2
    assert desk.total("USDT") == desk.total("BTC") == 0
