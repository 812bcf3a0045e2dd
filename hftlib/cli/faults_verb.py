"""`hftlib faults`: plant faults at random places of tapes and see what the books make of them."""

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from tqdm import tqdm

from hftlib.core.configuration import Configuration

if TYPE_CHECKING:
    from hftlib.desk.fault_trials import Trial

NAME = "faults"
HELP = "plant faults at random places of tapes and compare every book with the clean run"

BEGIN = "<!-- table: begin (written by `python -m hftlib faults`, not by hand) -->"
END = "<!-- table: end -->"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument("tapes", nargs="+", type=Path, metavar="TAPE")
    parser.add_argument("--places", type=int, default=1000, help="places per tape (default 1000)")
    parser.add_argument("--seed", default="1", help="names the random places and damages")
    parser.add_argument("--workers", type=int, default=1, help="processes to share the work")
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    parser.add_argument(
        "--write", type=Path, metavar="FILE", help="replace the table in this page, too"
    )


def run(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """Run the trials and print a row per venue and fault; return 0."""
    from hftlib.core.compiled import compile_all
    from hftlib.desk.fault_report import rows_of, table_of

    around = None if arguments.write is None else _around_table(arguments.write)
    compile_all()
    found = _trials(arguments)
    rows = [row for tape in arguments.tapes for row in rows_of(_sorted(found[tape]), tape.stem)]
    if around is not None:
        made = f"Seed {arguments.seed}, up to {arguments.places} places of each capture."
        text = f"{BEGIN}\n\n{made}\n\n{table_of(rows)}\n\n{END}".join(around)
        arguments.write.write_text(text, encoding="utf-8")
    if arguments.json:
        print(msgspec.json.encode(rows).decode())
    else:
        print(table_of(rows))
    return 0


def _trials(arguments: argparse.Namespace) -> dict[Path, list["Trial"]]:
    """Return the trials of every tape, each tape's places shared out among the workers."""
    from hftlib.desk.fault_trials import trials_of_tape

    found: dict[Path, list[Trial]] = {tape: [] for tape in arguments.tapes}
    shares = [(tape, share) for tape in found for share in range(arguments.workers)]
    with (
        ProcessPoolExecutor(arguments.workers) as pool,
        tqdm(total=len(shares), unit="share", file=sys.stderr, disable=None, leave=False) as bar,
    ):
        working = {
            pool.submit(
                trials_of_tape, tape, arguments.places, arguments.seed, (share, arguments.workers)
            ): tape
            for tape, share in shares
        }
        for done in as_completed(working):
            bar.update()
            found[working[done]] += done.result()
    return found


def _sorted(trials: Sequence["Trial"]) -> list["Trial"]:
    """Return trials by venue, fault and place, however the workers came to an end."""
    from hftlib.core.venue import VENUES
    from hftlib.io.faults import Fault

    faults = list(Fault)
    return sorted(
        trials,
        key=lambda trial: (
            VENUES.index(trial.venue),
            faults.index(trial.fault),
            trial.symbol,
            trial.place,
        ),
    )


def _around_table(page: Path) -> tuple[str, str]:
    """Return what stands before and after the table of a page.

    Raises ConfigurationError for a page that has no place for it.
    """
    from hftlib.core.errors import ConfigurationError

    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    before, _, rest = text.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ConfigurationError(f"{page} has no place for the table: {BEGIN} ... {END}")
    return before, after
