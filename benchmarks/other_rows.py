"""Rows beside the wire path: a long snapshot, the tape, the replay, the page's feed, the start."""

import gzip
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from benchmarks import capture
from benchmarks.measure import Timing, clock
from benchmarks.report import Row
from hftlib.book.book import Book
from hftlib.core.events import BookSnapshot
from hftlib.core.frames import Frame, FrameKind
from hftlib.core.instrument import Instrument
from hftlib.core.states import BookState
from hftlib.core.venue import BINANCE, COINBASE
from hftlib.desk.replay import replay
from hftlib.features.measurer import Measurer
from hftlib.io.importers.importer import Order, import_files
from hftlib.io.tape.reader import TapeReader
from hftlib.venues.registry import open_session
from hftlib.wire import feed

ADVANCED: Final = Path("coinbase-adv-20260809") / "COINBASE_seq0_519.jsonl.gz"
LONG_FLOOR: Final = "floor: msgspec typed float decode, 5 MB Coinbase snapshot"
LONG: Final = "hftlib 5 MB Coinbase snapshot to book and features"
TAPE: Final = "hftlib tape: read all frames"
REPLAY: Final = "hftlib replay: all frames of the capture, hashed"
COLUMN: Final = "hftlib page feed: encode a heatmap column of 400 rows"
LADDER: Final = "hftlib page feed: encode a ladder of 40 levels"
START: Final = "python -m hftlib --version"
_ROUNDS: Final = 5


class _Update(msgspec.Struct):
    side: str
    event_time: str
    price_level: float
    new_quantity: float


class _Event(msgspec.Struct):
    type: str
    product_id: str
    updates: list[_Update]


class _Envelope(msgspec.Struct):
    channel: str
    timestamp: str
    sequence_num: int
    events: list[_Event]


def measure(say: Callable[[str], None]) -> Iterator[Row]:
    """Yield the rows whose captures are there; each says itself what it cannot find."""
    captures = capture.folder()
    if (captures / ADVANCED).exists():
        say(LONG)
        yield from _long_snapshot(captures / ADVANCED)
    say(TAPE)
    yield from _tape_rows(captures)
    say(COLUMN)
    yield from _feed_rows()
    say(START)
    yield Row(START, _start_ms(), "ms", "", None)


def _long_snapshot(path: Path) -> Iterator[Row]:
    payload = _snapshot_frame(path)
    decode = msgspec.json.Decoder(_Envelope, strict=False).decode
    instrument = Instrument(COINBASE, "BTC-USD", "BTC", "USD", "0.01", "0.00000001")
    frame = Frame(0, 1, COINBASE, "bench", FrameKind.WS, payload)
    measurer = Measurer(Book(instrument))

    def take() -> None:
        for event in open_session(COINBASE, {"BTC-USD": instrument}).receive(frame):
            if isinstance(event, BookSnapshot):
                measurer.on_snapshot(event)

    take()
    timing = Timing([], [])
    for _ in range(_ROUNDS):
        timing.floor_s.append(clock(lambda: decode(payload)))
        timing.subject_s.append(clock(take))
    yield Row(LONG_FLOOR, statistics.median(timing.floor_s) * 1e3, "ms", LONG_FLOOR, 1.0)
    yield Row(LONG, statistics.median(timing.subject_s) * 1e3, "ms", LONG_FLOOR, timing.ratio())


def _snapshot_frame(path: Path) -> bytes:
    """Return the capture's first BTC-USD snapshot, 46,000 levels."""
    with gzip.open(path) as lines:
        texts = (str(json.loads(line).get("data", "")) for line in lines)
        wanted = ('"type":"snapshot"', '"product_id":"BTC-USD"', '"l2_data"')
        return next(text for text in texts if all(word in text[:400] for word in wanted)).encode()


def _tape_rows(captures: Path) -> Iterator[Row]:
    files = tuple(captures / capture.NAME / name for name in capture.FILES)
    with tempfile.TemporaryDirectory() as folder:
        tape = Path(folder) / "spot"
        import_files(Order("hftbacktest", files, tape, BINANCE))
        manifest = TapeReader(tape).manifest
        seconds = _median(lambda: sum(1 for _ in TapeReader(tape).frames()))
        yield Row(TAPE, manifest.records / seconds, "frames/s", "", None)
        seconds = _median(lambda: replay([tape]))
        yield Row(REPLAY, manifest.records / seconds, "frames/s", "", None)


def _feed_rows() -> Iterator[Row]:
    rows, sizes = np.arange(400.0), np.ones(400, np.float32)
    column = feed.Column(1.0, 100, 101, False, rows, sizes)
    yield Row(COLUMN, _micros(lambda: feed.encode_column(column)), "us", "", None)
    ticks, base = np.arange(20), np.ones(20)
    ladder = feed.Ladder(BookState.LIVE, True, 1, ticks, base, ticks, base)
    yield Row(LADDER, _micros(lambda: feed.encode_ladder(ladder)), "us", "", None)


def _micros(work: Callable[[], object], times: int = 2_000) -> float:
    """Return the microseconds of one call, the median over rounds of many."""

    def often() -> None:
        for _ in range(times):
            work()

    return _median(often) / times * 1e6


def _median(work: Callable[[], object]) -> float:
    return statistics.median(_seconds_of(work))


def _seconds_of(work: Callable[[], object]) -> Sequence[float]:
    return [clock(lambda: _let_go(work())) for _ in range(_ROUNDS)]


def _let_go(_result: object) -> None:
    """Drop a result."""


def _start_ms() -> float:
    """Return how long the command line takes to say its version: interpreter and light imports."""
    taken = []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "hftlib", "--version"], check=True, capture_output=True
        )
        taken.append(time.perf_counter() - started)
    return statistics.median(taken) * 1e3
