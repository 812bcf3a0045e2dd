"""A floor on which nothing moves by itself, and a hand that trades on it."""

from collections.abc import Sequence

import msgspec

from hftlib.exchange.book_feed import BookFeed
from hftlib.exchange.floor import TradingFloor
from hftlib.exchange.messages import Message, VenueServer
from hftlib.market.listings import LISTINGS, Listing
from hftlib.market.orders import BookSide, Order, OrderKind, TimeInForce
from hftlib.market.world import World

START_NS = 1_790_000_012_340_000_000
STEP_NS = 10_000_000
MAKER = 5
TAKER = 6


class StillMarket:
    """Hold a still floor; every action happens at `now_ns`, which `step` moves."""

    def __init__(self, listings: Sequence[Listing] = LISTINGS, start_ns: int = START_NS) -> None:
        self.world = World(7, start_ns, listings, agents=False)
        self.floor = TradingFloor(self.world, 7)
        self.now_ns = start_ns

    def feed(self, venue: str = "binance", symbol: str = "BTCUSDT") -> BookFeed:
        return self.floor.feed(venue, symbol)

    def rest(self, feed: BookFeed, side: BookSide, ticks: int, lots: int) -> int:
        """Let an order rest, and tell its feed."""
        order = Order(MAKER, side, price_ticks=ticks, quantity=lots)
        number = feed.book.place(order, self.now_ns)
        assert number > 0
        feed.drain()
        return number

    def cancel(self, feed: BookFeed, number: int) -> None:
        assert feed.book.cancel(MAKER, number, self.now_ns) >= 0
        feed.drain()

    def take(self, feed: BookFeed, side: BookSide, lots: int) -> None:
        """Trade at the market."""
        order = Order(TAKER, side, OrderKind.MARKET, time_in_force=TimeInForce.IOC, quantity=lots)
        assert feed.book.place(order, self.now_ns) > 0
        feed.drain()

    def quote(self, feed: BookFeed, levels: int = 30) -> None:
        """Rest `levels` a side around the opening price: 10 lots more each level away."""
        for away in range(1, levels + 1):
            for side, sign in ((BookSide.BID, -1), (BookSide.ASK, 1)):
                self.rest(feed, side, feed.listing.opening_ticks + sign * away, 10 * away)

    def step(self, server: VenueServer, steps: int = 1, step_ns: int = STEP_NS) -> None:
        """Let `server` publish at the next points of the grid."""
        for _ in range(steps):
            self.now_ns += step_ns
            self.floor.act(self.now_ns)
            server.publish(self.now_ns)
            self.floor.published()


def messages(connection: object) -> list[Message]:
    """Take the messages out of an outbox."""
    outbox = connection.outbox
    kept = [one for one in outbox if isinstance(one, Message)]
    outbox.clear()
    return kept


def bodies(connection: object) -> list[object]:
    """Take the messages out of an outbox, decoded."""
    return [msgspec.json.decode(one.text) for one in messages(connection)]
