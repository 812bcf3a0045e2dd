"""`hftlib sample`: generate the sample tape that the project ships, byte for byte."""

import argparse
from pathlib import Path

import msgspec

from hftlib.cli.progress import progress_of
from hftlib.core.configuration import Configuration

NAME = "sample"
HELP = "generate the sample tape, a simulated market in venue frames"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="TAPE")
    parser.add_argument("--seconds", type=int, help="length of the market (default: as shipped)")
    parser.add_argument("--seed", type=int, help="seed of the market (default: as shipped)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """Generate the tape and print what was written; return 0."""
    from hftlib.desk.sample import SECONDS, SEED, write_sample

    seconds = SECONDS if arguments.seconds is None else arguments.seconds
    with progress_of("s") as show:
        summary = write_sample(
            arguments.output,
            seconds=seconds,
            seed=SEED if arguments.seed is None else arguments.seed,
            progress=show,
        )
    if arguments.json:
        print(msgspec.json.encode(summary._asdict()).decode())
    else:
        print(f"{summary.tape}: {summary.frames} frames, {summary.tape_bytes} bytes")
        print(f"  seed {summary.seed}, {summary.seconds} s, sha256 {summary.sha256}")
    return 0
