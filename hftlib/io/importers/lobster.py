"""LOBSTER's sample files: pairs of a message and an orderbook CSV, one row each per event.

A frame holds both rows, untouched, as `message|orderbook`, behind one OPENED frame that names the
symbol and the day (both stand in the file names: AMZN_2012-06-21_34200000_57600000_message_1.csv).
Stamps are seconds after midnight of that day, taken as UTC and read as decimal text.
"""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from itertools import zip_longest
from typing import Final, NamedTuple

from hftlib.core.errors import TapeError
from hftlib.core.frames import FrameKind
from hftlib.io.importers.entry import BadLine, Choices, Entry, Parsed
from hftlib.io.importers.source import SourceFile
from hftlib.venues.stamps import midnight_ns

_NAME: Final = re.compile(
    r"(?P<symbol>[^_]+)_(?P<day>\d{4}-\d\d-\d\d)_.*?(?P<part>message|orderbook)"
)
_MESSAGE_FIELDS: Final = 6
_LEVEL_FIELDS: Final = 4
_DAY_SECONDS: Final = 86_400


class Pair(NamedTuple):
    """Hold the two files of one symbol and day."""

    symbol: str
    day: str
    message: SourceFile
    orderbook: SourceFile


def read(files: Sequence[SourceFile], _: Choices) -> Iterator[Parsed]:
    """Yield the frames of each pair. Raises TapeError when a file lacks its partner."""
    for pair in pairs(files):
        yield from _rows(pair)


def pairs(files: Sequence[SourceFile]) -> list[Pair]:
    """Match message and orderbook files by their names, in the order of the message files.

    Raises TapeError when a name does not tell, or a partner is missing.
    """
    found: dict[tuple[str, str], dict[str, SourceFile]] = {}
    for file in files:
        match = _NAME.match(file.path.name)
        if match is None:
            raise TapeError(f"{file.path.name}: no name SYMBOL_YYYY-MM-DD_..._message|orderbook_N")
        parts = found.setdefault((match["symbol"], match["day"]), {})
        parts[match["part"]] = file
    for (symbol, day), parts in found.items():
        if len(parts) != len(("message", "orderbook")):
            raise TapeError(f"{symbol} {day}: both the message and the orderbook file are needed")
    return [
        Pair(symbol, day, parts["message"], parts["orderbook"])
        for (symbol, day), parts in found.items()
    ]


def _rows(pair: Pair) -> Iterator[Parsed]:
    midnight = midnight_ns(pair.day)
    is_opened = False
    for message, book in zip_longest(pair.message.numbered(), pair.orderbook.numbered()):
        if message is None or book is None:
            file, (number, _) = (
                (pair.message, message) if message is not None else (pair.orderbook, book)
            )
            yield file, BadLine(number, "no row of the other file stands beside it")
            continue
        entry = _entry(pair.symbol, midnight, message, book)
        if isinstance(entry, Entry) and not is_opened:
            is_opened = True
            request = f"lobster://{pair.symbol}/{pair.day}"
            opened = Entry(entry.ts_recv, pair.symbol, FrameKind.OPENED, b"", request, 0)
            yield pair.message, opened
        yield pair.message, entry


def _entry(
    symbol: str, midnight: int, message: tuple[int, bytes], book: tuple[int, bytes]
) -> Entry | BadLine:
    number, row = message
    fields = row.split(b",")
    if len(fields) < _MESSAGE_FIELDS or book[1].count(b",") < _LEVEL_FIELDS - 1:
        return BadLine(number, f"not a row of LOBSTER: {row[:40]!r} | {book[1][:40]!r}")
    seconds = _seconds(fields[0])
    if seconds is None:
        return BadLine(number, f"no seconds after midnight: {fields[0][:40]!r}")
    return Entry(midnight + seconds, symbol, FrameKind.WS, row + b"|" + book[1], "", number)


def _seconds(text: bytes) -> int | None:
    """Return decimal seconds of a day as nanoseconds, exactly."""
    try:
        seconds = Decimal(text.decode())
        return int(seconds.scaleb(9)) if 0 <= seconds < _DAY_SECONDS else None
    except (InvalidOperation, UnicodeDecodeError):
        return None
