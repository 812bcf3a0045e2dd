"""binance-sdk-spot: REST, streams and WebSocket API, on the local venues."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import binance_common.utils
from binance_common.configuration import (
    ConfigurationRestAPI,
    ConfigurationWebSocketAPI,
    ConfigurationWebSocketStreams,
)
from binance_common.errors import (
    ClientError,
    Error,
    RateLimitBanError,
    ServerError,
    TooManyRequestsError,
)
from binance_sdk_spot.spot import Spot
from local_market import Keys, Levels, LocalMarket, levels
from results import Results, ensure, expect, main, setup
from spot_trading import (
    Pair,
    Raw,
    RefusedError,
    check_balances,
    check_orders,
    check_refusals,
    fresh,
    pair_of,
    refused,
)
from watching import Sample, check_trade_ids, hold_once, watch_book

SETUP = setup()
MARKET = LocalMarket(SETUP)
SECONDS = float(SETUP["seconds"])
LONG = SECONDS + 40
REST_SYMBOL = "BNBUSDT"
SOCKET_SYMBOL = "ADAUSDT"


class Complaints(logging.Handler):
    """Gather what the SDK logs about answers that its own models do not take as they are."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.found: dict[str, int] = {}
        logging.getLogger().handlers = [self]

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        # Refusals are logged, too, and so is every socket that a check leaves behind.
        if any(word in text for word in ("parse", "did not match", "model", "in callback")):
            self.found[text[:300]] = self.found.get(text[:300], 0) + 1

    async def told(self) -> str:
        expect(self.found, {}, "complaints of the SDK's models")
        return "every answer and event fits the SDK's own models"


def spot(keys: Keys | None = None) -> Spot:
    """Make the SDK's client; every part points at the local venue."""
    signed: dict[str, Any] = {}
    if keys is not None:
        signed = {"api_key": keys.key}
        signed["private_key" if keys.kind == "ed25519" else "api_secret"] = keys.secret
    return Spot(
        ConfigurationRestAPI(base_path=SETUP["binance"], timeout=5000, retries=0, **signed),
        ConfigurationWebSocketAPI(stream_url=SETUP["binance_ws"] + "/ws-api/v3", **signed),
        ConfigurationWebSocketStreams(stream_url=SETUP["binance_ws"]),
    )


def raw(model: Any) -> Any:
    """Return the venue's own fields of what the SDK made of them."""
    if isinstance(model, list):
        return [raw(one) for one in model]
    if hasattr(model, "actual_instance"):
        return raw(model.actual_instance)
    if hasattr(model, "to_dict"):
        return model.to_dict()
    return model.model_dump(by_alias=True) if hasattr(model, "model_dump") else model


FIELDS = {
    "timeInForce": "time_in_force",
    "quoteOrderQty": "quote_order_qty",
    "stopPrice": "stop_price",
}


class RestDesk:
    """Trade by the SDK's REST methods."""

    def __init__(self, client: Spot) -> None:
        self.rest = client.rest_api

    async def _ask(self, method: Callable[..., Any], **fields: Any) -> Any:
        named = {FIELDS.get(name, name): value for name, value in fields.items()}
        try:
            return raw((await asyncio.to_thread(method, **named)).data())
        except Error as error:
            code = getattr(error, "status_code", 0) or 0
            text = getattr(error, "error_message", str(error))
            raise RefusedError(code, text, type(error).__name__) from error

    async def place(self, **fields: str) -> Raw:
        return await self._ask(self.rest.new_order, new_order_resp_type="FULL", **fields)

    async def place_test(self, **fields: str) -> Raw:
        found = await self._ask(self.rest.order_test, **fields)
        return {name: value for name, value in found.items() if value is not None}

    async def query(self, symbol: str, order_id: int) -> Raw:
        return await self._ask(self.rest.get_order, symbol=symbol, order_id=order_id)

    async def cancel(self, symbol: str, order_id: int) -> Raw:
        return await self._ask(self.rest.delete_order, symbol=symbol, order_id=order_id)

    async def open_orders(self, symbol: str) -> list[Raw]:
        return await self._ask(self.rest.get_open_orders, symbol=symbol)

    async def trades(self, symbol: str) -> list[Raw]:
        return await self._ask(self.rest.my_trades, symbol=symbol)

    async def account(self) -> Raw:
        return await self._ask(self.rest.get_account)

    async def depth(self, symbol: str) -> tuple[Levels, Levels]:
        book = await self._ask(self.rest.depth, symbol=symbol, limit=500)
        return levels(book["bids"]), levels(book["asks"])

    async def close(self) -> None:
        return None


