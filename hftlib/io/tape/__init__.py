"""The tape: every raw frame of a run, in arrival order, compressed, seekable and crash-safe.

A tape is a folder `NAME.tape` (docs/tape.md is its format in full):

| file | holds |
|---|---|
| `frames.zst` | blocks: one independent zstd frame per second or 256 kB of JSON lines |
| `frames.index` | one JSON line per block: where it lies, which records and times it holds |
| `checkpoints.zst`, `checkpoints.index` | the same pair for checkpoints of the books |
| `manifest.json` | schema, origin, source, counts, time range, sha256, instruments |

Only `manifest.json` and `frames.zst` are needed: an index that is missing or torn is rebuilt.
"""

from hftlib.io.tape.live import LiveTape, TapeLimits
from hftlib.io.tape.manifest import Manifest
from hftlib.io.tape.reader import Checkpoint, TapeReader, open_tapes
from hftlib.io.tape.writer import BlockWriter, TapeWriter

__all__ = [
    "BlockWriter",
    "Checkpoint",
    "LiveTape",
    "Manifest",
    "TapeLimits",
    "TapeReader",
    "TapeWriter",
    "open_tapes",
]
