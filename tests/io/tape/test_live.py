import os
import shutil
import signal
import subprocess
import sys

import msgspec
import pytest

from hftlib.core.errors import TapeError
from hftlib.core.instrument import Instrument
from hftlib.io.tape import BlockWriter, LiveTape, Manifest, TapeLimits, TapeReader
from hftlib.io.tape.live import CHECKPOINT_NS
from tests.conftest import PROJECT
from tests.desk_support.server import eventually
from tests.io.tape.frame_factory import START_NS, STEP_NS, numbered

DAY_NS = 86_400_000_000_000
ROOMY = TapeLimits(
    rotate_bytes=1 << 40,
    rotate_ns=DAY_NS,
    keep_bytes=1 << 40,
    keep_ns=1 << 62,
    least_free_bytes=0,
)
BITCOIN = Instrument("binance", "BTCUSDT", "BTC", "USDT", "0.01", "0.00001")


class HandClock:
    """A clock that is set by hand."""

    def __init__(self):
        self.now = START_NS

    def now_ns(self):
        return self.now


class Disk:
    """Room on the disk, set by hand."""

    def __init__(self, free):
        self.free = free

    def __call__(self, folder):
        return self.free


class Counter:
    """A hasher of nothing but frame numbers: its hashes are texts that a test can read."""

    def __init__(self):
        self.waiting = []
        self.run = []
        self.part = []

    def cut(self):
        chunk, self.waiting = self.waiting, []
        return chunk

    def digest(self, chunk):
        self.run += chunk
        self.part += chunk

    def begin_part(self):
        self.part = []

    def hashes(self):
        class Texts:
            run_hash = " ".join(map(str, self.run))
            fact_hash = "facts " + run_hash
            part_hash = " ".join(map(str, self.part))

        return Texts


def record(tape, frames, clock, hasher=None):
    """Append frames as a live run does, a second's call after each."""
    for frame in frames:
        clock.now = max(clock.now, frame.ts_recv)
        if tape.append(frame) and hasher is not None:
            hasher.waiting.append(frame.ingress_seq)
        if tape.wants_checkpoint(clock.now):
            blob = b"after %d" % frame.ingress_seq
            tape.append_checkpoint(frame.ingress_seq, frame.ts_recv, blob)
            eventually(lambda: not tape._writer.is_switching)


def tapes_in(folder):
    return [TapeReader(path) for path in sorted(folder.glob("*.tape"))]


def test_tapes_follow_each_other_by_age_and_lose_no_frame(tmp_path):
    clock, frames = HandClock(), numbered(100)
    limits = msgspec.structs.replace(ROOMY, rotate_ns=30 * STEP_NS)
    tape = LiveTape(tmp_path, Manifest(origin=("test",)), limits, clock=clock)
    tape.add_instruments([BITCOIN])
    record(tape, frames, clock)
    status = tape.status()
    manifests = tape.close()
    tapes = tapes_in(tmp_path)
    assert [frame for one in tapes for frame in one.frames()] == frames
    assert [one.manifest for one in tapes] == list(manifests)
    assert [len(list(one.frames())) for one in tapes] == [31, 30, 30, 9]
    assert (status.rotations, status.lost, status.trouble) == (3, 0, "")
    assert {one.run for one in manifests} == {tapes[0].path.stem}
    assert [one.part for one in manifests] == [0, 1, 2, 3]
    assert all(one.instruments == (BITCOIN,) and one.closed for one in manifests)
    assert tapes[0].opening is None
    opening = [(one.opening.ingress_seq, one.opening.blob) for one in tapes[1:]]
    assert opening == [(30, b"after 30"), (60, b"after 60"), (90, b"after 90")]


