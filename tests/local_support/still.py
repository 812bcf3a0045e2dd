"""A still market: books in which nothing happens unless a test trades."""

from hftlib.exchange.floor import TradingFloor
from hftlib.market.listings import LISTINGS
from hftlib.market.orders import BookSide, Order
from hftlib.market.world import World

START_NS = 1_800_000_000_000_000_000
OWNER = 7


class StillMarket:
    def __init__(self, *keys, start_ns=START_NS):
        listings = tuple(one for one in LISTINGS if (one.venue, one.symbol) in keys)
        self.floor = TradingFloor(World(1, start_ns, listings, agents=False), 1)
        self.now_ns = start_ns

    def feed(self, venue, symbol):
        return self.floor.feed(venue, symbol)

    def rest(self, venue, symbol, side, ticks, lots, now_ns):
        """Let an order rest; return its id."""
        order = Order(OWNER, BookSide(side), price_ticks=ticks, quantity=lots)
        number = self.feed(venue, symbol).book.place(order, now_ns)
        assert number > 0
        return number

    def cancel(self, venue, symbol, order_id, now_ns):
        assert self.feed(venue, symbol).book.cancel(OWNER, order_id, now_ns) >= 0

    def taken(self, truth, now_ns):
        """Do what a step does: drain, take, publish."""
        for feed in self.floor.feeds.values():
            feed.drain()
        truth.take(now_ns)
        self.floor.published()
