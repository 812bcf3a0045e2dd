"""A store from its first version to the newest, in a process of its own: `-m ... FOLDER`.

Prints one JSON document of what was seen on the way.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from hftlib.io.store.cluster import cluster_statements
from hftlib.io.store.database import Database
from hftlib.io.store.ddl import Retention
from hftlib.io.store.messages import Rows
from hftlib.io.store.migrations import migrations
from hftlib.io.store.tables import TABLES
from tests.store_support.rows import trade_row

TRADES = TABLES["trades"]


def main(folder: Path) -> dict[str, Any]:
    database = Database(folder)
    ask = database._client.command
    seen: dict[str, Any] = {"first": database.migrate(migrations()[:1])}
    insert(database, 1, again=False)
    seen["newest"] = database.migrate()
    seen["unchanged"] = database.migrate()
    seen["applied"] = ask("SELECT count() FROM schema_version")
    seen["columns"] = {name: columns(ask, name) for name in TABLES}
    insert(database, 1, again=True)
    seen["sent again"] = counted(ask)
    insert(database, 2, again=True)
    seen["sent again, not held"] = counted(ask)
    database.retain(Retention(event_days=3, second_days=20_000))
    seen["kept"] = str(ask("SHOW CREATE TABLE features_event")).count("toIntervalDay(3)")
    database.retain(Retention(event_days=4, second_days=20_000))
    seen["kept longer"] = str(ask("SHOW CREATE TABLE features_event")).count("toIntervalDay(4)")
    seen["still there"] = counted(ask)
    seen["cluster"] = [parsed(ask, statement) for statement in cluster_statements()]
    return seen


def insert(database: Database, batch: int, *, again: bool) -> None:
    columns = list(zip(trade_row(1), trade_row(2), strict=True))
    database.insert(TRADES, [Rows(2, columns)], ("desk", "run", batch), again=again)


def counted(ask: Any) -> int:
    return int(ask("SELECT count() FROM trades"))


def columns(ask: Any, table: str) -> list[str]:
    """Return every column of a table as its definition reads."""
    told = ask(
        "SELECT arrayStringConcat(groupArray(concat('`', name, '` ', type, ' ', "
        "compression_codec)), '|') FROM (SELECT * FROM system.columns WHERE "
        "database = currentDatabase() AND table = {table:String} ORDER BY position)",
        parameters={"table": table},
    )
    return unescaped(told).split("|")


def parsed(ask: Any, statement: str) -> str:
    """Return a statement as the engine reads it; it raises where it cannot."""
    asked = "SELECT formatQuery({statement:String})"
    return unescaped(ask(asked, parameters={"statement": statement}))


def unescaped(told: object) -> str:
    return str(told).replace("\\'", "'")


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))), flush=True)
    os._exit(0)
