"""The incident tapes that ship with the project: one for each scenario of the local market.

Each is what `python -m hftlib market --offline` writes with the figures below; `make incidents`
writes them all again.
"""

from pathlib import Path
from typing import Final, NamedTuple

from hftlib.core.venue import BINANCE, BINANCE_USDM, COINBASE
from hftlib.desk.local_tape import Progress, TapeSummary, write_tape
from hftlib.market.listings import listing_of

SEED: Final = 20_260_105
_LEVEL: Final = 19

_SPOT: Final = (BINANCE, "BTCUSDT")
_PERPETUAL: Final = (BINANCE_USDM, "BTCUSDT")
_DOLLARS: Final = (COINBASE, "BTC-USD")
_TETHER: Final = (COINBASE, "USDT-USD")


class Incident(NamedTuple):
    """Say how long an incident's tape is, and which books it takes to see what happens."""

    seconds: int
    books: tuple[tuple[str, str], ...]


_BITCOIN: Final = (_SPOT, _PERPETUAL, _DOLLARS, _TETHER)
_VENUES: Final = (_SPOT, _DOLLARS, _TETHER)

INCIDENTS: Final = {
    "calm": Incident(130, _BITCOIN),
    "trending": Incident(130, _BITCOIN),
    "volatile": Incident(120, _VENUES),
    "news": Incident(140, _VENUES),
    "flash_crash": Incident(160, (_SPOT, _DOLLARS)),
    "thin_weekend": Incident(240, _BITCOIN),
    "depeg": Incident(150, _VENUES),
    "lagging_venue": Incident(180, _VENUES),
    "venue_down": Incident(120, _BITCOIN),
    "spoofing": Incident(130, _BITCOIN),
    "parent_order": Incident(130, _BITCOIN),
}
"""By scenario. A tape stays below two million bytes: the busier, the shorter or the narrower."""


def write_incident(name: str, path: Path, progress: Progress | None = None) -> TapeSummary:
    """Write one incident's tape to `path` as it is shipped.

    Raises KeyError for an incident that there is not, and TapeError when something is at `path`.
    """
    seconds, books = INCIDENTS[name]
    return write_tape(
        path,
        seed=SEED,
        scenarios=(name,),
        seconds=seconds,
        listings=tuple(listing_of(*book) for book in books),
        level=_LEVEL,
        progress=progress,
    )
