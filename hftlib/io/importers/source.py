"""Recorded files as numbered lines: plain, gzip, zstd or zip, told apart by their first bytes."""

import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, Protocol

import zstandard

from hftlib.core.errors import TapeError

_CHUNK: Final = 1 << 18
_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_ZIP: Final = b"PK\x03\x04"


class CutError(TapeError):
    """Say that a compressed file ends, or breaks, before its end; `source` is the file."""

    def __init__(self, source: "SourceFile", reason: str) -> None:
        """Keep the file and the reason."""
        super().__init__(reason)
        self.source = source


class _Stream(Protocol):
    """Describe what the decompressors of zlib and zstandard share."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


class SourceFile:
    """Read one recorded file.

    `lines`, `raw_bytes` (uncompressed) and `read_bytes` (as it lies on the disk) tell how far
    the reading is; `digest` is the sha256 of the file once it was read to its end.
    """

    def __init__(self, path: Path) -> None:
        """Name the file. Raises TapeError when it is not there."""
        self.path = path
        self.lines = 0
        self.raw_bytes = 0
        self.read_bytes = 0
        self.member = ""
        self._hash = hashlib.sha256()
        try:
            self.size = path.stat().st_size
        except OSError as error:
            raise TapeError(f"cannot read {path}: {error.strerror}") from error

    @property
    def stem(self) -> str:
        """Return the bare name of the file, or of the zip's member that is being read."""
        name = Path(self.member or self.path.name).name
        for suffix in (".gz", ".zst", ".zip", ".csv", ".jsonl", ".txt"):
            name = name.removesuffix(suffix)
        return name

    @property
    def digest(self) -> str:
        """Return the sha256 of the bytes read."""
        return self._hash.hexdigest()

    def numbered(self) -> Iterator[tuple[int, bytes]]:
        """Yield (line number from 1, line without its end), blank lines left out.

        Raises CutError behind the last line that could be read when the file is cut short, and
        TapeError when it cannot be opened.
        """
        rest = b""
        try:
            for chunk in self._texts():
                self.raw_bytes += len(chunk)
                *lines, rest = (rest + chunk).split(b"\n")
                yield from self._number(lines)
        except CutError:
            yield from self._number([rest] if rest else [])
            raise
        yield from self._number([rest] if rest else [])

    def _number(self, lines: list[bytes]) -> Iterator[tuple[int, bytes]]:
        for line in lines:
            self.lines += 1
            text = line.rstrip(b"\r")
            if text:
                yield self.lines, text

    def _texts(self) -> Iterator[bytes]:
        try:
            with self.path.open("rb") as file:
                magic = file.read(4)
                file.seek(0)
                if magic == _ZIP:
                    yield from self._unzipped()
                elif magic == _ZSTD or magic.startswith(_GZIP):
                    yield from self._unpacked(file, is_gzip=magic != _ZSTD)
                else:
                    yield from self._read(file)
        except OSError as error:
            raise TapeError(f"cannot read {self.path}: {error.strerror}") from error

    def _read(self, file: BinaryIO) -> Iterator[bytes]:
        while chunk := file.read(_CHUNK):
            self.read_bytes += len(chunk)
            self._hash.update(chunk)
            yield chunk

    def _unpacked(self, file: BinaryIO, *, is_gzip: bool) -> Iterator[bytes]:
        """Yield the text of gzip members, or zstd frames, in a row."""
        stream = _stream(is_gzip)
        is_open = True
        try:
            for chunk in self._read(file):
                left = chunk
                while left:
                    stream = stream if is_open else _stream(is_gzip)
                    yield stream.decompress(left)
                    is_open = not stream.eof
                    left = stream.unused_data if stream.eof else b""
        except (zlib.error, zstandard.ZstdError) as error:
            raise CutError(self, f"the compressed file breaks off here: {error}") from error
        if is_open:
            raise CutError(self, "the compressed file ends before its end")

    def _unzipped(self) -> Iterator[bytes]:
        """Yield the text of a zip's members in order, each ending with a line's end."""
        try:
            with zipfile.ZipFile(self.path) as archive:
                for member in archive.infolist():
                    self.member = member.filename
                    with archive.open(member) as file:
                        while chunk := file.read(_CHUNK):
                            yield chunk
                    yield b"\n"
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise CutError(self, f"the zip breaks off here: {error}") from error
        with self.path.open("rb") as whole:
            for _ in self._read(whole):
                pass


def _stream(is_gzip: bool) -> _Stream:
    if is_gzip:
        return zlib.decompressobj(wbits=31)
    return zstandard.ZstdDecompressor().decompressobj()
