"""`hftlib replay`: run tapes through decode, book and features at full speed, or verify them."""

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
    parser.add_argument(
        "tapes",
        nargs="+",
        type=Path,
        metavar="TAPE",
        help="tapes; parts of one live run go on from one another, others are merged by time",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--features", type=Path, metavar="FILE", help="write the vector of every update as parquet"
    )
    parser.add_argument(
        "--verify",
        action="store_true",
        help="compare the hashes of a replay with those of the live run; exit 1 if one differs",
    )


def run(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """Replay the tapes and print the report; return 1 where a verification fails, else 0."""
    from hftlib.core.compiled import compile_all
    from hftlib.desk.replay import replay

    compile_all(tell_compiling)
    if arguments.verify:
        return _verify(arguments)
    with progress_of(" frames") as show:
        report = replay(arguments.tapes, features=arguments.features, progress=show)
    if arguments.json:
        print(msgspec.json.encode(report).decode())
    else:
        _print(msgspec.to_builtins(report))
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    from hftlib.desk.verification import verify

    with progress_of(" frames") as show:
        verdicts = verify(arguments.tapes, show)
    if arguments.json:
        print(msgspec.json.encode(verdicts).decode())
    else:
        for verdict in verdicts:
            told = f"proven by {', '.join(verdict.compared)}" if verdict.proven else verdict.reason
            print(f"{verdict.path}  {verdict.frames:,} frames  {told}")
    return 0 if all(verdict.proven for verdict in verdicts) else 1


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
