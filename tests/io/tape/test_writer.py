import json
import os
import threading

import msgspec
import pytest

from hftlib.core.errors import TapeError
from hftlib.core.frames import Frame, FrameKind
from hftlib.core.instrument import Instrument
from hftlib.core.states import Source
from hftlib.io.tape import BlockWriter, Manifest, TapeReader, TapeWriter
from tests.io.tape.frame_factory import numbered


def test_blocks_are_cut_by_time_and_by_size(tmp_path):
    big = b'"' + os.urandom(40_000).hex().encode() + b'"'
    frames = [
        Frame(number, number * 1_000, "binance", "ws", FrameKind.WS, big) for number in range(20)
    ]
    with BlockWriter(tmp_path / "a.tape") as writer:
        for frame in frames:
            writer.append(frame)
    reader = TapeReader(tmp_path / "a.tape")
    assert [block.records for block in reader.blocks] == [4, 4, 4, 4, 4]
    assert list(reader.frames()) == frames


def test_a_clock_that_jumps_back_cuts_a_block(tmp_path):
    with BlockWriter(tmp_path / "a.tape") as writer:
        for number, ts in enumerate((10_000_000_000, 10_500_000_000, 1_000_000_000)):
            writer.append(Frame(number, ts, "binance", "ws", FrameKind.WS, b"{}"))
    assert [block.records for block in TapeReader(tmp_path / "a.tape").blocks] == [2, 1]


@pytest.mark.parametrize("writer_type", [BlockWriter, TapeWriter])
def test_appending_goes_on_where_the_tape_ended(tmp_path, writer_type):
    frames = numbered(120)
    bitcoin = Instrument("binance", "BTCUSDT", "BTC", "USDT", "0.01", "0.00001")
    ether = Instrument("binance", "ETHUSDT", "ETH", "USDT", "0.01", "0.0001")
    path = tmp_path / "a.tape"
    for part, one in ((frames[:50], bitcoin), (frames[50:], ether)):
        manifest = Manifest(origin=(one.symbol,), instruments=(one,), notes=("same",))
        with writer_type(path, manifest, append=True) as writer:
            assert writer.next_seq == part[0].ingress_seq
            for frame in part:
                writer.append(frame)
    reader = TapeReader(path)
    assert list(reader.frames()) == frames
    assert reader.manifest.origin == ("BTCUSDT", "ETHUSDT")
    assert reader.manifest.notes == ("same",)
    assert set(reader.instruments) == {("binance", "BTCUSDT"), ("binance", "ETHUSDT")}
    assert reader.manifest.records == 120
    reader.verify()


def test_a_tape_is_never_written_over(tmp_path):
    path = tmp_path / "a.tape"
    BlockWriter(path).close()
    with pytest.raises(TapeError, match="exists"):
        BlockWriter(path)
    (tmp_path / "file").write_text("")
    with pytest.raises(TapeError, match="is a file"):
        BlockWriter(tmp_path / "file")


def test_two_writers_do_not_share_a_tape(tmp_path):
    path = tmp_path / "a.tape"
    with (
        BlockWriter(path) as _,
        pytest.raises(TapeError, match="being written"),
    ):
        BlockWriter(path, append=True)
    BlockWriter(path, append=True).close()
    assert not (path / "writer.lock").exists()


def test_a_tape_of_the_exchange_takes_no_simulated_frames(tmp_path):
    path = tmp_path / "a.tape"
    with BlockWriter(path) as writer:
        writer.append(numbered(1)[0])
    with pytest.raises(TapeError, match="takes no frames of SIMULATED"):
        BlockWriter(path, Manifest(source=Source.SIMULATED), append=True)
    BlockWriter(path, append=True).close()


@pytest.mark.parametrize("writer_type", [BlockWriter, TapeWriter])
def test_ingress_seq_must_rise(tmp_path, writer_type):
    first, second = numbered(2)
    with writer_type(tmp_path / "a.tape") as writer:
        writer.append(second)
        for frame in (second, first):
            with pytest.raises(TapeError, match="ingress_seq"):
                writer.append(frame)


def test_checkpoints_stand_in_order_behind_their_frames(tmp_path):
    frames = numbered(20)
    with BlockWriter(tmp_path / "a.tape") as writer:
        for frame in frames:
            writer.append(frame)
        writer.append_checkpoint(10, frames[10].ts_recv, b"")
        for seq in (10, 9, 20):
            with pytest.raises(TapeError, match="out of order"):
                writer.append_checkpoint(seq, 0, b"")
    assert TapeReader(tmp_path / "a.tape").checkpoint_count == 1


