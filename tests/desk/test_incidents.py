"""The incident tapes that ship with the project: whole, small, and each with what its name says."""

import functools
import itertools
import json

import pytest

from hftlib.core.events import BookDelta
from hftlib.core.frames import FrameKind
from hftlib.core.states import BookState, FeedCondition, Source
from hftlib.desk.incidents import INCIDENTS, SEED, write_incident
from hftlib.desk.settings import incident_names, tape_path
from hftlib.engine.engine import Engine
from hftlib.io.tape import TapeReader
from hftlib.market.scenario import SCENARIOS

WRONG = (
    FeedCondition.GAP,
    FeedCondition.CROSSED,
    FeedCondition.MALFORMED,
    FeedCondition.UNKNOWN,
    FeedCondition.OFF_QUANTUM,
    FeedCondition.TRADES_MISSING,
)
LIMIT_BYTES = 2_000_000


def test_every_scenario_has_its_tape():
    assert set(INCIDENTS) == set(SCENARIOS) == set(incident_names())


def test_an_incident_that_there_is_not_is_refused(tmp_path):
    with pytest.raises(KeyError):
        write_incident("boredom", tmp_path / "a.tape")


@functools.cache
def played(name):
    """Return the tape's reader, its engine at the end, and every book's mids by the second."""
    reader = TapeReader(tape_path(f"incident:{name}"))
    engine = Engine(reader.manifest.instruments)
    mids = {}
    second = 0
    for frame in reader.frames():
        engine.on_event(frame)
        if frame.ts_recv // 10**9 > second:
            second = frame.ts_recv // 10**9
            for key, book in engine.books.items():
                if book.best_bid and book.best_ask:
                    mid = (book.best_bid[0] + book.best_ask[0]) / 2
                    mids.setdefault(key, []).append(mid)
    return reader, engine, mids


@pytest.mark.parametrize("name", sorted(INCIDENTS))
def test_a_shipped_tape_is_small_whole_and_says_what_it_is(name):
    reader, engine, _ = played(name)
    reader.verify()
    seconds, books = INCIDENTS[name]
    manifest = reader.manifest
    assert manifest.source is Source.SIMULATED
    assert manifest.closed
    assert manifest.origin == (f"hftlib market, scenario {name}, seed {SEED}, {seconds} s",)
    assert sum(file.stat().st_size for file in reader.path.iterdir()) <= LIMIT_BYTES
    assert set(engine.books) == set(books)
    assert {book.state for book in engine.books.values()} == {BookState.LIVE}
    assert {condition: engine.count(condition) for condition in WRONG} == dict.fromkeys(WRONG, 0)


def moves_bps(name, key):
    """Return lowest, highest and last mid of a book against its first, in bps."""
    mids = played(name)[2][key]
    return [1e4 * (one / mids[0] - 1) for one in (min(mids), max(mids), mids[-1])]


def test_calm_is_calm():
    lowest, highest, _ = moves_bps("calm", ("binance", "BTCUSDT"))
    assert highest - lowest < 40


def test_news_jumps():
    assert moves_bps("news", ("binance", "BTCUSDT"))[1] > 60


def test_a_flash_crash_falls_and_comes_back():
    lowest, _, last = moves_bps("flash_crash", ("binance", "BTCUSDT"))
    assert lowest < -300
    assert last > lowest / 2


def test_a_trend_goes_on():
    assert moves_bps("trending", ("binance", "BTCUSDT"))[2] > 5


def test_the_tether_loses_its_peg():
    assert moves_bps("depeg", ("coinbase", "USDT-USD"))[0] < -40


def test_a_lagging_venue_trails_more_than_a_calm_one():
    def apart(name):
        mids = played(name)[2]
        pairs = zip(mids["binance", "BTCUSDT"], mids["coinbase", "BTC-USD"], strict=False)
        gaps = [a - b for a, b in pairs]
        return sum(abs(b - a) for a, b in itertools.pairwise(gaps)) / len(gaps)

    assert apart("lagging_venue") > 1.5 * apart("calm")


def test_a_venue_goes_down_and_comes_back():
    reader, _, _ = played("venue_down")
    kinds = [
        (frame.kind, frame.ts_recv)
        for frame in reader.frames()
        if frame.venue == "coinbase" and frame.kind in (FrameKind.OPENED, FrameKind.CLOSED)
    ]
    assert [kind for kind, _ in kinds] == [FrameKind.OPENED, FrameKind.CLOSED, FrameKind.OPENED]
    assert 50 < (kinds[2][1] - kinds[1][1]) / 1e9 < 70


def depth_of(name):
    """Return the mean lots in the frames of best levels on spot."""
    lots = []
    for frame in played(name)[0].frames():
        if frame.payload.startswith(b'{"stream":"btcusdt@bookTicker"'):
            data = json.loads(frame.payload)["data"]
            lots.append(float(data["B"]) + float(data["A"]))
    return sum(lots) / len(lots)


def test_a_weekend_is_thin():
    assert depth_of("thin_weekend") < 0.6 * depth_of("calm")


def test_a_spoofer_shows_sizes_that_calm_books_do_not():
    def largest(name):
        reader, _, _ = played(name)
        engine = Engine(reader.manifest.instruments)
        key = ("binance", "BTCUSDT")
        sizes = []
        for frame in reader.frames():
            facts = engine.on_event(frame)
            if any(isinstance(one, BookDelta) for one in facts) or len(sizes) % 50 == 0:
                book = engine.books.get(key)
                if book is not None:
                    sizes.append(int(book.levels(0, 20)[1].max(initial=0)))
            else:
                sizes.append(0)
        return max(sizes)

    assert largest("spoofing") > largest("calm")


def test_a_parent_order_leans_on_the_sign_of_trades():
    def lean(name):
        signed = total = 0.0
        for frame in played(name)[0].frames():
            if frame.payload.startswith(b'{"stream":"btcusdt@trade"'):
                data = json.loads(frame.payload)["data"]
                size = float(data["q"])
                signed += -size if data["m"] else size
                total += size
        return signed / total

    assert lean("parent_order") > lean("calm") + 0.1
