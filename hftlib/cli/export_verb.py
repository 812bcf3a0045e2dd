"""`hftlib export`: write what was to a parquet or CSV file."""

import argparse
import contextlib
import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from hftlib.cli.flags import add_settings
from hftlib.cli.progress import Show, progress_of
from hftlib.client.history import SOURCE
from hftlib.core.configuration import Configuration

if TYPE_CHECKING:
    import pyarrow as pa

    from hftlib.desk.exporting import Wanted

NAME = "export"
HELP = "write features, books, trades, candles, markouts or a table of the store to a file"
_FORMATS = (".parquet", ".csv")


class Exported(msgspec.Struct, frozen=True):
    """Tell what was written, and who told it: desk, store or tape.

    `source` is the market that all rows are of; empty where each row of a table says its own.
    """

    file: str
    table: str
    rows: int
    bytes: int
    where: str
    source: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument(
        "table",
        help="features, books, trades, candles, markouts, or a table of the store",
    )
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="FILE.parquet|csv")
    parser.add_argument("--symbol", default="", help="symbol, in the venue's words")
    parser.add_argument("--venue", default="", help="venue, where several have the symbol")
    parser.add_argument(
        "--from", dest="start", default="", metavar="TIME", help="ISO text or ns UTC, inclusive"
    )
    parser.add_argument(
        "--to", dest="end", default="", metavar="TIME", help="ISO text or ns UTC, exclusive"
    )
    parser.add_argument("--tape", type=Path, help="read this tape, and nothing else")
    parser.add_argument(
        "--source",
        dest="of_source",
        choices=("EXCHANGE", "TESTNET", "SIMULATED", "UNKNOWN"),
        help="market that the rows are of; that of whoever is asked when left out",
    )
    parser.add_argument("--interval", choices=("1s", "1m", "5m", "15m", "1h"), help="of candles")
    parser.add_argument("--every", choices=("event", "1s"), help="of features")
    parser.add_argument("--depth", type=int, help="levels a side of books")
    parser.add_argument("--force", action="store_true", help="replace the file where there is one")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_settings(parser, "data_dir", "api.url")


