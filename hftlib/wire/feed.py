"""The binary feed, version 1: one layout, encoded by the desk and decoded by whoever reads it.

Little endian. A websocket message is a head of 16 bytes and a body; docs/stream.md has the table
of fields. Sizes and ticks travel as floats because browsers read them so; every tick below
2**53 is exact. Nothing here knows about sockets.
"""

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import IntEnum
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from hftlib.core.errors import HftlibError
from hftlib.core.states import BookState
from hftlib.wire.messages import Description, ErrorReply, Status

VERSION: Final = 1
HISTORY: Final = 1
"""Flag of a COLUMNS message that carries the history: what was drawn before is void."""

STATES: Final = (
    BookState.SYNCING,
    BookState.LIVE,
    BookState.GAP,
    BookState.STALE,
    BookState.CROSSED,
    BookState.DOWN,
)
"""Book states by the number that a LADDER message carries."""

_HEAD: Final = struct.Struct("<BBHId")
_COLUMN: Final = struct.Struct("<dBBHIdd")
_LADDER: Final = struct.Struct("<BBHHHd")
_COUNT: Final = struct.Struct("<H")
_CELL: Final = np.dtype([("row", "<f8"), ("size", "<f4")])
_TRADE: Final = np.dtype(
    [("time_ms", "<f8"), ("ticks", "<f8"), ("size", "<f8"), ("side", "u1"), ("zero", "u1", 7)]
)
MOST_COLUMNS: Final = 65_535
MOST_CELLS: Final = 65_535
MOST_TRADES: Final = 65_535
BUY: Final = 1
SELL: Final = 2


class FeedFormatError(HftlibError, ValueError):
    """Refuse bytes that are no message of the binary feed."""


class Kind(IntEnum):
    """Name what the body of a message holds."""

    DESCRIPTION = 1
    COLUMNS = 2
    LADDER = 3
    TRADES = 4
    STATUS = 5
    ERROR = 6


class Head(NamedTuple):
    """Hold the 16 bytes that open every message; `time_ms` is the run's clock, epoch ms."""

    kind: Kind
    flags: int
    sequence: int
    time_ms: float


class Column(NamedTuple):
    """Hold one column of the heatmap.

    Row r covers ticks [r * row_ticks, (r + 1) * row_ticks). `rows` is float64, `sizes` float32 in
    base units, negative for bids, positive for asks. `gap` says that the book was not trusted.
    """

    time_ms: float
    best_bid_ticks: int | None
    best_ask_ticks: int | None
    gap: bool
    rows: NDArray[np.float64]
    sizes: NDArray[np.float32]


class Ladder(NamedTuple):
    """Hold the levels nearest the mid, best first: ticks as integers, sizes in base units."""

    state: BookState
    verified: bool
    last_update_id: int
    bid_ticks: NDArray[np.int64]
    bid_sizes: NDArray[np.float64]
    ask_ticks: NDArray[np.int64]
    ask_sizes: NDArray[np.float64]


def empty_ladder(state: BookState) -> Ladder:
    """Return the ladder of a book that holds nothing yet."""
    no_ticks, no_sizes = np.empty(0, np.int64), np.empty(0, np.float64)
    return Ladder(state, False, 0, no_ticks, no_sizes, no_ticks, no_sizes)


class TradeMark(NamedTuple):
    """Hold one trade: time in epoch ms, ticks, base units, side BUY or SELL of the aggressor."""

    time_ms: float
    ticks: int
    size: float
    side: int


Body = Description | list[Column] | Ladder | list[TradeMark] | Status | ErrorReply


def pack(kind: Kind, body: bytes, *, sequence: int, time_ms: float, flags: int = 0) -> bytes:
    """Return one message; `sequence` is taken modulo 2**32."""
    return _HEAD.pack(VERSION, kind, flags, sequence & 0xFFFFFFFF, time_ms) + body


def read_head(message: bytes) -> Head:
    """Return the head of a message.

    Raises FeedFormatError when it is too short, of another version or of an unknown kind.
    """
    if len(message) < _HEAD.size:
        raise FeedFormatError(f"a message of {len(message)} bytes is shorter than its head")
    version, kind, flags, sequence, time_ms = _HEAD.unpack_from(message)
    if version != VERSION:
        raise FeedFormatError(f"feed version {version} is not {VERSION}")
    try:
        return Head(Kind(kind), flags, sequence, time_ms)
    except ValueError:
        raise FeedFormatError(f"unknown kind of message {kind}") from None


def body_of(message: bytes) -> bytes:
    """Return what follows the head."""
    return message[_HEAD.size :]


def encode_json(body: Description | Status | ErrorReply) -> bytes:
    """Return the body of a DESCRIPTION, STATUS or ERROR message."""
    return msgspec.json.encode(body)


def encode_column(column: Column) -> bytes:
    """Return one column as it stands in a COLUMNS body.

    Raises FeedFormatError when it has more cells than the layout can count.
    """
    count = len(column.rows)
    if count > MOST_CELLS:
        raise FeedFormatError(f"a column of {count} cells exceeds {MOST_CELLS}")
    cells = np.empty(count, _CELL)
    cells["row"] = column.rows
    cells["size"] = column.sizes
    bid, ask = column.best_bid_ticks, column.best_ask_ticks
    head = _COLUMN.pack(
        column.time_ms,
        bid is not None,
        ask is not None,
        count,
        column.gap,
        0.0 if bid is None else bid,
        0.0 if ask is None else ask,
    )
    return head + cells.tobytes()


