"""The tables of the ledger and how older files come to have them.

Every table is STRICT: a float or a text where an integer belongs is refused by the database itself.
The number of migrations applied is the file's user_version; a migration and its number are one
transaction, so that a crash leaves the file at one version or the other.
"""

import sqlite3
from typing import Final

from hftlib.core.errors import HftlibError

APPLICATION_ID: Final = 0x68667431
"""Four letters, hft1: tells a ledger from any other SQLite file."""

MIGRATIONS: Final = (
    """
    CREATE TABLE marks (
        mark_id INTEGER PRIMARY KEY, ts_ns INTEGER NOT NULL, taken_ns INTEGER NOT NULL,
        label TEXT NOT NULL, note TEXT NOT NULL, source TEXT NOT NULL
    ) STRICT;
    CREATE TABLE orders (
        order_id INTEGER PRIMARY KEY, account TEXT NOT NULL, client_order_id TEXT NOT NULL,
        venue TEXT NOT NULL, symbol TEXT NOT NULL,
        side TEXT NOT NULL CHECK (side IN ('BUY', 'SELL')), kind TEXT NOT NULL,
        time_in_force TEXT NOT NULL, size_lots INTEGER NOT NULL CHECK (size_lots > 0),
        ts_ns INTEGER NOT NULL, price_ticks INTEGER, stop_ticks INTEGER, placed_as TEXT NOT NULL,
        terms TEXT NOT NULL, state TEXT NOT NULL, filled_lots INTEGER NOT NULL DEFAULT 0
            CHECK (filled_lots BETWEEN 0 AND size_lots),
        changed_ns INTEGER NOT NULL, reason TEXT NOT NULL DEFAULT '',
        UNIQUE (account, client_order_id)
    ) STRICT;
    CREATE INDEX open_orders ON orders (state)
        WHERE state IN ('PENDING_NEW', 'OPEN', 'PARTIALLY_FILLED', 'PENDING_CANCEL');
    CREATE TABLE order_changes (
        change_id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders,
        ts_ns INTEGER NOT NULL, state TEXT NOT NULL, filled_lots INTEGER NOT NULL,
        reason TEXT NOT NULL
    ) STRICT;
    CREATE INDEX changes_of_order ON order_changes (order_id);
    CREATE TABLE fills (
        fill_id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders,
        ts_ns INTEGER NOT NULL, price_ticks INTEGER NOT NULL,
        size_lots INTEGER NOT NULL CHECK (size_lots > 0),
        is_maker INTEGER NOT NULL CHECK (is_maker IN (0, 1)),
        fee_currency TEXT NOT NULL, fee_units INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX fills_of_order ON fills (order_id);
    CREATE TABLE cash (
        movement_id INTEGER PRIMARY KEY, account TEXT NOT NULL, venue TEXT NOT NULL,
        currency TEXT NOT NULL, units INTEGER NOT NULL, kind TEXT NOT NULL, ts_ns INTEGER NOT NULL,
        order_id INTEGER REFERENCES orders, note TEXT NOT NULL
    ) STRICT;
    CREATE INDEX cash_of_account ON cash (account, venue, currency, units);
    """,
)
VERSION: Final = len(MIGRATIONS)

COUNTED: Final = (
    ("marks", "mark_id"),
    ("orders", "order_id"),
    ("order_changes", "change_id"),
    ("fills", "fill_id"),
    ("cash", "movement_id"),
)
"""Tables whose rows are entries, with their keys: rows only ever come, so the last key counts."""


class LedgerError(HftlibError):
    """Say what is wrong with the ledger's file or why it cannot take an entry."""


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a file to this version's tables. Raises LedgerError for a file that is no ledger of us.

    The connection is in autocommit mode.
    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application not in {0, APPLICATION_ID} or (not application and _has_tables(connection)):
        raise LedgerError("the file is a database of another program")
    if version > VERSION:
        raise LedgerError(
            f"the ledger has version {version}, and this hftlib knows {VERSION}: update hftlib"
        )
    for number in range(version, VERSION):
        connection.executescript(
            f"BEGIN IMMEDIATE; {MIGRATIONS[number]}; PRAGMA application_id = {APPLICATION_ID}; "
            f"PRAGMA user_version = {number + 1}; COMMIT;"
        )


def _has_tables(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone() is not None
