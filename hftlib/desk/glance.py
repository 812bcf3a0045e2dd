"""What a desk does at one glance: the counts of its run, the times of its stages."""

from collections.abc import Mapping
from typing import Final

from hftlib.desk.desk import Desk, NotReadyError
from hftlib.desk.latency import Histogram
from hftlib.desk.tallies import Tallies, tally

_TOLD: Final = 0.99


def tallies_of(desk: Desk) -> Tallies | None:
    """Return the counts of a desk's run, None while it has none."""
    try:
        return tally(desk.view.run)
    except NotReadyError:
        return None


def stages_of(desk: Desk) -> Mapping[str, Histogram]:
    """Return how long frames took to each stage of the engine; a tape's are not measured."""
    return {} if desk.live is None else desk.live.live_run.latency.stages()


def p99_us(stages: Mapping[str, Histogram]) -> dict[str, float]:
    """Return the 99th percentile of each stage in microseconds, where there is one."""
    found = {stage: measured.quantile_ns(_TOLD) for stage, measured in stages.items()}
    return {stage: took_ns / 1e3 for stage, took_ns in found.items() if took_ns is not None}
