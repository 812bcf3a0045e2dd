"""A still market with Coinbase's two protocols over it, for tests: nothing moves by itself."""

import json
from typing import Any

from hftlib.core.events import BookDelta, BookSnapshot, Event
from hftlib.core.venue import COINBASE
from hftlib.exchange.book_feed import BookFeed
from hftlib.exchange.coinbase.advanced import CoinbaseAdvanced
from hftlib.exchange.coinbase.exchange import CoinbaseExchange
from hftlib.exchange.floor import TradingFloor
from hftlib.exchange.messages import Close, Connection, Message, Opening, Request, Response
from hftlib.market.listings import listing_of
from hftlib.market.orders import BookSide, Order, OrderKind
from hftlib.market.world import World
from tests.reference.dict_book import DictBook
from tests.reference.venue_feed import Feed

START_NS = 1_786_309_548_000_000_000
MILLISECOND_NS = 1_000_000
SECOND_NS = 1_000_000_000
STEP_NS = 10_000_000
SEED = 7
KEY = ("a-key", "c2VjcmV0IG9mIGEga2V5", "a passphrase")
"""Key, secret, passphrase."""


def key_of(key: str) -> tuple[str, str] | None:
    return KEY[1:] if key == KEY[0] else None


class StillFloor(TradingFloor):
    """Be a floor whose venues can be taken down."""

    is_down = False

    def is_up(self, venue: str) -> bool:
        return not self.is_down


class Desk:
    """Hold the floor, both servers, and the time."""

    def __init__(self, level2_cap: int = 30) -> None:
        self.floor = StillFloor(World(SEED, START_NS, agents=False), SEED)
        self.exchange = CoinbaseExchange(self.floor, key_of)
        self.advanced = CoinbaseAdvanced(self.floor, level2_cap)
        self.now_ns = START_NS

    def feed(self, symbol: str = "BTC-USD") -> BookFeed:
        return self.floor.feed(COINBASE, symbol)

    def place(
        self,
        side: BookSide,
        ticks: int,
        lots: int,
        symbol: str = "BTC-USD",
        kind: OrderKind = OrderKind.LIMIT,
    ) -> int:
        feed = self.feed(symbol)
        order = feed.book.place(Order(7, side, kind, price_ticks=ticks, quantity=lots), self.now_ns)
        feed.drain()
        return order

    def cancel(self, order: int, symbol: str = "BTC-USD") -> int:
        left = self.feed(symbol).book.cancel(7, order, self.now_ns)
        self.feed(symbol).drain()
        return left

    def trade(
        self, side: BookSide, lots: int, symbol: str = "BTC-USD", ticks: int = 6_400_000
    ) -> None:
        """Let a resting order of the other side be taken by `side` at a price."""
        self.place(BookSide(1 - side), ticks, lots, symbol)
        self.place(side, ticks, lots, symbol)

    def step(self, milliseconds: int = 10) -> None:
        """Let time pass point by point of the grid, and publish at each."""
        until_ns = self.now_ns + milliseconds * MILLISECOND_NS
        while self.now_ns < until_ns:
            self.now_ns += STEP_NS
            self.floor.act(self.now_ns)
            self.exchange.publish(self.now_ns)
            self.advanced.publish(self.now_ns)
            self.floor.published()

    def connect(self, server: CoinbaseExchange | CoinbaseAdvanced) -> Connection:
        connection = server.connect(Opening("/", "", {}, "127.0.0.1", self.now_ns))
        assert not isinstance(connection, Response)
        return connection

    def get(
        self,
        server: CoinbaseExchange | CoinbaseAdvanced,
        target: str,
        *,
        method: str = "GET",
        headers: dict[str, str] | None = None,
        address: str | None = None,
    ) -> Response:
        """Send a request; without an address it comes from one that is rested."""
        path, _, query = target.partition("?")
        sender = address or f"client {self.now_ns} {target}"
        return server.request(Request(method, path, query, headers or {}, b"", sender, self.now_ns))

    def truth(self, symbol: str = "BTC-USD") -> tuple[dict[int, int], dict[int, int]]:
        """Return the engine's own book: ticks to quanta, bids and asks."""
        book, quanta = self.feed(symbol).book, self.feed(symbol).listing.lot_quanta
        sides = (book.levels(side) for side in BookSide)
        bids, asks = (
            {int(t): int(n) * quanta for t, n in zip(ticks, lots, strict=True)}
            for ticks, lots in sides
        )
        return bids, asks


def said(connection: Connection) -> list[dict[str, Any]]:
    """Take what a connection has to send, as JSON; closes are told as {"close": reason}."""
    out = [
        json.loads(one.text) if isinstance(one, Message) else {"close": one.reason}
        for one in connection.outbox
        if isinstance(one, Message | Close)
    ]
    connection.outbox.clear()
    return out


def texts(connection: Connection) -> list[bytes]:
    """Take the texts that a connection has to send."""
    out = [one.text for one in connection.outbox if isinstance(one, Message)]
    connection.outbox.clear()
    return out


class Reader:
    """Follow one connection with our own session, and keep a plain book of one product."""

    def __init__(self, venue: str, symbol: str = "BTC-USD") -> None:
        listed = listing_of(COINBASE, symbol).instrument
        self.session_feed = Feed(venue, listed)
        self.book = DictBook(listed)
        self.symbol = symbol
        self.events: list[Event] = []

    def read(self, payload: bytes) -> list[Event]:
        events = self.session_feed.ws(payload)
        for event in events:
            if isinstance(event, BookSnapshot | BookDelta):
                self.book.apply(event)
        self.events += events
        return events
