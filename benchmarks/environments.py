"""Give each peer a virtual environment of its own, made by `make bench` and by nothing else."""

import hashlib
import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any, Final, NamedTuple

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE / ".peers"
INSTALL_SECONDS: Final = 900
MEASURE_SECONDS: Final = 900


class Absent(NamedTuple):
    """Say why a peer could not be measured."""

    reason: str


def _python(folder: Path) -> Path:
    """Return the interpreter of a virtual environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _last_line(text: str) -> str:
    """Return the last line that says something, for a reason."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:160] if lines else "no output"


def install(peer: str) -> Path | Absent:
    """Return the interpreter of the peer's environment, made anew when its pins changed."""
    pins = HERE / f"requirements-{peer}.txt"
    wanted = hashlib.sha256(pins.read_bytes() + sys.version.encode()).hexdigest()
    folder = ROOT / peer
    stamp = folder / "installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return _python(folder)
    venv.create(folder, clear=True, with_pip=True)
    pip = [str(_python(folder)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    try:
        done = subprocess.run(
            [*pip, "-r", str(pins)],
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Absent(f"not installed within {INSTALL_SECONDS} s")
    if done.returncode:
        return Absent(_last_line(done.stderr))
    stamp.write_text(wanted)
    return _python(folder)


def measure(peer: str) -> dict[str, Any] | Absent:
    """Return what the peer's own process reports, or why there is nothing."""
    python = install(peer)
    if isinstance(python, Absent):
        return python
    try:
        done = subprocess.run(
            [str(python), "-m", f"benchmarks.peers.{peer}"],
            cwd=HERE.parent,
            capture_output=True,
            text=True,
            timeout=MEASURE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Absent(f"not done within {MEASURE_SECONDS} s")
    if done.returncode:
        return Absent(_last_line(done.stderr))
    report: dict[str, Any] = json.loads(_last_json(done.stdout))
    return report


def _last_json(text: str) -> str:
    """Return the line that holds the report: libraries print things of their own."""
    return next(line for line in reversed(text.splitlines()) if line.startswith("{"))
