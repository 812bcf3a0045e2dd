"""The stopwatch protocol: the engine says how far it is, whoever hands it in reads the clock."""

from typing import Final, Protocol

DECODED: Final = 0
"""The session has said what the frame means."""
FEATURED: Final = 1
"""A book was changed and its features measured, which is one compiled call."""
SIGNALLED: Final = 2
"""The signals of that book were evaluated."""
STAGES: Final = ("decoded", "featured", "signalled")


class Stopwatch(Protocol):
    """Take note of the time at which a stage was reached."""

    def mark(self, stage: int) -> None:
        """Note that `stage` was reached: DECODED, FEATURED or SIGNALLED."""
        ...
