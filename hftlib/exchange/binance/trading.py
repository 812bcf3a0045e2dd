"""Orders on Binance spot: place, test, cancel, cancel-replace, amend; one for REST and sockets.

Every function takes a call and returns what the venue answers, or raises BinanceError. The
market stands at the time of the call, and what an order caused is settled with the accounts
before the answer is written.
"""

import hashlib
from collections.abc import Callable
from typing import Final, NamedTuple, TypeVar

import msgspec

from hftlib.core.venue import BINANCE
from hftlib.exchange.account_order import (
    TRIGGERED_KINDS,
    AccountOrder,
    Status,
    base_units,
    quote_units,
)
from hftlib.exchange.accounts import Account, Accounts
from hftlib.exchange.binance.filters import MAX_NUM_ORDER_AMENDS, Average, filters_of
from hftlib.exchange.binance.limits import Limits
from hftlib.exchange.binance.new_order import NewOrder, read_order
from hftlib.exchange.binance.order_answers import (
    Json,
    acknowledgement,
    amended,
    cancelled,
    discount,
    full_result,
    maker_and_taker,
    result,
)
from hftlib.exchange.binance.parameters import Parameters, either_missing
from hftlib.exchange.binance.refusal import BinanceError
from hftlib.exchange.book_feed import BookFeed
from hftlib.exchange.floor import TradingFloor
from hftlib.exchange.funds import collar_ticks, market_buy_cash, market_sell_lots
from hftlib.exchange.messages import Response
from hftlib.exchange.settlement import Execution, Settled, Settlement
from hftlib.market.orders import NO_PRICE, BookSide, Order, OrderKind, Refusal, TimeInForce
from hftlib.market.script import Fee

Result = TypeVar("Result")

_LETTERS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID_LENGTH: Final = 22
_REFUSALS: Final = {
    Refusal.WOULD_TAKE: (-2010, "Order would immediately match and take.", 400),
    Refusal.WOULD_TRIGGER: (-2010, "Order would trigger immediately.", 400),
    Refusal.NO_LIQUIDITY: (
        -2010,
        "Order book liquidity is less than symbol minimum quantity.",
        400,
    ),
    Refusal.BAD_QUANTITY: (
        -2010,
        "Order book liquidity is less than `LOT_SIZE` filter minimum quantity.",
        400,
    ),
    Refusal.HALTED: (-2010, "Market is closed.", 400),
    Refusal.BOOK_FULL: (
        -1008,
        "Server is currently overloaded with other requests. Please try again in a few minutes.",
        503,
    ),
}
_CAPPED_KINDS: Final = {
    OrderKind.STOP_LOSS: OrderKind.STOP_LOSS_LIMIT,
    OrderKind.TAKE_PROFIT: OrderKind.TAKE_PROFIT_LIMIT,
}
_RESTRICTED: Final = {
    "ONLY_NEW": Status.NEW,
    "ONLY_PARTIALLY_FILLED": Status.PARTIALLY_FILLED,
}


class Call(NamedTuple):
    """Hold one signed request: whose it is, its parameters, the time, and how times are told."""

    account: Account
    given: Parameters
    now_ns: int
    unit_ns: int


class ReplaceError(BinanceError):
    """Refuse a cancel-replace, telling what became of its two halves."""

    def __init__(self, code: int, text: str, status: int, data: Json) -> None:
        super().__init__(code, text, status)
        self.data = data

    def response(self) -> Response:
        """Return the refusal as an HTTP answer."""
        body = {"code": self.code, "msg": self.text, "data": self.data}
        return Response(self.status, msgspec.json.encode(body), self.headers)


