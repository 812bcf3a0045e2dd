"""A still spot market for tests: books in which nothing happens by itself, accounts, a client."""

import base64
import hashlib
import hmac
import json
from typing import Any, NamedTuple
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from hftlib.core.venue import BINANCE
from hftlib.exchange.account_order import ASSET_UNIT
from hftlib.exchange.accounts import Account, Accounts, NewKey
from hftlib.exchange.binance.spot import BinanceSpot
from hftlib.exchange.binance.ws_api import WsApiConnection
from hftlib.exchange.floor import TradingFloor
from hftlib.exchange.messages import Message, Opening, Request
from hftlib.market.listings import listing_of
from hftlib.market.orders import BookSide, Order
from hftlib.market.world import World

START_NS = 1_800_000_000_000_000_000
"""The beginning of a minute, and of a window of ten seconds."""
MILLISECOND_NS = 1_000_000
SECOND_NS = 1_000_000_000
AGENT = 7
SYMBOLS = ("BTCUSDT", "ETHUSDT")
HOME = "127.0.0.1"


class Answer(NamedTuple):
    """Hold what a REST request got."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def refusal(self) -> tuple[int, int, str]:
        """Return status, code and text of an error."""
        return self.status, self.body["code"], self.body["msg"]


def sign(key: NewKey, text: str) -> str:
    """Return a key's signature of a text, as a client sends it."""
    if key.kind == "hmac":
        return hmac.new(key.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    private = load_pem_private_key(key.secret.encode(), None)
    assert isinstance(private, Ed25519PrivateKey)
    return base64.b64encode(private.sign(text.encode())).decode()


class SpotDesk:
    """Hold a still market with Binance spot before it, and speak to it as clients do."""

    def __init__(self) -> None:
        """Open the books at START_NS, without agents."""
        listings = [listing_of(BINANCE, symbol) for symbol in SYMBOLS]
        self.now_ns = START_NS
        self.world = World(1, START_NS, listings, agents=False)
        self.floor = TradingFloor(self.world, 1)
        self.accounts = Accounts()
        self.spot = BinanceSpot(self.floor, self.accounts)
        self.keys: dict[str, NewKey] = {}

    def open_account(self, name: str, *kinds: str, **balances: str) -> Account:
        """Open an account with a key of each kind (HMAC where none is named)."""
        made = self.accounts.create_account(
            name, balances, kinds or ("hmac",), name.encode().ljust(32), self.now_ns
        )
        self.keys[name] = made[0]
        self.keys.update({f"{name}/{key.kind}": key for key in made})
        return self.accounts.account(name)

    def agent(self, side: BookSide, price: float, lots: int, symbol: str = "BTCUSDT") -> int:
        """Let an agent place a limit order; a price is in hundredths exactly."""
        feed = self.floor.feed(BINANCE, symbol)
        order = Order(AGENT, side, price_ticks=round(price * 100), quantity=lots)
        order_id = feed.book.place(order, self.now_ns)
        feed.drain()
        return order_id

    def make_market(self) -> None:
        """Let agents quote 1 BTC on either side of 64,000, one dollar away."""
        self.agent(BookSide.BID, 63_999, 100_000)
        self.agent(BookSide.ASK, 64_001, 100_000)

    def held(self, name: str, asset: str) -> tuple[int, int]:
        """Return free and locked units of an asset."""
        balance = self.accounts.account(name).balance(asset)
        return balance.free, balance.locked

    def total(self, asset: str) -> int:
        """Return all that there is of an asset, wherever it is, less what was brought in."""
        held = sum(one.balance(asset).free + one.balance(asset).locked for one in self.accounts)
        ledger = self.accounts
        there = held + ledger.fees.get(asset, 0) + ledger.street.get(asset, 0)
        return there - ledger.deposits.get(asset, 0)

    # REST.

    def send(
        self,
        method: str,
        path: str,
        query: str = "",
        *,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        address: str = HOME,
    ) -> Answer:
        """Send a request as it stands."""
        request = Request(method, path, query, headers or {}, body, address, self.now_ns)
        response = self.spot.request(request)
        return Answer(response.status, json.loads(response.body), dict(response.headers))

    def signed(self, who: str, method: str, path: str, **parameters: object) -> Answer:
        """Send a signed request with its parameters in the query."""
        key = self.keys[who]
        query = self.signed_query(key, parameters)
        return self.send(method, path, query, headers={"x-mbx-apikey": key.key})

    def signed_query(self, key: NewKey, parameters: dict[str, object]) -> str:
        """Return a query with stamp and signature."""
        text = urlencode({"timestamp": self.now_ns // MILLISECOND_NS, **parameters})
        return f"{text}&{urlencode({'signature': sign(key, text)})}"

    def order(self, who: str, side: str, kind: str = "LIMIT", **parameters: object) -> Answer:
        """Place an order on BTCUSDT; a limit order is GTC unless told otherwise."""
        if kind == "LIMIT":
            parameters.setdefault("timeInForce", "GTC")
        asked = {"symbol": "BTCUSDT", "side": side, "type": kind, **parameters}
        return self.signed(who, "POST", "/api/v3/order", **asked)

    # The WebSocket API.

    def connect(self, query: str = "", address: str = HOME) -> "Socket":
        """Open a connection of the WebSocket API."""
        opening = Opening("/ws-api/v3", query, {}, address, self.now_ns)
        connection = self.spot.connect(opening)
        assert isinstance(connection, WsApiConnection)
        return Socket(self, connection)


class Socket:
    """Be the client's end of a connection of the WebSocket API."""

    def __init__(self, desk: SpotDesk, connection: WsApiConnection) -> None:
        """Speak on `connection`."""
        self.connection = connection
        self._desk = desk

    def ask(self, method: str, **parameters: object) -> dict[str, Any]:
        """Send a request; return its answer, the last message that came."""
        self.say(json.dumps({"id": 1, "method": method, "params": parameters}))
        return self.messages()[-1]

    def ask_signed(self, who: str, method: str, **parameters: object) -> dict[str, Any]:
        """Send a signed request; return its answer."""
        return self.ask(method, **self.sign(who, **parameters))

    def sign(self, who: str, **parameters: object) -> dict[str, object]:
        """Return parameters with key, stamp and signature."""
        key = self._desk.keys[who]
        stamp = self._desk.now_ns // MILLISECOND_NS
        signed = {"apiKey": key.key, "timestamp": stamp, **parameters}
        text = "&".join(f"{name}={signed[name]}" for name in sorted(signed))
        return {**signed, "signature": sign(key, text)}

    def say(self, text: str) -> None:
        """Send a text message."""
        self.connection.receive(text, self._desk.now_ns)

    def messages(self) -> list[dict[str, Any]]:
        """Take what has come, which must be messages."""
        taken, self.connection.outbox[:] = list(self.connection.outbox), []
        assert all(isinstance(one, Message) for one in taken), taken
        return [json.loads(one.text) for one in taken if isinstance(one, Message)]

    def events(self) -> list[dict[str, Any]]:
        """Take the events of the user data that have come."""
        return [one["event"] for one in self.messages() if "event" in one]


def units(coins: str) -> int:
    """Return a whole or decimal number of coins in units of 1e-8."""
    whole, _, fraction = coins.partition(".")
    return int(whole) * ASSET_UNIT + int(fraction.ljust(8, "0"))