def run(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """Write the file, whole or not at all; return 0."""
    from hftlib.core.errors import HftlibError

    output: Path = arguments.output
    if output.suffix not in _FORMATS:
        raise HftlibError(f"{output}: a file is named *.parquet or *.csv")
    if output.exists() and not arguments.force:
        raise HftlibError(f"{output} is there already; --force replaces it")
    wanted = _wanted(arguments)
    with contextlib.ExitStack() as stack:
        where, pages = _pages(arguments, configuration, wanted, stack)
        with progress_of(" rows", scaled=True) as show:
            rows, source = _write(output, pages, show)
    size = output.stat().st_size
    report = Exported(str(output), wanted.table, rows, size, where, source)
    if arguments.json:
        print(msgspec.json.encode(report).decode())
    else:
        market = f", {source}" if source else ""
        print(f"{report.file}: {rows:,} rows of {report.table} from the {where}{market}")
    return 0


def _wanted(arguments: argparse.Namespace) -> "Wanted":
    from hftlib.client.history import nanoseconds
    from hftlib.core.errors import HftlibError
    from hftlib.core.provenance import Provenance
    from hftlib.desk.exporting import Wanted, table_names

    if arguments.table not in table_names():
        raise HftlibError(f"no table {arguments.table!r}: one of {', '.join(table_names())}")
    given = {name: getattr(arguments, name) for name in ("interval", "every", "depth")}
    span = {
        name: nanoseconds(text)
        for name, text in (("start", arguments.start), ("end", arguments.end))
        if text
    }
    more = {name: value for name, value in given.items() if value is not None}
    source = None if arguments.of_source is None else Provenance(arguments.of_source)
    return Wanted(
        arguments.table, arguments.venue, arguments.symbol, source=source, more=more, **span
    )


def _pages(
    arguments: argparse.Namespace,
    configuration: Configuration,
    wanted: "Wanted",
    stack: contextlib.ExitStack,
) -> tuple[str, Iterator["pa.Table"]]:
    """Return who tells, and the pages: the tape named, else a desk, else the data folder."""
    from hftlib.client.connection import DeskConnection
    from hftlib.client.desk import desk_of
    from hftlib.core.compiled import compile_all
    from hftlib.core.errors import UnavailableError
    from hftlib.desk.compiling import tell_compiling
    from hftlib.desk.exporting import desk_pages, tape_pages

    if arguments.tape is not None:
        compile_all(tell_compiling)
        return "tape", tape_pages([arguments.tape], wanted)
    url, token = desk_of(configuration)
    connection = stack.enter_context(DeskConnection(url, token))
    try:
        connection.health()
    except UnavailableError:
        if configuration.api.url:
            raise
        return _folder_pages(configuration, wanted, stack)
    return "desk", desk_pages(connection, wanted)


def _folder_pages(
    configuration: Configuration, wanted: "Wanted", stack: contextlib.ExitStack
) -> tuple[str, Iterator["pa.Table"]]:
    """Return pages of a data folder that no desk runs for: its store, else its tapes."""
    from hftlib.core.compiled import compile_all
    from hftlib.core.errors import HftlibError
    from hftlib.desk.choices import TAPES
    from hftlib.desk.compiling import tell_compiling
    from hftlib.desk.exporting import store_pages, tape_pages
    from hftlib.desk.ownership import owning
    from hftlib.desk.parts import store_folder
    from hftlib.io.store.database import Database
    from hftlib.io.store.target import Server, server_of

    folder = Path(configuration.data_dir).expanduser()
    target: Path | Server = store_folder(folder)
    if configuration.clickhouse_dsn:
        target = server_of(configuration.clickhouse_dsn)
    elif store_folder(folder).is_dir():
        stack.enter_context(owning(folder))
    else:
        tapes = sorted((folder / TAPES).glob("*.tape"))
        if not tapes:
            raise HftlibError(f"no desk runs, and {folder} holds neither a store nor tapes")
        compile_all(tell_compiling)
        return "tape", tape_pages(tapes, wanted)
    database = Database(target)
    stack.callback(database.close)
    return "store", store_pages(database, wanted)


def _write(output: Path, pages: Iterator["pa.Table"], show: Show) -> tuple[int, str]:
    """Write pages beside the file, and put that in place when it is whole.

    Returns the rows, and the source that all of them are of.
    """
    part = output.with_name(f".{output.name}.{os.getpid()}.part")
    rows = 0
    try:
        first = next(pages)
        source = (first.schema.metadata or {}).get(SOURCE, b"").decode()
        told = {SOURCE: source} if source else None
        with _writer(output.suffix, part, first.schema.with_metadata(told)) as write:
            for page in itertools.chain([first], pages):
                write(page.replace_schema_metadata(told))
                rows += page.num_rows
                show(rows, rows)
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)
    return rows, source


@contextlib.contextmanager
def _writer(
    suffix: str, path: Path, schema: "pa.Schema"
) -> Iterator[Callable[["pa.Table"], object]]:
    """Open a file for pages: parquet with zstd, or CSV, where lists are JSON."""
    import pyarrow.csv as csv
    import pyarrow.parquet as pq

    if suffix == ".parquet":
        with pq.ParquetWriter(path, schema, compression="zstd") as parquet:
            yield parquet.write_table
        return
    flat = _flat(schema.empty_table()).schema
    with csv.CSVWriter(path, flat) as writer:
        yield lambda page: writer.write_table(_flat(page))


def _flat(page: "pa.Table") -> "pa.Table":
    """Return a page whose lists are JSON text: CSV has none."""
    import pyarrow as pa

    for place, field in enumerate(page.schema):
        if pa.types.is_list(field.type):
            lists = page[field.name].to_pylist()
            texts = [None if one is None else msgspec.json.encode(one).decode() for one in lists]
            page = page.set_column(place, field.name, pa.array(texts, pa.string()))
    return page
