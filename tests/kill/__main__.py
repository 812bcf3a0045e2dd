"""`python -m tests.kill --times N [--seed S] [--write]`: kill a desk under load, count losses."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.kill.report import table, write
from tests.kill.trials import Trials


def main() -> int:
    """Kill; return 0 when nothing that was acknowledged was lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.kill", description=__doc__)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="keep the data folder here")
    parser.add_argument("--write", action="store_true", help="keep the figures in docs/")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as passing:
        folder = arguments.folder or Path(passing)
        trials = Trials(folder, arguments.seed, lambda text: print(text, file=sys.stderr))
        figures = {"seed": arguments.seed, **trials.run(arguments.times)}
    print("\n".join(table(figures)))
    if arguments.write:
        write(figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
