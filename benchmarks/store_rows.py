"""`python -m benchmarks.store_rows`: what the store takes, and what it costs its desk.

Three parts: rows a second through the whole path into the embedded engine; bytes on the disk of a
tape of the local market that is played through the desk's own path; and the engine's p99 with the
store off, at work, busy, standing still and dead, in turn, while frames come evenly paced over a
socket. Writes its section of docs/performance.md.
"""

import argparse
import asyncio
import contextlib
import gc
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from benchmarks.report import DOCUMENT, machine
from hftlib.core.compiled import compile_all
from hftlib.core.frames import Frame, FrameKind
from hftlib.core.states import Source
from hftlib.desk.run import Run
from hftlib.desk.store_rows import StoreRows
from hftlib.engine.engine import Engine
from hftlib.engine.facts import BookFact
from hftlib.features.layout import HOT_COUNT
from hftlib.io.store.backlog import PIECE_ROWS
from hftlib.io.store.ddl import Retention
from hftlib.io.store.settings import StoreSettings
from hftlib.io.store.tables import TABLES
from hftlib.io.store.writer import StoreWriter
from hftlib.io.tape.reader import TapeReader

WRITTEN: Final = "(written by `python -m benchmarks.store_rows`, not by hand)"
SCALING: Final = DOCUMENT.with_name("scaling.md")
PROTOCOLS: Final = ("binance", "coinbase")
MODES: Final = ("off", "at work", "busy", "standing still", "dead")
DAYS: Final = 10_000
"""Rows of a tape are older than any real lifetime: they must not vanish while they are weighed."""

_SECOND_NS: Final = 1_000_000_000
_DAY_S: Final = 86_400
_HARD_QUESTION: Final = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1"
_HEAD: Final = 12
_REAL_ROWS: Final = 5_000


class Weighed(msgspec.Struct, frozen=True):
    """Hold what a tape came to in the store; `tables` are (name, rows, bytes on the disk)."""

    seconds: float
    books: int
    frames: int
    depth_frames: int
    depth_payload_bytes: int
    payload_bytes: int
    tape_bytes: int
    tables: list[tuple[str, int, int]]
    refused: int

    @property
    def stored_bytes(self) -> int:
        """Return the bytes of all tables."""
        return sum(size for _, _, size in self.tables)

    def stored(self, table: str) -> int:
        """Return the bytes of one table."""
        return sum(size for name, _, size in self.tables if name == table)


