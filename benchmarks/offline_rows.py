"""Rows of the local market written down: how much faster than real time a tape is made."""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from benchmarks.report import Row
from hftlib.core.compiled import compile_all
from hftlib.desk.local_tape import write_tape
from hftlib.market.listings import LISTINGS, Listing, listing_of

FULL: Final = "local market, tape of the full set: eleven books, all frames encoded and stored"
ONE: Final = "local market, tape of one book: Binance BTCUSDT, all frames encoded and stored"
UNIT: Final = "x real time"
_SECONDS: Final = {FULL: 60, ONE: 180}
_ROUNDS: Final = 3
_SEED: Final = 1


def measure(say: Callable[[str], None]) -> Iterator[Row]:
    """Yield the median of a few tapes of each kind, opening and closing included."""
    compile_all()
    subjects = {FULL: LISTINGS, ONE: (listing_of("binance", "BTCUSDT"),)}
    for name, listings in subjects.items():
        say(name)
        rates = sorted(_rate(listings, _SECONDS[name]) for _ in range(_ROUNDS))
        yield Row(name, rates[_ROUNDS // 2], UNIT, "", None)


def _rate(listings: Sequence[Listing], seconds: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        write_tape(
            Path(folder) / "a.tape",
            seed=_SEED,
            scenarios=("calm",),
            seconds=seconds,
            listings=listings,
        )
        return seconds / (time.perf_counter() - started)
