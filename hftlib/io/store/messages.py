"""What the desk and the store's process tell each other over pipes.

Each message is four bytes of length, little-endian, and msgpack. Many numbers travel as raw
buffers; what is rare as lists.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

MISSING: Final = -(2**63)
"""Stands for a missing whole number or stamp in a raw buffer; NaN stands for a missing float."""

_LENGTH: Final = 4


class Open(msgspec.Struct, frozen=True, tag=True):
    """Open the store: embedded in `folder`, or the server that `dsn` names."""

    folder: str
    dsn: str
    desk: str
    event_days: int
    second_days: int


class Rows(msgspec.Struct, frozen=True, tag=True):
    """Hold rows as the table's own columns, value by value."""

    count: int
    columns: Sequence[Sequence[Any]]


class Block(msgspec.Struct, frozen=True, tag=True):
    """Hold rows as two raw row-major buffers, int64 and float64, and what all rows share."""

    count: int
    shared: dict[str, str]
    whole_names: Sequence[str]
    wholes: bytes
    number_names: Sequence[str]
    numbers: bytes


Piece = Rows | Block


class Batch(msgspec.Struct, frozen=True, tag=True):
    """Announce rows of one table: `pieces` messages with them follow at once.

    All are of one `run`, in the market that `source` names. `again` says that they were sent
    before to a process that ended without confirming them.
    """

    number: int
    table: str
    run: str
    source: str
    pieces: int
    again: bool


class Ask(msgspec.Struct, frozen=True, tag=True):
    """Ask for the result of one reading statement."""

    number: int
    sql: str
    parameters: dict[str, Any]
    max_rows: int
    max_bytes: int
    max_seconds: float


class Forget(msgspec.Struct, frozen=True, tag=True):
    """Say that nobody waits for an answer any more."""

    number: int


class Ready(msgspec.Struct, frozen=True, tag=True):
    """Say that the store is open, where, and with which version of the schema."""

    where: str
    version: int


class Unable(msgspec.Struct, frozen=True, tag=True):
    """Say why the store cannot be used; `final` when trying again would not help."""

    reason: str
    final: bool


class Confirmed(msgspec.Struct, frozen=True, tag=True):
    """Acknowledge a batch: the store has its rows."""

    number: int


class Refused(msgspec.Struct, frozen=True, tag=True):
    """Say that the store will never take this batch, and why."""

    number: int
    reason: str


class Chunk(msgspec.Struct, frozen=True, tag=True):
    """Carry a part of an answer."""

    number: int
    data: bytes


class Answered(msgspec.Struct, frozen=True, tag=True):
    """End an answer; `error` says why there is none, and `code` is ClickHouse's number of it."""

    number: int
    error: str = ""
    code: int = 0


ToStore = Open | Rows | Block | Batch | Ask | Forget
FromStore = Ready | Unable | Confirmed | Refused | Chunk | Answered

_encoder: Final = msgspec.msgpack.Encoder()
to_store: Final = msgspec.msgpack.Decoder(ToStore)
from_store: Final = msgspec.msgpack.Decoder(FromStore)


def framed(message: ToStore | FromStore) -> bytes:
    """Return a message as it goes over a pipe."""
    buffer = bytearray(_LENGTH)
    _encoder.encode_into(message, buffer, _LENGTH)
    buffer[:_LENGTH] = (len(buffer) - _LENGTH).to_bytes(_LENGTH, "little")
    return bytes(buffer)


def length_of(head: bytes) -> int:
    """Return how many bytes follow these first four."""
    return int.from_bytes(head, "little")