def test_tapes_follow_each_other_by_size(tmp_path):
    clock, frames = HandClock(), numbered(40)
    limits = msgspec.structs.replace(ROOMY, rotate_bytes=1)
    tape = LiveTape(tmp_path, Manifest(), limits, clock=clock)
    record(tape, frames[:20], clock)
    tape.flush()
    record(tape, frames[20:], clock)
    tape.close()
    assert len(tapes_in(tmp_path)) > 1
    assert [frame for one in tapes_in(tmp_path) for frame in one.frames()] == frames


def test_a_checkpoint_is_due_every_thirty_seconds(tmp_path):
    clock = HandClock()
    tape = LiveTape(tmp_path, Manifest(), ROOMY, clock=clock)
    assert not tape.wants_checkpoint(START_NS + CHECKPOINT_NS - 1)
    assert tape.wants_checkpoint(START_NS + CHECKPOINT_NS)
    tape.append(numbered(1)[0])
    clock.now += CHECKPOINT_NS
    tape.append_checkpoint(0, START_NS, b"state")
    assert not tape.wants_checkpoint(clock.now + 1)
    tape.close()
    (reader,) = tapes_in(tmp_path)
    assert reader.checkpoint_before(2**62).blob == b"state"
    assert reader.opening is None


def test_the_hashes_of_run_and_part_stand_in_the_manifests(tmp_path):
    clock, hasher = HandClock(), Counter()
    limits = msgspec.structs.replace(ROOMY, rotate_ns=3 * STEP_NS)
    tape = LiveTape(tmp_path, Manifest(), limits, clock=clock, hasher=hasher)
    record(tape, numbered(6), clock, hasher)
    first, second = tape.close()
    assert (first.run_hash, first.part_hash) == ("0 1 2 3", "0 1 2 3")
    assert (second.run_hash, second.part_hash) == ("0 1 2 3 4 5", "4 5")
    assert second.fact_hash == "facts 0 1 2 3 4 5"


def test_a_full_disk_stops_the_tape_which_goes_on_in_a_new_one(tmp_path, monkeypatch):
    def refuse(self, header, text):
        raise OSError(28, "No space left on device")

    lost = []
    clock, frames, hasher = HandClock(), numbered(9), Counter()
    tape = LiveTape(
        tmp_path, Manifest(), ROOMY, lambda frame, why: lost.append(frame), clock=clock,
        hasher=hasher,
    )  # fmt: skip
    record(tape, frames[:3], clock, hasher)
    monkeypatch.setattr("hftlib.io.tape.segments.SegmentFile.append", refuse)
    with pytest.raises(TapeError, match="No space"):
        tape.flush()
    record(tape, frames[3:5], clock, hasher)
    assert "nothing is recorded" in tape.status().trouble
    assert "No space" in tape.status().trouble
    assert tape.status().lost == 2
    assert not tape.wants_checkpoint(clock.now + DAY_NS)
    monkeypatch.undo()
    eventually(lambda: "nothing is recorded" not in tape.status().trouble)
    assert tape.status().trouble == "2 frames are missing; a new tape begins"
    record(tape, frames[5:], clock, hasher)
    assert tape.status().trouble == ""
    first, second = tape.close()
    assert lost == frames[3:5]
    before, after = tapes_in(tmp_path)
    assert list(before.frames()) == frames[:3] + frames[5:6]
    assert list(after.frames()) == frames[6:]
    assert after.opening.ingress_seq == 5
    assert (first.overflow, second.overflow) == (2, 0)
    assert (first.run_hash, first.part_hash, second.run_hash) == ("", "", "")
    assert second.part_hash == "6 7 8", "what follows the loss can be verified by itself"


