"""Which signals a run evaluates, and how a tape names them so that a replay evaluates the same."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from hftlib.core.errors import ConfigurationError
from hftlib.signals import imbalance
from hftlib.signals.imbalance import ImbalanceParameters, ImbalanceSignal
from hftlib.signals.signal import SignalRule

DEFAULT_SIGNALS: Final[tuple[SignalRule, ...]] = (ImbalanceSignal(),)


def settings_of(signals: Sequence[SignalRule]) -> dict[str, dict[str, Any]]:
    """Return the settings of signals by name, as plain values."""
    return {signal.name: signal.settings() for signal in signals}


def signals_from(settings: Mapping[str, Mapping[str, Any]]) -> tuple[SignalRule, ...]:
    """Return the signals that settings name, the default ones where they name none.

    Raises ConfigurationError for a signal or a parameter that does not exist.
    """
    if not settings:
        return DEFAULT_SIGNALS
    return tuple(_signal(name, values) for name, values in settings.items())


def _signal(name: str, values: Mapping[str, Any]) -> SignalRule:
    if name != imbalance.NAME:
        raise ConfigurationError(f"there is no signal {name!r}: one of {imbalance.NAME}")
    try:
        return ImbalanceSignal(msgspec.convert(values, ImbalanceParameters))
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"signal {name}: {error}") from error
