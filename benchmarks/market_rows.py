"""Rows of the local market as it runs: fan-out to many clients, and what the full set costs."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from benchmarks.report import Row
from hftlib.io.local.control_client import ControlClient
from hftlib.market.listings import LISTINGS

FANOUT: Final = "local market: {} clients x 5 symbols at 100 ms, frame to client, {}"
COST: Final = "local market in real time, all streams to one client: share of a core"
MEMORY: Final = "local market in real time, all streams to one client: resident memory"
SPOT_SYMBOLS: Final = tuple(one.symbol.lower() for one in LISTINGS if one.venue == "binance")
_WARM_S: Final = 3.0
_SECONDS: Final = 12.0


def measure(say: Callable[[str], None], seconds: float = _SECONDS) -> Iterator[Row]:
    """Yield the rows of a market started for this bench, on free ports."""
    with _market() as told:
        for clients in (50, 200):
            say(FANOUT.format(clients, "p99"))
            p50, p99 = _fan_out(told["addresses"]["binance"], clients, seconds)
            yield Row(FANOUT.format(clients, "p50"), p50, "ms", "", None)
            yield Row(FANOUT.format(clients, "p99"), p99, "ms", "", None)
        say(COST)
        yield from _cost(told, seconds)


@contextmanager
def _market() -> Iterator[dict[str, Any]]:
    """Run a market as a process of its own; yield what it tells of itself."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "hftlib", "market", "--free-ports", "--json"]
        process = subprocess.Popen(
            [*command, "--data-dir", folder, "--with-parent"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.stdin.close()
            process.wait(timeout=30)


def _fan_out(address: str, clients: int, seconds: float) -> tuple[float, float]:
    streams = "/".join(f"{symbol}@depth@100ms" for symbol in SPOT_SYMBOLS)
    url = f"{address}/stream?streams={streams}&timeUnit=MICROSECOND"
    module = "benchmarks.fanout_client"
    done = subprocess.run(
        [sys.executable, "-m", module, url, str(clients), str(_WARM_S), str(seconds)],
        check=True,
        capture_output=True,
        text=True,
    )
    p50, p99, _ = map(float, done.stdout.split())
    return p50, p99


def _cost(told: dict[str, Any], seconds: float) -> Iterator[Row]:
    """Yield processor and memory of the market while one program listens to everything."""
    listener = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.every_stream", json.dumps(told["addresses"])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert listener.stdin is not None
    assert listener.stdout is not None
    try:
        listener.stdout.readline()
        time.sleep(_WARM_S)
        control = ControlClient(told["addresses"]["control"])
        before, began_s = control.call("GET", "status"), time.monotonic()
        time.sleep(seconds)
        after, taken_s = control.call("GET", "status"), time.monotonic() - began_s
    finally:
        listener.stdin.close()
        listener.wait(timeout=10)
    used_s = after["cpu_s"] - before["cpu_s"]
    yield Row(COST, 100 * used_s / taken_s, "%", "", None)
    yield Row(MEMORY, after["resident_bytes"] / 2**20, "MiB", "", None)


def main() -> int:
    """Print the rows of the market alone."""
    from benchmarks.report import table

    print(table(measure(lambda what: print(what, file=sys.stderr, flush=True))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
