"""How long the garbage collector stops the desk: measured at every collection, and kept short.

A full collection looks through every object that lives. What has survived one is likely to live on,
so it is frozen: the next full collection sees only what came since. Cycles among frozen objects
would never be found; when many objects have been frozen since the last great collection, one is
made over all of them.
"""

import gc
import time
from typing import Any, Final

from hftlib.wire.messages import GcPauses

MOST_FROZEN: Final = 500_000
"""Objects frozen beyond those of the start before all are looked through again."""

_OLDEST: Final = 2


class PauseMeter:
    """Measure collections from `start` on, and freeze what survives them."""

    def __init__(self, most_frozen: int = MOST_FROZEN) -> None:
        """Begin with nothing measured."""
        self._most_frozen = most_frozen
        self._at_start = 0
        self._is_thawed = False
        self._began = 0.0
        self._collections = 0
        self._longest_s = 0.0
        self._total_s = 0.0

    def start(self) -> None:
        """Collect once, keep what lives out of later collections, and begin to measure."""
        self.stop()
        gc.collect()
        gc.freeze()
        self._at_start = gc.get_freeze_count()
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
        if phase == "start":
            self._began = time.perf_counter()
            return
        took_s = time.perf_counter() - self._began
        self._collections += 1
        self._total_s += took_s
        self._longest_s = max(self._longest_s, took_s)
        if details["generation"] == _OLDEST:
            self._freeze()

    def _freeze(self) -> None:
        """Freeze what has survived; thaw it all for the next collection when it has become much."""
        gc.freeze()
        frozen = gc.get_freeze_count()
        if self._is_thawed:
            self._at_start, self._is_thawed = frozen, False
        elif frozen - self._at_start > self._most_frozen:
            gc.unfreeze()
            self._is_thawed = True