@contextmanager
def clock_behind(late_ms: int) -> Iterator[None]:
    """Let the SDK sign as on a machine whose clock is off; it has no setting for that."""
    true = binance_common.utils.get_timestamp
    binance_common.utils.get_timestamp = lambda: true() - late_ms
    try:
        yield
    finally:
        binance_common.utils.get_timestamp = true


class LateRestDesk(RestDesk):
    """Sign for another time."""

    def __init__(self, client: Spot, late_ms: int) -> None:
        super().__init__(client)
        self.late_ms = late_ms

    async def account(self) -> Raw:
        with clock_behind(self.late_ms):
            return await super().account()


class SocketDesk:
    """Trade by the SDK's methods of the WebSocket API."""

    def __init__(self, client: Spot, late_ms: int = 0) -> None:
        self.api = client.websocket_api
        self.rest = RestDesk(client)
        self.late_ms = late_ms

    async def open(self) -> "SocketDesk":
        await self.api.create_connection()
        return self

    async def _ask(self, method: Callable[..., Any], **fields: Any) -> Any:
        named = {FIELDS.get(name, name): value for name, value in fields.items()}
        try:
            data = raw((await method(**named)).data())
        except Error as error:
            raise RefusedError(0, str(error), type(error).__name__) from error
        # The SDK hands refusals of the WebSocket API on as {"error": ...}, without an exception.
        if isinstance(data.get("error"), dict):
            raise RefusedError(data["error"]["code"], data["error"]["msg"], "error")
        ensure(data.get("error") is None, f"the SDK answers {data}")
        expect(data["status"], 200, "status")
        return data["result"]

    async def place(self, **fields: str) -> Raw:
        return await self._ask(self.api.order_place, new_order_resp_type="FULL", **fields)

    async def place_test(self, **fields: str) -> Raw:
        found = await self._ask(self.api.order_test, **fields)
        return {name: value for name, value in found.items() if value is not None}

    async def query(self, symbol: str, order_id: int) -> Raw:
        return await self._ask(self.api.order_status, symbol=symbol, order_id=order_id)

    async def cancel(self, symbol: str, order_id: int) -> Raw:
        return await self._ask(self.api.order_cancel, symbol=symbol, order_id=order_id)

    async def open_orders(self, symbol: str) -> list[Raw]:
        return await self._ask(self.api.open_orders_status, symbol=symbol)

    async def trades(self, symbol: str) -> list[Raw]:
        return await self._ask(self.api.my_trades, symbol=symbol)

    async def account(self) -> Raw:
        with clock_behind(self.late_ms):
            return await self._ask(self.api.account_status)

    async def depth(self, symbol: str) -> tuple[Levels, Levels]:
        book = await self._ask(self.api.depth, symbol=symbol, limit=500)
        return levels(book["bids"]), levels(book["asks"])

    async def close(self) -> None:
        await self.api.close_connection(close_session=True)


async def rest_desk(keys: Keys) -> RestDesk:
    return RestDesk(spot(keys))


async def late_rest_desk(keys: Keys, *, late_ms: int) -> LateRestDesk:
    return LateRestDesk(spot(keys), late_ms)


async def socket_desk(keys: Keys) -> SocketDesk:
    return await SocketDesk(spot(keys)).open()


async def late_socket_desk(keys: Keys, *, late_ms: int) -> SocketDesk:
    return await SocketDesk(spot(keys), late_ms).open()


async def load_markets(desk: RestDesk) -> str:
    info = await desk._ask(desk.rest.exchange_info)
    symbols = {one["symbol"] for one in info["symbols"]}
    ensure({"BTCUSDT", "ETHUSDT", "SOLUSDT", "BNBUSDT", "ADAUSDT"} <= symbols, f"{symbols}")
    limits = {one["rateLimitType"] for one in info["rateLimits"]}
    ensure({"REQUEST_WEIGHT", "ORDERS"} <= limits, f"rate limits {limits}")
    return f"{len(symbols)} symbols"


