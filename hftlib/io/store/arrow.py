"""Rows as they come over the pipe, made Arrow tables that ClickHouse takes."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hftlib.io.store.messages import MISSING, Block, Piece, Rows
from hftlib.io.store.schema import WRITER, Column, Keep, Kind, Table, WrittenBy

TYPES: Final = {
    Kind.STAMP: pa.timestamp("ns", tz="UTC"),
    Kind.WHOLE: pa.int64(),
    Kind.NUMBER: pa.float64(),
    Kind.FLAG: pa.bool_(),
    Kind.NAME: pa.string(),
    Kind.TEXT: pa.string(),
    Kind.WHOLES: pa.list_(pa.int64()),
    Kind.NUMBERS: pa.list_(pa.float64()),
    Kind.NAMES: pa.list_(pa.string()),
    Kind.TEXTS: pa.list_(pa.string()),
}


class BadRowsError(ValueError):
    """Refuse rows that do not fit their table, in words."""


def arrow_of(table: Table, pieces: Sequence[Piece], written_by: WrittenBy) -> pa.Table:
    """Return the rows of several pieces; `written_by` is what all of them say of their writer.

    Raises BadRowsError when a piece does not fit the table, or a value is missing where none may.
    """
    schema = pa.schema([(column.name, TYPES[column.kind]) for column in table.columns])
    try:
        batches = [
            pa.record_batch(list(_arrays(table, piece, written_by)), schema=schema)
            for piece in _joined(pieces)
        ]
        rows = pa.Table.from_batches(batches, schema=schema)
    except (pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise BadRowsError(f"rows that do not fit {table.name}: {error}") from error
    for column in table.columns:
        if not column.nullable and rows[column.name].null_count:
            raise BadRowsError(f"{table.name}.{column.name} may not be missing")
    return rows


def split_by_partition(table: Table, rows: pa.Table) -> Iterator[tuple[int, pa.Table]]:
    """Yield (partition, its rows): an insert is all or nothing within one partition only."""
    days = np.asarray(rows[table.stamp].cast(pa.int64())).astype("M8[ns]").astype("M8[D]")
    months = days.astype("M8[M]")
    year_month = (months.astype(np.int64) // 12 + 1970) * 100 + months.astype(np.int64) % 12 + 1
    if table.keep is Keep.ALWAYS:
        keys = year_month
    else:
        keys = year_month * 100 + (days - months.astype("M8[D]")).astype(np.int64) + 1
    for key in np.unique(keys).tolist():
        chosen = keys == key
        yield key, rows if chosen.all() else rows.filter(pa.array(chosen))


def _joined(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Yield the pieces, blocks that share the same as one: arrays are made once for many rows."""
    blocks: dict[tuple[tuple[str, str], ...], list[Block]] = {}
    for piece in pieces:
        if isinstance(piece, Rows):
            yield piece
        else:
            blocks.setdefault(tuple(piece.shared.items()), []).append(piece)
    for alike in blocks.values():
        yield Block(
            sum(block.count for block in alike),
            alike[0].shared,
            alike[0].whole_names,
            b"".join(block.wholes for block in alike),
            alike[0].number_names,
            b"".join(block.numbers for block in alike),
        )


def _arrays(table: Table, piece: Piece, written_by: WrittenBy) -> Iterator[pa.Array]:
    for column, value in zip(WRITER, written_by, strict=True):
        yield _constant(column, value, piece.count)
    if isinstance(piece, Rows):
        for column, values in zip(table.own, piece.columns, strict=True):
            yield pa.array(values, TYPES[column.kind])
        return
    yield from _block_arrays(table, piece)


def _block_arrays(table: Table, block: Block) -> Iterator[pa.Array]:
    wholes = _by_name(np.frombuffer(block.wholes, np.int64), block.whole_names, block.count)
    numbers = _by_name(np.frombuffer(block.numbers, np.float64), block.number_names, block.count)
    for column in table.own:
        if column.name in block.shared:
            yield _constant(column, block.shared[column.name], block.count)
        elif column.kind is Kind.NUMBER:
            yield pa.array(numbers[column.name], pa.float64(), from_pandas=True)
        else:
            whole = wholes[column.name]
            yield pa.array(whole, pa.int64(), mask=whole == MISSING).cast(TYPES[column.kind])


def _by_name(flat: NDArray[Any], names: Sequence[str], count: int) -> dict[str, NDArray[Any]]:
    columns = np.ascontiguousarray(flat.reshape(count, len(names)).T)
    return dict(zip(names, columns, strict=True))


def _constant(column: Column, value: Any, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(value, TYPES[column.kind]), count)
