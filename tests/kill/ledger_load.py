"""A process that fills a ledger with orders, fills and cash, and tells what was acknowledged."""

import sys
import threading
from pathlib import Path

from hftlib.core.states import Side
from hftlib.desk.parent import watch_parent
from hftlib.io.ledger.database import LedgerDatabase
from hftlib.io.ledger.entries import (
    CashEntry,
    CashKind,
    Entry,
    FillEntry,
    OrderChange,
    OrderEntry,
    OrderState,
)

THREADS = 4
ACCOUNT = "demo"
VENUE = "binance"


def trade(name: str, number: int) -> list[Entry]:
    """Return one order with its two fills and the cash that they move; nothing is random."""
    price, lots = 60_000 + number % 97, 2 + number % 5
    order = OrderEntry(
        ACCOUNT, name, VENUE, "BTCUSDT", Side.BUY, "LIMIT", "GTC", lots, number, price
    )
    entries: list[Entry] = [order]
    for part in (1, lots - 1):
        fee = part * price // 1_000
        entries.append(FillEntry(ACCOUNT, name, number, price, part, False, "USDT", fee))
        entries.append(_cash("USDT", -part * price, CashKind.TRADE, number, name))
        entries.append(_cash("BTC", part, CashKind.TRADE, number, name))
        entries.append(_cash("USDT", -fee, CashKind.FEE, number, name))
    entries.append(OrderChange(ACCOUNT, name, number, OrderState.FILLED, lots, "filled"))
    return entries


def _cash(currency: str, units: int, kind: CashKind, ts_ns: int, name: str) -> CashEntry:
    return CashEntry(ACCOUNT, VENUE, currency, units, kind, ts_ns, name)


def main() -> None:
    """Fill until killed."""
    path, name = Path(sys.argv[1]), sys.argv[2]
    ledger = LedgerDatabase(path)
    telling = threading.Lock()
    gone = threading.Event()
    watch_parent(gone.set)

    def work(thread: int) -> None:
        number = 0
        while not gone.is_set():
            number += 1
            label = f"{name}-{thread}-{number}"
            ledger.submit(trade(label, number)).result()
            with telling:
                sys.stdout.write(f"{label}\n")
                sys.stdout.flush()
            gone.wait(0.002)

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger.close()


if __name__ == "__main__":
    main()
