"""Open a tape as a run with a player: what a desk does once the kernels are there."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from hftlib.core.errors import TapeError
from hftlib.core.frames import Frame
from hftlib.core.states import Source
from hftlib.desk.player import Player
from hftlib.desk.run import Run
from hftlib.desk.settings import DeskSettings
from hftlib.desk.view import View
from hftlib.engine.engine import Engine
from hftlib.io.tape.reader import Checkpoint, TapeReader
from hftlib.signals.catalogue import signals_from


class TapeRecording:
    """Show a tape to the player as a stretch of time."""

    def __init__(self, reader: TapeReader) -> None:
        """Wrap an open tape. Raises TapeError when it holds no frames."""
        manifest = reader.manifest
        if manifest.first_ts is None or manifest.last_ts is None:
            raise TapeError(f"{reader.path} holds no frames")
        self._reader = reader
        self.start_ns = manifest.first_ts
        self.end_ns = manifest.last_ts

    def frames(self, after_seq: int | None = None) -> Iterator[Frame]:
        """Yield the frames in arrival order, those after `after_seq` where one is given."""
        return self._reader.frames(after_seq=after_seq)

    def checkpoint_before(self, ts: int) -> Checkpoint | None:
        """Return the last checkpoint at or before a time, if there is one."""
        return self._reader.checkpoint_before(ts)


def run_of(reader: TapeReader) -> Run:
    """Return a fresh run over the instruments of a tape, with what its numbers are to be called."""
    manifest = reader.manifest
    source = Source.SIMULATED if manifest.source is Source.SIMULATED else Source.TAPE
    named = (origin.partition(" sha256 ")[0] for origin in manifest.origin)
    origin = ", ".join(named) or reader.path.name
    make_engine = partial(Engine, manifest.instruments, signals=signals_from(manifest.signals))
    return Run(make_engine, source, origin)


def open_run(path: Path, settings: DeskSettings) -> tuple[View, Player]:
    """Open a tape to be played. Raises TapeError when it cannot be read."""
    reader = TapeReader(path)
    run = run_of(reader)
    player = Player(
        TapeRecording(reader),
        run,
        speed=settings.speed,
        paused=settings.paused,
        loop=settings.loop,
    )
    return View(run), player