class Trading:
    """Carry out what accounts ask for on the spot books."""

    def __init__(
        self,
        floor: TradingFloor,
        accounts: Accounts,
        limits: Limits,
        rates: Callable[[], Fee],
    ) -> None:
        """Trade on `floor` for `accounts`, at the fee `rates` of the moment."""
        self.rates = rates
        self.listeners: list[Callable[[Execution], None]] = []
        self.settled: list[Settled] = []
        self._floor = floor
        self._limits = limits
        self._feeds = {
            symbol: feed for (venue, symbol), feed in floor.feeds.items() if venue == BINANCE
        }
        self._settlement = Settlement(accounts, rates, self._told, self._tell_settled)
        self._next_id = 0
        for feed in self._feeds.values():
            feed.settle = self._settlement.settle

    # Operations.

    def place(self, call: Call) -> Json:
        """Place an order."""
        self._limits.check_orders(call.account.owner, call.now_ns)
        feed = self.feed_of(call)
        return self._send(call, feed, self._checked(call, feed))

    def test(self, call: Call) -> Json:
        """Check an order as far as can be without placing it."""
        self._checked(call, self.feed_of(call))
        if not call.given.flag("computeCommissionRates"):
            return {}
        none = maker_and_taker(Fee(0, 0))
        return {
            "standardCommissionForOrder": maker_and_taker(self.rates()),
            "specialCommissionForOrder": none,
            "taxCommissionForOrder": none,
            "discount": discount(),
        }

    def cancel(self, call: Call) -> Json:
        """Cancel an order."""
        given = call.given
        order = self._live_order(call, "orderId", "origClientOrderId")
        return self._cancel(call, order, given.text("newClientOrderId"))

    def cancel_all(self, call: Call) -> list[Json]:
        """Cancel every order of a symbol."""
        feed = self.feed_of(call)
        orders = call.account.live_orders(feed.listing.symbol)
        if not orders:
            raise _unknown_order()
        cancel_id = self._new_id()
        return [self._cancel(call, one, cancel_id) for one in orders]

    def cancel_replace(self, call: Call) -> Json:
        """Cancel an order and place another one, which is checked before."""
        given = call.given
        if "cancelOrderId" not in given and "cancelOrigClientOrderId" not in given:
            raise either_missing("cancelOrigClientOrderId", "cancelOrderId")
        feed = self.feed_of(call)
        new = self._checked(call, feed)
        refused = self._order_limit(call)
        if refused and given.text("orderRateLimitExceededMode") != "CANCEL_ONLY":
            raise refused
        cancelled_order = self._attempt(lambda: self._cancel_replaced(call))
        stops = given.texts["cancelReplaceMode"] == "STOP_ON_FAILURE"
        if isinstance(cancelled_order, BinanceError) and stops:
            self._limits.count_order(call.account.owner, call.now_ns)
            raise _replace_failed(cancelled_order, None)
        placed: Json | BinanceError | None = refused
        if placed is None:
            placed = self._attempt(lambda: self._send(call, feed, new))
        if isinstance(cancelled_order, BinanceError) or isinstance(placed, BinanceError):
            raise _replace_failed(cancelled_order, placed)
        return {
            "cancelResult": "SUCCESS",
            "newOrderResult": "SUCCESS",
            "cancelResponse": cancelled_order,
            "newOrderResponse": placed,
        }

    def amend(self, call: Call) -> Json:
        """Make an order smaller where it stands."""
        given = call.given
        order = self._live_order(call, "orderId", "origClientOrderId", -2038)
        feed = self.feed_of(call)
        lots = filters_of(feed.listing).lots(given.units("newQty") or 0)
        if len(order.amendments) >= MAX_NUM_ORDER_AMENDS:
            raise BinanceError(-2038, "Filter failure: MAX_NUM_ORDER_AMENDS")
        if lots == order.quantity:
            raise BinanceError(-2038, "The requested action would change no state; rejecting")
        if lots > order.quantity:
            raise BinanceError(-2038, "Order amend (quantity increase) is not supported.")
        self._check_amended_worth(order, lots)
        original, new_id = order.client_id, given.text("newClientOrderId") or self._new_id()
        if new_id != original:
            self._refuse_duplicate(call, feed, new_id)
        answer = feed.book.amend(call.account.owner, order.order_id, lots, self._now(call))
        if answer < 0:
            raise _too_small() if answer == -Refusal.BAD_QUANTITY else _refused(answer)
        order.client_id, order.cancel_id = new_id, original
        feed.drain()
        return amended(order, call.unit_ns)

    def cancel_orders_of(self, account: Account, now_ns: int) -> None:
        """Cancel all that an account has in the books."""
        self._floor.act(now_ns)
        call = Call(account, Parameters({}), now_ns, 1)
        for order in account.live_orders():
            self._cancel(call, order, None)

    # What the operations, and the queries, share.

    def feed_of(self, call: Call) -> BookFeed:
        """Return the feed of the call's symbol. Raises BinanceError."""
        feed = self._feeds.get(call.given.texts["symbol"])
        if feed is None:
            raise BinanceError(-1121, "Invalid symbol.")
        return feed

    def found(self, call: Call, id_name: str, client_id_name: str) -> AccountOrder | None:
        """Return the order that one of two parameters names, None when there is none."""
        feed = self.feed_of(call)
        symbol, order_id = feed.listing.symbol, call.given.whole(id_name)
        client_id = call.given.text(client_id_name)
        if order_id is not None:
            order = call.account.order(symbol, order_id)
            if order is not None and client_id not in (None, order.client_id):
                raise BinanceError(-2039, "Client order ID is not correct for this order ID.")
            return order
        if client_id is None:
            raise either_missing(client_id_name, id_name)
        return call.account.by_client_id(symbol, client_id)

    def _checked(self, call: Call, feed: BookFeed) -> NewOrder:
        average = Average(*feed.data.average(self._now(call)))
        order = read_order(feed.listing, call.given, average)
        live = call.account.live_orders(feed.listing.symbol)
        filters_of(feed.listing).check_count(live, order.kind)
        return order

    def _send(self, call: Call, feed: BookFeed, new: NewOrder) -> Json:
        """Place an order that has passed all filters."""
        account = call.account
        if new.client_id is not None:
            self._refuse_duplicate(call, feed, new.client_id)
        lock_ticks = _lock_ticks(new)
        units = self._locked_units(account, feed, new, lock_ticks)
        order_id = feed.book.place(_engine_order(account.owner, new, lock_ticks), self._now(call))
        if order_id < 0:
            raise _refused(order_id)
        order = _followed(new, order_id, new.client_id or self._new_id(), self._now(call))
        order.lock_ticks = lock_ticks
        account.open(order)
        self._settlement.lock(account, order, units)
        self._limits.count_order(account.owner, call.now_ns)
        feed.drain()
        return _answered(account, order, new.answer, call.unit_ns)

    def _locked_units(
        self, account: Account, feed: BookFeed, new: NewOrder, lock_ticks: int
    ) -> int:
        """Return what an order locks. Raises BinanceError when it is not there.

        A market order ends before anybody can look, so it may lock all there is.
        """
        is_buy, instrument = new.side == BookSide.BID, feed.listing.instrument
        free = account.balance(instrument.quote if is_buy else instrument.base).free
        needed = _needed_units(account, feed, new, lock_ticks)
        if needed > free:
            raise BinanceError(-2010, "Account has insufficient balance for requested action.")
        return free if new.kind == OrderKind.MARKET else needed

    def _live_order(
        self, call: Call, id_name: str, client_id_name: str, code: int = -2011
    ) -> AccountOrder:
        """Return the live order that a call names. Raises BinanceError."""
        client_id = call.given.text(client_id_name)
        if id_name not in call.given and client_id is not None:
            symbol = self.feed_of(call).listing.symbol
            order = call.account.live_by_client_id(symbol, client_id)
        else:
            order = self.found(call, id_name, client_id_name)
        if order is None or not order.is_live:
            raise _unknown_order(code)
        return order

    def _cancel_replaced(self, call: Call) -> Json:
        order = self._live_order(call, "cancelOrderId", "cancelOrigClientOrderId")
        return self._cancel(call, order, call.given.text("cancelNewClientOrderId"))

    def _cancel(self, call: Call, order: AccountOrder, cancel_id: str | None) -> Json:
        wanted = call.given.text("cancelRestrictions")
        if wanted is not None and order.status != _RESTRICTED[wanted]:
            raise BinanceError(-2011, "Order was not canceled due to cancel restrictions.")
        feed = self._feeds[order.listing.symbol]
        order.cancel_id = cancel_id or self._new_id()
        feed.book.cancel(call.account.owner, order.order_id, self._now(call))
        feed.drain()
        return cancelled(order, call.unit_ns)

    def _order_limit(self, call: Call) -> BinanceError | None:
        refused = self._attempt(lambda: self._limits.check_orders(call.account.owner, call.now_ns))
        return refused if isinstance(refused, BinanceError) else None

    def _refuse_duplicate(self, call: Call, feed: BookFeed, client_id: str) -> None:
        if call.account.live_by_client_id(feed.listing.symbol, client_id) is not None:
            raise BinanceError(-2010, "Duplicate order sent.")

    @staticmethod
    def _check_amended_worth(order: AccountOrder, lots: int) -> None:
        if order.price_ticks != NO_PRICE:
            worth = quote_units(order.listing, order.price_ticks * lots)
            filters_of(order.listing).check_notional(worth, is_market=False)

    @staticmethod
    def _attempt(step: Callable[[], Result]) -> Result | BinanceError:
        try:
            return step()
        except BinanceError as refusal:
            return refusal

    def _now(self, call: Call) -> int:
        """Return the call's time, or the market's when that is further already."""
        return max(call.now_ns, self._floor.world.now_ns)

    def _new_id(self) -> str:
        """Return a client order id that nobody has used."""
        self._next_id += 1
        digest = hashlib.sha256(b"client order %d" % self._next_id).digest()
        return "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:_ID_LENGTH])

    def _told(self, execution: Execution) -> None:
        fill = execution.fill
        if fill is not None and len(execution.order.fills) == 1:
            owner = execution.account.owner
            self._limits.count_first_fill(owner, fill.is_maker, execution.time_ns)
        for listener in self.listeners:
            listener(execution)

    def _tell_settled(self, account: Account, assets: tuple[str, ...], time_ns: int) -> None:
        for listener in self.settled:
            listener(account, assets, time_ns)


