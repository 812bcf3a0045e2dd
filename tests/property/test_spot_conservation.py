"""Nothing is lost or made on the local Binance spot, whatever accounts and agents do."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hftlib.exchange.account_order import base_units, quote_units
from hftlib.market.orders import NO_PRICE, BookSide, OrderKind
from tests.reference.spot_desk import AGENT, SECOND_NS, SpotDesk

NAMES = st.sampled_from(["alice", "bob"])
SIDES = st.sampled_from(["BUY", "SELL"])
TICKS = st.integers(6_399_990, 6_400_010)
LOTS = st.integers(1, 300).map(lambda one: one * 100)
MODES = st.sampled_from(["NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT"])
FORCES = st.sampled_from(["GTC", "IOC", "FOK"])
ASSETS = ("BTC", "USDT")


def price(ticks: int) -> str:
    return f"{ticks // 100}.{ticks % 100:02d}"


def quantity(lots: int) -> str:
    return f"{lots // 100_000}.{lots % 100_000:05d}"


class SpotMachine(RuleBasedStateMachine):
    """Trade at random with little money, so that it runs out."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = SpotDesk()
        for name in ("alice", "bob"):
            self.desk.open_account(name, USDT="20000", BTC="0.4")

    def order(self, who: str, side: str, kind: str, **parameters: str) -> None:
        self.desk.now_ns += SECOND_NS
        answer = self.desk.order(who, side, kind, **parameters)
        assert answer.status in (200, 400, 429), answer

    @rule(who=NAMES, side=SIDES, ticks=TICKS, lots=LOTS, force=FORCES, mode=MODES)
    def limit(self, who: str, side: str, ticks: int, lots: int, force: str, mode: str) -> None:
        asked = {"price": price(ticks), "quantity": quantity(lots), "timeInForce": force}
        self.order(who, side, "LIMIT", **asked, selfTradePreventionMode=mode)

    @rule(who=NAMES, side=SIDES, lots=LOTS, mode=MODES)
    def market(self, who: str, side: str, lots: int, mode: str) -> None:
        asked = {"quantity": quantity(lots), "selfTradePreventionMode": mode}
        self.order(who, side, "MARKET", **asked)

    @rule(who=NAMES, side=SIDES, cents=st.integers(500, 2_000_000), mode=MODES)
    def market_by_cash(self, who: str, side: str, cents: int, mode: str) -> None:
        asked = {"quoteOrderQty": price(cents), "selfTradePreventionMode": mode}
        self.order(who, side, "MARKET", **asked)

    @rule(
        who=NAMES,
        side=SIDES,
        kind=st.sampled_from(["STOP_LOSS", "TAKE_PROFIT", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"]),
        ticks=TICKS,
        trigger=TICKS,
        lots=LOTS,
    )
    def stop(self, who: str, side: str, kind: str, ticks: int, trigger: int, lots: int) -> None:
        asked = {"stopPrice": price(trigger), "quantity": quantity(lots)}
        if kind.endswith("LIMIT"):
            asked |= {"price": price(ticks), "timeInForce": "GTC"}
        self.order(who, side, kind, **asked)

    @rule(side=st.sampled_from(list(BookSide)), ticks=TICKS, lots=LOTS)
    def agent(self, side: BookSide, ticks: int, lots: int) -> None:
        self.desk.agent(side, ticks / 100, lots)

    @precondition(lambda self: any(one.live for one in self.desk.accounts))
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        live = [(one.name, key) for one in self.desk.accounts for key in one.live]
        who, (symbol, order_id) = data.draw(st.sampled_from(live))
        answer = self.desk.signed(who, "DELETE", "/api/v3/order", symbol=symbol, orderId=order_id)
        assert answer.status == 200

    @precondition(lambda self: any(one.live for one in self.desk.accounts))
    @rule(data=st.data(), lots=LOTS)
    def amend(self, data: st.DataObject, lots: int) -> None:
        live = [(one.name, key) for one in self.desk.accounts for key in one.live]
        who, (symbol, order_id) = data.draw(st.sampled_from(live))
        asked = {"symbol": symbol, "orderId": order_id, "newQty": quantity(lots)}
        answer = self.desk.signed(who, "PUT", "/api/v3/order/amend/keepPriority", **asked)
        assert answer.status in (200, 400)

    @rule(who=NAMES, amount=st.integers(-10_000, 10_000))
    def deposit(self, who: str, amount: int) -> None:
        free, _ = self.desk.held(who, "USDT")
        if free + amount * 10**8 >= 0:
            self.desk.accounts.deposit(who, "USDT", str(amount), self.desk.now_ns)

    @rule(who=NAMES)
    def reset(self, who: str) -> None:
        self.desk.accounts.reset(who, {"USDT": "20000", "BTC": "0.4"}, self.desk.now_ns)

    @invariant()
    def nothing_is_lost(self) -> None:
        assert [self.desk.total(asset) for asset in ASSETS] == [0, 0]

    @invariant()
    def nobody_owes_and_locks_are_what_orders_need(self) -> None:
        for account in self.desk.accounts:
            needed = dict.fromkeys(ASSETS, 0)
            for order in account.live.values():
                assert order.kind is not OrderKind.MARKET
                assert order.lock_ticks != NO_PRICE or not order.is_buy
                needed[order.locked_asset] += (
                    quote_units(order.listing, order.remaining * order.lock_ticks)
                    if order.is_buy
                    else base_units(order.listing, order.remaining)
                )
            for asset in ASSETS:
                held = account.balance(asset)
                assert held.free >= 0
                assert held.locked == needed[asset]

    @invariant()
    def accounts_and_book_know_the_same_orders(self) -> None:
        book = self.desk.floor.feed("binance", "BTCUSDT").book
        followed = 0
        for account in self.desk.accounts:
            for order in account.live.values():
                state = book.order(order.order_id)
                assert state is not None
                assert (state.owner, state.remaining) == (account.owner, order.remaining)
                followed += 1
        assert book.order_count >= followed
        assert AGENT < 1_000


SpotMachine.TestCase.settings = settings(
    parent=settings.default, stateful_step_count=40, max_examples=30
)
TestSpotConservation = SpotMachine.TestCase
