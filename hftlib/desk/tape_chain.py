"""Tapes that belong together: the parts of one live run, in order, and where one is missing."""

from collections.abc import Callable, Iterator, Sequence

from hftlib.core.frames import Frame
from hftlib.core.instrument import Instrument
from hftlib.engine.engine import Engine
from hftlib.engine.merge import merge
from hftlib.io.tape.reader import TapeReader
from hftlib.signals.catalogue import signals_from

Key = tuple[str, str]
Progress = Callable[[int, int], None]
"""Called now and then as progress(frames done, frames in all)."""


def instruments_of(tapes: Sequence[TapeReader]) -> dict[Key, Instrument]:
    """Return the instruments of all tapes by (venue, symbol); of one in several, the first's."""
    return {key: one for tape in reversed(tapes) for key, one in tape.instruments.items()}


def chains_of(tapes: Sequence[TapeReader]) -> list[list[TapeReader]]:
    """Return the tapes by the run that they are parts of, in the order given.

    The parts of a run are sorted; a tape that is no part of a run stands alone.
    """
    chains: dict[str, list[TapeReader]] = {}
    for place, tape in enumerate(tapes):
        chains.setdefault(tape.manifest.run or f"tape {place}", []).append(tape)
    return [sorted(chain, key=lambda tape: tape.manifest.part) for chain in chains.values()]


def follows(tape: TapeReader, before: TapeReader) -> bool:
    """Say whether playing the tape before leads to the state that a tape begins with."""
    opening, manifest = tape.opening, before.manifest
    if opening is None:
        return True
    return opening.ingress_seq == manifest.last_seq and not manifest.overflow


def frames_of(tapes: Sequence[TapeReader], progress: Progress | None) -> Iterator[Frame]:
    """Yield the frames of all tapes: the parts of a run one after the other, runs by time."""
    merged = merge([_frames_of(chain) for chain in chains_of(tapes)])
    return telling(merged, sum(tape.manifest.records for tape in tapes), progress)


def telling(frames: Iterator[Frame], total: int, progress: Progress | None) -> Iterator[Frame]:
    """Yield frames, telling now and then how far they are of `total`."""
    if progress is None:
        yield from frames
        return
    for done, frame in enumerate(frames, start=1):
        if done % 10_000 == 0:
            progress(done, total)
        yield frame
    progress(total, total)


class ChainRun:
    """Run the tapes of one or several runs through one engine.

    The parts of a single run go on from one another. Where the first is not the run's first, or
    one in between is missing, the engine begins anew from the state that the next tape holds.
    Tapes of several runs are merged by time, and nothing is known of what was before them.
    """

    def __init__(self, tapes: Sequence[TapeReader]) -> None:
        """Take tapes in any order. Raises ConfigurationError for signals that do not exist."""
        self.chains = chains_of(tapes)
        self._instruments = instruments_of(tapes)
        self._signals = signals_from(tapes[0].manifest.signals if tapes else {})
        self.engine = self._fresh()

    def _fresh(self) -> Engine:
        return Engine(self._instruments.values(), signals=self._signals)

    def frames(self) -> Iterator[Frame]:
        """Yield the frames; each belongs to `engine` as it is when the frame is yielded."""
        if len(self.chains) != 1:
            yield from merge([_frames_of(chain) for chain in self.chains])
            return
        before: TapeReader | None = None
        for tape in self.chains[0]:
            self.enter(tape, before)
            yield from tape.frames()
            before = tape

    def enter(self, tape: TapeReader, before: TapeReader | None) -> bool:
        """Stand at the start of a tape; return whether the engine had to begin anew for it.

        Raises TapeError when the state that the tape begins from cannot be read.
        """
        if before is not None and follows(tape, before):
            return False
        if before is None and tape.opening is None:
            return False
        self.engine = self._fresh()
        if tape.opening is not None:
            self.engine.restore(tape.opening.blob)
        return True


def _frames_of(chain: Sequence[TapeReader]) -> Iterator[Frame]:
    for tape in chain:
        yield from tape.frames()
