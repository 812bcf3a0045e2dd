"""Tables of trades, klines or quotes as CSV with a header line; columns in any order.

trades: time, price, size, and side (buy or sell, the aggressor's) or is_buyer_maker; id, symbol
where they are there. klines: time (the open time), open, high, low, close, volume; close_time,
interval, symbol where they are there. quotes: time, bid, bid_size, ask, ask_size; id, symbol where
they are there. `_NAMES` below lists the other names under which a column is known.

Times are ISO (UTC unless they say otherwise) or epoch stamps in s, ms, us or ns. The symbol is
the column's, else `--symbol`, else the first part of the file name (BTCUSDT_1m_...csv). The
interval of klines is the column's, else `--interval`, else the file name's part such as 1m. Ids
that are not given are counted from 1. A trade without side or is_buyer_maker is a bad line: the
aggressor is never guessed.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from hftlib.core.errors import TapeError
from hftlib.io.importers import rows
from hftlib.io.importers.entry import BadLine, Choices, Entry, Note, Parsed
from hftlib.io.importers.source import SourceFile

_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "time": ("time", "timestamp", "ts", "date", "datetime", "open_time"),
    "close_time": ("close_time",),
    "price": ("price",),
    "size": ("size", "quantity", "qty", "amount"),
    "id": ("id", "trade_id", "update_id"),
    "side": ("side",),
    "is_buyer_maker": ("is_buyer_maker",),
    "open": ("open",),
    "high": ("high",),
    "low": ("low",),
    "close": ("close",),
    "volume": ("volume",),
    "interval": ("interval",),
    "bid": ("bid", "bid_price", "best_bid_price"),
    "bid_size": ("bid_size", "bid_qty", "bid_quantity", "best_bid_qty"),
    "ask": ("ask", "ask_price", "best_ask_price"),
    "ask_size": ("ask_size", "ask_qty", "ask_quantity", "best_ask_qty"),
    "symbol": ("symbol",),
}
_TABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "klines": ("time", "open", "high", "low", "close", "volume"),
    "quotes": ("time", "bid", "bid_size", "ask", "ask_size"),
    "trades": ("time", "price", "size"),
}
_INTERVAL: Final = re.compile(r"(\d+)(s|m|h|d|w)")
_UNIT_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_SIDES: Final = {"buy": False, "b": False, "sell": True, "s": True}


def read(files: Sequence[SourceFile], choices: Choices) -> Iterator[Parsed]:
    """Yield what the rows of each table are.

    Raises TapeError when a header lacks columns, or symbol or interval are not told.
    """
    rows.require_venue(choices.venue)
    for file in files:
        yield file, Note(rows.NOTE)
        table: _Table | None = None
        for number, line in file.numbered():
            if table is None:
                table = _Table(file, choices, _header(file, line))
            else:
                yield file, table.entry(number, line)


def _header(file: SourceFile, line: bytes) -> list[str]:
    try:
        return _split(line.removeprefix(b"\xef\xbb\xbf"))
    except rows.RowError as error:
        raise TapeError(f"{file.path.name}: no header line: {error}") from error


def _split(line: bytes) -> list[str]:
    try:
        fields = next(csv.reader([line.decode(errors="replace")]), [])
    except csv.Error as error:
        raise rows.RowError(str(error)) from error
    return [field.strip() for field in fields]


class _Table:
    """Read the rows of one table."""

    def __init__(self, file: SourceFile, choices: Choices, header: list[str]) -> None:
        named = [name.lower().replace(" ", "_") for name in header]
        self._places = {
            column: named.index(name)
            for column, names in _NAMES.items()
            for name in reversed(names)
            if name in named
        }
        self._table = choices.table or self._kind()
        missing = [name for name in _TABLES.get(self._table, ()) if name not in self._places]
        if missing or not self._table:
            wanted = ", ".join(missing) or "those of trades, klines or quotes"
            raise TapeError(
                f"{file.path.name}: the header lacks {wanted}: {','.join(header)[:200]}"
            )
        self._width = len(header)
        self._symbol = choices.symbol or re.split(r"[_. ]", file.stem)[0]
        self._interval = choices.interval or _interval_in(file.stem)
        self._next_id = 1

    def _kind(self) -> str:
        fitting = (
            table
            for table, columns in _TABLES.items()
            if all(column in self._places for column in columns)
        )
        return next(fitting, "")

    def entry(self, number: int, line: bytes) -> Entry | BadLine:
        """Return the frame of a row."""
        try:
            told = self._told(_split(line))
            symbol = (told.get("symbol") or self._symbol).upper()
            entry = rows.entry(symbol, self._row(told), number)
        except rows.RowError as error:
            return BadLine(number, str(error))
        self._next_id += 1
        return entry

    def _told(self, fields: list[str]) -> dict[str, str]:
        if len(fields) != self._width:
            raise rows.RowError(f"{len(fields)} columns where the header has {self._width}")
        return {column: fields[place] for column, place in self._places.items()}

    def _row(self, told: Mapping[str, str]) -> rows.Row:
        if self._table == "klines":
            return self._kline(told)
        if self._table == "quotes":
            sides = rows.decimals(told[name] for name in ("bid", "bid_size", "ask", "ask_size"))
            return rows.QuoteRow(rows.time_ns(told["time"]), self._id(told), sides)
        return rows.TradeRow(
            rows.time_ns(told["time"]),
            self._id(told),
            rows.decimal(told["price"]),
            rows.decimal(told["size"]),
            _buyer_is_maker(told),
        )

    def _id(self, told: Mapping[str, str]) -> int:
        return rows.whole(told["id"]) if told.get("id") else self._next_id

    def _kline(self, told: Mapping[str, str]) -> rows.KlineRow:
        interval = told.get("interval") or self._interval
        open_ns = rows.time_ns(told["time"])
        if told.get("close_time"):
            close_ns = rows.time_ns(told["close_time"])
        else:
            close_ns = open_ns + _interval_ns(interval) - 1_000_000
        prices = rows.decimals(told[name] for name in ("open", "high", "low", "close"))
        return rows.KlineRow(open_ns, close_ns, interval, prices, rows.decimal(told["volume"]))


def _buyer_is_maker(told: Mapping[str, str]) -> bool:
    if told.get("is_buyer_maker"):
        return rows.flag(told["is_buyer_maker"])
    side = _SIDES.get(told.get("side", "").lower())
    if side is None:
        raise rows.RowError("neither side nor is_buyer_maker: the aggressor is not told")
    return side


def _interval_in(stem: str) -> str:
    """Return the part of a file name that is an interval, such as 1m, or nothing."""
    return next((part for part in re.split(r"[_.\- ]", stem) if _INTERVAL.fullmatch(part)), "")


def _interval_ns(interval: str) -> int:
    match = _INTERVAL.fullmatch(interval)
    if match is None:
        raise rows.RowError(f"no interval such as 1m: {interval[:20]!r}")
    return int(match[1]) * _UNIT_SECONDS[match[2]] * 1_000_000_000
