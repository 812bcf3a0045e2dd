"""Every capture, imported and replayed through the engine, gives the figures of its README."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hftlib.desk.replay import BookReport, ReplayReport, replay
from hftlib.desk.study import OfiQuestion, study_ofi
from hftlib.io.importers.importer import Order, import_files

SECOND = 1_000_000_000
Captures = Callable[[str], Path]
Import = Callable[[str, str, str, str], Path]


@pytest.fixture(scope="module")
def imported(captures: Captures, tmp_path_factory: pytest.TempPathFactory) -> Import:
    """Return a function that imports files of a capture, each set once."""
    made: dict[tuple[str, str], Path] = {}

    def make(form: str, folder: str, pattern: str, venue: str) -> Path:
        if (folder, pattern) not in made:
            files = tuple(sorted(captures(folder).glob(pattern)))
            tape = tmp_path_factory.mktemp("tapes") / f"{venue}.tape"
            import_files(Order(form, files, tape, venue))
            made[folder, pattern] = tape
        return made[folder, pattern]

    return make


SPOT = ("hftbacktest", "binance-spot-btc-20240808", "*.gz", "binance")
USDM = ("hftbacktest", "binance-3venue-btc-20240808", "usdm*.gz", "binance_usdm")
COINM = ("hftbacktest", "binance-3venue-btc-20240808", "coinm*.gz", "binance_coinm")
BINANCE = ("cryptofeed", "cryptofeed-binance-20211012", "BINANCE_2021*.gz", "binance")
BINANCE_US = ("cryptofeed", "cryptofeed-binance-20211012", "BINANCE_US_*.gz", "binance_us")
ADVANCED = ("cryptofeed", "coinbase-adv-20260809", "*.gz", "coinbase")
EXCHANGE = ("cryptofeed", "coinbase-exchange-20210417", "*.gz", "coinbase_exchange")
LOBSTER = ("lobster", "lobster-amzn-20120621", "*.gz", "lobster")
ALL = (SPOT, USDM, COINM, BINANCE, BINANCE_US, ADVANCED, EXCHANGE, LOBSTER)


@pytest.mark.parametrize(
    ("capture", "dropped", "applied", "compared", "unknown_deletes"),
    [
        (SPOT, 2, 6_493, 1_072, 26_140),
        (USDM, 4, 6_547, 629, 17_747),
        (COINM, 23, 44_772, 1_885, 88_100),
        (BINANCE, 5, 172, 26, 0),
        (BINANCE_US, 4, 332, 56, 7),
    ],
    ids=lambda value: value[3] if isinstance(value, tuple) else str(value),
)
def test_binance_books_follow_the_venue(
    imported: Import,
    capture: tuple[str, str, str, str],
    dropped: int,
    applied: int,
    compared: int,
    unknown_deletes: int,
) -> None:
    report = replay([imported(*capture)])
    assert report.dropped_before_sync == dropped
    assert report.applied == applied
    assert (report.top_matches, report.top_compared) == (compared, compared)
    assert report.unknown_deletes == unknown_deletes
    assert (report.gaps, report.crossed, report.decode_errors, report.resyncs) == (0, 0, 0, 0)
    assert all(book.state == "LIVE" and book.verified for book in report.books)


def test_the_final_spot_book_is_the_one_that_the_venue_held(imported: Import) -> None:
    (book,) = replay([imported(*SPOT)]).books
    assert (book.bid_levels, book.ask_levels) == (1_971, 2_962)
    assert book.best_bid == ("61602.01", "1.67177")
    assert book.best_ask == ("61602.02", "2.66795")


def test_coinbase_advanced_books(imported: Import) -> None:
    report = replay([imported(*ADVANCED)])
    books = _by_symbol(report)
    bitcoin, ether = books["BTC-USD"], books["ETH-USD"]
    assert bitcoin.best_bid == ("65083.66", "0.24999473")
    assert bitcoin.best_ask == ("65083.67", "0.22885417")
    assert (bitcoin.bid_levels, bitcoin.ask_levels) == (18_773, 27_238)
    assert ether.best_bid == ("1919.41", "0.15723207")
    assert ether.best_ask == ("1919.5", "2.3723852")
    assert (ether.bid_levels, ether.ask_levels) == (6_931, 16_396)
    assert (report.gaps, report.crossed, report.unknown_deletes) == (0, 0, 22)


def test_coinbase_exchange_books_are_sound_but_not_verifiable(imported: Import) -> None:
    report = replay([imported(*EXCHANGE)])
    assert len(report.books) == 5
    assert not any(book.verified for book in report.books)
    assert (report.crossed, report.unknown_deletes, report.gaps) == (0, 0, 0)
    assert report.conditions.get("TRADES_MISSING", 0) == 0, "trade ids are contiguous"


def _by_symbol(report: ReplayReport) -> dict[str, BookReport]:
    return {book.symbol: book for book in report.books}


@pytest.mark.parametrize("capture", ALL, ids=lambda capture: capture[1] + "-" + capture[3])
def test_a_replay_gives_the_same_hashes_again(
    imported: Import, capture: tuple[str, str, str, str]
) -> None:
    one, other = replay([imported(*capture)]), replay([imported(*capture)])
    assert one.run_hash == other.run_hash
    assert one.fact_hash == other.fact_hash


def test_venues_recorded_with_one_clock_replay_as_one_run(imported: Import) -> None:
    tapes = [imported(*SPOT), imported(*USDM)]
    report, turned = replay(tapes), replay(tapes[::-1])
    assert report.run_hash == turned.run_hash
    assert report.applied == 6_493 + 6_547
    assert report.top_matches == 1_072 + 629


def test_order_flow_explains_the_mid_as_published(imported: Import) -> None:
    windows = OfiQuestion((SECOND, 5 * SECOND, 10 * SECOND))
    studies = study_ofi([imported(*SPOT)], windows)
    assert [study.n for study in studies] == [650, 130, 65]
    assert [study.r2 for study in studies] == pytest.approx([0.513, 0.6135, 0.589], abs=5e-4)
    assert studies[1].beta == pytest.approx(0.3258, abs=5e-5)


def test_order_flow_explains_a_stock_by_half_hours(imported: Import) -> None:
    half_past_nine, four = 34_200 * SECOND, 57_600 * SECOND
    question = OfiQuestion((10 * SECOND,), 1_800 * SECOND, half_past_nine, four)
    (study,) = study_ofi([imported(*LOBSTER)], question)
    assert (study.n, study.parts) == (2_340, 13)
    assert study.r2 == pytest.approx(0.3120, abs=5e-5)
    assert study.parts_r2_mean == pytest.approx(0.525, abs=5e-4)
