"""What market orders cost, and the cap of stops that buy at any price."""

import pytest

from hftlib.exchange.funds import collar_ticks, market_buy_cash, market_sell_lots
from hftlib.market.orders import BookSide, SelfTrade
from tests.reference.spot_desk import SpotDesk

ASK, HIGHER_ASK, BID, LOWER_BID = 6_400_100, 6_400_200, 6_399_900, 6_399_800
THERE = 100_000


@pytest.fixture
def desk() -> SpotDesk:
    """A market with two levels of 1 BTC on either side."""
    desk = SpotDesk()
    for side, ticks in (
        (BookSide.ASK, ASK),
        (BookSide.ASK, HIGHER_ASK),
        (BookSide.BID, BID),
        (BookSide.BID, LOWER_BID),
    ):
        desk.agent(side, ticks / 100, THERE)
    return desk


@pytest.mark.parametrize(
    ("lots", "cash"),
    [
        (THERE, ASK * THERE),
        (THERE + 7, ASK * THERE + HIGHER_ASK * 7),
        (9 * THERE, (ASK + HIGHER_ASK) * THERE),
    ],
)
def test_buying_walks_up_the_book(desk: SpotDesk, lots: int, cash: int) -> None:
    feed = desk.floor.feed("binance", "BTCUSDT")

    assert market_buy_cash(feed, lots, SelfTrade.NONE, []) == cash


@pytest.mark.parametrize(
    ("cash", "lots"),
    [
        (BID * 10 + BID - 1, 10),
        (BID * THERE, THERE),
        (BID * THERE + LOWER_BID * 5, THERE + 5),
        (10**13, 2 * THERE),
    ],
)
def test_selling_for_cash_walks_down_the_book(desk: SpotDesk, cash: int, lots: int) -> None:
    feed = desk.floor.feed("binance", "BTCUSDT")

    assert market_sell_lots(feed, cash, SelfTrade.NONE, []) == lots


def test_own_orders_are_walked_around_where_they_would_be_taken_out(desk: SpotDesk) -> None:
    account = desk.open_account("alice", BTC="100", USDT="1000000")
    for side, price in (("SELL", "64001"), ("SELL", "64003"), ("BUY", "63000")):
        assert desk.order("alice", side, quantity="2", price=price).status == 200
    waiting = {"stopPrice": "64002", "timeInForce": "GTC", "quantity": "1", "price": "64002"}
    assert desk.order("alice", "SELL", "TAKE_PROFIT_LIMIT", **waiting).status == 200
    feed, own = desk.floor.feed("binance", "BTCUSDT"), account.live_orders()
    assert len(own) == 4

    through = market_buy_cash(feed, 2 * THERE, SelfTrade.NONE, own)
    assert through == ASK * 2 * THERE
    around = market_buy_cash(feed, 2 * THERE, SelfTrade.EXPIRE_MAKER, own)
    assert around == (ASK + HIGHER_ASK) * THERE


def test_stop_that_buys_at_any_price_is_capped_above_its_trigger() -> None:
    assert collar_ticks(6_400_000) == 6_720_000
    assert collar_ticks(1) == 1
