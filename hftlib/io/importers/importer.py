"""The importer: recorded files of any format in, one tape out, and an account of every line."""

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from hftlib.core.errors import HftlibError, TapeError
from hftlib.core.frames import Frame, FrameKind
from hftlib.core.instrument import Instrument
from hftlib.core.states import Source
from hftlib.core.venue import VENUES
from hftlib.io.importers import (
    binance_archive,
    cryptofeed,
    generic_csv,
    hftbacktest,
    increments,
    lobster,
)
from hftlib.io.importers.entry import BadLine, Choices, Entry, Format, Note
from hftlib.io.importers.increments import OBSERVED
from hftlib.io.importers.observed import Observer
from hftlib.io.importers.source import CutError, SourceFile
from hftlib.io.tape import BlockWriter, Manifest
from hftlib.venues.registry import instruments_from, lists_instruments

FORMATS: Final[dict[str, Format]] = {
    "hftbacktest": hftbacktest.read,
    "cryptofeed": cryptofeed.read,
    "lobster": lobster.read,
    "binance-archive": binance_archive.read,
    "csv": generic_csv.read,
}

_LEAST_BLOCK_BYTES: Final = 32_000
_KEPT_PLACES: Final = 20
_PROGRESS_LINES: Final = 2_000

Progress = Callable[[int, int], None]
"""Called as progress(bytes of input read, bytes of input in all)."""


class Place(msgspec.Struct, frozen=True):
    """Name a line and what is wrong with it."""

    file: str
    line: int
    reason: str


class FileSummary(msgspec.Struct, frozen=True):
    """Count what came of one file."""

    file: str
    sha256: str
    lines: int
    raw_bytes: int
    frames: int
    bad_lines: int


class Summary(msgspec.Struct, frozen=True):
    """Account for an import.

    `bad_lines` are not on the tape; `unreadable_frames` are, as they came, and a replay will
    count them as decode errors. Of each the first 20 are named. `tape_bytes` is what the tape's
    folder grew by, `raw_bytes` the uncompressed input, `ratio` the one over the other.
    """

    tape: str
    format: str
    venue: str
    files: tuple[FileSummary, ...]
    frames: int
    counts: dict[str, int]
    bad_lines: int
    bad_line_places: tuple[Place, ...]
    unreadable_frames: int
    unreadable_frame_places: tuple[Place, ...]
    first_ts: int | None
    last_ts: int | None
    raw_bytes: int
    tape_bytes: int
    ratio: float
    checkpoints: int
    instruments: tuple[Instrument, ...]
    notes: tuple[str, ...]


class Order(msgspec.Struct, frozen=True):
    """Say what to import, and how."""

    format: str
    files: tuple[Path, ...]
    output: Path
    venue: str
    append: bool = False
    instruments: Path | None = None
    symbol: str = ""
    table: str = ""
    interval: str = ""


class _Account:
    """Count places: all of them, the first ones by name."""

    def __init__(self) -> None:
        self.count = 0
        self.places: list[Place] = []
        self.by_file: Counter[Path] = Counter()

    def add(self, file: SourceFile, line: int, reason: str) -> None:
        self.count += 1
        self.by_file[file.path] += 1
        if len(self.places) < _KEPT_PLACES:
            self.places.append(Place(file.path.name, line, reason))


