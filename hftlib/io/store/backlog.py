"""Rows on their way to the store: collected in pieces, cut into batches, kept until confirmed."""

from collections import deque
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np

from hftlib.io.store.messages import Block, Rows, framed
from hftlib.io.store.schema import Kind, Table
from hftlib.io.store.tables import TABLES, table_named

PIECE_ROWS: Final = 512
BATCH_ROWS: Final = 16_384
MUCH: Final = 2_000
"""Rows of one table that do not wait for its turn to be cut."""


class Waiting(msgspec.Struct):
    """Hold a batch until it is confirmed: its messages as they go over the pipe."""

    number: int
    table: str
    run: str
    source: str
    rows: int
    size: int
    pieces: list[bytes]
    again: bool = False


class OpenBlock:
    """Fill rows of numbers in place: one call costs about a microsecond.

    All rows share the texts of `shared`; `wholes` and `numbers` are the arrays to write into at
    row `count`, whose columns are named by `whole_names` and `number_names`.
    """

    def __init__(self, table: Table, shared: dict[str, str]) -> None:
        """Prepare an empty block. Raises KeyError when it shares what the table has not."""
        names = {column.name for column in table.own}
        if not set(shared) <= names:
            raise KeyError(f"{table.name} has no column {sorted(set(shared) - names)[0]!r}")
        own = [column for column in table.own if column.name not in shared]
        self.table = table
        self.shared = shared
        self.whole_names = [one.name for one in own if one.kind in (Kind.WHOLE, Kind.STAMP)]
        self.number_names = [one.name for one in own if one.kind is Kind.NUMBER]
        if len(self.whole_names) + len(self.number_names) != len(own):
            raise KeyError(f"{table.name} has columns that are neither shared nor numbers")
        self.wholes = np.zeros((PIECE_ROWS, len(self.whole_names)), np.int64)
        self.numbers = np.zeros((PIECE_ROWS, len(self.number_names)), np.float64)
        self.count = 0

    def taken(self) -> bytes:
        """Return the rows as a message and begin anew."""
        count, self.count = self.count, 0
        return framed(
            Block(
                count,
                self.shared,
                self.whole_names,
                self.wholes[:count].tobytes(),
                self.number_names,
                self.numbers[:count].tobytes(),
            )
        )


