"""The ledger: told after the sync, in order, each failure its own, all of it there afterwards."""

import shutil
import sqlite3
import threading
from concurrent.futures import Future
from pathlib import Path

import pytest

from hftlib.core.states import Side
from hftlib.io.ledger import reading
from hftlib.io.ledger.database import FILE, LedgerBusyError, LedgerDatabase
from hftlib.io.ledger.entries import (
    CashEntry,
    CashKind,
    FillEntry,
    MarkEntry,
    OrderChange,
    OrderEntry,
    OrderState,
)
from hftlib.io.ledger.schema import APPLICATION_ID, VERSION, LedgerError

WITHIN_S = 20


class FaultyConnection(sqlite3.Connection):
    """Fail at the statement named, as long as it is named."""

    fails_at = ""
    page_limit = 0

    def execute(self, statement: str, *rest: object) -> sqlite3.Cursor:
        if FaultyConnection.fails_at and statement.startswith(FaultyConnection.fails_at):
            raise sqlite3.OperationalError("disk I/O error")
        return super().execute(statement, *rest)


class SlowConnection(sqlite3.Connection):
    """Commit when allowed to."""

    allowed = threading.Event()
    reached = threading.Event()

    def execute(self, statement: str, *rest: object) -> sqlite3.Cursor:
        if statement == "COMMIT":
            SlowConnection.reached.set()
            assert SlowConnection.allowed.wait(WITHIN_S)
        return super().execute(statement, *rest)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "desk" / FILE


@pytest.fixture
def ledger(path: Path):
    opened = LedgerDatabase(path)
    yield opened
    opened.close()


def mark(number: int = 1) -> MarkEntry:
    return MarkEntry(number, number + 1, f"mark {number}", "a note", "tape:x")


def order(name: str = "a-1", **rest: object) -> OrderEntry:
    return OrderEntry("demo", name, "binance", "BTCUSDT", Side.BUY, "LIMIT", "GTC", 10, 5, **rest)


def cash(units: int, **rest: object) -> CashEntry:
    return CashEntry("demo", "binance", "USDT", units, CashKind.DEPOSIT, 3, **rest)


def done(future: "Future[tuple[int, ...]]") -> tuple[int, ...]:
    return future.result(WITHIN_S)


def test_what_is_entered_is_read_back(ledger: LedgerDatabase) -> None:
    placed = order(price_ticks=100, terms='{"a": 1}')
    change = OrderChange("demo", "a-1", 6, OrderState.PARTIALLY_FILLED, 4, "met")
    fill = FillEntry("demo", "a-1", 6, 100, 4, True, "USDT", -2)
    paid = CashEntry("demo", "binance", "USDT", -400, CashKind.TRADE, 6, "a-1", "bought")
    assert done(ledger.submit([mark(), cash(1_000), placed])) == (1, 1, 1)
    assert done(ledger.submit([change, fill, paid, mark(2)])) == (1, 1, 2, 2)
    assert [one.mark for one in ledger.read(reading.marks)] == [mark(2), mark(1)]
    (stored,) = ledger.read(reading.open_orders)
    assert (stored.order, stored.state) == (placed, OrderState.PARTIALLY_FILLED)
    assert (stored.filled_lots, stored.changed_ns, stored.reason) == (4, 6, "met")
    assert ledger.read(lambda db: reading.order(db, "demo", "a-1")) == stored
    assert ledger.read(lambda db: reading.order(db, "demo", "none")) is None
    (kept,) = ledger.read(lambda db: reading.fills(db, "demo"))
    assert (kept.fill_id, kept.fill) == (1, fill)
    assert ledger.read(lambda db: reading.fills(db, "demo", after=1)) == []
    assert ledger.read(reading.balances) == {("demo", "binance", "USDT"): 600}
    assert ledger.status().entries == 7


def test_an_order_at_its_end_is_open_no_more(ledger: LedgerDatabase) -> None:
    done(ledger.submit([order("a"), order("b")]))
    done(ledger.submit([OrderChange("demo", "a", 9, OrderState.CANCELED, 0, "asked")]))
    assert [one.order.client_order_id for one in ledger.read(reading.open_orders)] == ["b"]


def test_marks_are_paged_from_the_newest(ledger: LedgerDatabase) -> None:
    done(ledger.submit([mark(number) for number in range(1, 6)]))
    first = ledger.read(lambda db: reading.marks(db, 2))
    assert [one.mark_id for one in first] == [5, 4]
    assert [one.mark_id for one in ledger.read(lambda db: reading.marks(db, 9, 4))] == [3, 2, 1]


