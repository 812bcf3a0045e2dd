"""Exchange as a whole: signatures where they are needed, status, the venue's going down."""

import json

import pytest

from hftlib.exchange.coinbase.exchange_request import NEEDS_SIGNATURE
from hftlib.exchange.coinbase.signature import VERIFY, sign
from hftlib.exchange.messages import Close, Opening, Response
from hftlib.market.orders import BookSide
from tests.reference.coinbase_floor import KEY, Desk, said


def ask(desk: Desk, connection, *channels: str, **more) -> dict:
    message = {"type": "subscribe", "product_ids": ["BTC-USD"], "channels": list(channels)}
    connection.receive(json.dumps(message | more), desk.now_ns)
    return said(connection)[0]


def signed(desk: Desk, **changed) -> dict:
    time = desk.now_ns // 10**9
    right = {"key": KEY[0], "passphrase": KEY[2], "timestamp": time}
    return right | {"signature": sign(KEY[1], f"{time}{VERIFY}")} | changed


@pytest.mark.parametrize("channel", ["level2", "level3", "full", "user"])
def test_channels_that_need_a_signature(channel):
    desk = Desk()
    answer = ask(desk, desk.connect(desk.exchange), channel)
    assert answer == {
        "type": "error",
        "message": "Failed to subscribe",
        "reason": NEEDS_SIGNATURE,
    }


@pytest.mark.parametrize(
    ("channel", "kind"),
    [
        ("level2", "subscriptions"),
        ("user", "subscriptions"),
        ("level3", "error"),
        ("full", "error"),
    ],
)
def test_what_a_signature_opens(channel, kind):
    desk = Desk()
    connection = desk.connect(desk.exchange)
    assert ask(desk, connection, channel, **signed(desk))["type"] == kind


def test_a_wrong_signature_is_refused_for_any_channel():
    desk = Desk()
    answer = ask(desk, desk.connect(desk.exchange), "ticker", **signed(desk, key="another"))
    assert (answer["message"], answer["reason"]) == (
        "Authentication Failed",
        '{"message":"Invalid API Key"}',
    )


def test_leaving_needs_no_signature():
    desk = Desk()
    connection = desk.connect(desk.exchange)
    ask(desk, connection, "level2", **signed(desk))
    assert ask(desk, connection, "level2", type="unsubscribe")["channels"] == []
    desk.place(BookSide.BID, 100, 1)
    desk.step(50)
    assert said(connection) == []


def test_status_comes_at_once_and_then_every_five_seconds():
    desk = Desk()
    connection = desk.connect(desk.exchange)
    ask(desk, connection, "status")
    desk.step(10)
    (first,) = said(connection)
    assert [one["id"] for one in first["products"]] == list(desk.exchange.products)
    desk.step(5_000)
    assert said(connection) == [first]
    ask(desk, connection, "status", type="unsubscribe")
    desk.step(5_000)
    assert said(connection) == []


def test_sockets_are_at_the_root_alone():
    desk = Desk()
    refused = desk.exchange.connect(Opening("/ws", "", {}, "a", desk.now_ns))
    assert isinstance(refused, Response)
    assert (refused.status, refused.body) == (404, b'{"message":"NotFound"}')
    names = {desk.connect(desk.exchange).name for _ in range(3)}
    assert names == {"coinbase_exchange-1", "coinbase_exchange-2", "coinbase_exchange-3"}


def test_a_venue_that_is_down_answers_nobody():
    desk = Desk()
    connection = desk.connect(desk.exchange)
    ask(desk, connection, "heartbeat", "status")
    desk.floor.is_down = True
    desk.step(1_000)
    assert connection.outbox == [Close(abrupt=True)]
    assert desk.get(desk.exchange, "/time").status == 503
    refused = desk.exchange.connect(Opening("/", "", {}, "a", desk.now_ns))
    assert isinstance(refused, Response)
    assert refused.status == 503
    desk.floor.is_down = False
    again = desk.connect(desk.exchange)
    ask(desk, again, "heartbeat")
    desk.step(1_000)
    assert [one["type"] for one in said(again)] == ["heartbeat"]


def test_a_connection_of_another_venue_is_not_known():
    desk = Desk()
    advanced, exchange = desk.connect(desk.advanced), desk.connect(desk.exchange)
    advanced.receive('{"type":"subscribe","channel":"heartbeats"}', desk.now_ns)
    ask(desk, exchange, "heartbeat")
    said(advanced)
    desk.exchange.disconnect(advanced)
    desk.advanced.disconnect(exchange)
    desk.step(1_000)
    assert [one["channel"] for one in said(advanced)] == ["heartbeats"]
    assert [one["type"] for one in said(exchange)] == ["heartbeat"]


def test_limits_can_be_forgotten():
    desk = Desk()
    for _ in range(20):
        desk.get(desk.exchange, "/time", address="a")
    assert desk.get(desk.exchange, "/time", address="a").status == 429
    desk.exchange.reset_limits()
    assert desk.get(desk.exchange, "/time", address="a").status == 200
