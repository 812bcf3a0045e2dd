"""The ledger against a plain model: what was acknowledged is there, through closes and crashes."""

import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hftlib.core.states import Side
from hftlib.io.ledger import reading
from hftlib.io.ledger.database import FILE, LedgerDatabase
from hftlib.io.ledger.entries import (
    CashEntry,
    CashKind,
    Entry,
    FillEntry,
    MarkEntry,
    OrderChange,
    OrderEntry,
    OrderState,
)
from hftlib.io.ledger.schema import LedgerError

WITHIN_S = 20
ACCOUNTS = st.sampled_from(["demo", "other"])
VENUES = st.sampled_from(["binance", "coinbase"])
CURRENCIES = st.sampled_from(["USDT", "USD", "BTC"])
UNITS = st.integers(-(10**15), 10**15)
ENDS = st.sampled_from([OrderState.CANCELED, OrderState.EXPIRED, OrderState.REJECTED])


class LedgerMachine(RuleBasedStateMachine):
    """Enter, contradict, close, crash; compare with dicts after every step."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.generation = 0
        self.marks: list[str] = []
        self.orders: dict[tuple[str, str], tuple[int, int, OrderState]] = {}
        self.fills: Counter[tuple[str, str]] = Counter()
        self.cash: Counter[tuple[str, str, str]] = Counter()
        self.entries = 0

    @property
    def path(self) -> Path:
        return self.folder / str(self.generation) / FILE

    @initialize()
    def open(self) -> None:
        self.ledger = LedgerDatabase(self.path)

    def teardown(self) -> None:
        self.ledger.close()
        shutil.rmtree(self.folder)

    def enter(self, *entries: Entry) -> None:
        self.ledger.submit(entries).result(WITHIN_S)
        self.entries += len(entries)

    @rule(labels=st.lists(st.text(max_size=20), min_size=1, max_size=4))
    def mark(self, labels: list[str]) -> None:
        encodable = [label.encode("utf-8", "replace").decode() for label in labels]
        self.enter(*(MarkEntry(1, 2, label, "", "local") for label in encodable))
        self.marks += encodable

    @rule(account=ACCOUNTS, size=st.integers(1, 100))
    def place(self, account: str, size: int) -> None:
        name = f"o-{len(self.orders)}"
        self.enter(OrderEntry(account, name, "binance", "X", Side.SELL, "LIMIT", "GTC", size, 1))
        self.orders[account, name] = (size, 0, OrderState.PENDING_NEW)

    def unfilled(self) -> list[tuple[str, str]]:
        return [key for key, (size, filled, _) in self.orders.items() if filled < size]

    @precondition(lambda self: self.unfilled())
    @rule(data=st.data(), venue=VENUES)
    def fill(self, data: st.DataObject, venue: str) -> None:
        key = data.draw(st.sampled_from(self.unfilled()))
        size, filled, _ = self.orders[key]
        lots = data.draw(st.integers(1, size - filled))
        price, fee = data.draw(st.integers(1, 10**6)), data.draw(st.integers(-5, 50))
        state = OrderState.FILLED if filled + lots == size else OrderState.PARTIALLY_FILLED
        self.enter(
            OrderChange(*key, 3, state, filled + lots),
            FillEntry(*key, 3, price, lots, True, "USDT", fee),
            CashEntry(key[0], venue, "USDT", price * lots, CashKind.TRADE, 3, key[1]),
            CashEntry(key[0], venue, "USDT", -fee, CashKind.FEE, 3, key[1]),
        )
        self.orders[key] = (size, filled + lots, state)
        self.fills[key] += lots
        self.cash[key[0], venue, "USDT"] += price * lots - fee

    @rule(account=ACCOUNTS, venue=VENUES, currency=CURRENCIES, units=UNITS)
    def move(self, account: str, venue: str, currency: str, units: int) -> None:
        self.enter(CashEntry(account, venue, currency, units, CashKind.DEPOSIT, 4))
        self.cash[account, venue, currency] += units

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), end=ENDS)
    def end(self, data: st.DataObject, end: OrderState) -> None:
        key = data.draw(st.sampled_from(sorted(self.orders)))
        size, filled, _ = self.orders[key]
        self.enter(OrderChange(*key, 5, end, filled, "asked"))
        self.orders[key] = (size, filled, end)

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), units=UNITS)
    def contradict(self, data: st.DataObject, units: int) -> None:
        """Name an order twice: neither it nor the cash beside it may be kept."""
        account, name = data.draw(st.sampled_from(sorted(self.orders)))
        again = OrderEntry(account, name, "binance", "X", Side.BUY, "LIMIT", "GTC", 1, 1)
        cash = CashEntry(account, "binance", "BTC", units, CashKind.DEPOSIT, 1)
        with pytest.raises(LedgerError, match="UNIQUE"):
            self.ledger.submit([cash, again]).result(WITHIN_S)

    @rule()
    def close_and_open(self) -> None:
        self.ledger.close()
        self.ledger = LedgerDatabase(self.path)

    @rule()
    def crash(self) -> None:
        """Go on with the files as they lie there, as after a kill."""
        left = sorted(self.path.parent.iterdir())
        self.generation += 1
        self.path.parent.mkdir()
        for file in left:
            if not file.name.endswith("-shm"):  # the index of the log is made anew
                shutil.copy(file, self.path.parent / file.name)
        self.ledger.close()
        self.ledger = LedgerDatabase(self.path)

    @invariant()
    def everything_acknowledged_is_there(self) -> None:
        read = self.ledger.read
        kept = read(lambda db: reading.marks(db, 10_000))
        assert [one.mark.label for one in reversed(kept)] == self.marks
        for (account, name), (size, filled, state) in self.orders.items():
            stored = read(lambda db, key=(account, name): reading.order(db, *key))
            assert (stored.order.size_lots, stored.filled_lots, stored.state) == (
                size,
                filled,
                state,
            )
        stored_fills = Counter[tuple[str, str]]()
        for account in ("demo", "other"):
            for one in read(lambda db, account=account: reading.fills(db, account)):
                stored_fills[account, one.fill.client_order_id] += one.fill.size_lots
        assert stored_fills == self.fills

    @invariant()
    def cash_is_conserved(self) -> None:
        assert self.ledger.read(reading.balances) == dict(self.cash)
        assert self.ledger.status().entries == self.entries


LedgerMachine.TestCase.settings = settings(max_examples=15, stateful_step_count=30)
TestLedger = LedgerMachine.TestCase
