"""The player against a clock that the test moves: no time passes for real."""

from collections.abc import Iterator

import pytest

from hftlib.core.errors import ConfigurationError
from hftlib.core.frames import Frame, FrameKind
from hftlib.desk.desk import ClockError
from hftlib.desk.player import Player

SECOND = 1_000_000_000
COUNT = 101
"""Frames, one a tenth of a second: ten seconds of tape."""

FRAMES = [Frame(n, n * SECOND // 10, "binance", "ws", FrameKind.WS, b"{}") for n in range(COUNT)]


class Mark:
    def __init__(self, ingress_seq: int) -> None:
        self.ingress_seq = ingress_seq
        self.ts_recv = FRAMES[ingress_seq].ts_recv
        self.blob = f"state {ingress_seq}".encode()


class TapeOfFrames:
    start_ns = FRAMES[0].ts_recv
    end_ns = FRAMES[-1].ts_recv

    def __init__(self, *marks: int) -> None:
        self.marks = [Mark(seq) for seq in marks]

    def frames(self, after_seq: int | None = None) -> Iterator[Frame]:
        return iter(FRAMES if after_seq is None else FRAMES[after_seq + 1 :])

    def checkpoint_before(self, ts: int) -> Mark | None:
        fitting = [mark for mark in self.marks if mark.ts_recv <= ts]
        return fitting[-1] if fitting else None


class RunOfNumbers:
    """Keep what a player does to a run; the book is live from frame `live_at` on."""

    def __init__(self, live_at: int = 3) -> None:
        self.fed: list[int] = []
        self.restarts: list[tuple[int, bytes | None]] = []
        self.now_ns = 0
        self.has_live_book = False
        self._live_at = live_at

    def feed(self, frame: Frame) -> None:
        self.advance(frame.ts_recv)
        self.fed.append(frame.ingress_seq)
        self.has_live_book |= frame.ingress_seq >= self._live_at

    def advance(self, now_ns: int) -> None:
        self.now_ns = max(self.now_ns, now_ns)

    def restart(
        self, now_ns: int, checkpoint: bytes | None = None, *, sampled_from: int = 0
    ) -> None:
        self.fed.clear()
        self.restarts.append((now_ns, checkpoint))
        self.now_ns = now_ns
        self.has_live_book = False


class Stage:
    """Move a player by hand."""

    def __init__(self, tape: TapeOfFrames | None = None, live_at: int = 3, **settings: object):
        self.run = RunOfNumbers(live_at)
        given = {"speed": 1.0, "paused": False, "loop": False, **settings}
        self.player = Player(tape or TapeOfFrames(), self.run, **given)
        self.now_s = 100.0
        self.player.take_stock(self.now_s)

    def pass_time(self, seconds: float) -> float | None:
        """Let time pass and the player do all that is due; return how long nothing more is."""
        self.now_s += seconds
        self.player.take_stock(self.now_s)
        wait: float | None = 0.0
        for _ in range(1_000):
            wait = self.player.play_slice(lambda: self.now_s, self.now_s + 1)
            if wait != 0.0:
                return wait
        raise AssertionError("the player never rests")


def test_a_start_plays_unpaced_to_the_first_trusted_book() -> None:
    stage = Stage(paused=True)
    assert stage.pass_time(0) is None
    assert stage.run.fed == [0, 1, 2, 3]
    stage.pass_time(100)
    assert stage.run.fed[-1] == 3


def test_a_tape_without_a_trusted_book_is_played_all_the_same() -> None:
    stage = Stage(live_at=10_000)
    stage.pass_time(0)
    assert stage.player.ended
    assert stage.run.fed == list(range(COUNT))


@pytest.mark.parametrize(("speed", "frames"), [(1.0, 20), (0.5, 10), (4.0, 80)])
def test_the_tape_follows_the_clock_times_the_speed(speed: float, frames: int) -> None:
    stage = Stage(speed=speed)
    stage.pass_time(0)
    for _ in range(10):
        stage.pass_time(0.2)
    assert stage.run.fed == list(range(3 + frames + 1))
    assert stage.player.clock().time_ms == pytest.approx(300 + 2_000 * speed)


def test_the_clock_moves_between_frames() -> None:
    stage = Stage()
    stage.pass_time(0)
    stage.pass_time(0.05)
    assert stage.run.fed[-1] == 3
    assert stage.player.clock().time_ms == pytest.approx(350)


def test_a_wait_is_never_longer_than_the_next_frame_is_away() -> None:
    stage = Stage(speed=50.0)
    stage.pass_time(0)
    wait = stage.pass_time(0)
    assert wait is not None
    assert 0 < wait <= 0.02


def test_where_the_machine_is_too_slow_time_slips_and_no_frame_is_lost() -> None:
    stage = Stage()
    stage.pass_time(0)
    stage.now_s += 5.0
    clock = iter([stage.now_s, *(stage.now_s + 0.1 * n for n in range(1, 1_000))])
    assert stage.player.play_slice(lambda: next(clock), stage.now_s + 0.35) == 0.0
    assert stage.run.fed == list(range(8))
    stage.now_s += 0.5
    stage.pass_time(0.2)
    assert stage.run.fed == sorted(set(stage.run.fed))
    assert stage.run.fed[-1] < 20


def test_unpaced_play_reaches_the_end_and_waits() -> None:
    stage = Stage(speed=0.0)
    assert stage.pass_time(0) is None
    clock = stage.player.clock()
    assert (clock.ended, clock.time_ms, clock.speed) == (True, 10_000, 0)
    stage.player.pause()
    with pytest.raises(ClockError, match="at its end"):
        stage.player.step()


def test_play_at_the_end_begins_again() -> None:
    stage = Stage(speed=0.0)
    stage.pass_time(0)
    stage.player.set_speed(1.0)
    stage.player.play()
    stage.pass_time(0)
    assert stage.run.fed[0] == 0
    assert not stage.player.ended


def test_a_loop_begins_again_with_its_lead_in() -> None:
    stage = Stage(loop=True)
    stage.pass_time(0)
    stage.pass_time(10.0)
    assert stage.run.fed[:4] == [0, 1, 2, 3]
    assert len(stage.run.restarts) == 2


def test_steps_are_taken_only_while_paused() -> None:
    stage = Stage()
    stage.pass_time(0)
    with pytest.raises(ClockError, match="pause") as refusal:
        stage.player.step()
    assert refusal.value.is_conflict
    stage.player.pause()
    stage.player.step(2)
    stage.pass_time(5)
    assert stage.run.fed[-1] == 5
    with pytest.raises(ClockError, match="0 events"):
        stage.player.step(0)


@pytest.mark.parametrize(
    ("ts", "first", "restart"),
    [
        (5 * SECOND, 31, (3 * SECOND, b"state 30")),
        (3 * SECOND, 31, (3 * SECOND, b"state 30")),
        (SECOND, 0, (0, None)),
        (9 * SECOND + 50_000_000, 81, (8 * SECOND, b"state 80")),
    ],
)
def test_seek_replays_from_the_nearest_checkpoint(ts: int, first: int, restart) -> None:
    stage = Stage(TapeOfFrames(30, 80), paused=True)
    stage.pass_time(0)
    stage.player.seek(ts)
    assert stage.player.clock().seeking
    stage.pass_time(0)
    assert stage.run.restarts[-1] == restart
    assert stage.run.fed == list(range(first, ts * 10 // SECOND + 1))
    assert stage.player.clock().time_ms == ts / 1e6
    assert not stage.player.seeking


def test_seek_in_play_goes_on_from_there() -> None:
    stage = Stage()
    stage.pass_time(0)
    stage.player.seek(6 * SECOND)
    stage.pass_time(0)
    stage.pass_time(1)
    assert stage.run.fed[-1] == 70


def test_seek_to_the_end_ends() -> None:
    stage = Stage(paused=True)
    stage.pass_time(0)
    stage.player.seek(TapeOfFrames.end_ns)
    stage.pass_time(0)
    assert stage.player.ended
    assert stage.run.fed[-1] == COUNT - 1


@pytest.mark.parametrize("ts", [-1, 10 * SECOND + 1])
def test_seek_outside_the_tape_is_refused_and_changes_nothing(ts: int) -> None:
    stage = Stage(paused=True)
    stage.pass_time(0)
    with pytest.raises(ClockError, match="outside"):
        stage.player.seek(ts)
    assert len(stage.run.restarts) == 1


def test_speeds_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="51"):
        Stage(speed=51.0)
    with pytest.raises(ClockError, match=r"0\.01"):
        Stage().player.set_speed(0.01)


def test_a_slice_ends_in_time_however_much_is_due() -> None:
    stage = Stage(speed=0.0, paused=True)
    stage.pass_time(0)
    stage.player.play()
    ticks = iter(range(1_000))
    assert stage.player.play_slice(lambda: float(next(ticks)), 5.0) == 0.0
    assert len(stage.run.fed) < 15


async def test_play_on_plays_and_obeys_commands() -> None:
    import asyncio

    stage = Stage(speed=0.0, paused=True)
    playing = asyncio.create_task(stage.player.play_on())
    await stage.player.warmed_up()
    assert stage.run.fed == [0, 1, 2, 3]
    stage.player.play()
    async with asyncio.timeout(20):
        while not stage.player.ended:
            await asyncio.sleep(0)
    playing.cancel()
    assert stage.run.fed == list(range(COUNT))
