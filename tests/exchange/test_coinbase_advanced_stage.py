"""What Advanced Trade's feed sends of a product: paces, snapshots, and books equal to the truth."""

import json

from hypothesis import given
from hypothesis import strategies as st

from hftlib.core.events import Trade
from hftlib.core.venue import COINBASE
from hftlib.market.orders import BookSide, Print
from tests.reference.coinbase_floor import SECOND_NS, Desk, Reader, said, texts


def listen(desk: Desk, *channels: str, symbol: str = "BTC-USD"):
    connection = desk.connect(desk.advanced)
    for channel in channels:
        message = {"type": "subscribe", "channel": channel, "product_ids": [symbol]}
        connection.receive(json.dumps(message), desk.now_ns)
    assert [one["channel"] for one in said(connection)] == ["subscriptions"] * len(channels)
    return connection


def events(connection) -> list[dict]:
    return [event for frame in said(connection) for event in frame["events"]]


def test_nothing_is_sent_where_nobody_listens_or_nothing_happens():
    desk = Desk()
    desk.trade(BookSide.BID, 5)
    desk.step(100)
    connection = listen(desk, "level2", "market_trades", "ticker", "ticker_batch", "candles")
    desk.step(250)
    assert [one["type"] for one in events(connection)] == ["snapshot"] * 5
    desk.step(20_000)
    assert said(connection) == []


def test_a_snapshot_then_changes_every_fifty_milliseconds():
    desk = Desk()
    desk.place(BookSide.BID, 6_399_990, 150_000_000)
    desk.place(BookSide.ASK, 6_400_010, 5)
    connection = listen(desk, "level2")
    desk.step(50)
    assert events(connection) == [
        {
            "type": "snapshot",
            "product_id": "BTC-USD",
            "updates": [
                {
                    "side": side,
                    "event_time": "1970-01-01T00:00:00Z",
                    "price_level": price,
                    "new_quantity": size,
                }
                for side, price, size in (
                    ("bid", "63999.9", "1.5"),
                    ("offer", "64000.1", "0.00000005"),
                )
            ],
        }
    ]
    desk.place(BookSide.ASK, 6_400_010, 1)
    desk.step(20)
    desk.place(BookSide.BID, 6_400_010, 7)
    desk.step(20)
    assert said(connection) == []
    desk.step(10)
    (update,) = events(connection)
    assert [
        (row["side"], row["price_level"], row["new_quantity"]) for row in update["updates"]
    ] == [
        ("bid", "64000.1", "0.00000001"),
        ("offer", "64000.1", "0"),
    ]
    assert {row["event_time"] for row in update["updates"]} == {"2026-08-09T21:05:48.07Z"}


def test_who_left_or_came_late_gets_no_change_from_before():
    desk = Desk()
    first = listen(desk, "level2")
    desk.step(50)
    desk.place(BookSide.BID, 100, 1)
    desk.step(10)
    desk.advanced.disconnect(first)
    second = listen(desk, "level2")
    desk.step(40)
    assert [one["type"] for one in events(second)] == ["snapshot"]


def test_trades_come_every_250_milliseconds_newest_first_after_a_snapshot():
    desk = Desk()
    desk.trade(BookSide.BID, 5)
    connection = listen(desk, "market_trades")
    desk.step(240)
    assert said(connection) == []
    desk.step(10)
    (snapshot,) = events(connection)
    assert (snapshot["type"], len(snapshot["trades"])) == ("snapshot", 1)
    desk.trade(BookSide.BID, 6)
    desk.step(10)
    desk.trade(BookSide.ASK, 7)
    desk.step(240)
    (batch,) = events(connection)
    assert [(row["size"], row["side"]) for row in batch["trades"]] == [
        ("0.00000007", "BUY"),
        ("0.00000006", "SELL"),
    ]


def test_a_ticker_follows_trades_at_once_and_the_top_within_250_milliseconds():
    desk = Desk()
    connection = listen(desk, "ticker")
    desk.step(10)
    (first,) = events(connection)
    assert (first["type"], first["tickers"][0]["best_bid"]) == ("snapshot", "0")
    desk.place(BookSide.BID, 6_399_990, 3)
    desk.step(230)
    assert said(connection) == []
    desk.step(10)
    (top,) = events(connection)
    assert top["tickers"][0]["best_bid_quantity"] == "0.00000003"
    desk.step(1_000)
    assert said(connection) == []
    desk.trade(BookSide.BID, 5)
    desk.step(10)
    (traded,) = events(connection)
    assert (traded["type"], traded["tickers"][0]["price"]) == ("update", "64000")


def test_ticker_batches_come_every_five_seconds_after_a_trade():
    desk = Desk()
    connection = listen(desk, "ticker_batch")
    desk.step(10)
    (first,) = events(connection)
    assert "best_bid" not in first["tickers"][0]
    desk.step(5_000)
    assert said(connection) == []
    desk.trade(BookSide.BID, 5)
    desk.step(1_000)
    assert said(connection) == []
    desk.step(1_000)
    (batch,) = events(connection)
    assert (batch["type"], batch["tickers"][0]["price"]) == ("update", "64000")


def test_candles_come_each_second_after_a_trade():
    desk = Desk()
    connection = listen(desk, "candles")
    desk.step(10)
    (first,) = events(connection)
    starts = [int(row["start"]) for row in first["candles"]]
    assert len(starts) == 99, "the open candle has no trades yet"
    assert starts == sorted(starts)
    assert {start % 300 for start in starts} == {0}
    desk.trade(BookSide.BID, 5)
    desk.step(980)
    assert said(connection) == []
    desk.step(10)
    ((candle,),) = [one["candles"] for one in events(connection)]
    assert int(candle["start"]) == desk.now_ns // SECOND_NS // 300 * 300
    assert (candle["close"], candle["volume"]) == ("64000", "0.00000005")
    desk.step(2_000)
    assert said(connection) == []


def test_status_comes_at_once_and_then_every_five_seconds():
    desk = Desk()
    connection = listen(desk, "status")
    desk.step(10)
    (first,) = events(connection)
    assert (first["type"], first["products"][0]["id"]) == ("snapshot", "BTC-USD")
    desk.step(5_000)
    (again,) = events(connection)
    assert again == {**first, "type": "update"}


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


@given(steps=actions)
def test_our_sessions_book_equals_the_engines(steps):
    desk, reader, orders = SHARED, Reader(COINBASE), []
    connection = desk.connect(desk.advanced)
    for channel in ("level2", "market_trades", "ticker", "heartbeats", "candles"):
        message = {"type": "subscribe", "channel": channel, "product_ids": ["BTC-USDC"]}
        connection.receive(json.dumps(message), desk.now_ns)
    for action, side, ticks, lots in [*steps, *[("step", BookSide.BID, 0, 0)] * 30]:
        if action == "place":
            orders.append(desk.place(side, ticks, lots))
        elif action == "cancel" and orders:
            desk.cancel(orders.pop(lots % len(orders)))
        else:
            desk.step(10)
            for text in texts(connection):
                reader.read(text)
            if desk.now_ns % 50_000_000 == 0:
                assert (reader.book.bids, reader.book.asks) == desk.truth()
    assert reader.session_feed.session.is_synced("BTC-USD")
    trades = [one for one in reader.events if isinstance(one, Trade)]
    ids = [one.trade_id for one in trades]
    assert ids == [int(row[Print.TRADE_ID]) for row in desk.feed().data.trades(len(ids))]
    desk.advanced.disconnect(connection)
    for order in orders:
        desk.cancel(order)