def _unknown_order(code: int = -2011) -> BinanceError:
    return BinanceError(code, "Unknown order sent.")


def _too_small() -> BinanceError:
    return BinanceError(-2038, "Filter failure: LOT_SIZE")


def _refused(answer: int) -> BinanceError:
    """Return the refusal for a negated Refusal of the matching engine."""
    combination = (-2010, "Unsupported order combination", 400)
    return BinanceError(*_REFUSALS.get(Refusal(-answer), combination))


def _lock_ticks(new: NewOrder) -> int:
    """Return the price at which a waiting or resting order is covered."""
    if new.price_ticks != NO_PRICE or new.kind not in TRIGGERED_KINDS:
        return new.price_ticks
    return collar_ticks(new.trigger_ticks)


def _needed_units(account: Account, feed: BookFeed, new: NewOrder, lock_ticks: int) -> int:
    """Return what an order can cost at most, in units of the asset that it pays with."""
    listing, is_buy = new.listing, new.side == BookSide.BID
    if new.kind != OrderKind.MARKET:
        if is_buy:
            return quote_units(listing, lock_ticks * new.quantity)
        return base_units(listing, new.quantity)
    own = account.live_orders(listing.symbol)
    if is_buy:
        cash = new.cash or market_buy_cash(feed, new.quantity, new.self_trade, own)
        return quote_units(listing, cash)
    lots = new.quantity or market_sell_lots(feed, new.cash, new.self_trade, own)
    return base_units(listing, lots)


