"""Whatever happens to the tapes of a live run: what was taken is on them, once and in order."""

import itertools
import tempfile
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from hftlib.desk.tape_chain import follows
from hftlib.io.tape import LiveTape, Manifest, TapeLimits, TapeReader
from tests.io.tape.frame_factory import START_NS, one

WIDE = TapeLimits(1 << 40, 1 << 62, 1 << 40, 1 << 62, 0)
STEP = st.one_of(
    st.tuples(st.just("append"), st.integers(1, 30)),
    st.tuples(st.just("lose"), st.integers(1, 3)),
    st.tuples(st.just("rotate"), st.just(0)),
    st.tuples(st.just("checkpoint"), st.just(0)),
    st.tuples(st.just("flush"), st.just(0)),
)


class Clock:
    """A clock that stands where the frames are."""

    now = START_NS

    def now_ns(self) -> int:
        return self.now


class Recording:
    """A live tape, and what it has taken."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.tape = LiveTape(folder, Manifest(), WIDE, clock=self.clock)
        self.number = 0
        self.taken: list = []
        self.lost: list = []

    def append(self, count: int) -> None:
        for _ in range(count):
            frame = one(self.number, self.clock.now)
            self.number += 1
            self.clock.now += 10_000_000
            (self.taken if self.tape.append(frame) else self.lost).append(frame)

    def lose(self, count: int) -> None:
        writer = self.tape._writer
        held, writer._queue_bytes = writer._queue_bytes, -(1 << 40)
        writer._put_bytes += 1
        self.append(count)
        writer._put_bytes -= 1
        writer._queue_bytes = held

    def rotate(self, _: int) -> None:
        self.tape._limits = msgspec.structs.replace(WIDE, rotate_ns=0)
        self.checkpoint(0)
        self.tape._limits = WIDE

    def checkpoint(self, _: int) -> None:
        if self.number and self.tape.wants_checkpoint(self.clock.now):
            self.tape.append_checkpoint(self.number - 1, self.clock.now, b"%d" % self.number)

    def flush(self, _: int) -> None:
        self.tape.flush()


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(STEP, max_size=25))
def test_what_was_taken_is_on_the_tapes_once_and_in_order(steps: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        recording = Recording(Path(name))
        for action, count in steps:
            getattr(recording, action)(count)
        manifests = recording.tape.close()
        tapes = [TapeReader(path) for path in sorted(Path(name).glob("*.tape"))]
        assert [frame for tape in tapes for frame in tape.frames()] == recording.taken
        assert sum(tape.manifest.overflow for tape in tapes) == len(recording.lost)
        assert [tape.manifest for tape in tapes] == list(manifests)
        parts = [manifest.part for manifest in manifests]
        assert parts == sorted(set(parts))
        for before, tape in itertools.pairwise(tapes):
            assert tape.opening is not None
            if follows(tape, before):
                assert tape.opening.ingress_seq == before.manifest.last_seq
