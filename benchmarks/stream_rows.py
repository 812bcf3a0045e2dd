"""`python -m benchmarks.stream_rows`: what fifty followers of five moving books cost a desk.

A tape is played whose books all change alike, 25 times a second, so that each moves at every tick
of 20 Hz. Processor time is the desk's own, over that of the same desk without followers. Writes
its section of docs/stream.md.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.report import machine
from benchmarks.stream_client import WARM_S
from hftlib.client.connection import DeskConnection
from hftlib.client.endpoint import read_endpoint
from hftlib.core.errors import UnavailableError
from hftlib.core.frames import Frame, FrameKind
from hftlib.core.instrument import Instrument
from hftlib.core.states import Source
from hftlib.io.tape import BlockWriter, Manifest

DOCUMENT: Final = Path(__file__).resolve().parent.parent / "docs" / "stream.md"
BEGIN: Final = "<!-- cost: begin (written by `python -m benchmarks.stream_rows`, not by hand) -->"
END: Final = "<!-- cost: end -->"
SYMBOLS: Final = ("BTCUSDT", "ETHUSDT", "BNBUSDT", "SOLUSDT", "ADAUSDT")
VENUE: Final = "binance"
CLIENTS: Final = 50
DEPTH: Final = 20
_SECONDS: Final = 10.0
_TAPE_S: Final = 60
_UPDATES_PER_S: Final = 25
_CHANGES: Final = 6
_START_NS: Final = 1_700_000_000_000_000_000
_START_WITHIN_S: Final = 60.0


class Case(msgspec.Struct, frozen=True):
    """Name what is measured."""

    name: str
    clients: int
    encoding: str
    stalled: int = 0


CASES: Final = (
    Case("50 followers of 5 books, JSON", CLIENTS, "json"),
    Case("50 followers of 5 books, msgpack", CLIENTS, "msgpack"),
    Case("50 followers, msgpack, and 5 that do not read", CLIENTS, "msgpack", 5),
    Case("1 follower, msgpack", 1, "msgpack"),
)


def main() -> int:
    """Measure every case and write the section; return 0."""
    with tempfile.TemporaryDirectory() as folder:
        tape = Path(folder) / "market.tape"
        _make_tape(tape)
        with _desk(tape, Path(folder) / "data") as (url, process):
            alone = _alone(url, process.pid)
            rows = [_line(case, alone, *_measure(url, process.pid, case)) for case in CASES]
    told = (
        f"The desk without followers: {100 * alone:.1f} % of a core, with {_UPDATES_PER_S} updates "
        f"a second for each book, {2 * _CHANGES} levels each. Depth {DEPTH}, {_SECONDS:g} s a row."
    )
    lines = [
        told,
        "",
        "| | of a core, beyond that | messages/s | bytes/s | gap p50 | gap p99 | longest gap |",
        "|---|---:|---:|---:|---:|---:|---:|",
        *rows,
        "",
        _measured_on(),
    ]
    print("\n".join(lines))
    DOCUMENT.write_text(refreshed(DOCUMENT.read_text(encoding="utf-8"), lines), "utf-8")
    return 0


def refreshed(text: str, lines: list[str]) -> str:
    """Return the document with its section replaced. Raises ValueError where it has none."""
    before, found, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise ValueError("the document has lost the marks of its section")
    return "\n".join([before + BEGIN, "", *lines, "", END]) + after


def _make_tape(path: Path) -> None:
    """Write five books that all change alike, 25 times a second: no stretch costs more."""
    instruments = [Instrument(VENUE, one, one[:-4], "USDT", "0.01", "0.0001") for one in SYMBOLS]
    manifest = Manifest(source=Source.SIMULATED, origin=("even",), instruments=tuple(instruments))
    with BlockWriter(path, manifest) as writer:
        for number, (offset_ns, kind, body, request) in enumerate(_frames()):
            payload = b"" if body is None else msgspec.json.encode(body)
            writer.append(
                Frame(number, _START_NS + offset_ns, VENUE, "ws-1", kind, payload, request)
            )


def _frames() -> Iterator[tuple[int, FrameKind, object, str]]:
    """Yield time, kind, body and request of each frame."""
    yield 0, FrameKind.OPENED, None, "wss://stream.binance.com:9443/stream"
    for symbol in SYMBOLS:
        sides = {name: [_level(name, place, 0) for place in range(500)] for name in "ba"}
        body = {"lastUpdateId": 0, "bids": sides["b"], "asks": sides["a"]}
        request = f"https://api.binance.com/api/v3/depth?symbol={symbol}&limit=5000"
        yield 1, FrameKind.REST, body, request
    for number in range(1, _TAPE_S * _UPDATES_PER_S):
        now_ns = number * 10**9 // _UPDATES_PER_S
        for symbol in SYMBOLS:
            changed = [(number * 7 + step) % DEPTH for step in range(_CHANGES)]
            sides = {name: [_level(name, place, number) for place in changed] for name in "ba"}
            data = {"e": "depthUpdate", "E": (_START_NS + now_ns) // 10**6, "s": symbol}
            data |= {"U": number, "u": number, **sides}
            stream = f"{symbol.lower()}@depth@100ms"
            yield now_ns, FrameKind.WS, {"stream": stream, "data": data}, ""


def _level(side: str, place: int, number: int) -> list[str]:
    ticks = 3_000_000 + (place + 1 if side == "a" else -place)
    return [f"{ticks / 100:.2f}", f"{1 + (number + place) % 97}.2500"]


@contextlib.contextmanager
def _desk(tape: Path, data_dir: Path) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Run a desk that plays the tape; yield where it answers, and its process."""
    command = [sys.executable, "-m", "hftlib", "desk", "--with-parent", "--source", f"tape:{tape}"]
    command += ["--data-dir", str(data_dir), "--port", "0"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HFT_")}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, env=kept)
    assert process.stdin is not None
    try:
        yield _address(data_dir), process
    finally:
        process.stdin.close()
        process.wait(timeout=30)


def _address(data_dir: Path) -> str:
    deadline = time.monotonic() + _START_WITHIN_S
    while time.monotonic() < deadline:
        endpoint = read_endpoint(data_dir)
        if endpoint is not None and _plays(endpoint.url):
            return endpoint.url
        time.sleep(0.1)
    raise TimeoutError("the desk did not answer")


def _plays(url: str) -> bool:
    with DeskConnection(url) as desk:
        try:
            return desk.health().first_book_s is not None
        except UnavailableError:
            return False


def _alone(url: str, pid: int) -> float:
    """Return the desk's share of a core without followers, over the same stretch of the tape."""
    _rewind(url)
    time.sleep(WARM_S)
    return _share(pid, _SECONDS - 0.5)


def _rewind(url: str) -> None:
    """Set the tape to its start: every case is measured over the same frames."""
    with DeskConnection(url) as desk:
        desk.seek(round(desk.clock().start_ms * 1e6) + 2 * 10**9)
        while desk.clock().seeking:
            time.sleep(0.05)


def _measure(url: str, pid: int, case: Case) -> tuple[float, dict[str, Any]]:
    """Return the desk's share of a core and what its followers saw."""
    _rewind(url)
    command = [sys.executable, "-m", "benchmarks.stream_client", url, str(case.clients)]
    command += [str(case.stalled), str(_SECONDS), case.encoding, str(DEPTH), VENUE, *SYMBOLS]
    follower = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert follower.stdout is not None
    follower.stdout.readline()
    share = _share(pid, _SECONDS - 0.5)
    told = json.loads(follower.stdout.readline())
    follower.wait(timeout=30)
    return share, told


def _share(pid: int, seconds: float) -> float:
    """Return the share of a core that a process takes over some seconds."""
    begun_s, used_s = time.perf_counter(), _processor_s(pid)
    time.sleep(seconds)
    return (_processor_s(pid) - used_s) / (time.perf_counter() - begun_s)


def _processor_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _line(case: Case, alone: float, share: float, told: dict[str, Any]) -> str:
    return (
        f"| {case.name} | {100 * (share - alone):.1f} % | {told['messages_per_s']:,.0f} | "
        f"{told['bytes_per_s']:,.0f} | {told['gap_p50_ms']:.1f} ms | {told['gap_p99_ms']:.1f} ms | "
        f"{told['gap_max_ms']:.1f} ms |"
    )


def _measured_on() -> str:
    facts = machine({})
    return f"Measured on {facts['cpu']}, {facts['cores']} cores, Python {facts['python']}."


if __name__ == "__main__":
    sys.exit(main())
