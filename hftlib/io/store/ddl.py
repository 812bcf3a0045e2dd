"""SQL made from the tables: what creates them, and how long their rows are kept."""

from typing import Final

import msgspec

from hftlib.io.store.schema import Keep, Table

DEDUPLICATED_INSERTS: Final = 10_000
"""Inserts that a server remembers, so that one sent again is not stored twice."""

SETTINGS: Final = (
    f"ttl_only_drop_parts = 1, non_replicated_deduplication_window = {DEDUPLICATED_INSERTS}"
)


class Retention(msgspec.Struct, frozen=True):
    """Say how many days rows of events and rows of seconds are kept."""

    event_days: int = 7
    second_days: int = 90

    def days_of(self, table: Table) -> int | None:
        """Return the days that a table's rows are kept, None for good."""
        if table.keep is Keep.ALWAYS:
            return None
        return self.event_days if table.keep is Keep.EVENT else self.second_days


def create_table(table: Table) -> str:
    """Return the statement that creates a table on one server; retention is set apart."""
    return (
        f"CREATE TABLE IF NOT EXISTS {table.name}\n(\n{columns_of(table)}\n)\n"
        f"ENGINE = {engine_of(table)}\n"
        f"PARTITION BY {table.partition}\n"
        f"ORDER BY ({', '.join(table.order_by)})\n"
        f"SETTINGS {SETTINGS}"
    )


def columns_of(table: Table) -> str:
    """Return the columns of a table as CREATE TABLE wants them."""
    return ",\n".join(f"    {column.definition}" for column in table.columns)


def engine_of(table: Table, *, replicated: str = "") -> str:
    """Return the engine of a table; `replicated` holds the arguments of a replicated one."""
    prefix = "Replicated" if replicated else ""
    kind = "ReplacingMergeTree" if table.newest_wins else "MergeTree"
    arguments = [replicated] if replicated else []
    if table.newest_wins:
        arguments.append("ts_recv")
    return f"{prefix}{kind}({', '.join(arguments)})" if arguments else kind


def lifetime(table: Table, days: int) -> str:
    """Return the expression after which a row vanishes."""
    return f"toDateTime({table.stamp}) + toIntervalDay({days})"


def set_lifetime(table: Table, days: int) -> str:
    """Return the statement that sets how long a table's rows are kept."""
    return f"ALTER TABLE {table.name} MODIFY TTL {lifetime(table, days)}"