async def market_data(desk: RestDesk) -> str:
    """Ask for all market data; the SDK's models must take every answer as it is."""
    rest = desk.rest
    found = []
    for method, fields in (
        (rest.depth, {"limit": 10}),
        (rest.get_trades, {"limit": 10}),
        (rest.historical_trades, {"limit": 10}),
        (rest.agg_trades, {"limit": 10}),
        (rest.klines, {"interval": "1m", "limit": 10}),
        (rest.ui_klines, {"interval": "1m", "limit": 10}),
        (rest.avg_price, {}),
        (rest.ticker24hr, {}),
        (rest.ticker_trading_day, {}),
        (rest.ticker_price, {}),
        (rest.ticker_book_ticker, {}),
        (rest.ticker, {"window_size": "1h"}),
    ):
        answer = await desk._ask(method, symbol="BTCUSDT", **fields)
        ensure(answer, f"{method.__name__} is empty")
        found.append(method.__name__)
    return ", ".join(found)


async def limit_headers(desk: RestDesk) -> str:
    answer = await asyncio.to_thread(desk.rest.depth, "BTCUSDT", 5)
    before = answer.rate_limits[0]
    expect((before.rateLimitType, before.interval), ("REQUEST_WEIGHT", "MINUTE"), "limit")
    answer = await asyncio.to_thread(desk.rest.depth, "BTCUSDT", 5000)
    after = answer.rate_limits[0]
    grown = after.count - before.count
    ensure(grown >= 250 or after.count < before.count, f"used weight grew by {grown}")
    return f"used weight {before.count}, then {after.count}: depth 5000 costs 250"


async def snapshot_is_true(desk: RestDesk) -> str:
    book = await desk._ask(desk.rest.depth, symbol="BTCUSDT", limit=5000)
    sample = Sample(book["lastUpdateId"], None, levels(book["bids"]), levels(book["asks"]))
    return await hold_once(MARKET, "binance", "BTCUSDT", sample)


class Stream:
    """Queue what one stream of the SDK brings."""

    def __init__(self, handle: Any) -> None:
        self.queue: asyncio.Queue[Any] = asyncio.Queue()
        handle.on("message", self.queue.put_nowait)

    async def next(self) -> Raw:
        return raw(await asyncio.wait_for(self.queue.get(), 15))

    async def next_event(self) -> tuple[str, Raw]:
        """Return a user data event and its kind, which the SDK's models do not keep."""
        model = (await asyncio.wait_for(self.queue.get(), 15)).actual_instance
        return type(model).__name__, raw(model)

    async def for_a_while(self) -> list[Raw]:
        await asyncio.sleep(SECONDS)
        found = []
        while not self.queue.empty():
            found.append(raw(self.queue.get_nowait()))
        return found


async def diff_book(streams: Any, desk: RestDesk) -> str:
    """Keep a book by the venue's procedure; the SDK itself has none."""
    stream = Stream(await streams.diff_book_depth("btcusdt", update_speed="100ms"))
    first = await stream.next()
    seed = await desk._ask(desk.rest.depth, symbol="BTCUSDT", limit=5000)
    ensure(seed["lastUpdateId"] >= first["U"], "a snapshot older than the first event")
    book = {"b": dict(levels(seed["bids"])), "a": dict(levels(seed["asks"]))}
    last = [seed["lastUpdateId"]]
    waiting = [first]

    async def step() -> Sample | None:
        event = waiting.pop() if waiting else await stream.next()
        if event["u"] <= last[0]:
            return None
        ensure(event["U"] <= last[0] + 1, f"a gap: {event['U']} after {last[0]}")
        last[0] = event["u"]
        for key in "ba":
            for price, size in levels(event[key]):
                book[key][price] = size
                if not size:
                    del book[key][price]
        bids = sorted(book["b"].items(), reverse=True)
        return Sample(last[0], None, bids, sorted(book["a"].items()))

    return await watch_book(MARKET, "binance", "BTCUSDT", SECONDS, step, settle=0)


