"""Writers: `BlockWriter` in the caller's own time, `TapeWriter` in a thread for live feeds.

What a block holds reaches the operating system when the block is cut, so a kill -9 loses at most
the block that was open: one second, or 256 kB. Checkpoints and `flush` also force the disk.
"""

import hashlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import filelock
import msgspec

from hftlib.core.errors import TapeError
from hftlib.core.frames import Frame
from hftlib.core.instrument import Instrument
from hftlib.io.tape.block import SCHEMA, BlockBuilder, Header, read_header
from hftlib.io.tape.manifest import FILE, Manifest, Tally, load, store
from hftlib.io.tape.segments import LEVEL, SegmentFile, SegmentSource

BLOCK_NS: Final = 1_000_000_000
BLOCK_BYTES: Final = 256_000
QUEUE_BYTES: Final = 64 << 20

FRAMES: Final = "frames"
CHECKPOINTS: Final = "checkpoints"

_CHECKPOINT_CHAIN: Final = 16

_LOCK: Final = "writer.lock"
_FRAME_COST: Final = 200
_WAKE_SECONDS: Final = 0.1
_OPEN_SECONDS: Final = 0.8

OnLoss = Callable[[Frame, str], None]
"""Called with each frame that will not be on the tape, and the reason."""


class BlockWriter:
    """Write a tape in the caller's own thread: for importers, generators and tests."""

    def __init__(
        self,
        path: Path,
        manifest: Manifest | None = None,
        *,
        append: bool = False,
        level: int = LEVEL,
        block_ns: int = BLOCK_NS,
        block_bytes: int = BLOCK_BYTES,
        least_bytes: int = 0,
    ) -> None:
        """Create the tape at `path`, or with `append` go on with the one that is there.

        Of `manifest` the source, origin, instruments and notes are kept; on appending they are
        added to those on the tape. A block is cut at `block_bytes`, or at `block_ns` of tape time
        once it has `least_bytes`: a quiet import need not be cut into blocks of one record, which
        a live tape must be, to lose no more than a second.

        Raises TapeError when a tape is there and `append` is not set, when another writer holds
        it, when its source is another one, or when it is damaged.
        """
        self._folder = Path(path)
        self._block_ns = block_ns
        self._block_bytes = block_bytes
        self._least_bytes = least_bytes
        self._block = BlockBuilder()
        self._opened_at = 0.0
        self._lock = _take_lock(self._folder, append)
        try:
            self.manifest = self._open(manifest or Manifest(), level)
        except BaseException:
            self._lock.release()
            raise

    def _open(self, manifest: Manifest, level: int) -> Manifest:
        if (self._folder / FILE).exists():
            manifest = _merged(load(self._folder), manifest)
        store(self._folder, msgspec.structs.replace(manifest, closed=False))
        self._frames = SegmentFile(self._folder, FRAMES, level)
        self._checkpoints = SegmentFile(self._folder, CHECKPOINTS, level, _CHECKPOINT_CHAIN)
        self._digest = hashlib.sha256()
        self._tally = Tally()
        self._take_in()
        self._last_seq = self._tally.last_seq
        self._checkpoints.keep_until(-1 if self._last_seq is None else self._last_seq)
        return manifest

    def _take_in(self) -> None:
        """Count and digest what is on the tape already."""
        path = self._folder / f"{FRAMES}.zst"
        with SegmentSource(path) as source, path.open("rb") as file:
            for segment in self._frames.segments:
                self._tally.add(read_header(source.text(segment)), segment.raw)
                self._digest.update(file.read(segment.length))

    @property
    def next_seq(self) -> int:
        """Return the ingress_seq that follows the last frame's, 0 on an empty tape."""
        return 0 if self._last_seq is None else self._last_seq + 1

    @property
    def torn_bytes(self) -> int:
        """Return the bytes of a torn block that were cut when the tape was opened."""
        return self._frames.torn_bytes

    def append(self, frame: Frame) -> None:
        """Add a frame. Raises TapeError when its ingress_seq does not rise."""
        if self._last_seq is not None and frame.ingress_seq <= self._last_seq:
            raise TapeError(f"ingress_seq {frame.ingress_seq} after {self._last_seq}")
        if self._is_due(frame.ts_recv):
            self.cut()
        if self._block.records == 0:
            self._opened_at = time.monotonic()
        self._block.add(frame)
        self._last_seq = frame.ingress_seq

    def _is_due(self, ts_recv: int) -> bool:
        if self._block.records == 0:
            return False
        if self._block.size >= self._block_bytes:
            return True
        is_old = abs(ts_recv - self._block.first_ts) >= self._block_ns
        return is_old and self._block.size >= self._least_bytes

    def append_checkpoint(self, ingress_seq: int, ts_recv: int, blob: bytes) -> None:
        """Store the state of the books after frame `ingress_seq`, as opaque bytes.

        The frames before it are written first, so that no checkpoint outlives its frames.
        Raises TapeError when it is older than the last checkpoint or newer than the last frame.
        """
        before = self._checkpoints.segments
        if ingress_seq >= self.next_seq or (before and ingress_seq <= before[-1].last_seq):
            raise TapeError(f"a checkpoint at ingress_seq {ingress_seq} is out of order")
        self.cut()
        header = Header(SCHEMA, 1, ingress_seq, ingress_seq, ts_recv, ts_recv, ())
        text = msgspec.json.encode(header) + b"\n" + blob
        self._checkpoints.append(header, text)
        self._frames.sync()
        self._checkpoints.sync()

    def add_instruments(self, instruments: Iterable[Instrument]) -> None:
        """Put instruments into the manifest, at once."""
        self.manifest = self.manifest.with_instruments(instruments)
        store(self._folder, msgspec.structs.replace(self.manifest, closed=False))

    def describe(self, manifest: Manifest) -> None:
        """Add the origin, instruments and notes of `manifest` when the tape is closed.

        Checkpoints count in the increments they were made with: where an instrument changes,
        they are dropped.
        """
        held = {(one.venue, one.symbol): one for one in self.manifest.instruments}
        self.manifest = _merged(self.manifest, manifest)
        if any(held.get((one.venue, one.symbol), one) != one for one in manifest.instruments):
            self._checkpoints.keep_until(-1)

    def add_overflow(self, frames: int) -> None:
        """Add to the manifest's number of frames that did not reach the tape."""
        self.manifest = msgspec.structs.replace(
            self.manifest, overflow=self.manifest.overflow + frames
        )

    def cut(self) -> None:
        """End the open block and hand it to the operating system.

        Raises OSError when that refuses; the block then stays open and may be cut again.
        """
        if self._block.records == 0:
            return
        header, text = self._block.header(), self._block.text()
        self._digest.update(self._frames.append(header, text))
        self._tally.add(header, len(text))
        self._block = BlockBuilder()

    def cut_if_older(self, seconds: float) -> None:
        """End the open block when its first record came `seconds` ago or more."""
        if self._block.records and time.monotonic() - self._opened_at >= seconds:
            self.cut()

    def flush(self) -> None:
        """End the open block and force everything onto the disk."""
        self.cut()
        self._frames.sync()

    def close(self) -> Manifest:
        """Flush, write the final manifest and give the tape free; return the manifest."""
        self.flush()
        self._frames.close()
        self._checkpoints.close()
        self.manifest = msgspec.structs.replace(
            self._tally.into(self.manifest),
            frames_bytes=self._frames.segments[-1].end if self._frames.segments else 0,
            sha256=self._digest.hexdigest(),
            closed=True,
        )
        store(self._folder, self.manifest)
        (self._folder / _LOCK).unlink(missing_ok=True)
        self._lock.release()
        return self.manifest

    def __enter__(self) -> "BlockWriter":
        """Return this writer."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the tape."""
        self.close()


