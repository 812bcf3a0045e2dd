"""Binance's public dumps (data.binance.vision): aggTrades, trades, klines, bookDepth, bookTicker.

Files are named SYMBOL-KIND-DATE (KIND of klines is the interval), plain or zipped; columns stand
in a fixed order, with a header line or without; stamps are in ms or, since 2025 on spot, in us.
A row becomes the frame that its stream would have sent. bookDepth (depth within so many percent
of the mid, every 30 s) has no stream: one REST frame per time holds its bands.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from hftlib.core.errors import TapeError
from hftlib.core.frames import FrameKind
from hftlib.io.importers import rows
from hftlib.io.importers.entry import BadLine, Choices, Entry, Note, Parsed
from hftlib.io.importers.source import SourceFile

_NAME: Final = re.compile(
    r"(?P<symbol>[^-]+)-(?P<kind>aggTrades|trades|bookDepth|bookTicker|\d+(?:mo|[smhdwM]))"
    r"(?:[-_].*)?"
)
_LETTER: Final = re.compile(rb"[A-Za-z_]")

Reader = Callable[[list[str]], rows.Row]


def read(files: Sequence[SourceFile], choices: Choices) -> Iterator[Parsed]:
    """Yield what the rows of each dump are. Raises TapeError when a name does not tell its kind."""
    rows.require_venue(choices.venue)
    for file in files:
        yield file, Note(rows.NOTE)
        yield from _File(file, choices).read()


class _File:
    """Read one dump; a zip may hold several, each with a name of its own."""

    def __init__(self, file: SourceFile, choices: Choices) -> None:
        self._file = file
        self._choices = choices
        self._named = ""
        self._symbol = ""
        self._kind = ""

    def read(self) -> Iterator[Parsed]:
        bands = _Bands()
        for number, line in self._file.numbered():
            is_first = self._file.stem != self._named
            if is_first:
                yield from self._flushed(bands)
                self._name()
            try:
                parsed = self._row(number, line.decode(), bands)
            except (rows.RowError, UnicodeDecodeError) as error:
                if is_first and _LETTER.match(line):
                    continue  # the names of the columns: older dumps have none
                parsed = BadLine(number, str(error))
            if parsed is not None:
                yield self._file, parsed
        yield from self._flushed(bands)

    def _name(self) -> None:
        self._named = self._file.stem
        match = _NAME.fullmatch(self._named)
        if match is None:
            raise TapeError(f"{self._named}: no name SYMBOL-KIND-DATE of the public dumps")
        self._symbol = (self._choices.symbol or match["symbol"]).upper()
        self._kind = match["kind"]

    def _row(self, number: int, line: str, bands: "_Bands") -> Entry | BadLine | None:
        fields = [field.strip() for field in line.split(",")]
        if self._kind == "bookDepth":
            return bands.add(self._symbol, fields, number)
        reader = _READERS.get(self._kind)
        row = _kline(fields, self._kind) if reader is None else reader(fields)
        return rows.entry(self._symbol, row, number)

    def _flushed(self, bands: "_Bands") -> Iterator[Parsed]:
        last = bands.flush(self._symbol)
        if last is not None:
            yield self._file, last


class _Bands:
    """Gather the rows of bookDepth that bear one time."""

    def __init__(self) -> None:
        self._ts_ns = 0
        self._line = 0
        self._bands: list[dict[str, str]] = []

    def add(self, symbol: str, fields: list[str], number: int) -> Entry | None:
        """Add one row; return the frame of the time before when this row begins a new one."""
        _require(fields, 4)
        ts_ns = rows.time_ns(fields[0])
        percentage = fields[1]
        rows.decimal(percentage.lstrip("-"))
        depth, notional = rows.decimal(fields[2]), rows.decimal(fields[3])
        done = self.flush(symbol) if self._bands and ts_ns != self._ts_ns else None
        self._ts_ns, self._line = ts_ns, number
        self._bands.append({"percentage": percentage, "depth": depth, "notional": notional})
        return done

    def flush(self, symbol: str) -> Entry | None:
        """Return the frame of what was gathered, if anything was."""
        if not self._bands:
            return None
        stamp = self._ts_ns // 1_000_000
        body = {"symbol": symbol, "timestamp": stamp, "bands": self._bands}
        self._bands = []
        return Entry(
            self._ts_ns,
            "archive",
            FrameKind.REST,
            msgspec.json.encode(body),
            f"https://data.binance.vision/bookDepth?symbol={symbol}",
            self._line,
        )


def _require(fields: list[str], count: int) -> None:
    if len(fields) < count:
        raise rows.RowError(f"{len(fields)} columns where {count} are needed")


def _aggregate(fields: list[str]) -> rows.Row:
    """Read id, price, quantity, first id, last id, time, buyer is maker."""
    _require(fields, 7)
    return rows.TradeRow(
        rows.time_ns(fields[5]),
        rows.whole(fields[0]),
        rows.decimal(fields[1]),
        rows.decimal(fields[2]),
        rows.flag(fields[6]),
        rows.whole(fields[3]),
        rows.whole(fields[4]),
    )


def _trade(fields: list[str]) -> rows.Row:
    """Read id, price, quantity, quote quantity, time, buyer is maker."""
    _require(fields, 6)
    return rows.TradeRow(
        rows.time_ns(fields[4]),
        rows.whole(fields[0]),
        rows.decimal(fields[1]),
        rows.decimal(fields[2]),
        rows.flag(fields[5]),
    )


def _kline(fields: list[str], interval: str) -> rows.Row:
    """Read open time, open, high, low, close, volume, close time, quote volume, trades."""
    _require(fields, 9)
    return rows.KlineRow(
        rows.time_ns(fields[0]),
        rows.time_ns(fields[6]),
        "1M" if interval == "1mo" else interval,
        rows.decimals(fields[1:5]),
        rows.decimal(fields[5]),
        rows.decimal(fields[7]),
        rows.whole(fields[8]),
    )


def _quote(fields: list[str]) -> rows.Row:
    """Read update id, bid, bid quantity, ask, ask quantity, transaction time, event time."""
    _require(fields, 7)
    return rows.QuoteRow(
        rows.time_ns(fields[6]),
        rows.whole(fields[0]),
        rows.decimals(fields[1:5]),
    )


_READERS: Final[dict[str, Reader]] = {
    "aggTrades": _aggregate,
    "trades": _trade,
    "bookTicker": _quote,
}
