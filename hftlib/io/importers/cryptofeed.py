"""cryptofeed's recordings as JSON lines: header, connect, http, send, recv.

    {"t":"recv","conn":"COINBASE.ws.2","ts":1786309548.6290078,"data":"<frame, byte for byte>"}

`ts` is in seconds and is read as decimal text, so that no digit is lost. `http` carries `url` and
the body, `connect` and `send` the address as `addr`. The header goes into the manifest's notes.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec

from hftlib.core.frames import FrameKind
from hftlib.io.importers.entry import BadLine, Choices, Entry, Note, Parsed
from hftlib.io.importers.source import SourceFile

_KINDS: Final = {
    "connect": FrameKind.OPENED,
    "close": FrameKind.CLOSED,
    "http": FrameKind.REST,
    "send": FrameKind.SENT,
    "recv": FrameKind.WS,
}
_NOTE_LENGTH: Final = 2_000


class _Line(msgspec.Struct, gc=False):
    t: str
    ts: msgspec.Raw = msgspec.Raw(b"")
    data: str = ""
    conn: str = ""
    addr: str = ""
    url: str = ""


_decoder: Final = msgspec.json.Decoder(_Line)


def read(files: Sequence[SourceFile], _: Choices) -> Iterator[Parsed]:
    """Yield what the lines of each file are."""
    for file in files:
        for number, line in file.numbered():
            yield file, _entry(number, line)


def _entry(number: int, text: bytes) -> Entry | BadLine | Note:
    try:
        line = _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return BadLine(number, str(error))
    if line.t == "header":
        return Note(text[:_NOTE_LENGTH].decode(errors="replace"))
    kind = _KINDS.get(line.t)
    if kind is None:
        return BadLine(number, f"a line of unknown type {line.t[:40]!r}")
    ts_recv = _nanoseconds(bytes(line.ts))
    if ts_recv is None:
        return BadLine(number, f"no time in seconds: {bytes(line.ts)[:40]!r}")
    default = "rest" if kind is FrameKind.REST else "ws"
    request = line.url or (line.addr if kind is FrameKind.OPENED else "")
    return Entry(ts_recv, line.conn or default, kind, line.data.encode(), request, number)


def _nanoseconds(text: bytes) -> int | None:
    """Return decimal seconds as nanoseconds, digits beyond the ninth cut off."""
    try:
        stamp = int(Decimal(text.decode()).scaleb(9))
    except (InvalidOperation, UnicodeDecodeError, OverflowError, ValueError):
        return None
    return stamp if 0 <= stamp < 2**63 else None
