"""History from tapes: replay what is needed from the nearest checkpoint, keep what was asked for.

Tapes of one run go on in each other; between runs a book begins anew, and nothing reaches across.
Tapes of another source than is asked for are left out: what is simulated is never mixed with the
rest.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from hftlib.client.history import HistoryError
from hftlib.core.errors import TapeError
from hftlib.core.frames import Frame
from hftlib.core.instrument import Instrument
from hftlib.core.provenance import Provenance
from hftlib.desk import questions
from hftlib.desk.questions import Answer, Question
from hftlib.desk.tape_keepers import TAPE, Keeper, keeper_of
from hftlib.engine.engine import Engine
from hftlib.engine.facts import Fact
from hftlib.io.tape.manifest import load
from hftlib.io.tape.reader import TapeReader

Key = tuple[str, str]
_LOOK_EVERY: Final = 256


class _Tape(NamedTuple):
    """Hold a tape, when its first and last frames came, its run and the market that it was."""

    reader: TapeReader
    first_ns: int
    last_ns: int
    run: str
    source: Provenance

    def follows(self, other: "_Tape | None") -> bool:
        """Say whether this tape goes on where another one ended."""
        return (
            other is not None
            and bool(self.run)
            and self.run == other.run
            and self.reader.blocks[0].first_seq == other.reader.blocks[-1].last_seq + 1
        )


class TapeHistory:
    """Answer questions from tapes; a clock is read for the time limit alone."""

    def __init__(
        self,
        paths: Sequence[Path | str],
        *,
        whole: bool = True,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open tapes as they stand now.

        Raises TapeError when one cannot be read; where not the `whole` is wanted it is left out:
        among live tapes one may just be begun, or deleted.
        """
        opened = [_opened(path, whole) for path in paths]
        self._tapes = sorted((one for one in opened if one), key=lambda one: one.first_ns)
        self._now_s = now_s

    @property
    def instruments(self) -> dict[Key, Instrument]:
        """Return the instruments of all tapes by (venue, symbol), each as last described."""
        return _instruments_of(self._tapes)

    def check_source(self, source: Provenance | None) -> Provenance:
        """Return the source of all tapes.

        Raises HistoryError where there are several and none is named, and where none of the
        tapes is of the one that is.
        """
        held = sorted({tape.source for tape in self._tapes}) or [Provenance.UNKNOWN]
        if source is None and len(held) > 1:
            raise HistoryError(f"the tapes are of {' and '.join(held)}: say which with source")
        if source is not None and source not in held:
            raise HistoryError(f"this is {' and '.join(held)}: it has nothing of {source}")
        return source or held[0]

    def answer(self, question: Question, seconds: float = float("inf")) -> Answer:
        """Return rows of one source; where `seconds` are not enough, those up to there.

        The source is the one asked for, else that of all tapes; none of it is an empty answer.

        Raises HistoryError for a book that the tapes do not hold, and where the time is over
        before the first row could be reached.
        """
        source = question.source or self.check_source(None)
        tapes = [tape for tape in self._tapes if tape.source is source]
        if self._tapes and not tapes:
            empty = questions.schema_of(question).empty_table()
            return Answer(empty, None, TAPE, source)
        answer = _Replay(tapes, self._now_s).answer(question, seconds)
        return msgspec.structs.replace(answer, source=source)


class _Replay:
    """Answer from tapes of one source."""

    def __init__(self, tapes: Sequence[_Tape], now_s: Callable[[], float]) -> None:
        self._tapes = tapes
        self._instruments = _instruments_of(tapes)
        self._now_s = now_s

    def answer(self, question: Question, seconds: float) -> Answer:
        key = (question.venue, question.symbol)
        instrument = self._instruments.get(key)
        if instrument is None:
            held = ", ".join(f"{venue} {symbol}" for venue, symbol in sorted(self._instruments))
            raise HistoryError(f"no {key[0]} {key[1]} on the tapes: they hold {held or 'nothing'}")
        keep = keeper_of(question, instrument, self._tapes[0].first_ns)
        stopped = self._replay(key, keep, self._now_s() + seconds)
        if stopped is not None and stopped <= question.start:
            raise HistoryError(
                f"{seconds:g} s of replay were not enough to reach {question.start}: the tape has "
                "no checkpoint nearby; ask for less, or read the tape itself with hftlib.open_tape"
            )
        return keep.answer(stopped)

    def _replay(self, key: Key, keep: Keeper, deadline_s: float) -> int | None:
        """Feed frames to an engine until the keeper has enough; return where time ran out."""
        for count, (engine, frame, facts) in enumerate(self._facts(key, keep)):
            keep.take(engine, frame, facts)
            if keep.is_full:
                return None
            if count % _LOOK_EVERY == 0 and self._now_s() > deadline_s:
                return frame.ts_recv
        return None

    def _facts(self, key: Key, keep: Keeper) -> Iterator[tuple[Engine, Frame, list[Fact]]]:
        """Yield the facts of frames, from the last checkpoint before the range on."""
        last: _Tape | None = None
        engine, after = Engine(()), None
        for tape in self._wanted(keep.begin_ns, keep.end_ns):
            if tape.follows(last):
                after = None
            else:
                keep.pause()
                engine, after = self._engine_at(tape, keep.begin_ns)
            last = tape
            for frame in _of_venue(key[0], tape.reader.frames(after_seq=after)):
                if frame.ts_recv >= keep.end_ns:
                    return
                keep.before(engine, frame)
                facts = engine.on_event(frame)
                yield engine, frame, [fact for fact in facts if _is_of(key, fact)]

    def _wanted(self, begin_ns: int, end_ns: int) -> list[_Tape]:
        return [tape for tape in self._tapes if tape.last_ns >= begin_ns and tape.first_ns < end_ns]

    def _engine_at(self, tape: _Tape, begin_ns: int) -> tuple[Engine, int | None]:
        """Return an engine, and after which frame it goes on."""
        checkpoint = tape.reader.checkpoint_before(max(begin_ns, tape.first_ns))
        if checkpoint is not None:
            engine = Engine(self._instruments.values())
            try:
                engine.restore(checkpoint.blob)
            except TapeError:
                pass  # written by another version: the tape itself still says everything
            else:
                return engine, checkpoint.ingress_seq
        return Engine(self._instruments.values()), None


def _instruments_of(tapes: Sequence[_Tape]) -> dict[Key, Instrument]:
    """Return the instruments of tapes, each as last described."""
    return {key: one for tape in tapes for key, one in tape.reader.instruments.items()}


def _opened(path: Path | str, whole: bool) -> _Tape | None:
    """Return a tape with its times, None where it holds no frames."""
    try:
        reader = TapeReader(path)
        if not reader.blocks:
            return None
        last_ns = max(block.max_ts for block in reader.blocks)
        told = load(reader.path)
        return _Tape(reader, reader.blocks[0].first_ts, last_ns, told.run, told.provenance)
    except (TapeError, OSError):
        if whole:
            raise
        return None


def _of_venue(venue: str, frames: Iterator[Frame]) -> Iterator[Frame]:
    """Leave out frames of other venues, all but one a second: the watch over silence needs time."""
    due = 0
    for frame in frames:
        if frame.venue != venue and frame.ts_recv < due:
            continue
        due = max(due, frame.ts_recv + questions.SECOND)
        yield frame


def _is_of(key: Key, fact: Fact) -> bool:
    return (fact.venue, fact.symbol) == key
