"""What a desk does with a tape: play it, at a speed, for as long as somebody looks."""

import asyncio
from pathlib import Path
from typing import Any

from hftlib.core.errors import TapeError
from hftlib.desk.opening import open_run
from hftlib.desk.settings import DeskSettings
from hftlib.wire.messages import ClockReply


class TapeShow:
    """Play one tape."""

    def __init__(self, path: Path, settings: DeskSettings) -> None:
        """Open the tape. Raises TapeError when it cannot be read."""
        if not path.exists():
            raise TapeError(f"there is no tape at {path}")
        self.view, self.player = open_run(path, settings)

    @property
    def ended(self) -> bool:
        """Say whether the last frame was played."""
        return self.player.ended

    def clock(self) -> ClockReply:
        """Return where the run's clock stands and how it moves."""
        return self.player.clock()

    def statuses(self) -> dict[str, Any]:
        """Return nothing: a tape that is played has no parts of its own."""
        return {}

    async def play(self, on_warm: asyncio.Event) -> None:
        """Play until cancelled; `on_warm` is set once the first trusted book is there."""
        playing = asyncio.create_task(self.player.play_on())
        warming = asyncio.create_task(self.player.warmed_up())
        try:
            await asyncio.wait((playing, warming), return_when=asyncio.FIRST_COMPLETED)
            on_warm.set()
            await playing
        finally:
            playing.cancel()
            warming.cancel()

    async def close(self) -> None:
        """Leave the tape; nothing of it is held open."""
