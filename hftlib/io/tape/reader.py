"""The reader: frames in arrival order from any point of a tape, and the checkpoint before it."""

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import accumulate, dropwhile
from pathlib import Path

import msgspec

from hftlib.core.errors import TapeError
from hftlib.core.frames import Frame
from hftlib.core.instrument import Instrument
from hftlib.io.tape.block import read_frames, read_header
from hftlib.io.tape.manifest import Manifest, Tally, load
from hftlib.io.tape.segments import Segment, SegmentSource, survey_segments
from hftlib.io.tape.writer import CHECKPOINTS, FRAMES


class Checkpoint(msgspec.Struct, frozen=True):
    """Hold the state of the books after frame `ingress_seq`, as the bytes that were handed in."""

    ingress_seq: int
    ts_recv: int
    blob: bytes


class TapeReader:
    """Read a tape. Nothing on the disk is changed, and a tape still being written may be read."""

    def __init__(self, path: Path | str) -> None:
        """Open the tape at `path` as it stands now.

        Raises TapeError when there is no tape, its schema is newer, or it is damaged.
        """
        self.path = Path(path)
        self._manifest = load(self.path)
        self._frames_path = self.path / f"{FRAMES}.zst"
        survey = survey_segments(self.path, FRAMES)
        self.torn_bytes = survey.torn_bytes
        self._blocks = survey.segments
        if self._manifest.closed and self._manifest.records and not self._blocks:
            raise TapeError(f"{self._frames_path} is missing or empty")
        last_seq = self._blocks[-1].last_seq if self._blocks else -1
        self._stored_checkpoints = survey_segments(self.path, CHECKPOINTS).segments
        self._checkpoints = [
            segment for segment in self._stored_checkpoints if segment.last_seq <= last_seq
        ]

    @cached_property
    def manifest(self) -> Manifest:
        """Return the manifest, its counts taken from the blocks where no writer closed the tape."""
        if self._manifest.closed and self._manifest.blocks == len(self._blocks):
            return self._manifest
        tally = Tally()
        if self._blocks:
            with SegmentSource(self._frames_path) as source:
                for block in self._blocks:
                    tally.add(read_header(source.text(block)), block.raw)
        end = self._blocks[-1].end if self._blocks else 0
        return msgspec.structs.replace(
            tally.into(self._manifest), frames_bytes=end, sha256="", closed=False
        )

    @property
    def instruments(self) -> dict[tuple[str, str], Instrument]:
        """Return the instruments by (venue, symbol)."""
        return {(one.venue, one.symbol): one for one in self._manifest.instruments}

    @property
    def blocks(self) -> tuple[Segment, ...]:
        """Return where the blocks lie and what they hold."""
        return tuple(self._blocks)

    @property
    def checkpoint_count(self) -> int:
        """Return how many checkpoints the tape holds."""
        return len(self._checkpoints)

    def frames(self, start_ns: int | None = None, after_seq: int | None = None) -> Iterator[Frame]:
        """Yield the frames in arrival order.

        With `start_ns` begin at the first frame whose ts_recv is not before it; with `after_seq`
        at the first whose ingress_seq is greater; with both at the later of the two. Raises
        TapeError when a block is damaged.
        """
        first = 0
        if start_ns is not None:
            first = bisect_right(self._latest_ts, start_ns - 1)
        if after_seq is not None:
            place = bisect_right(self._blocks, after_seq, key=lambda block: block.last_seq)
            start_ns = start_ns if place <= first else None
            first = max(first, place)
        blocks = self._blocks[first:]
        if not blocks:
            return
        with SegmentSource(self._frames_path) as source:
            yield from _from(self._decode(source, blocks[0]), start_ns, after_seq)
            for block in blocks[1:]:
                yield from self._decode(source, block)

    def checkpoint_before(self, ts_ns: int) -> Checkpoint | None:
        """Return the last checkpoint from before the first frame at or after `ts_ns`.

        Playing the frames after it leads to that frame. None when there is none.
        """
        target = next(self.frames(start_ns=ts_ns), None)
        limit = target.ingress_seq - 1 if target is not None else 2**63 - 1
        place = bisect_right(self._checkpoints, limit, key=lambda segment: segment.last_seq)
        return self._checkpoint(place - 1) if place else None

    @cached_property
    def opening(self) -> Checkpoint | None:
        """Return the state that the tape begins from, because it continues another; else None."""
        first_seq = self._blocks[0].first_seq if self._blocks else None
        stored = self._stored_checkpoints
        if not stored or (first_seq is not None and stored[0].last_seq >= first_seq):
            return None
        return self._checkpoint(0)

    def _checkpoint(self, place: int) -> Checkpoint:
        with SegmentSource(self.path / f"{CHECKPOINTS}.zst") as source:
            text = source.chained_text(self._stored_checkpoints, place)
        header = read_header(text)
        blob = text[text.index(b"\n") + 1 :]
        return Checkpoint(header.first_seq, header.first_ts, blob)

    def verify(self) -> None:
        """Compare frames.zst with the manifest's sha256. Raises TapeError when they differ.

        A tape that no writer closed has no digest; there only the blocks are read through.
        """
        if not self.manifest.sha256:
            for _ in self.frames():
                pass
            return
        with self._frames_path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != self.manifest.sha256:
            raise TapeError(f"{self._frames_path} is not what its manifest says: sha256 differs")

    @cached_property
    def _latest_ts(self) -> list[int]:
        """Return per block the latest ts_recv up to its end, which never falls."""
        return list(accumulate((block.max_ts for block in self._blocks), max))

    def _decode(self, source: SegmentSource, block: Segment) -> Iterator[Frame]:
        try:
            yield from read_frames(source.text(block))
        except TapeError as error:
            raise TapeError(f"{self._frames_path} block at byte {block.offset}: {error}") from error


def open_tapes(paths: Iterable[Path | str]) -> tuple[TapeReader, ...]:
    """Open several tapes. Raises TapeError when they disagree on an instrument's increments."""
    readers = tuple(TapeReader(path) for path in paths)
    known: dict[tuple[str, str], Instrument] = {}
    for reader in readers:
        for key, one in reader.instruments.items():
            held = known.setdefault(key, one)
            if (held.price_increment, held.size_quantum) != (
                one.price_increment,
                one.size_quantum,
            ):
                raise TapeError(f"{reader.path}: {key[0]} {key[1]} has other increments elsewhere")
    return readers


def _from(frames: Iterator[Frame], start_ns: int | None, after_seq: int | None) -> Iterator[Frame]:
    """Skip frames up to the first at or after `start_ns`, and those up to `after_seq`."""
    if start_ns is not None:
        frames = dropwhile(lambda frame: frame.ts_recv < start_ns, frames)
    if after_seq is not None:
        frames = dropwhile(lambda frame: frame.ingress_seq <= after_seq, frames)
    return frames
