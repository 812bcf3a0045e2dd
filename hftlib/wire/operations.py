"""The messages of operations: marks that an operator sets; stamps are integer nanoseconds UTC."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

LONGEST_LABEL: Final = 100
LONGEST_NOTE: Final = 2_000
LATEST_NS: Final = 2**63 - 1


class MarkRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Mark a moment of the run: `ts`, or now where it is left out."""

    label: Annotated[str, Meta(min_length=1, max_length=LONGEST_LABEL)]
    note: Annotated[str, Meta(max_length=LONGEST_NOTE)] = ""
    ts: Annotated[int, Meta(ge=0, le=LATEST_NS)] | None = None


class MarkReply(msgspec.Struct, frozen=True):
    """Show a mark that is in the ledger: `ts` is the moment marked, `taken` when that was done.

    `source` is what the desk showed then: the moment of a tape is one of the recording.
    """

    mark_id: int
    ts: int
    taken: int
    label: str
    note: str
    source: str
