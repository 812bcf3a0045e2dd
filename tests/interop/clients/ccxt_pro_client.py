"""ccxt.pro's streams: Binance spot and USD-M, Coinbase Advanced and Exchange."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import ccxt.pro
from ccxt_desk import SocketDesk
from ccxt_exchanges import binance, coinbase, coinbase_exchange
from local_market import Keys, LocalMarket, levels
from results import KnownDefectError, Results, ensure, expect, main, setup
from spot_trading import check_balances, check_orders, check_refusals, fresh, pair_of
from watching import Sample, check_trade_ids, gather_for, nanoseconds, watch_book

SETUP = setup()
MARKET = LocalMarket(SETUP)
SECONDS = float(SETUP["seconds"])
LONG = SECONDS + 40
CORRECTED = (
    "bad-symbol",
    "LOT_SIZE",
    "PRICE_FILTER",
    "parameter-missing",
    "too-much-precision",
    "illegal-characters",
    "bad-side",
    "not-required",
)
"""Wrong requests that ccxt itself refuses or puts right before they are sent."""


def spied(exchange: Any, time_of: Callable[[dict[str, Any]], str | None]) -> dict[str, int]:
    """Note the time of each book's last frame, which ccxt itself cuts to milliseconds."""
    times: dict[str, int] = {}
    inner = exchange.handle_order_book

    def handle(client: Any, message: dict[str, Any]) -> None:
        at = time_of(message)
        if at is not None:
            times["last"] = nanoseconds(at)
        inner(client, message)

    exchange.handle_order_book = handle
    return times


async def load_markets(exchange: Any, wanted: set[str]) -> str:
    markets = await exchange.load_markets()
    ensure(wanted <= set(markets), f"missing {wanted - set(markets)}")
    return f"{len(markets)} markets"


async def spot_book(exchange: Any, symbol: str) -> str:
    async def step() -> Sample:
        book = await exchange.watch_order_book(symbol)
        return Sample(book["nonce"], None, levels(book["bids"]), levels(book["asks"]))

    return await watch_book(MARKET, "binance", symbol.replace("/", ""), SECONDS, step, depth=500)


async def linear_book(exchange: Any) -> str:
    async def step() -> Sample:
        book = await exchange.watch_order_book("BTC/USDT:USDT")
        return Sample(book["nonce"], None, levels(book["bids"]), levels(book["asks"]))

    return await watch_book(MARKET, "binance_usdm", "BTCUSDT", SECONDS, step, depth=500)


async def timed_book(exchange: Any, times: dict[str, int], venue_symbol: str) -> str:
    """Watch a book without ids: the engine is asked for the time of its newest change."""
    symbol = venue_symbol.replace("-", "/")

    async def step() -> Sample | None:
        book = await exchange.watch_order_book(symbol)
        if "last" not in times:
            return None
        return Sample(None, times["last"], levels(book["bids"]), levels(book["asks"]))

    return await watch_book(MARKET, "coinbase", venue_symbol, SECONDS, step)


async def trades(exchange: Any, symbol: str, method: str | None = None) -> str:
    """Watch trades; each is told once and as REST tells it."""
    seen: dict[int, dict[str, Any]] = {}

    async def once() -> Any:
        found = await exchange.watch_trades(symbol)
        seen.update({int(one["id"]): one for one in found})
        return found

    await gather_for(SECONDS, once, at_least=2)
    ids = sorted(seen)
    check_trade_ids(ids)
    # ccxt fetches Binance's aggregated trades, and watches single ones, unless told otherwise.
    more = {"fetchTradesMethod": method} if method else {}
    told = {int(one["id"]): one for one in await exchange.fetch_trades(symbol, None, 500, more)}
    common = sorted(set(told) & set(seen))
    ensure(common, f"no trade in common: watched {ids[-3:]}, REST {sorted(told)[-3:]}")
    for one in common:
        for name in ("price", "amount", "side"):
            expect(seen[one][name], told[one][name], f"{name} of trade {one}")
    return f"{len(ids)} trades without a gap, {len(common)} as REST tells them"


