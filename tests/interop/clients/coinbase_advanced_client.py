"""coinbase-advanced-py: WSClient, and RESTClient through the TLS front, on the local venue."""

import asyncio
import json
import os
import queue
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from local_market import LocalMarket, levels
from results import KnownDefectError, Results, ensure, expect, main, setup
from watching import Sample, check_trade_ids, hold_once, nanoseconds, watch_book

SETUP = setup()
# The library speaks https only; requests takes the authority to trust from here.
os.environ["REQUESTS_CA_BUNDLE"] = SETUP["ca"]

from coinbase.rest import RESTClient  # noqa: E402
from coinbase.websocket import WebsocketResponse, WSClient  # noqa: E402
from requests.exceptions import HTTPError, RequestException  # noqa: E402

MARKET = LocalMarket(SETUP)
SECONDS = float(SETUP["seconds"])
LONG = SECONDS + 40
PRODUCT = "BTC-USD"


def rest() -> RESTClient:
    """Make the library's REST client; its base_url is a bare host and port."""
    return RESTClient(base_url=SETUP["coinbase_tls"].removeprefix("https://"), timeout=10)


class Feed:
    """Hold one WSClient and queue what it is told."""

    def __init__(self, retry: bool = True) -> None:
        self.messages: queue.Queue[str] = queue.Queue()
        self.client = WSClient(
            base_url=SETUP["coinbase_ws"], on_message=self.messages.put, retry=retry
        )
        self.sequence = -1

    async def open(self, products: list[str], channels: list[str]) -> "Feed":
        await asyncio.to_thread(self.client.open)
        if channels:
            await asyncio.to_thread(self.client.subscribe, products, channels)
        return self

    async def next_text(self, seconds: float = 10) -> str:
        end = time.monotonic() + seconds
        while self.messages.empty():
            self.client.raise_background_exception()
            if time.monotonic() > end:
                raise TimeoutError(f"no message within {seconds:.0f} s")
            await asyncio.sleep(0.005)
        return self.messages.get()

    async def next(self) -> Any:
        """Return the next message as the library's own type; its number follows the last one."""
        message = WebsocketResponse(json.loads(await self.next_text()))
        expect(message.sequence_num, self.sequence + 1, "sequence_num")
        self.sequence = message.sequence_num
        return message

    async def on(self, channel: str, seconds: float = SECONDS, at_least: int = 1) -> list[Any]:
        """Return the messages of a channel for a while."""
        end = time.monotonic() + seconds
        found: list[Any] = []
        while time.monotonic() < end or len(found) < at_least:
            message = await self.next()
            if message.channel == channel:
                found.append(message)
        return found

    async def close(self) -> None:
        await asyncio.to_thread(self.client.close)


async def book(product: str) -> str:
    """Keep a book from level2; the library itself keeps none."""
    feed = await Feed().open([product], ["level2", "heartbeats"])
    sides: dict[str, dict[Decimal, Decimal]] = {"bid": {}, "offer": {}}

    async def step() -> Sample | None:
        message = await feed.next()
        if message.channel != "l2_data":
            return None
        newest = "1970"
        for event in message.events:
            expect(event.product_id, product, "product")
            if event.type == "snapshot":
                sides["bid"].clear()
                sides["offer"].clear()
            for update in event.updates:
                newest = max(newest, update.event_time)
                ((price, size),) = levels([(update.price_level, update.new_quantity)])
                sides[update.side][price] = size
                if not size:
                    del sides[update.side][price]
        at = nanoseconds(message.timestamp if newest.startswith("1970") else newest)
        bids = sorted(sides["bid"].items(), reverse=True)
        return Sample(None, at, bids, sorted(sides["offer"].items()))

    try:
        return await watch_book(MARKET, "coinbase", product, SECONDS, step, settle=1)
    finally:
        await feed.close()


async def trades() -> str:
    feed = await Feed().open([PRODUCT], ["market_trades", "heartbeats"])
    messages = await feed.on("market_trades", at_least=2)
    expect(messages[0].events[0].type, "snapshot", "type of the first message")
    found = {
        int(one.trade_id): one
        for message in messages
        for event in message.events
        for one in event.trades
    }
    told = await asyncio.to_thread(rest().get_public_market_trades, PRODUCT, 100)
    await feed.close()
    check_trade_ids(sorted(found))
    common = [one for one in told.trades if int(one.trade_id) in found]
    ensure(common, "no trade in common with REST")
    for one in common:
        same = found[int(one.trade_id)]
        for name in ("price", "size", "side"):
            expect(getattr(same, name), getattr(one, name), f"{name} of trade {one.trade_id}")
    return f"{len(found)} trades without a gap, {len(common)} as REST tells them"