def test_a_disk_that_is_nearly_full_is_left_alone(tmp_path):
    clock, disk, frames = HandClock(), Disk(50), numbered(8)
    limits = msgspec.structs.replace(ROOMY, least_free_bytes=100_000_000)
    tape = LiveTape(tmp_path, Manifest(), limits, clock=clock, free_bytes=disk)
    record(tape, frames[:2], clock)
    eventually(lambda: tape.status().trouble)
    assert "0.0 GB of disk are free, 0.1 must be" in tape.status().trouble
    record(tape, frames[2:4], clock)
    disk.free = 200_000_000
    eventually(lambda: "nothing is recorded" not in tape.status().trouble)
    record(tape, frames[4:], clock)
    tape.close()
    assert [frame for one in tapes_in(tmp_path) for frame in one.frames()] == (
        frames[:2] + frames[4:]
    )
    assert len(tapes_in(tmp_path)) == 2


def test_a_new_tape_that_cannot_be_begun_leaves_the_old_one_going(tmp_path, monkeypatch):
    clock, frames = HandClock(), numbered(10)
    limits = msgspec.structs.replace(ROOMY, rotate_ns=3 * STEP_NS)
    tape = LiveTape(tmp_path, Manifest(), limits, clock=clock)
    original = BlockWriter.append_checkpoint
    refusals = [OSError(28, "No space left on device")]

    def refuse_once(self, *given):
        if refusals:
            raise refusals.pop()
        original(self, *given)

    monkeypatch.setattr(BlockWriter, "append_checkpoint", refuse_once)
    record(tape, frames[:5], clock)
    eventually(lambda: "nothing is recorded" not in tape.status().trouble)
    assert len(tapes_in(tmp_path)) == 1
    record(tape, frames[5:], clock)
    tape.close()
    kept = [frame for one in tapes_in(tmp_path) for frame in one.frames()]
    assert frames[:4] == kept[:4]
    assert frames[5:] == [frame for frame in kept if frame.ingress_seq >= 5]
    assert len(tapes_in(tmp_path)) > 1


def old_tape(folder, name, size=0, *, age_ns=0, now=0):
    with BlockWriter(folder / f"{name}.tape") as writer:
        for frame in numbered(3):
            writer.append(frame)
    (folder / f"{name}.tape" / "ballast").write_bytes(bytes(size))
    if now:
        stamp = now - age_ns
        os.utime(folder / f"{name}.tape" / "frames.zst", ns=(stamp, stamp))
    return folder / f"{name}.tape"


def test_the_oldest_tapes_go_beyond_a_size(tmp_path):
    for name in ("20200101", "20200102", "20200103"):
        old_tape(tmp_path, name, 10_000)
    limits = msgspec.structs.replace(ROOMY, keep_bytes=25_000)
    tape = LiveTape(tmp_path, Manifest(), limits, clock=HandClock())
    eventually(lambda: tape.status().deleted == 1)
    assert not (tmp_path / "20200101.tape").exists()
    assert 20_000 < tape.status().bytes < 25_000
    tape.close()
    assert len(tapes_in(tmp_path)) == 3