async def candles(exchange: Any, symbol: str, timeframe: str) -> str:
    rows: dict[int, list[float]] = {}

    async def once() -> Any:
        found = await exchange.watch_ohlcv(symbol, timeframe)
        rows.update({row[0]: list(row) for row in found})
        return found

    await gather_for(SECONDS, once, at_least=3)
    told = {row[0]: row for row in await exchange.fetch_ohlcv(symbol, timeframe, None, 200)}
    done = sorted(rows)[:-1] if len(rows) > 1 else []
    for at in done:
        expect(rows[at], told[at], f"candle of {at}")
    last = max(rows)
    expect(rows[last][1], told[last][1], "opening price of the last candle")
    ensure(rows[last][5] <= told[last][5], "the last candle's volume")
    return f"{len(rows)} candles, {len(done)} closed ones as REST tells them"


async def ticker(exchange: Any, symbol: str) -> str:
    found = await gather_for(min(SECONDS, 4), lambda: exchange.watch_ticker(symbol), at_least=1)
    last = found[-1]
    ensure(last["last"] and last["high"] >= last["low"], f"ticker {last}")
    return f"{len(found)} tickers, last {last['last']}"


async def best(exchange: Any) -> str:
    found = await gather_for(min(SECONDS, 4), lambda: exchange.watch_bids_asks(["ETH/USDT"]))
    for one in found:
        quote = one["ETH/USDT"]
        ensure(quote["bid"] < quote["ask"], f"{quote['bid']} against {quote['ask']}")
    return f"{len(found)} best bids and asks"


async def mark_price(exchange: Any) -> str:
    found = await exchange.watch_mark_price("BTC/USDT:USDT")
    ensure(found["markPrice"] and found["indexPrice"], f"mark price {found}")
    return f"mark {found['markPrice']}, index {found['indexPrice']}"


async def small_limit() -> str:
    """Ask for five levels: the whole book is then seeded by five."""
    exchange = binance(ccxt.pro, SETUP)
    book = await exchange.watch_order_book("BTC/USDT", 5)
    held = len(exchange.orderbooks["BTC/USDT"]["bids"])
    await exchange.close()
    ensure(book["bids"], "no bids")
    if held <= 5:
        raise KnownDefectError(
            "6.1: a user-supplied limit also sizes the seed snapshot (limit=5: only 5 levels)"
        )
    return f"{held} bids held at limit 5"


async def url_trap() -> str:
    """Use the plain /ws address with spot and linear markets loaded."""
    exchange = binance(ccxt.pro, SETUP)
    exchange.urls["api"]["ws"]["spot"] = SETUP["binance_ws"] + "/ws"
    await exchange.load_markets()
    book = await exchange.watch_order_book("BTC/USDT")
    first = book["nonce"]
    try:
        await asyncio.wait_for(exchange.watch_order_book("BTC/USDT"), 3)
    except TimeoutError:
        raise KnownDefectError(
            "6.1 URL trap: with spot and linear markets both loaded and base /ws, the first call "
            "returns the REST snapshot and the book then never moves; use /stream/ws"
        ) from None
    finally:
        await exchange.close()
    return f"the book moved on from {first} on a /ws address"


async def faulty_frame(kind: str, gaps: int) -> str:
    """Spoil one depth frame: ccxt must notice gaps, and hold the true book again."""
    exchange = binance(ccxt.pro, SETUP)
    noticed: list[str] = []

    async def step() -> Sample | None:
        try:
            book = await exchange.watch_order_book("SOL/USDT")
        except ccxt.pro.InvalidNonce as error:
            noticed.append(type(error).__name__)
            return None
        return Sample(book["nonce"], None, levels(book["bids"]), levels(book["asks"]))

    for _ in range(3):
        await step()
    fault = await asyncio.to_thread(
        MARKET.plant, kind, venue="binance", topic="solusdt@depth@100ms", count=1
    )
    while not await asyncio.to_thread(MARKET.hits, fault):
        await step()
    note = await watch_book(MARKET, "binance", "SOLUSDT", 2, step, depth=500, settle=10)
    await exchange.close()
    expect(len(noticed), gaps, "gaps noticed")
    return f"{', '.join(noticed) or 'no gap'} raised; {note}"


