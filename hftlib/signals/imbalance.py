"""The imbalance signal: buy where bids outweigh asks and the spread is narrow, sell where asks do.

The rule: with I = (B - A) / (B + A), B and A the size in the first `levels` levels of each side,
BUY when I > threshold, SELL when I < -threshold, each only with a spread under `most_spread_bps`;
else NEUTRAL. Its raw confidence is base + slope |I|, at most `most_confidence`: a formula, not a
probability that was learned from what happened.

Imbalance and what it says of the next price: Cartea, Jaimungal, Penalva, Algorithmic and
High-Frequency Trading, Cambridge University Press, 2015, chapter 12.
"""

from typing import Any, Final

import msgspec

from hftlib.core.errors import ConfigurationError
from hftlib.features.layout import (
    IMBALANCE_1,
    IMBALANCE_5,
    IMBALANCE_10,
    IMBALANCE_20,
    SPREAD_BPS,
)
from hftlib.signals.signal import Floats, SignalSide, Verdict

NAME: Final = "imbalance"
PLACES: Final = {1: IMBALANCE_1, 5: IMBALANCE_5, 10: IMBALANCE_10, 20: IMBALANCE_20}
"""Where the imbalance over so many levels stands among the features."""

_BUY: Final = SignalSide.BUY
_SELL: Final = SignalSide.SELL
_NEUTRAL: Final = SignalSide.NEUTRAL


class ImbalanceParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Set the rule; the defaults are its own numbers. `levels` is 1, 5, 10 or 20."""

    levels: int = 20
    threshold: float = 0.15
    most_spread_bps: float = 10.0
    base_confidence: float = 0.6
    slope: float = 2.0
    most_confidence: float = 0.95


DEFAULTS: Final = ImbalanceParameters()


def side_of(imbalance: float, spread_bps: float, parameters: ImbalanceParameters) -> SignalSide:
    """Return the side of the rule; a feature that is missing is NaN and makes it NEUTRAL."""
    if spread_bps < parameters.most_spread_bps:
        if imbalance > parameters.threshold:
            return _BUY
        if imbalance < -parameters.threshold:
            return _SELL
    return _NEUTRAL


def verdict_of(
    imbalance: float | None, spread_bps: float | None, parameters: ImbalanceParameters = DEFAULTS
) -> Verdict:
    """Return side, score (the imbalance), raw confidence and reason; None is a missing feature."""
    if imbalance is None or spread_bps is None:
        return Verdict(_NEUTRAL, imbalance, None, spread_bps, "a feature is missing")
    side = side_of(imbalance, spread_bps, parameters)
    if side is _NEUTRAL:
        reason = _why_neutral(imbalance, spread_bps, parameters)
        return Verdict(side, imbalance, None, spread_bps, reason)
    raw = parameters.base_confidence + parameters.slope * abs(imbalance)
    limit = parameters.threshold if side is _BUY else -parameters.threshold
    reason = (
        f"imbalance of {parameters.levels} levels {imbalance:+.3f} beyond {limit:+g}, "
        f"spread {spread_bps:.3g} under {parameters.most_spread_bps:g} bps"
    )
    return Verdict(side, imbalance, min(raw, parameters.most_confidence), spread_bps, reason)


def _why_neutral(imbalance: float, spread_bps: float, parameters: ImbalanceParameters) -> str:
    if abs(imbalance) <= parameters.threshold:
        return f"imbalance {imbalance:+.3f} within {parameters.threshold:g}"
    return f"spread {spread_bps:.3g} bps, not under {parameters.most_spread_bps:g}"


class ImbalanceSignal:
    """Judge the features of a book by the rule."""

    __slots__ = ("_place", "parameters")

    name = NAME

    def __init__(self, parameters: ImbalanceParameters = DEFAULTS) -> None:
        """Take the parameters. Raises ConfigurationError for a number of levels not measured."""
        if parameters.levels not in PLACES:
            raise ConfigurationError(
                f"imbalance over {parameters.levels} levels is not measured: one of "
                f"{', '.join(map(str, PLACES))}"
            )
        self.parameters = parameters
        self._place = PLACES[parameters.levels]

    def side(self, floats: Floats) -> SignalSide:
        """Return the side alone."""
        return side_of(floats.item(self._place), floats.item(SPREAD_BPS), self.parameters)

    def judge(self, floats: Floats) -> Verdict:
        """Return the whole verdict."""
        imbalance, spread = floats.item(self._place), floats.item(SPREAD_BPS)
        return verdict_of(_present(imbalance), _present(spread), self.parameters)

    def settings(self) -> dict[str, Any]:
        """Return the parameters as plain values."""
        return msgspec.structs.asdict(self.parameters)


def _present(value: float) -> float | None:
    return value if value == value else None


def imbalance_of(values: dict[str, float | None], parameters: ImbalanceParameters) -> Verdict:
    """Return the verdict on features by name, as the API sends them."""
    name = f"imbalance_{parameters.levels}"
    return verdict_of(values.get(name), values.get("spread_bps"), parameters)
