"""`study`: ask a tape a question of microstructure."""

import argparse
from pathlib import Path

import msgspec

from hftlib.cli.progress import progress_of
from hftlib.core.configuration import Configuration

NAME = "study"
HELP = "regress the move of the mid on order-flow imbalance over tapes"

_UNITS = {"ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000, "h": 3_600_000_000_000}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument("subject", choices=["ofi"], help="what to study")
    parser.add_argument("tapes", nargs="+", type=Path, metavar="TAPE")
    parser.add_argument(
        "--window", type=_durations, default=_durations("1s,5s,10s"), help="such as 1s,5s,10s"
    )
    parser.add_argument("--parts", type=_duration, help="also regress stretches, such as 30m")
    parser.add_argument("--start", type=_time_of_day, help="begin at this time, such as 09:30")
    parser.add_argument("--end", type=_time_of_day, help="end at this time, such as 16:00")
    parser.add_argument("--json", action="store_true", help="print a list of objects")


def run(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """Print R2, beta and n of each symbol and window; return 0."""
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
