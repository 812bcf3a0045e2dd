import gzip
import io
import json
import shutil

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from hftlib.core.errors import TapeError
from hftlib.core.frames import Frame, FrameKind
from hftlib.core.instrument import Instrument
from hftlib.io.tape import BlockWriter, Manifest, TapeReader, open_tapes
from tests.io.tape.frame_factory import START_NS, STEP_NS, numbered


def written(path, frames, **options):
    with BlockWriter(path, **options) as writer:
        for frame in frames:
            writer.append(frame)
    return path


def test_a_seek_by_time_or_number_is_the_tail_of_the_full_read(tmp_path):
    frames = numbered(230)
    reader = TapeReader(written(tmp_path / "a.tape", frames))
    assert len(reader.blocks) == 23
    assert list(reader.frames()) == frames
    for number in range(0, 230, 7):
        ts = frames[number].ts_recv
        assert list(reader.frames(start_ns=ts)) == frames[number:]
        assert list(reader.frames(start_ns=ts + 1)) == frames[number + 1 :]
        assert list(reader.frames(after_seq=number)) == frames[number + 1 :]
        assert list(reader.frames(start_ns=ts, after_seq=100)) == frames[max(number, 101) :]
    assert list(reader.frames(after_seq=-1)) == frames
    assert list(reader.frames(after_seq=229)) == []
    assert list(reader.frames(start_ns=START_NS + 230 * STEP_NS)) == []


@given(
    stamps=st.lists(st.integers(0, 6_000_000_000), min_size=1, max_size=40),
    start=st.integers(-1, 6_000_000_001),
    after=st.integers(-1, 41),
)
def test_a_seek_is_right_where_time_goes_back(tmp_path_factory, stamps, start, after):
    path = tmp_path_factory.mktemp("tapes") / "a.tape"
    frames = [
        Frame(number, ts, "binance", "ws", FrameKind.WS, b"{}") for number, ts in enumerate(stamps)
    ]
    reader = TapeReader(written(path, frames))
    from_time = next((f.ingress_seq for f in frames if f.ts_recv >= start), len(frames))
    assert list(reader.frames(start_ns=start)) == frames[from_time:]
    assert (
        list(reader.frames(start_ns=start, after_seq=after))
        == (frames[max(from_time, after + 1) :])
    )


def test_the_checkpoint_before_a_time_leads_to_it(tmp_path):
    frames = numbered(100)
    with BlockWriter(tmp_path / "a.tape") as writer:
        for frame in frames:
            writer.append(frame)
            if frame.ingress_seq % 30 == 29:
                blob = b"state after %d" % frame.ingress_seq
                writer.append_checkpoint(frame.ingress_seq, frame.ts_recv, blob)
    reader = TapeReader(tmp_path / "a.tape")
    assert reader.checkpoint_count == 3
    assert reader.checkpoint_before(frames[29].ts_recv) is None
    for number in range(30, 100):
        checkpoint = reader.checkpoint_before(frames[number].ts_recv)
        expected = number // 30 * 30 - 1
        assert checkpoint.ingress_seq == expected
        assert checkpoint.ts_recv == frames[expected].ts_recv
        assert checkpoint.blob == b"state after %d" % expected
        rest = list(reader.frames(after_seq=checkpoint.ingress_seq))
        assert frames[number] in rest
    assert reader.checkpoint_before(2**62).ingress_seq == 89


def test_an_empty_tape_is_a_tape(tmp_path):
    reader = TapeReader(written(tmp_path / "a.tape", []))
    assert list(reader.frames()) == []
    assert list(reader.frames(start_ns=5, after_seq=3)) == []
    assert reader.checkpoint_before(5) is None
    assert reader.manifest.records == 0
    reader.verify()


def test_the_documented_notebook_reader_needs_no_hftlib(tmp_path):
    frames = numbered(35)
    path = written(tmp_path / "a.tape", frames)
    records = []
    with (path / "frames.zst").open("rb") as file:
        stream = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
        for line in io.TextIOWrapper(stream, encoding="utf-8", newline="\n"):
            record = json.loads(line)
            if isinstance(record, dict):
                lanes = record["lanes"]
            else:
                records.append((record[0], record[1], *lanes[record[2]][:4]))
    assert records == [
        (f.ingress_seq, f.ts_recv, f.venue, f.connection, f.kind.value, f.request) for f in frames
    ]


