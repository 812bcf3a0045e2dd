"""`python -m benchmarks.take_rows`: what one frame costs the loop of a live desk, part by part.

A shipped tape goes through `LiveRun.take`, first bare, then with one more of the house on each
time: signals, the stopwatch, the tape, the run's hashes. Seconds are those of the loop's thread
alone, so that the tape's own thread does not count; what that thread takes from the loop shows in
the second part, frames evenly paced at 5,000 a second with everything on. Takes a minute and a
half; writes its section of docs/performance.md.
"""

import argparse
import gc
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.report import DOCUMENT, machine
from hftlib.core.compiled import compile_all
from hftlib.core.frames import Frame
from hftlib.desk.latency import Histogram, Latency
from hftlib.desk.live_run import LiveRun
from hftlib.desk.run import Run
from hftlib.desk.settings import INCIDENTS
from hftlib.engine.engine import Engine
from hftlib.engine.hashing import RunHasher
from hftlib.io.clock import WallClock
from hftlib.io.tape import LiveTape, Manifest, TapeLimits, TapeReader
from hftlib.signals.catalogue import DEFAULT_SIGNALS

WRITTEN: Final = "(written by `python -m benchmarks.take_rows`, not by hand)"
BEGIN: Final = f"<!-- take: begin {WRITTEN} -->"
END: Final = "<!-- take: end -->"
RATE: Final = 5_000
SECONDS: Final = 7
ROUNDS: Final = 5
NO_LIMITS: Final = TapeLimits(1 << 50, 1 << 62, 1 << 50, 1 << 62, 0)


class Parts(NamedTuple):
    """Say what is on."""

    name: str
    signals: bool = True
    stopwatch: bool = True
    tape: bool = True
    hashes: bool = True


STEPS: Final = (
    Parts("engine and boards", signals=False, stopwatch=False, tape=False, hashes=False),
    Parts("and signals", stopwatch=False, tape=False, hashes=False),
    Parts("and stopwatch", tape=False, hashes=False),
    Parts("and tape", hashes=False),
    Parts("and run hashes: everything"),
)


class Desk:
    """Hold a live run without sockets."""

    def __init__(self, source: TapeReader, parts: Parts, folder: Path) -> None:
        """Begin a run with `parts` on."""
        clock = WallClock()
        latency, hasher = Latency(clock.now_ns), RunHasher(deferred=True)
        signals = DEFAULT_SIGNALS if parts.signals else ()
        make = partial(Engine, (), latency if parts.stopwatch else None, signals)
        self.run = Run(make, source.manifest.source, "bench")
        manifest = Manifest(source=source.manifest.source)
        self.tape = LiveTape(
            folder, manifest, NO_LIMITS, hasher=hasher if parts.hashes else None, clock=clock
        )
        self.live = LiveRun(self.run, self.tape if parts.tape else _Nowhere(), clock, latency)
        if parts.hashes:
            self.live.listeners.append(hasher.hear)
        self.live.learn(list(source.instruments.values()))


class _Nowhere(LiveTape):
    """Stand where the tape would be."""

    def __init__(self) -> None:
        """Begin with nothing."""

    def append(self, frame: Frame) -> bool:
        """Forget the frame."""
        del frame
        return True

    def add_instruments(self, instruments: object) -> None:
        """Forget the instruments."""


def cost_us(source: TapeReader, frames: Sequence[Frame], parts: Parts) -> float:
    """Return the microseconds of the loop's thread a frame, at full speed."""
    with tempfile.TemporaryDirectory() as name:
        desk = Desk(source, parts, Path(name))
        gc.collect()
        take = desk.live.take
        began = time.thread_time()
        for one in frames:
            take(one.venue, one.connection, one.kind, one.payload, one.request)
        seconds = time.thread_time() - began
        desk.tape.close()
    return seconds / len(frames) * 1e6


