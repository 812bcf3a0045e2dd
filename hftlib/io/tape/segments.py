"""Segment files: zstd frames in a row, and a sidecar index that can be rebuilt.

Blocks and checkpoints are stored alike: `NAME.zst` holds the frames, `NAME.index` one JSON line
per frame. A writer that was killed leaves at most one torn frame at the end, which is cut off.

Blocks stand alone. Checkpoints are chained, for one differs little from the next: up to 16 in a
row, each but the first compressed with its forerunner as the dictionary, a fifth of the size.
"""

import os
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
import zstandard

from hftlib.core.errors import TapeError
from hftlib.io.tape.block import Header, read_header

LEVEL: Final = 9
"""zstd level: 11 % of a spot capture at 80 MB/s; 3 leaves 13 %, 15 takes 8 times as long."""

_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_CHUNK: Final = 1 << 18


class Segment(msgspec.Struct, frozen=True, array_like=True):
    """Say where one zstd frame lies and what it holds; a line of the index.

    `offset` and `length` are bytes in the file, `raw` bytes uncompressed. A checkpoint is a
    segment of one record. `base` 1 says that it is compressed upon its forerunner, 0 that it
    stands alone.
    """

    offset: int
    length: int
    raw: int
    records: int
    first_seq: int
    last_seq: int
    first_ts: int
    max_ts: int
    base: int = 0

    @property
    def end(self) -> int:
        """Return the offset of the byte after this segment."""
        return self.offset + self.length


class Survey(msgspec.Struct, frozen=True):
    """Report what a segment file holds: its whole segments and the torn bytes behind them."""

    segments: list[Segment]
    torn_bytes: int
    index_is_whole: bool

    @property
    def end(self) -> int:
        """Return the offset of the byte after the last whole segment."""
        return self.segments[-1].end if self.segments else 0


class SegmentFile:
    """Append segments to `NAME.zst` and their lines to `NAME.index`."""

    def __init__(self, folder: Path, name: str, level: int = LEVEL, chain: int = 1) -> None:
        """Open the pair for appending; a torn tail is cut and a torn index rebuilt.

        Chains are at most `chain` segments long; with 1 every segment stands alone. Raises
        TapeError when the file is damaged before its tail.
        """
        survey = survey_segments(folder, name)
        self.segments = survey.segments
        self.torn_bytes = survey.torn_bytes
        self._level = level
        self._chain = chain
        self._links = 0
        self._base = b""
        self._data = (folder / f"{name}.zst").open("ab", buffering=0)
        self._data.truncate(survey.end)
        if not survey.index_is_whole:
            _write_index(folder / f"{name}.index", survey.segments)
        self._index = (folder / f"{name}.index").open("ab", buffering=0)

    def append(self, header: Header, text: bytes) -> bytes:
        """Compress and append one segment; return its compressed bytes.

        Raises OSError when the disk refuses; the files are then as they were, and the same
        segment may be tried again.
        """
        self._base = self._base if self._links % self._chain else b""
        packed = _compress(text, self._base, self._level)
        offset = self.segments[-1].end if self.segments else 0
        segment = _segment(offset, len(packed), len(text), header, int(bool(self._base)))
        self._links += 1
        self._base = text
        _write(self._data, packed, offset)
        _write(self._index, _line(segment), os.fstat(self._index.fileno()).st_size)
        self.segments.append(segment)
        return packed

    def keep_until(self, last_seq: int) -> None:
        """Drop the segments at the end that reach beyond `last_seq`."""
        kept = [segment for segment in self.segments if segment.last_seq <= last_seq]
        if len(kept) == len(self.segments):
            return
        self.segments = kept
        self._links = 0
        self._data.truncate(kept[-1].end if kept else 0)
        self._index.truncate(0)
        _write(self._index, b"".join(map(_line, kept)), 0)

    def sync(self) -> None:
        """Force what was written onto the disk."""
        os.fsync(self._data.fileno())
        os.fsync(self._index.fileno())

    def close(self) -> None:
        """Close both files."""
        self._data.close()
        self._index.close()


