"""Orders of every type on Binance spot, through whichever client: the checks they share.

A client is handed in as a `Desk`. Amounts are Decimal throughout, and balances must come out
equal to the last unit: what was held, plus and minus each fill, less each commission.
Standard library only.
"""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import ROUND_DOWN, Decimal
from typing import Any, NamedTuple, Protocol

from local_market import Keys, Levels, LocalMarket
from results import Results, ensure, expect

Raw = dict[str, Any]
UNIT = Decimal("1e-8")
PLENTY = {"base": Decimal(2_000_000), "quote": Decimal(900_000_000)}
PATIENCE = 6


class RefusedError(Exception):
    """Carry what the venue answered to a wrong request, as the client told it."""

    def __init__(self, code: int, text: str, kind: str) -> None:
        super().__init__(f"{code} {text} ({kind})")
        self.code = code
        self.text = text
        self.kind = kind


class Desk(Protocol):
    """Be one account behind one client; fields and answers are those of Binance's own API.

    Every method raises `RefusedError` where the venue refuses.
    """

    async def place(self, **fields: str) -> Raw: ...
    async def place_test(self, **fields: str) -> Raw: ...
    async def query(self, symbol: str, order_id: int) -> Raw: ...
    async def cancel(self, symbol: str, order_id: int) -> Raw: ...
    async def open_orders(self, symbol: str) -> list[Raw]: ...
    async def trades(self, symbol: str) -> list[Raw]: ...
    async def account(self) -> Raw: ...
    async def depth(self, symbol: str) -> tuple[Levels, Levels]: ...
    async def close(self) -> None: ...


OpenDesk = Callable[[Keys], Awaitable[Desk]]


class Pair(NamedTuple):
    """Describe the traded symbol."""

    symbol: str
    base: str
    quote: str
    tick: Decimal
    lot: Decimal
    most: Decimal
    """Largest quantity of one order."""

    def price(self, value: Decimal) -> str:
        """Return a price rounded down to the tick, as plain text."""
        return f"{value // self.tick * self.tick:f}"

    def lots(self, value: Decimal) -> str:
        """Return a quantity rounded down to the lot, as plain text."""
        return f"{value // self.lot * self.lot:f}"


def pair_of(info: Raw) -> Pair:
    """Read a pair from its entry in exchangeInfo."""
    filters = {one["filterType"]: one for one in info["filters"]}
    return Pair(
        info["symbol"],
        info["baseAsset"],
        info["quoteAsset"],
        Decimal(filters["PRICE_FILTER"]["tickSize"]).normalize(),
        Decimal(filters["LOT_SIZE"]["stepSize"]).normalize(),
        Decimal(filters["LOT_SIZE"]["maxQty"]),
    )


class Trader:
    """Trade one pair from a fresh account, and hold the balances against every fill."""

    def __init__(self, desk: Desk, buyer: Desk, seller: Desk, pair: Pair) -> None:
        """Take the desk under test, and two accounts that move the market for it."""
        self.desk = desk
        self.buyer = buyer
        self.seller = seller
        self.pair = pair

    async def top(self) -> tuple[Decimal, Decimal]:
        """Return the best bid and ask."""
        bids, asks = await self.desk.depth(self.pair.symbol)
        return bids[0][0], asks[0][0]

    async def size(self) -> str:
        """Return a quantity worth about 40 in quote."""
        bid, _ = await self.top()
        return self.pair.lots(Decimal(40) / bid + self.pair.lot)

    async def place(self, kind: str, side: str, **fields: str) -> Raw:
        """Place an order of the pair."""
        if kind.endswith("LIMIT"):
            fields.setdefault("timeInForce", "GTC")
        return await self.desk.place(symbol=self.pair.symbol, side=side, type=kind, **fields)

    async def settled(self) -> str:
        """Check every balance against the fills; return how many there were."""
        account = await self.desk.account()
        trades = await self.desk.trades(self.pair.symbol)
        orders = await self.desk.open_orders(self.pair.symbol)
        check_balances(self.pair, account, trades, orders)
        return f"{len(trades)} fills, balances equal to the last unit"

    async def final(self, order_id: int, status: str = "FILLED") -> Raw:
        """Return the order once it is in a status; the last state decides."""
        order = await self.desk.query(self.pair.symbol, order_id)
        for _ in range(30):
            if order["status"] == status:
                break
            await asyncio.sleep(0.1)
            order = await self.desk.query(self.pair.symbol, order_id)
        expect(order["status"], status, f"status of {order['type']}")
        return order


