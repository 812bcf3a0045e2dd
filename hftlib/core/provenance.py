"""What market made the rows of a table or the frames of a tape: told apart, never mixed."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from hftlib.core.states import Source

_TESTNET_ORIGIN: Final = "testnet:"
"""How the origin of a run on test networks begins, in manifests of tapes too."""


class Provenance(StrEnum):
    """Name the market that rows come from; UNKNOWN are those written before it was kept."""

    EXCHANGE = "EXCHANGE"
    TESTNET = "TESTNET"
    SIMULATED = "SIMULATED"
    UNKNOWN = "UNKNOWN"

    @property
    def stored(self) -> str:
        """Return the word that stands in the store: nothing where it is not known."""
        return "" if self is Provenance.UNKNOWN else str(self)


def provenance_of(source: Source, origin: Sequence[str]) -> Provenance:
    """Return where frames come from, by what a run or a manifest says of itself."""
    if source is Source.SIMULATED:
        return Provenance.SIMULATED
    if source is Source.TAPE:
        return Provenance.UNKNOWN
    is_test = any(line.startswith(_TESTNET_ORIGIN) for line in origin)
    return Provenance.TESTNET if is_test else Provenance.EXCHANGE


def provenance_stored(word: str) -> Provenance:
    """Return what a word of the store says. Raises ValueError for one that is none."""
    return Provenance(word) if word else Provenance.UNKNOWN
