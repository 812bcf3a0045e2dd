"""hftbacktest's recordings: `<local stamp> <frame>` lines, the REST snapshot a bare body.

The stamp is in nanoseconds (19 digits) or microseconds (16 digits). A line whose JSON carries
`lastUpdateId` and no `stream` is the body of GET depth, placed where it arrived; its symbol stands
in the body (COIN-M) or is the one symbol whose streams the file has.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from hftlib.core.frames import FrameKind
from hftlib.core.venue import BINANCE, BINANCE_COINM, BINANCE_US, BINANCE_USDM
from hftlib.io.importers.entry import BadLine, Choices, Entry, Note, Parsed
from hftlib.io.importers.source import SourceFile

STREAM: Final = "ws"
REST: Final = "rest"

_DEPTH_PATHS: Final = {
    BINANCE: "/api/v3/depth",
    BINANCE_US: "/api/v3/depth",
    BINANCE_USDM: "/fapi/v1/depth",
    BINANCE_COINM: "/dapi/v1/depth",
}
_STREAM_START: Final = b'{"stream":"'
_SNAPSHOT_KEY: Final = b'"lastUpdateId"'
_NANOSECOND_DIGITS: Final = 19
_MICROSECOND_DIGITS: Final = 16


def read(files: Sequence[SourceFile], choices: Choices) -> Iterator[Parsed]:
    """Yield what the lines of each file are."""
    for file in files:
        reader = _Reader(choices.venue, choices.symbol)
        for number, line in file.numbered():
            yield file, reader.entry(number, line)


class _Reader:
    """Turn the lines of one file into entries, remembering the symbols of its streams."""

    def __init__(self, venue: str, symbol: str) -> None:
        self._path = _DEPTH_PATHS.get(venue, "")
        self._symbols = {symbol.upper()} if symbol else set[str]()
        self._streams: set[bytes] = set()

    def entry(self, number: int, line: bytes) -> Entry | BadLine | Note:
        stamp, _, body = line.partition(b" ")
        ts_recv = _nanoseconds(stamp)
        if ts_recv is None:
            return BadLine(number, f"no stamp in ns or us at its start: {line[:40]!r}")
        if not body.startswith(b"{"):
            return BadLine(number, f"no JSON object behind the stamp: {body[:40]!r}")
        if body.startswith(_STREAM_START):
            self._remember(body[len(_STREAM_START) :])
        elif self._path and _SNAPSHOT_KEY in body[:200]:
            return self._snapshot(number, ts_recv, body)
        return Entry(ts_recv, STREAM, FrameKind.WS, body, "", number)

    def _remember(self, text: bytes) -> None:
        stream = text[: text.find(b'"')]
        if stream not in self._streams:
            self._streams.add(stream)
            symbol = stream.partition(b"@")[0].decode(errors="replace")
            if not symbol.startswith("!"):
                self._symbols.add(symbol.upper())

    def _snapshot(self, number: int, ts_recv: int, body: bytes) -> Entry | BadLine:
        symbol = _symbol_of(body)
        if not symbol:
            if len(self._symbols) != 1:
                known = ", ".join(sorted(self._symbols)) or "none"
                return BadLine(number, f"a snapshot of no one symbol (streams so far: {known})")
            symbol = next(iter(self._symbols))
        request = f"{self._path}?symbol={symbol}&limit=1000"
        return Entry(ts_recv, REST, FrameKind.REST, body, request, number)


def _nanoseconds(stamp: bytes) -> int | None:
    if not stamp.isdigit():
        return None
    if len(stamp) == _NANOSECOND_DIGITS:
        return int(stamp)
    if len(stamp) == _MICROSECOND_DIGITS:
        return int(stamp) * 1_000
    return None


def _symbol_of(body: bytes) -> str:
    """Return the symbol that a snapshot's body names ahead of its levels, else nothing."""
    head = body[: body.find(b'"bids"')]
    _, key, rest = head.partition(b'"symbol":"')
    return rest[: rest.find(b'"')].decode(errors="replace") if key else ""
