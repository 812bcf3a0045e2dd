"""Pages of rows to be exported: from a desk that runs, a store that no desk holds, or a tape."""

import asyncio
import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa

from hftlib.client.connection import DeskConnection
from hftlib.client.history import SOURCE, HistoryError
from hftlib.core.instrument import Instrument
from hftlib.core.provenance import Provenance, provenance_stored
from hftlib.desk.questions import LATEST, Kind, Question
from hftlib.desk.store_history import StoreHistory
from hftlib.desk.tape_history import TapeHistory
from hftlib.io.store.database import Database
from hftlib.io.store.messages import Ask
from hftlib.io.store.schema import Table
from hftlib.io.store.tables import TABLES

PAGE_ROWS: Final = 100_000
_TABLE_ROWS: Final = 20_000
"""Rows of a page of a table: a row of every feature is 700 bytes, a result at most 32 MB."""

_SECONDS: Final = 60.0
_Ask = Callable[[str, Mapping[str, Any], int], pa.Table]
_LARGEST: Final = 2**30


class Wanted(msgspec.Struct, frozen=True):
    """Say what is exported: a kind of history, or a table of the store as it stands.

    History is of one `source`: that of whoever is asked, unless one is named; a table is of all
    sources then. `more` are what a kind takes besides: every, interval, depth, horizons (ns).
    """

    table: str
    venue: str = ""
    symbol: str = ""
    start: int = 0
    end: int = LATEST
    source: Provenance | None = None
    more: dict[str, Any] = {}

    @property
    def is_history(self) -> bool:
        """Say whether a kind of history is meant."""
        return self.table in list(Kind)

    def question(self, venue: str, source: Provenance) -> Question:
        """Return it as the question about one book."""
        named = {"kind": self.table, "venue": venue, "symbol": self.symbol, "source": source}
        span = {"start": self.start, "end": self.end, "limit": PAGE_ROWS}
        return msgspec.convert({**named, **span, **self.more}, Question)


def table_names() -> list[str]:
    """Return what can be exported."""
    return [*Kind, *(name for name in TABLES if name not in list(Kind))]


def desk_pages(connection: DeskConnection, wanted: Wanted) -> Iterator[pa.Table]:
    """Yield pages from a desk that runs. Raises what the connection raises."""
    if not wanted.is_history:

        def ask(sql: str, parameters: Mapping[str, Any], most: int) -> pa.Table:
            return connection.sql(
                sql, parameters, max_rows=most, max_seconds=_SECONDS, as_arrow=True
            )

        yield from _table_pages(ask, wanted)
        return
    books = [(one.venue, symbol) for one in connection.venues() for symbol in one.symbols]
    asked = {"start": wanted.start, "end": wanted.end, **wanted.more}
    if wanted.source is not None:
        asked["source"] = str(wanted.source)
    venue = _venue_of(wanted, books)
    yield from connection.history_pages(wanted.table, venue, wanted.symbol, asked)


def store_pages(database: Database, wanted: Wanted) -> Iterator[pa.Table]:
    """Yield pages from a store that this process holds."""
    numbers = itertools.count(1)

    def ask(sql: str, parameters: Mapping[str, Any], most: int) -> pa.Table:
        asked = Ask(next(numbers), sql, dict(parameters), most, _LARGEST, _SECONDS)
        return pa.ipc.open_stream(database.ask(asked)).read_all()

    async def query(sql: str, parameters: Mapping[str, Any], most: int) -> pa.Table:
        return ask(sql, parameters, most)

    if not wanted.is_history:
        yield from _table_pages(ask, wanted)
        return
    books = ask("SELECT DISTINCT venue, symbol, source FROM trades", {}, _TABLE_ROWS).to_pylist()
    venue = _venue_of(wanted, [(row["venue"], row["symbol"]) for row in books])
    held = {
        row["source"] for row in books if (row["venue"], row["symbol"]) == (venue, wanted.symbol)
    }
    source = _source_of(wanted, {provenance_stored(word) for word in held})
    question: Question | None = wanted.question(venue, source)
    # The store holds no instruments: increments stand in each row, but what a contract is worth
    # in quote units does not.
    instrument = Instrument(venue, wanted.symbol, "", "", "1", "1")
    while question is not None:
        answer = asyncio.run(StoreHistory(query).answer(question, instrument))
        yield _said(_without_amounts(answer.table), source)
        question = _after(question, answer.next_start)


