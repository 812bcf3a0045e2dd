"""The floor: what msgspec alone needs to decode the same frames, levels typed as two floats."""

from collections.abc import Iterable
from typing import Final

import msgspec

NAME: Final = "floor: msgspec typed float decode"


class Depth(msgspec.Struct):
    """Hold one depth event with its levels as floats."""

    e: str
    E: int
    s: str
    U: int
    u: int
    b: list[tuple[float, float]]
    a: list[tuple[float, float]]


class Combined(msgspec.Struct):
    """Hold one frame of a combined stream."""

    stream: str
    data: Depth


class Snapshot(msgspec.Struct):
    """Hold one REST snapshot."""

    lastUpdateId: int  # noqa: N815 - the venue's own spelling
    bids: list[tuple[float, float]]
    asks: list[tuple[float, float]]


decode = msgspec.json.Decoder(Combined, strict=False).decode
decode_snapshot = msgspec.json.Decoder(Snapshot, strict=False).decode


def run(frames: Iterable[bytes]) -> None:
    """Decode every frame and let it go."""
    for frame in frames:
        decode(frame)