async def private_streams() -> str:
    """Trade over the WebSocket API and follow orders, fills and balances by push alone."""
    exchange = binance(ccxt.pro, SETUP)
    info = await exchange.public_get_exchangeinfo({"symbol": "ETHUSDT"})
    pair = pair_of(info["symbols"][0])
    await exchange.close()
    exchange = binance(ccxt.pro, SETUP, fresh(MARKET, pair))
    await exchange.load_markets()
    waiting = [
        asyncio.ensure_future(one)
        for one in (
            exchange.watch_orders("ETH/USDT"),
            exchange.watch_my_trades("ETH/USDT"),
            exchange.watch_balance(),
        )
    ]
    # The subscription is made by the first watch; an order placed before it is not told.
    await subscribed(exchange)
    top = (await exchange.fetch_order_book("ETH/USDT", 5))["bids"][0][0]
    size = float(pair.lots(Decimal(80) / Decimal(str(top))))
    placed = await exchange.create_order_ws("ETH/USDT", "market", "buy", size)
    expect(placed["status"], "closed", "status of a market order")
    orders, fills, balance = await asyncio.wait_for(asyncio.gather(*waiting), 15)
    expect({one["id"] for one in orders}, {placed["id"]}, "order told")
    expect({one["order"] for one in fills}, {placed["id"]}, "order of the fills told")
    raw = await exchange.private_get_account()
    history = await exchange.private_get_mytrades({"symbol": "ETHUSDT"})
    check_balances(pair, raw, history, [])
    held = {one["asset"]: one for one in raw["balances"]}
    expect(balance["ETH"]["total"], float(held["ETH"]["free"]), "ETH as pushed")
    away = float(pair.price(Decimal(str(top)) * Decimal("0.9")))
    resting = await exchange.create_order_ws("ETH/USDT", "limit", "buy", size, away)
    found = await exchange.fetch_order_ws(resting["id"], "ETH/USDT")
    expect(found["status"], "open", "status of a resting order")
    await exchange.cancel_order_ws(resting["id"], "ETH/USDT")
    still = await exchange.fetch_open_orders_ws("ETH/USDT")
    expect(still, [], "open orders")
    await exchange.close()
    return f"{len(fills)} fills and the balances pushed; placed, queried and cancelled by ws"


async def subscribed(exchange: Any) -> None:
    """Wait until the user data stream's subscription was answered."""
    for _ in range(100):
        for client in exchange.clients.values():
            if "ws-api" in client.url and any("userData" in key for key in client.subscriptions):
                await asyncio.sleep(0.3)
                return
        await asyncio.sleep(0.05)


async def socket_desk(keys: Keys, *, late_ms: int = 0) -> SocketDesk:
    # ccxt subtracts timeDifference from its own clock.
    exchange = binance(ccxt.pro, SETUP, keys, timeDifference=late_ms)
    await exchange.load_markets()
    return SocketDesk(exchange)


async def check_ws_api(results: Results) -> None:
    """Trade by the WebSocket API alone."""
    exchange = binance(ccxt.pro, SETUP)
    info = await exchange.public_get_exchangeinfo({"symbol": "ETHUSDT"})
    await exchange.close()
    pair = pair_of(info["symbols"][0])
    at = "binance:ws-api:"
    await check_orders(results, MARKET, pair, socket_desk, at)
    await check_refusals(results, MARKET, pair, socket_desk, socket_desk, at, CORRECTED)


async def refused_level2() -> str:
    """Subscribe to level2 of Coinbase Exchange without keys: ccxt itself refuses."""
    exchange = coinbase_exchange(ccxt.pro, SETUP)
    try:
        await exchange.watch_order_book("BTC/USD")
    except ccxt.pro.AuthenticationError as error:
        return f"refused without keys: {error}"[:160]
    finally:
        await exchange.close()
    raise AssertionError("level2 was served without keys")


async def refused_signature() -> str:
    """Subscribe to level2 of Coinbase Exchange with a wrong secret: the venue refuses."""
    keys = MARKET.account({"USD": Decimal(1)}, "coinbase")
    wrong = keys._replace(secret="d3Jvbmctc2VjcmV0")
    exchange = coinbase_exchange(ccxt.pro, SETUP, wrong)
    try:
        await asyncio.wait_for(exchange.watch_order_book("BTC/USD"), 5)
    except ccxt.pro.BaseError as error:
        return f"{type(error).__name__}: {error}"[:160]
    finally:
        await exchange.close()
    raise AssertionError("level2 was served to a wrong signature")