class TapeWriter:
    """Write a tape in a thread, behind a bounded queue: for live feeds.

    `overflow` counts the frames that are not on the tape, because the queue was full or because
    the disk refuses (`failure` says how, and is None again once it takes); each is also reported
    through `on_loss`, in the thread that lost it. The manifest keeps the count.
    """

    def __init__(
        self,
        path: Path,
        manifest: Manifest | None = None,
        *,
        append: bool = False,
        level: int = LEVEL,
        queue_bytes: int = QUEUE_BYTES,
        on_loss: OnLoss | None = None,
    ) -> None:
        """Open the tape as `BlockWriter` does and start the thread."""
        self._writer = BlockWriter(path, manifest, append=append, level=level)
        self._queue_bytes = queue_bytes
        self._on_loss = on_loss
        self._waiting: deque[Frame | Callable[[], object]] = deque()
        self._put_bytes = 0
        self._taken_bytes = 0
        self._last_seq = self._writer.next_seq - 1
        self._wake = threading.Event()
        self._is_closing = False
        self.overflow = 0
        self.failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="tape", daemon=True)
        self._thread.start()

    @property
    def next_seq(self) -> int:
        """Return the ingress_seq that follows the last frame's, 0 on an empty tape."""
        return self._last_seq + 1

    @property
    def queued_bytes(self) -> int:
        """Return about how many bytes wait for the thread."""
        return self._put_bytes - self._taken_bytes

    def append(self, frame: Frame) -> bool:
        """Hand a frame to the thread, never waiting; return False when it is lost.

        Raises TapeError when its ingress_seq does not rise.
        """
        if frame.ingress_seq <= self._last_seq:
            raise TapeError(f"ingress_seq {frame.ingress_seq} after {self._last_seq}")
        self._last_seq = frame.ingress_seq
        cost = len(frame.payload) + _FRAME_COST
        if self._waiting and self.queued_bytes + cost > self._queue_bytes:
            self._lose(frame, "the tape's queue is full")
            return False
        if self.failure is not None:
            self._lose(frame, str(self.failure))
            return False
        self._put_bytes += cost
        self._waiting.append(frame)
        return True

    def append_checkpoint(self, ingress_seq: int, ts_recv: int, blob: bytes) -> None:
        """Store the state of the books after frame `ingress_seq`, as opaque bytes."""
        self._waiting.append(lambda: self._checkpoint(ingress_seq, ts_recv, blob))

    def add_instruments(self, instruments: Iterable[Instrument]) -> None:
        """Put instruments into the manifest."""
        added = tuple(instruments)
        self._waiting.append(lambda: self._writer.add_instruments(added))

    def flush(self, timeout: float = 10.0) -> None:
        """Wait until all frames so far are on the disk. Raises TapeError when they are not."""
        done = threading.Event()
        refusals: list[Exception | None] = []

        def flush() -> None:
            self._try(self._writer.flush)
            refusals.append(self.failure)
            done.set()

        self._waiting.append(flush)
        self._wake.set()
        if not done.wait(timeout):
            raise TapeError("the tape is not on the disk: no answer in time")
        if refusals[0] is not None:
            raise TapeError(f"the tape is not on the disk: {refusals[0]}")

    def close(self) -> Manifest:
        """Write what waits, close the tape and return its manifest.

        Raises TapeError when the disk refused something.
        """
        self._is_closing = True
        self._wake.set()
        self._thread.join()
        self._writer.add_overflow(self.overflow)
        try:
            return self._writer.close()
        except OSError as error:
            raise TapeError(f"the tape could not be closed: {error}") from error

    def __enter__(self) -> "TapeWriter":
        """Return this writer."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the tape."""
        self.close()

    def _checkpoint(self, ingress_seq: int, ts_recv: int, blob: bytes) -> None:
        """Store a checkpoint unless the frame it follows was lost at the end of the queue."""
        if ingress_seq < self._writer.next_seq:
            self._writer.append_checkpoint(ingress_seq, ts_recv, blob)

    def _lose(self, frame: Frame, reason: str) -> None:
        self.overflow += 1
        if self._on_loss is not None:
            self._on_loss(frame, reason)

    def _run(self) -> None:
        while not self._is_closing or self._waiting:
            self._wake.wait(_WAKE_SECONDS)
            self._wake.clear()
            while self._waiting:
                self._take(self._waiting.popleft())
            if self.failure is None:
                self._guard(lambda: self._writer.cut_if_older(_OPEN_SECONDS))
            else:
                self._try(self._writer.cut)

    def _take(self, item: Frame | Callable[[], object]) -> None:
        if not isinstance(item, Frame):
            self._guard(item)
            return
        self._taken_bytes += len(item.payload) + _FRAME_COST
        if self.failure is None:
            self._guard(lambda: self._write(item))
        else:
            self._lose(item, str(self.failure))

    def _write(self, frame: Frame) -> None:
        try:
            self._writer.append(frame)
        except ValueError as error:
            self._lose(frame, f"this frame cannot be written: {error}")

    def _try(self, action: Callable[[], object]) -> None:
        """Do what decides whether the disk takes again."""
        self.failure = None
        self._guard(action)

    def _guard(self, action: Callable[[], object]) -> None:
        """Do what the disk may refuse; keep a refusal in `failure`, never raise it."""
        try:
            action()
        except (OSError, TapeError) as error:
            self.failure = error


def _take_lock(folder: Path, append: bool) -> filelock.BaseFileLock:
    if folder.exists() and not folder.is_dir():
        raise TapeError(f"{folder} is a file, and a tape is a folder")
    if (folder / FILE).exists() and not append:
        raise TapeError(f"{folder} exists: append to it, or choose another name")
    folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / _LOCK)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        raise TapeError(f"{folder} is being written by another process") from error
    return lock


def _merged(held: Manifest, added: Manifest) -> Manifest:
    """Return the manifest of a tape that is gone on with."""
    if held.records and held.source is not added.source:
        raise TapeError(f"a tape of source {held.source} takes no frames of {added.source}")
    notes = held.notes + tuple(note for note in added.notes if note not in held.notes)
    merged = msgspec.structs.replace(
        held, source=added.source, origin=held.origin + added.origin, notes=notes
    )
    return merged.with_instruments(added.instruments)
