"""Over every capture the compiled book equals the dict book, level by level."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hftlib.book.book import Book, Outcome
from hftlib.book.layout import ASK, BID, MINIMUM_WINDOW_BITS
from hftlib.core.events import BookDelta, BookSnapshot
from hftlib.io.importers.importer import Order, import_files
from hftlib.io.tape.reader import TapeReader
from hftlib.venues.registry import open_session
from tests.book.book_events import assert_structure, levels_of, top_of
from tests.reference.dict_book import DictBook

CAPTURES = [
    ("hftbacktest", "binance-spot-btc-20240808", "*.gz", "binance", 500),
    ("hftbacktest", "binance-3venue-btc-20240808", "usdm*.gz", "binance_usdm", 500),
    ("hftbacktest", "binance-3venue-btc-20240808", "coinm*.gz", "binance_coinm", 3000),
    ("cryptofeed", "cryptofeed-binance-20211012", "BINANCE_2021*.gz", "binance", 1),
    ("cryptofeed", "cryptofeed-binance-20211012", "BINANCE_US_*.gz", "binance_us", 1),
    ("cryptofeed", "coinbase-adv-20260809", "*.gz", "coinbase", 50),
    ("cryptofeed", "coinbase-exchange-20210417", "*.gz", "coinbase_exchange", 50),
    ("lobster", "lobster-amzn-20120621", "*.gz", "lobster", 1000),
]


@pytest.mark.parametrize(
    ("form", "folder", "pattern", "venue", "every"),
    CAPTURES,
    ids=[f"{folder}-{venue}" for _, folder, _, venue, _ in CAPTURES],
)
def test_the_book_equals_the_dict_book(
    captures: Callable[[str], Path],
    tmp_path: Path,
    form: str,
    folder: str,
    pattern: str,
    venue: str,
    every: int,
) -> None:
    files = tuple(sorted(captures(folder).glob(pattern)))
    import_files(Order(form, files, tmp_path / "capture.tape", venue))
    tape = TapeReader(tmp_path / "capture.tape")
    instruments = {one.symbol: one for one in tape.manifest.instruments}
    session = open_session(venue, instruments)
    books = {
        name: [Book(one), Book(one, window_bits=MINIMUM_WINDOW_BITS)]
        for name, one in instruments.items()
    }
    plain = {name: DictBook(one) for name, one in instruments.items()}
    applied = 0
    for frame in tape.frames():
        for event in session.receive(frame):
            if not isinstance(event, BookSnapshot | BookDelta):
                continue
            is_snapshot = isinstance(event, BookSnapshot)
            for book in books[event.symbol]:
                outcome = book.apply_snapshot(event) if is_snapshot else book.apply_delta(event)
                assert outcome is Outcome.APPLIED
            plain[event.symbol].apply(event)
            applied += 1
            if applied % every == 0:
                assert_equal(books[event.symbol], plain[event.symbol])
    assert applied > 100
    for symbol, pair in books.items():
        assert_equal(pair, plain[symbol])


def assert_equal(books: list[Book], plain: DictBook) -> None:
    """Assert that a book with a wide window and one that must often move it hold the same."""
    for side, bids in ((BID, True), (ASK, False)):
        levels = plain.levels(bids)
        for book in books:
            assert levels_of(book, side) == levels
            assert top_of(book, side) == levels[:20]
    for book in books:
        assert book.unknown_deletes == plain.unknown_deletes
        assert book.state_hash() == plain.state_hash()
        assert_structure(book.ints)
