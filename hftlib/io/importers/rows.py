"""Rows of tables (trades, klines, quotes) written as the frames their venue would have sent.

A table has no receive stamp and no frame: the frame's ts_recv is the time of the row, and its
payload is put together here from the row's own texts, digit for digit. The manifest says so.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Final, NamedTuple

from hftlib.core.errors import TapeError
from hftlib.core.frames import FrameKind
from hftlib.core.venue import BINANCE, BINANCE_COINM, BINANCE_US, BINANCE_USDM
from hftlib.io.importers.entry import Entry
from hftlib.venues.stamps import midnight_ns

NOTE: Final = "frames put together from table rows: ts_recv is the row's own time, not an arrival"

_VENUES: Final = (BINANCE, BINANCE_US, BINANCE_USDM, BINANCE_COINM)
_DECIMAL: Final = re.compile(r"\d+(\.\d+)?", re.ASCII)
_EXPONENT: Final = re.compile(r"\d+(\.\d+)?[eE][+-]?\d{1,3}", re.ASCII)
_ISO: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)? ?"
    r"(Z|UTC|[+-]\d\d:?\d\d)?",
    re.ASCII,
)
_EPOCH: Final = re.compile(r"(\d{9,19})(?:\.(\d{1,9})\d*)?", re.ASCII)
_SECOND_NS: Final = 1_000_000_000
_MILLISECOND_NS: Final = 1_000_000
_NO_NAME: Final = re.compile(r'[\x00-\x20"\\@]')
_UNITS: Final = ((11, _SECOND_NS), (14, _MILLISECOND_NS), (17, 1_000), (19, 1))
"""Epoch stamps of up to so many digits are in this unit: s, ms, us, ns."""


class RowError(ValueError):
    """Refuse a row, saying why."""


class TradeRow(NamedTuple):
    """Hold one trade; `first_id` and `last_id` are those of an aggregate."""

    ts_ns: int
    trade_id: int
    price: str
    size: str
    buyer_is_maker: bool
    first_id: int | None = None
    last_id: int | None = None


class KlineRow(NamedTuple):
    """Hold one closed candle: `prices` open, high, low, close, `close_ns` its last ms or us."""

    open_ns: int
    close_ns: int
    interval: str
    prices: tuple[str, ...]
    volume: str
    quote_volume: str = "0"
    trades: int = 0


class QuoteRow(NamedTuple):
    """Hold one best bid and offer: `sides` bid, its size, ask, its size."""

    ts_ns: int
    update_id: int
    sides: tuple[str, ...]


Row = TradeRow | KlineRow | QuoteRow


def require_venue(venue: str) -> None:
    """Raise TapeError when tables of a venue cannot be written as its frames."""
    if venue not in _VENUES:
        raise TapeError(f"tables of {venue} are not known, only of {', '.join(_VENUES)}")


def decimal(text: str) -> str:
    """Return a number as plain decimal text, its digits kept. Raises RowError."""
    if _DECIMAL.fullmatch(text):
        return text
    if _EXPONENT.fullmatch(text):
        return f"{Decimal(text):f}"
    raise RowError(f"not a number: {text[:40]!r}")


def decimals(texts: Iterable[str]) -> tuple[str, ...]:
    """Return several numbers as plain decimal text. Raises RowError."""
    return tuple(map(decimal, texts))


def whole(text: str) -> int:
    """Return a number without a fraction. Raises RowError."""
    if not (text.isascii() and text.isdigit()):
        raise RowError(f"not a whole number: {text[:40]!r}")
    return int(text)


def flag(text: str) -> bool:
    """Return true or false. Raises RowError."""
    value = {"true": True, "false": False, "1": True, "0": False}.get(text.lower())
    if value is None:
        raise RowError(f"neither true nor false: {text[:40]!r}")
    return value


def time_ns(text: str) -> int:
    """Return an epoch stamp (s, ms, us, ns by its length) or an ISO time as nanoseconds UTC.

    An ISO time without an offset is taken as UTC. Raises RowError.
    """
    epoch = _EPOCH.fullmatch(text)
    if epoch is not None:
        unit = next(unit for digits, unit in _UNITS if len(epoch[1]) <= digits)
        fraction = (epoch[2] or "").ljust(9, "0")
        return int(epoch[1]) * unit + int(fraction) * unit // _SECOND_NS
    iso = _ISO.fullmatch(text)
    if iso is None:
        raise RowError(f"not a time: {text[:40]!r}")
    date, hour, minute, second, fraction, offset = iso.groups(default="")
    seconds = int(hour or 0) * 3_600 + int(minute or 0) * 60 + int(second or 0)
    try:
        start = midnight_ns(date)
    except ValueError as error:
        raise RowError(str(error)) from error
    return start + (seconds - _offset(offset)) * _SECOND_NS + int(fraction.ljust(9, "0"))


def _offset(text: str) -> int:
    """Return the seconds that an offset such as +01:00 is ahead of UTC."""
    if text in ("", "Z", "UTC"):
        return 0
    digits = text[1:].replace(":", "")
    seconds = int(digits[:2]) * 3_600 + int(digits[2:]) * 60
    return -seconds if text[0] == "-" else seconds


def entry(symbol: str, row: Row, line: int) -> Entry:
    """Return the frame that Binance would have sent for a row.

    Raises RowError when the symbol or the interval cannot stand in a stream's name.
    """
    if _NO_NAME.search(symbol) or (isinstance(row, KlineRow) and _NO_NAME.search(row.interval)):
        raise RowError(f"no name of a stream: {symbol[:40]!r}")
    if isinstance(row, TradeRow):
        return _entry(row.ts_ns, *_trade(symbol, row), line)
    if isinstance(row, KlineRow):
        return _entry(row.close_ns, *_kline(symbol, row), line)
    return _entry(row.ts_ns, *_quote(symbol, row), line)


def _entry(ts_recv: int, stream: str, data: str, line: int) -> Entry:
    payload = f'{{"stream":"{stream}","data":{data}}}'.encode()
    return Entry(ts_recv, "ws", FrameKind.WS, payload, "", line)


def _stamp(ts_ns: int) -> int:
    """Return a time in milliseconds where that loses nothing, else in microseconds."""
    milliseconds, rest = divmod(ts_ns, _MILLISECOND_NS)
    return ts_ns // 1_000 if rest else milliseconds


def _trade(symbol: str, row: TradeRow) -> tuple[str, str]:
    stamp = _stamp(row.ts_ns)
    maker = "true" if row.buyer_is_maker else "false"
    tail = f'"p":"{row.price}","q":"{row.size}"'
    if row.first_id is None:
        kind, ids, after = "trade", f'"t":{row.trade_id},', ""
    else:
        kind, ids = "aggTrade", f'"a":{row.trade_id},'
        after = f',"f":{row.first_id},"l":{row.last_id}'
    data = f'{{"e":"{kind}","E":{stamp},"s":"{symbol}",{ids}{tail}{after},"T":{stamp},"m":{maker}}}'
    return f"{symbol.lower()}@{kind}", data


def _kline(symbol: str, row: KlineRow) -> tuple[str, str]:
    opened, closed = _stamp(row.open_ns), _stamp(row.close_ns)
    first, high, low, last = row.prices
    bar = (
        f'{{"t":{opened},"T":{closed},"s":"{symbol}","i":"{row.interval}","o":"{first}",'
        f'"c":"{last}","h":"{high}","l":"{low}","v":"{row.volume}",'
        f'"n":{row.trades},"x":true,"q":"{row.quote_volume}"}}'
    )
    data = f'{{"e":"kline","E":{closed},"s":"{symbol}","k":{bar}}}'
    return f"{symbol.lower()}@kline_{row.interval}", data


def _quote(symbol: str, row: QuoteRow) -> tuple[str, str]:
    bid, bid_size, ask, ask_size = row.sides
    data = (
        f'{{"u":{row.update_id},"s":"{symbol}","b":"{bid}","B":"{bid_size}",'
        f'"a":"{ask}","A":"{ask_size}","E":{_stamp(row.ts_ns)}}}'
    )
    return f"{symbol.lower()}@bookTicker", data