def main() -> int:
    """Measure, print, and write the section."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.store_rows", description=__doc__)
    parser.add_argument("--seconds", type=int, default=300, help="length of the tape to weigh")
    parser.add_argument("--tape", type=Path, help="a tape to weigh instead of a fresh one")
    parser.add_argument("--rows", type=int, default=2_000_000, help="rows of the rate")
    parser.add_argument("--rate", type=int, default=2_000, help="frames a second of the pacing")
    parser.add_argument("--rounds", type=int, default=4, help="turns of each mode of the store")
    parser.add_argument("--round-seconds", type=float, default=4.0, help="length of each")
    parser.add_argument("--send", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.send is not None:
        return _send(arguments.tape, arguments.send, arguments.rate)
    compile_all()
    with tempfile.TemporaryDirectory() as folder:
        tape = arguments.tape or _fresh_tape(Path(folder) / "a.tape", arguments.seconds)
        rates = asyncio.run(_rates(Path(folder) / "rate", tape, arguments.rows))
        _say(f"rows a second: {rates}")
        weighed, memory = asyncio.run(_weigh(Path(folder) / "weigh", tape))
        _say(f"weighed: {weighed}")
        latencies = _run_fast(_latencies(Path(folder) / "pace", tape, arguments))
        _say(f"latencies: {latencies}")
    _write(
        DOCUMENT,
        "store",
        [*_rate_lines(rates, memory), *_weight_lines(weighed), *_latency_lines(latencies)],
    )
    _write(SCALING, "scaling", list(_scaling_lines(weighed)))
    return 0


def refreshed(text: str, mark: str, lines: list[str]) -> str:
    """Return a document with the section between its marks replaced.

    Raises ValueError when the marks are not there.
    """
    begin, end = f"<!-- {mark}: begin {WRITTEN} -->", f"<!-- {mark}: end -->"
    before, found, rest = text.partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise ValueError(f"the document has lost the marks of its section {mark!r}")
    return "\n".join([before + begin, "", *lines, "", end]) + after


def _write(document: Path, mark: str, lines: list[str]) -> None:
    lines = [*lines, "", _measured_on()]
    print("\n".join(lines))
    document.write_text(refreshed(document.read_text(encoding="utf-8"), mark, lines), "utf-8")


# --- how many rows a second ---------------------------------------------------------------------


async def _rates(folder: Path, tape: Path, rows: int) -> dict[str, tuple[float, float]]:
    """Return confirmed rows a second, and rows a second of the store's own processor time."""
    real = _real_features(tape)
    trade = ("binance", "BTCUSDT", 1, 1, "BUY", 1, 1, "0.01", "0.00000001", False, False)
    start_ns = time.time_ns()
    async with _store(folder, queue_bytes=256 * 2**20) as writer:
        block = writer.block("features_event", {"venue": "binance", "symbol": "BTCUSDT"})

        def put_block(first: int) -> None:
            numbers = np.arange(first, first + PIECE_ROWS)
            stamps = start_ns + numbers * 1_000_000
            block.wholes[:] = np.stack((stamps, stamps, numbers, numbers), axis=1)
            block.numbers[:] = real.take(numbers, axis=0, mode="wrap")
            block.count = PIECE_ROWS
            writer.take_block(block)

        def put_trades(first: int) -> None:
            for number in range(first, first + PIECE_ROWS):
                stamp = start_ns + number * 1_000_000
                writer.put_row("trades", (stamp, stamp, *trade))

        return {
            "features_event, 26 features in blocks": await _rate(writer, put_block, rows),
            "trades, row by row": await _rate(writer, put_trades, rows // 4),
        }


async def _rate(writer: StoreWriter, put: Callable[[int], None], rows: int) -> tuple[float, float]:
    confirmed, process_s = writer.status().confirmed, _processor_s(writer.process_id)
    started = time.perf_counter()
    for first in range(0, rows, PIECE_ROWS):
        await _until(lambda: writer.status().queued < 300_000)
        put(first)
        await asyncio.sleep(0)
    writer.cut()
    whole = -(-rows // PIECE_ROWS) * PIECE_ROWS
    await _until(lambda: writer.status().confirmed >= confirmed + whole)
    assert writer.status().refused == 0
    took_s = time.perf_counter() - started
    return whole / took_s, whole / (_processor_s(writer.process_id) - process_s)


def _real_features(tape: Path) -> np.ndarray:
    """Return the features after each update of one book of the tape."""
    reader = TapeReader(tape)
    run = _run_of(reader)
    found: list[np.ndarray] = []
    for frame in reader.frames():
        if any(type(fact) is BookFact and fact.symbol == "BTCUSDT" for fact in run.feed(frame)):
            found.append(run.engine.measurers[frame.venue, "BTCUSDT"].floats[:HOT_COUNT].copy())
        if len(found) >= _REAL_ROWS:
            break
    return np.array(found)


def _processor_s(process: int | None) -> float:
    """Return the processor time of a process so far, all of its threads."""
    told = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


# --- how many bytes -----------------------------------------------------------------------------


async def _weigh(folder: Path, tape: Path) -> tuple[Weighed, tuple[int, int]]:
    """Play a tape into a store; return what it came to, and the process's memory (now, most)."""
    reader = TapeReader(tape)
    async with _store(folder, queue_bytes=512 * 2**20) as writer:
        run = _run_of(reader)
        rows = StoreRows(run, writer)
        depth_frames = depth_bytes = payload = frames = 0
        first = last = next_second = 0
        for frame in reader.frames():
            facts = run.feed(frame)
            rows.note(frame, facts)
            frames += 1
            payload += len(frame.payload)
            if frame.kind is FrameKind.WS and any(type(fact) is BookFact for fact in facts):
                depth_frames += 1
                depth_bytes += len(frame.payload)
            first = first or frame.ts_recv
            last = frame.ts_recv
            if last >= next_second:
                next_second = last + _SECOND_NS
                rows.second(last)
                writer.cut()
                await asyncio.sleep(0)
                await _until(lambda: writer.status().queued < 200_000)
        rows.end()
        await _until(lambda: not writer.status().queued)
        refused = writer.status().refused
        memory = _memory(writer.process_id)
        books = len(run.engine.books)
    tables, size = _merged(folder), _size(tape)
    seconds = (last - first) / _SECOND_NS
    told = (seconds, books, frames, depth_frames, depth_bytes, payload, size, tables, refused)
    return Weighed(*told), memory


def _size(tape: Path) -> int:
    return sum(path.stat().st_size for path in tape.rglob("*") if path.is_file())


def _merged(folder: Path) -> list[tuple[str, int, int]]:
    """Merge every table to the end, as the engine does in time, and return what each weighs."""
    script = (
        "import sys, json; from pathlib import Path; from hftlib.io.store.database import Database;"
        "from hftlib.io.store.tables import TABLES;"
        "database = Database(Path(sys.argv[1])); run = database._client.command;"
        "[run(f'OPTIMIZE TABLE {name} FINAL') for name in TABLES];"
        "told = run(\"SELECT arrayStringConcat(groupArray(concat(t, ' ', r, ' ', b)), ';') FROM "
        "(SELECT table AS t, toString(sum(rows)) AS r, toString(sum(bytes_on_disk)) AS b "
        "FROM system.parts WHERE active AND database = 'hftlib' GROUP BY table)\");"
        "print(told)"
    )
    told = subprocess.run(
        [sys.executable, "-c", script, str(folder)], check=True, capture_output=True, text=True
    ).stdout.strip()
    rows = [entry.split() for entry in told.split(";")]
    return sorted((name, int(count), int(size)) for name, count, size in rows if name in TABLES)


# --- what it costs the engine -------------------------------------------------------------------


class _Latencies(asyncio.Protocol):
    """Take paced frames from a socket through the engine, and time each."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.rows: StoreRows | None = None
        self.from_sender: list[int] = []
        self.inside: list[int] = []
        self._buffer = bytearray()
        self._decode = msgspec.msgpack.Decoder(Frame).decode

    def data_received(self, data: bytes) -> None:
        arrived = time.monotonic_ns()
        self._buffer += data
        at = 0
        while len(self._buffer) - at >= _HEAD:
            size = int.from_bytes(self._buffer[at : at + 4], "little")
            if len(self._buffer) - at < _HEAD + size:
                break
            sent = int.from_bytes(self._buffer[at + 4 : at + _HEAD], "little")
            frame = self._decode(bytes(self._buffer[at + _HEAD : at + _HEAD + size]))
            at += _HEAD + size
            facts = self.run.feed(frame)
            if self.rows is not None:
                self.rows.note(frame, facts)
            done = time.monotonic_ns()
            self.from_sender.append(done - sent)
            self.inside.append(done - arrived)
            arrived = done
        del self._buffer[:at]


async def _latencies(
    folder: Path, tape: Path, arguments: argparse.Namespace
) -> dict[str, list[float]]:
    """Return by mode what `_turns` makes of its turns."""
    found: dict[str, list[tuple[list[int], list[int]]]] = {mode: [] for mode in MODES}
    receiving, sending = socket.socketpair()
    run = _run_of(TapeReader(tape))
    async with _store(folder, queue_bytes=256 * 2**20) as writer:
        taking = _Latencies(run)
        gc.collect()
        gc.freeze()
        sender = _sender(tape, sending, arguments.rate)
        await asyncio.get_running_loop().create_connection(lambda: taking, sock=receiving)
        rows = StoreRows(run, writer)
        await asyncio.sleep(4)  # the first frames bring snapshots and warm everything
        try:
            for _ in range(arguments.rounds):
                for mode in MODES:
                    await _until_running(writer)
                    taking.rows = None if mode == "off" else rows
                    async with _in_mode(mode, writer):
                        taking.from_sender, taking.inside = [], []
                        await _seconds(arguments.round_seconds, taking)
                        found[mode].append((taking.inside, taking.from_sender))
        finally:
            sender.kill()
            sender.wait()
    return {mode: _turns(turns) for mode, turns in found.items()}


def _turns(turns: list[tuple[list[int], list[int]]]) -> list[float]:
    """Return frames, and in us the medians over the turns of p50 and p99 inside and from sender."""
    each = [
        [np.percentile(one, share) / 1e3 for one in turn for share in (50, 99)] for turn in turns
    ]
    return [sum(len(inside) for inside, _ in turns), *np.median(each, axis=0).tolist()]


def _sender(tape: Path, sending: socket.socket, rate: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "benchmarks.store_rows", "--tape", str(tape)]
    command += ["--send", str(sending.fileno()), "--rate", str(rate)]
    sender = subprocess.Popen(command, pass_fds=[sending.fileno()])
    sending.close()
    return sender


async def _seconds(length_s: float, taking: _Latencies) -> None:
    """Let frames come for a while, with the rows of each second as a desk puts them."""
    ends = time.perf_counter() + length_s
    while time.perf_counter() < ends:
        await asyncio.sleep(1.0)
        if taking.rows is not None:
            taking.rows.second(taking.run.now_ns)


@contextlib.asynccontextmanager
async def _in_mode(mode: str, writer: StoreWriter) -> AsyncIterator[None]:
    """Do to the store's process what the mode says, while the block runs."""
    process = writer.process_id
    assert process is not None
    asking: asyncio.Task[None] | None = None
    if mode == "busy":
        asking = asyncio.create_task(_ask_on(writer))
    elif mode == "standing still":
        os.kill(process, signal.SIGSTOP)
    elif mode == "dead":
        os.kill(process, signal.SIGKILL)
    try:
        yield
    finally:
        if asking is not None:
            asking.cancel()
        elif mode == "standing still":
            os.kill(process, signal.SIGCONT)


async def _ask_on(writer: StoreWriter) -> None:
    """Ask what takes a whole core, again and again."""
    while True:
        with contextlib.suppress(Exception):
            await writer.query(_HARD_QUESTION, max_seconds=2)


def _send(tape: Path, descriptor: int, rate: int) -> int:
    """Send the tape's frames over a socket, evenly paced, each with the time it was sent at."""
    pipe = socket.socket(fileno=descriptor)
    encode = msgspec.msgpack.Encoder().encode
    due = time.monotonic_ns()
    step = _SECOND_NS // rate
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        for frame in TapeReader(tape).frames():
            due += step
            ahead = due - time.monotonic_ns()
            if ahead > 0:
                time.sleep(ahead / 1e9)
            body = encode(frame)
            head = len(body).to_bytes(4, "little") + time.monotonic_ns().to_bytes(8, "little")
            pipe.sendall(head + body)
    return 0


# --- the parts ----------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def _store(folder: Path, *, queue_bytes: int) -> AsyncIterator[StoreWriter]:
    settings = StoreSettings(
        folder, "bench", "run", queue_bytes=queue_bytes, event_days=DAYS, second_days=DAYS
    )
    writer = StoreWriter(settings, random.Random(1))
    running = asyncio.create_task(writer.run())
    await _until_running(writer)
    try:
        yield writer
    finally:
        await writer.close(60)
        await running


async def _until_running(writer: StoreWriter) -> None:
    await _until(lambda: writer.status().state == "RUNNING" and writer.status().queued < 50_000)


async def _until(is_so: Callable[[], bool]) -> None:
    while not is_so():  # noqa: ASYNC110 (nothing tells when)
        await asyncio.sleep(0.002)


def _run_of(reader: TapeReader) -> Run:
    make = partial(Engine, list(reader.instruments.values()))
    return Run(make, Source.TAPE, "bench")


def _run_fast(coroutine: Any) -> Any:
    """Run on the loop that a desk has."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(coroutine)
    return uvloop.run(coroutine)


def _fresh_tape(path: Path, seconds: int) -> Path:
    from hftlib.desk.local_tape import write_tape

    _say(f"a tape of {seconds} s")
    write_tape(path, seed=1, scenarios=("calm",), seconds=seconds, protocols=PROTOCOLS)
    return path


def _memory(process: int | None) -> tuple[int, int]:
    """Return resident bytes of a process, now and at most."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0, 0
    told = dict(line.split(":", 1) for line in lines)
    return int(told["VmRSS"].split()[0]) * 1024, int(told["VmHWM"].split()[0]) * 1024


def _rate_lines(rates: dict[str, tuple[float, float]], memory: tuple[int, int]) -> Iterator[str]:
    yield "| into the embedded engine | rows a second, put to confirmed | of a core of its own |"
    yield "|---|---:|---:|"
    for name, (rate, core_rate) in rates.items():
        yield f"| {name} | {rate:,.0f} | {core_rate:,.0f} |"
    yield ""
    yield (
        "The second figure is rows by the processor time that the store's process took, merges "
        "and all: what it stores where nobody else wants the core."
    )
    yield ""
    now, most = (size / 2**20 for size in memory)
    yield f"Memory of the store's process after the tape below: {now:.0f} MB, most {most:.0f} MB."
    yield ""


def _weight_lines(weighed: Weighed) -> Iterator[str]:
    per_day = _DAY_S / weighed.seconds
    yield (
        f"A tape of the local market of {weighed.seconds:,.0f} s, {weighed.books} books on two "
        f"venues, {weighed.frames:,} frames of which {weighed.depth_frames:,} changed a book; "
        f"{weighed.refused} rows refused. Tables are merged; 24 h are the figures times "
        f"{per_day:.0f}."
    )
    yield ""
    yield "| | rows | bytes | bytes a row | 24 h, MB |"
    yield "|---|---:|---:|---:|---:|"
    for name, rows, size in sorted(weighed.tables, key=lambda entry: -entry[2]):
        yield f"| {name} | {rows:,} | {size:,} | {size / rows:.1f} | {size * per_day / 1e6:,.0f} |"
    for name, size in (
        ("the store in all", weighed.stored_bytes),
        ("raw payloads", weighed.payload_bytes),
        ("the tape, compressed", weighed.tape_bytes),
    ):
        yield f"| {name} | | {size:,} | | {size * per_day / 1e6:,.0f} |"
    yield ""
    each = max(weighed.depth_frames, 1)
    yield (
        f"A depth frame is {weighed.depth_payload_bytes / each:.0f} raw bytes on average; of it "
        f"the store keeps {weighed.stored('features_event') / each:.1f} bytes in features_event, "
        f"and {weighed.stored_bytes / each:.1f} bytes counting every table."
    )
    yield ""


def _scaling_lines(weighed: Weighed) -> Iterator[str]:
    """Yield what the store of many books comes to, by calculation from one that was weighed."""
    each_day = _DAY_S / weighed.seconds / weighed.books
    retention = Retention()
    daily = kept = 0.0
    for name, _, size in weighed.tables:
        days = retention.days_of(TABLES[name])
        daily += size * each_day
        kept += size * each_day * (retention.second_days if days is None else days)
    rows = sum(count for _, count, _ in weighed.tables) / weighed.seconds / weighed.books
    frames = weighed.frames / weighed.seconds / weighed.books
    yield (
        f"A book of the local market: {frames:.1f} frames and {rows:.1f} rows a second, "
        f"{daily / 1e6:,.0f} MB a day, {kept / 1e9:.1f} GB with features of every update kept "
        f"{retention.event_days} days and the rest {retention.second_days}."
    )
    yield ""
    yield "| books | frames a second | rows a second | GB a day | GB kept | GB, two replicas |"
    yield "|---:|---:|---:|---:|---:|---:|"
    for books in (10, 100, 1_000, 10_000):
        cells = (books, books * frames, books * rows)
        sizes = (books * daily / 1e9, books * kept / 1e9, 2 * books * kept / 1e9)
        yield "| " + " | ".join(f"{cell:,.0f}" for cell in (*cells, *sizes)) + " |"


def _latency_lines(found: dict[str, list[float]]) -> Iterator[str]:
    yield "| store | frames | inside p50, us | inside p99, us | from sender p50, us | p99, us |"
    yield "|---|---:|---:|---:|---:|---:|"
    for mode, cells in found.items():
        yield f"| {mode} | " + " | ".join(f"{cell:,.0f}" for cell in cells) + " |"
    yield ""
    yield (
        "Medians over the turns. Other work shared the machine's cores meanwhile: load average "
        f"{os.getloadavg()[1]:.1f}; rows are to be read against each other."
    )


def _measured_on() -> str:
    facts = machine({name: version(name) for name in ("chdb", "clickhouse-connect", "pyarrow")})
    told = ", ".join(f"{name} {version}" for name, version in facts["packages"].items())
    return f"Measured on {facts['cpu']}, {facts['cores']} cores; Python {facts['python']}; {told}."


def _say(what: str) -> None:
    print(f"store: {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
