"""One line of figures every ten seconds: what a desk did since the last one, and how its parts do.

Rates are over the time since the line before; everything else stands as it is.
"""

from collections.abc import Mapping
from typing import Final

from hftlib.desk.tallies import Tallies
from hftlib.wire.messages import Health

EVERY_S: Final = 10.0


class StatisticsLine:
    """Make the figures of one line after the other."""

    def __init__(self) -> None:
        """Begin with nothing before the first line."""
        self._before: tuple[float, Tallies] | None = None

    def figures(
        self,
        now_s: float,
        health: Health,
        tallies: Tallies | None,
        p99_us: Mapping[str, float],
    ) -> dict[str, object]:
        """Return the figures by their names; `p99_us` are those of the engine's stages.

        `tallies` is None while there is no run.
        """
        told: dict[str, object] = {"state": health.state, "condition": health.condition}
        if tallies is not None:
            told.update(self._of_run(now_s, tallies))
        told.update({f"{stage}_p99_us": round(figure, 1) for stage, figure in p99_us.items()})
        told.update(_of_parts(health))
        told["gc_longest_ms"] = health.gc.longest_ms
        return told

    def _of_run(self, now_s: float, tallies: Tallies) -> dict[str, object]:
        before_s, before = self._before or (now_s, tallies)
        if before.frames > tallies.frames:  # another run has begun since
            before_s, before = now_s, tallies
        self._before = (now_s, tallies)
        elapsed_s = now_s - before_s
        rate = (tallies.frames - before.frames) / elapsed_s if elapsed_s > 0 else 0.0
        by_state = sorted(tallies.by_state().items())
        return {
            "frames_per_s": round(rate, 1),
            "frames": tallies.frames,
            "books": ",".join(f"{state}:{count}" for state, count in by_state) or "none",
            "gaps": tallies.gaps,
            "new_gaps": tallies.gaps - before.gaps,
            "resyncs": tallies.resyncs,
            "new_resyncs": tallies.resyncs - before.resyncs,
            "decode_errors": tallies.decode_errors,
        }


def _of_parts(health: Health) -> dict[str, object]:
    told: dict[str, object] = {}
    if health.lanes:
        is_open = sum(lane.state == "OPEN" for lane in health.lanes)
        told["lanes"] = f"{is_open}/{len(health.lanes)}"
        told["reconnects"] = sum(lane.reconnects for lane in health.lanes)
    if health.budgets:
        told["weights"] = ",".join(
            f"{one.venue}:{one.used:g}/{one.limit:g}" for one in health.budgets
        )
    if health.tape is not None:
        told["tape_mb"] = round(health.tape.bytes / 1e6, 1)
        told["tape_lost"] = health.tape.lost
    if health.store is not None:
        told["store"] = health.store.state
        told["rows_confirmed"] = health.store.confirmed
        told["rows_queued"] = health.store.queued
        told["rows_refused"] = health.store.refused
    if health.ledger is not None:
        told["ledger_entries"] = health.ledger.entries
        told["sync_p99_ms"] = health.ledger.sync_p99_ms
    return told
