"""The desk: comes up at once, says what it is doing, and then shows its source.

Nothing heavy is imported here: the engine and its kernels are loaded by a thread while the API
already answers.
"""

import asyncio
import contextlib
import importlib
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

import hftlib
from hftlib.core.errors import HftlibError
from hftlib.core.states import Source
from hftlib.desk.pauses import PauseMeter
from hftlib.desk.settings import DeskSettings, check_source, is_running_source, tape_path
from hftlib.wire.messages import ClockReply, Health

if TYPE_CHECKING:
    from hftlib.desk.live_show import LiveShow
    from hftlib.desk.opened_source import OpenedSource
    from hftlib.desk.parts import Parts
    from hftlib.desk.player import Player
    from hftlib.desk.view import View

_SAY_EVERY_S: Final = 1.0
_WARM_WITHIN_S: Final = 60.0

_log: Final = logging.getLogger(__name__)


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


class Show(Protocol):
    """Be what the desk shows: a tape that is played, or feeds that run."""

    @property
    def view(self) -> "View":
        """Return what clients may read."""
        ...

    @property
    def ended(self) -> bool:
        """Say whether there is nothing more to come."""
        ...

    def clock(self) -> ClockReply | None:
        """Return the clock of a tape, None where the clock is the world's."""
        ...

    def statuses(self) -> dict[str, Any]:
        """Return the parts of it that `Health` tells of, by their names there."""
        ...

    async def play(self, on_warm: asyncio.Event) -> None:
        """Run until cancelled; set `on_warm` once the first trusted book is there."""
        ...

    async def close(self) -> None:
        """Write what waits and let go of everything."""
        ...


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
    """Own the run of one process, and whatever keeps what it tells."""

    def __init__(self, settings: DeskSettings, *, started_s: float | None = None) -> None:
        """Begin with nothing loaded; `started_s` is the perf_counter of the process's start.

        Raises ConfigurationError when the source is not known.
        """
        check_source(settings.source)
        self.settings = settings
        self.source = settings.source
        self.generation = 0
        self.parts: Parts | None = None
        self._started_s = time.perf_counter() if started_s is None else started_s
        self._first_book_s: float | None = None
        self._state = "starting"
        self._reason = ""
        self._done = 0
        self._total = 0
        self._show: Show | None = None
        self._pauses = PauseMeter()
        self._said_s = 0.0
        self._settled = asyncio.Event()
        self._switched = asyncio.Event()
        self._ahead: asyncio.Task[OpenedSource] | None = None

    @property
    def view(self) -> "View":
        """Return what clients may read. Raises NotReadyError before there is a run."""
        if self._show is None:
            raise NotReadyError(self._reason or f"the desk is {self._state}")
        return self._show.view

    @property
    def player(self) -> "Player":
        """Return the player of the tape.

        Raises NotReadyError before there is one, and ClockError where the source is no tape.
        """
        player: Player | None = getattr(self._show, "player", None)
        if player is not None:
            return player
        if is_running_source(self.source):
            raise ClockError(
                f"source {self.source} runs by the world's clock, which cannot be moved",
                is_conflict=True,
            )
        raise NotReadyError(self._reason or f"the desk is {self._state}")

    @property
    def live(self) -> "LiveShow | None":
        """Return the feeds that run, None where a tape is played or nothing yet."""
        return None if hasattr(self._show, "player") else self._show  # type: ignore[return-value]

    def clock(self) -> ClockReply | None:
        """Return the clock of the tape that is played, or None."""
        return None if self._show is None else self._show.clock()

    async def is_ready(self, within_s: float) -> bool:
        """Return whether there is a run, waiting for it that long at most."""
        try:
            async with asyncio.timeout(within_s):
                await self._settled.wait()
        except TimeoutError:
            return False
        return self._show is not None

    def switch(self, source: str) -> None:
        """Show another source from now on. Raises ConfigurationError when it is not known."""
        check_source(source)
        self.source = source
        self._switched.set()

    def health(self, *, clients: int = 0, topics: int = 0) -> Health:
        """Return how the desk is."""
        self._note_first_book()
        show = self._show
        view = None if show is None else show.view
        ended = show is not None and show.ended and self._state == "running"
        parts = {} if self.parts is None else self.parts.statuses()
        shown = {} if show is None else show.statuses()
        health = Health(
            state="ended" if ended else self._state,
            done=self._done,
            total=self._total,
            reason=self._reason,
            version=hftlib.__version__,
            pid=os.getpid(),
            source=Source.TAPE if view is None else view.run.source,
            origin=self.source if view is None else view.run.origin,
            uptime_s=round(time.perf_counter() - self._started_s, 3),
            first_book_s=self._first_book_s,
            clients=clients,
            topics=topics,
            history_bytes=0 if view is None else view.run.history_bytes(),
            gc=self._pauses.pauses(),
            **parts,
            **shown,
        )
        return self._judged(health)

    def _judged(self, health: Health) -> Health:
        """Return a health with its condition and the reasons for it, once there is a run."""
        if self._show is None:
            if self._state != "failed":
                return health
            return msgspec.structs.replace(health, condition="BROKEN", reasons=[self._reason])
        from hftlib.desk.health import judge
        from hftlib.desk.tallies import tally

        condition, reasons = judge(health, tally(self._show.view.run).books)
        return msgspec.structs.replace(health, condition=condition, reasons=reasons)

    async def work(self) -> None:
        """Load, then show one source after the other until cancelled.

        A failure is kept in `health`; it is raised too, unless the desk is to stay up for those
        who ask. Only failures that are no HftlibError are raised always.
        """
        try:
            self._open_ahead()
            await in_daemon_thread(self._compile)
            await self._open_parts()
            while True:
                await self._try_to_show()
        except HftlibError:
            raise
        except Exception as error:
            self._fail(f"{type(error).__name__}: {error}")
            raise
        finally:
            self._pauses.stop()
            await self._leave_ahead()
            await self._close_parts()

    async def _try_to_show(self) -> None:
        """Show the source until another one is wished; say why where that fails."""
        self._switched.clear()
        try:
            await self._show_source()
        except HftlibError as error:
            self._fail(str(error))
            if not self.settings.stays_up and self.source == self.settings.source:
                raise
            print(f"hftlib: {error}", file=sys.stderr, flush=True)
            await self._switched.wait()

    async def _show_source(self) -> None:
        show = await self._open_show()
        try:
            self._show = show
            self.generation += 1
            self._state, self._reason = "running", ""
            self._settled.set()
            await self._until_switched(show)
            self._show = None
        finally:
            await show.close()

    async def _until_switched(self, show: Show) -> None:
        warm = asyncio.Event()
        playing = asyncio.create_task(show.play(warm))
        switching = asyncio.create_task(self._switched.wait())
        warming = asyncio.create_task(self._start_measuring(warm))
        try:
            await asyncio.wait((playing, switching), return_when=asyncio.FIRST_COMPLETED)
            if playing.done():
                await playing
                await switching
            self._state = "loading"
            self._settled.clear()
        finally:
            for task in (playing, switching, warming):
                task.cancel()
            await asyncio.gather(playing, switching, warming, return_exceptions=True)

    async def _start_measuring(self, warm: asyncio.Event) -> None:
        """Freeze what the start made and measure collections, once it is warm or long enough."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_WARM_WITHIN_S):
                await warm.wait()
        self._note_first_book()
        self._pauses.start()

    async def _open_show(self) -> Show:
        if is_running_source(self.source):
            self._state = "opening"
            opened = await self._opened_source()
            from hftlib.desk.live_show import open_live

            assert self.parts is not None
            return await open_live(self.settings, opened, self.parts)
        self._state = "loading"
        shows: list[Show] = []
        path = tape_path(self.source)

        def load() -> None:
            from hftlib.desk.tape_show import TapeShow

            shows.append(TapeShow(path, self.settings))

        await in_daemon_thread(load)
        return shows[0]

    async def _opened_source(self) -> "OpenedSource":
        """Return the source, opened beside the loading of the kernels where it is the first."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None and self.source == self.settings.source:
            return await ahead
        return await _open_source(self.settings, self.source)

    def _open_ahead(self) -> None:
        """Begin to open the source while the kernels are loaded."""
        if is_running_source(self.source):
            self._ahead = asyncio.create_task(_open_source(self.settings, self.source))

    async def _leave_ahead(self) -> None:
        """Close a source that was opened ahead and is not to be shown."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            ahead.cancel()
            results = await asyncio.gather(ahead, return_exceptions=True)
            for opened in results:
                if not isinstance(opened, BaseException):
                    await opened.close()

    def _compile(self) -> None:
        """Import the engine and compile or load its kernels; runs in a thread."""
        self._state = "loading"
        if not is_running_source(self.source):
            tape_path(self.source)
        from hftlib.core.compiled import are_compiled, compile_all
        from hftlib.desk import opening  # noqa: F401 (it brings the kernels)

        if not are_compiled():
            self._state = "compiling"
        compile_all(self._on_progress)
        self._state = "loading"

    async def _open_parts(self) -> None:
        from hftlib.desk.parts import Parts

        self.parts = Parts(self.settings)
        await self.parts.open()

    async def _close_parts(self) -> None:
        if self.parts is not None:
            await self.parts.close()

    def _note_first_book(self) -> bool:
        show = self._show
        if self._first_book_s is None and show is not None and show.view.run.has_live_book:
            self._first_book_s = round(time.perf_counter() - self._started_s, 3)
        return self._first_book_s is not None

    def _fail(self, reason: str) -> None:
        self._state, self._reason = "failed", reason
        if self._show is not None:
            self._show.view.run.put_down(reason)
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


async def _open_source(settings: DeskSettings, source: str) -> "OpenedSource":
    """Open a running source; what it needs is imported in a thread, for the API answers already."""
    module = await asyncio.to_thread(importlib.import_module, "hftlib.desk.opened_source")
    opened: OpenedSource = await module.open_source(settings, source)
    return opened
