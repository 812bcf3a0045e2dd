"""What a local market is told when it starts."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec

from hftlib.core.callers import is_loopback
from hftlib.core.errors import ConfigurationError
from hftlib.core.venue import BINANCE, BINANCE_USDM, COINBASE, COINBASE_EXCHANGE

TLS: Final = "coinbase_tls"
CONTROL: Final = "control"
PORTS: Final[Mapping[str, int]] = {
    BINANCE: 8720,
    BINANCE_USDM: 8721,
    COINBASE_EXCHANGE: 8722,
    COINBASE: 8723,
    TLS: 8724,
    CONTROL: 8725,
}
"""The ports of a market that is told nothing else."""


class LocalSettings(msgspec.Struct, frozen=True):
    """Hold the settings of the servers of one local market.

    `ports` by name (0: any free one). `ports_file` is where the addresses are left. Beyond loopback
    the control interface demands `token`, and `is_exposed` must say that the venues may be seen.
    `lifetime_s` shortens the 24 h after which Binance cuts a connection (0: 24 h).
    """

    host: str = "127.0.0.1"
    ports: Mapping[str, int] = MappingProxyType(PORTS)
    data_dir: Path = Path("data")
    ports_file: Path = Path("data/market.json")
    seed: int = 1
    scenarios: tuple[str, ...] = ()
    token: str = ""
    is_exposed: bool = False
    lifetime_s: float = 0.0


def check(settings: LocalSettings) -> None:
    """Refuse settings that open more than was meant. Raises ConfigurationError."""
    if is_loopback(settings.host):
        return
    if not settings.token:
        raise ConfigurationError(
            f"refusing to listen on {settings.host} without a token: set HFT_API_TOKEN"
        )
    if not settings.is_exposed:
        raise ConfigurationError(
            f"refusing to show the venues on {settings.host}: say --expose if that is meant"
        )
