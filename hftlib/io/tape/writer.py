"""Writers: `BlockWriter` in the caller's own time, `TapeWriter` in a thread for live feeds.

What a block holds reaches the operating system when the block is cut, so a kill -9 loses at most
the block that was open: one second, or 256 kB. Checkpoints and `flush` also force the disk.

`TapeWriter` gathers the block where the frames come in, for that is a microsecond and a half a
frame, and a thread that did it would hold the interpreter for milliseconds at a time. The thread
does what lets the interpreter go meanwhile: it compresses, writes and digests.
"""

import hashlib
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import filelock
import msgspec

from hftlib.core.errors import TapeError
from hftlib.core.frames import Frame
from hftlib.core.instrument import Instrument
from hftlib.io.tape.block import SCHEMA, BlockBuilder, Header, read_frames, read_header
from hftlib.io.tape.manifest import FILE, Manifest, Tally, load, store
from hftlib.io.tape.segments import LEVEL, SegmentFile, SegmentSource

BLOCK_NS: Final = 1_000_000_000
BLOCK_BYTES: Final = 256_000
QUEUE_BYTES: Final = 64 << 20

FRAMES: Final = "frames"
CHECKPOINTS: Final = "checkpoints"

_CHECKPOINT_CHAIN: Final = 16

BEGUN: Final = ".begun"
"""What the folder of a tape is called until its manifest is in it."""

LOCK: Final = "writer.lock"
_WAKE_SECONDS: Final = 0.1
_OPEN_SECONDS: Final = 0.8
_WATCH_SECONDS: Final = 1.0

OnLoss = Callable[[Frame, str], None]
"""Called with each frame that will not be on the tape, and the reason."""

Action = Callable[[], object]
Ending = Callable[[Manifest], Manifest]
"""Called with the manifest of a tape that is being closed; returns what is to stand there."""

Opening = tuple[int, int, bytes]
"""The state that a tape begins from: ingress_seq and ts_recv of the last frame in it, and it."""


