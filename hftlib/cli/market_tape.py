"""`market --offline` and `market --incidents`: the local market written down without sockets."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from hftlib.cli.progress import progress_of
from hftlib.core.errors import ConfigurationError

if TYPE_CHECKING:
    from hftlib.desk.local_tape import TapeSummary
    from hftlib.market.listings import Listing


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the two."""
    offline = parser.add_argument_group("without sockets")
    offline.add_argument("--offline", action="store_true", help="write a tape instead of serving")
    offline.add_argument("--seconds", type=int, default=60, help="length of the tape (default 60)")
    offline.add_argument("-o", "--output", type=Path, metavar="TAPE", help="the tape to write")
    offline.add_argument(
        "--book",
        action="append",
        default=[],
        metavar="VENUE:SYMBOL",
        help="trade and record this book only; may be given more than once (default: all)",
    )
    offline.add_argument(
        "--protocol",
        action="append",
        default=[],
        metavar="NAME",
        help="record clients of this protocol: binance, binance_usdm, coinbase, coinbase_exchange; "
        "may be given more than once (default: the first three)",
    )
    offline.add_argument(
        "--incidents", type=Path, metavar="FOLDER", help="write every incident tape, as shipped"
    )


def write(arguments: argparse.Namespace) -> int:
    """Write the tape or the incident tapes that the arguments ask for; return 0.

    Raises ConfigurationError when they ask for nothing that there is.
    """
    if arguments.incidents is not None:
        return _write_incidents(arguments.incidents, arguments.json)
    if arguments.output is None:
        raise ConfigurationError("--offline writes a tape: name it with -o TAPE")
    if arguments.seconds < 1:
        raise ConfigurationError(f"--seconds must be 1 or more, not {arguments.seconds}")
    _tell(_write_tape(arguments), arguments.json)
    return 0


def _write_tape(arguments: argparse.Namespace) -> "TapeSummary":
    from hftlib.desk.local_tape import write_tape
    from hftlib.desk.tape_plans import DEFAULT_PROTOCOLS, PROTOCOLS
    from hftlib.market.scenario import SCENARIOS

    scenarios = tuple(arguments.scenario) or ("calm",)
    for name in scenarios:
        if name not in SCENARIOS:
            raise ConfigurationError(f"no scenario {name!r}: one of {', '.join(SCENARIOS)}")
    for name in arguments.protocol:
        if name not in PROTOCOLS:
            raise ConfigurationError(f"no protocol {name!r}: one of {', '.join(PROTOCOLS)}")
    with progress_of("s") as show:
        return write_tape(
            arguments.output,
            seed=arguments.seed,
            scenarios=scenarios,
            seconds=arguments.seconds,
            listings=_listings(arguments.book),
            protocols=tuple(arguments.protocol) or DEFAULT_PROTOCOLS,
            progress=show,
        )


def _listings(books: list[str]) -> tuple["Listing", ...]:
    from hftlib.market.listings import LISTINGS, listing_of

    try:
        return tuple(listing_of(*book.split(":", 1)) for book in books) or LISTINGS
    except (KeyError, TypeError) as error:
        known = ", ".join(f"{one.venue}:{one.symbol}" for one in LISTINGS)
        raise ConfigurationError(f"--book names one of {known}") from error


def _write_incidents(folder: Path, as_json: bool) -> int:
    from hftlib.desk.incidents import INCIDENTS, write_incident

    folder.mkdir(parents=True, exist_ok=True)
    for name in INCIDENTS:
        with progress_of("s") as show:
            _tell(write_incident(name, folder / f"{name}.tape", show), as_json)
    return 0


def _tell(summary: "TapeSummary", as_json: bool) -> None:
    if as_json:
        print(msgspec.json.encode(summary._asdict()).decode())
        return
    print(f"{summary.tape}: {summary.frames} frames, {summary.tape_bytes} bytes")
    told = f"scenario {'+'.join(summary.scenarios)}, seed {summary.seed}, {summary.seconds} s"
    print(f"  {told}, sha256 {summary.sha256}")
