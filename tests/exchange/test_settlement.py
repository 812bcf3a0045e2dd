"""Settlement: what reports do to balances and states, and who hears of it."""

import numpy as np
import pytest

from hftlib.core.venue import BINANCE
from hftlib.exchange.account_order import AccountOrder, Amendment, Status
from hftlib.exchange.accounts import Account, Accounts
from hftlib.exchange.settlement import Execution, Happening, Settlement
from hftlib.market.listings import listing_of
from hftlib.market.orders import BookSide, ExpiryReason, OrderKind, Report, ReportKind, SelfTrade
from hftlib.market.script import Fee

BTC = listing_of(BINANCE, "BTCUSDT")
RATES = Fee(200, 1_000)


class Feed:
    """Stand for the feed of a book."""

    listing = BTC


class Stage:
    """Hold an account with one order, and what settlement tells of it."""

    def __init__(self, **order: object) -> None:
        self.accounts = Accounts()
        self.accounts.create_account("alice", {"USDT": "100000", "BTC": "2"}, [], bytes(16), 0)
        self.account = self.accounts.account("alice")
        self.told: list[tuple[Happening, Status, int]] = []
        self.settled: list[tuple[str, tuple[str, ...], int]] = []
        self.settlement = Settlement(self.accounts, lambda: RATES, self._told, self._tell_settled)
        self.order = self.follow(1, **order)

    def follow(self, order_id: int, **changed: object) -> AccountOrder:
        """Let the account have one more order, covered at its limit."""
        order = AccountOrder(BTC, order_id, str(order_id), 0)
        order.quantity, order.price_ticks, order.lock_ticks = 100_000, 6_400_000, 6_400_000
        for name, value in changed.items():
            setattr(order, name, value)
        self.account.open(order)
        units = 64_000 * 10**8 if order.is_buy else 10**8
        self.settlement.lock(self.account, order, units)
        return order

    def report(self, kind: ReportKind, **columns: int) -> None:
        """Settle one report."""
        row = np.zeros((1, len(Report)), np.int64)
        values = {"ORDER": 1, "OWNER": self.account.owner, "TIME_NS": 7, **columns}
        row[0, Report.KIND] = kind
        for name, value in values.items():
            row[0, Report[name]] = value
        self.settlement.settle(Feed(), row)  # type: ignore[arg-type]

    def held(self, asset: str) -> tuple[int, int]:
        """Return free and locked units."""
        balance = self.account.balance(asset)
        return balance.free, balance.locked

    def _told(self, execution: Execution) -> None:
        self.told.append((execution.happening, execution.order.status, execution.time_ns))

    def _tell_settled(self, account: Account, assets: tuple[str, ...], time_ns: int) -> None:
        self.settled.append((account.name, assets, time_ns))


def test_locked_funds_are_not_free() -> None:
    stage = Stage()

    assert stage.held("USDT") == (36_000 * 10**8, 64_000 * 10**8)
    assert stage.order.locked == 64_000 * 10**8