class _Flush(NamedTuple):
    done: threading.Event
    refusals: list[Exception]


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
        self._block.add(frame)
        self._last_seq = frame.ingress_seq

    def _is_due(self, ts_recv: int) -> bool:
        if self._block.size >= self._block_bytes:
            return True
        return self._block.is_older(ts_recv, self._block_ns) and (
            self._block.size >= self._least_bytes
        )

    def append_block(self, block: BlockBuilder) -> None:
        """Write a block that was gathered elsewhere.

        Raises TapeError when its frames do not follow the last one; OSError as `cut` does.
        """
        if self._last_seq is not None and block.first_seq <= self._last_seq:
            raise TapeError(f"ingress_seq {block.first_seq} after {self._last_seq}")
        self.cut()
        self._put(block)
        self._last_seq = block.last_seq

    def append_checkpoint(self, ingress_seq: int, ts_recv: int, blob: bytes) -> None:
        """Store the state of the books after frame `ingress_seq`, as opaque bytes.

        The frames before it are written first, so that no checkpoint outlives its frames. The
        first of a tape may stand before its frames: it is what the tape goes on from. Raises
        TapeError when it is older than the last checkpoint or newer than the last frame.
        """
        before = self._checkpoints.segments
        is_opening = self._last_seq is None and not before
        if not is_opening and (
            ingress_seq >= self.next_seq or (before and ingress_seq <= before[-1].last_seq)
        ):
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

    def describe_end(self, ending: Ending) -> None:
        """Let `ending` have the last word on the manifest, which is stored on closing."""
        self.manifest = ending(self.manifest)

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
        self._put(self._block)
        self._block = BlockBuilder()

    def _put(self, block: BlockBuilder) -> None:
        header, text = block.header(), block.text()
        self._digest.update(self._frames.append(header, text))
        self._tally.add(header, len(text))

    @property
    def frames_bytes(self) -> int:
        """Return the bytes of the blocks so far, compressed."""
        return self._frames.segments[-1].end if self._frames.segments else 0

    @property
    def records(self) -> int:
        """Return how many frames were written."""
        return self._tally.records

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
            frames_bytes=self.frames_bytes,
            sha256=self._digest.hexdigest(),
            closed=True,
        )
        store(self._folder, self.manifest)
        (self._folder / LOCK).unlink(missing_ok=True)
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
    through `on_loss`. The manifest keeps the count. `watch` is asked by the thread each second
    what speaks against writing; while it says something, that is the failure.
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
        watch: Callable[[], str] | None = None,
    ) -> None:
        """Open the tape as `BlockWriter` does and start the thread."""
        self._writer = BlockWriter(path, manifest, append=append, level=level)
        self.path = path
        self.is_switching = False
        self.ended: list[Manifest] = []
        self._level = level
        self._queue_bytes = queue_bytes
        self._on_loss = on_loss
        self._watch = watch
        self._watched_at = time.monotonic()
        self._block = BlockBuilder()
        self._opened_at = 0.0
        self._block_lock = threading.Lock()
        self._waiting: deque[BlockBuilder | Action] = deque()
        self._flushes: deque[_Flush] = deque()
        self._put_bytes = 0
        self._taken_bytes = 0
        self._last_seq = self._writer.next_seq - 1
        self._wake = threading.Event()
        self._is_closing = False
        self.overflow = 0
        self._overflow_before = 0
        self._trouble = ""
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
        return self._put_bytes - self._taken_bytes + self._block.size

    @property
    def frames_bytes(self) -> int:
        """Return the bytes of the tape's blocks on the disk."""
        return self._writer.frames_bytes

    @property
    def records(self) -> int:
        """Return how many frames of this tape are on the disk."""
        return self._writer.records

    def append(self, frame: Frame) -> bool:
        """Take a frame, never waiting; return False when it is lost.

        Raises TapeError when its ingress_seq does not rise.
        """
        seq = frame.ingress_seq
        if seq <= self._last_seq:
            raise TapeError(f"ingress_seq {seq} after {self._last_seq}")
        self._last_seq = seq
        if self.failure is not None:
            return self._lose(frame, str(self.failure))
        with self._block_lock:
            block = self._block
            if block.size >= BLOCK_BYTES or block.is_older(frame.ts_recv, BLOCK_NS):
                block = self._end_block()
            waiting = self._put_bytes - self._taken_bytes
            if waiting and waiting + block.size + len(frame.payload) > self._queue_bytes:
                return self._lose(frame, "the tape's queue is full")
            if block.records == 0:
                self._opened_at = time.monotonic()
            try:
                block.add(frame)
            except ValueError as error:
                return self._lose(frame, f"this frame cannot be written: {error}")
        return True

    def append_checkpoint(self, ingress_seq: int, ts_recv: int, blob: bytes) -> None:
        """Store the state of the books after frame `ingress_seq`, as opaque bytes."""
        self.then(lambda: self._checkpoint(ingress_seq, ts_recv, blob))

    def add_instruments(self, instruments: Iterable[Instrument]) -> None:
        """Put instruments into the manifest."""
        added = tuple(instruments)
        self.then(lambda: self._writer.add_instruments(added), ends_block=False)

    def then(self, action: Action, *, ends_block: bool = True) -> None:
        """Have the thread do something behind the blocks so far; a refusal is the failure.

        With `ends_block` the open block is ended first, so that it comes behind all frames.
        """
        with self._block_lock:
            if ends_block:
                self._end_block()
            self._waiting.append(action)

    def go_on_in(self, path: Path, manifest: Manifest, opening: Opening, ending: Ending) -> None:
        """Close the tape behind the frames so far and go on with a new one at `path`.

        `opening` is the state (ingress_seq, ts_recv, blob) that the new tape begins from, `ending`
        is asked in the thread for the last word on the old tape's manifest. Where the new one
        cannot be opened the old one goes on, with that state as a checkpoint of its own. Until
        either has come to pass `is_switching` is set; then `path` says where frames go, and
        `ended` holds the manifests of the tapes that were closed.
        """
        self.is_switching = True
        lost = self._own_overflow()
        self.then(lambda: self._go_on_in(path, manifest, opening, ending, lost))

    def flush(self, timeout: float = 10.0) -> None:
        """Wait until all frames so far are on the disk. Raises TapeError when they are not."""
        flush = _Flush(threading.Event(), [])
        with self._block_lock:
            self._end_block()
            self._flushes.append(flush)
        self._wake.set()
        if not flush.done.wait(timeout):
            raise TapeError("the tape is not on the disk: no answer in time")
        if flush.refusals:
            raise TapeError(f"the tape is not on the disk: {flush.refusals[0]}")

    def close(self, ending: Ending | None = None) -> Manifest:
        """Write what waits, close the tape and return its manifest.

        `ending` has the last word on it. Raises TapeError when the disk refused something.
        """
        with self._block_lock:
            self._end_block()
        self._is_closing = True
        self._wake.set()
        self._thread.join()
        refused = self._give_up()
        self._writer.add_overflow(self._own_overflow())
        if ending is not None:
            self._writer.describe_end(ending)
        try:
            manifest = self._writer.close()
        except OSError as error:
            raise TapeError(f"the tape could not be closed: {error}") from error
        if refused:
            raise TapeError(f"{refused} frames did not reach the tape: {self.failure}")
        return manifest

    def __enter__(self) -> "TapeWriter":
        """Return this writer."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the tape."""
        self.close()

    # in the caller's thread ---------------------------------------------------------------------

    def _end_block(self) -> BlockBuilder:
        """Hand the open block to the thread and return a new one; the lock is held."""
        if self._block.records:
            self._put_bytes += self._block.size
            self._waiting.append(self._block)
            self._block = BlockBuilder()
            self._wake.set()
        return self._block

    def _lose(self, frame: Frame, reason: str) -> bool:
        self.overflow += 1
        if self._on_loss is not None:
            self._on_loss(frame, reason)
        return False

    def _give_up(self) -> int:
        """Count the frames that the disk never took; return how many."""
        blocks = [item for item in self._waiting if isinstance(item, BlockBuilder)]
        for block in blocks:
            for frame in read_frames(block.text()):
                self._lose(frame, str(self.failure))
        return sum(block.records for block in blocks)

    def _own_overflow(self) -> int:
        """Return the frames lost since the tape was begun that is being written now."""
        own, self._overflow_before = self.overflow - self._overflow_before, self.overflow
        return own

    # in the tape's thread -----------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._go_on()
        finally:
            if not self._is_closing:
                self.failure = TapeError("the tape's thread has ended")

    def _go_on(self) -> None:
        while True:
            is_last = self._is_closing
            if not is_last:
                self._wake.wait(_WAKE_SECONDS)
                self._wake.clear()
            self._take_old_block()
            self._look_around()
            self._work()
            self._answer_flushes()
            if is_last:
                return

    def _take_old_block(self) -> None:
        """End a block that nothing has been added to for a while: nothing may come to end it."""
        with self._block_lock:
            if self._block.records and time.monotonic() - self._opened_at >= _OPEN_SECONDS:
                self._end_block()

    def _look_around(self) -> None:
        now = time.monotonic()
        if self._watch is not None and now - self._watched_at >= _WATCH_SECONDS:
            self._watched_at = now
            try:
                self._trouble = self._watch()
            except OSError as error:
                self._trouble = str(error)
            if self._trouble:
                self.failure = TapeError(self._trouble)

    def _work(self) -> None:
        """Write what waits; what the disk refuses stays first in the queue."""
        while self._waiting:
            item = self._waiting[0]
            if isinstance(item, BlockBuilder):
                if not self._try(partial(self._writer.append_block, item)):
                    return
                self._taken_bytes += item.size
            else:
                self._try(item)
            self._waiting.popleft()
        if self.failure is not None:
            self._try(self._writer.flush)

    def _answer_flushes(self) -> None:
        while self._flushes:
            flush = self._flushes.popleft()
            if self._waiting and self.failure is None:
                self._work()
            if self.failure is None:
                self._try(self._writer.flush)
            if self.failure is not None:
                flush.refusals.append(self.failure)
            flush.done.set()

    def _try(self, action: Action) -> bool:
        """Do what the disk may refuse; keep a refusal in `failure`, never raise it."""
        try:
            action()
        except (OSError, TapeError) as error:
            self.failure = error
            return False
        self.failure = TapeError(self._trouble) if self._trouble else None
        return True

    def _checkpoint(self, ingress_seq: int, ts_recv: int, blob: bytes) -> None:
        """Store a checkpoint unless the frame it follows was lost at the end of the queue."""
        if ingress_seq < self._writer.next_seq:
            self._writer.append_checkpoint(ingress_seq, ts_recv, blob)

    def _go_on_in(
        self, path: Path, manifest: Manifest, opening: Opening, ending: Ending, lost: int
    ) -> None:
        old = self._writer
        old.add_overflow(lost)
        try:
            self._writer = _begun(path, manifest, self._level, opening)
            self.path = path
            old.describe_end(ending)
            self.ended.append(old.close())
        except (OSError, TapeError):
            if self._writer is old:
                self._checkpoint(*opening)
            raise
        finally:
            self.is_switching = False


