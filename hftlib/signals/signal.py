"""A signal: which side the features favour, how strongly, and why; and the protocol of a rule."""

from enum import StrEnum
from typing import Any, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
"""The array of a measurer; `hftlib.features.layout` says where each feature stands in it."""


class SignalSide(StrEnum):
    """Name the side that a signal favours; NEUTRAL cannot be executed."""

    BUY = "BUY"
    SELL = "SELL"
    NEUTRAL = "NEUTRAL"


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """Say what a rule makes of the features as they stand; what is missing is None.

    `score` is in the rule's own unit, `confidence` from 0 to 1 and None where the side is NEUTRAL.
    """

    side: SignalSide
    score: float | None
    confidence: float | None
    spread_bps: float | None
    reason: str


class Signal(msgspec.Struct, frozen=True, gc=False):
    """Tell that the side of a signal has changed: a fact of the engine, from trusted books only."""

    venue: str
    symbol: str
    ts_event: int | None
    ts_recv: int
    name: str
    side: SignalSide
    score: float | None
    confidence: float | None
    spread_bps: float | None
    reason: str


class SignalRule(Protocol):
    """Judge the features of one book; a rule keeps nothing between two judgements."""

    @property
    def name(self) -> str:
        """Return the name that its signals carry."""
        ...

    def side(self, floats: Floats) -> SignalSide:
        """Return the side alone: this is asked after every change of a book."""
        ...

    def judge(self, floats: Floats) -> Verdict:
        """Return the whole verdict; its side is what `side` says."""
        ...

    def settings(self) -> dict[str, Any]:
        """Return the parameters as plain values, for the manifest of a tape."""
        ...
