"""A book's checkpoint: its levels and standing as bytes, checked when they come back."""

from typing import Final

import msgspec
import numpy as np

from hftlib.book.layout import MAXIMUM_TICKS, Ints
from hftlib.core.errors import TapeError
from hftlib.core.instrument import Instrument
from hftlib.core.states import BookState

VERSION: Final = 1


class PackedLevels(msgspec.Struct, frozen=True, array_like=True):
    """Carry one side's levels, best first, as little-endian int64.

    `steps` are the differences of the ticks (the first one counts from 0), which compress well.
    """

    steps: bytes
    quanta: bytes


class Checkpoint(msgspec.Struct, frozen=True, array_like=True):
    """Carry a whole book; the field order is the format, `version` its number."""

    version: int
    venue: str
    symbol: str
    price_increment: str
    size_quantum: str
    state: BookState
    state_since: int | None
    state_reason: str
    verified: bool
    last_update_id: int
    ts_event: int | None
    ts_recv: int | None
    unknown_deletes: int
    levels_applied: int
    bids: PackedLevels
    asks: PackedLevels


def encode(checkpoint: Checkpoint) -> bytes:
    """Return a checkpoint as bytes."""
    return msgspec.msgpack.encode(checkpoint)


def decode(blob: bytes, instrument: Instrument) -> Checkpoint:
    """Return the checkpoint in `blob`. Raises TapeError when it is none of this instrument."""
    try:
        checkpoint = msgspec.msgpack.decode(blob, type=Checkpoint)
    except msgspec.MsgspecError as error:
        raise TapeError(f"not a book checkpoint: {error}") from error
    if checkpoint.version != VERSION:
        raise TapeError(f"book checkpoint version {checkpoint.version}, not {VERSION}")
    holds = (
        checkpoint.venue,
        checkpoint.symbol,
        checkpoint.price_increment,
        checkpoint.size_quantum,
    )
    wanted = (
        instrument.venue,
        instrument.symbol,
        instrument.price_increment,
        instrument.size_quantum,
    )
    if holds != wanted:
        raise TapeError(f"book checkpoint of {' '.join(holds)}, not of {' '.join(wanted)}")
    return checkpoint


def pack_levels(ticks: Ints, quanta: Ints) -> PackedLevels:
    """Return levels, best first, as they stand in a checkpoint."""
    steps = np.diff(ticks, prepend=0)
    return PackedLevels(steps.astype("<i8").tobytes(), quanta.astype("<i8").tobytes())


def unpack_levels(packed: PackedLevels, sign: int) -> tuple[Ints, Ints]:
    """Return ticks and quanta, best first; `sign` is 1 for asks, whose ticks rise, else -1.

    Raises TapeError when they are not whole, not in order or out of range.
    """
    if len(packed.steps) % 8 or len(packed.steps) != len(packed.quanta):
        raise TapeError("book checkpoint with broken levels")
    steps = np.frombuffer(packed.steps, "<i8").astype(np.int64)
    quanta = np.frombuffer(packed.quanta, "<i8").astype(np.int64)
    ticks = np.cumsum(steps)
    in_order = bool(np.all(sign * steps[1:] > 0))
    in_range = bool(np.all((ticks > 0) & (ticks <= MAXIMUM_TICKS) & (quanta > 0)))
    if not in_order or not in_range:
        raise TapeError("book checkpoint with levels out of order or out of range")
    return ticks, quanta
