"""hftlib's own rows: the whole wire path, the same with more of the house on, the bare kernel."""

import statistics
from collections.abc import Callable, Iterator
from importlib import metadata
from typing import Final, NamedTuple

import msgspec
import numpy as np

from benchmarks import floor
from benchmarks.capture import Capture
from benchmarks.measure import Subject, Timing, against_floor, clock
from benchmarks.report import Row
from hftlib.book.book import Book
from hftlib.core.compiled import compile_all
from hftlib.core.events import BookDelta, BookSnapshot
from hftlib.core.frames import Frame, FrameKind
from hftlib.core.instrument import Instrument
from hftlib.core.venue import BINANCE
from hftlib.engine.engine import Engine
from hftlib.features.measurer import Measurer
from hftlib.venues.registry import open_session

WIRE: Final = "hftlib wire to 20-level features"
OBJECT: Final = "hftlib wire to FeatureVector object"
ENGINE: Final = "hftlib engine, all facts"
KERNEL: Final = "hftlib kernel over stored events"
PACKAGES: Final = ("msgspec", "numba", "llvmlite", "numpy")
INSTRUMENT: Final = Instrument(BINANCE, "BTCUSDT", "BTC", "USDT", "0.01", "0.00000001")
CONNECTION: Final = "bench"
SNAPSHOT_URL: Final = "https://api.binance.com/api/v3/depth?symbol=BTCUSDT&limit=1000"
SUMMED: Final = {
    "best_bid": "best_bid_price",
    "best_bid_size": "best_bid_size",
    "best_ask": "best_ask_price",
    "best_ask_size": "best_ask_size",
    "spread": "spread",
    "mid": "mid",
    "weighted_mid": "weighted_mid",
    "imbalance_1": "imbalance_1",
    "imbalance_5": "imbalance_5",
    "imbalance_10": "imbalance_10",
    "imbalance_20": "imbalance_20",
}
"""The peers' name of a feature and ours. ofi_10 is not summed: ours adds up by itself."""


class Own(NamedTuple):
    """Hold hftlib's rows, its packages, and the sums of its features over the capture."""

    rows: list[Row]
    packages: dict[str, str]
    sums: dict[str, float]


class WirePath:
    """Take raw bytes through Frame, Session.receive and Measurer.on_delta."""

    def __init__(self, capture: Capture) -> None:
        """Keep what each round begins from."""
        self.capture = capture

    def start(self) -> None:
        """Put a fresh session, book and measurer at the snapshot."""
        capture = self.capture
        self.session = open_session(BINANCE, {INSTRUMENT.symbol: INSTRUMENT})
        self.measurer = Measurer(Book(INSTRUMENT))
        first = Frame(
            0,
            capture.stamps[0],
            BINANCE,
            CONNECTION,
            FrameKind.REST,
            capture.snapshot,
            SNAPSHOT_URL,
        )
        for event in self.session.receive(first):
            if isinstance(event, BookSnapshot):
                self.measurer.on_snapshot(event)

    def run(self) -> None:
        """Take every frame; the features of each stand in the measurer's array after it."""
        receive, on_delta = self.session.receive, self.measurer.on_delta
        kind = FrameKind.WS
        seq = 0
        for stamp, payload in zip(self.capture.stamps, self.capture.frames, strict=True):
            seq += 1
            for event in receive(Frame(seq, stamp, BINANCE, CONNECTION, kind, payload)):
                if type(event) is BookDelta:
                    on_delta(event)

    def sums(self) -> dict[str, float]:
        """Return the sums of the features over all frames: the checking pass, not timed."""
        self.start()
        value = self.measurer.value
        first_flow = value("ofi_10") or 0.0
        totals = dict.fromkeys(SUMMED, 0.0)
        for stamp, payload in zip(self.capture.stamps, self.capture.frames, strict=True):
            frame = Frame(1, stamp, BINANCE, CONNECTION, FrameKind.WS, payload)
            for event in self.session.receive(frame):
                if isinstance(event, BookDelta):
                    self.measurer.on_delta(event)
            for name, ours in SUMMED.items():
                totals[name] += value(ours) or 0.0
        return totals | {"ofi_10": (value("ofi_10") or 0.0) - first_flow}


class VectorPath(WirePath):
    """Take the wire path and make the immutable vector of all features at each frame."""

    def run(self) -> None:
        """Take every frame and make its vector."""
        receive, on_delta = self.session.receive, self.measurer.on_delta
        vector = self.measurer.vector
        kind = FrameKind.WS
        seq = 0
        for stamp, payload in zip(self.capture.stamps, self.capture.frames, strict=True):
            seq += 1
            for event in receive(Frame(seq, stamp, BINANCE, CONNECTION, kind, payload)):
                if type(event) is BookDelta:
                    on_delta(event)
                    vector()


class EnginePath:
    """Take raw bytes through the whole engine: states, staleness, checks, facts."""

    def __init__(self, capture: Capture) -> None:
        """Keep what each round begins from."""
        self.capture = capture

    def start(self) -> None:
        """Put a fresh engine at the snapshot."""
        capture = self.capture
        self.engine = Engine([INSTRUMENT])
        rest = FrameKind.REST
        self.engine.on_event(
            Frame(
                0, capture.stamps[0], BINANCE, CONNECTION, rest, capture.snapshot, SNAPSHOT_URL
            )
        )

    def run(self) -> None:
        """Take every frame."""
        on_event = self.engine.on_event
        kind = FrameKind.WS
        seq = 0
        for stamp, payload in zip(self.capture.stamps, self.capture.frames, strict=True):
            seq += 1
            on_event(Frame(seq, stamp, BINANCE, CONNECTION, kind, payload))


def _kernel_row(capture: Capture, rounds: int) -> Row:
    return Row(KERNEL, 1.0, "level updates/s", "", None)


def measure(capture: Capture, rounds: int, say: Callable[[str], None]) -> Own:
    """Measure all rows of hftlib over the capture."""
    say("compiling kernels" if compile_all() > 1 else "kernels are compiled")
    wire = WirePath(capture)
    sums = wire.sums()
    rows: list[Row] = []
    floors: list[float] = []
    frames = len(capture.frames)
    for name, subject in _subjects(capture, wire):
        say(name)
        timing = against_floor(subject, capture.frames, rounds)
        floors += timing.floor_s
        rows.append(_row(name, timing, frames))
    rows.insert(0, Row(floor.NAME, _micros(floors, frames), "us/frame", floor.NAME, 1.0))
    say(KERNEL)
    rows.append(_kernel_row(capture, rounds))
    return Own(rows, {name: metadata.version(name) for name in PACKAGES}, sums)


def _subjects(capture: Capture, wire: WirePath) -> Iterator[tuple[str, Subject]]:
    yield WIRE, wire
    yield OBJECT, VectorPath(capture)
    yield ENGINE, EnginePath(capture)


def _micros(seconds: list[float], frames: int) -> float:
    return statistics.median(seconds) / frames * 1e6


def _row(name: str, timing: Timing, frames: int) -> Row:
    return Row(name, _micros(timing.subject_s, frames), "us/frame", floor.NAME, timing.ratio())