def import_files(order: Order, progress: Progress | None = None) -> Summary:
    """Import recorded files, in the order given, into one tape; return the account.

    Without `append` the tape appears under its name only when it is whole. Raises TapeError
    when the format or venue is unknown, a file or the instruments cannot be read, no line could
    be used, or the tape is there already and `append` is not set.
    """
    if order.format not in FORMATS:
        raise TapeError(f"unknown format {order.format}: one of {', '.join(sorted(FORMATS))}")
    if order.venue not in VENUES:
        raise TapeError(f"unknown venue {order.venue}: one of {', '.join(VENUES)}")
    if order.append and order.output.exists():
        return _Import(order, progress).into(order.output)
    if order.output.exists():
        raise TapeError(f"{order.output} exists: append to it, or choose another name")
    partial = order.output.with_name(order.output.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        summary = _Import(order, progress).into(partial)
        partial.rename(order.output)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return summary


def folder_bytes(folder: Path) -> int:
    """Return the bytes of the files in a tape's folder, 0 when it is not there."""
    return sum(file.stat().st_size for file in folder.glob("*"))


def with_checkpoints(summary: Summary, checkpoints: int, tape_bytes: int) -> Summary:
    """Return the account of an import whose tape has been given checkpoints since."""
    return msgspec.structs.replace(
        summary,
        checkpoints=checkpoints,
        tape_bytes=tape_bytes,
        ratio=round(tape_bytes / summary.raw_bytes, 4),
    )


class _Import:
    """Carry one import from the first line to the manifest."""

    def __init__(self, order: Order, progress: Progress | None) -> None:
        self._order = order
        self._progress = progress
        self._files = [SourceFile(path) for path in order.files]
        self._told = (
            increments.read_file(order.instruments, order.venue) if order.instruments else []
        )
        self._observer = Observer(order.venue)
        self._bad = _Account()
        self._unreadable = _Account()
        self._from_venue: list[Instrument] = []
        self._notes: list[str] = []
        self._counts: Counter[str] = Counter()
        self._by_file: Counter[Path] = Counter()
        self._range: tuple[int, int] | None = None

    def into(self, folder: Path) -> Summary:
        choices = Choices(
            self._order.venue, self._order.symbol, self._order.table, self._order.interval
        )
        before = folder_bytes(folder)
        with BlockWriter(
            folder, append=self._order.append, least_bytes=_LEAST_BLOCK_BYTES
        ) as writer:
            self._observer.remember(writer.manifest.instruments)
            self._read(choices, writer)
            self._require_frames()
            held = [one for one in writer.manifest.instruments if one.origin != OBSERVED]
            settled = increments.settle(
                self._order.venue, self._observer.seen, held, self._told, self._from_venue
            )
            self._notes.extend(settled.notes)
            writer.describe(self._manifest(settled.instruments))
        grown = folder_bytes(folder) - before
        return self._summary(writer.manifest, grown, settled.instruments)

    def _read(self, choices: Choices, writer: BlockWriter) -> None:
        """Read every file through the format; a file cut short ends there, and says so."""
        for group in _groups(self._order.format, self._files):
            try:
                for done, (file, parsed) in enumerate(FORMATS[self._order.format](group, choices)):
                    self._take(file, parsed, writer)
                    if done % _PROGRESS_LINES == 0:
                        self._show()
            except CutError as error:
                self._bad.add(error.source, error.source.lines, str(error))
        self._show()

    def _take(self, file: SourceFile, parsed: Entry | BadLine | Note, writer: BlockWriter) -> None:
        if isinstance(parsed, Entry):
            self._write(file, parsed, writer)
        elif isinstance(parsed, BadLine):
            self._bad.add(file, parsed.line, parsed.reason)
        else:
            self._notes.append(f"{file.path.name}: {parsed.text}")

    def _write(self, file: SourceFile, entry: Entry, writer: BlockWriter) -> None:
        ts_recv, connection, kind, payload, request, line = entry
        venue = self._order.venue
        frame = Frame(writer.next_seq, ts_recv, venue, connection, kind, payload, request)
        writer.append(frame)
        self._by_file[file.path] += 1
        self._counts[kind.value] += 1
        first, last = self._range or (ts_recv, ts_recv)
        self._range = min(first, ts_recv), max(last, ts_recv)
        reason = self._observer.see(kind, request, payload)
        if reason:
            self._unreadable.add(file, line, reason)
        if kind is FrameKind.REST:
            self._learn(frame)

    def _learn(self, frame: Frame) -> None:
        """Take the increments out of a REST body that lists instruments."""
        try:
            if lists_instruments(frame.venue, frame.request):
                found = instruments_from(frame.venue, frame.request, frame.payload)
                self._from_venue.extend(found)
        except HftlibError as error:
            self._notes.append(f"no increments in {frame.request}: {error}")

    def _require_frames(self) -> None:
        if sum(self._counts.values()):
            return
        names = ", ".join(file.path.name for file in self._files)
        first = self._bad.places[0] if self._bad.places else None
        why = f"; {first.file} line {first.line}: {first.reason}" if first else ""
        raise TapeError(f"no line of {names} is {self._order.format}{why}")

    def _manifest(self, instruments: tuple[Instrument, ...]) -> Manifest:
        origin = tuple(
            f"{self._order.format} {file.path.name} sha256 {file.digest}" for file in self._files
        )
        if self._bad.count:
            self._notes.append(f"{self._bad.count} bad lines of the input are not on this tape")
        return Manifest(
            source=Source.EXCHANGE,
            origin=origin,
            instruments=instruments,
            notes=tuple(self._notes),
        )

    def _show(self) -> None:
        if self._progress is not None:
            self._progress(
                sum(file.read_bytes for file in self._files),
                sum(file.size for file in self._files),
            )

    def _summary(
        self, manifest: Manifest, tape_bytes: int, instruments: tuple[Instrument, ...]
    ) -> Summary:
        raw_bytes = sum(file.raw_bytes for file in self._files)
        return Summary(
            tape=str(self._order.output),
            format=self._order.format,
            venue=self._order.venue,
            files=tuple(self._file_summary(file) for file in self._files),
            frames=sum(self._counts.values()),
            counts=dict(self._counts),
            bad_lines=self._bad.count,
            bad_line_places=tuple(self._bad.places),
            unreadable_frames=self._unreadable.count,
            unreadable_frame_places=tuple(self._unreadable.places),
            first_ts=self._range[0] if self._range else None,
            last_ts=self._range[1] if self._range else None,
            raw_bytes=raw_bytes,
            tape_bytes=tape_bytes,
            ratio=round(tape_bytes / raw_bytes, 4),
            checkpoints=0,
            instruments=instruments,
            notes=manifest.notes,
        )

    def _file_summary(self, file: SourceFile) -> FileSummary:
        return FileSummary(
            file.path.name,
            file.digest,
            file.lines,
            file.raw_bytes,
            self._by_file[file.path],
            self._bad.by_file[file.path],
        )


def _groups(format_name: str, files: Sequence[SourceFile]) -> list[Sequence[SourceFile]]:
    """Return the files that are read together: LOBSTER's pairs, else each by itself."""
    if format_name == "lobster":
        return [[pair.message, pair.orderbook] for pair in lobster.pairs(files)]
    return [[file] for file in files]