async def candles() -> str:
    feed = await Feed().open([PRODUCT], ["candles", "heartbeats"])
    messages = await feed.on("candles", at_least=2)
    await feed.close()
    last = messages[-1].events[-1].candles
    ensure(last, "no candles")
    told = await asyncio.to_thread(
        rest().get_public_candles,
        PRODUCT,
        str(int(time.time()) - 3600),
        str(int(time.time())),
        "FIVE_MINUTE",
    )
    by_start = {one.start: one for one in told.candles}
    for one in messages[-1].events[-1].candles:
        ensure(int(one.start) % 300 == 0, f"start {one.start}")
        expect(by_start[one.start].open, one.open, f"open of the candle {one.start}")
    return f"{len(messages)} messages; candles begin as REST tells them"


async def ticker() -> str:
    feed = await Feed().open(["ETH-USD", "SOL-USD"], ["ticker", "ticker_batch", "heartbeats"])
    messages = await feed.on("ticker", min(SECONDS, 5), at_least=2)
    await feed.close()
    one = messages[-1].events[-1].tickers[-1]
    ensure(Decimal(one.best_bid) < Decimal(one.best_ask), f"{one.best_bid} against {one.best_ask}")
    return f"{len(messages)} messages"


async def heartbeats() -> str:
    feed = await Feed().open([], ["heartbeats"])
    messages = await feed.on("heartbeats", 3.5, at_least=3)
    await feed.close()
    counts = [int(one.events[0].heartbeat_counter) for one in messages]
    check_trade_ids(counts)
    return f"heartbeats {counts[0]} to {counts[-1]}, one a second"


async def status() -> str:
    feed = await Feed().open([PRODUCT], ["status"])
    message = (await feed.on("status", 0))[0]
    await feed.close()
    products = [one.id for event in message.events for one in event.products]
    ensure(PRODUCT in products, f"products {products}")
    return f"status of {len(products)} products"


async def unsubscribed() -> str:
    feed = await Feed().open([PRODUCT], ["level2", "heartbeats"])
    await feed.on("l2_data", 1)
    await asyncio.to_thread(feed.client.unsubscribe, [PRODUCT], ["level2"])
    await feed.on("heartbeats", 1.5)
    quiet = [one.channel for one in [await feed.next() for _ in range(2)]]
    await feed.close()
    expect(set(quiet), {"heartbeats"}, "channels after the unsubscribe")
    return "no more level2"


async def cut_connection() -> str:
    """Cut a connection without a close frame: the library connects and subscribes again.

    Its reader ends without a word when the cut falls between two of its reads, so that several
    connections may have to be cut until one is cut while it reads.
    """
    for attempt in range(1, 9):
        feed = await Feed().open(["SOL-USD"], ["level2", "heartbeats"])
        await feed.on("l2_data", 0.5)
        name = await asyncio.to_thread(MARKET.connection_of, "level2:SOL-USD")
        cut = feed.client.websocket
        await asyncio.to_thread(MARKET.plant, "cut", connection=name, count=1)
        while cut.open:
            await asyncio.sleep(0.01)
        if await _subscribed_again(feed):
            await feed.close()
            return f"connected and subscribed again at cut {attempt}; a new snapshot came"
    raise AssertionError("the library never connected again")


async def _subscribed_again(feed: Feed) -> bool:
    """Say whether the library opens a new connection, and takes its snapshot from there."""
    end = time.monotonic() + 1
    while not feed.client._is_websocket_open():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.01)
    message = WebsocketResponse(json.loads(await feed.next_text()))
    while message.sequence_num > 0:
        message = WebsocketResponse(json.loads(await feed.next_text()))
    feed.sequence = message.sequence_num
    found = [message] if message.channel == "l2_data" else await feed.on("l2_data", 0)
    expect(found[0].events[0].type, "snapshot", "first message of level2 after the cut")
    return True