async def partial_book(streams: Any) -> str:
    stream = Stream(await streams.partial_book_depth("ethusdt", 20, update_speed="100ms"))

    async def step() -> Sample:
        frame = await stream.next()
        return Sample(frame["lastUpdateId"], None, levels(frame["bids"]), levels(frame["asks"]))

    return await watch_book(MARKET, "binance", "ETHUSDT", SECONDS, step, depth=20, settle=0)


async def trades(streams: Any) -> str:
    found = await Stream(await streams.trade("btcusdt")).for_a_while()
    ensure(found, "no trades")
    return f"{check_trade_ids(one['t'] for one in found)} trades without a gap"


async def aggregated(streams: Any) -> str:
    found = await Stream(await streams.agg_trade("btcusdt")).for_a_while()
    ensure(found, "no aggregated trades")
    return f"{check_trade_ids(one['a'] for one in found)} aggregated trades without a gap"


async def candles(streams: Any, desk: RestDesk) -> str:
    found = await Stream(await streams.kline("btcusdt", "1s")).for_a_while()
    closed = [one["k"] for one in found if one["k"]["x"]]
    ensure(closed, "no closed candle")
    rows = await desk._ask(desk.rest.klines, symbol="BTCUSDT", interval="1s", limit=1000)
    by_time = {row[0]: row for row in rows}
    for one in closed:
        expect([one[key] for key in "tohlcvTqnVQ"], by_time[one["t"]][:11], "candle by REST")
    return f"{len(found)} candles, {len(closed)} closed ones as REST tells them"


async def tickers(streams: Any) -> str:
    names = {
        "bookTicker": Stream(await streams.book_ticker("adausdt")),
        "ticker": Stream(await streams.ticker("adausdt")),
        "miniTicker": Stream(await streams.mini_ticker("adausdt")),
        "avgPrice": Stream(await streams.avg_price("adausdt")),
        "ticker_1h": Stream(await streams.rolling_window_ticker("adausdt", "1h")),
        "!miniTicker@arr": Stream(await streams.all_mini_ticker()),
    }
    for name, stream in names.items():
        ensure(await stream.next(), f"{name} is empty")
    listed = await streams.list_subscribe()
    for name in ("adausdt@bookTicker", "adausdt@avgPrice", "!miniTicker@arr"):
        ensure(name in listed["result"], f"{name} not in {listed}")
    return f"{', '.join(names)}; LIST_SUBSCRIPTIONS tells them"


async def unsubscribed(streams: Any) -> str:
    handle = await streams.trade("bnbusdt")
    await handle.unsubscribe()
    await asyncio.sleep(0.5)
    listed = await streams.list_subscribe()
    ensure("bnbusdt@trade" not in listed["result"], f"still subscribed: {listed}")
    return "no longer listed"


async def user_data() -> str:
    """Log on with Ed25519, subscribe, trade, and follow the reports."""
    rest = RestDesk(spot())
    info = await rest._ask(rest.rest.exchange_info, symbol=SOCKET_SYMBOL)
    pair = pair_of(info["symbols"][0])
    signed = fresh(MARKET, pair, "ed25519")
    desk = await SocketDesk(spot(signed)).open()
    session = raw((await desk.api.session_logon()).data())["result"]
    expect(session["apiKey"], signed.key, "key of the session")
    answer = await desk.api.user_data_stream_subscribe()
    stream = Stream(answer.stream)
    bids, _ = await desk.depth(pair.symbol)
    size = pair.lots(Decimal(60) / bids[0][0])
    placed = await desk.place(symbol=pair.symbol, side="BUY", type="MARKET", quantity=size)
    reports: list[Raw] = []
    positions: list[Raw] = []
    while not positions or not reports or reports[-1]["X"] != "FILLED":
        kind, event = await stream.next_event()
        (reports if kind == "ExecutionReport" else positions).append(event)
    expect({one["i"] for one in reports}, {placed["orderId"]}, "order ids")
    account = await desk.account()
    check_balances(pair, account, await desk.trades(pair.symbol), [])
    await desk.close()
    return f"session.logon, {len(reports)} reports, {len(positions)} positions; balances exact"


