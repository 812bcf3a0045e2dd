r"""Blocks: a header line, then one JSON line per record.

    {"schema":1,"records":2,"first_seq":7,"last_seq":8,"first_ts":..,"max_ts":..,
     "lanes":[["binance","ws","ws","",2]]}
    [7,1723161253937085768,0,"{\"stream\":..."]
    [8,1723161253937099000,0,"/////w==",1]

The header interns (venue, connection, kind, request) as lanes, each with its count of records, so
that each block stands alone. A record is [ingress_seq, ts_recv, lane, payload] and, where the
payload is no UTF-8, a fifth element 1 that says base64.
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Final

import msgspec

from hftlib.core.errors import TapeError
from hftlib.core.frames import Frame, FrameKind

SCHEMA: Final = 1
RECORD_OVERHEAD: Final = 48
"""Bytes of one record on the tape beside its payload, for judging when a block is full."""

Lane = tuple[str, str, str, str, int]


class Header(msgspec.Struct, frozen=True):
    """Say what a block holds; `lanes` are (venue, connection, kind, request, records)."""

    schema: int
    records: int
    first_seq: int
    last_seq: int
    first_ts: int
    max_ts: int
    lanes: tuple[Lane, ...]


class _Record(msgspec.Struct, array_like=True, gc=False):
    ingress_seq: int
    ts_recv: int
    lane: int
    payload: str
    base64: int = 0


_header_decoder: Final = msgspec.json.Decoder(Header)
_record_decoder: Final = msgspec.json.Decoder(_Record)
_encoder: Final = msgspec.json.Encoder()
_encode_into: Final = _encoder.encode_into


class BlockBuilder:
    """Gather records until the block is cut."""

    def __init__(self) -> None:
        """Start an empty block."""
        self._buffer = bytearray()
        self._lanes: dict[tuple[str, str, str, str], int] = {}
        self._counts: list[int] = []
        self.records = 0
        self.first_seq = 0
        self.last_seq = 0
        self.first_ts = 0
        self.max_ts = 0

    @property
    def size(self) -> int:
        """Return the bytes of the records so far, uncompressed."""
        return len(self._buffer)

    def is_older(self, ts_recv: int, age_ns: int) -> bool:
        """Say whether the first record is `age_ns` away from a time, either way: clocks jump."""
        return self.records > 0 and abs(ts_recv - self.first_ts) >= age_ns

    def add(self, frame: Frame) -> None:
        """Add one frame. Raises ValueError when a name in it is no text: nothing is added then."""
        key = (frame.venue, frame.connection, frame.kind._value_, frame.request)
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._new_lane(key)
        seq, ts_recv = frame.ingress_seq, frame.ts_recv
        try:
            line: object = (seq, ts_recv, lane, frame.payload.decode())
        except UnicodeDecodeError:
            line = (seq, ts_recv, lane, b64encode(frame.payload).decode(), 1)
        _encode_into(line, self._buffer, -1)
        self._buffer += b"\n"
        self._counts[lane] += 1
        if self.records == 0:
            self.first_seq = seq
            self.first_ts = self.max_ts = ts_recv
        elif ts_recv > self.max_ts:
            self.max_ts = ts_recv
        self.last_seq = seq
        self.records += 1

    def _new_lane(self, key: tuple[str, str, str, str]) -> int:
        _encoder.encode(key)  # refuses text that is none before it is in the block
        lane = self._lanes[key] = len(self._counts)
        self._counts.append(0)
        return lane

    def header(self) -> Header:
        """Return the header of the block as it stands."""
        lanes = tuple((*key, self._counts[lane]) for key, lane in self._lanes.items())
        return Header(
            SCHEMA,
            self.records,
            self.first_seq,
            self.last_seq,
            self.first_ts,
            self.max_ts,
            lanes,
        )

    def text(self) -> bytes:
        """Return the block, header line first, uncompressed."""
        return _encoder.encode(self.header()) + b"\n" + self._buffer


def read_header(text: bytes) -> Header:
    """Return the header of a block's text, of which the first line is enough.

    Raises TapeError when the line is no header or when its schema is newer than this reader.
    """
    end = text.find(b"\n")
    try:
        header = _header_decoder.decode(text[:end] if end >= 0 else text)
    except msgspec.DecodeError as error:
        raise TapeError(f"not a block of a tape: {error}") from error
    if header.schema > SCHEMA:
        raise TapeError(f"schema {header.schema} is newer than this reader's {SCHEMA}")
    return header


def read_frames(text: bytes) -> Iterator[Frame]:
    """Yield the frames of a block's text. Raises TapeError when a line is no record."""
    header = read_header(text)
    try:
        lanes = [(v, c, FrameKind(kind), request) for v, c, kind, request, _ in header.lanes]
        records = _record_decoder.decode_lines(text[text.index(b"\n") + 1 :])
        for record in records:
            venue, connection, kind, request = lanes[record.lane]
            payload = b64decode(record.payload) if record.base64 else record.payload.encode()
            yield Frame(
                record.ingress_seq, record.ts_recv, venue, connection, kind, payload, request
            )
    except (msgspec.DecodeError, ValueError, IndexError, binascii.Error) as error:
        raise TapeError(f"a record cannot be read: {error}") from error