def test_the_manifest_says_what_the_tape_holds(tmp_path):
    frames = numbered(50)
    bitcoin = Instrument("binance", "BTCUSDT", "BTC", "USDT", "0.01", "0.00001", origin="file")
    given_manifest = Manifest(origin=("test",), instruments=(bitcoin,), notes=("a note",))
    reader = TapeReader(written(tmp_path / "a.tape", frames, manifest=given_manifest))
    manifest = reader.manifest
    assert manifest.counts == {"binance": {"ws": 38, "rest": 5}, "coinbase": {"ws": 7}}
    assert (manifest.records, manifest.blocks, manifest.closed) == (50, 5, True)
    assert (manifest.first_seq, manifest.last_seq) == (0, 49)
    assert (manifest.first_ts, manifest.last_ts) == (frames[0].ts_recv, frames[-1].ts_recv)
    assert manifest.frames_bytes == (tmp_path / "a.tape" / "frames.zst").stat().st_size
    assert reader.instruments == {("binance", "BTCUSDT"): bitcoin}
    assert (manifest.origin, manifest.notes) == (("test",), ("a note",))
    reader.verify()


def test_a_changed_byte_is_found(tmp_path):
    path = written(tmp_path / "a.tape", numbered(50))
    data = bytearray((path / "frames.zst").read_bytes())
    data[len(data) // 2] ^= 1
    (path / "frames.zst").write_bytes(data)
    reader = TapeReader(path)
    with pytest.raises(TapeError, match="sha256"):
        reader.verify()
    with pytest.raises(TapeError, match="at byte"):
        list(reader.frames())


def test_damage_before_whole_blocks_is_no_torn_tail(tmp_path):
    path = written(tmp_path / "a.tape", numbered(50))
    data = bytearray((path / "frames.zst").read_bytes())
    data[5] ^= 255
    (path / "frames.zst").write_bytes(data)
    (path / "frames.index").unlink()
    with pytest.raises(TapeError, match="whole blocks follow"):
        TapeReader(path)
    with pytest.raises(TapeError, match="whole blocks follow"):
        BlockWriter(path, append=True)
    assert (path / "frames.zst").read_bytes() == data


def test_what_is_no_tape_is_refused(tmp_path):
    with pytest.raises(TapeError, match="no tape"):
        TapeReader(tmp_path)
    path = written(tmp_path / "a.tape", numbered(5))
    manifest = json.loads((path / "manifest.json").read_text())
    (path / "manifest.json").write_text(json.dumps({**manifest, "schema": 2}))
    with pytest.raises(TapeError, match="newer"):
        TapeReader(path)
    (path / "manifest.json").write_text("{")
    with pytest.raises(TapeError, match=r"manifest\.json"):
        TapeReader(path)


def test_a_tape_whose_frames_are_gone_is_refused(tmp_path):
    path = written(tmp_path / "a.tape", numbered(5))
    (path / "frames.zst").unlink()
    with pytest.raises(TapeError, match="missing"):
        TapeReader(path)


def test_an_index_of_another_tape_is_not_believed(tmp_path):
    frames = numbered(60)
    path = written(tmp_path / "a.tape", frames)
    other = written(tmp_path / "b.tape", numbered(30, first=1000))
    shutil.copy(other / "frames.index", path / "frames.index")
    assert list(TapeReader(path).frames()) == frames


def test_manifest_and_frames_are_enough(tmp_path):
    frames = numbered(60)
    path = written(tmp_path / "a.tape", frames)
    for name in ("frames.index", "checkpoints.zst", "checkpoints.index"):
        (path / name).unlink()
    reader = TapeReader(path)
    assert list(reader.frames()) == frames
    assert reader.checkpoint_before(2**62) is None
    reader.verify()


def test_several_tapes_open_together_unless_they_disagree(tmp_path):
    bitcoin = Instrument("binance", "BTCUSDT", "BTC", "USDT", "0.01", "0.00001")
    finer = msgspec.structs.replace(bitcoin, size_quantum="0.000001")
    paths = [tmp_path / name for name in ("a.tape", "b.tape", "c.tape")]
    for path, one in zip(paths, (bitcoin, bitcoin, finer), strict=True):
        written(path, numbered(3), manifest=Manifest(instruments=(one,)))
    assert [reader.path for reader in open_tapes(paths[:2])] == paths[:2]
    with pytest.raises(TapeError, match="BTCUSDT has other increments"):
        open_tapes(paths)


def test_a_spot_capture_takes_at_most_14_percent(tmp_path, captures):
    files = sorted(captures("binance-spot-btc-20240808").glob("*.gz"))
    raw = 0
    with BlockWriter(tmp_path / "a.tape") as writer:
        for file in files:
            text = gzip.decompress(file.read_bytes())
            raw += len(text)
            for line in text.splitlines():
                stamp, _, body = line.partition(b" ")
                frame = Frame(writer.next_seq, int(stamp), "binance", "ws", FrameKind.WS, body)
                writer.append(frame)
    folder_bytes = sum(file.stat().st_size for file in (tmp_path / "a.tape").iterdir())
    assert folder_bytes <= 0.14 * raw
    assert len(TapeReader(tmp_path / "a.tape").blocks) >= 600
