import gzip
import hashlib
import io
import zipfile

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from hftlib.core.errors import TapeError
from hftlib.io.importers.source import CutError, SourceFile

TEXT = b"first\r\n\nthird\nlast"
LINES = [(1, b"first"), (3, b"third"), (4, b"last")]


def zipped(*texts):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, text in enumerate(texts):
            archive.writestr(f"part-{number}.csv", text)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "packed",
    [
        TEXT,
        gzip.compress(TEXT),
        gzip.compress(TEXT[:9]) + gzip.compress(TEXT[9:]),
        zstandard.compress(TEXT),
        zstandard.compress(TEXT[:9]) + zstandard.compress(TEXT[9:]),
        zipped(TEXT),
    ],
    ids=["plain", "gzip", "gzip members", "zstd", "zstd frames", "zip"],
)
def test_lines_are_the_same_however_they_are_packed(tmp_path, packed):
    path = tmp_path / "whatever.bin"
    path.write_bytes(packed)
    file = SourceFile(path)
    assert list(file.numbered()) == LINES
    assert file.lines == 4
    assert file.raw_bytes == len(TEXT) + packed.startswith(b"PK")
    assert file.read_bytes == file.size == len(packed)
    assert file.digest == hashlib.sha256(packed).hexdigest()


def test_the_members_of_a_zip_come_in_order_each_with_its_name(tmp_path):
    path = tmp_path / "both.zip"
    path.write_bytes(zipped(b"a\nb", b"c\n"))
    file = SourceFile(path)
    stems = [(file.stem, text) for _, text in file.numbered()]
    assert stems == [("part-0", b"a"), ("part-0", b"b"), ("part-1", b"c")]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress, zipped])
def test_a_file_cut_short_gives_its_lines_and_then_says_so(tmp_path, pack):
    lines = b"".join(
        b"line %d %s\n" % (n, hashlib.sha256(b"%d" % n).hexdigest().encode()) for n in range(20_000)
    )
    packed = pack(lines)
    path = tmp_path / "cut"
    path.write_bytes(packed[: len(packed) // 2])
    file = SourceFile(path)
    seen = []
    with pytest.raises(CutError) as caught:
        seen.extend(line for _, line in file.numbered())
    assert caught.value.source is file
    if pack is not zipped:  # a zip's table stands at its end: without it nothing is to be had
        assert len(seen) > 5_000
        assert seen[:-1] == lines.splitlines()[: len(seen) - 1]


def test_a_damaged_gzip_says_so(tmp_path):
    lines = b"".join(hashlib.sha256(b"%d" % n).digest() for n in range(2_000))
    packed = bytearray(gzip.compress(lines))
    packed[-6] ^= 255  # within the checksum
    path = tmp_path / "damaged.gz"
    path.write_bytes(packed)
    with pytest.raises(CutError, match="breaks off"):
        list(SourceFile(path).numbered())


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(TapeError, match="cannot read"):
        SourceFile(tmp_path / "absent")
    with pytest.raises(TapeError, match="cannot read"):
        list(SourceFile(tmp_path).numbered())


@given(text=st.text("ab\n", max_size=300).map(str.encode))
def test_every_line_is_numbered_as_an_editor_would(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("source") / "file"
    path.write_bytes(gzip.compress(text))
    expected = [(n, line) for n, line in enumerate(text.split(b"\n"), 1) if line]
    assert list(SourceFile(path).numbered()) == expected
