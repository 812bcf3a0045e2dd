import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hftlib.io.tape import BlockWriter, TapeReader
from tests.conftest import PROJECT
from tests.io.tape.frame_factory import numbered

FRAMES = numbered(40)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "a.tape"
    with BlockWriter(path) as writer:
        for frame in FRAMES:
            writer.append(frame)
    return path


def torn_copy(whole, target, size):
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(whole, target)
    os.truncate(target / "frames.zst", size)
    return target


def test_a_tail_torn_at_every_byte_of_the_last_block_costs_that_block_only(whole, tmp_path):
    last = TapeReader(whole).blocks[-1]
    for size in range(last.offset, last.end):
        path = torn_copy(whole, tmp_path / "a.tape", size)
        if size % 2:
            (path / "frames.index").unlink()
        reader = TapeReader(path)
        assert list(reader.frames()) == FRAMES[:30]
        assert reader.torn_bytes == size - last.offset
        assert (reader.manifest.records, reader.manifest.closed) == (30, False)
        assert (path / "frames.zst").stat().st_size == size, "a reader changes nothing"
        with BlockWriter(path, append=True) as writer:
            assert writer.torn_bytes == size - last.offset
            assert writer.next_seq == 30
            for frame in FRAMES[30:]:
                writer.append(frame)
        reader = TapeReader(path)
        assert list(reader.frames()) == FRAMES
        assert reader.manifest.records == 40
        reader.verify()


def test_an_index_torn_at_every_byte_is_rebuilt(whole, tmp_path):
    path = tmp_path / "a.tape"
    shutil.copytree(whole, path)
    index = (whole / "frames.index").read_bytes()
    for size in range(len(index)):
        (path / "frames.index").write_bytes(index[:size])
        assert list(TapeReader(path).frames()) == FRAMES
    BlockWriter(path, append=True).close()
    assert (path / "frames.index").read_bytes() == index


@settings(max_examples=200)
@given(data=st.data())
def test_rubbish_behind_the_last_block_is_cut(whole, tmp_path_factory, data):
    path = tmp_path_factory.mktemp("rubbish") / "a.tape"
    shutil.copytree(whole, path)
    rubbish = data.draw(
        st.one_of(
            st.binary(min_size=1, max_size=80),
            st.binary(max_size=40).map(lambda tail: b"\x28\xb5\x2f\xfd" + tail),
            st.just(bytes(4096)),
        )
    )
    with (path / "frames.zst").open("ab") as file:
        file.write(rubbish)
    reader = TapeReader(path)
    assert list(reader.frames()) == FRAMES
    assert reader.torn_bytes == len(rubbish)
    BlockWriter(path, append=True).close()
    TapeReader(path).verify()


def test_a_checkpoint_never_outlives_its_frames(tmp_path):
    path = tmp_path / "a.tape"
    with BlockWriter(path) as writer:
        for frame in FRAMES:
            writer.append(frame)
            if frame.ingress_seq in (9, 25, 39):
                writer.append_checkpoint(
                    frame.ingress_seq, frame.ts_recv, b"%d" % frame.ingress_seq
                )
    os.truncate(path / "frames.zst", TapeReader(path).blocks[-1].offset)
    reader = TapeReader(path)
    assert reader.checkpoint_before(2**62).ingress_seq == 25
    with BlockWriter(path, append=True) as writer:
        for frame in FRAMES[writer.next_seq :]:
            writer.append(frame)
        writer.append_checkpoint(39, FRAMES[39].ts_recv, b"again")
    checkpoint = TapeReader(path).checkpoint_before(2**62)
    assert (checkpoint.ingress_seq, checkpoint.blob) == (39, b"again")


WRITE_UNTIL_KILLED = """
import sys, threading, time
from pathlib import Path
from hftlib.core.frames import Frame, FrameKind
from hftlib.io.tape import TapeWriter

pace = threading.Event()
writer = TapeWriter(Path(sys.argv[1]), append=True)
while True:
    number = writer.next_seq
    frame = Frame(number, time.time_ns(), "binance", "ws", FrameKind.WS, b'{"u":%d}' % number)
    writer.append(frame)
    sys.stdout.write(f"{number} {frame.ts_recv}\\n")
    if number % 50 == 0:
        sys.stdout.flush()
        pace.wait(0.002)
"""


@pytest.mark.parametrize("lines_before_kill", [1, 5_000, 60_000])
def test_kill_9_loses_at_most_the_unflushed_second(tmp_path, lines_before_kill):
    """Kill a live writer, twice on one tape, and compare with what it said it wrote."""
    path = tmp_path / "a.tape"
    for _ in range(2):
        started = time.time_ns()
        process = subprocess.Popen(
            [sys.executable, "-c", WRITE_UNTIL_KILLED, str(path)],
            stdout=subprocess.PIPE,
            cwd=PROJECT,
        )
        lines = [process.stdout.readline() for _ in range(lines_before_kill)]
        killed = time.time_ns()
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.read().splitlines()
        process.wait()
        said = dict(tuple(map(int, line.split())) for line in lines if line.count(b" ") == 1)
        reader = TapeReader(path)
        stamps = [frame.ts_recv for frame in reader.frames()]
        assert [frame.ingress_seq for frame in reader.frames()] == list(range(len(stamps)))
        lost = [
            ts for number, ts in said.items() if started <= ts <= killed and number >= len(stamps)
        ]
        margin_ns = 500_000_000  # a busy machine may keep the thread waiting for a core
        assert all(ts > killed - 1_000_000_000 - margin_ns for ts in lost)
    with BlockWriter(path, append=True) as writer:
        writer.append(numbered(1, first=writer.next_seq)[0])
    TapeReader(path).verify()
