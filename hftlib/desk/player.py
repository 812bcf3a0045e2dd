"""The tape player: hands recorded frames to a run at a chosen speed, without blocking the loop.

Time on the tape follows the loop's clock times the speed. Work is done in slices of 4 ms, so
that readers of the desk are never kept waiting, however far a seek goes.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from hftlib.core.errors import ConfigurationError
from hftlib.core.frames import Frame
from hftlib.desk.desk import ClockError
from hftlib.desk.heatmap import COLUMN_NS, HISTORY_COLUMNS
from hftlib.desk.run import Run
from hftlib.desk.settings import UNPACED, checked_speed
from hftlib.wire.messages import ClockReply

SLICE_S: Final = 0.004
_TICK_S: Final = 0.02
_SHORTEST_S: Final = 0.0005
_NS: Final = 1_000_000_000
Clock = Callable[[], float]
"""Return seconds that only grow."""

_LEAD_IN_NS: Final = 60 * _NS
"""A start plays unpaced up to the first trusted book, through at most this much of the tape."""


class Checkpoint(Protocol):
    """Describe a book checkpoint of a tape."""

    @property
    def ingress_seq(self) -> int:
        """Return the last frame that the checkpoint holds."""
        ...

    @property
    def ts_recv(self) -> int:
        """Return the time of that frame."""
        ...

    @property
    def blob(self) -> bytes:
        """Return what the engine restores from."""
        ...


class Recording(Protocol):
    """Describe what the player needs of a tape."""

    @property
    def start_ns(self) -> int:
        """Return the receive time of the first frame."""
        ...

    @property
    def end_ns(self) -> int:
        """Return the receive time of the last frame."""
        ...

    def frames(self, after_seq: int | None = None) -> Iterator[Frame]:
        """Yield the frames in arrival order, those after `after_seq` where one is given."""
        ...

    def checkpoint_before(self, ts: int) -> Checkpoint | None:
        """Return the last checkpoint at or before a time, if there is one."""
        ...


class Player:
    """Play a recording into a run; every method but `play_on` returns at once."""

    def __init__(
        self, recording: Recording, run: Run, *, speed: float = 1.0, paused: bool, loop: bool
    ) -> None:
        """Stand before the first frame. Raises ConfigurationError for a speed out of range."""
        self._recording = recording
        self._run = run
        self._paused = paused
        self._loop = loop
        self._lead_in: int | None = recording.start_ns + _LEAD_IN_NS
        self._target: int | None = None
        self._steps = 0
        self._anchor_s = 0.0
        self._anchor_ns = recording.start_ns
        self._changed = asyncio.Event()
        self._warm = asyncio.Event()
        self._speed = checked_speed(speed)
        self._frames = self._from(recording.start_ns, sampled_from=0)
        self._next: Frame | None = next(self._frames, None)

    @property
    def ended(self) -> bool:
        """Say whether the last frame was played."""
        return self._next is None and not self.seeking

    @property
    def seeking(self) -> bool:
        """Say whether the run is on its way to another time."""
        return self._target is not None

    def clock(self) -> ClockReply:
        """Return where the run's clock stands and how it moves."""
        return ClockReply(
            time_ms=self._run.now_ns / 1e6,
            start_ms=self._recording.start_ns / 1e6,
            end_ms=self._recording.end_ns / 1e6,
            speed=self._speed,
            paused=self._paused,
            ended=self.ended,
            loop=self._loop,
            seeking=self.seeking,
        )

    def play(self) -> None:
        """Go on; at the end, begin again."""
        if self.ended:
            self.seek(self._recording.start_ns)
        self._paused = False
        self._wake()

    def pause(self) -> None:
        """Stand still."""
        self._paused = True
        self._wake()

    def set_loop(self, loop: bool) -> None:
        """Begin again at the end, or stop there."""
        self._loop = loop
        self._wake()

    def set_speed(self, speed: float) -> None:
        """Play at 0.1 to 50 times the recorded pace, or at 0 as fast as possible.

        Raises ClockError otherwise.
        """
        try:
            self._speed = checked_speed(speed)
        except ConfigurationError as error:
            raise ClockError(str(error)) from None
        self._wake()

    def step(self, events: int = 1) -> None:
        """Take `events` events while paused. Raises ClockError while playing or at the end."""
        if not self._paused:
            raise ClockError("pause before stepping", is_conflict=True)
        if events < 1:
            raise ClockError(f"cannot step {events} events")
        if self.ended:
            raise ClockError("the tape is at its end", is_conflict=True)
        self._steps += events
        self._wake()

    def seek(self, ts: int) -> None:
        """Go to a time in integer nanoseconds UTC: nearest checkpoint before it, then replay.

        Raises ClockError when the tape does not cover it.
        """
        first, last = self._recording.start_ns, self._recording.end_ns
        if not first <= ts <= last:
            raise ClockError(f"{ts} is outside the tape, which runs from {first} to {last}")
        self._frames = self._from(ts, sampled_from=ts - HISTORY_COLUMNS * COLUMN_NS)
        self._next = next(self._frames, None)
        self._target = ts
        self._steps = 0
        self._lead_in = None
        self._warm.set()
        self._wake()

    def _from(self, ts: int, *, sampled_from: int) -> Iterator[Frame]:
        """Restart the run before a time, from a checkpoint where there is one; yield what follows.

        A tape that continues another begins with one.
        """
        checkpoint = self._recording.checkpoint_before(ts)
        if checkpoint is None:
            self._run.restart(self._recording.start_ns, sampled_from=sampled_from)
            return self._recording.frames()
        self._run.restart(checkpoint.ts_recv, checkpoint.blob, sampled_from=sampled_from)
        return self._recording.frames(after_seq=checkpoint.ingress_seq)

    async def play_on(self) -> None:
        """Play until cancelled."""
        loop = asyncio.get_running_loop()
        self._changed.set()
        while True:
            self.take_stock(loop.time())
            wait_s = self.play_slice(loop.time, loop.time() + SLICE_S)
            if wait_s == 0.0:
                await asyncio.sleep(0)
            else:
                await self._wait(wait_s)

    async def warmed_up(self) -> None:
        """Wait until the first trusted book is there, or the start of the tape has none."""
        await self._warm.wait()

    async def _wait(self, wait_s: float | None) -> None:
        """Wait that long or until a command comes; None waits for a command alone."""
        try:
            async with asyncio.timeout(wait_s):
                await self._changed.wait()
        except TimeoutError:
            pass

    def _wake(self) -> None:
        self._changed.set()

    def _anchor(self, now_s: float) -> None:
        self._anchor_s, self._anchor_ns = now_s, self._run.now_ns

    def take_stock(self, now_s: float) -> None:
        """Let time on the tape run from here and now where a command has changed something."""
        if self._changed.is_set():
            self._changed.clear()
            self._anchor(now_s)

    def play_slice(self, clock: Clock, until_s: float) -> float | None:
        """Feed what is due, until `clock` says `until_s` at most; a drive for `play_on` and tests.

        Returns for how many seconds nothing more is due, None until a command comes.
        """
        if self._target is not None:
            return self._hurry(clock, until_s)
        if self._lead_in is not None:
            return self._lead(clock, until_s)
        if self._steps and self._next is not None:
            return self._take_steps(clock, until_s)
        if self._next is None:
            return self._finish()
        if self._paused:
            return None
        due_ns = self._due_ns(clock())
        if self._feed(due_ns, clock, until_s):
            self._fall_back(clock)
            return 0.0
        return self._idle(due_ns, clock)

    def _due_ns(self, now_s: float) -> int | None:
        """Return the tape time that is due now, or None where everything is."""
        if self._speed == UNPACED:
            return None
        return self._anchor_ns + int((now_s - self._anchor_s) * self._speed * _NS)

    def _idle(self, due_ns: int | None, clock: Clock) -> float:
        """Move the clock up to what is due; return the seconds to the next frame, 20 ms at most."""
        upcoming = self._next
        if upcoming is None or due_ns is None:
            return 0.0
        self._run.advance(min(due_ns, upcoming.ts_recv))
        now_ns = self._due_ns(clock()) or due_ns
        return min(max((upcoming.ts_recv - now_ns) / self._speed / _NS, _SHORTEST_S), _TICK_S)

    def _feed(self, until_ns: int | None, clock: Clock, until_s: float) -> bool:
        """Feed frames up to a tape time; return whether the slice ended before they did."""
        while self._next is not None and (until_ns is None or self._next.ts_recv <= until_ns):
            self._take()
            if clock() >= until_s:
                return True
        return False

    def _take(self) -> None:
        if self._next is not None:
            self._run.feed(self._next)
            self._next = next(self._frames, None)

    def _fall_back(self, clock: Clock) -> None:
        """Let time slip where the machine cannot keep the pace: nothing is skipped."""
        now_s = clock()
        due_ns = self._due_ns(now_s)
        if due_ns is not None and (due_ns - self._run.now_ns) / self._speed > _NS / 2:
            self._anchor(now_s)

    def _hurry(self, clock: Clock, until_s: float) -> float:
        if self._feed(self._target, clock, until_s):
            return 0.0
        if self._target is not None:
            self._run.advance(self._target)
        self._target = None
        self._anchor(clock())
        return 0.0

    def _lead(self, clock: Clock, until_s: float) -> float:
        """Play unpaced to the first trusted book: a page shall have something to show at once."""
        while self._next is not None and self._next.ts_recv <= (self._lead_in or 0):
            if self._run.has_live_book:
                break
            self._take()
            if clock() >= until_s:
                return 0.0
        self._lead_in = None
        self._warm.set()
        self._anchor(clock())
        return 0.0

    def _take_steps(self, clock: Clock, until_s: float) -> float:
        while self._steps and self._next is not None and clock() < until_s:
            self._take()
            self._steps -= 1
        self._anchor(clock())
        return 0.0

    def _finish(self) -> float | None:
        """Begin again where that is wished; else wait for a command."""
        self._steps = 0
        if not self._loop or self._paused or self._recording.start_ns == self._recording.end_ns:
            return None
        self.seek(self._recording.start_ns)
        self._target = None
        self._lead_in = self._recording.start_ns + _LEAD_IN_NS
        return 0.0
