"""The database behind the store: chDB in a folder or a ClickHouse server, with the same SQL."""

import importlib.util
import threading
from pathlib import Path
from typing import Any, Final, Protocol

import pyarrow as pa

from hftlib.core.configuration import MASK
from hftlib.core.errors import HftlibError
from hftlib.io.store.arrow import arrow_of, split_by_partition
from hftlib.io.store.ddl import Retention, lifetime, set_lifetime
from hftlib.io.store.guard import checked
from hftlib.io.store.messages import Ask, Piece
from hftlib.io.store.migrations import (
    SCHEMA_VERSION,
    Migration,
    OldClusterError,
    migrate,
    migrations,
)
from hftlib.io.store.schema import Table, WrittenBy
from hftlib.io.store.tables import TABLES
from hftlib.io.store.target import DATABASE, Server

_CONNECT_S: Final = 10
_ANSWER_S: Final = 45
_LARGEST_MEMORY: Final = 1_000_000_000
"""Bytes that one asked statement may take."""


_TABLE_FUNCTIONS: Final = (
    "SELECT arrayStringConcat(groupArray(name), ' ') FROM system.table_functions"
)
_SPREAD_TABLES: Final = (
    "SELECT count() FROM system.tables "
    "WHERE database = currentDatabase() AND engine = 'Distributed'"
)


class LongAnswerError(HftlibError):
    """Refuse an answer of more bytes than were allowed: the engine counts some only roughly."""


class NoEngineError(HftlibError):
    """Say that there is no embedded engine for this system."""


class Engine(Protocol):
    """What hftlib uses of a clickhouse-connect client."""

    def command(self, cmd: str, parameters: Any = ...) -> Any:
        """Run a statement."""
        ...

    def insert_arrow(self, table: str, arrow_table: pa.Table, *, settings: dict[str, Any]) -> Any:
        """Insert rows."""
        ...

    def raw_query(self, query: str, *, parameters: Any, settings: Any, fmt: str) -> bytes:
        """Return a result as bytes of a format."""
        ...

    def close(self) -> None:
        """Let go."""
        ...