class Paced(NamedTuple):
    """Hold what frames at an even pace took (s), by stage, and what a checkpoint took (s)."""

    took: list[float]
    stages: dict[str, Histogram]
    checkpoint_s: float
    books: int


def paced(source: TapeReader, frames: Sequence[Frame]) -> Paced:
    """Take frames at an even pace with everything on."""
    took: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        desk = Desk(source, STEPS[-1], Path(name))
        gc.collect()
        gc.freeze()
        began = time.perf_counter()
        for number, one in enumerate(frames):
            _wait(began + number / RATE)
            start = time.perf_counter()
            desk.live.take(one.venue, one.connection, one.kind, one.payload, one.request)
            took.append(time.perf_counter() - start)
            if number % RATE == RATE - 1:
                desk.live.second()
        start = time.perf_counter()
        desk.run.engine.checkpoint()
        checkpoint_s = time.perf_counter() - start
        gc.unfreeze()
        desk.tape.close()
    return Paced(sorted(took), desk.live.latency.stages(), checkpoint_s, len(desk.run.engine.books))


def _wait(due_s: float) -> None:
    """Wait as a loop does, letting other threads run."""
    while (left_s := due_s - time.perf_counter()) > 0:
        time.sleep(left_s / 2 if left_s > 1e-4 else 0)


def section(costs: dict[str, float], result: Paced) -> str:
    """Return the section of docs/performance.md."""
    return "\n".join([BEGIN, "", *_lines(costs, result), "", END])


def _lines(costs: dict[str, float], result: Paced) -> Iterator[str]:
    yield f"One frame on the loop of a live desk, calm.tape ({machine({})['cpu']}):"
    yield ""
    yield "| on | us a frame | more |"
    yield "|---|---|---|"
    before = 0.0
    for name, cost in costs.items():
        yield f"| {name} | {cost:.2f} | {cost - before:+.2f} |"
        before = cost
    yield ""
    yield f"Everything on, {RATE:,} frames a second for {SECONDS} s, evenly paced, in us:"
    yield ""
    yield "| | p50 | p90 | p99 | p99.9 | longest |"
    yield "|---|---|---|---|---|---|"
    shares = (0.5, 0.9, 0.99, 0.999, 1.0)
    last = len(result.took) - 1
    told = [f"{result.took[int(share * last)] * 1e6:.0f}" for share in shares]
    yield f"| the whole of `take` | {' | '.join(told)} |"
    for name, stage in result.stages.items():
        told = [f"{(stage.quantile_ns(share) or 0) / 1e3:.0f}" for share in shares]
        yield f"| receive stamp to {name} | {' | '.join(told)} |"
    yield ""
    yield (
        f"A checkpoint of {result.books} books, every 30 s: {result.checkpoint_s * 1e3:.1f} ms of "
        "the loop."
    )


def write(text: str) -> None:
    """Put the section into docs/performance.md, in the place of the one before."""
    document = DOCUMENT.read_text(encoding="utf-8")
    if BEGIN in document:
        head, _, rest = document.partition(BEGIN)
        document = head + text + rest.partition(END)[2]
    else:
        document = f"{document.rstrip()}\n\n## A frame in a live desk\n\n{text}\n"
    DOCUMENT.write_text(document, encoding="utf-8")


def main() -> None:
    """Measure, print, and write unless told not to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dry", action="store_true", help="print only")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    compile_all()
    source = TapeReader(INCIDENTS / "calm.tape")
    frames = list(source.frames())
    rounds: dict[str, list[float]] = {parts.name: [] for parts in STEPS}
    for _ in range(arguments.rounds):
        for parts in STEPS:
            rounds[parts.name].append(cost_us(source, frames, parts))
    costs = {name: statistics.median(values) for name, values in rounds.items()}
    text = section(costs, paced(source, frames[: RATE * SECONDS]))
    print(text)
    if not arguments.dry:
        write(text)


if __name__ == "__main__":
    main()
