"""The state of a run as bytes, so that a tape can be sought without playing it from its start."""

import msgspec

from hftlib.core.errors import TapeError
from hftlib.core.states import FeedCondition
from hftlib.engine.drift import DriftState
from hftlib.signals.signal import SignalSide

VERSION = 1


class BookEntry(msgspec.Struct, frozen=True, array_like=True):
    """Hold one book, its features, and how many deltas it took."""

    venue: str
    symbol: str
    book: bytes
    features: bytes
    applied: int


class Checkpoint(msgspec.Struct, frozen=True, tag_field="schema", tag=VERSION):
    """Hold everything that the frames to come depend on."""

    sessions: dict[str, dict[str, object]]
    books: list[BookEntry]
    counts: list[tuple[str, str, FeedCondition, int]]
    resyncs: list[tuple[str, str, int]]
    lanes: list[tuple[str, str, str]]
    synced_once: list[tuple[str, str]]
    silence: tuple[list[tuple[str, str, int]], list[tuple[str, str]]]
    next_judgement: int
    frames: int
    events: int
    drift: list[tuple[str, str, DriftState]] = []
    signals: list[tuple[str, str, dict[str, SignalSide]]] = []


def encode(state: Checkpoint) -> bytes:
    """Return a checkpoint as bytes."""
    return msgspec.msgpack.encode(state)


def decode(blob: bytes) -> Checkpoint:
    """Return the checkpoint that the bytes hold. Raises TapeError when they hold none."""
    try:
        return msgspec.msgpack.decode(blob, type=Checkpoint)
    except msgspec.MsgspecError as error:
        raise TapeError(f"not a checkpoint of a run: {error}") from error