def test_all_of_it_is_there_after_another_start(path: Path) -> None:
    first = LedgerDatabase(path)
    done(first.submit([mark(), order(), cash(7)]))
    first.close()
    second = LedgerDatabase(path)
    assert second.status().entries == 3
    assert second.read(reading.balances) == {("demo", "binance", "USDT"): 7}
    assert done(second.submit([mark(2)])) == (2,)
    second.close()
    second.close()
    with pytest.raises(LedgerError, match="closed"):
        second.submit([mark()])


@pytest.mark.parametrize(
    ("entries", "complaint"),
    [
        ([mark(9), order("a-1")], "UNIQUE"),
        ([mark(9), OrderChange("demo", "none", 1, OrderState.OPEN, 0)], "no order none"),
        ([mark(9), OrderChange("demo", "a-1", 1, OrderState.FILLED, 11)], "CHECK"),
        ([mark(9), FillEntry("demo", "none", 1, 1, 1, False, "USDT", 0)], "NOT NULL"),
        ([mark(9), FillEntry("demo", "a-1", 1, 1, 0, False, "USDT", 0)], "CHECK"),
        ([mark(9), cash(1, client_order_id="none")], "no order none"),
        ([mark(9), cash(0.5)], "INTEGER"),
        ([mark(9), cash(2**63)], "too large"),
        ([mark(9), cash(object())], "bind"),
        ([mark(9), "nonsense"], "str"),
    ],
)
def test_what_contradicts_fails_alone_and_whole(
    path: Path, entries: list[object], complaint: str
) -> None:
    SlowConnection.allowed.clear()
    SlowConnection.reached.clear()
    ledger = LedgerDatabase(path, factory=SlowConnection)
    first = ledger.submit([order("a-1")])
    assert SlowConnection.reached.wait(WITHIN_S)
    # The first commit stands until it is allowed: the other three are one group behind it.
    before, bad, after = (ledger.submit(some) for some in ([mark(1)], entries, [mark(2)]))
    SlowConnection.allowed.set()
    assert [done(first), done(before), done(after)] == [(1,), (1,), (2,)]
    with pytest.raises(LedgerError, match=complaint):
        done(bad)
    assert [one.mark.label for one in ledger.read(reading.marks)] == ["mark 2", "mark 1"]
    assert ledger.status().trouble == ""
    assert ledger.status().commits == 2
    ledger.close()


def test_nothing_is_told_before_the_commit_and_all_in_order(path: Path) -> None:
    SlowConnection.allowed.clear()
    SlowConnection.reached.clear()
    ledger = LedgerDatabase(path, factory=SlowConnection)
    told: list[int] = []
    futures = [ledger.submit([mark(0)])]
    assert SlowConnection.reached.wait(WITHIN_S)
    futures += [ledger.submit([mark(number)]) for number in range(1, 50)]
    for number, future in enumerate(futures):
        future.add_done_callback(lambda _, number=number: told.append(number))
    assert not any(future.done() for future in futures)
    assert not futures[0].cancel()
    assert ledger.status().waiting == 50
    SlowConnection.allowed.set()
    ledger.close()
    assert told == list(range(50))
    assert ledger.status().commits == 2
    assert ledger.status().waiting == 0
    assert len(ledger.read(reading.marks)) == 50


def test_the_queue_is_bounded(path: Path) -> None:
    SlowConnection.allowed.clear()
    SlowConnection.reached.clear()
    ledger = LedgerDatabase(path, most_waiting=3, factory=SlowConnection)
    taken = ledger.submit([mark(1), mark(2)])
    with pytest.raises(LedgerBusyError, match="2 entries wait"):
        ledger.submit([mark(3), mark(4)])
    SlowConnection.allowed.set()
    done(taken)
    done(ledger.submit([mark(3), mark(4), mark(5)]))
    ledger.close()


@pytest.mark.parametrize("statement", ["BEGIN", "SAVEPOINT", "INSERT", "COMMIT"])
def test_a_commit_that_fails_is_told_and_the_next_one_heals(path: Path, statement: str) -> None:
    ledger = LedgerDatabase(path, factory=FaultyConnection)
    done(ledger.submit([mark(1)]))
    FaultyConnection.fails_at = statement
    with pytest.raises(LedgerError, match="disk I/O error"):
        done(ledger.submit([mark(2)]))
    assert "disk I/O error" in ledger.status().trouble
    FaultyConnection.fails_at = ""
    assert done(ledger.submit([mark(3)])) == (2,)
    assert ledger.status().trouble == ""
    ledger.close()
    assert [one.mark.label for one in ledger.read(reading.marks)] == ["mark 3", "mark 1"]