def tape_pages(paths: list[Path], wanted: Wanted) -> Iterator[pa.Table]:
    """Yield pages from tapes. Raises TapeError, and HistoryError for what no tape holds."""
    if not wanted.is_history:
        raise HistoryError(f"a tape has no {wanted.table}: it has {', '.join(Kind)}")
    history = TapeHistory(paths, whole=len(paths) == 1)
    source = history.check_source(wanted.source)
    venue = _venue_of(wanted, list(history.instruments))
    question: Question | None = wanted.question(venue, source)
    while question is not None:
        answer = history.answer(question)
        yield _said(answer.table, source)
        question = _after(question, answer.next_start)


def _source_of(wanted: Wanted, held: set[Provenance]) -> Provenance:
    """Return the source that is meant. Raises HistoryError where rows of several would do."""
    if wanted.source is None and len(held) > 1:
        raise HistoryError(
            f"the store has {wanted.symbol} of {' and '.join(sorted(held))}: say which with source"
        )
    return wanted.source or next(iter(held))


def _said(table: pa.Table, source: Provenance) -> pa.Table:
    return table.replace_schema_metadata({SOURCE: str(source)})


def _without_amounts(table: pa.Table) -> pa.Table:
    if "quote_volume" not in table.column_names:
        return table
    place = table.column_names.index("quote_volume")
    return table.set_column(place, "quote_volume", pa.nulls(table.num_rows, pa.float64()))


def _after(question: Question, next_start: int | None) -> Question | None:
    return None if next_start is None else msgspec.structs.replace(question, start=next_start)


def _venue_of(wanted: Wanted, books: list[tuple[str, str]]) -> str:
    """Return the venue of the book that is meant. Raises HistoryError where that is unclear."""
    venues = sorted({venue for venue, symbol in books if symbol == wanted.symbol})
    if wanted.venue in venues:
        return wanted.venue
    held = ", ".join(f"{venue} {symbol}" for venue, symbol in sorted(books)) or "none"
    if wanted.venue or len(venues) != 1:
        book = f"{wanted.venue} {wanted.symbol}".strip() or "a book"
        raise HistoryError(f"{book} is not known, or not by that alone; there is {held}")
    return venues[0]


def _table_pages(ask: _Ask, wanted: Wanted) -> Iterator[pa.Table]:
    """Yield the rows of a table, in the order of its stamp; those of an instant stay together."""
    table = TABLES[wanted.table]
    sql, parameters = _statement(table, wanted)
    while True:
        page = ask(sql, parameters, 2 * _TABLE_ROWS)
        yield page
        if page.num_rows < _TABLE_ROWS:
            return
        last = page[table.stamp].cast(pa.int64())[-1].as_py()
        parameters["start"] = last + 1


def _statement(table: Table, wanted: Wanted) -> tuple[str, dict[str, Any]]:
    columns = {column.name for column in table.columns}
    moment = "fromUnixTimestamp64Nano"
    conditions = [
        f"{table.stamp} >= {moment}({{start:Int64}}, 'UTC')",
        f"{table.stamp} < {moment}({{end:Int64}}, 'UTC')",
    ]
    parameters: dict[str, Any] = {"start": wanted.start, "end": wanted.end}
    for name, value in (("venue", wanted.venue), ("symbol", wanted.symbol)):
        if value and name not in columns:
            raise HistoryError(f"{wanted.table} has no {name}")
        if value:
            conditions.append(f"{name} = {{{name}:String}}")
            parameters[name] = value
    if wanted.source is not None:
        conditions.append("source = {source:String}")
        parameters["source"] = wanted.source.stored
    final = " FINAL" if table.newest_wins else ""
    sql = f"SELECT * FROM {wanted.table}{final} WHERE {' AND '.join(conditions)} "
    return sql + f"ORDER BY {table.stamp} LIMIT {_TABLE_ROWS} WITH TIES", parameters
