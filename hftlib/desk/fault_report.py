"""What many trials add up to: a row per tape, venue and fault; the table of docs/reliability.md."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from hftlib.core.venue import COINBASE, COINBASE_EXCHANGE
from hftlib.desk.fault_trials import SECOND, Trial
from hftlib.io.faults import Fault

SEEN: Final = "seen"
PARTLY: Final = "partly"
COMPARED: Final = "compared"

_EXPECTED: Final = {
    (COINBASE_EXCHANGE, Fault.DROP): COMPARED,
    (COINBASE_EXCHANGE, Fault.REORDER): PARTLY,
    (COINBASE_EXCHANGE, Fault.STALE_SNAPSHOT): COMPARED,
    (COINBASE, Fault.STALE_SNAPSHOT): COMPARED,
}


def expected_of(venue: str, fault: Fault) -> str:
    """Say what a venue's protocol lets a receiver see of a fault.

    SEEN: every time. PARTLY: as often as the damage shows in the text. COMPARED: nothing in the
    protocol tells; only a crossed book or a comparison with REST does.
    """
    if fault is Fault.FLIP:
        return PARTLY
    return _EXPECTED.get((venue, fault), SEEN)


class FaultRow(msgspec.Struct, frozen=True):
    """Add up the trials of one fault on one tape of a venue; times in seconds of tape time.

    `wrong` counts the trials in which a LIVE book was seen with other levels than the clean run,
    `silent` those of them that nothing told of within the horizon, `harmless` the trials without
    either. `down_*` is the time not LIVE of the trials that had any (a lost connection stays away
    for half a second of it). `recovery_*` is the time from the loss of trust, or from the book's
    first frame on the new connection, to LIVE; `late` counts those over a second. `live_share` is
    the share of the time after the fault in which the book was LIVE. `struck_unseen` tells which
    values flipped bytes had changed where a book was wrong while LIVE.
    """

    tape: str
    venue: str
    fault: Fault
    expected: str
    trials: int
    detected: int
    harmless: int
    wrong: int
    silent: int
    detect_p50_s: float | None
    detect_max_s: float | None
    down_p50_s: float | None
    down_max_s: float | None
    recovery_p50_s: float | None
    recovery_max_s: float | None
    late: int
    unsettled: int
    live_share: float
    wrong_p50_s: float | None
    wrong_max_s: float | None
    how: dict[str, int]
    struck_unseen: dict[str, int]


def rows_of(trials: Iterable[Trial], tape: str = "") -> list[FaultRow]:
    """Return a row per venue and fault of a tape, in the order in which they were met."""
    groups: dict[tuple[str, Fault], list[Trial]] = {}
    for trial in trials:
        groups.setdefault((trial.venue, trial.fault), []).append(trial)
    return [_row(tape, venue, fault, group) for (venue, fault), group in groups.items()]


def _row(tape: str, venue: str, fault: Fault, trials: Sequence[Trial]) -> FaultRow:
    detected = [trial.detected_ns for trial in trials if trial.detected_ns is not None]
    down = [trial.down_ns for trial in trials if trial.down_ns]
    recovery = [trial.recovery_ns for trial in trials if trial.down_ns]
    wrong = [trial for trial in trials if trial.wrong]
    wrong_times = [trial.wrong_ns for trial in wrong]
    return FaultRow(
        tape,
        venue,
        fault,
        expected_of(venue, fault),
        trials=len(trials),
        detected=len(detected),
        harmless=sum(trial.detected_ns is None and not trial.wrong for trial in trials),
        wrong=len(wrong),
        silent=sum(trial.detected_ns is None for trial in wrong),
        detect_p50_s=_quantile(detected, 0.5),
        detect_max_s=_quantile(detected, 1.0),
        down_p50_s=_quantile(down, 0.5),
        down_max_s=_quantile(down, 1.0),
        recovery_p50_s=_quantile(recovery, 0.5),
        recovery_max_s=_quantile(recovery, 1.0),
        late=sum(taken > SECOND for taken in recovery),
        unsettled=sum(trial.settled_ns is None for trial in trials),
        live_share=_live_share(trials),
        wrong_p50_s=_quantile(wrong_times, 0.5),
        wrong_max_s=_quantile(wrong_times, 1.0),
        how=dict(Counter(trial.how.value for trial in trials if trial.how is not None)),
        struck_unseen=dict(Counter(trial.struck or "" for trial in wrong)),
    )


def _quantile(values: Sequence[int], share: float) -> float | None:
    """Return a quantile of nanoseconds in seconds, None of nothing."""
    if not values:
        return None
    return sorted(values)[min(int(share * len(values)), len(values) - 1)] / SECOND


def _live_share(trials: Sequence[Trial]) -> float:
    horizon = sum(trial.horizon_ns for trial in trials)
    return 1.0 - sum(trial.down_ns for trial in trials) / horizon if horizon else 1.0


def table_of(rows: Iterable[FaultRow]) -> str:
    """Return the rows as a table in Markdown."""
    lines = [
        (
            "| tape | venue | fault | trials | the protocol | detected | wrong while LIVE "
            "| for how long, p50 / max | unnoticed | until detected, p50 / max "
            "| LIVE again, p50 / max | over 1 s | share of time LIVE |"
        ),
        "|---|---|---|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    return "\n".join(lines + [_line(row) for row in rows])


_WORDS: Final = {SEEN: "shows it", PARTLY: "may show it", COMPARED: "shows nothing"}


def _line(row: FaultRow) -> str:
    cells = (
        row.tape,
        row.venue,
        row.fault.value,
        str(row.trials),
        _WORDS[row.expected],
        _share(row.detected, row.trials),
        _part(row.wrong, row.trials),
        _span(row.wrong_p50_s, row.wrong_max_s),
        _part(row.silent, row.trials),
        _span(row.detect_p50_s, row.detect_max_s),
        _span(row.recovery_p50_s, row.recovery_max_s),
        str(row.late),
        f"{100 * row.live_share:.2f} %",
    )
    return f"| {' | '.join(cells)} |"


def _share(part: int, whole: int) -> str:
    return "all" if part == whole else f"{part} ({100 * part / whole:.1f} %)"


def _part(part: int, whole: int) -> str:
    return _share(part, whole) if part else "0"


def _span(median: float | None, longest: float | None) -> str:
    if median is None or longest is None:
        return ""
    return f"{median:.2f} / {longest:.2f} s"