def check_balances(pair: Pair, account: Raw, trades: list[Raw], orders: list[Raw]) -> None:
    """Raise unless each balance is exactly what the fills make of what was given."""
    rates = {name: Decimal(rate) for name, rate in account["commissionRates"].items()}
    held = {pair.base: PLENTY["base"], pair.quote: PLENTY["quote"]}
    for trade in trades:
        price, lots, cash = (Decimal(trade[name]) for name in ("price", "qty", "quoteQty"))
        fee = Decimal(trade["commission"])
        sign = 1 if trade["isBuyer"] else -1
        expect(cash, price * lots, "quoteQty of a fill")
        got, asset = (lots, pair.base) if trade["isBuyer"] else (cash, pair.quote)
        rate = rates["maker" if trade["isMaker"] else "taker"]
        expect(trade["commissionAsset"], asset, "commission asset")
        expect(fee, (got * rate).quantize(UNIT, ROUND_DOWN), f"commission at {rate} of {got}")
        held[pair.base] += sign * lots
        held[pair.quote] -= sign * cash
        held[asset] -= fee
    locked = {pair.base: Decimal(0), pair.quote: Decimal(0)}
    for order in orders:
        left = Decimal(order["origQty"]) - Decimal(order["executedQty"])
        if order["side"] == "SELL":
            locked[pair.base] += left
        else:
            locked[pair.quote] += left * Decimal(order["price"])
    found = {one["asset"]: one for one in account["balances"]}
    for asset, total in held.items():
        free, kept = Decimal(found[asset]["free"]), Decimal(found[asset]["locked"])
        expect(kept, locked[asset], f"locked {asset}")
        expect(free + kept, total, f"total {asset}")


def check_fills(order: Raw) -> None:
    """Raise unless the fills of a FULL answer add up to its totals."""
    fills = order["fills"]
    quantity = sum((Decimal(one["qty"]) for one in fills), Decimal(0))
    cash = sum((Decimal(one["qty"]) * Decimal(one["price"]) for one in fills), Decimal(0))
    expect(quantity, Decimal(order["executedQty"]), "executedQty against fills")
    expect(cash, Decimal(order["cummulativeQuoteQty"]), "cummulativeQuoteQty against fills")


async def _rest_query_cancel(trader: Trader, kind: str, side: str, **fields: str) -> None:
    """Place an order that rests or waits, query it, find it open, cancel it, query it again."""
    symbol = trader.pair.symbol
    placed = await trader.place(kind, side, **fields)
    order_id = int(placed["orderId"])
    found = await trader.desk.query(symbol, order_id)
    expect(found["status"], "NEW", f"status of a resting {kind}")
    expect(found["type"], kind, "type")
    expect(Decimal(found["origQty"]), Decimal(fields["quantity"]), "origQty")
    for name in ("price", "stopPrice"):
        if name in fields:
            expect(Decimal(found[name]), Decimal(fields[name]), name)
    open_ids = [int(one["orderId"]) for one in await trader.desk.open_orders(symbol)]
    ensure(order_id in open_ids, f"{kind} not among the open orders")
    if not kind.startswith(("STOP", "TAKE")):
        await trader.settled()
    gone = await trader.desk.cancel(symbol, order_id)
    expect(gone["status"], "CANCELED", "status in the answer to a cancel")
    found = await trader.desk.query(symbol, order_id)
    expect(found["status"], "CANCELED", "status after the cancel")
    await trader.settled()


async def limit(trader: Trader) -> str:
    """LIMIT GTC: rest, query, cancel; then take."""
    size = await trader.size()
    bid, ask = await trader.top()
    away = trader.pair.price(bid * Decimal("0.9"))
    await _rest_query_cancel(trader, "LIMIT", "BUY", quantity=size, price=away)
    away = trader.pair.price(ask * Decimal("1.1"))
    await _rest_query_cancel(trader, "LIMIT", "SELL", quantity=size, price=away)
    for side, factor in (("BUY", "1.02"), ("SELL", "0.98")):
        price = trader.pair.price((await trader.top())[0] * Decimal(factor))
        done = await trader.place("LIMIT", side, quantity=size, price=price)
        expect(done["status"], "FILLED", "status of a LIMIT that crosses")
        check_fills(done)
    return await trader.settled()


