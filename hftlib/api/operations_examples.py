"""Example answers of the routes of operations."""

from typing import Final

from hftlib.wire.operations import MarkReply, MarkRequest

MARK_REQUEST: Final = MarkRequest("spread opened", "the lagging venue caught up after 3 s")
MARK: Final = MarkReply(
    17,
    1_723_161_300_000_000_000,
    1_786_000_000_000_000_000,
    MARK_REQUEST.label,
    MARK_REQUEST.note,
    "tape:monday.tape",
)

ALL: Final = (MARK,)
