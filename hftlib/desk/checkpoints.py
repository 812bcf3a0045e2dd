"""Checkpoints for a tape that was written without an engine beside it, as importers do."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from hftlib.engine.engine import Engine
from hftlib.io.tape import BlockWriter, Manifest, TapeReader

LEAST_FRAMES: Final = 2_000
"""A quiet tape, such as one of candles, needs no checkpoint every 30 s of its time."""

_NS: Final = 1_000_000_000
_PROGRESS_FRAMES: Final = 2_000

Progress = Callable[[int, int], None]
"""Called as progress(frames done, frames in all)."""


def add_checkpoints(
    path: Path,
    seconds: float = 30.0,
    progress: Progress | None = None,
    *,
    least_frames: int = LEAST_FRAMES,
) -> int:
    """Play a tape and store the run's state every `seconds` of its time; return how many.

    Goes on from the last checkpoint that the tape has. A checkpoint stands at least
    `least_frames` after the one before, and none before the first book is there. Raises
    TapeError when the tape cannot be read or is being written.
    """
    reader = TapeReader(path)
    manifest = reader.manifest
    engine = Engine(manifest.instruments)
    last = reader.checkpoint_before(2**62)
    if last is not None:
        engine.restore(last.blob)
    total = manifest.records
    stored = since = 0
    stored_ns = last.ts_recv if last is not None else manifest.first_ts or 0
    with BlockWriter(path, Manifest(source=manifest.source), append=True) as writer:
        for frame in reader.frames(after_seq=last.ingress_seq if last is not None else None):
            engine.on_event(frame)
            since += 1
            is_time = abs(frame.ts_recv - stored_ns) >= seconds * _NS
            if is_time and since >= least_frames and engine.books:
                writer.append_checkpoint(frame.ingress_seq, frame.ts_recv, engine.checkpoint())
                stored_ns, since, stored = frame.ts_recv, 0, stored + 1
            if progress is not None and engine.frames % _PROGRESS_FRAMES == 0:
                progress(engine.frames, total)
    return stored