async def alias() -> str:
    """Subscribe a -USDC product: it is answered as -USD."""
    feed = await Feed().open(["BTC-USDC"], ["level2", "heartbeats"])
    message = (await feed.on("l2_data", 0))[0]
    await feed.close()
    expect(message.events[0].product_id, PRODUCT, "product")
    return "BTC-USDC answered as BTC-USD"


async def deadline() -> str:
    """Subscribe to nothing: the venue closes after five seconds."""
    feed = await Feed(retry=False).open([], [])
    begin = time.monotonic()
    while feed.client._is_websocket_open():
        ensure(time.monotonic() < begin + 8, "still open after 8 s")
        await asyncio.sleep(0.05)
    took = time.monotonic() - begin
    ensure(4 < took < 7, f"closed after {took:.1f} s")
    return f"closed after {took:.1f} s without a subscription"


async def refused_channel(products: list[str], channel: str, text: str) -> str:
    """Subscribe to what cannot be had; the venue answers with an error message."""
    feed = Feed(retry=False)
    await asyncio.to_thread(feed.client.open)
    await asyncio.to_thread(feed.client.subscribe, products, [channel])
    answer = json.loads(await feed.next_text())
    expect(answer.get("type"), "error", f"type of {answer}")
    ensure(text.lower() in str(answer.get("message", "")).lower(), f"{answer}")
    return json.dumps(answer)[:160]


async def user_without_keys() -> str:
    feed = await Feed().open([], ["heartbeats"])
    try:
        await asyncio.to_thread(feed.client.subscribe, [PRODUCT], ["user"])
    except Exception as error:
        expect(type(error).__name__, "AuthenticationError", "the library's refusal")
        return f"the library refuses: {error}"[:160]
    finally:
        await feed.close()
    raise AssertionError("user was subscribed without keys")


async def rest_products() -> str:
    client = rest()
    listed = await asyncio.to_thread(client.get_public_products)
    ids = {one.product_id for one in listed.products}
    ensure({"BTC-USD", "ETH-USD", "SOL-USD", "ADA-USD", "USDT-USD"} <= ids, f"products {ids}")
    one = await asyncio.to_thread(client.get_public_product, PRODUCT)
    expect(one.quote_increment, "0.01", "quote_increment")
    return f"{len(ids)} products over https with the market's own authority"


async def rest_book() -> str:
    """Hold the REST book against the engine's at about the same time."""
    client = rest()
    found = await asyncio.to_thread(client.get_public_product_book, PRODUCT, 50)
    shown = found.pricebook
    sides = [
        levels(
            (row["price"], row["size"]) if isinstance(row, dict) else (row.price, row.size)
            for row in side
        )
        for side in (shown.bids, shown.asks)
    ]
    at = nanoseconds(shown.time)
    sample = Sample(None, at, *sides)
    return await hold_once(MARKET, "coinbase", PRODUCT, sample, 50)


async def rest_candles() -> str:
    now = int(time.time())
    client = rest()
    counts = []
    for name, seconds in (("ONE_MINUTE", 60), ("FIVE_MINUTE", 300), ("ONE_HOUR", 3600)):
        found = await asyncio.to_thread(
            client.get_public_candles, PRODUCT, str(now - 50 * seconds), str(now), name
        )
        for one in found.candles:
            low, high = Decimal(one.low), Decimal(one.high)
            ensure(low <= Decimal(one.open) <= high and low <= Decimal(one.close) <= high, one)
        starts = [int(one.start) for one in found.candles]
        expect(starts, sorted(starts, reverse=True), "order of candles")
        counts.append(len(starts))
    return f"{counts} candles of three granularities"


async def rest_time() -> str:
    found = await asyncio.to_thread(rest().get_unix_time)
    ensure(abs(int(found.epoch_millis) - time.time() * 1000) < 5000, f"time {found}")
    return f"the venue's time is {found.iso}"


async def rest_refused(request: Callable[[RESTClient], Any], status_code: int, text: str) -> str:
    """Send a wrong request; the library raises HTTPError with the venue's answer."""
    await asyncio.sleep(0.15)  # ten public requests a second are allowed
    try:
        answer = await asyncio.to_thread(request, rest())
    except HTTPError as error:
        expect(error.response.status_code, status_code, f"status of {error.response.text}")
        ensure(text.lower() in error.response.text.lower(), f"{error.response.text}: {text}")
        return f"{error.response.status_code} {error.response.text}"[:160]
    raise AssertionError(f"answered: {str(answer.to_dict())[:200]}")


