"""Prove a recording: run its tapes again and compare the hashes with those of the live run."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from hftlib.desk.tape_chain import ChainRun, Progress, chains_of, telling
from hftlib.engine.hashing import RunHasher
from hftlib.io.tape.reader import TapeReader


class TapeVerdict(msgspec.Struct, frozen=True):
    """Say what became of one tape: `proven` when everything that could be compared was equal.

    `compared` names the hashes that were: run_hash and fact_hash from the start of the run,
    part_hash where only this tape is there. `reason` says why a tape is not proven.
    """

    path: str
    frames: int
    proven: bool
    compared: list[str]
    reason: str


def verify(paths: Sequence[Path], progress: Progress | None = None) -> list[TapeVerdict]:
    """Run tapes again, each run by itself, and return a verdict on each, in order of their parts.

    Raises TapeError when a tape cannot be read.
    """
    tapes = [TapeReader(path) for path in paths]
    verdicts: list[TapeVerdict] = []
    for chain in chains_of(tapes):
        verdicts += _verify_run(chain, progress)
    return verdicts


def _verify_run(chain: Sequence[TapeReader], progress: Progress | None) -> list[TapeVerdict]:
    run, hasher = ChainRun(chain), RunHasher()
    is_whole = chain[0].opening is None
    before: TapeReader | None = None
    verdicts = []
    for tape in chain:
        is_whole = not run.enter(tape, before) and is_whole
        hasher.begin_part()
        for frame in telling(tape.frames(), tape.manifest.records, progress):
            hasher.hear(frame, run.engine.on_event(frame))
        verdicts.append(_verdict(tape, hasher, is_whole))
        before = tape
    return verdicts


def _verdict(tape: TapeReader, hasher: RunHasher, is_whole: bool) -> TapeVerdict:
    manifest, found = tape.manifest, hasher.hashes()
    names = ("run_hash", "fact_hash", "part_hash") if is_whole else ("part_hash",)
    compared = [name for name in names if getattr(manifest, name)]
    wrong = [name for name in compared if getattr(manifest, name) != getattr(found, name)]
    if wrong:
        reason = f"{', '.join(wrong)} of this replay differ from the live run's"
    elif not compared:
        reason = _why_nothing(tape)
    else:
        reason = ""
    return TapeVerdict(str(tape.path), manifest.records, not reason, compared, reason)


def _why_nothing(tape: TapeReader) -> str:
    if not tape.manifest.closed:
        return "the tape was not closed, so it holds no hashes"
    if tape.manifest.overflow:
        return f"{tape.manifest.overflow} frames are missing on this tape"
    return "the tape holds no hashes: no engine ran when it was written"
