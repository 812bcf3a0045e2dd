"""What a table of the store is: columns with kinds, an order, a partition and a retention."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec


class Kind(StrEnum):
    """Name what a column holds; each value is its ClickHouse type."""

    STAMP = "DateTime64(9, 'UTC')"
    WHOLE = "Int64"
    NUMBER = "Float64"
    FLAG = "Bool"
    NAME = "LowCardinality(String)"
    TEXT = "String"
    WHOLES = "Array(Int64)"
    NUMBERS = "Array(Float64)"
    NAMES = "Array(LowCardinality(String))"
    TEXTS = "Array(String)"


CODECS: Final = {
    Kind.STAMP: "CODEC(Delta(8), ZSTD(1))",
    Kind.WHOLE: "CODEC(Delta(8), ZSTD(1))",
    Kind.NUMBER: "CODEC(ZSTD(1))",
    Kind.FLAG: "CODEC(ZSTD(1))",
    Kind.NAME: "CODEC(ZSTD(1))",
    Kind.TEXT: "CODEC(ZSTD(1))",
    Kind.WHOLES: "CODEC(ZSTD(1))",
    Kind.NUMBERS: "CODEC(ZSTD(1))",
    Kind.NAMES: "CODEC(ZSTD(1))",
    Kind.TEXTS: "CODEC(ZSTD(1))",
}
"""How each kind lies on the disk: what came out smallest of Gorilla, FPC, T64 and the deltas."""

STEPS: Final = "CODEC(DoubleDelta, ZSTD(1))"
"""For lists of prices: a book's levels are even steps apart."""


class Keep(StrEnum):
    """Say how long rows are kept: as `store.event_days`, as `store.second_days`, or for good."""

    EVENT = "event_days"
    SECOND = "second_days"
    ALWAYS = "always"


class Column(msgspec.Struct, frozen=True):
    """Describe one column; `nullable` says that a value may be missing, which is never NaN."""

    name: str
    kind: Kind
    meaning: str
    nullable: bool = False
    codec: str = ""

    @property
    def type(self) -> str:
        """Return the column's ClickHouse type."""
        return f"Nullable({self.kind})" if self.nullable else str(self.kind)

    @property
    def definition(self) -> str:
        """Return the column as CREATE TABLE and ADD COLUMN want it."""
        return f"`{self.name}` {self.type} {self.codec or CODECS[self.kind]}"


class Table(msgspec.Struct, frozen=True):
    """Describe one table.

    `own` are the columns that a row is put with; WRITER's stand before them. Partition and
    retention go by the day of `stamp`. Where `newest_wins`, rows that are equal in `order_by` are
    one: the one with the latest ts_recv (read with FINAL). `sharded_by` is what a cluster divides
    rows by.
    """

    name: str
    meaning: str
    own: tuple[Column, ...]
    order_by: tuple[str, ...]
    keep: Keep
    stamp: str = "ts_recv"
    newest_wins: bool = False
    sharded_by: tuple[str, ...] = ("venue", "symbol")

    @property
    def columns(self) -> tuple[Column, ...]:
        """Return every column, in the table's order."""
        return (*WRITER, *self.own)

    @property
    def partition(self) -> str:
        """Return the expression of the partition: a day where rows go soon, else a month."""
        function = "toYYYYMM" if self.keep is Keep.ALWAYS else "toYYYYMMDD"
        return f"{function}({self.stamp})"


def stamp(name: str, meaning: str, *, nullable: bool = False) -> Column:
    """Return a column of stamps, nanoseconds UTC."""
    return Column(name, Kind.STAMP, meaning, nullable)


def whole(name: str, meaning: str, *, nullable: bool = False) -> Column:
    """Return a column of whole numbers."""
    return Column(name, Kind.WHOLE, meaning, nullable)


def number(name: str, meaning: str, *, nullable: bool = False) -> Column:
    """Return a column of floats: measured, never money."""
    return Column(name, Kind.NUMBER, meaning, nullable)


def name(name: str, meaning: str) -> Column:
    """Return a column of few different words; one that is missing is empty."""
    return Column(name, Kind.NAME, meaning)


def text(name: str, meaning: str) -> Column:
    """Return a column of any text; one that is missing is empty."""
    return Column(name, Kind.TEXT, meaning)


def flag(name: str, meaning: str) -> Column:
    """Return a column of yes and no."""
    return Column(name, Kind.FLAG, meaning)


def several(name: str, kind: Kind, meaning: str, codec: str = "") -> Column:
    """Return a column of lists of one kind (WHOLES, NUMBERS, NAMES or TEXTS)."""
    return Column(name, kind, meaning, codec=codec)


def stamps() -> Iterator[Column]:
    """Yield the two stamps of every row."""
    yield stamp("ts_event", "the venue's stamp; missing where it sends none", nullable=True)
    yield stamp("ts_recv", "our stamp of arrival")


def book_name() -> Iterator[Column]:
    """Yield what names a book."""
    yield name("venue", "venue")
    yield name("symbol", "symbol, in the venue's words")


def increments(*, lot: bool = False) -> Iterator[Column]:
    """Yield what turns ticks, quanta and lots of the same row into exact prices and sizes."""
    yield name("price_increment", "price of one tick, decimal text")
    yield name("size_quantum", "size of one quantum, decimal text")
    if lot:
        yield name("lot", "size of one lot, decimal text")


WRITER: Final = (
    name("desk", "the desk that wrote the row"),
    name("run", "the desk's run: one showing of one source, from its start to its end"),
    name(
        "source",
        "the market it was: EXCHANGE, TESTNET (an exchange's test network) or SIMULATED (local "
        "venues); empty in rows written before version 3, which did not say",
    ),
    whole("batch", "number of the batch within the run: what is sent again is known by it"),
)
"""Columns that the writer fills in, first in every table."""


class WrittenBy(NamedTuple):
    """Hold what stands in the columns of WRITER, in their order."""

    desk: str
    run: str
    source: str
    batch: int