async def limit_ioc(trader: Trader) -> str:
    """LIMIT IOC: what cannot fill at once expires."""
    size = await trader.size()
    bid, ask = await trader.top()
    far = trader.pair.price(bid * Decimal("0.9"))
    done = await trader.place("LIMIT", "BUY", quantity=size, price=far, timeInForce="IOC")
    expect(done["status"], "EXPIRED", "status of an IOC away from the market")
    expect(Decimal(done["executedQty"]), Decimal(0), "executedQty of it")
    near = trader.pair.price(ask * Decimal("1.02"))
    done = await trader.place("LIMIT", "BUY", quantity=size, price=near, timeInForce="IOC")
    expect(done["status"], "FILLED", "status of an IOC across the market")
    check_fills(done)
    return await trader.settled()


async def limit_fok(trader: Trader) -> str:
    """LIMIT FOK: all or nothing."""
    bid, ask = await trader.top()
    price = trader.pair.price(ask * Decimal("1.02"))
    far = trader.pair.price(bid * Decimal("0.9"))
    size = await trader.size()
    done = await trader.place("LIMIT", "BUY", quantity=size, price=far, timeInForce="FOK")
    expect(done["status"], "EXPIRED", "status of a FOK that cannot fill")
    done = await trader.place("LIMIT", "BUY", quantity=size, price=price, timeInForce="FOK")
    expect(done["status"], "FILLED", "status of a FOK that can fill")
    check_fills(done)
    return await trader.settled()


async def market(trader: Trader) -> str:
    """MARKET by quantity: buy and sell."""
    size = await trader.size()
    for side in ("BUY", "SELL"):
        done = await trader.place("MARKET", side, quantity=size)
        expect(done["status"], "FILLED", "status of a MARKET order")
        expect(Decimal(done["executedQty"]), Decimal(size), "executedQty")
        check_fills(done)
        found = await trader.desk.query(trader.pair.symbol, int(done["orderId"]))
        expect(found["status"], "FILLED", "status when queried")
    return await trader.settled()


async def market_quote(trader: Trader) -> str:
    """MARKET by quoteOrderQty: spends at most what was given, and less than one lot is left."""
    for side in ("BUY", "SELL"):
        done = await trader.place("MARKET", side, quoteOrderQty="55")
        expect(done["status"], "FILLED", "status of a MARKET order by quote quantity")
        check_fills(done)
        spent = Decimal(done["cummulativeQuoteQty"])
        step = trader.pair.lot * max(Decimal(one["price"]) for one in done["fills"])
        ensure(abs(Decimal(55) - spent) <= step, f"{side} of 55 made {spent}, step {step}")
    return await trader.settled()


async def limit_maker(trader: Trader) -> str:
    """LIMIT_MAKER: rest, query, cancel; refused when it would take; filled as the maker."""
    size = await trader.size()
    bid, ask = await trader.top()
    away = trader.pair.price(bid * Decimal("0.9"))
    await _rest_query_cancel(trader, "LIMIT_MAKER", "BUY", quantity=size, price=away)
    crossing = trader.pair.price(ask * Decimal("1.02"))
    await refused(
        trader.place("LIMIT_MAKER", "BUY", quantity=size, price=crossing),
        -2010,
        "immediately match and take",
    )
    for _ in range(PATIENCE):
        if await _filled_as_maker(trader, size):
            trades = await trader.desk.trades(trader.pair.symbol)
            ensure(all(one["isMaker"] for one in trades), "a LIMIT_MAKER was filled as taker")
            return await trader.settled()
    raise AssertionError("the LIMIT_MAKER was never filled")


