"""`hftlib import`: turn other programs' recordings and public dumps into a tape."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from hftlib.cli.progress import progress_of
from hftlib.core.configuration import Configuration
from hftlib.core.venue import LOBSTER, VENUES
from hftlib.desk.compiling import tell_compiling

if TYPE_CHECKING:
    from hftlib.io.importers import Place, Summary

NAME = "import"
HELP = "turn recordings of other programs and public dumps into a tape"

FORMATS = ("hftbacktest", "cryptofeed", "lobster", "binance-archive", "csv")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument("format", choices=FORMATS, help="what wrote the files")
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="plain, .gz, .zst or .zip; in order"
    )
    parser.add_argument("--venue", choices=VENUES, help="whose frames these are")
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="TAPE")
    parser.add_argument("--append", action="store_true", help="go on with a tape that is there")
    parser.add_argument(
        "--instruments", type=Path, metavar="FILE", help="increments, as TOML or JSON"
    )
    parser.add_argument("--symbol", default="", help="symbol, where the files do not tell")
    parser.add_argument(
        "--table", default="", choices=("trades", "klines", "quotes"), help="kind of CSV table"
    )
    parser.add_argument("--interval", default="", help="interval of klines, such as 1m")
    parser.add_argument(
        "--checkpoints",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="tape time between checkpoints of the books, 0 for none (default %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """Import the files and print the account; return 0."""
    from hftlib.core.errors import TapeError
    from hftlib.io.importers import Order, folder_bytes, import_files, with_checkpoints

    venue = arguments.venue or (LOBSTER if arguments.format == "lobster" else "")
    if not venue:
        raise TapeError(f"--venue is needed: one of {', '.join(VENUES)}")
    order = Order(
        format=arguments.format,
        files=tuple(arguments.files),
        output=arguments.output,
        venue=venue,
        append=arguments.append,
        instruments=arguments.instruments,
        symbol=arguments.symbol,
        table=arguments.table,
        interval=arguments.interval,
    )
    before = folder_bytes(arguments.output)
    with progress_of("B", scaled=True) as show:
        summary = import_files(order, show)
    if arguments.checkpoints > 0:
        stored = _add_checkpoints(arguments.output, arguments.checkpoints)
        summary = with_checkpoints(summary, stored, folder_bytes(arguments.output) - before)
    if arguments.json:
        print(msgspec.json.encode(summary).decode())
    else:
        _print(summary)
    _complain("left out", summary.bad_lines, summary.bad_line_places)
    _complain(
        "on the tape but unreadable", summary.unreadable_frames, summary.unreadable_frame_places
    )
    return 0


def _add_checkpoints(tape: Path, seconds: float) -> int:
    from hftlib.core.compiled import compile_all
    from hftlib.desk.checkpoints import add_checkpoints

    compile_all(tell_compiling)
    with progress_of(" frames") as show:
        return add_checkpoints(tape, seconds, show)


def _print(summary: "Summary") -> None:
    kinds = ", ".join(f"{count} {kind}" for kind, count in summary.counts.items())
    print(f"{summary.tape}: {summary.frames} frames ({kinds}) of {summary.venue}")
    for file in summary.files:
        print(f"  {file.file}: {file.lines} lines, {file.frames} frames, {file.bad_lines} bad")
    print(
        f"  {summary.tape_bytes} bytes on the tape,"
        f" {100 * summary.ratio:.1f} % of {summary.raw_bytes} raw bytes,"
        f" {summary.checkpoints} checkpoints"
    )
    for one in summary.instruments:
        print(
            f"  {one.symbol}: price {one.price_increment}, size {one.size_quantum} ({one.origin})"
        )


def _complain(what: str, count: int, places: "tuple[Place, ...]") -> None:
    """Name the lines that went wrong on stderr, the first ones one by one."""
    if not count:
        return
    print(f"{count} lines {what}", file=sys.stderr)
    for place in places:
        print(f"  {place.file} line {place.line}: {place.reason}", file=sys.stderr)
