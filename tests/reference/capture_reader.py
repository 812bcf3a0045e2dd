"""Make frames of the recorded captures, in the order in which they arrived.

Formats are told in each capture's README: hftbacktest lines `<local ns> <json>`, cryptofeed's
JSON lines with t, ts and data, and the LOBSTER pair of CSV files.
"""

import gzip
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path

import msgspec

from hftlib.core.decimals import to_units
from hftlib.core.frames import Frame, FrameKind
from hftlib.venues.stamps import midnight_ns

_DEPTH_URLS = {
    "binance": "https://api.binance.com/api/v3/depth?symbol={}&limit=1000",
    "binance_usdm": "https://fapi.binance.com/fapi/v1/depth?symbol={}&limit=1000",
    "binance_coinm": "https://dapi.binance.com/dapi/v1/depth?symbol={}&limit=1000",
}
_KINDS = {
    "connect": FrameKind.OPENED,
    "http": FrameKind.REST,
    "recv": FrameKind.WS,
    "send": FrameKind.SENT,
}


def hftbacktest_frames(paths: Iterable[Path], venue: str, symbol: str) -> Iterator[Frame]:
    """Yield the frames of hftbacktest captures; the bare snapshot line becomes a REST body."""
    sequence = count(1)
    for path in paths:
        with gzip.open(path, "rb") as lines:
            for line in lines:
                stamp, _, body = line.rstrip(b"\n").partition(b" ")
                is_rest = body.startswith(b'{"lastUpdateId"')
                yield Frame(
                    next(sequence),
                    int(stamp),
                    venue,
                    "rest" if is_rest else "ws",
                    FrameKind.REST if is_rest else FrameKind.WS,
                    body,
                    _DEPTH_URLS[venue].format(symbol) if is_rest else "",
                )


class _Line(msgspec.Struct):
    t: str
    ts: float = 0.0
    conn: str = ""
    url: str = ""
    addr: str = ""
    data: str = ""


def cryptofeed_frames(path: Path, venue: str) -> Iterator[Frame]:
    """Yield the frames of a cryptofeed capture; float seconds become whole microseconds."""
    sequence = count(1)
    read = msgspec.json.Decoder(_Line).decode
    with gzip.open(path, "rb") as lines:
        for line in lines:
            record = read(line)
            kind = _KINDS.get(record.t)
            if kind is None:
                continue
            yield Frame(
                next(sequence),
                round(record.ts * 1_000_000) * 1_000,
                venue,
                "rest" if kind is FrameKind.REST else "ws",
                kind,
                record.data.encode(),
                record.url if kind is FrameKind.REST else record.addr,
            )


def lobster_frames(folder: Path, symbol: str, day: str) -> Iterator[Frame]:
    """Yield the frames of a LOBSTER pair of files: one opened, then one a row."""
    midnight = midnight_ns(day)
    messages, books = (
        next(folder.glob(f"{symbol}_{day}_*_{name}_1.csv.gz")) for name in ("message", "orderbook")
    )
    with gzip.open(messages, "rt") as rows, gzip.open(books, "rt") as quotes:
        sequence = count(2)
        request = f"lobster://{symbol}/{day}"
        yield Frame(1, midnight, "lobster", symbol, FrameKind.OPENED, b"", request)
        for row, quote in zip(rows, quotes, strict=True):
            payload = f"{row.rstrip()}|{quote.rstrip()}".encode()
            stamp = midnight + to_units(row.partition(",")[0], 9)
            yield Frame(next(sequence), stamp, "lobster", symbol, FrameKind.WS, payload)
