"""Time subjects against the floor: interleaved rounds in one process, medians, ratios."""

import gc
import os
import statistics
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from benchmarks import floor


class Subject(Protocol):
    """Do the work of one row: `start` goes back to the snapshot, `run` takes all frames."""

    def start(self) -> None:
        """Return to the state right after the snapshot; not timed."""
        ...

    def run(self) -> None:
        """Take every frame once; timed."""
        ...


class Timing(NamedTuple):
    """Hold the seconds of each round, floor and subject side by side."""

    floor_s: list[float]
    subject_s: list[float]

    def ratio(self) -> float:
        """Return the median over rounds of subject time / floor time of the same round."""
        pairs = zip(self.subject_s, self.floor_s, strict=True)
        return statistics.median(subject / base for subject, base in pairs)


# CPU time of this process: what a neighbour takes of the core is not counted. Windows counts it
# in steps of 15.6 ms only.
_seconds = time.perf_counter if os.name == "nt" else time.process_time


def clock(work: Callable[[], None]) -> float:
    """Return the CPU seconds that `work` takes, rubbish of the round before collected first."""
    gc.collect()
    started = _seconds()
    work()
    return _seconds() - started


def against_floor(subject: Subject, frames: Sequence[bytes], rounds: int) -> Timing:
    """Run floor and subject in turn, `rounds` times after one warm round that does not count."""
    timing = Timing([], [])
    for turn in range(rounds + 1):
        base = clock(lambda: floor.run(frames))
        subject.start()
        taken = clock(subject.run)
        if turn:
            timing.floor_s.append(base)
            timing.subject_s.append(taken)
    return timing
