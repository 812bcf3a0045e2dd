"""hftlib's own rows: the whole wire path, the same with more of the house on, the bare kernel."""

import math
import statistics
from collections.abc import Callable, Iterator
from importlib import metadata
from itertools import count
from typing import Final, NamedTuple

import msgspec
import numpy as np

from benchmarks import floor
from benchmarks.capture import Capture
from benchmarks.measure import Subject, Timing, against_floor, clock
from benchmarks.report import Row
from hftlib.book.book import Book
from hftlib.core.compiled import compile_all
from hftlib.core.events import BookDelta, BookSnapshot, Event
from hftlib.core.frames import Frame, FrameKind
from hftlib.core.instrument import Instrument
from hftlib.core.venue import BINANCE
from hftlib.engine.engine import Engine
from hftlib.features.batch import Columns
from hftlib.features.batch import measure as measure_stored
from hftlib.features.measurer import Measurer
from hftlib.features.stored import rows_of
from hftlib.venues.binance.messages import Combined, DiffDepth
from hftlib.venues.registry import open_session

WIRE: Final = "hftlib wire to 20-level features"
OBJECT: Final = "hftlib wire to FeatureVector of all features"
ENGINE: Final = "hftlib engine, all facts"
DECODE_PART: Final = "of the wire path: msgspec decode, levels left as text"
RECEIVE_PART: Final = "of the wire path: Frame and Session.receive, that decode included"
DELTA_PART: Final = "of the wire path: Measurer.on_delta (scan, apply, measure)"
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
FEATURES: Final = (*SUMMED.values(), "ofi_10")
RATE: Final = "level updates/s"


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
        self.arrivals = list(zip(count(1), capture.stamps, capture.frames, strict=False))

    def start(self) -> None:
        """Put a fresh session, book and measurer at the snapshot."""
        self.session = open_session(BINANCE, {INSTRUMENT.symbol: INSTRUMENT})
        self.measurer = Measurer(Book(INSTRUMENT))
        for event in self.session.receive(self.first()):
            if isinstance(event, BookSnapshot):
                self.measurer.on_snapshot(event)

    def run(self) -> None:
        """Take every frame; the features of each stand in the measurer's array after it."""
        receive, on_delta = self.session.receive, self.measurer.on_delta
        kind = FrameKind.WS
        for seq, stamp, payload in self.arrivals:
            for event in receive(Frame(seq, stamp, BINANCE, CONNECTION, kind, payload)):
                if type(event) is BookDelta:
                    on_delta(event)

    def events(self) -> Iterator[Event]:
        """Yield the snapshot and the deltas that the session makes of the capture."""
        session = open_session(BINANCE, {INSTRUMENT.symbol: INSTRUMENT})
        yield from session.receive(self.first())
        for stamp, payload in zip(self.capture.stamps, self.capture.frames, strict=True):
            yield from session.receive(Frame(1, stamp, BINANCE, CONNECTION, FrameKind.WS, payload))

    def first(self) -> Frame:
        """Return the frame of the snapshot."""
        kind, body = FrameKind.REST, self.capture.snapshot
        return Frame(0, self.capture.stamps[0], BINANCE, CONNECTION, kind, body, SNAPSHOT_URL)

    def sums(self) -> dict[str, float]:
        """Return the sums of the features over all frames: the checking pass, not timed."""
        self.start()
        value = self.measurer.value
        first_flow = value("ofi_10") or 0.0
        totals = dict.fromkeys(SUMMED, 0.0)
        for seq, stamp, payload in self.arrivals:
            frame = Frame(seq, stamp, BINANCE, CONNECTION, FrameKind.WS, payload)
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
        for seq, stamp, payload in self.arrivals:
            for event in receive(Frame(seq, stamp, BINANCE, CONNECTION, kind, payload)):
                if type(event) is BookDelta:
                    on_delta(event)
                    vector()


class ReceivePart(WirePath):
    """Take the first part of the wire path: frames in, events out."""

    def run(self) -> None:
        """Take every frame and let its events go."""
        receive = self.session.receive
        kind = FrameKind.WS
        for seq, stamp, payload in self.arrivals:
            receive(Frame(seq, stamp, BINANCE, CONNECTION, kind, payload))


