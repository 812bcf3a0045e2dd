"""The rows of the peers: each measured in its own process, checked against hftlib's features."""

import math
import statistics
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from benchmarks import environments, floor
from benchmarks.environments import Absent
from benchmarks.hftlib_rows import KERNEL, WIRE, Own
from benchmarks.measure import Timing
from benchmarks.report import Row

WIRE_PEERS: Final = {
    "sorted_book": "sorted-container book (sortedcontainers) to 20-level features",
    "ccxt_pro": "ccxt pro to 20-level features",
    "nautilus_python": "nautilus_trader Python adapter path to 20-level features",
    "cryptofeed_path": "cryptofeed-style path to 20-level features",
}
BACKTEST: Final = "hftbacktest over the same capture, no features"
BACKTEST_PEER: Final = "hftbacktest_path"
SCALE: Final = {"spread": 1e-6}
"""Absolute tolerance of a sum whose terms nearly cancel; all others must agree to 1e-9."""


class Peers(NamedTuple):
    """Hold the whole table, the peers' packages, and every difference in the work done."""

    rows: list[Row]
    packages: dict[str, str]
    complaints: list[str]


def measure(own: Own, say: Callable[[str], None]) -> Peers:
    """Measure all peers and return hftlib's rows and theirs as one table."""
    peers = Peers([], {}, [])
    for peer, name in WIRE_PEERS.items():
        say(f"{peer}: installing, measuring")
        told = environments.measure(peer)
        peers.rows.append(_wire_row(name, told))
        if not isinstance(told, Absent):
            peers.packages.update(told["packages"])
            peers.complaints.extend(differences(name, told["sums"], own.sums))
    say(f"{BACKTEST_PEER}: installing, measuring")
    told = environments.measure(BACKTEST_PEER)
    if not isinstance(told, Absent):
        peers.packages.update(told["packages"])
    rows = _with_backtest(own, told)
    place = next(at for at, row in enumerate(rows) if row.name == KERNEL)
    return peers._replace(rows=rows[:place] + peers.rows + rows[place:])


def _wire_row(name: str, told: dict[str, Any] | Absent) -> Row:
    """Return a peer's row: microseconds a frame, and its ratio to the floor of its own process."""
    if isinstance(told, Absent):
        return Row(f"{name} (absent: {told.reason})", None, "us/frame", floor.NAME, None)
    timing = Timing(told["floor_s"], told["subject_s"])
    value = statistics.median(timing.subject_s) / told["frames"] * 1e6
    return Row(name, value, "us/frame", floor.NAME, timing.ratio())


def _with_backtest(own: Own, told: dict[str, Any] | Absent) -> list[Row]:
    """Return hftlib's rows, the kernel row compared with hftbacktest, its own row behind it."""
    rows: list[Row] = []
    for row in own.rows:
        if row.name != KERNEL:
            rows.append(row)
        elif isinstance(told, Absent):
            absent = f"{BACKTEST} (absent: {told.reason})"
            rows += [row, Row(absent, None, "events/s", KERNEL, None)]
        else:
            rate = told["events_per_s"]
            assert row.value is not None
            rows.append(Row(KERNEL, row.value, row.unit, BACKTEST, row.value / rate))
            rows.append(Row(BACKTEST, rate, "events/s", KERNEL, rate / row.value))
    return rows


def differences(name: str, sums: dict[str, float], expected: dict[str, float]) -> list[str]:
    """Return a line for each feature whose sum over the capture is not hftlib's."""
    return [
        f"{name}: sum of {feature} is {sums[feature]!r}, that of '{WIRE}' {value!r}"
        for feature, value in expected.items()
        if not math.isclose(sums[feature], value, rel_tol=1e-9, abs_tol=SCALE.get(feature, 1e-7))
    ]
