"""User data events: their fields in the documented order, and when they come."""

from typing import Any

import pytest

from hftlib.market.orders import BookSide
from tests.reference.spot_desk import MILLISECOND_NS, SECOND_NS, START_NS, Socket, SpotDesk

STAMP = START_NS // MILLISECOND_NS
REPORT = list("eEscSofqpPFgCxXrilzLnNTtIwmMOZYQ")


@pytest.fixture
def desk() -> SpotDesk:
    """A quoted market and two accounts."""
    desk = SpotDesk()
    desk.make_market()
    desk.open_account("alice", USDT="100000", BTC="2")
    desk.open_account("bob", USDT="100000", BTC="2")
    return desk


@pytest.fixture
def socket(desk: SpotDesk) -> Socket:
    """A connection that hears of alice."""
    socket = desk.connect()
    assert socket.ask_signed("alice", "userDataStream.subscribe.signature")["status"] == 200
    return socket


def kinds(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [
        (one["x"], one["X"]) if one["e"] == "executionReport" else ("", one["e"]) for one in events
    ]


def test_resting_order_is_reported_with_all_fields_in_order(desk: SpotDesk, socket: Socket) -> None:
    body = desk.order("alice", "BUY", quantity="0.5", price="63000", newClientOrderId="mine").body

    report, position = socket.events()
    assert list(report) == [*REPORT, "W", "V"]
    assert report == {
        "e": "executionReport",
        "E": STAMP,
        "s": "BTCUSDT",
        "c": "mine",
        "S": "BUY",
        "o": "LIMIT",
        "f": "GTC",
        "q": "0.50000000",
        "p": "63000.00000000",
        "P": "0.00000000",
        "F": "0.00000000",
        "g": -1,
        "C": "",
        "x": "NEW",
        "X": "NEW",
        "r": "NONE",
        "i": body["orderId"],
        "l": "0.00000000",
        "z": "0.00000000",
        "L": "0.00000000",
        "n": "0",
        "N": None,
        "T": STAMP,
        "t": -1,
        "I": 1,
        "w": True,
        "m": False,
        "M": False,
        "O": STAMP,
        "Z": "0.00000000",
        "Y": "0.00000000",
        "Q": "0.00000000",
        "W": STAMP,
        "V": "EXPIRE_MAKER",
    }
    assert list(position.items()) == [
        ("e", "outboundAccountPosition"),
        ("E", STAMP),
        ("u", STAMP),
        (
            "B",
            [
                {"a": "BTC", "f": "2.00000000", "l": "0.00000000"},
                {"a": "USDT", "f": "68500.00000000", "l": "31500.00000000"},
            ],
        ),
    ]


def test_every_fill_is_reported(desk: SpotDesk, socket: Socket) -> None:
    desk.agent(BookSide.ASK, 64_001.5, 100_000)

    desk.order("alice", "BUY", quantity="1.5", price="64002")

    events = socket.events()
    assert kinds(events) == [
        ("NEW", "NEW"),
        ("TRADE", "PARTIALLY_FILLED"),
        ("TRADE", "FILLED"),
        ("", "outboundAccountPosition"),
    ]
    first, second = events[1:3]
    assert (first["l"], first["L"], first["Y"]) == (
        "1.00000000", "64001.00000000", "64001.00000000",
    )  # fmt: skip
    assert (second["l"], second["z"], second["Z"]) == (
        "0.50000000", "1.50000000", "96001.75000000",
    )  # fmt: skip
    assert (second["n"], second["N"], second["m"], second["w"]) == (
        "0.00050000", "BTC", False, False,
    )  # fmt: skip
    assert second["t"] == first["t"] + 1
    assert [one["I"] for one in events[:3]] == [1, 2, 3]


def test_maker_hears_of_a_fill_by_somebody_else(desk: SpotDesk, socket: Socket) -> None:
    desk.order("alice", "SELL", quantity="0.2", price="64000.50")
    socket.events()
    desk.now_ns += SECOND_NS

    desk.order("bob", "BUY", "MARKET", quantity="0.1")

    trade, position = socket.events()
    assert (trade["x"], trade["X"], trade["m"], trade["w"]) == (
        "TRADE", "PARTIALLY_FILLED", True, True,
    )  # fmt: skip
    assert (trade["T"], trade["O"], trade["W"]) == (STAMP + 1_000, STAMP, STAMP)
    assert (trade["n"], trade["N"]) == ("6.40005000", "USDT")
    assert position["u"] == STAMP + 1_000


def test_cancelled_order_tells_both_ids(desk: SpotDesk, socket: Socket) -> None:
    desk.order("alice", "BUY", quantity="0.5", price="63000", newClientOrderId="mine")
    socket.events()

    desk.signed(
        "alice",
        "DELETE",
        "/api/v3/order",
        symbol="BTCUSDT",
        origClientOrderId="mine",
        newClientOrderId="gone",
    )

    report, _ = socket.events()
    assert (report["c"], report["C"]) == ("gone", "mine")
    assert (report["x"], report["X"], report["w"]) == ("CANCELED", "CANCELED", False)


def test_amended_order_is_replaced(desk: SpotDesk, socket: Socket) -> None:
    desk.order("alice", "BUY", quantity="0.5", price="63000", newClientOrderId="mine")
    socket.events()

    answer = desk.signed(
        "alice",
        "PUT",
        "/api/v3/order/amend/keepPriority",
        symbol="BTCUSDT",
        origClientOrderId="mine",
        newClientOrderId="less",
        newQty="0.2",
    )

    report, position = socket.events()
    assert (report["x"], report["X"], report["q"]) == ("REPLACED", "NEW", "0.20000000")
    assert report["I"] == answer.body["executionId"]
    assert (report["c"], report["C"]) == ("less", "mine")
    assert position["B"][1]["l"] == "12600.00000000"


def test_expired_order_is_reported(desk: SpotDesk, socket: Socket) -> None:
    desk.order("alice", "BUY", quantity="1", price="63000", timeInForce="IOC")

    assert kinds(socket.events()) == [
        ("NEW", "NEW"), ("EXPIRED", "EXPIRED"), ("", "outboundAccountPosition"),
    ]  # fmt: skip


def test_order_by_cash_tells_its_cash_and_is_filled(desk: SpotDesk, socket: Socket) -> None:
    desk.order("alice", "BUY", "MARKET", quoteOrderQty="100")

    events = socket.events()
    assert kinds(events) == [
        ("NEW", "NEW"), ("TRADE", "FILLED"), ("", "outboundAccountPosition"),
    ]  # fmt: skip
    assert events[1]["Q"] == "100.00000000"


def test_order_by_cash_is_filled_by_its_last_trade(desk: SpotDesk, socket: Socket) -> None:
    """What is left would pay for one more lot at the last price, but not at the next one."""
    desk.agent(BookSide.ASK, 64_000.5, 10)

    answer = desk.order("alice", "BUY", "MARKET", quoteOrderQty="7.040057")

    assert kinds(socket.events()) == [
        ("NEW", "NEW"), ("TRADE", "FILLED"), ("", "outboundAccountPosition"),
    ]  # fmt: skip
    assert (answer.body["status"], answer.body["executedQty"]) == ("FILLED", "0.00010000")
    assert desk.held("alice", "USDT")[1] == 0


def test_fired_stop_is_reported_when_it_begins_to_work(desk: SpotDesk, socket: Socket) -> None:
    desk.order(
        "alice",
        "SELL",
        "STOP_LOSS_LIMIT",
        quantity="0.1",
        price="65000",
        stopPrice="63999",
        timeInForce="GTC",
        strategyId="3",
        strategyType="1000001",
    )
    placed, _ = socket.events()
    assert (placed["x"], placed["w"], placed["P"]) == ("NEW", False, "63999.00000000")
    assert list(placed) == [*REPORT, "j", "J", "V"]
    desk.now_ns += SECOND_NS

    desk.order("bob", "SELL", "MARKET", quantity="0.1")

    fired, _ = socket.events()
    assert (fired["x"], fired["X"], fired["w"]) == ("NEW", "NEW", True)
    assert (fired["W"], fired["O"]) == (STAMP + 1_000, STAMP)


def test_prevented_trade_is_reported_on_both_orders(desk: SpotDesk, socket: Socket) -> None:
    maker = desk.order("alice", "SELL", quantity="0.2", price="64000.50").body["orderId"]
    socket.events()
    taker = desk.order(
        "alice", "BUY", quantity="0.3", price="64000.50", selfTradePreventionMode="EXPIRE_BOTH"
    ).body["orderId"]

    events = socket.events()
    assert kinds(events) == [
        ("NEW", "NEW"),
        ("TRADE_PREVENTION", "EXPIRED_IN_MATCH"),
        ("TRADE_PREVENTION", "EXPIRED_IN_MATCH"),
        ("", "outboundAccountPosition"),
    ]
    lost, gone = events[1:3]
    assert list(lost) == [*REPORT, "W", "V", *["v", "A", "B", "u", "U", "Cs", "pl", "pL", "pY"]]
    assert (lost["i"], lost["U"], gone["i"], gone["U"]) == (maker, taker, taker, maker)
    assert (lost["A"], lost["B"], gone["A"]) == ("0.20000000", "0.20000000", "0.30000000")
    assert lost["v"] == gone["v"]
    assert (lost["pl"], lost["pL"], lost["pY"]) == (
        "0.20000000", "64000.50000000", "12800.10000000",
    )  # fmt: skip


def test_deposit_is_told_as_balance_update(desk: SpotDesk, socket: Socket) -> None:
    desk.accounts.deposit("alice", "USDT", "-2.5", desk.now_ns)

    position, update = socket.events()
    assert position["B"] == [{"a": "USDT", "f": "99997.50000000", "l": "0.00000000"}]
    assert list(update.items()) == [
        ("e", "balanceUpdate"),
        ("E", STAMP),
        ("a", "USDT"),
        ("d", "-2.50000000"),
        ("T", STAMP),
    ]


def test_every_connection_hears_in_its_own_unit(desk: SpotDesk, socket: Socket) -> None:
    other = desk.connect("timeUnit=MICROSECOND")
    other.ask_signed("alice", "userDataStream.subscribe.signature")

    desk.order("alice", "BUY", quantity="0.5", price="63000")

    assert socket.events()[0]["O"] == STAMP
    assert other.events()[0]["O"] == STAMP * 1_000
