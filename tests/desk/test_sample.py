import json

import pytest

from hftlib.core.frames import FrameKind
from hftlib.core.states import BookState, FeedCondition, Source
from hftlib.desk.sample import SECONDS, SEED, write_sample
from hftlib.desk.settings import SAMPLE_TAPE
from hftlib.engine.engine import Engine
from hftlib.io.tape import TapeReader
from tests.conftest import PROJECT

BOOKS = {("binance", "BTCUSDT"), ("binance", "ETHUSDT"), ("coinbase", "BTC-USD")}


def files_of(path):
    return {file.name: file.read_bytes() for file in path.iterdir()}


def test_the_same_seed_is_the_same_tape_byte_for_byte(tmp_path):
    seen = []
    first = write_sample(tmp_path / "a.tape", seconds=6, progress=lambda *at: seen.append(at))
    again = write_sample(tmp_path / "b.tape", seconds=6)
    assert files_of(tmp_path / "a.tape") == files_of(tmp_path / "b.tape")
    assert first.sha256 == again.sha256
    assert seen[-1] == (6, 6)
    other = write_sample(tmp_path / "c.tape", seconds=6, seed=SEED + 1)
    assert other.sha256 != first.sha256


def test_the_shipped_tape_begins_as_the_generator_does(tmp_path):
    """What is in the repository was made by the committed generator."""
    write_sample(tmp_path / "a.tape", seconds=6)
    fresh = list(TapeReader(tmp_path / "a.tape").frames())[:3_000]
    cut = fresh[-1].ts_recv - 10**9
    shipped = [frame for _, frame in zip(range(3_000), TapeReader(SAMPLE_TAPE).frames())]
    before = [frame for frame in fresh if frame.ts_recv < cut]
    assert len(before) > 1_000
    assert shipped[: len(before)] == before


@pytest.fixture(scope="module")
def shipped():
    reader = TapeReader(SAMPLE_TAPE)
    engine = Engine(reader.manifest.instruments)
    for frame in reader.frames():
        engine.on_event(frame)
    return reader, engine


def test_the_shipped_tape_is_small_whole_and_says_that_it_is_simulated(shipped):
    reader, _ = shipped
    reader.verify()
    manifest = reader.manifest
    assert manifest.source is Source.SIMULATED
    assert manifest.closed
    assert sum(file.stat().st_size for file in SAMPLE_TAPE.iterdir()) <= 2_000_000
    assert 180 <= (manifest.last_ts - manifest.first_ts) / 1e9 <= 300
    assert manifest.origin == (f"hftlib sample, seed {SEED}, {SECONDS} s",)
    assert SAMPLE_TAPE.is_relative_to(PROJECT / "hftlib")


def test_the_shipped_tape_has_no_gap_and_no_crossed_book(shipped):
    _, engine = shipped
    assert set(engine.books) == BOOKS
    assert {book.state for book in engine.books.values()} == {BookState.LIVE}
    for condition in (
        FeedCondition.GAP,
        FeedCondition.CROSSED,
        FeedCondition.MALFORMED,
        FeedCondition.UNKNOWN,
        FeedCondition.OFF_QUANTUM,
        FeedCondition.TRADES_MISSING,
    ):
        assert engine.count(condition) == 0, condition
    assert engine.count(FeedCondition.SYNCED) == 3


def test_the_shipped_books_are_lively(shipped):
    reader, engine = shipped
    for key in BOOKS:
        book = engine.books[key]
        assert book.bid_levels > 150
        assert book.ask_levels > 150
    bids = []
    for frame in reader.frames():
        if frame.kind is FrameKind.WS and frame.payload.startswith(
            b'{"stream":"btcusdt@bookTicker'
        ):
            data = json.loads(frame.payload)["data"]
            bids.append((float(data["b"]), float(data["a"])))
    spreads = sorted(round((ask - bid) * 100) for bid, ask in bids)
    assert spreads[0] > 0
    assert spreads[len(spreads) // 2] <= 3
    assert max(bid for bid, _ in bids) - min(bid for bid, _ in bids) > 20
