"""What a desk is told when it starts."""

from pathlib import Path
from typing import Final

import msgspec

from hftlib.core.callers import is_loopback
from hftlib.core.configuration import Configuration, StoreSection, TapeSection
from hftlib.core.errors import ConfigurationError

SLOWEST: Final = 0.1
FASTEST: Final = 50.0
UNPACED: Final = 0.0
DEFAULT_SOURCE: Final = "auto"
AUTO: Final = "auto"
LIVE: Final = "live"
TESTNET: Final = "testnet"
LOCAL: Final = "local"
RUNNING: Final = (AUTO, LIVE, TESTNET, LOCAL)
"""Sources whose time is the wall clock's; all others are tapes."""

_TAPE: Final = "tape:"
_INCIDENT: Final = "incident:"
INCIDENTS: Final = Path(__file__).resolve().parent.parent / "data" / "incidents"
"""The tapes that ship with the project, one for each scenario of the local market."""


class DeskSettings(msgspec.Struct, frozen=True):
    """Hold the settings of one desk.

    `venues` and `symbols` are those of a running source. `token` is demanded of clients beyond
    loopback. A desk that `stays_up` goes on answering when its source cannot be shown, and says
    why; another one ends. `clickhouse_dsn` may hold a password.
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
    venues: tuple[str, ...] = ("binance", "coinbase")
    symbols: str = "BTC,ETH,BNB,SOL,ADA"
    tape: TapeSection = TapeSection()
    store: StoreSection = StoreSection()
    clickhouse_dsn: str = ""


def settings_of(
    configuration: Configuration,
    *,
    paused: bool = False,
    loop: bool = True,
    stays_up: bool = False,
) -> DeskSettings:
    """Return the settings of a desk as a configuration has them."""
    return DeskSettings(
        source=configuration.source,
        host=configuration.desk.host,
        port=configuration.desk.port,
        data_dir=Path(configuration.data_dir).expanduser(),
        speed=configuration.speed,
        paused=paused,
        loop=loop,
        token=configuration.api.token,
        stays_up=stays_up,
        venues=tuple(configuration.venues.split(",")),
        symbols=configuration.symbols,
        tape=configuration.tape,
        store=configuration.store,
        clickhouse_dsn=configuration.clickhouse_dsn,
    )


def incident_names() -> tuple[str, ...]:
    """Return the names of the incident tapes that are shipped, sorted."""
    return tuple(sorted(path.stem for path in INCIDENTS.glob("*.tape")))


def is_running_source(source: str) -> bool:
    """Say whether a source is live, testnet, local or what is found of them, and no tape."""
    return source in RUNNING


def check_source(source: str) -> None:
    """Refuse a source that is not known. Raises ConfigurationError."""
    if not is_running_source(source):
        tape_path(source)


def tape_path(source: str) -> Path:
    """Return the tape that a source names. Raises ConfigurationError for any other source."""
    if source.startswith(_INCIDENT):
        return _incident(source.removeprefix(_INCIDENT))
    if source.startswith(_TAPE) and len(source) > len(_TAPE):
        return Path(source.removeprefix(_TAPE)).expanduser()
    raise ConfigurationError(
        f"source {source!r} is not known: {', '.join(RUNNING)}, incident:NAME or tape:PATH"
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
    check_source(settings.source)
    checked_speed(settings.speed)
    if not is_loopback(settings.host) and not settings.token:
        raise ConfigurationError(
            f"refusing to listen on {settings.host} without a token: set HFT_API_TOKEN"
        )
