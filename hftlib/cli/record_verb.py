"""`record`: write what the exchanges or the local venues send onto tapes, without a desk."""

import argparse
import sys
from typing import TYPE_CHECKING

import msgspec

from hftlib.cli.flags import add_settings
from hftlib.core.configuration import KEYS, Configuration

if TYPE_CHECKING:
    from hftlib.desk.recording import RecordingLine

NAME = "record"
HELP = "record exchanges or local venues onto tapes in the data folder, without a desk"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    add_settings(parser, "source", "venues", "symbols", "data_dir")
    add_settings(parser, *(name for name in KEYS if name.startswith("tape.")))
    parser.add_argument("--seconds", type=float, help="stop by itself after this long")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """Record until it is stopped; return 0, or 1 when frames were lost."""
    from hftlib.desk.recording import record
    from hftlib.desk.settings import settings_of

    def tell(line: "RecordingLine") -> None:
        print(msgspec.json.encode(line).decode() if arguments.json else _words(line), flush=True)

    last = record(settings_of(configuration), tell, seconds=arguments.seconds)
    print(f"hftlib: recorded {last.frames:,} frames on {last.path}", file=sys.stderr)
    return 1 if last.lost else 0


def _words(line: "RecordingLine") -> str:
    trouble = f"  {line.trouble}" if line.trouble else ""
    lost = f", {line.lost:,} lost" if line.lost else ""
    return (
        f"{line.seconds:8.0f} s  {line.frames:>12,} frames{lost}  "
        f"{line.tape_bytes / 1e6:8.1f} MB  {line.live_books} of {line.books} books LIVE{trouble}"
    )
