"""The trading floor: the market, and one feed for each of its books."""

from collections.abc import Mapping

from hftlib.exchange.book_feed import BookFeed
from hftlib.exchange.market_data import MarketData
from hftlib.market.past import past_of
from hftlib.market.world import World


class TradingFloor:
    """Hold the market and what its venues tell of it; the only caller of the market's time."""

    def __init__(self, world: World, seed: int) -> None:
        """Open the feeds of every book of `world`; their past is drawn from `seed`."""
        self.world = world
        self.feeds: Mapping[tuple[str, str], BookFeed] = {
            (one.venue, one.symbol): BookFeed(
                one,
                world.book(one.venue, one.symbol),
                MarketData(one, past_of(one, seed, world.now_ns), world.now_ns),
            )
            for one in world.listings
        }
        for feed in self.feeds.values():
            feed.drain()
        self.published()

    def feed(self, venue: str, symbol: str) -> BookFeed:
        """Return a book's feed. Raises KeyError when the symbol is not listed."""
        return self.feeds[venue, symbol]

    def is_up(self, venue: str) -> bool:
        """Say whether the venue answers at all; a scenario may have taken it down."""
        return self.world.is_up(venue)

    def act(self, now_ns: int) -> None:
        """Let the market run up to `now_ns`; a time that is past already changes nothing."""
        until_ns = max(now_ns, self.world.now_ns)
        while not self.world.advance(until_ns):
            self._drain()
        self._drain()

    def _drain(self) -> None:
        for feed in self.feeds.values():
            feed.drain()

    def published(self) -> None:
        """Forget what every venue has published."""
        for feed in self.feeds.values():
            feed.published()
