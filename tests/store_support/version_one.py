"""A store from its first version to the newest, in a process of its own: `-m ... FOLDER`.

Prints one JSON document of what was seen on the way.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa

from hftlib.io.store.cluster import cluster_statements
from hftlib.io.store.database import Database
from hftlib.io.store.ddl import Retention
from hftlib.io.store.messages import Ask, Rows
from hftlib.io.store.migrations import migrations
from hftlib.io.store.schema import WrittenBy
from hftlib.io.store.tables import TABLES
from tests.store_support.rows import RECV_NS, trade_row

TRADES, CANDLES = TABLES["trades"], TABLES["candles"]
OLD_TRADE = f"""
INSERT INTO trades (desk, run, batch, ts_recv, venue, symbol, trade_id)
VALUES ('desk', 'run', 1, fromUnixTimestamp64Nano({RECV_NS}, 'UTC'), 'binance', 'BTCUSDT', {{}})
"""
OLD_CANDLE = f"""
INSERT INTO candles
    (desk, run, batch, ts_recv, ts_open, venue, symbol, interval, origin, open_ticks)
VALUES ('desk', 'run', 2, fromUnixTimestamp64Nano({RECV_NS}, 'UTC'),
    fromUnixTimestamp64Nano({RECV_NS}, 'UTC'), 'binance', 'BTCUSDT', '1m', 'venue', 7)
"""


def main(folder: Path) -> dict[str, Any]:
    database = Database(folder)
    ask = database._client.command
    seen: dict[str, Any] = {"first": database.migrate(migrations()[:1])}
    for number in (1, 2):
        ask(OLD_TRADE.format(number))
    seen["second"] = database.migrate(migrations()[:2])
    ask(OLD_CANDLE)
    for statement in migrations()[2].statements:
        ask(statement)  # as of a step that was interrupted before it was noted
    seen["newest"] = database.migrate()
    seen["unchanged"] = database.migrate()
    seen["applied"] = ask("SELECT count() FROM schema_version")
    seen["columns"] = {name: columns(ask, name) for name in TABLES}
    insert(database, 1, again=True)
    seen["sent again"] = counted(ask)
    insert(database, 2, again=True)
    seen["sent again, not held"] = counted(ask)
    seen["sources"] = told(database, "SELECT source, count() AS rows FROM trades GROUP BY source")
    for batch, source in enumerate(("EXCHANGE", "SIMULATED"), 3):
        put_candle(database, batch, source)
    ask("OPTIMIZE TABLE candles FINAL")
    seen["candles"] = told(database, "SELECT source, open_ticks FROM candles FINAL ORDER BY source")
    seen["order"] = str(ask("SELECT sorting_key FROM system.tables WHERE name = 'candles'"))
    database.retain(Retention(event_days=3, second_days=20_000))
    seen["kept"] = str(ask("SHOW CREATE TABLE features_event")).count("toIntervalDay(3)")
    database.retain(Retention(event_days=4, second_days=20_000))
    seen["kept longer"] = str(ask("SHOW CREATE TABLE features_event")).count("toIntervalDay(4)")
    seen["still there"] = counted(ask)
    seen["cluster"] = [parsed(ask, statement) for statement in cluster_statements()]
    return seen


def insert(database: Database, batch: int, *, again: bool) -> None:
    columns = list(zip(trade_row(1), trade_row(2), strict=True))
    database.insert(TRADES, [Rows(2, columns)], written_by(batch), again=again)


def put_candle(database: Database, batch: int, source: str) -> None:
    stamps = (None, RECV_NS + batch, "binance", "BTCUSDT", "1m", "venue", RECV_NS, RECV_NS + 60)
    row = (*stamps, batch, batch, batch, batch, 1, None, None, "0.01", "0.001", True)
    written = WrittenBy("desk", "run", source, batch)
    database.insert(CANDLES, [Rows(1, [[value] for value in row])], written, again=False)


def written_by(batch: int) -> WrittenBy:
    return WrittenBy("desk", "run", "SIMULATED", batch)


def told(database: Database, sql: str) -> list[dict[str, Any]]:
    body = database.ask(Ask(1, sql, {}, 100, 2**20, 10.0))
    return pa.ipc.open_stream(body).read_all().to_pylist()


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