class Database:
    """Hold the tables of one store. Inserts come from one thread; questions from any."""

    def __init__(self, target: Path | Server) -> None:
        """Connect, and make the database where it is missing.

        Raises NoEngineError without an embedded engine, and what the client raises.
        """
        self.target = target
        self.name = target.database if isinstance(target, Server) else DATABASE
        self.where = target.where if isinstance(target, Server) else f"embedded in {target}"
        first = self._connect("default")
        try:
            first.command(f"CREATE DATABASE IF NOT EXISTS `{self.name}`")
        finally:
            first.close()
        self._client = self._connect(self.name)
        self._asking: dict[int, Engine | None] = {}
        self._lock = threading.Lock()
        self._table_functions = str(self._client.command(_TABLE_FUNCTIONS)).split()

    @property
    def is_embedded(self) -> bool:
        """Say whether the engine runs in this process."""
        return isinstance(self.target, Path)

    def migrate(self, steps: tuple[Migration, ...] | None = None) -> int:
        """Bring the schema forward to the newest version and return that.

        Raises NewerSchemaError when the store is newer than this hftlib, OldClusterError when it
        is older and a cluster.
        """
        self._client.command(SCHEMA_VERSION)
        version = int(self._client.command("SELECT max(version) FROM schema_version"))
        steps = steps or migrations()
        if version < steps[-1].version and int(self._client.command(_SPREAD_TABLES)):
            raise OldClusterError(
                f"the cluster has schema version {version}, not {steps[-1].version}: bring it "
                "forward as docs/scaling.md tells"
            )
        for step in migrate(self._client.command, version, steps):
            self._client.command(
                "INSERT INTO schema_version (version, meaning) VALUES ({v:Int64}, {m:String})",
                parameters={"v": step.version, "m": step.meaning},
            )
            version = step.version
        return version

    def retain(self, retention: Retention) -> None:
        """Set how long rows are kept, where it is not so already."""
        for table in TABLES.values():
            days = retention.days_of(table)
            created = str(self._client.command(f"SHOW CREATE TABLE {table.name}"))
            is_distributed = "ENGINE = Distributed" in created
            if days is None or is_distributed or lifetime(table, days) in created:
                continue
            self._client.command(set_lifetime(table, days))

    def insert(
        self, table: Table, pieces: list[Piece], written_by: WrittenBy, *, again: bool
    ) -> None:
        """Insert rows and return when the store has them, once and not twice.

        Within a partition an insert is all or nothing. Rows that come `again` are looked for first
        in the embedded engine, whose process may have ended between insert and confirmation; a
        server knows its inserts by their token. Raises BadRowsError and what the client raises.
        """
        for partition, rows in split_by_partition(table, arrow_of(table, pieces, written_by)):
            if again and self.is_embedded and self._holds(table, partition, written_by):
                continue
            self._client.insert_arrow(
                table.name, rows, settings=self._insert_settings(written_by, partition)
            )

    def ask(self, question: Ask) -> bytes:
        """Return the result of one reading statement as an Arrow IPC stream.

        Raises NotReadingError, LongAnswerError, and what the client raises for limits and errors.
        """
        statement = checked(question.sql, self._table_functions)
        client = self._connect(self.name)
        with self._lock:
            self._asking[question.number] = client
        try:
            return self._answer(client, statement, question)
        finally:
            with self._lock:
                self._asking.pop(question.number, None)
            client.close()

    def close(self) -> None:
        """Let go of the engine."""
        self._client.close()

    def without_secret(self, text: str) -> str:
        """Return a text with the server's password cut out."""
        if isinstance(self.target, Server) and self.target.password:
            return text.replace(self.target.password, MASK)
        return text

    def _answer(self, client: Engine, statement: str, question: Ask) -> bytes:
        limits = _limits(question)
        settings = None
        if self.is_embedded:
            # Set on the handle: a clause behind the statement would be the statement's to undo.
            for name, value in limits.items():
                client.command(f"SET {name} = '{value}'")
        else:
            settings = limits
        data = client.raw_query(
            statement, parameters=question.parameters, settings=settings, fmt="ArrowStream"
        )
        if len(data) > question.max_bytes:
            raise LongAnswerError(f"{len(data):,} bytes, beyond max bytes {question.max_bytes:,}")
        return data

    def _holds(self, table: Table, partition: int, written_by: WrittenBy) -> bool:
        found = self._client.command(
            f"SELECT count() FROM {table.name} "
            f"WHERE {table.partition} = {partition} AND run = {{run:String}} "
            f"AND batch = {written_by.batch}",
            parameters={"run": written_by.run},
        )
        return int(found) > 0

    def _insert_settings(self, written_by: WrittenBy, partition: int) -> dict[str, str | int]:
        if self.is_embedded:
            return {"insert_deduplicate": 0, "max_threads": 1, "max_insert_threads": 1}
        desk, run, _, batch = written_by
        return {
            "insert_deduplicate": 1,
            "insert_deduplication_token": f"{desk}/{run}/{batch}/{partition}",
            "distributed_foreground_insert": 1,
            "async_insert": 0,
        }

    def _connect(self, database: str) -> Engine:
        if isinstance(self.target, Server):
            return _connect_server(self.target, database)
        return _open_folder(self.target, database)


def _limits(question: Ask) -> dict[str, str | int | float]:
    """Return the settings of one question; `readonly` last, since nothing can be set after it."""
    return {
        "max_execution_time": question.max_seconds,
        "max_result_rows": question.max_rows,
        "max_result_bytes": question.max_bytes,
        "result_overflow_mode": "throw",
        "max_memory_usage": _LARGEST_MEMORY,
        "max_threads": 1,
        "output_format_arrow_string_as_string": 1,
        "output_format_arrow_compression_method": "none",
        "readonly": 1,
    }


def _open_folder(folder: Path, database: str) -> Engine:
    if importlib.util.find_spec("chdb") is None:
        raise NoEngineError("there is no chDB for this system: rows are not stored")
    import clickhouse_connect

    client: Engine = clickhouse_connect.get_client(
        interface="chdb", path=str(folder.resolve()), database=database
    )
    return client


def _connect_server(server: Server, database: str) -> Engine:
    import clickhouse_connect

    client: Engine = clickhouse_connect.get_client(
        interface="https" if server.secure else "http",
        host=server.host,
        port=server.port,
        username=server.username,
        password=server.password,
        database=database,
        connect_timeout=_CONNECT_S,
        send_receive_timeout=_ANSWER_S,
        autogenerate_session_id=False,
    )
    return client