def _engine_order(owner: int, new: NewOrder, lock_ticks: int) -> Order:
    """Return the order as the matching engine takes it; a stop that buys gets its collar."""
    order = Order(
        owner,
        new.side,
        new.kind,
        new.time_in_force,
        new.price_ticks,
        new.quantity,
        new.trigger_ticks,
        new.cash,
        new.self_trade,
    )
    if new.kind not in _CAPPED_KINDS or new.side != BookSide.BID:
        return order
    return order._replace(
        kind=_CAPPED_KINDS[new.kind], time_in_force=TimeInForce.IOC, price_ticks=lock_ticks
    )


def _followed(new: NewOrder, order_id: int, client_id: str, now_ns: int) -> AccountOrder:
    order = AccountOrder(new.listing, order_id, client_id, now_ns)
    order.side, order.kind, order.time_in_force = new.side, new.kind, new.time_in_force
    order.price_ticks, order.trigger_ticks = new.price_ticks, new.trigger_ticks
    order.quantity, order.cash, order.self_trade = new.quantity, new.cash, new.self_trade
    order.strategy_id, order.strategy_type = new.strategy_id, new.strategy_type
    return order


def _answered(account: Account, order: AccountOrder, form: str, unit_ns: int) -> Json:
    """Return the answer to a placed order in the form that was asked for."""
    if form == "ACK":
        return acknowledgement(order, unit_ns)
    if form == "RESULT":
        return result(order, unit_ns)
    prevented = [one for one in account.prevented if one.taker_order == order.order_id]
    return full_result(order, unit_ns, prevented)


def _replace_failed(
    cancelled_order: Json | BinanceError, placed: Json | BinanceError | None
) -> ReplaceError:
    """Return the refusal of a cancel-replace; `placed` is None where it was not tried."""
    halves = (_half(cancelled_order), _half(placed))
    data: Json = {
        "cancelResult": halves[0][0],
        "newOrderResult": halves[1][0],
        "cancelResponse": halves[0][1],
        "newOrderResponse": halves[1][1],
    }
    if "SUCCESS" in (halves[0][0], halves[1][0]):
        return ReplaceError(-2021, "Order cancel-replace partially failed.", 409, data)
    return ReplaceError(-2022, "Order cancel-replace failed.", 400, data)


def _half(answer: Json | BinanceError | None) -> tuple[str, Json | None]:
    if answer is None:
        return "NOT_ATTEMPTED", None
    if isinstance(answer, BinanceError):
        return "FAILURE", {"code": answer.code, "msg": answer.text}
    return "SUCCESS", answer
