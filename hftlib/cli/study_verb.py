"""`study`: ask tapes a question of microstructure: order flow, the whole market, arbitrage."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from hftlib.cli.progress import progress_of
from hftlib.core.configuration import Configuration

if TYPE_CHECKING:
    from hftlib.desk.market_rows import MarketPicture

NAME = "study"
HELP = "study tapes: order-flow regression, the market beside a real one, arbitrage after fees"

_UNITS = {"ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000, "h": 3_600_000_000_000}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument(
        "subject",
        choices=["ofi", "market", "arbitrage"],
        help="ofi: mid change on order-flow imbalance; market: its regularities beside the real"
        " ones; arbitrage: round trips of spot BTC over two venues after fees, tape by tape",
    )
    parser.add_argument("tapes", nargs="+", type=Path, metavar="TAPE")
    parser.add_argument("--json", action="store_true", help="print JSON")
    _add_flow_arguments(parser)
    _add_market_arguments(parser)


def _add_flow_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("ofi")
    group.add_argument(
        "--window", type=_durations, default=_durations("1s,5s,10s"), help="such as 1s,5s,10s"
    )
    group.add_argument("--parts", type=_duration, help="also regress stretches, such as 30m")
    group.add_argument("--start", type=_time_of_day, help="begin at this time, such as 09:30")
    group.add_argument("--end", type=_time_of_day, help="end at this time, such as 16:00")


def _add_market_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("market and arbitrage")
    group.add_argument(
        "--against",
        nargs="+",
        type=Path,
        metavar="TAPE",
        help="tapes of a real market (default: the figures of the captures that the project keeps)",
    )
    group.add_argument(
        "--book",
        nargs=2,
        metavar=("VENUE", "SYMBOL"),
        default=("binance", "BTCUSDT"),
        help="the book to measure (default binance BTCUSDT)",
    )
    group.add_argument(
        "--second",
        nargs=2,
        metavar=("VENUE", "SYMBOL"),
        default=("binance_usdm", "BTCUSDT"),
        help="the book of its lead-lag and basis (default binance_usdm BTCUSDT)",
    )
    group.add_argument(
        "--picture", action="store_true", help="print the figures alone, without a comparison"
    )
    group.add_argument(
        "--write", type=Path, metavar="FILE", help="replace the table in this page, too"
    )


def run(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """Print what was asked for; return 0."""
    if arguments.subject == "market":
        return _run_market(arguments)
    if arguments.subject == "arbitrage":
        return _run_arbitrage(arguments)
    return _run_flow(arguments)


def _run_flow(arguments: argparse.Namespace) -> int:
    from hftlib.desk.study import OfiQuestion, study_ofi

    question = OfiQuestion(arguments.window, arguments.parts, arguments.start, arguments.end)
    with progress_of(" frames") as show:
        studies = study_ofi(arguments.tapes, question, progress=show)
    if arguments.json:
        print(msgspec.json.encode(studies).decode())
        return 0
    print("venue              symbol        window      n      R2        beta (quote per base)")
    for study in studies:
        print(
            f"{study.venue:<18} {study.symbol:<12} {study.window_s:>5g} s {study.n:>6}"
            f"  {study.r2:.4f}  {study.beta:>12.6g}"
            + (f"  mean R2 of {study.parts} parts {study.parts_r2_mean:.4f}" if study.parts else "")
        )
    return 0


def _run_market(arguments: argparse.Namespace) -> int:
    from hftlib.desk.market_report import MARKET, market_table, market_text
    from hftlib.desk.market_rows import compare
    from hftlib.desk.market_study import real_picture

    page = _page(arguments.write, MARKET)
    measured = _picture(arguments, arguments.tapes)
    if arguments.picture:
        print(msgspec.json.format(msgspec.json.encode(measured), indent=2).decode())
        return 0
    real = _picture(arguments, arguments.against) if arguments.against else real_picture()
    comparisons = compare(real, measured)
    _put(arguments.write, page, MARKET, market_table(real, measured, comparisons))
    if arguments.json:
        print(msgspec.json.encode(comparisons).decode())
    else:
        print(market_text(comparisons))
    return 0


def _picture(arguments: argparse.Namespace, tapes: list[Path]) -> "MarketPicture":
    from hftlib.desk.market_study import picture_of

    with progress_of(" frames") as show:
        return picture_of(tapes, tuple(arguments.book), tuple(arguments.second), show)


def _run_arbitrage(arguments: argparse.Namespace) -> int:
    from hftlib.desk.market_report import ARBITRAGE, arbitrage_table
    from hftlib.desk.market_study import study_arbitrage

    page = _page(arguments.write, ARBITRAGE)
    reports = []
    for tape in arguments.tapes:
        with progress_of(" frames") as show:
            reports += study_arbitrage(tape, show)
    _put(arguments.write, page, ARBITRAGE, arbitrage_table(reports))
    print(msgspec.json.encode(reports).decode() if arguments.json else arbitrage_table(reports))
    return 0


def _page(path: Path | None, table: str) -> str:
    """Return the text of a page, refused before the long work where it has no place for a table."""
    from hftlib.desk.market_report import with_table

    if path is None:
        return ""
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    with_table(text, table, "")
    return text


def _put(path: Path | None, page: str, table: str, text: str) -> None:
    from hftlib.desk.market_report import with_table

    if path is not None:
        path.write_text(with_table(page, table, text), encoding="utf-8")


def _duration(text: str) -> int:
    """Return '250ms', '10s', '30m' or '1h' as nanoseconds."""
    number = text.rstrip("hms")
    unit = _UNITS.get(text[len(number) :])
    try:
        duration = round(float(number) * unit) if unit else 0
    except ValueError:
        duration = 0
    if duration <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration such as 250ms, 10s, 30m or 1h")
    return duration


def _durations(text: str) -> tuple[int, ...]:
    return tuple(_duration(part) for part in text.split(","))


def _time_of_day(text: str) -> int:
    """Return '09:30' or '09:30:15' as nanoseconds since midnight."""
    try:
        parts = [int(part) for part in text.split(":")]
        hours, minutes, seconds = (*parts, 0)[:3] if len(parts) == 2 else parts
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 09:30 or 16:00:00") from None
    return ((hours * 60 + minutes) * 60 + seconds) * 1_000_000_000
