"""What may go wrong while a message is decoded, and the condition that each failure becomes."""

from typing import Final

import msgspec

from hftlib.core.errors import DecimalError, HftlibError
from hftlib.core.states import FeedCondition
from hftlib.venues.stamps import StampError


class NotKnownError(HftlibError):
    """Say that nothing is known here under a name: no instrument, no stream."""


class NotModelledError(HftlibError):
    """Say that a message is known and understood, and that hftlib makes no event of it."""


class MalformedError(HftlibError):
    """Say that a message is well-formed JSON that contradicts itself."""


DECODE_FAILURES: Final = (
    msgspec.MsgspecError,
    UnicodeError,
    RecursionError,
    StampError,
    DecimalError,
    NotKnownError,
    NotModelledError,
    MalformedError,
)
"""Everything that decoding hostile bytes is known to raise; the fuzzer looks for more."""


def condition_of(failure: Exception) -> FeedCondition:
    """Return the feed condition that a decoding failure is reported under."""
    if isinstance(failure, NotKnownError):
        return FeedCondition.UNKNOWN
    if isinstance(failure, NotModelledError):
        return FeedCondition.ACKNOWLEDGED
    if isinstance(failure, DecimalError):
        return FeedCondition.OFF_QUANTUM
    return FeedCondition.MALFORMED