class FullDisk(sqlite3.Connection):
    """Have no room for further pages while told so; a real SQLITE_FULL of the library."""

    is_full = False

    def execute(self, statement: str, *rest: object) -> sqlite3.Cursor:
        if statement.startswith("BEGIN"):
            pages = 1 if FullDisk.is_full else 2**30
            super().execute(f"PRAGMA max_page_count = {pages}")
        return super().execute(statement, *rest)


def test_a_full_disk_is_told_and_healed(path: Path) -> None:
    ledger = LedgerDatabase(path, factory=FullDisk)
    large = MarkEntry(1, 1, "large", "x" * 100_000, "tape:x")
    done(ledger.submit([large]))
    FullDisk.is_full = True
    with pytest.raises(LedgerError, match="disk is full"):
        done(ledger.submit([large]))
    assert "disk is full" in ledger.status().trouble
    FullDisk.is_full = False
    assert done(ledger.submit([large])) == (2,)
    assert ledger.status().trouble == ""
    assert ledger.status().entries == 2
    ledger.close()


def test_syncs_are_measured(ledger: LedgerDatabase) -> None:
    assert ledger.status().sync_p50_ms is None
    for number in range(20):
        done(ledger.submit([mark(number)]))
    status = ledger.status()
    assert status.path.endswith(FILE)
    assert 0 < status.sync_p50_ms <= status.sync_p99_ms


def test_the_file_is_of_this_version_and_synced_in_full(ledger: LedgerDatabase) -> None:
    done(ledger.submit([mark()]))
    assert ledger.read(lambda db: db.execute("PRAGMA user_version").fetchone()) == (VERSION,)
    assert ledger.read(lambda db: db.execute("PRAGMA application_id").fetchone()) == (
        APPLICATION_ID,
    )
    assert ledger.read(lambda db: db.execute("PRAGMA journal_mode").fetchone()) == ("wal",)
    ask = ledger._connection.execute
    assert ask("PRAGMA synchronous").fetchone() == (2,)
    assert ask("PRAGMA foreign_keys").fetchone() == (1,)


def test_a_newer_or_foreign_file_is_refused(path: Path) -> None:
    LedgerDatabase(path).close()
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(LedgerError, match="update hftlib"):
        LedgerDatabase(path)
    path.unlink()
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE songs (name TEXT)")
    with pytest.raises(LedgerError, match="another program"):
        LedgerDatabase(path)
    path.write_bytes(b"no database " * 1000)
    with pytest.raises(LedgerError, match="cannot be opened"):
        LedgerDatabase(path)


def test_a_reader_cannot_write(ledger: LedgerDatabase) -> None:
    with pytest.raises(LedgerError, match="readonly"):
        ledger.read(lambda db: db.execute("DELETE FROM marks"))


def test_a_log_cut_at_its_synced_length_holds_all_that_was_told(path: Path, tmp_path: Path) -> None:
    """Cut the write-ahead log anywhere: what is left are the first submissions, none torn."""
    ledger = LedgerDatabase(path)
    wal = Path(f"{path}-wal")
    told: list[int] = []
    for number in range(40):
        done(ledger.submit([mark(number), cash(1), cash(2)]))
        told.append(wal.stat().st_size)
    whole, main = wal.read_bytes(), path.read_bytes()
    ledger.close()
    cuts = {*told, *range(0, len(whole), 7_919), len(whole)}
    for cut in sorted(cuts):
        folder = tmp_path / "cut"
        folder.mkdir()
        (folder / FILE).write_bytes(main)
        (folder / f"{FILE}-wal").write_bytes(whole[:cut])
        recovered = LedgerDatabase(folder / FILE)
        kept = [one.mark.ts_ns for one in recovered.read(lambda db: reading.marks(db, 100))]
        balances = recovered.read(reading.balances)
        recovered.close()
        acknowledged = sum(size <= cut for size in told)
        assert kept == list(reversed(range(len(kept))))
        assert len(kept) >= acknowledged
        assert sum(balances.values()) == 3 * len(kept)
        shutil.rmtree(folder)
