"""Trade by ccxt's unified methods; answers are the venue's own, as ccxt hands them on."""

import asyncio
import inspect
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import ccxt
from local_market import Levels, levels
from results import ensure, expect
from spot_trading import Raw, RefusedError

KINDS: dict[int, Any] = {
    -1013: (ccxt.InvalidOrder, ccxt.BadRequest),
    -1021: ccxt.InvalidNonce,
    -1022: ccxt.AuthenticationError,
    -1121: ccxt.BadSymbol,
    -2010: (ccxt.InsufficientFunds, ccxt.OrderImmediatelyFillable, ccxt.InvalidOrder),
    -2011: ccxt.OrderNotFound,
    -2013: ccxt.OrderNotFound,
    -2014: ccxt.AuthenticationError,
    -2015: ccxt.AuthenticationError,
}
"""What ccxt makes of Binance's codes, where it tells them apart."""
_SENT = ("timeInForce", "quoteOrderQty", "stopPrice")


async def ask(method: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """Call a method of either flavour; the sync one in a thread."""
    if inspect.iscoroutinefunction(method):
        return await method(*given, **named)
    found = await asyncio.to_thread(method, *given, **named)
    return await found if inspect.isawaitable(found) else found


async def leave(exchange: Any) -> None:
    """Close what an exchange holds open."""
    closed = exchange.close() if hasattr(exchange, "close") else None
    if inspect.isawaitable(closed):
        await closed


class CcxtDesk:
    """Trade by the methods of the REST clients."""

    suffix = ""
    """What the names of the methods end in: `_ws` for the WebSocket API."""

    def __init__(self, exchange: Any) -> None:
        self.exchange = exchange

    def _unified(self, symbol: str) -> str:
        return str(self.exchange.safe_symbol(symbol, None, None, "spot"))

    def _method(self, name: str) -> Callable[..., Any]:
        found: Callable[..., Any] = getattr(self.exchange, name + self.suffix)
        return found

    def _type(self, fields: dict[str, str]) -> tuple[str, dict[str, Any]]:
        """Return ccxt's type and parameters of an order told in Binance's fields."""
        return _unified_type(fields)

    def _refusal(self) -> Raw:
        """Return the venue's last answer: some of ccxt's texts hold its words without the code."""
        found: Raw = json.loads(self.exchange.last_http_response or "{}")
        return found

    async def _ask(self, method: Callable[..., Any], *given: Any) -> Any:
        try:
            return await ask(method, *given)
        except ccxt.BaseError as error:
            answer = self._refusal()
            code, text = answer.get("code", 0), answer.get("msg", "")
            told = text in str(error) or json.dumps(text) in str(error)
            ensure(text and told, f"{type(error).__name__} {error} does not tell {answer}")
            kind = KINDS.get(code, ccxt.BaseError)
            ensure(isinstance(error, kind), f"{code} became {type(error).__name__}")
            raise RefusedError(code, text, type(error).__name__) from error

    async def place(self, **fields: str) -> Raw:
        symbol = self._unified(fields["symbol"])
        kind, more = self._type(fields)
        amount = float(fields["quantity"]) if "quantity" in fields else 0.0
        price = float(fields["price"]) if "price" in fields else None
        side = fields["side"].lower()
        create = self._method("create_order")
        order: Raw = (await self._ask(create, symbol, kind, side, amount, price, more))["info"]
        return order

    async def place_test(self, **fields: str) -> Raw:
        return await self.place(**fields, test="true")

    async def query(self, symbol: str, order_id: int) -> Raw:
        fetch = self._method("fetch_order")
        found: Raw = (await self._ask(fetch, str(order_id), self._unified(symbol)))["info"]
        return found

    async def cancel(self, symbol: str, order_id: int) -> Raw:
        cancel = self._method("cancel_order")
        found: Raw = (await self._ask(cancel, str(order_id), self._unified(symbol)))["info"]
        return found

    async def open_orders(self, symbol: str) -> list[Raw]:
        fetch = self._method("fetch_open_orders")
        return [one["info"] for one in await self._ask(fetch, self._unified(symbol))]

    async def trades(self, symbol: str) -> list[Raw]:
        fetch = self._method("fetch_my_trades")
        return [one["info"] for one in await self._ask(fetch, self._unified(symbol))]

    async def account(self) -> Raw:
        balance = await self._ask(self.exchange.fetch_balance)
        account: Raw = balance["info"]
        for one in account["balances"]:
            total = Decimal(one["free"]) + Decimal(one["locked"])
            expect(float(total), balance["total"][one["asset"]], f"total {one['asset']} of ccxt")
        return account

    async def depth(self, symbol: str) -> tuple[Levels, Levels]:
        book = await self._ask(self.exchange.fetch_order_book, self._unified(symbol), 500)
        return levels(book["bids"]), levels(book["asks"])

    async def close(self) -> None:
        await leave(self.exchange)


class ImplicitDesk(CcxtDesk):
    """Place by ccxt's implicit method, which hands wrong fields through to the venue."""

    async def place(self, **fields: str) -> Raw:
        found: Raw = await self._ask(self.exchange.private_post_order, fields)
        return found

    async def query(self, symbol: str, order_id: int) -> Raw:
        fields = {"symbol": symbol, "orderId": order_id}
        found: Raw = await self._ask(self.exchange.private_get_order, fields)
        return found


class SocketDesk(CcxtDesk):
    """Trade by ccxt.pro's methods of the WebSocket API."""

    suffix = "_ws"

    def __init__(self, exchange: Any) -> None:
        super().__init__(exchange)
        self._error: Raw = {}
        inner = exchange.handle_ws_error

        def note(client: Any, message: Raw) -> None:
            self._error = message["error"]
            inner(client, message)

        exchange.handle_ws_error = note

    def _type(self, fields: dict[str, str]) -> tuple[str, dict[str, Any]]:
        # ccxt sends its unified parameters along here, which the venue refuses with -1104:
        # Binance's own types and names say the same.
        more: dict[str, Any] = {name: fields[name] for name in _SENT if name in fields}
        return fields["type"], more | ({"test": True} if "test" in fields else {})

    async def account(self) -> Raw:
        # ccxt parses no spot balances of the WebSocket API, but hands on what the venue told.
        account: Raw = (await self._ask(self.exchange.fetch_balance_ws))["info"]
        return account

    def _refusal(self) -> Raw:
        return self._error


def _unified_type(fields: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """Return ccxt's type and parameters of an order told in Binance's fields."""
    kind = fields["type"]
    more: dict[str, Any] = {}
    for name in _SENT[:2]:
        if name in fields:
            more[name] = fields[name]
    if "test" in fields:
        more["test"] = True
    if kind == "LIMIT_MAKER":
        return "limit", more | {"postOnly": True}
    if kind.startswith("STOP_LOSS"):
        more["stopLossPrice"] = fields["stopPrice"]
    elif kind.startswith("TAKE_PROFIT"):
        more["takeProfitPrice"] = fields["stopPrice"]
    return ("limit" if kind.endswith("LIMIT") else "market"), more
