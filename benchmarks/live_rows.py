"""Rows of the live path: a flood on one core, and a whole desk under a paced feed.

`python -m benchmarks.live_rows` measures them and writes their section of docs/performance.md.
"""

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks import environments
from benchmarks.report import DOCUMENT, Row, figure

BEGIN: Final = "<!-- live: begin (written by `python -m benchmarks.live_rows`, not by hand) -->"
END: Final = "<!-- live: end -->"

FLOOD: Final = "flood of small depth frames, {}: frames a second of processor"
WALL: Final = "flood of small depth frames, {}: frames a second by the wall clock"
OWN: Final = "hftlib (tape, book, 80 features, hashes)"
INSIDE: Final = (
    "desk at 5,000 frames a second, tape on, store busy, 5 pages: received to features, {}"
)
PACED: Final = "the same, evenly paced sender's stamp to features, {}"
BURSTS: Final = "the same in bursts of 25, sender's stamp to features, {}"
PAUSE: Final = "the same, longest pause of the garbage collector, by {}"
SNAPSHOT: Final = "time of the loop for a snapshot of {:.1f} MB, {}"

_OWN_FRAMES: Final = 200_000
_PEER_FRAMES: Final = 60_000
_ROUNDS: Final = 3
_RATE: Final = 5_000
_SECONDS: Final = 20
_PEERS: Final = {
    "ccxt pro (book)": ("ccxt_pro", "ccxt_flood"),
    "cryptofeed (book)": ("cryptofeed_path", "cryptofeed_flood"),
}
_HERE: Final = Path(__file__).resolve().parent


def measure(say: Callable[[str], None], *, with_peers: bool = True) -> Iterator[Row]:
    """Yield the rows; peers run in environments of their own, in turn with hftlib's client."""
    yield from _floods(say, with_peers=with_peers)
    say(INSIDE.format("p50"))
    even = _desk(burst=1)
    for share in ("p50", "p99"):
        yield Row(INSIDE.format(share), even[f"inside_{share}"], "us", "", None)
    for share in ("p50", "p99"):
        yield Row(PACED.format(share), even[f"sent_{share}"], "us", "", None)
    yield Row(PAUSE.format("the wall clock"), even["gc_longest_ms"], "ms", "", None)
    yield Row(PAUSE.format("the loop's own time"), even["gc_thread_ms"], "ms", "", None)
    say(BURSTS.format("p99"))
    bursts = _desk(burst=25)
    for share in ("p50", "p99"):
        yield Row(BURSTS.format(share), bursts[f"sent_{share}"], "us", "", None)
    say("pause of a large snapshot")
    pause = _json_of([sys.executable, "-m", "benchmarks.large_snapshot"])
    for kind in ("median", "longest"):
        name = SNAPSHOT.format(pause["bytes"] / 1e6, kind)
        yield Row(name, pause[f"{kind}_ms"], "ms", "", None)


def _floods(say: Callable[[str], None], *, with_peers: bool) -> Iterator[Row]:
    """Yield the rates of hftlib and its peers, medians over rounds in turn."""
    subjects: dict[str, tuple[list[str], int]] = {
        OWN: ([sys.executable, "-m", "benchmarks.live_client"], _OWN_FRAMES)
    }
    absent: dict[str, str] = {}
    for name, (environment, module) in _PEERS.items() if with_peers else ():
        python = environments.install(environment)
        if isinstance(python, environments.Absent):
            absent[name] = python.reason
        else:
            subjects[name] = ([str(python), "-m", f"benchmarks.peers.{module}"], _PEER_FRAMES)
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in subjects}
    for turn in range(_ROUNDS):
        for name, (command, frames) in subjects.items():
            say(f"{FLOOD.format(name)} ({turn + 1} of {_ROUNDS})")
            found[name].append(_flood(command, frames))
    for name, rounds in found.items():
        for title, seconds in ((FLOOD, "cpu_s"), (WALL, "wall_s")):
            rate = statistics.median(one["frames"] / one[seconds] for one in rounds)
            yield Row(title.format(name), rate, "frames/s", "", None)
    for name, reason in absent.items():
        yield Row(FLOOD.format(name), None, "frames/s", "", None, reason)


def _flood(command: list[str], frames: int) -> dict[str, Any]:
    with _venue(str(frames)) as port:
        told = _json_of([*command, port, str(frames)])
    if told.get("lost") or not told.get("is_right", True):
        raise RuntimeError(f"the flood was not taken whole: {told}")
    return told


def _desk(burst: int) -> dict[str, Any]:
    frames = str(_RATE * _SECONDS)
    with _venue(frames, str(_RATE), str(burst)) as port:
        told = _json_of([sys.executable, "-m", "benchmarks.desk_load", port, frames])
    if told["tape_lost"] or told["store_refused"]:
        raise RuntimeError(f"the desk lost something: {told}")
    return told


@contextmanager
def _venue(*arguments: str) -> Iterator[str]:
    """Run a venue that floods; yield its port."""
    command = [sys.executable, "-m", "benchmarks.frame_venue", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=_HERE.parent)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


def _json_of(command: list[str]) -> dict[str, Any]:
    """Return what a process prints as its last line. Raises RuntimeError with its last words."""
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=_HERE.parent, timeout=300, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-600:]}")
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    told: dict[str, Any] = json.loads(lines[-1])
    return told


def section(rows: list[Row]) -> str:
    """Return the rows as the section of docs/performance.md that they fill."""
    lines = [BEGIN, "", "| row | value | unit |", "|---|---:|---|"]
    lines += [f"| {row.name} | {figure(row.value)} | {row.unit} |" for row in rows]
    return "\n".join([*lines, "", END])


def write(rows: list[Row]) -> None:
    """Put the section in its place in the document. Raises ValueError where it has none."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{DOCUMENT.name} has no place for the live path")
    DOCUMENT.write_text(before + section(rows) + after, encoding="utf-8")


def main() -> int:
    """Measure, print, and write the section."""
    rows = list(measure(lambda what: print(f"bench: {what}", file=sys.stderr, flush=True)))
    print(section(rows))
    write(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
