"""What a desk has whatever it shows: the parts that keep its facts, opened once and closed last."""

from typing import Any

from hftlib.desk.settings import DeskSettings


class Parts:
    """Open and close the parts of one desk, and tell how they do."""

    def __init__(self, settings: DeskSettings) -> None:
        """Prepare; nothing is opened yet."""
        self.settings = settings

    async def open(self) -> None:
        """Open what keeps facts. Raises HftlibError when the data folder refuses."""

    def statuses(self) -> dict[str, Any]:
        """Return how each part does, by its name in `Health`."""
        return {}

    async def close(self) -> None:
        """Write what waits, and close."""
