"""`python -m tests.kill --times N [--seed S] [--write]`: kill a desk under load, count losses."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.kill.report import table, write
from tests.kill.sync_trace import STRACE
from tests.kill.sync_trial import trace_and_cut
from tests.kill.trials import Trials

TRACED_S = 10.0


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
        figures = {"seed": arguments.seed, **trials.run(arguments.times), **_traced(folder)}
    print("\n".join(table(figures)))
    if arguments.write and figures["kills"] == arguments.times:
        write(figures)
    return 0


def _traced(folder: Path) -> dict[str, int]:
    """Return the counts of a desk whose system calls were traced, none without a tracer."""
    if STRACE is None:
        print("strace is not installed here: no system calls are traced", file=sys.stderr)
        return {}
    _, counts = trace_and_cut(folder / "traced", "local", TRACED_S)
    return counts


if __name__ == "__main__":
    sys.exit(main())
