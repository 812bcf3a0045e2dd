"""What the formats make of recorded lines, before the importer numbers it."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from hftlib.core.frames import FrameKind
from hftlib.io.importers.source import SourceFile


class Entry(NamedTuple):
    """Hold one frame to be; the importer adds venue and ingress_seq."""

    ts_recv: int
    connection: str
    kind: FrameKind
    payload: bytes
    request: str
    line: int


class BadLine(NamedTuple):
    """Say which line could not be used, and why."""

    line: int
    reason: str


class Note(NamedTuple):
    """Hold a line that is no frame but belongs into the manifest."""

    text: str


class Choices(NamedTuple):
    """Hold what the user said about the input: venue, symbol, kind of table, and interval."""

    venue: str
    symbol: str = ""
    table: str = ""
    interval: str = ""


Parsed = tuple[SourceFile, Entry | BadLine | Note]
Format = Callable[[Sequence[SourceFile], Choices], Iterator[Parsed]]
"""A format reads the files in order and yields what it made of their lines."""