def join_columns(blocks: Sequence[bytes]) -> bytes:
    """Return a COLUMNS body of encoded columns, oldest first; the newest 65,535 are kept."""
    kept = blocks[-MOST_COLUMNS:]
    return b"".join((_COUNT.pack(len(kept)), *kept))


def split_columns(body: bytes) -> list[bytes]:
    """Return the encoded columns of a COLUMNS body, oldest first.

    Raises FeedFormatError when the body is cut or has bytes to spare.
    """
    if len(body) < _COUNT.size:
        raise FeedFormatError("a COLUMNS body is shorter than its count")
    blocks, offset = [], _COUNT.size
    for _ in range(_COUNT.unpack_from(body)[0]):
        if offset + _COLUMN.size > len(body):
            raise FeedFormatError("a COLUMNS body is cut within a column")
        stop = offset + _COLUMN.size + _COLUMN.unpack_from(body, offset)[3] * _CELL.itemsize
        if stop > len(body):
            raise FeedFormatError("a COLUMNS body is cut within its cells")
        blocks.append(body[offset:stop])
        offset = stop
    if offset != len(body):
        raise FeedFormatError(f"a COLUMNS body has {len(body) - offset} bytes to spare")
    return blocks


def encode_ladder(ladder: Ladder) -> bytes:
    """Return the body of a LADDER message."""
    head = _LADDER.pack(
        STATES.index(ladder.state),
        ladder.verified,
        len(ladder.bid_ticks),
        len(ladder.ask_ticks),
        0,
        float(ladder.last_update_id),
    )
    ticks = np.concatenate((ladder.bid_ticks, ladder.ask_ticks))
    levels = np.empty((len(ticks), 2), "<f8")
    levels[:, 0] = ticks
    levels[:, 1] = np.concatenate((ladder.bid_sizes, ladder.ask_sizes))
    return head + levels.tobytes()


def encode_trades(trades: Iterable[TradeMark]) -> bytes:
    """Return the body of a TRADES message, oldest first; the newest 65,535 are kept."""
    kept = list(trades)[-MOST_TRADES:]
    marks = np.zeros(len(kept), _TRADE)
    if kept:
        times, ticks, sizes, sides = zip(*kept, strict=True)
        marks["time_ms"], marks["ticks"] = times, ticks
        marks["size"], marks["side"] = sizes, sides
    return _COUNT.pack(len(kept)) + marks.tobytes()


def join_trades(bodies: Sequence[bytes], *, most: int = MOST_TRADES) -> bytes:
    """Return one TRADES body with the trades of several, in their order; the newest are kept."""
    marks = b"".join(body[_COUNT.size :] for body in bodies)[-most * _TRADE.itemsize :]
    return _COUNT.pack(len(marks) // _TRADE.itemsize) + marks


def decode(message: bytes) -> tuple[Head, Body]:
    """Return head and body of one message.

    Raises FeedFormatError when the bytes are no message of version 1.
    """
    head = read_head(message)
    body = body_of(message)
    try:
        return head, _DECODERS[head.kind](body)
    except FeedFormatError:
        raise
    except (struct.error, msgspec.MsgspecError, ValueError, OverflowError) as error:
        raise FeedFormatError(f"{head.kind.name}: {error}") from error


def _decode_columns(body: bytes) -> list[Column]:
    return [_decode_column(block) for block in split_columns(body)]


def _decode_column(block: bytes) -> Column:
    time_ms, has_bid, has_ask, count, gap, bid, ask = _COLUMN.unpack_from(block)
    cells = np.frombuffer(block, _CELL, count, _COLUMN.size)
    return Column(
        time_ms,
        int(bid) if has_bid else None,
        int(ask) if has_ask else None,
        bool(gap),
        cells["row"].astype(np.float64),
        cells["size"].astype(np.float32),
    )


def _decode_ladder(body: bytes) -> Ladder:
    state, verified, n_bids, n_asks, _, last_update_id = _LADDER.unpack_from(body)
    if state >= len(STATES):
        raise FeedFormatError(f"unknown book state {state}")
    if len(body) != _LADDER.size + (n_bids + n_asks) * 16:
        raise FeedFormatError("a LADDER body does not hold the levels that it counts")
    levels = np.frombuffer(body, "<f8", offset=_LADDER.size).reshape(-1, 2)
    ticks, sizes = levels[:, 0].astype(np.int64), levels[:, 1].astype(np.float64)
    return Ladder(
        STATES[state],
        bool(verified),
        int(last_update_id),
        ticks[:n_bids],
        sizes[:n_bids],
        ticks[n_bids:],
        sizes[n_bids:],
    )


def _decode_trades(body: bytes) -> list[TradeMark]:
    (count,) = _COUNT.unpack_from(body)
    if len(body) != _COUNT.size + count * _TRADE.itemsize:
        raise FeedFormatError("a TRADES body does not hold the trades that it counts")
    return list(_trade_marks(np.frombuffer(body, _TRADE, count, _COUNT.size)))


def _trade_marks(marks: NDArray[np.void]) -> Iterator[TradeMark]:
    for mark in marks:
        yield TradeMark(
            float(mark["time_ms"]), int(mark["ticks"]), float(mark["size"]), int(mark["side"])
        )


_DECODERS: Final[dict[Kind, Callable[[bytes], Body]]] = {
    Kind.DESCRIPTION: lambda body: msgspec.json.decode(body, type=Description),
    Kind.COLUMNS: _decode_columns,
    Kind.LADDER: _decode_ladder,
    Kind.TRADES: _decode_trades,
    Kind.STATUS: lambda body: msgspec.json.decode(body, type=Status),
    Kind.ERROR: lambda body: msgspec.json.decode(body, type=ErrorReply),
}