def _begun(path: Path, manifest: Manifest, level: int, opening: Opening) -> BlockWriter:
    """Return the writer of a new tape that begins with a state; or leave nothing behind."""
    lay_out(path, manifest)
    try:
        writer = BlockWriter(path, Manifest(source=manifest.source), append=True, level=level)
        writer.append_checkpoint(*opening)
    except OSError:
        shutil.rmtree(path, ignore_errors=True)
        raise
    return writer


def lay_out(path: Path, manifest: Manifest) -> None:
    """Begin a tape that may be killed at any moment: it is there with its manifest or not at all.

    Raises TapeError when something is there already, OSError when the disk refuses.
    """
    if path.exists():
        raise TapeError(f"{path} exists: choose another name")
    begun = path.with_suffix(BEGUN)
    try:
        begun.mkdir(parents=True)
        store(begun, msgspec.structs.replace(manifest, closed=False))
        begun.rename(path)
    except OSError:
        shutil.rmtree(begun, ignore_errors=True)
        raise


def _take_lock(folder: Path, append: bool) -> filelock.BaseFileLock:
    if folder.exists() and not folder.is_dir():
        raise TapeError(f"{folder} is a file, and a tape is a folder")
    if (folder / FILE).exists() and not append:
        raise TapeError(f"{folder} exists: append to it, or choose another name")
    folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / LOCK)
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
