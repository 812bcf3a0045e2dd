"""ccxt's REST clients, sync and async: Binance spot and USD-M, Coinbase Advanced and Exchange."""

import asyncio
import inspect
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import ccxt
import ccxt.async_support
from ccxt_exchanges import binance, coinbase, coinbase_exchange
from local_market import Keys, Levels, LocalMarket, levels
from results import Results, ensure, expect, main, setup
from spot_trading import Desk, Raw, RefusedError, check_orders, check_refusals, fresh, pair_of
from watching import Sample, hold_once

SETUP = setup()
MARKET = LocalMarket(SETUP)
SYMBOL = "ETH/USDT"
FLAVOURS = {"sync": ccxt, "async": ccxt.async_support}
KINDS: dict[int, Any] = {
    -1013: (ccxt.InvalidOrder, ccxt.BadRequest),
    -1021: ccxt.InvalidNonce,
    -1022: ccxt.AuthenticationError,
    -1121: ccxt.BadSymbol,
    -2010: (ccxt.InsufficientFunds, ccxt.OrderImmediatelyFillable),
    -2011: ccxt.OrderNotFound,
    -2013: ccxt.OrderNotFound,
    -2014: ccxt.AuthenticationError,
    -2015: ccxt.AuthenticationError,
}
"""What ccxt makes of Binance's codes, where it tells them apart."""


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
    """Trade by ccxt's unified methods; answers are the venue's own, as ccxt hands them on."""

    def __init__(self, exchange: Any) -> None:
        self.exchange = exchange

    def _unified(self, symbol: str) -> str:
        return str(self.exchange.safe_symbol(symbol, None, None, "spot"))

    async def _ask(self, method: Callable[..., Any], *given: Any) -> Any:
        try:
            return await ask(method, *given)
        except ccxt.BaseError as error:
            # Some of ccxt's texts hold the venue's words alone; the answer itself holds the code.
            answer = json.loads(self.exchange.last_http_response or "{}")
            code, text = answer.get("code", 0), answer.get("msg", "")
            told = text in str(error) or json.dumps(text) in str(error)
            ensure(text and told, f"{error} does not tell {answer}")
            kind = KINDS.get(code, ccxt.BaseError)
            ensure(isinstance(error, kind), f"{code} became {type(error).__name__}")
            raise RefusedError(code, text, type(error).__name__) from error

    async def place(self, **fields: str) -> Raw:
        symbol = self._unified(fields["symbol"])
        kind, more = _unified_type(fields)
        amount = float(fields["quantity"]) if "quantity" in fields else 0.0
        price = float(fields["price"]) if "price" in fields else None
        side = fields["side"].lower()
        order = await self._ask(self.exchange.create_order, symbol, kind, side, amount, price, more)
        return order["info"]

    async def place_test(self, **fields: str) -> Raw:
        return await self.place(**fields, test="true")

    async def query(self, symbol: str, order_id: int) -> Raw:
        found = await self._ask(self.exchange.fetch_order, str(order_id), self._unified(symbol))
        return found["info"]

    async def cancel(self, symbol: str, order_id: int) -> Raw:
        found = await self._ask(self.exchange.cancel_order, str(order_id), self._unified(symbol))
        return found["info"]

    async def open_orders(self, symbol: str) -> list[Raw]:
        found = await self._ask(self.exchange.fetch_open_orders, self._unified(symbol))
        return [one["info"] for one in found]

    async def trades(self, symbol: str) -> list[Raw]:
        found = await self._ask(self.exchange.fetch_my_trades, self._unified(symbol))
        return [one["info"] for one in found]

    async def account(self) -> Raw:
        balance = await self._ask(self.exchange.fetch_balance)
        for one in balance["info"]["balances"]:
            total = Decimal(one["free"]) + Decimal(one["locked"])
            expect(float(total), balance["total"][one["asset"]], f"total {one['asset']} of ccxt")
        return balance["info"]

    async def depth(self, symbol: str) -> tuple[Levels, Levels]:
        book = await self._ask(self.exchange.fetch_order_book, self._unified(symbol), 500)
        return levels(book["bids"]), levels(book["asks"])

    async def close(self) -> None:
        await leave(self.exchange)


class ImplicitDesk(CcxtDesk):
    """Place by ccxt's implicit method, which hands wrong fields through to the venue."""

    async def place(self, **fields: str) -> Raw:
        return await self._ask(self.exchange.private_post_order, fields)

    async def query(self, symbol: str, order_id: int) -> Raw:
        fields = {"symbol": symbol, "orderId": order_id}
        return await self._ask(self.exchange.private_get_order, fields)


