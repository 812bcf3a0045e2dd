"""ccxt's REST clients, sync and async: Binance spot and USD-M, Coinbase Advanced and Exchange."""

from decimal import Decimal
from typing import Any

import ccxt
import ccxt.async_support
from ccxt_desk import CcxtDesk, ImplicitDesk, ask, leave
from ccxt_exchanges import binance, coinbase, coinbase_exchange
from local_market import Keys, LocalMarket, levels
from results import Results, ensure, expect, main, setup
from spot_trading import Desk, check_orders, check_refusals, fresh, pair_of
from watching import Sample, hold_once

SETUP = setup()
MARKET = LocalMarket(SETUP)
SYMBOL = "ETH/USDT"
FLAVOURS = {"sync": ccxt, "async": ccxt.async_support}


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


async def limited(flavour: Any, path: str, method: str) -> str:
    """Meet 429, 418 and 503 on one path, as ccxt tells them."""
    exchange = binance(flavour, SETUP)
    told = []
    for status, kind in (
        (429, ccxt.DDoSProtection),
        (418, ccxt.DDoSProtection),
        (503, ccxt.ExchangeError),
    ):
        fault = MARKET.plant("http", venue="binance", topic=path, status=status, count=1)
        try:
            await ask(getattr(exchange, method), {"symbol": "ADAUSDT"})
        except ccxt.BaseError as error:
            ensure(isinstance(error, kind), f"{status} became {type(error).__name__}")
            told.append(f"{status} {type(error).__name__}")
        else:
            raise AssertionError(f"{status} was not told")
        expect(MARKET.hits(fault), 1, "requests refused")
    await ask(getattr(exchange, method), {"symbol": "ADAUSDT"})
    await leave(exchange)
    return ", ".join(told) + "; answered again afterwards"


LIMITED = {
    "sync": ("/api/v3/ticker/price", "public_get_ticker_price"),
    "async": ("/api/v3/ticker/bookTicker", "public_get_ticker_bookticker"),
}
"""Paths that no other client asks late in a run."""


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
    await results.run(f"{at}fault:http", lambda: limited(flavour, *LIMITED[name]))


async def check_coinbase(results: Results, name: str, flavour: Any) -> None:
    """Run both of Coinbase's protocols with one flavour."""
    await check_public(results, f"coinbase:{name}:", coinbase(flavour, SETUP))
    await check_public(results, f"coinbaseexchange:{name}:", coinbase_exchange(flavour, SETUP))


async def refused(request: Any, kind: type[Exception], text: str) -> str:
    """Send a wrong request; ccxt raises `kind` with the venue's words."""
    try:
        answer = await request
    except ccxt.BaseError as error:
        ensure(isinstance(error, kind), f"{type(error).__name__} {error}: {kind.__name__}")
        ensure(text in str(error), f"{error}: expected {text!r}")
        return f"{type(error).__name__}: {error}"[:160]
    raise AssertionError(f"answered: {str(answer)[:200]}")


async def check_exchange_refusals(results: Results, name: str, flavour: Any) -> None:
    """Meet the documented errors of Coinbase Exchange's REST."""
    keys = MARKET.account({"USD": Decimal(100)}, "coinbase")
    wrong = {
        "bad-api-key": (keys._replace(key="0" * len(keys.key)), "Invalid API Key"),
        "bad-signature": (keys._replace(secret="d3Jvbmctc2VjcmV0"), "invalid signature"),
        "bad-passphrase": (keys._replace(passphrase="wrong"), "Invalid Passphrase"),
    }
    at = f"coinbaseexchange:{name}:wrong:"
    for feature, (changed, text) in wrong.items():
        exchange = coinbase_exchange(flavour, SETUP, changed)
        await results.run(
            at + feature,
            lambda one=exchange, text=text: refused(
                ask(one.fetch_accounts), ccxt.AuthenticationError, text
            ),
        )
        await leave(exchange)
    exchange = coinbase_exchange(flavour, SETUP)
    public: dict[str, tuple[Any, str]] = {
        "unknown-product": (
            lambda: ask(exchange.public_get_products_id, {"id": "NO-PE"}),
            "NotFound",
        ),
        "unknown-book": (
            lambda: ask(exchange.public_get_products_id_book, {"id": "NO-PE"}),
            "NotFound",
        ),
        "bad-level": (
            lambda: ask(exchange.public_get_products_id_book, {"id": "BTC-USD", "level": 7}),
            "level",
        ),
        "bad-granularity": (
            lambda: ask(
                exchange.public_get_products_id_candles, {"id": "BTC-USD", "granularity": 61}
            ),
            "granularity",
        ),
    }
    for feature, (request, text) in public.items():
        await results.run(
            at + feature,
            lambda request=request, text=text: refused(request(), ccxt.ExchangeError, text),
        )
    await leave(exchange)


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
        await check_exchange_refusals(results, name, flavour)
    return results


if __name__ == "__main__":
    main(body)