class DeltaPart(WirePath):
    """Take the second part of the wire path: deltas with their text in, features out."""

    def start(self) -> None:
        """Put a fresh measurer at the snapshot and keep all deltas."""
        super().start()
        self.deltas = [event for event in self.events() if isinstance(event, BookDelta)]

    def run(self) -> None:
        """Take every delta."""
        on_delta = self.measurer.on_delta
        for delta in self.deltas:
            on_delta(delta)


class DecodePart:
    """Decode every frame as far as the session does, with nothing around it."""

    def __init__(self, capture: Capture) -> None:
        """Keep the frames."""
        self.frames = capture.frames
        self.decode = msgspec.json.Decoder(Combined[DiffDepth]).decode

    def start(self) -> None:
        """Begin: there is nothing to put back."""

    def run(self) -> None:
        """Decode every frame and let it go."""
        decode = self.decode
        for payload in self.frames:
            decode(payload)


class EnginePath:
    """Take raw bytes through the whole engine: states, staleness, checks, facts."""

    def __init__(self, capture: Capture) -> None:
        """Keep what each round begins from."""
        self.capture = capture
        self.arrivals = list(zip(count(1), capture.stamps, capture.frames, strict=False))

    def start(self) -> None:
        """Put a fresh engine at the snapshot."""
        self.engine = Engine([INSTRUMENT])
        self.engine.on_event(WirePath(self.capture).first())

    def run(self) -> None:
        """Take every frame."""
        on_event = self.engine.on_event
        kind = FrameKind.WS
        for seq, stamp, payload in self.arrivals:
            on_event(Frame(seq, stamp, BINANCE, CONNECTION, kind, payload))


class KernelPath:
    """Run the batch entry over the capture stored as integers: one call, all features kept.

    The first row is the snapshot; its levels are applied but not counted in the rate.
    """

    def __init__(self, capture: Capture) -> None:
        """Store what the session makes of the capture."""
        self.rows = rows_of(WirePath(capture).events(), INSTRUMENT)
        self.measured: Columns = {}

    def start(self) -> None:
        """Begin with an empty book and nothing measured."""
        self.measurer = Measurer(Book(INSTRUMENT))

    def run(self) -> None:
        """Take every stored frame: apply its levels, measure, write the features of that frame."""
        self.measured = measure_stored(self.measurer, self.rows, FEATURES)


def _kernel_row(capture: Capture, rounds: int, sums: dict[str, float]) -> Row:
    """Return the rate of the bare kernel. Raises RuntimeError when its features are others."""
    subject = KernelPath(capture)
    seconds = []
    for turn in range(rounds + 1):
        subject.start()
        taken = clock(subject.run)
        if turn:
            seconds.append(taken)
    total = float(np.nansum(subject.measured["mid"][1:]))
    if not math.isclose(total, sums["mid"], rel_tol=1e-9):
        raise RuntimeError(f"the stored path adds mids up to {total}, the wire to {sums['mid']}")
    return Row(KERNEL, capture.level_updates / statistics.median(seconds), RATE, "", None)


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
    rows.append(_kernel_row(capture, rounds, sums))
    return Own(rows, {name: metadata.version(name) for name in PACKAGES}, sums)


def _subjects(capture: Capture, wire: WirePath) -> Iterator[tuple[str, Subject]]:
    yield WIRE, wire
    yield OBJECT, VectorPath(capture)
    yield ENGINE, EnginePath(capture)
    yield DECODE_PART, DecodePart(capture)
    yield RECEIVE_PART, ReceivePart(capture)
    yield DELTA_PART, DeltaPart(capture)


def _micros(seconds: list[float], frames: int) -> float:
    return statistics.median(seconds) / frames * 1e6


def _row(name: str, timing: Timing, frames: int) -> Row:
    return Row(name, _micros(timing.subject_s, frames), "us/frame", floor.NAME, timing.ratio())
