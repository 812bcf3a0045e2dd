"""The desk: comes up at once, says what it is doing, and then plays its source.

Nothing heavy is imported here: the engine and its kernels are loaded by a thread while the API
already answers.
"""

import asyncio
import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import hftlib
from hftlib.core.errors import HftlibError, TapeError
from hftlib.core.states import Source
from hftlib.desk.pauses import PauseMeter
from hftlib.desk.settings import DeskSettings, tape_path
from hftlib.wire.messages import ClockReply, Health

if TYPE_CHECKING:
    from hftlib.desk.player import Player
    from hftlib.desk.view import View

_SAY_EVERY_S = 1.0


class NotReadyError(HftlibError):
    """Say that the desk has no run yet, and what it is doing instead."""


class UnknownBookError(HftlibError, LookupError):
    """Say that a venue or a symbol is not in the run, and what is."""


class ClockError(HftlibError, ValueError):
    """Refuse a command to the clock: a value out of range, or not in this state (a conflict)."""

    def __init__(self, message: str, *, is_conflict: bool = False) -> None:
        """Say what was wrong."""
        super().__init__(message)
        self.is_conflict = is_conflict


LOADER: Final = "hftlib-loader"


async def in_daemon_thread(work: Callable[[], None]) -> None:
    """Run `work` in a thread that nobody waits for when the loop ends; raise what it raises.

    A kernel that is being compiled cannot be interrupted, and a desk that is told to stop must not
    wait a minute for it, as it would for a thread of the loop's own executor.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def settle(failure: BaseException | None) -> None:
        if done.cancelled():
            return
        if failure is None:
            done.set_result(None)
        else:
            done.set_exception(failure)

    def run() -> None:
        failure: BaseException | None = None
        try:
            work()
        except BaseException as raised:  # noqa: BLE001 (handed to whoever waits)
            failure = raised
        with contextlib.suppress(RuntimeError):  # the loop is gone: nobody waits
            loop.call_soon_threadsafe(settle, failure)

    threading.Thread(target=run, name=LOADER, daemon=True).start()
    await done


class Desk:
    """Own the run of one process."""

    def __init__(self, settings: DeskSettings, *, started_s: float | None = None) -> None:
        """Begin with nothing loaded; `started_s` is the perf_counter of the process's start.

        Raises ConfigurationError when the source is not known.
        """
        self.settings = settings
        self._path = tape_path(settings.source)
        self._started_s = time.perf_counter() if started_s is None else started_s
        self._first_book_s: float | None = None
        self._state = "starting"
        self._reason = ""
        self._done = 0
        self._total = 0
        self._view: View | None = None
        self._player: Player | None = None
        self._pauses = PauseMeter()
        self._said_s = 0.0
        self._settled = asyncio.Event()

    @property
    def view(self) -> "View":
        """Return what clients may read. Raises NotReadyError before there is a run."""
        if self._view is None:
            raise NotReadyError(self._reason or f"the desk is {self._state}")
        return self._view

    @property
    def player(self) -> "Player":
        """Return the player of the tape. Raises NotReadyError before there is one."""
        if self._player is None:
            raise NotReadyError(self._reason or f"the desk is {self._state}")
        return self._player

    def clock(self) -> ClockReply | None:
        """Return the run's clock, or None before there is a run."""
        return None if self._player is None else self._player.clock()

    async def is_ready(self, within_s: float) -> bool:
        """Return whether there is a run, waiting for it that long at most."""
        try:
            async with asyncio.timeout(within_s):
                await self._settled.wait()
        except TimeoutError:
            return False
        return self._view is not None

    def health(self, *, clients: int = 0, topics: int = 0) -> Health:
        """Return how the desk is."""
        self._note_first_book()
        view = self._view
        ended = self._player is not None and self._player.ended
        return Health(
            state="ended" if ended and self._state == "running" else self._state,
            done=self._done,
            total=self._total,
            reason=self._reason,
            version=hftlib.__version__,
            pid=os.getpid(),
            source=Source.TAPE if view is None else view.run.source,
            origin=self.settings.source if view is None else view.run.origin,
            uptime_s=round(time.perf_counter() - self._started_s, 3),
            first_book_s=self._first_book_s,
            clients=clients,
            topics=topics,
            history_bytes=0 if view is None else view.run.history_bytes(),
            gc=self._pauses.pauses(),
        )

    async def work(self) -> None:
        """Load, then play until cancelled.

        A failure is kept in `health`; it is raised too, unless the desk is to stay up for those
        who ask. Only failures that are no HftlibError are raised always.
        """
        try:
            await in_daemon_thread(self._load)
            await self._play()
        except HftlibError as error:
            self._fail(str(error))
            if not self.settings.stays_up:
                raise
            print(f"hftlib: {error}", file=sys.stderr, flush=True)
        except Exception as error:
            self._fail(f"{type(error).__name__}: {error}")
            raise
        finally:
            self._pauses.stop()

    def _load(self) -> None:
        """Import the engine, compile or load its kernels, and open the tape; runs in a thread."""
        self._state = "loading"
        if not self._path.exists():
            raise TapeError(f"there is no tape at {self._path}")
        from hftlib.core.compiled import are_compiled, compile_all
        from hftlib.desk.opening import open_run

        if not are_compiled():
            self._state = "compiling"
        compile_all(self._on_progress)
        self._state = "loading"
        self._view, self._player = open_run(self._path, self.settings)

    async def _play(self) -> None:
        player = self.player
        playing = asyncio.create_task(player.play_on())
        self._state = "running"
        self._settled.set()
        warming = asyncio.create_task(player.warmed_up())
        try:
            await asyncio.wait((playing, warming), return_when=asyncio.FIRST_COMPLETED)
            self._note_first_book()
            self._pauses.start()
            await playing
        finally:
            playing.cancel()
            warming.cancel()

    def _note_first_book(self) -> bool:
        if self._first_book_s is None and self._view is not None and self._view.run.has_live_book:
            self._first_book_s = round(time.perf_counter() - self._started_s, 3)
        return self._first_book_s is not None

    def _fail(self, reason: str) -> None:
        self._state, self._reason = "failed", reason
        if self._view is not None:
            self._view.run.put_down(reason)
        self._settled.set()

    def _on_progress(self, done: int, total: int, name: str) -> None:
        self._done, self._total = done, total
        now_s = time.perf_counter()
        if self._state == "compiling" and (now_s - self._said_s > _SAY_EVERY_S or done == total):
            self._said_s = now_s
            print(
                f"compiling kernels {done}/{total} {name}".rstrip()
                + ", once; next starts take a second",
                file=sys.stderr,
                flush=True,
            )
