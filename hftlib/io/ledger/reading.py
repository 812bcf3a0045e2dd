"""Read the ledger back: what a desk that starts must know, and what clients ask for.

Each function takes an open connection; `LedgerDatabase.read` lends one that cannot write.
"""

import sqlite3
from typing import Any, Final

from hftlib.core.states import Side
from hftlib.io.ledger.entries import (
    FillEntry,
    MarkEntry,
    OrderEntry,
    OrderState,
    StoredFill,
    StoredMark,
    StoredOrder,
)
from hftlib.io.ledger.schema import COUNTED

_ORDER_COLUMNS: Final = (
    "order_id, account, client_order_id, venue, symbol, side, kind, time_in_force, size_lots, "
    "ts_ns, price_ticks, stop_ticks, placed_as, terms, state, filled_lots, changed_ns, reason"
)
_OPEN: Final = "state IN ('PENDING_NEW', 'OPEN', 'PARTIALLY_FILLED', 'PENDING_CANCEL')"
_ALWAYS: Final = 2**63 - 1


def entry_count(connection: sqlite3.Connection) -> int:
    """Return how many entries the ledger holds."""
    return sum(
        connection.execute(f"SELECT coalesce(max({key}), 0) FROM {table}").fetchone()[0]
        for table, key in COUNTED
    )


def marks(
    connection: sqlite3.Connection, limit: int = 100, before: int | None = None
) -> list[StoredMark]:
    """Return the last `limit` marks, or those before the number `before`; the newest first."""
    rows = connection.execute(
        "SELECT mark_id, ts_ns, taken_ns, label, note, source FROM marks WHERE mark_id < ? "
        "ORDER BY mark_id DESC LIMIT ?",
        (_ALWAYS if before is None else before, limit),
    )
    return [StoredMark(number, MarkEntry(*rest)) for number, *rest in rows]


def order(connection: sqlite3.Connection, account: str, client_order_id: str) -> StoredOrder | None:
    """Return one order as it stands, or None where there is none of that name."""
    row = connection.execute(
        f"SELECT {_ORDER_COLUMNS} FROM orders WHERE account = ? AND client_order_id = ?",
        (account, client_order_id),
    ).fetchone()
    return None if row is None else _stored_order(row)


def open_orders(connection: sqlite3.Connection) -> list[StoredOrder]:
    """Return the orders that are not at their end, as they were placed one after the other."""
    rows = connection.execute(
        f"SELECT {_ORDER_COLUMNS} FROM orders WHERE {_OPEN} ORDER BY order_id"
    )
    return [_stored_order(row) for row in rows]


def fills(connection: sqlite3.Connection, account: str, after: int = 0) -> list[StoredFill]:
    """Return an account's fills in their order, those after the number `after`."""
    rows = connection.execute(
        "SELECT fill_id, account, client_order_id, fills.ts_ns, fills.price_ticks, "
        "fills.size_lots, is_maker, fee_currency, fee_units FROM fills JOIN orders "
        "USING (order_id) WHERE account = ? AND fill_id > ? ORDER BY fill_id",
        (account, after),
    )
    return [StoredFill(row[0], _fill(row[1:])) for row in rows]


def balances(connection: sqlite3.Connection) -> dict[tuple[str, str, str], int]:
    """Return minor units by (account, venue, currency): the sum of all movements of cash."""
    rows = connection.execute(
        "SELECT account, venue, currency, sum(units) FROM cash GROUP BY account, venue, currency"
    )
    return {(account, venue, currency): units for account, venue, currency, units in rows}


def _fill(row: tuple[Any, ...]) -> FillEntry:
    account, client_order_id, ts_ns, price_ticks, size_lots, is_maker, currency, units = row
    return FillEntry(
        account, client_order_id, ts_ns, price_ticks, size_lots, bool(is_maker), currency, units
    )


def _stored_order(row: tuple[Any, ...]) -> StoredOrder:
    number, account, name, venue, symbol, side, kind, time_in_force, size_lots, *rest = row
    ts_ns, price_ticks, stop_ticks, placed_as, terms, state, filled_lots, changed_ns, reason = rest
    entry = OrderEntry(
        account=account,
        client_order_id=name,
        venue=venue,
        symbol=symbol,
        side=Side(side),
        kind=kind,
        time_in_force=time_in_force,
        size_lots=size_lots,
        ts_ns=ts_ns,
        price_ticks=price_ticks,
        stop_ticks=stop_ticks,
        state=OrderState(placed_as),
        terms=terms,
    )
    return StoredOrder(number, entry, OrderState(state), filled_lots, changed_ns, reason)