async def resting(client: Spot, **fields: str) -> tuple[Pair, RestDesk, Raw, str]:
    """Open an account and rest a buy order away from the market; return its price, too."""
    rest = RestDesk(client)
    info = await rest._ask(rest.rest.exchange_info, symbol=REST_SYMBOL)
    pair = pair_of(info["symbols"][0])
    desk = RestDesk(spot(fresh(MARKET, pair)))
    bids, _ = await desk.depth(pair.symbol)
    price = pair.price(bids[0][0] * Decimal("0.9"))
    size = pair.lots(Decimal(100) / bids[0][0])
    placed = await desk.place(
        symbol=pair.symbol,
        side="BUY",
        type="LIMIT",
        timeInForce="GTC",
        quantity=size,
        price=price,
        **fields,
    )
    return pair, desk, placed, price


async def amended() -> str:
    """Amend an order to less: it keeps its id and place, and frees what it no longer needs."""
    pair, desk, placed, _ = await resting(spot())
    less = pair.lots(Decimal(placed["origQty"]) / 2)
    answer = await desk._ask(
        desk.rest.order_amend_keep_priority,
        symbol=pair.symbol,
        order_id=placed["orderId"],
        new_qty=less,
    )
    expect(Decimal(answer["amendedOrder"]["qty"]), Decimal(less), "quantity in the answer")
    orders = await desk.open_orders(pair.symbol)
    expect([one["orderId"] for one in orders], [placed["orderId"]], "open orders")
    expect(Decimal(orders[0]["origQty"]), Decimal(less), "quantity when queried")
    check_balances(pair, await desk.account(), [], orders)
    await refused(
        desk._ask(
            desk.rest.order_amend_keep_priority,
            symbol=pair.symbol,
            order_id=placed["orderId"],
            new_qty=placed["origQty"],
        ),
        -2038,
        "",
    )
    return "amended to half; to more is refused with -2038; balances equal to the last unit"


async def replaced() -> str:
    """Cancel and replace by REST; then fail to, and keep the order."""
    pair, desk, placed, price = await resting(spot())
    fields = {
        "symbol": pair.symbol,
        "side": "BUY",
        "type": "LIMIT",
        "cancel_replace_mode": "STOP_ON_FAILURE",
        "timeInForce": "GTC",
        "quantity": placed["origQty"],
    }
    lower = pair.price(Decimal(price) * Decimal("0.99"))
    answer = await desk._ask(
        desk.rest.order_cancel_replace,
        **fields,
        price=lower,
        cancel_order_id=placed["orderId"],
    )
    expect((answer["cancelResult"], answer["newOrderResult"]), ("SUCCESS", "SUCCESS"), "results")
    kept = answer["newOrderResponse"]["orderId"]
    await refused(
        desk._ask(desk.rest.order_cancel_replace, **fields, price=lower, cancel_order_id=999),
        -2022,
        "",
    )
    orders = await desk.open_orders(pair.symbol)
    expect([one["orderId"] for one in orders], [kept], "open orders")
    check_balances(pair, await desk.account(), [], orders)
    await desk._ask(desk.rest.delete_open_orders, symbol=pair.symbol)
    check_balances(pair, await desk.account(), [], [])
    return "replaced; an unknown one fails with -2022; all cancelled; balances exact"


async def limited() -> str:
    """Meet 429, 418, 451 and 503 on one path, as the SDK tells them."""
    rest = spot().rest_api
    path = "/api/v3/ticker/tradingDay"
    cases: tuple[tuple[int, type[Error]], ...] = (
        (429, TooManyRequestsError),
        (418, RateLimitBanError),
        (451, ClientError),
        (503, ServerError),
    )
    told = []
    for status, kind in cases:
        fault = await asyncio.to_thread(
            MARKET.plant, "http", topic=path, status=status, retry_after_s=7, count=1
        )
        try:
            await asyncio.to_thread(rest.ticker_trading_day, "BTCUSDT")
        except Error as error:
            expect(type(error), kind, f"error for {status}")
            if status in (429, 418):
                expect(error.retry_after, 7, f"Retry-After of {status}")
        else:
            raise AssertionError(f"{status} was not told")
        expect(MARKET.hits(fault), 1, "requests refused")
        told.append(f"{status} {kind.__name__}")
    await asyncio.to_thread(rest.ticker_trading_day, "BTCUSDT")
    return ", ".join(told) + "; answered again afterwards"