async def _filled_as_maker(trader: Trader, size: str) -> bool:
    """Post at the best bid and let another account sell through it."""
    bid, _ = await trader.top()
    price = trader.pair.price(bid)
    try:
        placed = await trader.place("LIMIT_MAKER", "BUY", quantity=size, price=price)
    except RefusedError as error:
        expect(error.code, -2010, "refusal of a LIMIT_MAKER when the market moved")
        return False
    await sweep(trader, Decimal(price))
    order = await trader.desk.query(trader.pair.symbol, int(placed["orderId"]))
    if order["status"] == "FILLED":
        return True
    await trader.desk.cancel(trader.pair.symbol, int(placed["orderId"]))
    return False


async def sweep(trader: Trader, down_to: Decimal) -> None:
    """Sell every bid down to a price."""
    bids, _ = await trader.desk.depth(trader.pair.symbol)
    left = 2 * sum((size for price, size in bids if price >= down_to), trader.pair.lot * 1000)
    while left > 0:
        await trader.seller.place(
            symbol=trader.pair.symbol,
            side="SELL",
            type="LIMIT",
            timeInForce="IOC",
            quantity=trader.pair.lots(min(left, trader.pair.most)),
            price=trader.pair.price(down_to),
        )
        left -= trader.pair.most


async def _conditional(trader: Trader, kind: str, side: str, limit_factor: str) -> str:
    """Wait below the market: query and cancel one order; trade the market down to another."""
    size = await trader.size()
    with_price = kind.endswith("LIMIT")
    bid, _ = await trader.top()
    fields = {"quantity": size, "stopPrice": trader.pair.price(bid * Decimal("0.9"))}
    if with_price:
        fields["price"] = trader.pair.price(bid * Decimal("0.89"))
    await _rest_query_cancel(trader, kind, side, **fields)
    for _ in range(PATIENCE):
        # A stop is held against the last trade: make that one at the market as it is now.
        await trader.seller.place(
            symbol=trader.pair.symbol, side="BUY", type="MARKET", quantity=size
        )
        bid, _ = await trader.top()
        stop = trader.pair.price(bid - 2 * trader.pair.tick)
        fields["stopPrice"] = stop
        if with_price:
            fields["price"] = trader.pair.price(Decimal(stop) * Decimal(limit_factor))
        try:
            placed = await trader.place(kind, side, **fields)
        except RefusedError as error:
            expect((error.code, "trigger" in error.text), (-2010, True), str(error))
            continue
        order = await _triggered(trader, Decimal(stop), int(placed["orderId"]))
        expect(Decimal(order["executedQty"]), Decimal(size), "executedQty")
        return await trader.settled()
    raise AssertionError(f"the {kind} would always trigger at once")


async def _triggered(trader: Trader, stop: Decimal, order_id: int) -> Raw:
    """Let one account bid at the stop and another one sell down to it, until that triggers."""
    symbol, price = trader.pair.symbol, trader.pair.price(stop)
    bid = {"symbol": symbol, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "price": price}
    for _ in range(PATIENCE):
        await trader.buyer.place(**bid, quantity=trader.pair.lots(Decimal(40) / stop))
        await sweep(trader, stop)
        order = await trader.desk.query(symbol, order_id)
        if order["status"] == "FILLED":
            return order
    return await trader.final(order_id)


async def stop_loss(trader: Trader) -> str:
    """STOP_LOSS, selling below the market."""
    return await _conditional(trader, "STOP_LOSS", "SELL", "1")


async def stop_loss_limit(trader: Trader) -> str:
    """STOP_LOSS_LIMIT, selling below the market."""
    return await _conditional(trader, "STOP_LOSS_LIMIT", "SELL", "0.97")


async def take_profit(trader: Trader) -> str:
    """TAKE_PROFIT, buying below the market."""
    return await _conditional(trader, "TAKE_PROFIT", "BUY", "1")


async def take_profit_limit(trader: Trader) -> str:
    """TAKE_PROFIT_LIMIT, buying below the market."""
    return await _conditional(trader, "TAKE_PROFIT_LIMIT", "BUY", "1.03")


async def test_order(trader: Trader) -> str:
    """Test an order: nothing is placed, nothing moves."""
    answer = await trader.desk.place_test(
        symbol=trader.pair.symbol, side="BUY", type="MARKET", quantity=await trader.size()
    )
    expect(answer, {}, "answer to a test order")
    expect(await trader.desk.open_orders(trader.pair.symbol), [], "open orders")
    return await trader.settled()


