"""`market ctl`: steer a local market that runs, by its control interface."""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from hftlib.core.configuration import Configuration
from hftlib.core.errors import ConfigurationError, UnavailableError

if TYPE_CHECKING:
    from hftlib.io.local.control_client import ControlClient

NAME: Final = "ctl"
_FAULT_FLAGS: Final = (
    ("venue", str, "venues that it means, a pattern (default all)"),
    ("connection", str, "connections that it means, a pattern (default all)"),
    ("topic", str, "streams or paths (handshakes: ws:PATH) that it means, a pattern (default all)"),
    ("probability", float, "how often it hits, 0 to 1 (default 1)"),
    ("count", int, "how often it hits at most (default without limit)"),
    ("after-s", float, "seconds until it begins (default 0)"),
    ("for-s", float, "seconds that it lasts (default until it is taken back)"),
    ("seconds", float, "of delay, skew, age of a snapshot, notice of a shutdown (default 5)"),
    ("shift", int, "of an unrelated snapshot's update id (default -1000000000)"),
    ("bytes", int, "of an oversized frame (default 16 MiB)"),
    ("status", int, "of the HTTP answer (default 503)"),
    ("retry-after-s", int, "Retry-After of 418, 429 and 503 (default 5)"),
    ("answer", str, "to an order that was accepted: silence, 504 or -1007 (default silence)"),
)


def add_parsers(parser: argparse.ArgumentParser) -> None:
    """Add `ctl` and its commands below the verb's parser."""
    whats = parser.add_subparsers(dest="what", metavar="ctl")
    ctl = whats.add_parser(NAME, help="steer a market that runs")
    ctl.add_argument(
        "--control", metavar="URL", help="its control address (default: what the ports file says)"
    )
    ctl.add_argument("--ports-file", type=Path, metavar="FILE", help="where it left its addresses")
    commands = ctl.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _leaf(commands, "status", "tell how it fares")
    _add_scenario(commands)
    _add_fault(commands)
    _add_account(commands)
    _add_book(commands)
    _leaf(commands, "limits", "forget all counted limits and bans")
    _leaf(commands, "lifetime", "set the age at which connections are cut").add_argument(
        "seconds", type=float
    )
    _leaf(commands, "server-shutdown", "let a venue announce its shutdown").add_argument("venue")
    _leaf(commands, "shutdown", "stop the market")


def _leaf(commands: Any, name: str, told: str) -> argparse.ArgumentParser:
    leaf: argparse.ArgumentParser = commands.add_parser(name, help=told, description=told)
    leaf.add_argument("--json", action="store_true", help="print the answer as JSON")
    return leaf


def _group(commands: Any, name: str, told: str) -> Any:
    group = commands.add_parser(name, help=told, description=told)
    return group.add_subparsers(dest="action", required=True, metavar="ACTION")


def _add_scenario(commands: Any) -> None:
    actions = _group(commands, "scenario", "list, start and stop scenarios")
    _leaf(actions, "list", "list the scenarios")
    for action in ("start", "stop"):
        _leaf(actions, action, f"{action} a scenario").add_argument("name")


def _add_fault(commands: Any) -> None:
    actions = _group(commands, "fault", "plant faults, take them back, read what they did")
    _leaf(actions, "list", "list the kinds and the planted faults")
    add = _leaf(actions, "add", "plant a fault")
    add.add_argument("kind")
    for name, kind, told in _FAULT_FLAGS:
        add.add_argument(f"--{name}", type=kind, help=told, metavar=kind.__name__.upper())
    add.add_argument("--mute", action="store_true", help="a stall keeps pings and pongs back too")
    _leaf(actions, "remove", "take one fault back").add_argument("fault", type=int)
    _leaf(actions, "clear", "take all faults back")
    log = _leaf(actions, "log", "tell every injected fault")
    log.add_argument("--after", type=int, default=0, metavar="NUMBER")


def _add_account(commands: Any) -> None:
    actions = _group(commands, "account", "open accounts and give them balances")
    _leaf(actions, "list", "list the accounts")
    create = _leaf(actions, "create", "open an account; its keys are shown once")
    create.add_argument("name")
    _add_balances(create)
    create.add_argument("--keys", default="hmac", help="kinds, comma separated: hmac, ed25519, ...")
    deposit = _leaf(actions, "deposit", "add to a balance")
    for name in ("name", "asset", "amount"):
        deposit.add_argument(name)
    reset = _leaf(actions, "reset", "cancel its orders and begin anew with these balances")
    reset.add_argument("name")
    _add_balances(reset)
    register = _leaf(actions, "register", "add a key by its public half")
    register.add_argument("name")
    register.add_argument("public_pem", type=Path, metavar="PEM_FILE")


