"""The figures that the project keeps of the captures are those of the captures."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hftlib.core.venue import BINANCE, BINANCE_USDM
from hftlib.desk.market_profile import Figures
from hftlib.desk.market_rows import MarketPicture
from hftlib.desk.market_study import picture_of, real_picture
from hftlib.io.importers import Order, import_files


@pytest.fixture(scope="module")
def measured(
    captures: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> MarketPicture:
    folder = tmp_path_factory.mktemp("captures")
    wanted = {
        BINANCE: sorted(captures("binance-spot-btc-20240808").glob("btcusdt_*.gz")),
        BINANCE_USDM: sorted(captures("binance-3venue-btc-20240808").glob("usdm_*.gz")),
    }
    tapes = []
    for venue, files in wanted.items():
        tapes.append(folder / f"{venue}.tape")
        import_files(Order("hftbacktest", tuple(files), tapes[-1], venue))
    return picture_of(tapes)


def _same(found: Figures, kept: Figures) -> bool:
    return found == {name: pytest.approx(value, rel=1e-6) for name, value in kept.items()}


def test_the_figures_are_those_that_are_kept(measured: MarketPicture) -> None:
    kept = real_picture()
    assert measured.origin == kept.origin
    assert measured.pair is not None
    assert kept.pair is not None
    for found, one in ((measured.book, kept.book), (measured.pair, kept.pair)):
        assert (found.name, found.seconds) == (one.name, pytest.approx(one.seconds))
        assert _same(found.figures, one.figures)
        assert all(_same(*halves) for halves in zip(found.halves, one.halves, strict=True))


def test_what_the_captures_say_of_themselves(measured: MarketPicture) -> None:
    figures = measured.book.figures
    rates = [figures[name] for name in ("frames_per_s", "changes_per_s", "trades_per_s")]
    assert rates == pytest.approx([153.1, 458.3, 30.6], abs=0.1)
    squares = [figures[f"ofi_r2_{seconds}_s"] for seconds in (1, 5, 10)]
    assert squares == pytest.approx([0.513, 0.6135, 0.589], abs=5e-4)
