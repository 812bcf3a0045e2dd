"""What a desk is told when it starts."""

import ipaddress
from pathlib import Path
from typing import Final

import msgspec

from hftlib.core.errors import ConfigurationError

SAMPLE: Final = "sample"
_TAPE: Final = "tape:"
SAMPLE_TAPE: Final = Path(__file__).resolve().parent.parent / "data" / "sample.tape"


class DeskSettings(msgspec.Struct, frozen=True):
    """Hold the settings of one desk; `token` is demanded of clients beyond loopback."""

    source: str = SAMPLE
    host: str = "127.0.0.1"
    port: int = 8710
    data_dir: Path = Path("data")
    speed: float = 1.0
    paused: bool = False
    loop: bool = True
    token: str = ""


def tape_path(source: str) -> Path:
    """Return the tape that a source names. Raises ConfigurationError for any other source."""
    if source == SAMPLE:
        return SAMPLE_TAPE
    if source.startswith(_TAPE) and len(source) > len(_TAPE):
        return Path(source.removeprefix(_TAPE)).expanduser()
    raise ConfigurationError(
        f"source {source!r} is not known: this version plays sample or tape:PATH"
    )


def is_loopback(host: str) -> bool:
    """Say whether a host name or address reaches this machine only."""
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_exposure(settings: DeskSettings) -> None:
    """Refuse to listen beyond loopback without a token. Raises ConfigurationError."""
    if not is_loopback(settings.host) and not settings.token:
        raise ConfigurationError(
            f"refusing to listen on {settings.host} without a token: set HFT_API_TOKEN"
        )
