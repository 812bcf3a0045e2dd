"""One client of Exchange's feed: acknowledgements, refusals, the deadline, the limit."""

import json

from hftlib.exchange.coinbase.exchange_connection import ExchangeConnection
from hftlib.exchange.coinbase.exchange_request import SubscribeError
from hftlib.exchange.coinbase.signature import SignatureError
from hftlib.exchange.messages import Close, Message
from tests.reference.coinbase_floor import SECOND_NS, said


class Feed:
    """Record what connections ask for."""

    products = ("BTC-USD", "ETH-USD")

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.refusal: Exception | None = None

    def allow(self, message, wish, now_ns) -> None:
        if self.refusal is not None:
            raise self.refusal

    def join(self, connection, channel, product) -> None:
        self.asked.append(("join", channel, product))

    def leave(self, connection, channel, product) -> None:
        self.asked.append(("leave", channel, product))


def opened() -> tuple[Feed, ExchangeConnection]:
    feed = Feed()
    return feed, ExchangeConnection("coinbase_exchange-1", feed, 0)


def ask(connection: ExchangeConnection, now_ns: int = 0, **message) -> dict:
    connection.receive(json.dumps({"type": "subscribe", **message}), now_ns)
    (answer,) = said(connection)
    return answer


def test_each_answer_lists_all_subscriptions():
    feed, connection = opened()
    first = ask(connection, product_ids=["BTC-USD"], channels=["ticker", "status"])
    assert first == {
        "type": "subscriptions",
        "channels": [
            {"name": "ticker", "product_ids": ["BTC-USD"]},
            {"name": "status", "product_ids": []},
        ],
    }
    second = ask(connection, product_ids=["ETH-USD"], channels=["ticker"])
    assert second["channels"][0]["product_ids"] == ["BTC-USD", "ETH-USD"]
    assert feed.asked == [
        ("join", "ticker", "BTC-USD"),
        ("join", "status", ""),
        ("join", "ticker", "ETH-USD"),
    ]


def test_unsubscribing_in_all_its_forms():
    feed, connection = opened()
    ask(connection, product_ids=["BTC-USD", "ETH-USD"], channels=["ticker", "matches"])
    feed.asked.clear()
    one = ask(connection, type="unsubscribe", product_ids=["BTC-USD"], channels=["ticker"])
    assert one["channels"][0] == {"name": "ticker", "product_ids": ["ETH-USD"]}
    everywhere = ask(connection, type="unsubscribe", product_ids=["ETH-USD"])
    assert everywhere["channels"] == [{"name": "matches", "product_ids": ["BTC-USD"]}]
    whole = ask(connection, type="unsubscribe", channels=["matches"])
    assert whole["channels"] == []
    never = ask(connection, type="unsubscribe", product_ids=["BTC-USD"], channels=["heartbeat"])
    assert never["channels"] == []
    assert feed.asked == [
        ("leave", "ticker", "BTC-USD"),
        ("leave", "ticker", "ETH-USD"),
        ("leave", "matches", "ETH-USD"),
        ("leave", "matches", "BTC-USD"),
    ]


def test_refusals_change_nothing():
    feed, connection = opened()
    connection.receive("{", 0)
    assert said(connection)[0]["message"] == "Malformed JSON"
    feed.refusal = SubscribeError("not you")
    wrong = ask(connection, product_ids=["BTC-USD"], channels=["ticker"])
    assert wrong == {"type": "error", "message": "Failed to subscribe", "reason": "not you"}
    feed.refusal = SignatureError("Invalid API Key")
    unsigned = ask(connection, product_ids=["BTC-USD"], channels=["ticker"])
    assert unsigned == {
        "type": "error",
        "message": "Authentication Failed",
        "reason": '{"message":"Invalid API Key"}',
    }
    assert feed.asked == []


def test_the_deadline_to_subscribe():
    _, late = opened()
    late.tick(5 * SECOND_NS - 1)
    assert late.outbox == []
    late.tick(5 * SECOND_NS)
    late.tick(6 * SECOND_NS)
    assert late.outbox == [Close(1008, "no subscribe message within 5 seconds")]
    late.receive(json.dumps({"type": "subscribe", "channels": ["status"]}), 6 * SECOND_NS)
    assert len(late.outbox) == 1, "nothing follows a close"
    _, early = opened()
    ask(early, channels=["status"])
    early.tick(60 * SECOND_NS)
    assert early.outbox == []


def test_a_hundred_messages_a_second():
    _, connection = opened()
    for _ in range(100):
        connection.receive("{", 0)
    assert len(said(connection)) == 100
    connection.receive("{", 0)
    assert connection.outbox == [Close(1008, "ErrSlowRead")]


def test_cutting_is_abrupt_and_happens_once():
    _, connection = opened()
    connection.cut()
    connection.cut()
    assert connection.outbox == [Close(abrupt=True)]


def test_pings_and_pongs_are_free():
    _, connection = opened()
    connection.receive_ping(b"1", 0)
    connection.receive_pong(b"1", 0)
    assert connection.outbox == []


def test_messages_are_shared():
    message = Message(b"{}", 0)
    connections = [opened()[1] for _ in range(2)]
    for connection in connections:
        connection.send(message)
    assert all(connection.outbox == [message] for connection in connections)
