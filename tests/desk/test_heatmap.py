from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftlib.desk.heatmap import (
    ColumnStore,
    Sampler,
    Strip,
    bin_column,
    default_row_ticks,
    round_height,
    sample,
)
from hftlib.wire import feed

MID = 100_000


def side(sign: int, levels: dict[int, float]) -> tuple[np.ndarray, np.ndarray]:
    """Return levels by their distance from the mid as arrays, best first."""
    distances = sorted(levels)
    return (
        np.array([MID + sign * distance for distance in distances], np.int64),
        np.array([levels[distance] for distance in distances], np.float64),
    )


def plain_rows(bids, asks, row_ticks: int, rows: int, base: int) -> dict[tuple[int, int], float]:
    """Sum sizes per (row, side) the plain way."""
    sums: dict[tuple[int, int], float] = defaultdict(float)
    for sign, (ticks, sizes) in ((-1, bids), (1, asks)):
        for tick, size in zip(ticks.tolist(), sizes.tolist(), strict=True):
            if abs(tick // row_ticks - base // row_ticks) <= rows:
                sums[tick // row_ticks, sign] += size
    return sums


LEVELS = st.dictionaries(st.integers(1, 600), st.integers(1, 1000).map(float), max_size=40)


@given(LEVELS, LEVELS, st.integers(1, 60), st.integers(1, 30))
def test_binned_rows_equal_plain_sums(bid_levels, ask_levels, row_ticks, rows) -> None:
    bids, asks = side(-1, bid_levels), side(1, ask_levels)
    stored = sample(5.0, True, bids, asks)
    column = bin_column(stored, row_ticks, rows)
    found = {
        (int(row), -1 if size < 0 else 1): abs(float(size))
        for row, size in zip(column.rows, column.sizes, strict=True)
    }
    assert len(found) == len(column.rows)
    expected = plain_rows(bids, asks, row_ticks, rows, stored.base_ticks)
    assert found == pytest.approx(dict(expected))
    assert column.best_bid_ticks == (max(bids[0].tolist()) if bid_levels else None)
    assert column.best_ask_ticks == (min(asks[0].tolist()) if ask_levels else None)


def test_levels_beyond_one_per_cent_are_left_out() -> None:
    stored = sample(0.0, True, side(-1, {1: 1.0, 2_000: 5.0}), side(1, {1: 1.0, 990: 2.0}))
    assert sorted(stored.offsets.tolist()) == [-1, 1, 990]


def test_an_untrusted_book_gives_an_empty_column_with_its_gap() -> None:
    stored = sample(0.0, False, side(-1, {1: 1.0}), side(1, {1: 1.0}))
    column = bin_column(stored, 10, 10)
    assert (column.gap, len(column.rows), column.best_bid_ticks) == (True, 0, None)


def test_an_empty_trusted_book_is_no_gap() -> None:
    column = bin_column(sample(0.0, True, side(-1, {}), side(1, {})), 10, 10)
    assert (column.gap, len(column.rows)) == (False, 0)


def a_column(time_ms: float = 0.0, spread: int = 1):
    return sample(time_ms, True, side(-1, {1: 1.0, 5: 2.0}), side(1, {spread: 1.0}))


def test_the_store_keeps_the_newest_columns() -> None:
    store = ColumnStore(most_columns=3)
    for number in range(5):
        store.append(a_column(float(number)))
    assert [column.time_ms for column in store.since(0)] == [2.0, 3.0, 4.0]
    assert [column.time_ms for column in store.since(4)] == [4.0]
    assert store.since(5) == []


def test_the_store_never_holds_more_bytes_than_it_may() -> None:
    store = ColumnStore(most_bytes=2_000)
    for number in range(50):
        store.append(a_column(float(number)))
        assert store.held_bytes <= 2_000
    assert 0 < len(store) < 50
    newest = store.since(49)
    store.keep_within(1_000)
    assert store.held_bytes <= 1_000
    assert store.since(49) == newest
    store.clear()
    assert (len(store), store.held_bytes) == (0, 0)


def times(blocks: list[bytes]) -> list[float]:
    body = feed.join_columns(blocks)
    message = feed.pack(feed.Kind.COLUMNS, body, sequence=0, time_ms=0.0)
    return [column.time_ms for column in feed.decode(message)[1]]


def test_a_strip_encodes_each_column_once_and_keeps_the_history() -> None:
    store = ColumnStore()
    store.append(a_column(1.0))
    strip = Strip(store, 10)
    store.append(a_column(2.0))
    assert strip.behind == 2
    assert times(strip.catch_up(1)) == [1.0]
    assert times(strip.catch_up()) == [2.0]
    assert strip.catch_up() == []
    store.append(a_column(3.0))
    assert times(strip.catch_up()) == [3.0]
    assert times(strip.history()) == [1.0, 2.0, 3.0]


def test_a_strip_that_was_overrun_goes_on_with_what_the_store_holds() -> None:
    store = ColumnStore(most_columns=2)
    strip = Strip(store, 10)
    for number in range(6):
        store.append(a_column(float(number)))
    assert times(strip.catch_up()) == [4.0, 5.0]
    assert strip.behind == 0


def test_a_cleared_store_empties_its_strips() -> None:
    store = ColumnStore()
    strip = Strip(store, 10)
    store.append(a_column(1.0))
    strip.catch_up()
    store.clear()
    store.append(a_column(9.0))
    assert strip.epoch != store.epoch
    assert times(strip.catch_up()) == [9.0]
    assert times(strip.history()) == [9.0]


@pytest.mark.parametrize(
    ("value", "height"), [(0.0, 1), (1.3, 1), (1.4, 2), (51.0, 50), (70.0, 100), (2.7e6, 5_000_000)]
)
def test_row_heights_are_round(value: float, height: int) -> None:
    assert round_height(value) == height


def test_without_history_the_rows_cover_a_share_of_the_price() -> None:
    assert default_row_ticks(ColumnStore(), 6_000_000.0) == 50
    assert default_row_ticks(ColumnStore(), None) == 1


def test_with_history_the_rows_cover_what_was_seen() -> None:
    store = ColumnStore()
    store.append(a_column(spread=480))
    assert default_row_ticks(store, float(MID)) == 5
    quiet = ColumnStore()
    for number in range(300):
        assert default_row_ticks(quiet, 6_000_000.0) == 50
        quiet.append(a_column(float(number)))
    assert default_row_ticks(quiet, 6_000_000.0) == 10


def test_samples_are_taken_at_whole_periods_before_the_event() -> None:
    taken: list[tuple[int, int]] = []
    sampler = Sampler(lambda boundary, count: taken.append((boundary, count)), period_ns=100)
    for now in (250, 299, 300, 301, 660):
        sampler.advance(now)
    assert taken == [(300, 1), (400, 3)]
    sampler.restart()
    sampler.advance(50)
    sampler.advance(100)
    assert taken[2:] == [(100, 1)]
