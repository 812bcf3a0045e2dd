"""The desk's watch over itself: its condition every five seconds, its figures every ten, logged."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Final

from hftlib.desk.health import OK
from hftlib.desk.statistics_line import EVERY_S, StatisticsLine
from hftlib.desk.tallies import Tallies
from hftlib.wire.messages import Health

JUDGED_EVERY_S: Final = 5.0
_LINE_AT: Final = round(EVERY_S / JUDGED_EVERY_S)

_log: Final = logging.getLogger(__name__)


class Watch:
    """Log how a desk is: each change of its condition, and its figures regularly."""

    def __init__(
        self,
        health: Callable[[], Health],
        tallies: Callable[[], Tallies | None],
        p99_us: Callable[[], Mapping[str, float]],
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Ask these how the desk is."""
        self._health = health
        self._tallies = tallies
        self._p99_us = p99_us
        self._monotonic_s = monotonic_s
        self._line = StatisticsLine()
        self._condition = OK
        self._looked = 0

    async def run(self) -> None:
        """Look every five seconds until cancelled."""
        while True:
            await asyncio.sleep(JUDGED_EVERY_S)
            self.look()

    def look(self) -> None:
        """Judge the desk once, and tell its figures every second time."""
        health = self._health()
        if health.condition != self._condition:
            self._tell_change(health)
        if self._looked % _LINE_AT == 0:
            figures = self._line.figures(
                self._monotonic_s(), health, self._tallies(), self._p99_us()
            )
            _log.info("statistics", extra=figures)
        self._looked += 1

    def _tell_change(self, health: Health) -> None:
        before, self._condition = self._condition, health.condition
        level = logging.INFO if health.condition == OK else logging.WARNING
        reasons = "; ".join(health.reasons)
        _log.log(
            level,
            "condition changed",
            extra={"condition": health.condition, "before": before, "reasons": reasons},
        )