class Backlog:
    """Keep what waits within a bound of bytes; rows beyond it are refused and counted."""

    def __init__(self, most_bytes: int, run: str = "", source: str = "") -> None:
        """Begin empty; rows are of this run and market until `begin_run` says another."""
        self.most_bytes = most_bytes
        self._run, self._source = run, source
        self.bytes = 0
        self.rows = 0
        self.refused = 0
        self.delayed = 0
        self.confirmed = 0
        self._rows: dict[str, list[Sequence[Any]]] = {name: [] for name in TABLES}
        self._blocks: list[OpenBlock] = []
        self._pieces: dict[str, list[tuple[int, bytes]]] = {name: [] for name in TABLES}
        self._piece_rows: dict[str, int] = dict.fromkeys(TABLES, 0)
        self._next = 1
        self._unsent: deque[Waiting] = deque()
        self._sent: dict[int, Waiting] = {}

    def begin_run(self, run: str, source: str) -> None:
        """Mark what is put from now on; what was put before keeps its run and market."""
        self.cut()
        self._run, self._source = run, source

    def put(self, table: str, row: Sequence[Any]) -> None:
        """Add one row: the values of the table's own columns, in order."""
        rows = self._rows[table]
        rows.append(row)
        if len(rows) >= PIECE_ROWS:
            self._seal_rows(table)

    def block(self, table: str, shared: dict[str, str]) -> OpenBlock:
        """Return a block that is taken from whenever the backlog is cut."""
        block = OpenBlock(table_named(table), shared)
        self._blocks.append(block)
        return block

    def drop_block(self, block: OpenBlock) -> None:
        """Take the last rows of a block and forget it."""
        self.seal_block(block)
        self._blocks.remove(block)

    def seal_block(self, block: OpenBlock) -> None:
        """Take what a block holds: it is full, or its time has come."""
        if block.count:
            count = block.count
            self._add_piece(block.table.name, count, block.taken())

    def cut(self) -> None:
        """Make batches of everything that has been put."""
        for table in self._rows:
            self._cut_whole(table)

    def cut_some(self, turn: int, turns: int) -> None:
        """Make batches of the tables whose turn it is, and of those that have much.

        An insert costs the engine about ten milliseconds however few rows it has.
        """
        for place, table in enumerate(self._rows):
            if place % turns == turn % turns or self._open_rows(table) >= MUCH:
                self._cut_whole(table)

    def next_unsent(self) -> Waiting | None:
        """Return the next batch to send, and note it as sent; None when there is none."""
        if not self._unsent:
            return None
        batch = self._unsent.popleft()
        self._sent[batch.number] = batch
        return batch

    def confirm(self, number: int) -> None:
        """Let go of a batch that the store has."""
        batch = self._sent.pop(number, None)
        if batch is not None:
            self._let_go(batch)
            self.confirmed += batch.rows

    def refuse(self, number: int) -> None:
        """Let go of a batch that the store will never take."""
        batch = self._sent.pop(number, None)
        if batch is not None:
            self._let_go(batch)
            self.refused += batch.rows

    def send_again(self) -> None:
        """Note that whoever had the sent batches is gone: they are sent again, first."""
        for batch in reversed(self._sent.values()):
            if not batch.again:
                self.delayed += batch.rows
            batch.again = True
            self._unsent.appendleft(batch)
        self._sent.clear()

    def refuse_all(self) -> None:
        """Give up what waits: there will be no store."""
        for batch in (*self._unsent, *self._sent.values()):
            self._let_go(batch)
            self.refused += batch.rows
        self._unsent.clear()
        self._sent.clear()

    @property
    def is_empty(self) -> bool:
        """Say whether nothing waits."""
        return not self._unsent and not self._sent

    @property
    def in_flight(self) -> int:
        """Return how many batches are sent and not confirmed."""
        return len(self._sent)

    def queued(self) -> int:
        """Return the rows that the store does not have yet."""
        return self.rows + sum(map(len, self._rows.values())) + sum(b.count for b in self._blocks)

    def _open_rows(self, table: str) -> int:
        blocks = sum(block.count for block in self._blocks if block.table.name == table)
        return blocks + len(self._rows[table]) + self._piece_rows[table]

    def _cut_whole(self, table: str) -> None:
        self._seal_rows(table)
        for block in self._blocks:
            if block.table.name == table:
                self.seal_block(block)
        self._cut_table(table)

    def _seal_rows(self, table: str) -> None:
        rows = self._rows[table]
        if rows:
            self._rows[table] = []
            columns = tuple(zip(*rows, strict=True))
            self._add_piece(table, len(rows), framed(Rows(len(rows), columns)))

    def _add_piece(self, table: str, count: int, piece: bytes) -> None:
        if self.bytes + len(piece) > self.most_bytes:
            self.refused += count
            return
        self.bytes += len(piece)
        self.rows += count
        self._pieces[table].append((count, piece))
        self._piece_rows[table] += count
        if self._piece_rows[table] >= BATCH_ROWS:
            self._cut_table(table)

    def _cut_table(self, table: str) -> None:
        pieces = self._pieces[table]
        if pieces:
            self._pieces[table] = []
            self._piece_rows[table] = 0
            self._unsent.append(self._batch(table, pieces))
            self._next += 1

    def _batch(self, table: str, pieces: list[tuple[int, bytes]]) -> Waiting:
        rows = sum(count for count, _ in pieces)
        size = sum(len(piece) for _, piece in pieces)
        marks = (self._run, self._source)
        return Waiting(self._next, table, *marks, rows, size, [piece for _, piece in pieces])

    def _let_go(self, batch: Waiting) -> None:
        self.bytes -= batch.size
        self.rows -= batch.rows