async def certificate_is_checked() -> str:
    """Leave the authority out: the library must refuse the front."""
    client = rest()
    client.session.trust_env = False
    try:
        await asyncio.to_thread(client.get_unix_time)
    except Exception as error:
        ensure("certificate" in str(error).lower(), f"{error}")
        return "without the market's authority the certificate is refused"
    raise AssertionError("an unknown authority was trusted")


async def plain_http() -> str:
    """Name a plain address: the library puts https before whatever it is given."""
    client = RESTClient(base_url=SETUP["coinbase"], timeout=3)
    try:
        await asyncio.to_thread(client.get_unix_time)
    except RequestException as error:
        url = error.request.url if error.request is not None else str(error)
        ensure(str(url).startswith("https://http"), f"{url}: {error}")
        raise KnownDefectError(
            "6.5: REST always prefixes https://; loopback needs TLS with a CA trusted via "
            "REQUESTS_CA_BUNDLE (the market's TLS front)"
        ) from None
    return "a plain address is asked as it is"


def _candles(client: RESTClient, **changed: str) -> Any:
    now = int(time.time())
    fields = {"start": str(now - 3600), "end": str(now), "granularity": "ONE_MINUTE"} | changed
    return client.get_public_candles(fields.pop("product", PRODUCT), **fields)


WRONG: dict[str, tuple[Callable[[RESTClient], Any], int, str]] = {
    "unknown-product": (lambda one: one.get_public_product("NOPE-USD"), 404, "not_found"),
    "unknown-book": (lambda one: one.get_public_product_book("NOPE-USD"), 404, "not_found"),
    "unknown-trades": (lambda one: one.get_public_market_trades("NOPE-USD", 5), 404, "not_found"),
    "unknown-candles": (lambda one: _candles(one, product="NOPE-USD"), 404, "not_found"),
    "bad-granularity": (lambda one: _candles(one, granularity="FORTNIGHT"), 400, "granularity"),
    "too-many-candles": (lambda one: _candles(one, start="1700000000"), 400, "350"),
    "bad-start": (lambda one: _candles(one, start="yesterday"), 400, "start"),
    "bad-limit": (
        lambda one: one.get(
            "/api/v3/brokerage/market/product_book",
            {"product_id": PRODUCT, "limit": "many"},
            public=True,
        ),
        400,
        "limit",
    ),
    "no-product": (
        lambda one: one.get("/api/v3/brokerage/market/product_book", public=True),
        400,
        "product_id",
    ),
    "no-keys": (lambda one: one.get("/api/v3/brokerage/accounts", public=True), 401, ""),
}


async def body() -> Results:
    results = Results("coinbase-advanced-py")
    await results.run("rest:products", rest_products)
    await results.run("rest:book", rest_book)
    await results.run("rest:candles", rest_candles)
    await results.run("rest:time", rest_time)
    await results.run("rest:certificate", certificate_is_checked)
    await results.run("rest:plain-http", plain_http)
    await asyncio.gather(
        results.run("ws:book:BTC", lambda: book(PRODUCT), LONG),
        results.run("ws:book:ADA", lambda: book("ADA-USD"), LONG),
        results.run("ws:trades", trades, LONG),
        results.run("ws:candles", candles, LONG),
        results.run("ws:ticker", ticker, LONG),
        results.run("ws:heartbeats", heartbeats),
        results.run("ws:status", status),
        results.run("ws:unsubscribe", unsubscribed),
        results.run("ws:alias-USDC", alias),
        results.run("ws:subscribe-deadline", deadline),
        results.run("ws:fault:cut", cut_connection),
        results.run("ws:wrong:user-without-keys", user_without_keys),
    )
    for name, (request, code, text) in WRONG.items():
        await results.run(
            f"rest:wrong:{name}",
            lambda request=request, code=code, text=text: rest_refused(request, code, text),
        )
    for name, products, channel in (
        ("unknown-channel", [PRODUCT], "level9"),
        ("unknown-product", ["NOPE-USD"], "level2"),
    ):
        await results.run(
            f"ws:wrong:{name}",
            lambda products=products, channel=channel: refused_channel(products, channel, ""),
        )
    return results


if __name__ == "__main__":
    main(body)
