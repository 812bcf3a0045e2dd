"""Tapes of the local market: the same bytes for the same seed, and books that sessions trust."""

import pytest

from hftlib.core.states import BookState, FeedCondition, Source
from hftlib.desk.local_tape import write_tape
from hftlib.desk.tape_plans import PROTOCOLS, plans_for
from hftlib.engine.engine import Engine
from hftlib.io.tape import TapeReader
from hftlib.market.listings import LISTINGS, listing_of

BOOKS = tuple(
    listing_of(*book)
    for book in (("binance", "BTCUSDT"), ("binance_usdm", "BTCUSDT"), ("coinbase", "BTC-USD"))
)
WRONG = (
    FeedCondition.GAP,
    FeedCondition.CROSSED,
    FeedCondition.MALFORMED,
    FeedCondition.UNKNOWN,
    FeedCondition.OFF_QUANTUM,
    FeedCondition.TRADES_MISSING,
)


def files_of(path):
    return {file.name: file.read_bytes() for file in path.iterdir()}


def tape(path, seed=5, scenarios=("volatile",), protocols=PROTOCOLS):
    return write_tape(
        path, seed=seed, scenarios=scenarios, seconds=4, listings=BOOKS, protocols=protocols
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("tapes") / "a.tape"
    return path, tape(path)


def test_the_same_seed_is_the_same_tape_byte_for_byte(written, tmp_path):
    path, first = written
    again = tape(tmp_path / "b.tape")
    assert files_of(path) == files_of(tmp_path / "b.tape")
    assert first.sha256 == again.sha256


@pytest.mark.parametrize("change", [{"seed": 6}, {"scenarios": ("volatile", "spoofing")}])
def test_another_seed_or_scenario_is_another_tape(written, tmp_path, change):
    assert tape(tmp_path / "b.tape", **change).sha256 != written[1].sha256


def test_the_manifest_says_what_it_is(written):
    manifest = TapeReader(written[0]).manifest
    assert manifest.source is Source.SIMULATED
    assert manifest.origin == ("hftlib market, scenario volatile, seed 5, 4 s",)
    assert {(one.venue, one.symbol) for one in manifest.instruments} == {
        ("binance", "BTCUSDT"),
        ("binance_usdm", "BTCUSDT"),
        ("coinbase", "BTC-USD"),
        ("coinbase_exchange", "BTC-USD"),
    }


def test_frames_arrive_in_order_and_every_book_is_trusted(written):
    reader = TapeReader(written[0])
    engine = Engine(reader.manifest.instruments)
    stamps = []
    for frame in reader.frames():
        stamps.append(frame.ts_recv)
        engine.on_event(frame)
    assert stamps == sorted(stamps)
    assert len(stamps) == written[1].frames > 500
    assert len(engine.books) == 4
    assert {book.state for book in engine.books.values()} == {BookState.LIVE}
    assert {condition: engine.count(condition) for condition in WRONG} == dict.fromkeys(WRONG, 0)


def test_both_protocols_of_one_venue_show_the_same_book(written):
    """Coinbase's two feeds end within 50 ms of each other: nearly all of their levels agree."""
    reader = TapeReader(written[0])
    engine = Engine(reader.manifest.instruments)
    for frame in reader.frames():
        engine.on_event(frame)
    sides = []
    for venue in ("coinbase", "coinbase_exchange"):
        ticks, quanta = engine.books[venue, "BTC-USD"].levels(0)
        sides.append(set(zip(ticks.tolist(), quanta.tolist(), strict=True)))
    assert len(sides[0] & sides[1]) > 0.9 * len(sides[0] | sides[1])


def test_a_venue_without_a_book_is_not_opened():
    assert plans_for(LISTINGS[:1], PROTOCOLS)[0].venue == "binance"
    assert len(plans_for(LISTINGS[:1], PROTOCOLS)) == 1
    with pytest.raises(KeyError):
        plans_for(LISTINGS, ["nasdaq"])
