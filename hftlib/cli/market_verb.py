"""`market`: run the local venues, steer them, or write a tape of them without sockets."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from hftlib.cli import market_ctl, market_tape
from hftlib.cli.flags import add_settings
from hftlib.core.configuration import Configuration
from hftlib.io.local.ports_file import FILE
from hftlib.io.local.settings import PORTS, LocalSettings

if TYPE_CHECKING:
    from hftlib.io.local.ports_file import Addresses

NAME = "market"
HELP = "run the local venues, which speak Binance's and Coinbase's protocols; `ctl` steers them"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    add_settings(parser, "data_dir")
    _add_market(parser)
    _add_servers(parser)
    market_tape.add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object in one line")
    market_ctl.add_parsers(parser)


def _add_market(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, default=1, help="seed of the market (default 1)")
    parser.add_argument(
        "--scenario",
        action="append",
        default=[],
        metavar="NAME",
        help="start with a scenario; may be given more than once",
    )


def _add_servers(parser: argparse.ArgumentParser) -> None:
    servers = parser.add_argument_group("servers")
    servers.add_argument("--host", default="127.0.0.1", help="address to listen on")
    for name, port in PORTS.items():
        servers.add_argument(
            f"--port-{name.replace('_', '-')}",
            type=int,
            metavar="PORT",
            help=f"port of {name} (default {port}, 0: any free one)",
        )
    servers.add_argument("--free-ports", action="store_true", help="any free port for each")
    servers.add_argument(
        "--ports-file", type=Path, metavar="FILE", help="where the addresses are left"
    )
    servers.add_argument(
        "--expose", action="store_true", help="show the venues beyond loopback (with --host)"
    )
    servers.add_argument(
        "--lifetime",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="cut Binance's connections at this age instead of 24 h",
    )
    servers.add_argument(
        "--with-parent",
        action="store_true",
        help="stop when standard input closes: for programs that start a market",
    )


def run(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """Run the venues until they are stopped, steer them, or write a tape; return 0."""
    if arguments.what == market_ctl.NAME:
        return market_ctl.run(arguments, configuration)
    if arguments.offline or arguments.incidents is not None:
        return market_tape.write(arguments)
    return _serve(arguments, configuration)


def _serve(arguments: argparse.Namespace, configuration: Configuration) -> int:
    # numpy, still to be imported, would have the books' mostly empty arrays held in pages of 2 MB.
    os.environ.setdefault("NUMPY_MADVISE_HUGEPAGE", "0")
    from hftlib.desk.parent import watch_parent
    from hftlib.io.local.running import run as run_market

    def watch(stop: Callable[[], None]) -> None:
        if arguments.with_parent:
            watch_parent(stop)

    print("hftlib: opening the market", file=sys.stderr, flush=True)
    run_market(_settings(arguments, configuration), _teller(arguments.json), watch)
    return 0


def _settings(arguments: argparse.Namespace, configuration: Configuration) -> LocalSettings:
    data_dir = Path(configuration.data_dir).expanduser()
    given = {name: getattr(arguments, f"port_{name}") for name in PORTS}
    ports = {
        name: (0 if arguments.free_ports else PORTS[name]) if port is None else port
        for name, port in given.items()
    }
    return LocalSettings(
        host=arguments.host,
        ports=ports,
        data_dir=data_dir,
        ports_file=arguments.ports_file or data_dir / FILE,
        seed=arguments.seed,
        scenarios=tuple(arguments.scenario),
        token=configuration.api.token,
        is_exposed=arguments.expose,
        lifetime_s=arguments.lifetime,
    )


def _teller(as_json: bool) -> Callable[["Addresses"], None]:
    def tell(told: "Addresses") -> None:
        if as_json:
            print(msgspec.json.encode(told).decode(), flush=True)
            return
        for name, url in told.addresses.items():
            socket = "" if name == "control" else f"  {url.replace('http', 'ws', 1)}"
            print(f"{name:18s} {url}{socket}")
        print(f"{'authority':18s} {told.ca}", flush=True)

    return tell
