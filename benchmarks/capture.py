"""Read the BTC spot capture that every row works on: one snapshot and the depth frames after it.

Standard library only: the peers' environments hold no hftlib.
"""

import gzip
import json
import os
from pathlib import Path
from typing import Final, NamedTuple

NAME: Final = "binance-spot-btc-20240808"
FILES: Final = ("btcusdt_20240808.gz", "btcusdt_20240809.gz")


class Capture(NamedTuple):
    """Hold raw bytes: the REST snapshot and the depth frames that apply to it; stamps in ns."""

    snapshot: bytes
    frames: list[bytes]
    stamps: list[int]
    level_updates: int


def folder() -> Path:
    """Return the folder of the captures: HFT_CAPTURES, else shared/captures beside the project."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "captures"
    return Path(os.environ.get("HFT_CAPTURES") or beside)


def read_capture(captures: Path | None = None) -> Capture:
    """Return the capture. Raises FileNotFoundError where it is not there."""
    snapshot, last = b"", -1
    depth: list[tuple[int, bytes]] = []
    for file in FILES:
        with gzip.open((captures or folder()) / NAME / file) as lines:
            for line in lines:
                stamp, payload = line.rstrip().split(b" ", 1)
                if b"@depth" in payload[:40]:
                    depth.append((int(stamp), payload))
                elif payload.startswith(b'{"lastUpdateId"'):
                    snapshot, last = payload, json.loads(payload)["lastUpdateId"]
    return _after(snapshot, last, depth)


def _after(snapshot: bytes, last: int, depth: list[tuple[int, bytes]]) -> Capture:
    """Leave out the frames that the snapshot already holds and count the level updates."""
    frames: list[bytes] = []
    stamps: list[int] = []
    updates = 0
    for stamp, payload in depth:
        data = json.loads(payload)["data"]
        if data["u"] > last:
            frames.append(payload)
            stamps.append(stamp)
            updates += len(data["b"]) + len(data["a"])
    return Capture(snapshot, frames, stamps, updates)
