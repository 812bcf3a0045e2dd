"""One client of Advanced Trade's feed: one counter, deadlines, limits."""

import json

from hftlib.exchange.coinbase.advanced_connection import AdvancedConnection
from hftlib.exchange.messages import Close
from hftlib.venues.coinbase.encode import advanced_text
from tests.reference.coinbase_floor import SECOND_NS, said


class Feed:
    """Record what connections ask for."""

    def __init__(self, level2_cap: int = 30) -> None:
        self.names = {"BTC-USD": "BTC-USD", "BTC-USDC": "BTC-USD", "ETH-USD": "ETH-USD"}
        self.level2_cap = level2_cap
        self.asked: list[tuple[str, str, str]] = []

    def join(self, connection, channel, product) -> None:
        self.asked.append(("join", channel, product))

    def leave(self, connection, channel, product) -> None:
        self.asked.append(("leave", channel, product))


def opened(level2_cap: int = 30) -> tuple[Feed, AdvancedConnection]:
    feed = Feed(level2_cap)
    return feed, AdvancedConnection("coinbase-1", feed, 0)


def ask(connection: AdvancedConnection, channel: str, *products: str, now_ns: int = 0, **more):
    message = {"type": "subscribe", "channel": channel, "product_ids": list(products)}
    connection.receive(json.dumps(message | more), now_ns)
    return said(connection)[0]


def test_one_counter_over_everything():
    _, connection = opened()
    first = ask(connection, "ticker", "BTC-USD")
    assert (first["client_id"], first["sequence_num"]) == ("", 0)
    connection.send(advanced_text("ticker", 5, "{}"), 5, "ticker:BTC-USD")
    assert connection.outbox[0].topic == "ticker:BTC-USD"
    assert said(connection)[0]["sequence_num"] == 1
    assert ask(connection, "level2", "XRP-USD") == {
        "type": "error",
        "message": "XRP-USD is not a valid product",
    }
    assert ask(connection, "heartbeats")["sequence_num"] == 2


def test_each_answer_lists_all_channels_by_name():
    feed, connection = opened()
    ask(connection, "ticker", "ETH-USD")
    ask(connection, "heartbeats")
    answer = ask(connection, "level2", "BTC-USDC", "ETH-USD")
    assert answer["events"] == [
        {
            "subscriptions": {
                "heartbeats": ["heartbeats"],
                "level2": ["BTC-USD", "ETH-USD"],
                "ticker": ["ETH-USD"],
            }
        }
    ]
    answer = ask(connection, "level2", "BTC-USD", type="unsubscribe")
    assert answer["events"][0]["subscriptions"]["level2"] == ["ETH-USD"]
    answer = ask(connection, "level2", type="unsubscribe")
    assert list(answer["events"][0]["subscriptions"]) == ["heartbeats", "ticker"]
    ask(connection, "candles", "BTC-USD", type="unsubscribe")
    assert [one for one in feed.asked if one[0] == "leave"] == [
        ("leave", "level2", "BTC-USD"),
        ("leave", "level2", "ETH-USD"),
    ]


def test_what_is_no_object_is_refused():
    _, connection = opened()
    connection.receive("[", 0)
    assert said(connection) == [{"type": "error", "message": "message is no JSON object"}]


def test_eight_messages_a_second():
    _, connection = opened()
    answers = [ask(connection, "heartbeats") for _ in range(9)]
    assert [one.get("type") for one in answers] == [None] * 8 + ["error"]
    assert answers[8]["message"] == "rate limit exceeded"
    assert "channel" in ask(connection, "heartbeats", now_ns=SECOND_NS)


def test_too_many_books_end_the_session():
    feed, connection = opened(level2_cap=1)
    assert "channel" in ask(connection, "level2", "BTC-USD")
    assert "channel" in ask(connection, "level2", "BTC-USD", "BTC-USDC")
    assert "channel" in ask(connection, "ticker", "BTC-USD", "ETH-USD")
    message = {"type": "subscribe", "channel": "level2", "product_ids": ["ETH-USD"]}
    connection.receive(json.dumps(message), 0)
    words = "too many L2 streams requested in a single session"
    assert connection.outbox[1] == Close(1008, words)
    assert said(connection)[0] == {"type": "error", "message": words}
    connection.receive(json.dumps(message), 0)
    assert connection.outbox == []
    assert ("join", "level2", "ETH-USD") not in feed.asked


def test_the_deadline_to_subscribe():
    _, late = opened()
    ask(late, "user")
    late.tick(5 * SECOND_NS - 1)
    assert late.outbox == []
    late.tick(5 * SECOND_NS)
    late.tick(6 * SECOND_NS)
    late.cut()
    assert late.outbox == [Close(1008, "no subscribe message within 5 seconds")]


def test_a_quiet_connection_is_closed_unless_it_has_heartbeats():
    _, quiet = opened()
    ask(quiet, "ticker", "BTC-USD")
    quiet.send(advanced_text("ticker", 0, "{}"), 20 * SECOND_NS, "")
    said(quiet)
    quiet.tick(95 * SECOND_NS - 1)
    assert quiet.outbox == []
    quiet.tick(95 * SECOND_NS)
    assert quiet.outbox == [Close(1008, "no updates")]
    _, beating = opened()
    ask(beating, "ticker", "BTC-USD")
    ask(beating, "heartbeats")
    beating.tick(1_000 * SECOND_NS)
    assert beating.outbox == []


def test_cutting_is_abrupt_and_pings_are_free():
    _, connection = opened()
    connection.receive_ping(b"", 0)
    connection.receive_pong(b"", 0)
    assert connection.outbox == []
    connection.cut()
    assert connection.outbox == [Close(abrupt=True)]
