"""The tape of a live run: a folder of tapes, each going on where the one before ended.

A tape is followed by another at a size or an age, and after frames were lost. The switch is made
at a checkpoint, which the new tape begins with, so that each tape can be played on its own; all of
it is done in the tape's thread, behind the frames that came before. The oldest tapes are deleted
at a size or an age of all of them. Where the disk is nearly full, or refuses, the tape stops and
says so, counts what it loses, and goes on in a new tape when there is room again.

A tape whose writer was killed is left as it is: a reader takes what is whole.
"""

import logging
import shutil
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

import filelock
import msgspec

from hftlib.core.clock import Clock
from hftlib.core.errors import TapeError
from hftlib.core.frames import Frame
from hftlib.core.instrument import Instrument
from hftlib.io.clock import WallClock
from hftlib.io.tape.manifest import Manifest
from hftlib.io.tape.segments import LEVEL
from hftlib.io.tape.writer import (
    BEGUN,
    FRAMES,
    LOCK,
    QUEUE_BYTES,
    Ending,
    OnLoss,
    Opening,
    TapeWriter,
    lay_out,
)
from hftlib.wire.messages import TapeStatus

SUFFIX: Final = ".tape"
CHECKPOINT_NS: Final = 30_000_000_000

_DOOMED: Final = ".deleted"
_NS: Final = 1_000_000_000
_STILLBORN_NS: Final = 60 * _NS
_SWEEP_EVERY: Final = 10
"""The folder is looked through every so many seconds."""

_log: Final = logging.getLogger(__name__)


def free_bytes(folder: Path) -> int:
    """Return the room left on the disk of a folder."""
    return shutil.disk_usage(folder).free


class TapeLimits(msgspec.Struct, frozen=True):
    """Say when a tape is followed by another, which are kept, and how much disk stays free.

    `rotate_bytes` is the size on the disk, `rotate_ns` the age at which the next one begins;
    beyond `keep_bytes` in all, or unwritten for `keep_ns`, the oldest go; below `least_free_bytes`
    of free disk nothing more is written.
    """

    rotate_bytes: int
    rotate_ns: int
    keep_bytes: int
    keep_ns: int
    least_free_bytes: int


class HashTexts(Protocol):
    """Describe the hashes of a run: of all of it, of its event-time facts, of this tape's part."""

    @property
    def run_hash(self) -> str: ...  # noqa: D102
    @property
    def fact_hash(self) -> str: ...  # noqa: D102
    @property
    def part_hash(self) -> str: ...  # noqa: D102


class Hasher(Protocol):
    """Describe who hashes the facts of the run: encoded on the loop, digested in the thread."""

    def cut(self) -> Any:
        """Take away what was encoded so far; called on the loop."""
        ...

    def digest(self, chunk: Any) -> None:
        """Digest what was cut; called in the tape's thread, in order."""
        ...

    def hashes(self) -> HashTexts:
        """Return the hashes of what was digested."""
        ...

    def begin_part(self) -> None:
        """Begin the hash of a part anew."""
        ...


