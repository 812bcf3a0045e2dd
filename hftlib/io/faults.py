"""Faults of a feed, planted on purpose: what lines, proxies and venues do to frames.

Everything random comes from the generator handed in, so that a seed names a run exactly.
"""

from collections.abc import Sequence
from enum import StrEnum
from random import Random

import msgspec
from msgspec.structs import replace

from hftlib.core.frames import Frame


class Fault(StrEnum):
    """Name a fault: five hit one frame, the last two a snapshot after a lost connection."""

    DROP = "drop"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    TRUNCATE = "truncate"
    FLIP = "flip a byte"
    CUT_SNAPSHOT = "cut mid-snapshot"
    STALE_SNAPSHOT = "stale snapshot"


SNAPSHOT_FAULTS = frozenset({Fault.CUT_SNAPSHOT, Fault.STALE_SNAPSHOT})

Placed = tuple[int, Frame]
"""A frame and the place in the recording after which the book should stand where it then stood."""


def truncated(payload: bytes, random: Random) -> bytes:
    """Return a payload cut somewhere before its end."""
    return payload[: random.randrange(len(payload))] if payload else payload


def flipped(payload: bytes, random: Random) -> bytes:
    """Return a payload with one bit of one byte turned over."""
    if not payload:
        return payload
    place, bit = random.randrange(len(payload)), 1 << random.randrange(8)
    return payload[:place] + bytes([payload[place] ^ bit]) + payload[place + 1 :]


def struck(before: bytes, after: bytes) -> str | None:
    """Return the path of the one value by which two JSON texts differ, such as data.b.

    Places in lists are left out. None where the texts differ in any other way, or not at all, or
    where one of them is no JSON: then a reader can tell.
    """
    try:
        paths = _differing(msgspec.json.decode(before), msgspec.json.decode(after), "")
    except (msgspec.MsgspecError, UnicodeError):
        return None
    return paths[0].strip(".") if len(paths) == 1 else None


def _differing(before: object, after: object, path: str) -> list[str]:
    """Return the paths of differing values; two where the shapes differ, which is too many."""
    if isinstance(before, dict) and isinstance(after, dict) and before.keys() == after.keys():
        found = [_differing(before[name], after[name], f"{path}.{name}") for name in before]
        return [each for paths in found for each in paths]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = zip(before, after, strict=True)
        return [each for pair in pairs for each in _differing(*pair, path)]
    if isinstance(before, dict | list) or isinstance(after, dict | list):
        return [path, path]
    return [] if before == after else [path]


def damaged(fault: Fault, frames: Sequence[Placed], other: int, random: Random) -> list[Placed]:
    """Return a run of frames with a fault planted in its first one.

    `other` is the index of the frame right behind which a reordered one arrives. Raises ValueError
    for a fault of snapshots: only whoever answers requests can plant that.
    """
    (place, first), rest = frames[0], list(frames[1:])
    if fault is Fault.DROP:
        return rest
    if fault is Fault.DUPLICATE:
        return [frames[0], frames[0], *rest]
    if fault is Fault.REORDER:
        late, overtaking = frames[other]
        delayed = (late, replace(first, ts_recv=overtaking.ts_recv))
        return [*frames[1 : other + 1], delayed, *frames[other + 1 :]]
    if fault is Fault.TRUNCATE:
        return [(place, replace(first, payload=truncated(first.payload, random))), *rest]
    if fault is Fault.FLIP:
        return [(place, replace(first, payload=flipped(first.payload, random))), *rest]
    raise ValueError(f"{fault} is no fault of one frame")
