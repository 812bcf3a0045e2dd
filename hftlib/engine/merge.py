"""Merge several recordings into one run, the same way every time."""

import heapq
from collections.abc import Iterable, Iterator

import msgspec

from hftlib.core.frames import Frame


def merge(recordings: Iterable[Iterable[Frame]]) -> Iterator[Frame]:
    """Yield the frames of all recordings by (ts_recv, lane, seq), renumbered in that order.

    Each recording keeps its own arrival order: a receive stamp that steps back (a clock was set)
    counts as the latest one before it. A single recording passes through unchanged.
    """
    sources = list(recordings)
    if len(sources) == 1:
        yield from sources[0]
        return
    merged = heapq.merge(*(_keyed(index, frames) for index, frames in enumerate(sources)))
    for ingress_seq, (*_, frame) in enumerate(merged):
        yield msgspec.structs.replace(frame, ingress_seq=ingress_seq)


def _keyed(index: int, frames: Iterable[Frame]) -> Iterator[tuple[int, str, str, int, int, Frame]]:
    """Yield sort keys that never tie, so that frames themselves are never compared."""
    latest = 0
    for position, frame in enumerate(frames):
        latest = max(latest, frame.ts_recv)
        yield latest, frame.venue, frame.connection, index, position, frame
