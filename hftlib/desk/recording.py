"""Record a running source without a desk's API: feeds, engine and tape, and a line now and then."""

import asyncio
import signal
import time
from collections.abc import Callable
from typing import Final

import msgspec

from hftlib.core.compiled import compile_all
from hftlib.core.errors import ConfigurationError
from hftlib.core.states import BookState
from hftlib.desk.compiling import tell_compiling
from hftlib.desk.live_show import LiveShow, open_live
from hftlib.desk.opened_source import open_source
from hftlib.desk.ownership import owning
from hftlib.desk.settings import RUNNING, DeskSettings, is_running_source
from hftlib.io.loops import loop_factory

_TELL_EVERY_S: Final = 10.0


class RecordingLine(msgspec.Struct, frozen=True):
    """Tell how far a recording is: frames so far, books that are LIVE, and where the tape lies."""

    seconds: float
    frames: int
    lost: int
    tape_bytes: int
    live_books: int
    books: int
    path: str
    trouble: str


Tell = Callable[[RecordingLine], None]


def record(settings: DeskSettings, tell: Tell, *, seconds: float | None = None) -> RecordingLine:
    """Record until `seconds` are over or SIGINT or SIGTERM; return how it ended.

    Raises ConfigurationError for a source that is a tape, OwnedElsewhereError where the data
    folder belongs to a desk, and what `open_source` and `open_live` raise.
    """
    if not is_running_source(settings.source):
        raise ConfigurationError(
            f"{settings.source} is a recording already: record one of {', '.join(RUNNING)}"
        )
    compile_all(tell_compiling)
    with owning(settings.data_dir), asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(_record(settings, tell, seconds))


async def _record(settings: DeskSettings, tell: Tell, seconds: float | None) -> RecordingLine:
    stopped = asyncio.Event()
    _stop_on_signals(stopped)
    started_s = time.monotonic()
    show = await open_live(settings, await open_source(settings, settings.source))
    playing = asyncio.create_task(show.play(asyncio.Event()))
    playing.add_done_callback(lambda _: stopped.set())
    try:
        while not stopped.is_set():
            passed_s = time.monotonic() - started_s
            if seconds is not None and passed_s >= seconds:
                break
            left_s = _TELL_EVERY_S if seconds is None else min(_TELL_EVERY_S, seconds - passed_s)
            await _wait(stopped, left_s)
            tell(_line(show, time.monotonic() - started_s))
        if playing.done():
            playing.result()
        return _line(show, time.monotonic() - started_s)
    finally:
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
        await show.close()


async def _wait(stopped: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stopped.wait()
    except TimeoutError:
        pass


def _line(show: LiveShow, seconds: float) -> RecordingLine:
    tape = show.live_run.tape.status()
    books = show.view.run.engine.books.values()
    return RecordingLine(
        seconds=round(seconds, 1),
        frames=show.live_run.frames,
        lost=tape.lost,
        tape_bytes=tape.bytes,
        live_books=sum(book.state is BookState.LIVE for book in books),
        books=len(show.view.run.engine.instruments),
        path=tape.path,
        trouble=tape.trouble,
    )


def _stop_on_signals(stopped: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stopped.set)
        except NotImplementedError:  # Windows' loop has no such thing
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stopped.set))
