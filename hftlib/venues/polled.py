"""Polled books: whole books over REST where no websocket gets through, never verified.

1. Every POLL body is a snapshot of its book; the first one also says that the book is in sync.
2. It is said anew whenever something has taken the trust from the book since, and after a pause
   long enough for its reader to have called the book stale.
3. A stream that comes later follows its own procedure, next to the polls; once it is in sync
   polls are reported and not applied.
"""

from typing import Any, Final

from hftlib.core.frames import Frame
from hftlib.core.states import FeedCondition

POLLED: Final = "poll"
"""The connection on which polled books come."""
PAUSE_NS: Final = 2_000_000_000
ENDS_POLLING: Final = frozenset(
    {
        FeedCondition.GAP,
        FeedCondition.OVERFLOW,
        FeedCondition.CROSSED,
        FeedCondition.DRIFT,
        FeedCondition.CLOSED,
        FeedCondition.SYNCED,
    }
)
"""What takes the trust from a polled book, or means that its stream has taken over."""


class Polled:
    """Remember of one book on which connection it is polled, and when it last was."""

    __slots__ = ("_at_ns", "_connection")

    def __init__(self) -> None:
        self._connection = ""
        self._at_ns = 0

    @property
    def is_on(self) -> bool:
        """Say whether the book stands as it was polled."""
        return bool(self._connection)

    def is_on_connection(self, connection: str) -> bool:
        """Say whether the book stands as it was polled on a connection."""
        return self.is_on and self._connection == connection

    def take(self, frame: Frame) -> bool:
        """Take note of a poll; say whether the book is in sync only from now on."""
        is_fresh = not self.is_on or frame.ts_recv - self._at_ns >= PAUSE_NS
        self._connection, self._at_ns = frame.connection, frame.ts_recv
        return is_fresh

    def end(self) -> bool:
        """Forget it; return whether the book stood as it was polled."""
        was_on = self.is_on
        self._connection, self._at_ns = "", 0
        return was_on

    def dump(self) -> list[Any]:
        """Return the state as plain values for a checkpoint."""
        return [self._connection, self._at_ns]

    def load(self, state: list[Any]) -> None:
        """Take the state of a checkpoint; an old one knows nothing of polling."""
        self._connection, self._at_ns = state or ("", 0)
