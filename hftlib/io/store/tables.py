"""Every table of the store as data: DDL, documents, the writer and readers all go by this."""

from collections.abc import Mapping
from typing import Final

from hftlib.io.store.market_tables import MARKET_TABLES
from hftlib.io.store.schema import Table
from hftlib.io.store.trading_tables import TRADING_TABLES

TABLES: Final[Mapping[str, Table]] = {
    table.name: table for table in (*MARKET_TABLES, *TRADING_TABLES)
}
"""The tables by name."""


def table_named(name: str) -> Table:
    """Return a table by its name. Raises KeyError naming those that there are."""
    try:
        return TABLES[name]
    except KeyError:
        raise KeyError(f"no table is called {name!r}: one of {', '.join(TABLES)}") from None
