"""Binance spot as one server: REST routes, market streams, and the WebSocket API."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from hftlib.core.venue import BINANCE
from hftlib.exchange.accounts import Account, Accounts
from hftlib.exchange.binance.account_queries import AccountQueries
from hftlib.exchange.binance.limits import CONNECTION_WEIGHT, Limits
from hftlib.exchange.binance.market_calls import market_calls
from hftlib.exchange.binance.operations import Operation, operations
from hftlib.exchange.binance.parameters import Parameters, missing, read_form
from hftlib.exchange.binance.refusal import BinanceError
from hftlib.exchange.binance.signature import check_signature, check_time, known_key, signed_text
from hftlib.exchange.binance.stream_connection import SPOT_RULES, StreamConnection
from hftlib.exchange.binance.streams import SpotStreams
from hftlib.exchange.binance.trading import Call, Trading
from hftlib.exchange.binance.user_data import UserData
from hftlib.exchange.binance.ws_api import (
    Services,
    WsApiConnection,
    listen_keys_gone,
)
from hftlib.exchange.floor import TradingFloor
from hftlib.exchange.messages import Connection, Opening, Request, Response
from hftlib.market.script import Fee

WS_API_PATH: Final = "/ws-api/v3"
_LISTEN_KEYS: Final = "/api/v3/userDataStream"
_LISTS: Final = (
    "/api/v3/order/oco",
    "/api/v3/orderList/oco",
    "/api/v3/orderList/oto",
    "/api/v3/orderList/otoco",
)
_METHODS_BY_PATH: Final = {
    "/api/v3/ping": "ping",
    "/api/v3/time": "time",
    "/api/v3/exchangeInfo": "exchangeInfo",
    "/api/v3/executionRules": "executionRules",
    "/api/v3/depth": "depth",
    "/api/v3/trades": "trades.recent",
    "/api/v3/historicalTrades": "trades.historical",
    "/api/v3/aggTrades": "trades.aggregate",
    "/api/v3/klines": "klines",
    "/api/v3/uiKlines": "uiKlines",
    "/api/v3/avgPrice": "avgPrice",
    "/api/v3/ticker/24hr": "ticker.24hr",
    "/api/v3/ticker/tradingDay": "ticker.tradingDay",
    "/api/v3/ticker": "ticker",
    "/api/v3/ticker/price": "ticker.price",
    "/api/v3/ticker/bookTicker": "ticker.book",
}
_UNITS_NS: Final = {"MILLISECOND": 1_000_000, "MICROSECOND": 1_000}
_encode: Final = msgspec.json.encode


class BinanceSpot:
    """Serve Binance spot over the books of the floor."""

    def __init__(self, floor: TradingFloor, accounts: Accounts) -> None:
        """Serve the spot books on `floor` to everybody, and trading on them to `accounts`."""
        self.name = BINANCE
        self.limits = Limits()
        self.clock_skew_ns = 0
        self._floor = floor
        self._accounts = accounts
        self._streams = SpotStreams(floor.feeds)
        self._public = market_calls(floor.feeds)
        self._trading = Trading(floor, accounts, self.limits, self._rates)
        queries = AccountQueries(self._trading, accounts, self.limits)
        table = operations(self._trading, queries)
        self._signed: Mapping[tuple[str, str], Operation] = {one.route: one for one in table}
        self._user_data = UserData()
        self._services = Services(
            accounts,
            self.limits,
            self._user_data,
            {_METHODS_BY_PATH[path]: call for path, call in self._public.items()},
            {one.method: one for one in table},
            lambda: self._streams.hub.rules,
            lambda: self.clock_skew_ns,
            self._ready,
        )
        self._opened = 0
        self._api: dict[WsApiConnection, None] = {}
        self._trading.listeners.append(self._user_data.executed)
        self._trading.settled.append(self._user_data.settled)
        accounts.watchers.append(self)

    # What the server hands in.

    def request(self, request: Request) -> Response:
        """Answer a REST request; never raises for anything that a client can send."""
        headers: dict[str, str] = {}
        try:
            response = self._answer(request, headers)
        except BinanceError as refusal:
            response = refusal.response()
        used = self.limits.used(request.address, request.now_ns)
        headers["X-MBX-USED-WEIGHT"] = headers["X-MBX-USED-WEIGHT-1M"] = str(used)
        return response._replace(headers={**response.headers, **headers})

    def connect(self, opening: Opening) -> Connection | Response:
        """Accept a websocket of the streams or the WebSocket API, or refuse it."""
        is_api = opening.path.rstrip("/") == WS_API_PATH
        weight = CONNECTION_WEIGHT if is_api else 0
        try:
            self.limits.connect(opening.address, weight, opening.now_ns)
            self._ready(opening.now_ns)
            if not is_api:
                return self._streams.connect(opening)
            unit_ns = _unit_ns(dict(parse_qsl(opening.query)).get("timeUnit"))
        except BinanceError as refusal:
            return refusal.response()
        self._opened += 1
        name = f"{self.name}-api-{self._opened}"
        connection = WsApiConnection(name, opening, self._services, unit_ns)
        self._api[connection] = None
        return connection

    def disconnect(self, connection: Connection) -> None:
        """Forget a connection whose socket is gone."""
        if isinstance(connection, WsApiConnection):
            connection.forget()
            self._api.pop(connection, None)
        if isinstance(connection, StreamConnection):
            self._streams.disconnect(connection)

    def publish(self, now_ns: int) -> None:
        """Put what happened up to `now_ns` into the outboxes; cut them where the venue is down."""
        if self._floor.is_up(self.name):
            self._streams.publish(now_ns)
        else:
            self._streams.hub.cut()
            for connection in self._api:
                connection.cut()

    # What whoever runs the venue may do with it.

    @property
    def lifetime_ns(self) -> int:
        """Return the age at which connections are cut."""
        return self._streams.hub.rules.lifetime_ns

    @lifetime_ns.setter
    def lifetime_ns(self, lifetime_ns: int) -> None:
        rules = self._streams.hub.rules
        self._streams.hub.rules = rules._replace(lifetime_ns=lifetime_ns or SPOT_RULES.lifetime_ns)

    def reset_limits(self) -> None:
        """Forget what was counted and lift every ban."""
        self.limits.clear()

    # What is heard of accounts.

    def deposited(self, account: Account, asset: str, units: int, now_ns: int) -> None:
        """Tell an account's streams of a deposit."""
        self._user_data.deposited(account, asset, units, now_ns)

    def resetting(self, account: Account, now_ns: int) -> None:
        """Cancel what an account has in the books."""
        self._trading.cancel_orders_of(account, now_ns)

    # REST.

    def _answer(self, request: Request, headers: dict[str, str]) -> Response:
        operation = self._signed.get((request.method, request.path))
        if operation is not None:
            return self._answer_signed(request, operation, headers)
        call = self._public.get(request.path)
        weight = 1
        if call is not None and request.method == "GET":
            texts = self._charged_form(request)
            weight = call.weight_of(texts)
            self.limits.charge(request.address, weight, request.now_ns)
            self._ready(request.now_ns)
            unit_ns = _unit_ns(request.headers.get("x-mbx-time-unit"))
            return Response(200, call.answer(texts, request.now_ns, unit_ns))
        self.limits.charge(request.address, weight, request.now_ns)
        if request.path == _LISTEN_KEYS:
            raise listen_keys_gone()
        if request.method == "POST" and request.path in _LISTS:
            raise BinanceError(-2010, "OCO orders are not supported for this symbol")
        is_known = call is not None or any(path == request.path for _, path in self._signed)
        raise BinanceError(-1020, "This operation is not supported.", 405 if is_known else 404)

    def _charged_form(self, request: Request) -> dict[str, str]:
        """Return the parameters of the query; text that is none costs a weight of 1."""
        try:
            return read_form(request.query)
        except BinanceError:
            self.limits.charge(request.address, 1, request.now_ns)
            raise

    def _answer_signed(
        self, request: Request, operation: Operation, headers: dict[str, str]
    ) -> Response:
        body = _body_text(request)
        texts = {**read_form(body), **self._charged_form(request)}
        weight = operation.weighs(Parameters(texts))
        self.limits.charge(request.address, weight, request.now_ns)
        self._ready(request.now_ns)
        unit_ns = _unit_ns(request.headers.get("x-mbx-time-unit"))
        account = self._signer(request, texts, body)
        call = Call(account, operation.form.checked(texts), request.now_ns, unit_ns)
        answer = operation.run(call)
        if operation.is_free:
            self.limits.give_back(request.address, weight, request.now_ns)
        if operation.places:
            for limit, count in self.limits.order_counts(account.owner, request.now_ns):
                headers[f"X-MBX-ORDER-COUNT-{limit.header}"] = str(count)
        return Response(200, _encode(answer))

    def _signer(self, request: Request, texts: Mapping[str, str], body: str) -> Account:
        """Return whose request it is. Raises BinanceError."""
        for name in ("timestamp", "signature"):
            if not texts.get(name):
                raise missing(name)
        key = known_key(self._accounts, request.headers.get("x-mbx-apikey", ""))
        check_time(texts, request.now_ns + self.clock_skew_ns)
        check_signature(key, signed_text(request.query, body), texts["signature"])
        return key.account

    def _ready(self, now_ns: int) -> None:
        """Bring the market up to a time. Raises BinanceError when the venue is down."""
        if not self._floor.is_up(self.name):
            text = "Internal error; unable to process your request. Please try again."
            raise BinanceError(-1001, text, 503)
        self._floor.act(now_ns)

    def _rates(self) -> Fee:
        """Return what trades cost just now: a scenario may have fees of its own."""
        return self._floor.world.fees[self.name]


def _unit_ns(text: str | None) -> int:
    """Return the unit in which times are told, milliseconds by default. Raises BinanceError."""
    unit = (text or "MILLISECOND").upper()
    if unit not in _UNITS_NS:
        raise BinanceError(
            -1194, "Invalid value for time unit; expected either MICROSECOND or MILLISECOND."
        )
    return _UNITS_NS[unit]


def _body_text(request: Request) -> str:
    """Return the form in the body; a GET has none. Raises BinanceError."""
    if request.method == "GET":
        return ""
    try:
        return request.body.decode()
    except UnicodeDecodeError as error:
        raise BinanceError(-1100, "Illegal characters found in a parameter.") from error