class SegmentSource:
    """Read segments of one file by their place."""

    def __init__(self, path: Path) -> None:
        """Open the file for reading."""
        self._path = path
        self._file = path.open("rb")

    def __enter__(self) -> "SegmentSource":
        """Return this source."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._file.close()

    def text(self, segment: Segment, base: bytes = b"") -> bytes:
        """Return a segment's text, uncompressed, given that of its forerunner where it needs one.

        Raises TapeError when it is damaged.
        """
        self._file.seek(segment.offset)
        packed = self._file.read(segment.length)
        try:
            return _decompressor(base).decompress(packed, max_output_size=segment.raw)
        except zstandard.ZstdError as error:
            raise TapeError(f"{self._path} at byte {segment.offset}: {error}") from error

    def chained_text(self, segments: list[Segment], place: int) -> bytes:
        """Return the text of `segments[place]`, read through from where its chain begins."""
        start = place
        while segments[start].base:
            start -= 1
        text = b""
        for segment in segments[start : place + 1]:
            text = self.text(segment, text if segment.base else b"")
        return text


def survey_segments(folder: Path, name: str) -> Survey:
    """Find the whole segments of `NAME.zst`, by its index where that can be believed.

    Raises TapeError when whole segments follow a damaged one: that is no torn tail, and
    cutting there would lose them.
    """
    path = folder / f"{name}.zst"
    if not path.exists():
        return Survey([], 0, not (folder / f"{name}.index").exists())
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        segments, is_whole = _load_index(folder / f"{name}.index", size)
        if not _are_there(file, segments):
            segments, is_whole = [], False
        for segment in _scan(file, segments[-1].end if segments else 0):
            segments.append(segment)
            is_whole = False
        end = segments[-1].end if segments else 0
        if end < size:
            _refuse_damage(file, path, end)
    return Survey(segments, size - end, is_whole)


def _compress(text: bytes, base: bytes, level: int) -> bytes:
    dictionary = _dictionary(base)
    compressor = zstandard.ZstdCompressor(level=level, write_checksum=True, dict_data=dictionary)
    return compressor.compress(text)


def _decompressor(base: bytes) -> zstandard.ZstdDecompressor:
    return zstandard.ZstdDecompressor(dict_data=_dictionary(base))


def _dictionary(base: bytes) -> zstandard.ZstdCompressionDict | None:
    if not base:
        return None
    return zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT)


def _segment(offset: int, length: int, raw: int, header: Header, base: int) -> Segment:
    return Segment(
        offset,
        length,
        raw,
        header.records,
        header.first_seq,
        header.last_seq,
        header.first_ts,
        header.max_ts,
        base,
    )


def _write(file: FileIO, data: bytes, end: int) -> None:
    """Append all of `data` to a file that ends at `end`, or nothing."""
    left = memoryview(data)
    try:
        while left:
            left = left[file.write(left) :]
    except OSError:
        file.truncate(end)
        raise


def _line(segment: Segment) -> bytes:
    return msgspec.json.encode(segment) + b"\n"


def _write_index(path: Path, segments: list[Segment]) -> None:
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(b"".join(map(_line, segments)))
    fresh.replace(path)


def _load_index(path: Path, size: int) -> tuple[list[Segment], bool]:
    """Return the lines of an index that fit a file of `size` bytes, and whether all did."""
    segments: list[Segment] = []
    if not path.exists():
        return segments, False
    end = 0
    decoder = msgspec.json.Decoder(Segment)
    for line in path.read_bytes().splitlines(keepends=True):
        try:
            segment = decoder.decode(line)
        except msgspec.DecodeError:
            return segments, False
        if segment.offset != end or segment.end > size or not line.endswith(b"\n"):
            return segments, False
        segments.append(segment)
        end = segment.end
    return segments, True


def _are_there(file: BinaryIO, segments: list[Segment]) -> bool:
    """Say whether an index is this file's: its last segment that stands alone is where it says."""
    last = next((segment for segment in reversed(segments) if not segment.base), None)
    if last is None:
        return not segments
    found = _read_segment(file, last.offset, b"")
    return found is not None and found[0] == last


def _scan(file: BinaryIO, offset: int) -> Iterator[Segment]:
    """Yield the whole segments from `offset` on, up to the first that is torn or damaged."""
    text = b""
    while True:
        found = _read_segment(file, offset, b"")
        if found is None and text:
            found = _read_segment(file, offset, text)
        if found is None:
            return
        segment, text = found
        yield segment
        offset = segment.end


def _read_segment(file: BinaryIO, offset: int, base: bytes) -> tuple[Segment, bytes] | None:
    """Return the segment at `offset` and its text, or None when no whole one is there."""
    file.seek(offset)
    decompressor = _decompressor(base).decompressobj()
    text = bytearray()
    taken = 0
    try:
        while not decompressor.eof:
            chunk = file.read(_CHUNK)
            if not chunk:
                return None
            text += decompressor.decompress(chunk)
            taken += len(chunk)
        length = taken - len(decompressor.unused_data)
        header = read_header(bytes(text))
        return _segment(offset, length, len(text), header, int(bool(base))), bytes(text)
    except zstandard.ZstdError:
        return None


def _refuse_damage(file: BinaryIO, path: Path, end: int) -> None:
    """Raise TapeError when a whole segment lies somewhere behind `end`."""
    file.seek(end)
    tail = file.read()
    at = tail.find(_MAGIC, 1)
    while at >= 0:
        try:
            found = _read_segment(file, end + at, b"")
        except TapeError:
            found = None
        if found is not None:
            raise TapeError(
                f"{path} is damaged at byte {end}, and whole blocks follow from {end + at}"
            )
        at = tail.find(_MAGIC, at + 1)