ORDER_CHECKS: dict[str, Callable[[Trader], Awaitable[str]]] = {
    "order:LIMIT": limit,
    "order:LIMIT-IOC": limit_ioc,
    "order:LIMIT-FOK": limit_fok,
    "order:MARKET": market,
    "order:MARKET-quoteOrderQty": market_quote,
    "order:LIMIT_MAKER": limit_maker,
    "order:STOP_LOSS": stop_loss,
    "order:STOP_LOSS_LIMIT": stop_loss_limit,
    "order:TAKE_PROFIT": take_profit,
    "order:TAKE_PROFIT_LIMIT": take_profit_limit,
    "order:test": test_order,
}


async def refused(request: Awaitable[Any], code: int, text: str) -> RefusedError:
    """Return the refusal; raise AssertionError when there is none, or another one."""
    try:
        answer = await request
    except RefusedError as error:
        if error.code != code or text.lower() not in error.text.lower():
            raise AssertionError(f"got {error}, expected {code} {text!r}") from error
        return error
    raise AssertionError(f"expected {code} {text!r}, got {str(answer)[:200]}")


def fresh(market_: LocalMarket, pair: Pair, kind: str = "hmac") -> Keys:
    """Open an account with plenty of both assets."""
    return market_.account({pair.base: PLENTY["base"], pair.quote: PLENTY["quote"]}, kind)


async def check_orders(
    results: Results, market_: LocalMarket, pair: Pair, open_desk: OpenDesk, prefix: str = ""
) -> None:
    """Run every order check, each on a fresh account."""
    buyer = await open_desk(fresh(market_, pair))
    seller = await open_desk(fresh(market_, pair))
    for feature, check in ORDER_CHECKS.items():

        async def body(check: Callable[[Trader], Awaitable[str]] = check) -> str:
            desk = await open_desk(fresh(market_, pair))
            try:
                return await check(Trader(desk, buyer, seller, pair))
            finally:
                await desk.close()

        await results.run(prefix + feature, body)
    await buyer.close()
    await seller.close()


class Wrong(NamedTuple):
    """Hold one wrong request and the documented answer."""

    name: str
    request: Callable[[Desk, Pair, Decimal], Awaitable[Any]]
    code: int
    text: str


def _limit(pair: Pair, near: Decimal, /, **changed: str) -> dict[str, str]:
    """Return a sound LIMIT order away from the market, with some fields changed."""
    fields = {
        "symbol": pair.symbol,
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": pair.lots(Decimal(40) / near + pair.lot),
        "price": pair.price(near * Decimal("0.9")),
    }
    fields.update(changed)
    return {key: value for key, value in fields.items() if value}