def test_tapes_go_beyond_an_age_and_one_that_is_written_stays(tmp_path):
    clock = HandClock()
    old_tape(tmp_path, "a", age_ns=DAY_NS, now=clock.now)
    young = old_tape(tmp_path, "b", age_ns=DAY_NS // 4, now=clock.now)
    leftover = tmp_path / "c.deleted"
    shutil.copytree(young, leftover)
    limits = msgspec.structs.replace(ROOMY, keep_ns=DAY_NS // 2)
    with BlockWriter(tmp_path / "0.tape") as busy:
        busy.append(numbered(1)[0])
        busy.flush()
        os.utime(tmp_path / "0.tape" / "frames.zst", ns=(0, 0))
        tape = LiveTape(tmp_path, Manifest(), limits, clock=clock)
        eventually(lambda: tape.status().deleted == 1 and not leftover.exists())
        names = sorted(path.name for path in tmp_path.glob("*.tape"))
        tape.close()
    assert names == ["0.tape", tape.path.name, "b.tape"]


def test_a_folder_that_cannot_be_looked_at_is_trouble_and_no_end(tmp_path):
    def vanish(folder):
        raise FileNotFoundError(2, "gone")

    tape = LiveTape(tmp_path, Manifest(), ROOMY, clock=HandClock(), free_bytes=vanish)
    eventually(lambda: "gone" in tape.status().trouble)
    assert not tape.append(numbered(1)[0])
    tape.close()


def test_a_thread_that_ends_says_so(tmp_path, monkeypatch):
    def break_down(self, block):
        raise ZeroDivisionError

    monkeypatch.setattr("threading.excepthook", lambda _: None)
    monkeypatch.setattr(BlockWriter, "append_block", break_down)
    first, second = numbered(2)
    tape = LiveTape(tmp_path, Manifest(), ROOMY, clock=HandClock())
    tape.append(first)
    eventually(lambda: "thread has ended" in tape.status().trouble)
    assert not tape.append(second)
    tape.close()


def test_a_disk_that_refuses_to_the_last_leaves_a_tape_as_a_kill_would(tmp_path, monkeypatch):
    def refuse(self, header, text):
        raise OSError(28, "No space left on device")

    lost = []
    tape = LiveTape(
        tmp_path, Manifest(), ROOMY, lambda frame, why: lost.append((frame, why)), clock=HandClock()
    )
    frames = numbered(3)
    tape.append(frames[0])
    tape.flush()
    monkeypatch.setattr("hftlib.io.tape.segments.SegmentFile.append", refuse)
    tape.append(frames[1])
    tape.append(frames[2])
    assert len(tape.close()) <= 1
    assert [frame for frame, _ in lost] == frames[1:]
    assert "No space" in lost[0][1]
    (reader,) = tapes_in(tmp_path)
    assert list(reader.frames()) == frames[:1]


def test_two_runs_in_one_instant_do_not_share_a_tape(tmp_path):
    clock = HandClock()
    first = LiveTape(tmp_path, Manifest(), ROOMY, clock=clock)
    second = LiveTape(tmp_path, Manifest(), ROOMY, clock=clock)
    assert first.path != second.path
    first.close()
    second.close()


RECORD_UNTIL_KILLED = """
import sys, threading, time
from pathlib import Path
from hftlib.core.frames import Frame, FrameKind
from hftlib.io.tape import LiveTape, Manifest, TapeLimits

limits = TapeLimits(1 << 40, 50_000_000, 1 << 40, 1 << 62, 0)
tape = LiveTape(Path(sys.argv[1]), Manifest(), limits)
number = 0
pace = threading.Event()
while True:
    frame = Frame(number, time.time_ns(), "binance", "ws", FrameKind.WS, b'{"u":%d}' % number)
    tape.append(frame)
    if number % 50 == 49:
        pace.wait(0.002)
        if tape.wants_checkpoint(time.time_ns()):
            tape.append_checkpoint(number, frame.ts_recv, b"state")
        print(number, len(list(Path(sys.argv[1]).glob("*.tape"))), flush=True)
    number += 1
"""


def test_kill_9_leaves_tapes_that_read_and_the_next_start_begins_a_new_one(tmp_path):
    for start in range(2):
        process = subprocess.Popen(
            [sys.executable, "-c", RECORD_UNTIL_KILLED, str(tmp_path)],
            stdout=subprocess.PIPE,
            cwd=PROJECT,
        )
        there = len(list(tmp_path.glob("*.tape")))
        for line in process.stdout:
            number, tapes = map(int, line.split())
            if tapes >= there + 3 and number >= 500:
                break
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        readers = tapes_in(tmp_path)[there:]
        seqs = [frame.ingress_seq for one in readers for frame in one.frames()]
        assert seqs == list(range(len(seqs))), "no frame is missing between the tapes of a run"
        assert [one.manifest.part for one in readers] == list(range(len(readers)))
        assert start == 0 or there >= 3
    tape = LiveTape(tmp_path, Manifest(), ROOMY)
    tape.close()
    assert len({one.manifest.run for one in tapes_in(tmp_path)}) == 3