def test_the_thread_writes_everything_and_flush_waits_for_the_disk(tmp_path):
    frames = numbered(500)
    path = tmp_path / "a.tape"
    writer = TapeWriter(path)
    for frame in frames[:300]:
        assert writer.append(frame)
    writer.append_checkpoint(299, frames[299].ts_recv, b"state")
    writer.flush()
    reader = TapeReader(path)
    assert list(reader.frames()) == frames[:300]
    assert reader.checkpoint_before(2**62).blob == b"state"
    assert not reader.manifest.closed
    assert reader.manifest.counts["coinbase"] == {
        "ws": sum(f.venue == "coinbase" for f in frames[:300])
    }
    assert writer.queued_bytes == 0
    for frame in frames[300:]:
        writer.append(frame)
    bitcoin = Instrument("binance", "BTCUSDT", "BTC", "USDT", "0.01", "0.00001")
    writer.add_instruments([bitcoin])
    manifest = writer.close()
    assert manifest.instruments == (bitcoin,)
    assert (manifest.records, manifest.overflow, writer.overflow) == (500, 0, 0)
    assert list(TapeReader(path).frames()) == frames


def test_a_full_queue_is_counted_and_told(tmp_path, monkeypatch):
    frames = numbered(200)
    lost = []
    is_open = threading.Event()
    original = BlockWriter.append_block

    def slow(self, block):
        is_open.wait(10)
        original(self, block)

    monkeypatch.setattr(BlockWriter, "append_block", slow)
    writer = TapeWriter(
        tmp_path / "a.tape",
        queue_bytes=5_000,
        on_loss=lambda frame, reason: lost.append((frame, reason)),
    )
    kept = [frame for frame in frames if writer.append(frame)]
    is_open.set()
    manifest = writer.close()
    assert 0 < len(kept) < 200
    assert writer.overflow == len(lost) == manifest.overflow == 200 - len(kept)
    assert {reason for _, reason in lost} == {"the tape's queue is full"}
    assert [frame for frame, _ in lost] == [frame for frame in frames if frame not in kept]
    assert list(TapeReader(tmp_path / "a.tape").frames()) == kept


def test_a_disk_that_refuses_is_a_failure_and_no_silence(tmp_path, monkeypatch):
    def refuse(self, header, text):
        raise OSError(28, "No space left on device")

    lost = []
    writer = TapeWriter(
        tmp_path / "a.tape", on_loss=lambda frame, reason: lost.append((frame, reason))
    )
    monkeypatch.setattr("hftlib.io.tape.segments.SegmentFile.append", refuse)
    first, second, third = numbered(3)
    writer.append(first)
    with pytest.raises(TapeError, match="No space left"):
        writer.flush()
    assert not writer.append(second)
    assert not writer.append(third)
    assert writer.overflow == 2
    assert [frame for frame, _ in lost] == [second, third]
    assert "No space left" in lost[0][1]
    monkeypatch.undo()
    writer.flush()
    assert writer.failure is None
    (fourth,) = numbered(1, first=3)
    assert writer.append(fourth)
    assert writer.close().overflow == 2
    assert list(TapeReader(tmp_path / "a.tape").frames()) == [first, fourth]


def test_the_manifest_on_disk_is_open_until_closed(tmp_path):
    writer = BlockWriter(tmp_path / "a.tape")
    writer.append(numbered(1)[0])
    on_disk = json.loads((tmp_path / "a.tape" / "manifest.json").read_text())
    assert on_disk["closed"] is False
    writer.close()
    on_disk = json.loads((tmp_path / "a.tape" / "manifest.json").read_text())
    assert (on_disk["closed"], on_disk["records"]) == (True, 1)


def test_a_frame_that_cannot_be_written_is_lost_alone(tmp_path):
    lost = []
    frames = numbered(3)
    writer = TapeWriter(tmp_path / "a.tape", on_loss=lambda frame, reason: lost.append(reason))
    spoilt = msgspec.structs.replace(frames[1], venue="\ud800")
    assert [writer.append(frame) for frame in (frames[0], spoilt, frames[2])] == [True, False, True]
    manifest = writer.close()
    assert (manifest.overflow, writer.failure) == (1, None)
    assert "cannot be written" in lost[0]
    assert list(TapeReader(tmp_path / "a.tape").frames()) == [frames[0], frames[2]]


@pytest.mark.parametrize("written", [0, 1, 30])
def test_a_block_that_the_disk_took_in_part_is_taken_back(tmp_path, monkeypatch, written):
    """The disk fills in the midst of a block, is cleared, and the same block is cut again."""
    path = tmp_path / "a.tape"
    frames = numbered(25)
    writer = BlockWriter(path)
    for frame in frames:
        writer.append(frame)

    def fill(file, data, end):
        file.write(bytes(data[:written]))
        file.truncate(end)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hftlib.io.tape.segments._write", fill)
    with pytest.raises(OSError, match="No space"):
        writer.flush()
    monkeypatch.undo()
    writer.close()
    assert list(TapeReader(path).frames()) == frames
    TapeReader(path).verify()