def _add_balances(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--balance", action="append", default=[], metavar="ASSET=AMOUNT")


def _add_book(commands: Any) -> None:
    book = _leaf(commands, "book", "show the engine's own book")
    book.add_argument("venue")
    book.add_argument("symbol")
    for name in ("update-id", "time-ns", "depth"):
        book.add_argument(f"--{name}", type=int, metavar="NUMBER")


def run(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """Carry out one command and print the answer; return 0."""
    client = _client(arguments, configuration)
    answer = _COMMANDS[arguments.command](client, arguments)
    if arguments.json:
        print(msgspec.json.encode(answer).decode())
    else:
        print("\n".join(_lines(answer)))
    return 0


def _client(arguments: argparse.Namespace, configuration: Configuration) -> "ControlClient":
    from hftlib.io.local.control_client import ControlClient
    from hftlib.io.local.ports_file import CHILD_FILE, FILE, read_addresses
    from hftlib.io.local.settings import CONTROL

    url = arguments.control
    if url is None:
        folder = Path(configuration.data_dir).expanduser()
        path = arguments.ports_file or folder / FILE
        # Else the market that a desk of this folder runs for itself.
        left = read_addresses(path) or read_addresses(folder / CHILD_FILE)
        if left is None:
            raise UnavailableError(f"no local market runs: {path} tells of none")
        url = left.addresses[CONTROL]
    return ControlClient(url, configuration.api.token)


def _status(client: "ControlClient", _: argparse.Namespace) -> Any:
    return client.call("GET", "status")


def _scenario(client: "ControlClient", arguments: argparse.Namespace) -> Any:
    if arguments.action == "list":
        return client.call("GET", "scenarios")
    return client.call("POST", f"scenarios/{arguments.action}", {"name": arguments.name})


def _fault(client: "ControlClient", arguments: argparse.Namespace) -> Any:
    match arguments.action:
        case "list":
            return client.call("GET", "faults")
        case "add":
            return client.call("POST", "faults", _fault_spec(arguments))
        case "remove":
            return client.call("DELETE", f"faults/{arguments.fault}")
        case "clear":
            return client.call("DELETE", "faults")
        case _:
            return client.call("GET", "faults/log", query={"after": arguments.after})


def _fault_spec(arguments: argparse.Namespace) -> dict[str, Any]:
    names = [name.replace("-", "_") for name, _, _ in _FAULT_FLAGS]
    given = {name: getattr(arguments, name) for name in names}
    spec = {name: value for name, value in given.items() if value is not None}
    return {"kind": arguments.kind, **spec, **({"mute": True} if arguments.mute else {})}


def _account(client: "ControlClient", arguments: argparse.Namespace) -> Any:
    match arguments.action:
        case "list":
            return client.call("GET", "accounts")
        case "create":
            keys = [key for key in arguments.keys.split(",") if key]
            body = {"name": arguments.name, "balances": _balances(arguments.balance), "keys": keys}
            return client.call("POST", "accounts", body)
        case "deposit":
            amount = {"asset": arguments.asset, "amount": arguments.amount}
            return client.call("POST", f"accounts/{arguments.name}/deposit", amount)
        case "reset":
            balances = {"balances": _balances(arguments.balance)}
            return client.call("POST", f"accounts/{arguments.name}/reset", balances)
        case _:
            body = {"public_pem": arguments.public_pem.read_text(encoding="utf-8")}
            return client.call("POST", f"accounts/{arguments.name}/keys", body)


def _balances(given: Iterable[str]) -> dict[str, str]:
    balances = {}
    for text in given:
        asset, equals, amount = text.partition("=")
        if not equals:
            raise ConfigurationError(f"a balance is ASSET=AMOUNT, not {text!r}")
        balances[asset] = amount
    return balances


def _book(client: "ControlClient", arguments: argparse.Namespace) -> Any:
    asked = {name: getattr(arguments, name) for name in ("update_id", "time_ns", "depth")}
    query = {name: value for name, value in asked.items() if value is not None}
    query |= {"venue": arguments.venue, "symbol": arguments.symbol}
    return client.call("GET", "book", query=query)


def _limits(client: "ControlClient", _: argparse.Namespace) -> Any:
    return client.call("POST", "limits/reset")


def _lifetime(client: "ControlClient", arguments: argparse.Namespace) -> Any:
    return client.call("POST", "lifetime", {"seconds": arguments.seconds})


def _server_shutdown(client: "ControlClient", arguments: argparse.Namespace) -> Any:
    return client.call("POST", "server-shutdown", {"venue": arguments.venue})


def _shutdown(client: "ControlClient", _: argparse.Namespace) -> Any:
    return client.call("POST", "shutdown")


_COMMANDS: Final = {
    "status": _status,
    "scenario": _scenario,
    "fault": _fault,
    "account": _account,
    "book": _book,
    "limits": _limits,
    "lifetime": _lifetime,
    "server-shutdown": _server_shutdown,
    "shutdown": _shutdown,
}


def _lines(answer: Any, indent: str = "") -> Iterable[str]:
    """Yield a JSON answer as lines: names before values, rows of a list on lines of their own."""
    if isinstance(answer, dict):
        for name, value in answer.items():
            if isinstance(value, dict | list) and value:
                yield f"{indent}{name}:"
                yield from _lines(value, indent + "  ")
            else:
                yield f"{indent}{name}: {'-' if value in ({}, [], '') else value}"
    else:
        for row in answer:
            if isinstance(row, dict):
                yield indent + "  ".join(f"{name}={value}" for name, value in row.items())
            else:
                yield indent + ("  ".join(map(str, row)) if isinstance(row, list) else str(row))