class LiveTape:
    """Write the tapes of a live run into a folder; no method but `close` waits for the disk."""

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        limits: TapeLimits,
        on_loss: OnLoss | None = None,
        *,
        hasher: Hasher | None = None,
        clock: Clock | None = None,
        free_bytes: Callable[[Path], int] = free_bytes,
        level: int = LEVEL,
        queue_bytes: int = QUEUE_BYTES,
    ) -> None:
        """Begin the first tape of a run in `folder`; `manifest` says what the run is.

        With `hasher` the hashes of the run go into the manifests; `free_bytes` tells the room left
        on the disk of a folder. Raises OSError or TapeError when the folder cannot be written.
        """
        self._folder = folder
        self._limits = limits
        self._clock = clock or WallClock()
        self._free_bytes = free_bytes
        self._hasher = hasher
        self._written = _Tapes(folder)
        self._overflow_seen = 0
        self._has_lost = False
        self._watches = 0
        folder.mkdir(parents=True, exist_ok=True)
        self._began_ns = self._checkpoint_ns = self._clock.now_ns()
        path = self._fresh_path(self._began_ns)
        self._part = msgspec.structs.replace(manifest, run=path.stem, part=0)
        lay_out(path, self._part)
        self._writer = TapeWriter(
            path,
            Manifest(source=manifest.source),
            append=True,
            level=level,
            queue_bytes=queue_bytes,
            on_loss=on_loss,
            watch=self._watch,
        )

    @property
    def path(self) -> Path:
        """Return the tape that is being written."""
        return self._writer.path

    def append(self, frame: Frame) -> bool:
        """Record a frame, never waiting; return False when it is lost.

        Raises TapeError when its ingress_seq does not rise.
        """
        return self._writer.append(frame)

    def add_instruments(self, instruments: Iterable[Instrument]) -> None:
        """Put instruments into the manifest of this tape and of those after it."""
        added = tuple(instruments)
        self._part = self._part.with_instruments(added)
        self._writer.add_instruments(added)

    def wants_checkpoint(self, ts_ns: int) -> bool:
        """Say whether a checkpoint is due: every 30 s, or because a new tape is to begin.

        To be asked about once a second: that is also when facts are handed on to be digested.
        """
        self._hand_on_facts()
        if self._writer.failure is not None:
            return False
        return ts_ns - self._checkpoint_ns >= CHECKPOINT_NS or self._is_over(ts_ns)

    def append_checkpoint(self, ingress_seq: int, ts_recv: int, blob: bytes) -> None:
        """Store the state of the run after frame `ingress_seq`, the last that was appended.

        Where a new tape is due it begins here, with this state.
        """
        now = self._checkpoint_ns = self._clock.now_ns()
        if self._is_over(now):
            self._rotate(now, (ingress_seq, ts_recv, blob))
        else:
            self._writer.append_checkpoint(ingress_seq, ts_recv, blob)

    def status(self) -> TapeStatus:
        """Return how the tape does; `bytes` and `frames` are those on the disk.

        `bytes` are of all tapes in the folder, `frames` of this run.
        """
        writer = self._writer
        return TapeStatus(
            path=str(self.path),
            bytes=self._written.bytes + writer.frames_bytes,
            frames=sum(manifest.records for manifest in writer.ended) + writer.records,
            lost=writer.overflow,
            queued_bytes=writer.queued_bytes,
            rotations=len(writer.ended),
            deleted=self._written.deleted,
            trouble=self._trouble(),
        )

    def _trouble(self) -> str:
        missing = self._writer.overflow - self._overflow_seen
        if self._writer.failure is not None:
            return f"nothing is recorded: {self._writer.failure}"
        return f"{missing} frames are missing; a new tape begins" if missing else ""

    def flush(self, timeout: float = 10.0) -> None:
        """Wait until all frames so far are on the disk. Raises TapeError when they are not."""
        self._writer.flush(timeout)

    def close(self) -> tuple[Manifest, ...]:
        """Write what waits, close the tape; return the manifests of the run's tapes, in order.

        Where the disk refuses to the last, what it did not take is counted and told; the last tape
        then stays as a killed one would.
        """
        self._hand_on_facts()
        try:
            self._writer.ended.append(self._writer.close(self._ending()))
        except TapeError as error:
            _log.error("the tape is not whole", extra={"path": str(self.path), "why": str(error)})
        return tuple(self._writer.ended)

    def _is_over(self, now: int) -> bool:
        limits, writer = self._limits, self._writer
        if writer.is_switching:
            return False
        return (
            now - self._began_ns >= limits.rotate_ns
            or writer.frames_bytes >= limits.rotate_bytes
            or writer.overflow > self._overflow_seen
        )

    def _rotate(self, now: int, opening: Opening) -> None:
        self._hand_on_facts()
        ending = self._ending()
        self._overflow_seen = self._writer.overflow
        self._part = msgspec.structs.replace(self._part, part=self._part.part + 1)
        self._began_ns = now
        self._writer.go_on_in(self._fresh_path(now), self._part, opening, ending)

    def _fresh_path(self, now: int) -> Path:
        """Return a path after which the tapes sort by time."""
        seconds, rest = divmod(now, _NS)
        stamp = datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%dT%H%M%S")
        path = self._folder / f"{stamp}.{rest:09}Z{SUFFIX}"
        return path if not path.exists() else self._fresh_path(now + 1)

    def _has_gap(self) -> bool:
        """Say whether frames of this tape are missing: its facts cannot be had from it again."""
        return self._writer.failure is not None or self._writer.overflow > self._overflow_seen

    def _hand_on_facts(self) -> None:
        """Let the thread digest the facts so far; those of a tape with a gap are of no use."""
        hasher = self._hasher
        if hasher is None:
            return
        chunk = hasher.cut()
        if not self._has_gap():
            self._writer.then(partial(hasher.digest, chunk), ends_block=False)

    def _ending(self) -> Ending:
        """Return what writes the hashes into the manifest of the tape that ends now."""
        has_gap, hasher = self._has_gap(), self._hasher
        self._has_lost = has_lost = self._has_lost or has_gap

        def end(manifest: Manifest) -> Manifest:
            if hasher is None:
                return manifest
            told = hasher.hashes()
            hasher.begin_part()
            return msgspec.structs.replace(
                manifest,
                run_hash="" if has_lost else told.run_hash,
                fact_hash="" if has_lost else told.fact_hash,
                part_hash="" if has_gap else told.part_hash,
            )

        return end

    def _watch(self) -> str:
        """Delete what is too old or too much; return what speaks against writing on."""
        limits = self._limits
        if self._watches % _SWEEP_EVERY == 0:
            now, own = self._clock.now_ns(), self._writer.frames_bytes
            self._written.clear(now - _STILLBORN_NS)
            self._written.sweep(self.path, now - limits.keep_ns, limits.keep_bytes - own)
        self._watches += 1
        free = self._free_bytes(self._folder)
        if free >= limits.least_free_bytes:
            return ""
        return f"{free / 1e9:.1f} GB of disk are free, {limits.least_free_bytes / 1e9:.1f} must be"