WRONG_REQUESTS = (
    Wrong(
        "bad-symbol",
        lambda desk, pair, price: desk.place(**_limit(pair, price, symbol="NOPEUSDT")),
        -1121,
        "Invalid symbol.",
    ),
    Wrong(
        "LOT_SIZE",
        lambda desk, pair, price: desk.place(
            **_limit(pair, price, quantity=f"{pair.lot * 1000 + pair.lot / 2:f}")
        ),
        -1013,
        "Filter failure: LOT_SIZE",
    ),
    Wrong(
        "PRICE_FILTER",
        lambda desk, pair, price: desk.place(
            **_limit(pair, price, price=f"{Decimal(pair.price(price)) + pair.tick / 2:f}")
        ),
        -1013,
        "Filter failure: PRICE_FILTER",
    ),
    Wrong(
        "NOTIONAL",
        lambda desk, pair, price: desk.place(**_limit(pair, price, quantity=f"{pair.lot:f}")),
        -1013,
        "Filter failure: NOTIONAL",
    ),
    Wrong(
        "PERCENT_PRICE_BY_SIDE",
        lambda desk, pair, price: desk.place(
            **_limit(pair, price, price=pair.price(price / 100), quantity=pair.lots(9000 / price))
        ),
        -1013,
        "Filter failure: PERCENT_PRICE_BY_SIDE",
    ),
    Wrong(
        "insufficient-balance",
        lambda desk, pair, price: desk.place(
            **_limit(pair, price, quantity=pair.lots(Decimal(500_000) / price))
        ),
        -2010,
        "Account has insufficient balance for requested action.",
    ),
    Wrong(
        "cancel-unknown-order",
        lambda desk, pair, price: desk.cancel(pair.symbol, 999_999_999_999),
        -2011,
        "Unknown order sent.",
    ),
    Wrong(
        "query-unknown-order",
        lambda desk, pair, price: desk.query(pair.symbol, 999_999_999_999),
        -2013,
        "Order does not exist.",
    ),
    Wrong(
        "parameter-missing",
        lambda desk, pair, price: desk.place(**_limit(pair, price, price="")),
        -1102,
        "Mandatory parameter 'price' was not sent, was empty/null, or malformed.",
    ),
    Wrong(
        "too-much-precision",
        lambda desk, pair, price: desk.place(**_limit(pair, price, price="1.1234567890")),
        -1111,
        "too much precision",
    ),
    Wrong(
        "illegal-characters",
        lambda desk, pair, price: desk.place(**_limit(pair, price, quantity="1e-05")),
        -1100,
        "Illegal characters found in parameter 'quantity'",
    ),
    Wrong(
        "bad-side",
        lambda desk, pair, price: desk.place(**_limit(pair, price, side="HOLD")),
        -1117,
        "Invalid side.",
    ),
    Wrong(
        "not-required",
        lambda desk, pair, price: desk.place(
            symbol=pair.symbol, side="BUY", type="MARKET", quantity="1", timeInForce="GTC"
        ),
        -1106,
        "Parameter 'timeInForce' sent when not required.",
    ),
)


class OpenWrong(Protocol):
    """Open a desk whose requests are signed for another time."""

    async def __call__(self, keys: Keys, *, late_ms: int) -> Desk: ...


async def check_refusals(
    results: Results,
    market_: LocalMarket,
    pair: Pair,
    open_desk: OpenDesk,
    open_late: OpenWrong,
    prefix: str = "",
    skip: tuple[str, ...] = (),
) -> None:
    """Send each wrong request and meet its documented error; no balance may move."""
    keys = market_.account({pair.base: Decimal(10), pair.quote: Decimal(1000)})
    desk = await open_desk(keys)
    bids, _ = await desk.depth(pair.symbol)
    price = bids[0][0]
    before = (await desk.account())["balances"]

    async def one(wrong: Wrong) -> str:
        return str(await refused(wrong.request(desk, pair, price), wrong.code, wrong.text))

    async def signed_by(wrong_keys: Keys, code: int, text: str, late_ms: int = 0) -> str:
        stranger = await open_late(wrong_keys, late_ms=late_ms)
        try:
            return str(await refused(stranger.account(), code, text))
        finally:
            await stranger.close()

    for wrong in WRONG_REQUESTS:
        if wrong.name not in skip:
            await results.run(f"{prefix}wrong:{wrong.name}", lambda wrong=wrong: one(wrong))
    bad_secret = keys._replace(secret="x" * len(keys.secret))
    bad_key = keys._replace(key="Z" * len(keys.key))
    placeholder = keys._replace(key="YOUR_API_KEY")
    outside = "Timestamp for this request is outside of the recvWindow."
    ahead = "Timestamp for this request was 1000ms ahead of the server's time."
    by = signed_by
    signatures: dict[str, Callable[[], Awaitable[str]]] = {
        "bad-signature": lambda: by(bad_secret, -1022, "Signature for this request is not valid."),
        "bad-api-key": lambda: by(
            bad_key, -2015, "Invalid API-key, IP, or permissions for action."
        ),
        "api-key-format": lambda: by(placeholder, -2014, "API-key format invalid."),
        "stale-timestamp": lambda: by(keys, -1021, outside, late_ms=60_000),
        "timestamp-ahead": lambda: by(keys, -1021, ahead, late_ms=-60_000),
    }
    for name, check in signatures.items():
        if name not in skip:
            await results.run(f"{prefix}wrong:{name}", check)

    async def unmoved() -> str:
        expect((await desk.account())["balances"], before, "balances after the wrong requests")
        return "no balance moved"

    await results.run(f"{prefix}wrong:nothing-moved", unmoved)
    await desk.close()
