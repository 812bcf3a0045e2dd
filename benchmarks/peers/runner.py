"""Measure one peer against the floor in this process and print what was seen as JSON."""

import json
import sys
from collections.abc import Sequence
from importlib import metadata
from typing import Protocol

from benchmarks.capture import Capture, read_capture
from benchmarks.features import NAMES, Meter
from benchmarks.measure import Timing, against_floor


class Peer(Protocol):
    """Keep one book the way a library does and measure its features at every frame."""

    meter: Meter

    def start(self) -> None:
        """Put the book and the meter at the snapshot."""
        ...

    def frame(self, payload: bytes) -> None:
        """Take one raw frame: decode, apply, measure."""
        ...


class _Whole:
    """Run all frames through a peer: the subject that is timed."""

    def __init__(self, peer: Peer, frames: Sequence[bytes]) -> None:
        self.peer = peer
        self.frames = frames

    def start(self) -> None:
        self.peer.start()

    def run(self) -> None:
        take = self.peer.frame
        for payload in self.frames:
            take(payload)


def check_sums(peer: Peer, frames: Sequence[bytes]) -> dict[str, float]:
    """Return the sums of all features over all frames: equal sums, equal work."""
    peer.start()
    for payload in frames:
        peer.frame(payload)
        peer.meter.add_up()
    return dict(zip(NAMES, peer.meter.sums, strict=True))


def report(
    timing: Timing, capture: Capture, sums: dict[str, float], packages: Sequence[str]
) -> dict[str, object]:
    """Return what a peer's process tells the bench."""
    return {
        "floor_s": timing.floor_s,
        "subject_s": timing.subject_s,
        "frames": len(capture.frames),
        "sums": sums,
        "python": sys.version.split()[0],
        "packages": {name: metadata.version(name) for name in packages},
    }


def main(make: type[Peer], packages: Sequence[str], rounds: int = 5) -> None:
    """Measure the peer that `make(snapshot)` returns over the capture and print JSON."""
    capture = read_capture()
    peer = make(capture.snapshot)  # type: ignore[call-arg]  # a protocol has no constructor
    sums = check_sums(peer, capture.frames)
    timing = against_floor(_Whole(peer, capture.frames), capture.frames, rounds)
    print(json.dumps(report(timing, capture, sums, packages)))