def _unified_type(fields: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """Return ccxt's type and parameters of an order told in Binance's fields."""
    kind = fields["type"]
    more: dict[str, Any] = {}
    for name in ("timeInForce", "quoteOrderQty"):
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


async def load_markets(exchange: Any, wanted: set[str]) -> str:
    markets = await ask(exchange.load_markets)
    ensure(wanted <= set(markets), f"missing {wanted - set(markets)} of {sorted(markets)[:20]}")
    return f"{len(markets)} markets"


async def market_data(exchange: Any, symbol: str) -> str:
    """Fetch everything public that ccxt knows of a symbol."""
    book = await ask(exchange.fetch_order_book, symbol, 20)
    ensure(book["bids"][0][0] < book["asks"][0][0], "a crossed book")
    trades = await ask(exchange.fetch_trades, symbol, None, 50)
    ensure(len(trades) > 1, "no trades")
    times = [one["timestamp"] for one in trades]
    expect(times, sorted(times), "order of the trades' times")
    ticker = await ask(exchange.fetch_ticker, symbol)
    ensure(ticker["last"] or ticker["bid"], "an empty ticker")
    rows = await ask(exchange.fetch_ohlcv, symbol, "1m", None, 50)
    ensure(len(rows) > 10, f"{len(rows)} candles")
    for _, opened, high, low, closed, _ in rows:
        ensure(low <= min(opened, closed) <= max(opened, closed) <= high, "an impossible candle")
    return f"book, {len(trades)} trades, ticker, {len(rows)} candles of {symbol}"


async def book_is_true(exchange: Any) -> str:
    book = await ask(exchange.fetch_order_book, "BTC/USDT", 5000)
    sample = Sample(book["nonce"], None, levels(book["bids"]), levels(book["asks"]))
    return await hold_once(MARKET, "binance", "BTCUSDT", sample)


async def server_time(exchange: Any) -> str:
    at = await ask(exchange.fetch_time)
    ensure(abs(at - exchange.milliseconds()) < 5_000, f"the venue's clock says {at}")
    return f"within {abs(at - exchange.milliseconds())} ms of this machine's clock"


async def replaced(flavour: Any) -> str:
    """Edit an order: ccxt does it by cancelReplace."""
    exchange = binance(flavour, SETUP)
    info = await ask(exchange.public_get_exchangeinfo, {"symbol": "ETHUSDT"})
    pair = pair_of(info["symbols"][0])
    await leave(exchange)
    keys = fresh(MARKET, pair)
    exchange = binance(flavour, SETUP, keys)
    desk = CcxtDesk(exchange)
    await ask(exchange.load_markets)
    bid = (await desk.depth("ETHUSDT"))[0][0][0]
    size = float(pair.lots(Decimal(80) / bid))
    price = [float(pair.price(bid * Decimal(factor))) for factor in ("0.9", "0.8")]
    first = await ask(exchange.create_order, SYMBOL, "limit", "buy", size, price[0])
    second = await ask(exchange.edit_order, first["id"], SYMBOL, "limit", "buy", size, price[1])
    still = await ask(exchange.fetch_open_orders, SYMBOL)
    expect([one["id"] for one in still], [second["id"]], "open orders")
    expect(still[0]["price"], price[1], "price of the new order")
    await ask(exchange.cancel_all_orders, SYMBOL)
    expect(await ask(exchange.fetch_open_orders, SYMBOL), [], "open orders at last")
    closed = await ask(exchange.fetch_orders, SYMBOL)
    expect({one["status"] for one in closed}, {"canceled"}, "status of all orders")
    await leave(exchange)
    return "edited, then all cancelled"


async def check_binance(results: Results, name: str, flavour: Any) -> None:
    """Run everything on Binance with one flavour."""
    exchange = binance(flavour, SETUP)
    wanted = {"BTC/USDT", "ETH/USDT", "SOL/USDT", "BNB/USDT", "ADA/USDT", "BTC/USDT:USDT"}
    at = f"binance:{name}:"
    await results.run(f"{at}load-markets", lambda: load_markets(exchange, wanted))
    await results.run(f"{at}time", lambda: server_time(exchange))
    await results.run(f"{at}market-data", lambda: market_data(exchange, SYMBOL))
    await results.run(f"{at}usdm-market-data", lambda: market_data(exchange, "BTC/USDT:USDT"))
    await results.run(f"{at}book-5000", lambda: book_is_true(exchange))
    pair = pair_of((await ask(exchange.public_get_exchangeinfo))["symbols"][1])
    expect(pair.symbol, "ETHUSDT", "second symbol")
    await leave(exchange)

    async def desk(keys: Keys) -> Desk:
        one = CcxtDesk(binance(flavour, SETUP, keys))
        await ask(one.exchange.load_markets)
        return one

    async def late(keys: Keys, *, late_ms: int = 0) -> Desk:
        # ccxt subtracts timeDifference from its own clock.
        one = ImplicitDesk(binance(flavour, SETUP, keys, timeDifference=late_ms))
        await ask(one.exchange.load_markets)
        return one

    await check_orders(results, MARKET, pair, desk, at)
    await results.run(f"{at}order:edit", lambda: replaced(flavour))
    await check_refusals(results, MARKET, pair, late, late, at)


async def check_coinbase(results: Results, name: str, flavour: Any) -> None:
    """Run both of Coinbase's protocols with one flavour."""
    await check_public(results, f"coinbase:{name}:", coinbase(flavour, SETUP))
    await check_public(results, f"coinbaseexchange:{name}:", coinbase_exchange(flavour, SETUP))


async def check_public(results: Results, at: str, exchange: Any) -> None:
    """Run what one of Coinbase's protocols offers without keys."""
    wanted = {"BTC/USD", "ETH/USD", "SOL/USD", "ADA/USD", "USDT/USD"}
    await results.run(f"{at}load-markets", lambda: load_markets(exchange, wanted))
    await results.run(f"{at}market-data", lambda: market_data(exchange, "BTC/USD"))
    await results.run(f"{at}time", lambda: server_time(exchange))
    await leave(exchange)


async def body() -> Results:
    results = Results("ccxt")
    for name, flavour in FLAVOURS.items():
        await check_binance(results, name, flavour)
        await check_coinbase(results, name, flavour)
    return results


if __name__ == "__main__":
    main(body)
