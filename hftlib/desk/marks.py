"""Marks: an operator's bookmarks, on the tape of a live run and in the ledger of every desk.

A mark is acknowledged only after the ledger's commit that holds it was synced to the disk.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from hftlib.core.clock import Clock
from hftlib.core.frames import FrameKind
from hftlib.io.ledger.database import LedgerDatabase
from hftlib.io.ledger.entries import MarkEntry, StoredMark
from hftlib.io.ledger.reading import marks
from hftlib.wire.operations import MarkReply, MarkRequest

OPERATOR: Final = "operator"
"""Venue and connection of the frames that an operator makes."""

Take = Callable[[str, str, FrameKind, bytes, str], None]


class Marks:
    """Set and list the marks of one desk."""

    def __init__(self, ledger: LedgerDatabase, clock: Clock) -> None:
        """Keep marks in a ledger; `clock` tells when they were set."""
        self._ledger = ledger
        self._clock = clock

    async def add(
        self,
        asked: MarkRequest,
        *,
        source: str,
        moment_ns: int | None = None,
        take: Take | None = None,
    ) -> MarkReply:
        """Set a mark and return it once it is on the disk.

        `moment_ns` is where the run stands, where that is not now; `take` records a frame where a
        tape runs. Raises LedgerError when the ledger cannot take it.
        """
        taken_ns = self._clock.now_ns()
        moment = taken_ns if moment_ns is None else moment_ns
        ts_ns = moment if asked.ts is None else asked.ts
        if take is not None:
            take(OPERATOR, OPERATOR, FrameKind.OPERATOR, _payload(asked, ts_ns), "")
        entry = MarkEntry(ts_ns, taken_ns, asked.label, asked.note, source)
        (number,) = await asyncio.wrap_future(self._ledger.submit([entry]))
        return _reply(StoredMark(number, entry))

    def last(self, limit: int, before: int | None = None) -> list[MarkReply]:
        """Return the newest marks first, those before the number `before`; any thread may ask.

        Raises LedgerError when the ledger cannot be read.
        """
        stored = self._ledger.read(lambda connection: marks(connection, limit, before))
        return [_reply(one) for one in stored]


def _payload(asked: MarkRequest, ts_ns: int) -> bytes:
    told = {"operator": "mark", "ts": ts_ns, "label": asked.label, "note": asked.note}
    return msgspec.json.encode(told)


def _reply(stored: StoredMark) -> MarkReply:
    mark = stored.mark
    return MarkReply(stored.mark_id, mark.ts_ns, mark.taken_ns, mark.label, mark.note, mark.source)
