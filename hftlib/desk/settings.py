"""What a desk is told when it starts."""

from pathlib import Path
from typing import Final

import msgspec

from hftlib.core.callers import is_loopback
from hftlib.core.errors import ConfigurationError

SLOWEST: Final = 0.1
FASTEST: Final = 50.0
UNPACED: Final = 0.0
DEFAULT_SOURCE: Final = "incident:calm"
_TAPE: Final = "tape:"
_INCIDENT: Final = "incident:"
INCIDENTS: Final = Path(__file__).resolve().parent.parent / "data" / "incidents"
"""The tapes that ship with the project, one for each scenario of the local market."""


class DeskSettings(msgspec.Struct, frozen=True):
    """Hold the settings of one desk.

    `token` is demanded of clients beyond loopback. A desk that `stays_up` goes on answering when
    its source cannot be played, and says why; another one ends.
    """

    source: str = DEFAULT_SOURCE
    host: str = "127.0.0.1"
    port: int = 8710
    data_dir: Path = Path("data")
    speed: float = 1.0
    paused: bool = False
    loop: bool = True
    token: str = ""
    stays_up: bool = False


def incident_names() -> tuple[str, ...]:
    """Return the names of the incident tapes that are shipped, sorted."""
    return tuple(sorted(path.stem for path in INCIDENTS.glob("*.tape")))


def tape_path(source: str) -> Path:
    """Return the tape that a source names. Raises ConfigurationError for any other source."""
    if source.startswith(_INCIDENT):
        return _incident(source.removeprefix(_INCIDENT))
    if source.startswith(_TAPE) and len(source) > len(_TAPE):
        return Path(source.removeprefix(_TAPE)).expanduser()
    raise ConfigurationError(
        f"source {source!r} is not known: this version plays incident:NAME or tape:PATH"
    )


def _incident(name: str) -> Path:
    names = incident_names()
    if name not in names:
        raise ConfigurationError(f"no incident {name!r}; there are {', '.join(names)}")
    return INCIDENTS / f"{name}.tape"


def checked_speed(speed: float) -> float:
    """Return a speed the player can keep: 0.1 to 50, or 0 for as fast as possible.

    Raises ConfigurationError otherwise.
    """
    if speed != UNPACED and not SLOWEST <= speed <= FASTEST:
        raise ConfigurationError(
            f"speed {speed:g} is not 0 (unpaced) or within {SLOWEST:g} to {FASTEST:g}"
        )
    return float(speed)


def check(settings: DeskSettings) -> None:
    """Refuse settings that no desk can run with, before anything is opened.

    Raises ConfigurationError: the source or the speed is not known here, or the desk would listen
    beyond loopback without a token.
    """
    tape_path(settings.source)
    checked_speed(settings.speed)
    if not is_loopback(settings.host) and not settings.token:
        raise ConfigurationError(
            f"refusing to listen on {settings.host} without a token: set HFT_API_TOKEN"
        )