def test_makers_pay_their_own_rate() -> None:
    stage = Stage()

    stage.report(ReportKind.TRADE, TICKS=6_400_000, LOTS=100_000, IS_MAKER=1, TRADE_ID=5)

    assert stage.accounts.fees == {"BTC": 10**8 * 200 // 10**6}
    assert stage.held("USDT") == (36_000 * 10**8, 0)
    assert stage.held("BTC") == (3 * 10**8 - 20_000, 0)
    assert stage.told == [(Happening.TRADE, Status.FILLED, 7)]
    assert stage.settled == [("alice", ("BTC", "USDT"), 7)]
    assert stage.accounts.street == {"USDT": 64_000 * 10**8, "BTC": -(10**8)}
    assert stage.account.updated_ns == stage.order.updated_ns == 7


def test_better_price_is_free_at_once() -> None:
    stage = Stage()

    stage.report(ReportKind.TRADE, TICKS=6_300_000, LOTS=40_000, REMAINING=60_000)

    assert stage.held("USDT") == ((36_000 + 400) * 10**8, 38_400 * 10**8)
    assert stage.order.status is Status.PARTIALLY_FILLED


def test_seller_pays_in_what_he_receives() -> None:
    stage = Stage(side=BookSide.ASK)

    stage.report(ReportKind.TRADE, TICKS=6_400_001, LOTS=1, REMAINING=99_999)

    received = 6_400_001 * 10
    assert stage.held("USDT")[0] == 100_000 * 10**8 + received - received // 1_000
    assert stage.held("BTC") == (10**8, 10**8 - 1_000)


@pytest.mark.parametrize(
    ("kind", "working_ns"), [(OrderKind.LIMIT, 7), (OrderKind.STOP_LOSS_LIMIT, -1)]
)
def test_new_orders_work_at_once_unless_they_wait(kind: OrderKind, working_ns: int) -> None:
    stage = Stage(kind=kind)

    stage.report(ReportKind.NEW)
    assert stage.order.working_ns == working_ns
    stage.report(ReportKind.TRIGGERED, TIME_NS=9)

    assert stage.order.working_ns == 9
    assert [one[0] for one in stage.told] == [Happening.NEW, Happening.NEW]


@pytest.mark.parametrize(
    ("report", "reason", "status"),
    [
        (ReportKind.CANCELED, ExpiryReason.NONE, Status.CANCELED),
        (ReportKind.EXPIRED, ExpiryReason.IMMEDIATE_REST, Status.EXPIRED),
        (ReportKind.EXPIRED, ExpiryReason.NO_LIQUIDITY, Status.EXPIRED),
        (ReportKind.EXPIRED, ExpiryReason.NONE, Status.EXPIRED),
    ],
)
def test_ended_order_frees_all_and_becomes_history(
    report: ReportKind, reason: ExpiryReason, status: Status
) -> None:
    stage = Stage()

    stage.report(report, REASON=reason, REMAINING=100_000)

    assert stage.held("USDT") == (100_000 * 10**8, 0)
    assert stage.order.status is status
    assert stage.account.live == {}
    assert stage.account.order("BTCUSDT", 1) is stage.order
    assert [one[1] for one in stage.told] == [status]


def test_smaller_order_frees_the_difference() -> None:
    stage = Stage()

    stage.report(ReportKind.REPLACED, LOTS=25_000, REMAINING=75_000)

    assert stage.held("USDT")[1] == 48_000 * 10**8
    assert (stage.order.quantity, stage.order.amendments) == (
        75_000,
        [Amendment(1, "", "1", 100_000, 75_000, 7)],
    )


def test_market_order_keeps_its_cover_until_it_ends() -> None:
    stage = Stage(kind=OrderKind.MARKET, lock_ticks=-1)

    stage.report(ReportKind.TRADE, TICKS=6_300_000, LOTS=50_000, REMAINING=50_000)
    assert stage.held("USDT")[1] == 32_500 * 10**8
    stage.report(ReportKind.TRADE, TICKS=6_300_000, LOTS=50_000)

    assert stage.held("USDT") == (37_000 * 10**8, 0)


def test_prevented_match_gathers_what_both_orders_lose() -> None:
    stage = Stage(self_trade=SelfTrade.EXPIRE_BOTH)
    maker = stage.follow(2, side=BookSide.ASK, quantity=30_000)

    stage.report(ReportKind.PREVENTED, ORDER=2, COUNTER_ORDER=1, IS_MAKER=1, LOTS=30_000, TICKS=5)
    stage.report(ReportKind.EXPIRED, ORDER=2, REASON=ExpiryReason.SELF_TRADE)
    stage.report(ReportKind.PREVENTED, COUNTER_ORDER=2, LOTS=100_000, TICKS=5)
    stage.report(ReportKind.EXPIRED, REASON=ExpiryReason.SELF_TRADE)

    [match] = stage.account.prevented
    assert (match.maker_order, match.taker_order) == (2, 1)
    assert (match.maker_lots, match.taker_lots, match.ticks) == (30_000, 100_000, 5)
    assert match.mode is SelfTrade.EXPIRE_BOTH
    assert stage.order.status is maker.status is Status.EXPIRED_IN_MATCH
    assert stage.told == [(Happening.PREVENTED, Status.EXPIRED_IN_MATCH, 7)] * 2
    assert stage.held("USDT")[1] == stage.held("BTC")[1] == 0


def test_matches_at_other_times_are_others() -> None:
    stage = Stage(self_trade=SelfTrade.DECREMENT)

    for time_ns in (7, 8):
        stage.report(ReportKind.PREVENTED, COUNTER_ORDER=2, LOTS=10, REMAINING=5, TIME_NS=time_ns)

    assert [one.match_id for one in stage.account.prevented] == [1, 2]
    assert stage.order.prevented_lots == 20
    assert stage.order.is_live
