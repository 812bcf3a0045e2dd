"""Pictures and round trips of tapes, and plain refusals."""

from pathlib import Path

import pytest

from hftlib.core.errors import TapeError
from hftlib.desk.market_profile import profile_of, profile_of_pair
from hftlib.desk.market_reading import records_of
from hftlib.desk.market_rows import ROWS
from hftlib.desk.market_study import (
    BOOK,
    SECOND_BOOK,
    origin_of,
    picture_of,
    real_picture,
    study_arbitrage,
)
from hftlib.io.tape import BlockWriter, Manifest
from tests.desk_support.small_market import (
    FIRST_BID,
    PERPETUAL,
    SPOT,
    happen,
    write_market,
    write_round_trip,
)


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("study") / "both.tape"
    return write_market(path, (happen(20), SPOT), (happen(20, 2), PERPETUAL), origin="seed 1")


def test_a_picture_holds_book_and_pair(tape: Path) -> None:
    picture, records = picture_of([tape]), records_of([tape])
    assert picture.origin == "seed 1"
    assert picture.book == profile_of(records[BOOK])
    assert picture.pair == profile_of_pair(records[BOOK], records[SECOND_BOOK])


def test_a_picture_of_another_book_has_no_pair_where_there_is_none(tape: Path) -> None:
    picture = picture_of([tape], SECOND_BOOK, ("binance", "ETHUSDT"))
    assert picture.book.name == "binance_usdm BTCUSDT"
    assert picture.pair is None


def test_a_book_that_is_not_there_is_refused(tape: Path) -> None:
    with pytest.raises(TapeError, match="no best quotes of coinbase BTC-USD"):
        picture_of([tape], ("coinbase", "BTC-USD"))
    with pytest.raises(TapeError, match="no best quotes of coinbase BTC-USD, coinbase USDT-USD"):
        study_arbitrage(tape)


def test_the_origin_leaves_out_digests(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("named.tape", "bare.tape")]
    for path, origin in zip(paths, (("dump one.gz sha256 0123", "seed 3"), ()), strict=True):
        with BlockWriter(path, Manifest(origin=origin, instruments=(SPOT,))):
            pass
    assert origin_of(paths) == "dump one.gz, seed 3, bare"


def test_the_project_keeps_a_whole_picture_of_the_captures() -> None:
    real = real_picture()
    assert real.pair is not None
    for row in ROWS:
        profile = real.pair if row.is_of_pair else real.book
        for figure in row.figures:
            assert profile.figures[figure.name] is not None, figure.name
    assert real.book.figures["ofi_r2_1_s"] == pytest.approx(0.513, abs=5e-4)
    assert "sha256" not in real.origin


def test_round_trips_of_a_tape(tmp_path: Path) -> None:
    # 20 bps above: more than a maker pays on both sides, less than anybody else.
    path = write_round_trip(tmp_path / "trip.tape", happen(20), FIRST_BID * 20 // 10_000)
    retail, low = study_arbitrage(path)
    assert (retail.preset, low.preset) == ("retail", "low-fee")
    assert (retail.origin, retail.episodes) == ("round trip", 0)
    assert low.episodes == 1
    assert low.seconds == pytest.approx(20, abs=0.2)
    assert 0 < low.longest_s <= low.seconds
    assert low.best_bps == pytest.approx(20 - 2.1 - 0.1, abs=0.2)
    assert low.best_bps - retail.best_bps == pytest.approx(68, abs=0.5)