async def check_binance(results: Results) -> None:
    exchange = binance(ccxt.pro, SETUP)
    wanted = {"BTC/USDT", "ADA/USDT", "BTC/USDT:USDT"}
    await results.run("binance:load-markets", lambda: load_markets(exchange, wanted))
    spot, linear = "publicGetTrades", "fapiPublicGetTrades"
    await asyncio.gather(
        results.run("binance:book:BTC", lambda: spot_book(exchange, "BTC/USDT"), LONG),
        results.run("binance:book:ADA", lambda: spot_book(exchange, "ADA/USDT"), LONG),
        results.run("binance:trades", lambda: trades(exchange, "BTC/USDT", spot), LONG),
        results.run("binance:candles", lambda: candles(exchange, "BTC/USDT", "1s"), LONG),
        results.run("binance:ticker", lambda: ticker(exchange, "SOL/USDT"), LONG),
        results.run("binance:bids-asks", lambda: best(exchange), LONG),
        results.run("usdm:book", lambda: linear_book(exchange), LONG),
        results.run("usdm:mark-price", lambda: mark_price(exchange), LONG),
        results.run("usdm:trades", lambda: trades(exchange, "BTC/USDT:USDT", linear), LONG),
    )
    await exchange.close()
    await results.run("binance:private-streams", private_streams)
    await check_ws_api(results)
    await results.run("binance:book:limit-5", small_limit)
    await results.run("binance:book:ws-address", url_trap)
    for kind, gaps in (("drop", 1), ("reorder", 1), ("duplicate", 0), ("unknown-delete", 0)):
        await results.run(
            f"binance:fault:{kind}", lambda kind=kind, gaps=gaps: faulty_frame(kind, gaps)
        )


def newest(message: dict[str, Any]) -> str | None:
    """Return the newest change's time in a frame of Advanced Trade."""
    times = [one["event_time"] for event in message["events"] for one in event["updates"]]
    latest = max(times, default="1970")
    return message["timestamp"] if latest.startswith("1970") else latest


async def check_coinbase(results: Results) -> None:
    exchange = coinbase(ccxt.pro, SETUP)
    wanted = {"BTC/USD", "ETH/USD"}
    await results.run("coinbase:load-markets", lambda: load_markets(exchange, wanted))
    times = spied(exchange, newest)
    await asyncio.gather(
        results.run("coinbase:book", lambda: timed_book(exchange, times, "BTC-USD"), LONG),
        results.run("coinbase:trades", lambda: trades(exchange, "BTC/USD"), LONG),
        results.run("coinbase:ticker", lambda: ticker(exchange, "ETH/USD"), LONG),
    )
    await exchange.close()
    await results.run("coinbase:fault:drop", unnoticed_gap)


async def unnoticed_gap() -> str:
    """Lose a frame of Advanced Trade, whose sequence numbers would tell of it."""
    exchange = coinbase(ccxt.pro, SETUP)
    await exchange.watch_order_book("USDT/USD")
    fault = await asyncio.to_thread(
        MARKET.plant, "drop", venue="coinbase", topic="level2:USDT-USD", count=1
    )
    try:
        while not await asyncio.to_thread(MARKET.hits, fault):
            await exchange.watch_order_book("USDT/USD")
        for _ in range(5):
            await exchange.watch_order_book("USDT/USD")
    except ccxt.pro.InvalidNonce as error:
        return f"{type(error).__name__} raised for the lost frame"
    finally:
        await exchange.close()
    raise KnownDefectError("6.2: no sequence check and no crossed check; the gap is not noticed")


async def check_coinbase_exchange(results: Results) -> None:
    keys = MARKET.account({"USD": Decimal(1000)}, "coinbase")
    exchange = coinbase_exchange(ccxt.pro, SETUP, keys)
    wanted = {"BTC/USD", "ETH/USD"}
    await results.run("coinbaseexchange:load-markets", lambda: load_markets(exchange, wanted))
    times = spied(exchange, lambda message: message.get("time"))
    at = "coinbaseexchange:"
    await asyncio.gather(
        results.run(f"{at}book", lambda: timed_book(exchange, times, "BTC-USD"), LONG),
        results.run(f"{at}trades", lambda: trades(exchange, "BTC/USD"), LONG),
        results.run(f"{at}ticker", lambda: ticker(exchange, "ETH/USD"), LONG),
    )
    await exchange.close()
    await results.run(f"{at}level2-without-keys", refused_level2)
    await results.run(f"{at}level2-bad-signature", refused_signature)


async def body() -> Results:
    results = Results("ccxt.pro", "ccxt")
    await asyncio.gather(
        check_binance(results), check_coinbase(results), check_coinbase_exchange(results)
    )
    return results


if __name__ == "__main__":
    main(body)
