"""Write single entries into an open transaction."""

import sqlite3
from collections.abc import Callable
from typing import Any, Final

from hftlib.io.ledger.entries import (
    CashEntry,
    Entry,
    FillEntry,
    MarkEntry,
    OrderChange,
    OrderEntry,
)
from hftlib.io.ledger.schema import LedgerError

_ORDER_ID: Final = "(SELECT order_id FROM orders WHERE account = ? AND client_order_id = ?)"


def write(connection: sqlite3.Connection, entry: Entry) -> int:
    """Write one entry; return its number in its table.

    Raises sqlite3.IntegrityError or LedgerError for an entry that contradicts the ledger.
    """
    return _WRITERS[type(entry)](connection, entry)


def _mark(connection: sqlite3.Connection, mark: MarkEntry) -> int:
    return _insert(
        connection,
        "INSERT INTO marks (ts_ns, taken_ns, label, note, source) VALUES (?, ?, ?, ?, ?)",
        (mark.ts_ns, mark.taken_ns, mark.label, mark.note, mark.source),
    )


def _order(connection: sqlite3.Connection, order: OrderEntry) -> int:
    return _insert(
        connection,
        "INSERT INTO orders (account, client_order_id, venue, symbol, side, kind, time_in_force, "
        "size_lots, ts_ns, price_ticks, stop_ticks, placed_as, terms, state, changed_ns) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            order.account,
            order.client_order_id,
            order.venue,
            order.symbol,
            str(order.side),
            order.kind,
            order.time_in_force,
            order.size_lots,
            order.ts_ns,
            order.price_ticks,
            order.stop_ticks,
            str(order.state),
            order.terms,
            str(order.state),
            order.ts_ns,
        ),
    )


def _change(connection: sqlite3.Connection, change: OrderChange) -> int:
    named = (change.account, change.client_order_id)
    moved = connection.execute(
        "UPDATE orders SET state = ?, filled_lots = ?, changed_ns = ?, reason = ? "
        "WHERE account = ? AND client_order_id = ?",
        (str(change.state), change.filled_lots, change.ts_ns, change.reason, *named),
    )
    if moved.rowcount != 1:
        raise LedgerError(f"account {change.account} has no order {change.client_order_id}")
    return _insert(
        connection,
        "INSERT INTO order_changes (order_id, ts_ns, state, filled_lots, reason) "
        f"VALUES ({_ORDER_ID}, ?, ?, ?, ?)",
        (*named, change.ts_ns, str(change.state), change.filled_lots, change.reason),
    )


def _fill(connection: sqlite3.Connection, fill: FillEntry) -> int:
    return _insert(
        connection,
        "INSERT INTO fills (order_id, ts_ns, price_ticks, size_lots, is_maker, fee_currency, "
        f"fee_units) VALUES ({_ORDER_ID}, ?, ?, ?, ?, ?, ?)",
        (
            fill.account,
            fill.client_order_id,
            fill.ts_ns,
            fill.price_ticks,
            fill.size_lots,
            int(fill.is_maker),
            fill.fee_currency,
            fill.fee_units,
        ),
    )


def _cash(connection: sqlite3.Connection, cash: CashEntry) -> int:
    moved = (cash.account, cash.venue, cash.currency, cash.units, str(cash.kind), cash.ts_ns)
    columns = "account, venue, currency, units, kind, ts_ns, note, order_id"
    if cash.client_order_id is None:
        return _insert(
            connection,
            f"INSERT INTO cash ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
            (*moved, cash.note),
        )
    inserted = connection.execute(
        f"INSERT INTO cash ({columns}) SELECT ?, ?, ?, ?, ?, ?, ?, order_id FROM orders "
        "WHERE account = ? AND client_order_id = ?",
        (*moved, cash.note, cash.account, cash.client_order_id),
    )
    if inserted.rowcount != 1:
        raise LedgerError(f"account {cash.account} has no order {cash.client_order_id}")
    assert inserted.lastrowid is not None
    return inserted.lastrowid


def _insert(connection: sqlite3.Connection, statement: str, values: tuple[object, ...]) -> int:
    number = connection.execute(statement, values).lastrowid
    assert number is not None
    return number


_WRITERS: Final[dict[type, Callable[[sqlite3.Connection, Any], int]]] = {
    MarkEntry: _mark,
    OrderEntry: _order,
    OrderChange: _change,
    FillEntry: _fill,
    CashEntry: _cash,
}