class _Tapes:
    """Know the tapes of a folder beside the one being written, and delete the oldest of them."""

    def __init__(self, folder: Path) -> None:
        """Begin with a folder that has not been looked at."""
        self._folder = folder
        self._bytes: dict[Path, int] = {}
        self.deleted = 0

    @property
    def bytes(self) -> int:
        """Return the bytes of these tapes."""
        return sum(self._bytes.values())

    def clear(self, oldest_ns: int) -> None:
        """Remove what a kill left of tapes half deleted, and half begun before `oldest_ns`."""
        for rest in self._folder.glob(f"*{_DOOMED}"):
            shutil.rmtree(rest, ignore_errors=True)
        for rest in self._folder.glob(f"*{BEGUN}"):
            if _written_ns(rest) < oldest_ns:
                shutil.rmtree(rest, ignore_errors=True)

    def sweep(self, current: Path, oldest_ns: int, most_bytes: int) -> None:
        """Delete tapes last written before `oldest_ns`, and the oldest beyond `most_bytes`."""
        there = sorted(path for path in self._folder.glob(f"*{SUFFIX}") if path != current)
        self._bytes = {path: self._bytes.get(path) or _size(path) for path in there}
        for path in there:
            is_old = _written_ns(path) < oldest_ns
            if (is_old or self.bytes > most_bytes) and not _is_being_written(path):
                self._delete(path)

    def _delete(self, path: Path) -> None:
        """Take a tape out of the way at once, then delete it: half a tape is never seen."""
        doomed = path.with_suffix(_DOOMED)
        path.rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)
        del self._bytes[path]
        self.deleted += 1


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in path.iterdir())


def _written_ns(path: Path) -> int:
    """Return when a tape was last written; one that was killed at birth is as old as its folder."""
    frames = path / f"{FRAMES}.zst"
    return (frames if frames.exists() else path).stat().st_mtime_ns


def _is_being_written(path: Path) -> bool:
    if not (path / LOCK).exists():
        return False
    lock = filelock.FileLock(path / LOCK)
    try:
        with lock.acquire(timeout=0):
            return False
    except filelock.Timeout:
        return True
