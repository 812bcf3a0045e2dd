"""`make bench`: measure hftlib and its peers in one run, print the table, write the figures."""

import argparse
import sys

from benchmarks import (
    capture,
    hftlib_rows,
    live_rows,
    market_rows,
    matching_rows,
    offline_rows,
    other_rows,
    peer_rows,
    report,
)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--no-peers", action="store_true", help="hftlib alone; writes nothing")
    parser.add_argument("--rounds", type=int, default=15, help="rounds of hftlib's rows (>= 5)")
    return parser.parse_args()


def main() -> int:
    """Run the bench; return 0, or 1 where a subject did other work than the rest."""
    arguments = _arguments()
    try:
        found = capture.read_capture()
    except FileNotFoundError as error:
        print(f"bench: no capture at {error.filename}; set HFT_CAPTURES", file=sys.stderr)
        return 2
    own = hftlib_rows.measure(found, max(arguments.rounds, 5), _say)
    live = list(live_rows.measure(_say, with_peers=not arguments.no_peers))
    others = [
        *other_rows.measure(_say),
        *offline_rows.measure(_say),
        *market_rows.measure(_say),
    ]
    matching = matching_rows.measure(_say, with_peer=not arguments.no_peers)
    if arguments.no_peers:
        print(report.table([*own.rows, *others, *live, *matching.rows]))
        return 0
    peers = peer_rows.measure(own, _say)
    rows = [*peers.rows, *others, *matching.rows]
    print(report.table([*rows, *live]))
    complaints = [*peers.complaints, *matching.complaints]
    for line in complaints:
        print(f"bench: {line}", file=sys.stderr)
    live_rows.write(live)
    report.write(rows, report.machine(peers.packages | own.packages | matching.packages))
    return 1 if complaints else 0


def _say(what: str) -> None:
    print(f"bench: {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
