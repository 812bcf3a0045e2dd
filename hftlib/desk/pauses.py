"""How long the garbage collector stops the desk: measured at every collection, never guessed."""

import gc
import time
from typing import Any

from hftlib.wire.messages import GcPauses


class PauseMeter:
    """Measure collections from `start` on, and freeze what the warm-up made."""

    def __init__(self) -> None:
        """Begin with nothing measured."""
        self._began = 0.0
        self._collections = 0
        self._longest_s = 0.0
        self._total_s = 0.0

    def start(self) -> None:
        """Collect once, keep what lives out of later collections, and begin to measure."""
        gc.collect()
        gc.freeze()
        gc.callbacks.append(self._on_collection)

    def stop(self) -> None:
        """Measure no more."""
        if self._on_collection in gc.callbacks:
            gc.callbacks.remove(self._on_collection)

    def pauses(self) -> GcPauses:
        """Return the collections since `start`, the longest and the sum in milliseconds."""
        return GcPauses(
            self._collections, round(self._longest_s * 1e3, 3), round(self._total_s * 1e3, 3)
        )

    def _on_collection(self, phase: str, details: dict[str, Any]) -> None:
        del details
        if phase == "start":
            self._began = time.perf_counter()
            return
        took_s = time.perf_counter() - self._began
        self._collections += 1
        self._total_s += took_s
        self._longest_s = max(self._longest_s, took_s)
