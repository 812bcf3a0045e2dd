"""A tape and the bare outcomes of one market give the same record."""

from pathlib import Path

import numpy as np
import pytest

from hftlib.desk.market_reading import DEPTH, TICKER, TRADE, record_of_market, records_of
from hftlib.io.tape import BlockWriter, Manifest
from hftlib.io.tape.reader import TapeReader
from hftlib.market.orders import Change
from tests.desk_support.small_market import (
    EVENT_NS,
    FRAME_NS,
    PERPETUAL,
    SPOT,
    Happened,
    happen,
    write_market,
)

SECONDS = 20
KEY = ("binance", "BTCUSDT")


@pytest.fixture(scope="module")
def happened() -> Happened:
    return happen(SECONDS)


@pytest.fixture(scope="module")
def tape(happened: Happened, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("market") / "both.tape"
    return write_market(path, (happened, SPOT), (happen(SECONDS, 2), PERPETUAL))


def test_a_tape_says_what_the_market_did(happened: Happened, tape: Path) -> None:
    read = records_of([tape])[KEY]
    bare = record_of_market(*happened[:3], SPOT, opening=happened.opening)
    whole = bare.changes[:, 0] <= read.changes[-1, 0]
    assert set(map(tuple, read.changes)) == set(map(tuple, bare.changes[whole]))
    assert np.array_equal(read.trades, bare.trades)
    assert np.array_equal(read.tops, bare.tops)
    assert (read.tick_size, read.quantum_size) == (bare.tick_size, bare.quantum_size)
    for kind in (TICKER, TRADE):
        assert np.array_equal(read.frames[kind], bare.frames[kind])
    assert read.frames[DEPTH].size == (SECONDS * 1_000_000_000 - EVENT_NS) // FRAME_NS


def test_a_level_is_told_once_in_100_ms_with_its_size_before(happened: Happened) -> None:
    record = record_of_market(*happened[:3], SPOT, opening=happened.opening)
    assert len(record.changes) < len(happened.changes)
    held = [dict(zip(*side, strict=True)) for side in happened.opening]
    told = set()
    for stamp, side, ticks, after, before in record.changes.tolist():
        assert (stamp, side, ticks) not in told
        told.add((stamp, side, ticks))
        assert held[side].get(ticks, 0) == before
        held[side][ticks] = after
    final = [dict(zip(*side, strict=True)) for side in happened.opening]
    for row in happened.changes.tolist():
        final[row[Change.SIDE]][row[Change.TICKS]] = row[Change.LOTS]
    assert held == final


def test_only_the_books_that_are_wanted(tape: Path) -> None:
    assert set(records_of([tape])) == {KEY, ("binance_usdm", "BTCUSDT")}
    assert set(records_of([tape], keys=[KEY])) == {KEY}


def test_progress_is_told(tape: Path) -> None:
    shown: list[tuple[int, int]] = []
    records_of([tape], lambda *figures: shown.append(figures))
    assert shown[-1][0] == shown[-1][1] > 0


def test_lots_are_quanta(happened: Happened) -> None:
    record = record_of_market(*happened[:3], SPOT, lot_quanta=100)
    assert record.quantum_size == pytest.approx(SPOT.quantum_size * 100)


def test_depth_is_sampled_once_a_second(happened: Happened) -> None:
    record = record_of_market(*happened[:3], SPOT, opening=happened.opening)
    assert SECONDS - 2 <= len(record.depth) <= SECONDS + 1
    assert record.depth[:, 1].tolist() == [20.0] * len(record.depth)
    assert not record.depth[:, 2:5].any()


def test_a_market_in_which_nothing_happened_has_no_record(happened: Happened) -> None:
    with pytest.raises(ValueError, match="needs level changes"):
        record_of_market(happened.changes, happened.trades[:0], happened.tops, SPOT)


def test_after_a_gap_nothing_is_measured_until_the_book_is_whole_again(
    tape: Path, tmp_path: Path
) -> None:
    reader = TapeReader(tape)
    frames = [frame for frame in reader.frames() if frame.venue == "binance"]
    depth = [place for place, frame in enumerate(frames) if b"@depth" in frame.payload]
    lost = frames.pop(depth[50])
    path = tmp_path / "gap.tape"
    with BlockWriter(path, Manifest(instruments=(SPOT,))) as writer:
        for frame in frames:
            writer.append(frame)
    record = records_of([path])[KEY]
    assert record.changes[-1, 0] == lost.ts_recv - FRAME_NS
    assert record.tops[-1, 0] > lost.ts_recv
