"""Coinbase Advanced Trade's sequence_num: one counter a connection, over all channels and products.

Procedure, checked on every frame before anything of it is filtered:

1. The first frame of a connection sets the counter, whatever its number.
2. The next number is the one before plus one. A higher one says that frames were lost: every book
   of the connection is distrusted, as no frame says which product was lost.
3. The same number again is a duplicate, a lower one is late; neither frame is used.
4. Three late frames that follow each other, with none in order between them, say that the counter
   itself ran ahead (a garbled number, a server that began anew): count from there and distrust
   every book.

The venue's text says that the number counts per product; the capture of 2026-08-09 shows one
counter per connection (0..519 without a gap), and so it is read here.
"""

from collections.abc import Sequence
from enum import Enum, auto
from typing import Any, Final

_LATE_STREAK: Final = 3


class Order(Enum):
    """Say where a frame stands in its connection's sequence."""

    NEXT = auto()
    GAP = auto()
    DUPLICATE = auto()
    LATE = auto()


class ConnectionSequence:
    """Follow one connection's counter."""

    __slots__ = ("_late_at", "_late_last", "_late_streak", "last")

    def __init__(self) -> None:
        self.last: int | None = None
        self._forget_late()

    def _forget_late(self) -> None:
        self._late_at = -1
        self._late_last = -1
        self._late_streak = 0

    def check(self, number: int) -> Order:
        """Return where a frame with this number stands, and move on when it is not old."""
        if self.last is None or number == self.last + 1:
            self.last = number
            return Order.NEXT
        if number > self.last:
            return self._jump(number)
        follows = number == self._late_last + 1 and self._late_at == self.last
        self._late_streak = self._late_streak + 1 if follows else 1
        self._late_last, self._late_at = number, self.last
        if self._late_streak >= _LATE_STREAK:
            return self._jump(number)
        return Order.DUPLICATE if number == self.last else Order.LATE

    def _jump(self, number: int) -> Order:
        self.last = number
        self._forget_late()
        return Order.GAP

    def dump(self) -> tuple[int | None, int, int, int]:
        """Return the state as plain values."""
        return self.last, self._late_at, self._late_last, self._late_streak

    def load(self, state: Sequence[Any]) -> None:
        """Take the state that `dump` returned."""
        self.last, self._late_at, self._late_last, self._late_streak = state
