"""What Exchange's feed sends of a product: paces, first messages, and books equal to the truth."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftlib.core.venue import COINBASE_EXCHANGE
from hftlib.exchange.coinbase.signature import VERIFY, sign
from hftlib.market.orders import BookSide
from tests.reference.coinbase_floor import KEY, Desk, Reader, said, texts

BOTH = ("level2", "level2_batch")


def listen(desk: Desk, *channels: str, symbol: str = "BTC-USD"):
    connection = desk.connect(desk.exchange)
    time = str(desk.now_ns // 10**9)
    signed = {
        "key": KEY[0],
        "passphrase": KEY[2],
        "timestamp": time,
        "signature": sign(KEY[1], time + VERIFY),
    }
    message = {"type": "subscribe", "product_ids": [symbol], "channels": list(channels)}
    connection.receive(json.dumps(message | signed), desk.now_ns)
    (answer,) = said(connection)
    assert answer["type"] == "subscriptions", answer
    return connection


def of_type(connection, kind: str) -> list[dict]:
    return [one for one in said(connection) if one["type"] == kind]


def test_nothing_is_sent_where_nobody_listens_or_nothing_happens():
    desk = Desk()
    desk.trade(BookSide.BID, 5)
    desk.step(100)
    connection = listen(desk, "level2_batch", "matches", "ticker", "ticker_batch")
    desk.step(50)
    assert len(said(connection)) == 4
    desk.step(20_000)
    assert said(connection) == []


@pytest.mark.parametrize("channel", BOTH)
def test_a_snapshot_then_changes(channel):
    desk = Desk()
    desk.place(BookSide.BID, 6_399_990, 150_000_000)
    desk.place(BookSide.ASK, 6_400_010, 5)
    connection = listen(desk, channel)
    desk.step(50)
    assert said(connection) == [
        {
            "type": "snapshot",
            "product_id": "BTC-USD",
            "asks": [["64000.10", "0.00000005"]],
            "bids": [["63999.90", "1.50000000"]],
        }
    ]
    desk.place(BookSide.ASK, 6_400_010, 1)
    desk.place(BookSide.BID, 6_399_990, 1)
    desk.step(50)
    expected = {
        "level2": [
            [["sell", "64000.10", "0.00000006"]],
            [["buy", "63999.90", "1.50000001"]],
        ],
        "level2_batch": [[["buy", "63999.90", "1.50000001"], ["sell", "64000.10", "0.00000006"]]],
    }
    assert [one["changes"] for one in of_type(connection, "l2update")] == expected[channel]


def test_batches_come_every_fifty_milliseconds_with_the_newest_time():
    desk = Desk()
    connection, signed = listen(desk, "level2_batch"), listen(desk, "level2")
    desk.step(50)
    said(connection), said(signed)
    for _ in range(2):
        desk.place(BookSide.BID, 100, 1)
        desk.step(10)
        assert said(connection) == []
        assert len(said(signed)) == 1
    desk.step(30)
    (batch,) = said(connection)
    assert batch["changes"] == [["buy", "1.00", "0.00000002"]]
    assert batch["time"].endswith(".060000Z")


def test_who_subscribes_again_gets_a_snapshot_again():
    desk = Desk()
    connection = listen(desk, "level2_batch")
    desk.step(50)
    message = {"type": "subscribe", "product_ids": ["BTC-USD"], "channels": ["level2_batch"]}
    connection.receive(json.dumps(message), desk.now_ns)
    desk.place(BookSide.BID, 100, 1)
    desk.step(50)
    assert [one["type"] for one in said(connection)] == ["snapshot", "subscriptions", "snapshot"]


def test_a_change_from_before_the_snapshot_is_not_sent():
    desk = Desk()
    first = listen(desk, "level2_batch")
    desk.step(50)
    desk.place(BookSide.BID, 100, 1)
    desk.step(10)
    second = listen(desk, "level2_batch")
    desk.step(40)
    assert [one["type"] for one in said(first)] == ["snapshot", "l2update"]
    assert [one["type"] for one in said(second)] == ["snapshot"]


def test_what_was_gathered_for_one_who_left_is_sent_to_nobody():
    desk = Desk()
    first = listen(desk, "level2_batch")
    desk.step(50)
    desk.place(BookSide.BID, 100, 1)
    desk.step(10)
    desk.exchange.disconnect(first)
    second = listen(desk, "level2_batch")
    desk.step(40)
    assert [one["type"] for one in said(second)] == ["snapshot"]


def test_matches_begin_with_the_last_one():
    desk = Desk()
    early = listen(desk, "matches")
    desk.step(10)
    assert said(early) == [], "there was no trade yet"
    desk.trade(BookSide.BID, 5)
    late = listen(desk, "matches")
    desk.step(10)
    (match,), (last,) = said(early), said(late)
    assert (match["type"], last["type"]) == ("match", "last_match")
    assert (match["side"], match["price"], match["size"]) == ("sell", "64000", "0.00000005")
    assert {**match, "type": ""} == {**last, "type": ""}
    desk.trade(BookSide.ASK, 3)
    desk.step(10)
    (follows,) = said(late)
    assert (follows["type"], follows["side"]) == ("match", "buy")
    assert follows["trade_id"] == last["trade_id"] + 1
    assert follows["sequence"] > last["sequence"]


def test_a_ticker_tells_of_the_newest_trade():
    desk = Desk()
    early = listen(desk, "ticker")
    desk.step(10)
    assert said(early) == []
    desk.place(BookSide.BID, 6_399_000, 7)
    desk.trade(BookSide.BID, 5)
    desk.trade(BookSide.ASK, 4)
    late = listen(desk, "ticker")
    desk.step(10)
    (told,), (first,) = said(early), said(late)
    assert told == first
    assert (told["side"], told["last_size"], told["best_bid"]) == ("sell", "0.00000004", "63990.00")
    assert told["best_bid_size"] == "0.00000007"
    assert said(early) == []


def test_ticker_batches_come_every_five_seconds_after_a_trade():
    desk = Desk()
    connection = listen(desk, "ticker_batch")
    desk.step(5_000)
    assert said(connection) == []
    desk.trade(BookSide.BID, 5)
    desk.step(1_000)
    assert said(connection) == [], "the next multiple of five seconds has not come"
    desk.step(1_000)
    (told,) = said(connection)
    assert (told["type"], told["last_size"]) == ("ticker", "0.00000005")
    desk.step(5_000)
    assert said(connection) == []
    late = listen(desk, "ticker_batch")
    desk.step(10)
    assert [one["trade_id"] for one in said(late)] == [told["trade_id"]]


def test_heartbeats_come_each_second():
    desk = Desk()
    connection = listen(desk, "heartbeat")
    desk.step(2_500)
    desk.trade(BookSide.BID, 5)
    desk.step(500)
    beats = said(connection)
    assert [one["type"] for one in beats] == ["heartbeat"] * 3
    last = desk.feed().data.last_trade_id
    assert [one["last_trade_id"] == last for one in beats] == [False, False, True]
    assert beats[2]["sequence"] > beats[1]["sequence"] == beats[0]["sequence"]


def test_the_user_channel_is_quiet():
    desk = Desk()
    connection = listen(desk, "user")
    desk.trade(BookSide.BID, 5)
    desk.step(5_000)
    assert said(connection) == []


actions = st.lists(
    st.tuples(
        st.sampled_from(["place", "cancel", "step"]),
        st.sampled_from(BookSide),
        st.integers(6_399_995, 6_400_005),
        st.integers(1, 300),
    ),
    min_size=1,
    max_size=40,
)


SHARED = Desk()
"""A floor takes time to open; each example leaves its book as it was."""


@pytest.mark.parametrize("channel", BOTH)
@given(steps=actions)
def test_our_sessions_book_equals_the_engines(channel, steps):
    desk, reader = SHARED, Reader(COINBASE_EXCHANGE)
    connection = listen(desk, channel)
    orders = []
    for action, side, ticks, lots in steps:
        if action == "place":
            orders.append(desk.place(side, ticks, lots))
        elif action == "cancel" and orders:
            desk.cancel(orders.pop(lots % len(orders)))
        else:
            desk.step(10)
            for text in texts(connection):
                reader.read(text)
            if channel == "level2" or desk.now_ns % 50_000_000 == 0:
                assert (reader.book.bids, reader.book.asks) == desk.truth()
    desk.step(50)
    for text in texts(connection):
        reader.read(text)
    assert (reader.book.bids, reader.book.asks) == desk.truth()
    assert reader.session_feed.session.is_synced("BTC-USD")
    assert reader.book.unknown_deletes == 0 or channel == "level2_batch"
    desk.exchange.disconnect(connection)
    for order in orders:
        desk.cancel(order)
