from pathlib import Path

import pytest

import hftlib
from hftlib.core.errors import TapeError
from hftlib.features.own_feature import BookView
from tests.desk_support.recording import BEST_BID, FIRST_ID, START_NS, STEP_NS, SYMBOL, VENUE


def test_a_tape_opens_at_its_end(tape: Path) -> None:
    books = hftlib.open_tape(tape)
    frame = books.get_order_book(VENUE, SYMBOL, depth=2)
    assert frame["last_update_id"].tolist() == [FIRST_ID + 600] * 4
    assert frame["price"].tolist()[0] == BEST_BID / 100
    assert frame["state"].unique().tolist() == ["LIVE"]
    assert (books.start, books.now) == (START_NS, books.end)


def test_a_tape_goes_to_any_time_forth_and_back(tape: Path) -> None:
    books = hftlib.open_tape(str(tape), at=START_NS + 100 * STEP_NS)
    for steps in (100, 300, 50):
        books.go_to(START_NS + steps * STEP_NS)
        frame = books.get_order_book(VENUE, SYMBOL, depth=1)
        assert frame.attrs["last_update_id"] == FIRST_ID + steps
        assert books.now == START_NS + steps * STEP_NS


def test_several_books_make_one_frame(tape: Path) -> None:
    frame = hftlib.open_tape(tape).get_consolidated_book({VENUE: SYMBOL}, depth=3)
    assert frame["currency"].unique().tolist() == ["USDT"]
    assert frame["level"].tolist() == [1, 2, 3, 1, 2, 3]
    rated = hftlib.open_tape(tape).get_consolidated_book(
        [(VENUE, SYMBOL)], rates={"USDT": 0.5, "USD": 1}, depth=1
    )
    assert rated["common_price"].tolist() == (rated["price"] / 2).tolist()
    assert rated.attrs["currency"] == "USD"


@pytest.mark.parametrize("offset", [-1, 10**18])
def test_times_off_the_tape_are_refused(tape: Path, offset: int) -> None:
    with pytest.raises(TapeError, match="outside"):
        hftlib.open_tape(tape, at=START_NS + offset)


def test_what_is_no_tape_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match=r"absent\.tape"):
        hftlib.open_tape(tmp_path / "absent.tape")


def test_the_package_has_no_other_entrances() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        _ = hftlib.nothing


def test_a_feature_of_ones_own_runs_over_the_tape(tape: Path) -> None:
    def growth(view: BookView, before: int | None) -> tuple[float | None, int]:
        now = int(view.bid_quanta.sum())
        return (None if before is None else float(now - before)), now

    table = hftlib.open_tape(tape).run_over(VENUE, SYMBOL, growth, features=("mid",))
    assert table.columns.tolist() == ["ts", "ts_recv", "last_update_id", "value"]
    assert table["last_update_id"].iloc[-1] == FIRST_ID + 600
    assert table["value"].notna().sum() == len(table) - 1


def test_features_of_the_catalogue_are_measured_over_the_tape(tape: Path) -> None:
    books = hftlib.open_tape(tape)
    assert "ofi_10" in books.measure(VENUE, SYMBOL).columns
    table = books.measure(VENUE, SYMBOL, ("mid", "spread_ticks"))
    assert table.columns.tolist() == ["ts", "mid", "spread_ticks"]
    assert table["mid"].iloc[-1] == pytest.approx((2 * BEST_BID + 1) / 200)


def test_a_book_that_the_tape_does_not_hold_is_refused(tape: Path) -> None:
    with pytest.raises(TapeError, match=f"it holds {VENUE} {SYMBOL}"):
        hftlib.open_tape(tape).measure(VENUE, "NONE")
