"""Advanced Trade as a whole: heartbeats, the counters of connections, the venue's going down."""

import json

from hftlib.exchange.coinbase.advanced import CoinbaseAdvanced
from hftlib.exchange.messages import Close, Opening, Response
from hftlib.market.orders import BookSide
from tests.reference.coinbase_floor import Desk, said


def ask(desk: Desk, connection, channel: str, *products: str) -> None:
    message = {"type": "subscribe", "channel": channel, "product_ids": list(products)}
    connection.receive(json.dumps(message), desk.now_ns)


def test_each_connection_counts_its_own_frames():
    desk = Desk()
    one, both = desk.connect(desk.advanced), desk.connect(desk.advanced)
    ask(desk, one, "level2", "BTC-USD")
    ask(desk, both, "level2", "BTC-USD", "ETH-USD")
    ask(desk, both, "ticker", "ADA-USD")
    ask(desk, both, "heartbeats")
    for at in range(30):
        desk.place(BookSide.BID, 100 + at, 1)
        desk.place(BookSide.BID, 100 + at, 1, "ETH-USD")
        desk.step(50)
    first, second = said(one), said(both)
    assert [frame["sequence_num"] for frame in first] == list(range(len(first)))
    assert [frame["sequence_num"] for frame in second] == list(range(len(second)))
    assert len(second) > len(first) > 30
    ours = [frame["events"] for frame in first if frame["channel"] == "l2_data"]
    theirs = [
        frame["events"]
        for frame in second
        if frame["channel"] == "l2_data" and frame["events"][0]["product_id"] == "BTC-USD"
    ]
    assert ours == theirs


def test_heartbeats_count_the_venues_seconds():
    desk = Desk()
    early = desk.connect(desk.advanced)
    ask(desk, early, "heartbeats")
    desk.step(2_500)
    late = desk.connect(desk.advanced)
    ask(desk, late, "heartbeats", "BTC-USD")
    desk.step(1_000)
    beats = [frame["events"][0] for frame in said(early) if frame["channel"] == "heartbeats"]
    assert [one["heartbeat_counter"] for one in beats] == [1, 2, 3]
    assert beats[0]["current_time"] == "2026-08-09 21:05:49 +0000 UTC"
    assert said(late)[1]["events"] == [beats[2]]


def test_leaving_ends_the_frames():
    desk = Desk()
    connection = desk.connect(desk.advanced)
    ask(desk, connection, "heartbeats")
    ask(desk, connection, "ticker", "BTC-USD")
    desk.step(1_000)
    said(connection)
    for channel in ("heartbeats", "ticker"):
        connection.receive(json.dumps({"type": "unsubscribe", "channel": channel}), desk.now_ns)
    assert said(connection)[-1]["events"] == [{"subscriptions": {}}]
    desk.trade(BookSide.BID, 5)
    desk.step(2_000)
    assert said(connection) == []


def test_the_cap_of_books_is_the_servers():
    desk = Desk(level2_cap=2)
    connection = desk.connect(desk.advanced)
    ask(desk, connection, "level2", "BTC-USD", "ETH-USD", "ADA-USD")
    assert said(connection)[-1] == {"close": "too many L2 streams requested in a single session"}


def test_sockets_are_at_the_root_alone():
    desk = Desk()
    refused = desk.advanced.connect(Opening("/ws", "", {}, "a", desk.now_ns))
    assert isinstance(refused, Response)
    assert refused.status == 404
    names = {desk.connect(desk.advanced).name for _ in range(3)}
    assert names == {"coinbase-1", "coinbase-2", "coinbase-3"}


def test_a_venue_that_is_down_answers_nobody():
    desk = Desk()
    connection = desk.connect(desk.advanced)
    ask(desk, connection, "heartbeats")
    said(connection)
    desk.floor.is_down = True
    desk.step(1_000)
    assert connection.outbox == [Close(abrupt=True)]
    answer = desk.get(desk.advanced, "/api/v3/brokerage/time")
    assert (answer.status, json.loads(answer.body)["error"]) == (503, "UNAVAILABLE")
    refused = desk.advanced.connect(Opening("/", "", {}, "a", desk.now_ns))
    assert isinstance(refused, Response)
    assert refused.status == 503


def test_limits_can_be_forgotten():
    desk = Desk()
    statuses = [desk.get(desk.advanced, "/v2/time", address="a").status for _ in range(11)]
    assert statuses == [200] * 10 + [429]
    desk.advanced.reset_limits()
    assert desk.get(desk.advanced, "/v2/time", address="a").status == 200


def test_a_server_has_the_cap_that_was_seen():
    assert CoinbaseAdvanced(Desk().floor).level2_cap == 30
