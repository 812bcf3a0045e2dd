"""Watch the sides of one book's signals and tell when one changes."""

from collections.abc import Sequence
from typing import Final

from hftlib.features.measurer import Measurer
from hftlib.signals.signal import Signal, SignalRule, SignalSide, Verdict

_NEUTRAL: Final = SignalSide.NEUTRAL


class SignalWatch:
    """Hold the side that each rule took last; before the first judgement it is NEUTRAL."""

    __slots__ = ("_floats", "_measurer", "_rules", "_sides")

    def __init__(self, measurer: Measurer, rules: Sequence[SignalRule]) -> None:
        """Begin with every side NEUTRAL."""
        self._measurer = measurer
        self._floats = measurer.floats
        self._rules = tuple(rules)
        self._sides = [_NEUTRAL] * len(self._rules)

    def look(self, ts_recv: int) -> list[Signal] | None:
        """Return the signals whose side has changed, None where none has: asked at each frame."""
        changed = None
        for place, rule in enumerate(self._rules):
            side = rule.side(self._floats)
            if side is not self._sides[place]:
                self._sides[place] = side
                changed = changed if changed is not None else []
                changed.append(self._signal(rule, rule.judge(self._floats), ts_recv))
        return changed

    def end(self, ts_recv: int, reason: str) -> list[Signal]:
        """Return the signals that end because their book is no longer trusted."""
        ended = []
        for place, rule in enumerate(self._rules):
            if self._sides[place] is not _NEUTRAL:
                self._sides[place] = _NEUTRAL
                ended.append(
                    self._signal(rule, Verdict(_NEUTRAL, None, None, None, reason), ts_recv)
                )
        return ended

    def dump(self) -> dict[str, SignalSide]:
        """Return the sides by the rules' names, for a checkpoint."""
        return {rule.name: side for rule, side in zip(self._rules, self._sides, strict=True)}

    def load(self, sides: dict[str, SignalSide]) -> None:
        """Take the sides of a checkpoint; a rule that it does not know stays NEUTRAL."""
        self._sides = [sides.get(rule.name, _NEUTRAL) for rule in self._rules]

    def _signal(self, rule: SignalRule, verdict: Verdict, ts_recv: int) -> Signal:
        book = self._measurer.book
        return Signal(
            book.instrument.venue,
            book.instrument.symbol,
            book.ts_event,
            ts_recv,
            rule.name,
            verdict.side,
            verdict.score,
            verdict.confidence,
            verdict.spread_bps,
            verdict.reason,
        )
