"""The local market as a process of its own, on free ports, for as long as the proof lasts."""

import json
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
OPEN_SECONDS = 180.0
"""The first start on a machine compiles."""
LIMITS_SECONDS = 2.0
"""All clients come from one address, as no real crowd does: its limits begin anew this often."""


class MarketError(Exception):
    """Say that the market did not open."""


@contextmanager
def open_market(data_dir: Path, log: Path) -> Iterator[dict[str, str]]:
    """Run a market; yield where it answers, as the clients' scripts want it told."""
    command = [sys.executable, "-m", "hftlib", "market", "--json", "--free-ports", "--with-parent"]
    with log.open("w") as errors:
        process = subprocess.Popen(
            [*command, "--seed", "7", "--scenario", "calm", "--data-dir", str(data_dir)],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        try:
            yield addresses_of(_first_line(process, log))
        finally:
            process.terminate()
            process.wait(20)


def _first_line(process: "subprocess.Popen[str]", log: Path) -> str:
    timer = threading.Timer(OPEN_SECONDS, process.kill)
    timer.start()
    assert process.stdout is not None
    line = process.stdout.readline()
    timer.cancel()
    if not line.startswith("{"):
        raise MarketError(f"the market did not open: {line!r} {log.read_text()[-400:]}")
    return line


def addresses_of(line: str) -> dict[str, str]:
    """Return the addresses of the market's first line, with those of the websockets."""
    told: dict[str, Any] = json.loads(line)
    found = {"ca": told["ca"]}
    for name, url in told["addresses"].items():
        found[name] = url
        found[f"{name}_ws"] = url.replace("http", "ws", 1)
    return found


@contextmanager
def lifted_limits(control: str) -> Iterator[None]:
    """Reset the venues' counted limits every few seconds while the body runs."""
    over = threading.Event()

    def lift() -> None:
        request = urllib.request.Request(f"{control}/control/limits/reset", b"{}", method="POST")
        while not over.wait(LIMITS_SECONDS):
            with urllib.request.urlopen(request, timeout=10) as answer:
                answer.read()

    thread = threading.Thread(target=lift, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(15)
