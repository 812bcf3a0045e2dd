"""`hftlib replay`: run tapes through decode, book and features at full speed."""

import argparse
from pathlib import Path

import msgspec

from hftlib.cli.progress import progress_of
from hftlib.core.configuration import Configuration
from hftlib.desk.compiling import tell_compiling

NAME = "replay"
HELP = "run tapes through decode, book and features at full speed"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument("tapes", nargs="+", type=Path, metavar="TAPE", help="tapes, merged by time")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--features", type=Path, metavar="FILE", help="write the vector of every update as parquet"
    )


def run(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """Replay the tapes and print the report; return 0."""
    from hftlib.core.compiled import compile_all
    from hftlib.desk.replay import replay

    compile_all(tell_compiling)
    with progress_of(" frames") as show:
        report = replay(arguments.tapes, features=arguments.features, progress=show)
    if arguments.json:
        print(msgspec.json.encode(report).decode())
    else:
        _print(msgspec.to_builtins(report))
    return 0


def _print(report: dict[str, object]) -> None:
    books = report.pop("books")
    for name, value in report.items():
        print(f"{name:<20} {value}")
    assert isinstance(books, list)
    for book in books:
        bid, ask = book["best_bid"] or ("-", "-"), book["best_ask"] or ("-", "-")
        verified = "verified" if book["verified"] else "not verifiable"
        print(
            f"{book['venue']:>18} {book['symbol']:<12} {book['state']:<8} {verified:<15}"
            f"{bid[0]} x {bid[1]} / {ask[0]} x {ask[1]}"
            f"  levels {book['bid_levels']}/{book['ask_levels']}  id {book['last_update_id']}"
        )