async def unanswered() -> str:
    """Lose the answer to an order that was taken: the order itself tells what became of it."""
    pair, desk, placed, _ = await resting(spot())
    path = "/api/v3/order/amend/keepPriority"
    fault = await asyncio.to_thread(
        MARKET.plant, "order-timeout", venue="binance", topic=path, answer="-1007", count=1
    )
    less = pair.lots(Decimal(placed["origQty"]) / 2)
    fields = {"symbol": pair.symbol, "order_id": placed["orderId"]}
    try:
        await desk._ask(desk.rest.order_amend_keep_priority, **fields, new_qty=less)
    except RefusedError as error:
        expect((error.code, error.kind), (504, "ServerError"), "what the SDK tells")
    else:
        raise AssertionError("the answer came")
    expect(MARKET.hits(fault), 1, "answers lost")
    found = await desk.query(pair.symbol, placed["orderId"])
    expect(Decimal(found["origQty"]), Decimal(less), "quantity when queried")
    return "504 for an amendment that was made: the query shows it"


async def by_signature() -> str:
    """Subscribe by signature with an HMAC key."""
    keys = MARKET.account({"USDT": Decimal(100)})
    desk = await SocketDesk(spot(keys)).open()
    answer = await desk.api.user_data_stream_subscribe_signature()
    subscription = raw(answer.response.data())["result"]["subscriptionId"]
    await desk.close()
    return f"subscription {subscription}"


async def ed25519_rest() -> str:
    keys = MARKET.account({"USDT": Decimal(100)}, "ed25519")
    account = await (await rest_desk(keys)).account()
    held = {one["asset"]: one["free"] for one in account["balances"]}
    expect(Decimal(held["USDT"]), Decimal(100), "balance")
    return "account read with an Ed25519 signature"


async def body() -> Results:
    results = Results("binance-sdk-spot")
    complaints = Complaints()
    client = spot()
    desk = RestDesk(client)
    await results.run("rest:load-markets", lambda: load_markets(desk))
    await results.run("rest:market-data", lambda: market_data(desk))
    await results.run("rest:weight-headers", lambda: limit_headers(desk))
    await results.run("rest:depth-5000", lambda: snapshot_is_true(desk))
    streams = client.websocket_streams
    await streams.create_connection()
    # One connection takes five messages a second: the SDK subscribes one stream at a time.
    await asyncio.gather(
        results.run("streams:book", lambda: diff_book(streams, desk), LONG),
        results.run("streams:depth20", lambda: partial_book(streams), LONG),
        results.run("streams:trades", lambda: trades(streams), LONG),
        results.run("streams:aggTrades", lambda: aggregated(streams), LONG),
    )
    await streams.close_connection()
    client = spot()
    streams = client.websocket_streams
    await streams.create_connection()
    await results.run("streams:candles", lambda: candles(streams, desk), LONG)
    await results.run("streams:tickers", lambda: tickers(streams), LONG)
    await results.run("streams:unsubscribe", lambda: unsubscribed(streams))
    await streams.close_connection()
    info = (await desk._ask(desk.rest.exchange_info))["symbols"]
    pairs = {one["symbol"]: pair_of(one) for one in info}
    rest_pair, socket_pair = pairs[REST_SYMBOL], pairs[SOCKET_SYMBOL]
    await check_orders(results, MARKET, rest_pair, rest_desk, "rest:")
    await check_orders(results, MARKET, socket_pair, socket_desk, "ws-api:")
    await results.run("rest:order:amend-keep-priority", amended)
    await results.run("rest:order:cancelReplace", replaced)
    await results.run("rest:fault:http", limited)
    await results.run("rest:fault:order-timeout", unanswered)
    await results.run("rest:ed25519", ed25519_rest)
    await results.run("ws-api:user-data-ed25519", user_data)
    await results.run("ws-api:user-data-signature", by_signature)
    await check_refusals(results, MARKET, rest_pair, rest_desk, late_rest_desk, "rest:")
    await check_refusals(results, MARKET, socket_pair, socket_desk, late_socket_desk, "ws-api:")
    await results.run("models", complaints.told)
    return results


if __name__ == "__main__":
    main(body)
