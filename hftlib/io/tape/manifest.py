"""The manifest: what a tape holds, where it came from, and the increments to read it with."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import msgspec

from hftlib.core.errors import DecimalError, TapeError
from hftlib.core.instrument import Instrument
from hftlib.core.provenance import Provenance, provenance_of
from hftlib.core.states import Source
from hftlib.io.tape.block import SCHEMA, Header

FILE: Final = "manifest.json"


class Manifest(msgspec.Struct, frozen=True):
    """Describe a tape.

    `source` says EXCHANGE or SIMULATED, `origin` what it was made from, `overflow` how many
    frames were lost to a full queue, `counts` the records per venue and kind, `sha256` the
    digest of frames.zst. While a writer has the tape open, or after one was killed, `closed`
    is false; the counts on disk are then old, and a reader counts for itself.

    The tapes of one live run have the same `run` and are numbered by `part`; those after the
    first begin with a checkpoint, from which they go on. `run_hash` and `fact_hash` are those of
    the run from its start to the end of this tape, `part_hash` that of this tape alone; they are
    empty where no engine ran beside the tape or where the run has lost frames. `signals` are the
    settings of what the engine evaluated, by name.
    """

    schema: int = SCHEMA
    source: Source = Source.EXCHANGE
    origin: tuple[str, ...] = ()
    instruments: tuple[Instrument, ...] = ()
    notes: tuple[str, ...] = ()
    records: int = 0
    blocks: int = 0
    raw_bytes: int = 0
    frames_bytes: int = 0
    first_seq: int | None = None
    last_seq: int | None = None
    first_ts: int | None = None
    last_ts: int | None = None
    overflow: int = 0
    counts: dict[str, dict[str, int]] = {}
    sha256: str = ""
    closed: bool = False
    run: str = ""
    part: int = 0
    run_hash: str = ""
    fact_hash: str = ""
    part_hash: str = ""
    signals: dict[str, dict[str, Any]] = {}

    @property
    def provenance(self) -> Provenance:
        """Return what market the frames are of."""
        return provenance_of(self.source, self.origin)

    def with_instruments(self, instruments: Iterable[Instrument]) -> "Manifest":
        """Return this manifest with `instruments` put in, a newer one replacing its elder."""
        known = {(one.venue, one.symbol): one for one in self.instruments}
        known.update({(one.venue, one.symbol): one for one in instruments})
        return msgspec.structs.replace(self, instruments=tuple(known.values()))


class Tally:
    """Count what the blocks of a tape hold."""

    def __init__(self) -> None:
        """Start from an empty tape."""
        self.records = 0
        self.blocks = 0
        self.raw_bytes = 0
        self.counts: dict[str, dict[str, int]] = {}
        self.first_seq: int | None = None
        self.last_seq: int | None = None
        self.first_ts: int | None = None
        self.last_ts: int | None = None

    def add(self, header: Header, raw_bytes: int) -> None:
        """Count one block of `raw_bytes` uncompressed."""
        if self.first_seq is None:
            self.first_seq, self.first_ts = header.first_seq, header.first_ts
        self.last_seq = header.last_seq
        self.last_ts = max(header.max_ts, self.last_ts or header.max_ts)
        self.records += header.records
        self.blocks += 1
        self.raw_bytes += raw_bytes
        for venue, _, kind, _, records in header.lanes:
            kinds = self.counts.setdefault(venue, {})
            kinds[kind] = kinds.get(kind, 0) + records

    def into(self, manifest: Manifest) -> Manifest:
        """Return `manifest` with these figures in place of its own."""
        return msgspec.structs.replace(
            manifest,
            records=self.records,
            blocks=self.blocks,
            raw_bytes=self.raw_bytes,
            counts={venue: dict(kinds) for venue, kinds in self.counts.items()},
            first_seq=self.first_seq,
            last_seq=self.last_seq,
            first_ts=self.first_ts,
            last_ts=self.last_ts,
        )


def load(folder: Path) -> Manifest:
    """Read a tape's manifest. Raises TapeError when it is absent, damaged or of a newer schema."""
    path = folder / FILE
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except OSError as error:
        raise TapeError(f"{folder} is no tape: {error}") from error
    except (msgspec.DecodeError, DecimalError) as error:
        raise TapeError(f"{path}: {error}") from error
    if manifest.schema > SCHEMA:
        raise TapeError(f"{path}: schema {manifest.schema} is newer than this reader's {SCHEMA}")
    return manifest


def store(folder: Path, manifest: Manifest) -> None:
    """Write a tape's manifest, whole or not at all."""
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    fresh = folder / (FILE + ".new")
    with fresh.open("wb") as out:
        out.write(text + b"\n")
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(folder / FILE)
