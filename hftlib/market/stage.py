"""The stage: which scenarios run, what they do when, and how their dials combine."""

import math
from bisect import insort
from collections.abc import Mapping
from typing import Final, NamedTuple

from hftlib.market.agents.layout import SECOND_NS
from hftlib.market.crowd import Crowd
from hftlib.market.script import (
    FEE_TIERS,
    MULTIPLIED,
    OF_ASSETS,
    OF_BOOKS,
    Dial,
    Fee,
    Scenario,
    Step,
)

USUAL_TIER: Final = "retail"


class _Cue(NamedTuple):
    """Something that a run of a scenario does at a time; cues of one time keep their order."""

    time_ns: int
    number: int
    run: int
    step: Step | None


class Stage:
    """Play scenarios on a crowd."""

    def __init__(self, crowd: Crowd) -> None:
        """Begin with nothing that runs."""
        self._crowd = crowd
        self._cues: list[_Cue] = []
        self._count = 0
        self._playing: dict[int, Scenario] = {}
        self._turned: dict[tuple[int, Dial, str], Step] = {}

    @property
    def running(self) -> tuple[str, ...]:
        """Return the names of the scenarios that run, in the order of their start."""
        return tuple(one.name for one in self._playing.values())

    @property
    def fees(self) -> Mapping[str, Fee]:
        """Return each venue's fees: those of the scenario started last, else retail."""
        tiers = [one.fee_tier for one in self._playing.values() if one.fee_tier != USUAL_TIER]
        return FEE_TIERS[tiers[-1] if tiers else USUAL_TIER]

    @property
    def next_ns(self) -> int | None:
        """Return when the next dial is turned, None when none will be."""
        return self._cues[0].time_ns if self._cues else None

    def start(self, scenario: Scenario, now_ns: int) -> None:
        """Start a scenario. Raises ValueError when it runs already."""
        if scenario.name in self.running:
            raise ValueError(f"{scenario.name} runs already")
        self._count += 1
        run = self._count
        self._playing[run] = scenario
        for step in scenario.steps:
            self._cue(now_ns + round(step.at_s * SECOND_NS), run, step)
        self._cue(now_ns + round(scenario.duration_s * SECOND_NS), run, None)

    def stop(self, name: str) -> None:
        """Stop a scenario. Raises ValueError when it does not run."""
        for run, scenario in self._playing.items():
            if scenario.name == name:
                self._end(run)
                return
        raise ValueError(f"{name} does not run")

    def is_down(self, venue: str) -> bool:
        """Say whether a running scenario has taken a venue down."""
        return any(
            step.dial is Dial.DOWN and step.value > 0.0 and step.where in ("", venue)
            for step in self._turned.values()
        )

    def play(self, now_ns: int) -> None:
        """Do everything whose time has come."""
        while self._cues and self._cues[0].time_ns <= now_ns:
            cue = self._cues.pop(0)
            if cue.step is None:
                self._end(cue.run)
            elif cue.step.dial is Dial.JUMP:
                self._jump(cue.step)
            else:
                self._turned[cue.run, cue.step.dial, cue.step.where] = cue.step
                self._set_dials()

    def _cue(self, time_ns: int, run: int, step: Step | None) -> None:
        self._count += 1
        insort(self._cues, _Cue(time_ns, self._count, run, step), key=lambda one: one[:2])

    def _end(self, run: int) -> None:
        del self._playing[run]
        self._cues = [one for one in self._cues if one.run != run]
        self._turned = {key: step for key, step in self._turned.items() if key[0] != run}
        self._set_dials()

    def _jump(self, step: Step) -> None:
        for number, name in enumerate(self._crowd.assets):
            if step.concerns_asset(name, number):
                self._crowd.add_jump(number, step.value, step.over_s)

    def _set_dials(self) -> None:
        crowd = self._crowd
        for dial, place in OF_ASSETS.items():
            for number, name in enumerate(crowd.assets):
                steps = [one for one in self._turned_by(dial) if one.concerns_asset(name, number)]
                crowd.floats[crowd.asset_place(number, place)] = _combined(dial, steps)
        for dial, place in OF_BOOKS.items():
            for number, listing in enumerate(crowd.listings):
                steps = [one for one in self._turned_by(dial) if one.concerns(listing)]
                crowd.floats[crowd.book_place(number, place)] = _combined(dial, steps)

    def _turned_by(self, dial: Dial) -> list[Step]:
        return [step for (_, one, _), step in self._turned.items() if one is dial]


def _combined(dial: Dial, steps: list[Step]) -> float:
    values = [one.value for one in steps]
    return math.prod(values) if dial in MULTIPLIED else sum(values, 0.0)
