"""Studies of a market over tapes: its picture beside the real one, and its arbitrage."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from hftlib.core.errors import TapeError
from hftlib.core.venue import BINANCE, BINANCE_USDM, COINBASE
from hftlib.desk.market_arbitrage import PRESETS, ArbitrageReport, report_of
from hftlib.desk.market_profile import profile_of, profile_of_pair
from hftlib.desk.market_reading import records_of
from hftlib.desk.market_rows import MarketPicture
from hftlib.desk.tape_chain import Key, Progress
from hftlib.io.tape.reader import TapeReader

BOOK: Final = (BINANCE, "BTCUSDT")
SECOND_BOOK: Final = (BINANCE_USDM, "BTCUSDT")
ROUND_TRIP: Final = (BOOK, (COINBASE, "BTC-USD"), (COINBASE, "USDT-USD"))
"""The books of the round trip: first venue, second venue, and the one that converts."""
REFERENCE: Final = Path(__file__).resolve().parent.parent / "data" / "market_reference.json"
"""The figures of the captures: what `study market --picture` prints of them."""


def real_picture() -> MarketPicture:
    """Return the picture of the captures that the project keeps."""
    return msgspec.json.decode(REFERENCE.read_bytes(), type=MarketPicture)


def picture_of(
    paths: Sequence[Path],
    book: Key = BOOK,
    second: Key = SECOND_BOOK,
    progress: Progress | None = None,
) -> MarketPicture:
    """Measure a book over tapes, and the pair with a second one where that is there.

    Raises TapeError when a tape cannot be read, or shows no best quotes of the book.
    """
    records = records_of(paths, progress, keys=(book, second))
    if book not in records:
        names = ", ".join(map(str, paths))
        raise TapeError(f"{names}: no best quotes of {book[0]} {book[1]}")
    pair = None
    if second in records:
        pair = profile_of_pair(records[book], records[second])
    return MarketPicture(origin_of(paths), profile_of(records[book]), pair)


def study_arbitrage(path: Path, progress: Progress | None = None) -> list[ArbitrageReport]:
    """Report the round trips of one tape at every fee preset.

    Raises TapeError when the tape cannot be read or lacks one of the three books.
    """
    records = records_of([path], progress, keys=ROUND_TRIP)
    missing = [" ".join(key) for key in ROUND_TRIP if key not in records]
    if missing:
        raise TapeError(f"{path}: no best quotes of {', '.join(missing)}")
    first, second, conversion = (records[key] for key in ROUND_TRIP)
    origin = origin_of([path])
    return [report_of(origin, (first, second, conversion), preset) for preset in PRESETS]


def origin_of(paths: Sequence[Path]) -> str:
    """Return what tapes were made from, by their manifests; a tape's name where it does not say."""
    found: list[str] = []
    for path in paths:
        found.extend(TapeReader(path).manifest.origin or (path.stem,))
    return ", ".join(text.partition(" sha256 ")[0] for text in found)
