"""The figures of a profile are those of the record, counted by hand."""

import msgspec
import numpy as np
import pytest

from hftlib.desk.market_profile import (
    figures_of,
    pair_figures_of,
    profile_of,
    profile_of_pair,
    taker_orders,
)
from hftlib.desk.market_reading import record_of_market
from hftlib.desk.market_record import MILLISECOND, SECOND, BookRecord
from hftlib.features.regression import quotes_of, regress_flow
from hftlib.features.regularities import autocorrelation, kurtosis
from tests.desk_support.small_market import PERPETUAL, SPOT, happen


@pytest.fixture(scope="module")
def record() -> BookRecord:
    happened = happen(120)
    return record_of_market(*happened[:3], SPOT, opening=happened.opening)


def test_rates_are_counts_by_time(record: BookRecord) -> None:
    figures = figures_of(record)
    assert figures["trades_per_s"] == pytest.approx(len(record.trades) / record.seconds)
    assert figures["changes_per_s"] == pytest.approx(len(record.changes) / record.seconds)
    assert figures["changes_per_trade"] == pytest.approx(len(record.changes) / len(record.trades))
    frames = sum(map(len, record.frames.values()))
    assert figures["frames_per_s"] == pytest.approx(frames / record.seconds)
    assert figures["ticker_frames_per_s"] == pytest.approx(len(record.tops) / record.seconds)


def test_the_spread_of_a_market_without_holes(record: BookRecord) -> None:
    figures = figures_of(record)
    assert figures["spread_ticks"] == figures["spread_one_tick_share"] == 1.0


def test_the_spread_is_weighted_by_time(record: BookRecord) -> None:
    tops = np.array([[0, 10, 1, 11, 1], [3 * SECOND, 10, 1, 14, 1]])
    short = msgspec.structs.replace(record, start_ns=0, end_ns=4 * SECOND, tops=tops)
    figures = figures_of(short)
    assert figures["spread_ticks"] == pytest.approx((3 * 1 + 1 * 4) / 4)
    assert figures["spread_one_tick_share"] == pytest.approx(0.75)


def test_depth_is_that_of_one_side(record: BookRecord) -> None:
    figures = figures_of(record)
    assert figures["levels_to_1_bps"] == 10.0
    assert figures["levels_to_5_bps"] == 0.0
    sizes = record.depth[:, 5].mean() / 2 * record.quantum_size
    assert figures["size_to_1_bps"] == pytest.approx(sizes)


def test_trades_of_one_stamp_and_side_are_one_order() -> None:
    trades = np.array(
        [
            [1, 100, 5, 1, 7],
            [2, 101, 6, 1, 7],
            [3, 101, 7, -1, 7],
            [4, 101, 8, -1, 8],
            [5, 101, 9, 1, 8],
        ]
    )
    sizes, signs = taker_orders(trades)
    assert sizes.tolist() == [11, 7, 8, 9]
    assert signs.tolist() == [1, -1, -1, 1]
    assert [column.size for column in taker_orders(trades[:0])] == [0, 0]


def test_signs_and_sizes_are_those_of_takers_orders(record: BookRecord) -> None:
    figures = figures_of(record)
    sizes, signs = taker_orders(record.trades)
    found = autocorrelation(signs, (1, 2, 10))
    assert found is not None
    assert figures["sign_autocorrelation_1"] == pytest.approx(found[0])
    assert figures["taker_size_mean"] == pytest.approx(sizes.mean() * record.quantum_size)
    tail = figures["taker_size_tail"]
    assert tail is not None
    assert 1.0 < tail < 3.0  # drawn with 1.5, and cut by the size of the touch


def test_returns_are_those_of_the_mid_second_by_second(record: BookRecord) -> None:
    stamps, bids, asks = record.tops[:, 0], record.tops[:, 1], record.tops[:, 3]
    edges = range(int(stamps[0]), int(stamps[-1]) + 1, SECOND)
    mids = [(bids + asks)[np.flatnonzero(stamps <= edge)[-1]] for edge in edges]
    returns = np.diff(np.log(mids)) * 1e4
    figures = figures_of(record)
    assert figures["volatility_1_s_bps"] == pytest.approx(returns.std())
    assert figures["kurtosis_1_s"] == pytest.approx(kurtosis(returns))
    assert figures["unmoved_1_s_share"] == pytest.approx(np.mean(returns == 0))


def test_order_flow_is_the_study_of_order_flow(record: BookRecord) -> None:
    stamps, *columns = record.tops.T
    fit = regress_flow(quotes_of(stamps, *columns), 5 * SECOND)
    figures = figures_of(record)
    assert figures["ofi_r2_5_s"] == pytest.approx(fit.r_squared)


def test_a_record_of_nothing_has_no_figures(record: BookRecord) -> None:
    empty = record.part(0, SECOND)
    for name, value in figures_of(empty).items():
        assert value in (None, 0.0), name
    assert pair_figures_of(empty, record) == pair_figures_of(record, empty) == {}


def test_a_pair_seen_for_a_moment_has_no_figures(record: BookRecord) -> None:
    moment = record.part(record.start_ns, record.start_ns + SECOND // 2)
    assert set(pair_figures_of(moment, moment).values()) == {None}


def test_halves_are_profiled_by_themselves(record: BookRecord) -> None:
    profile = profile_of(record)
    assert profile.name == "binance BTCUSDT"
    assert profile.figures == figures_of(record)
    assert profile.halves == tuple(figures_of(half) for half in record.halves())


def test_the_second_book_of_a_pair_follows_at_its_lag(record: BookRecord) -> None:
    tops = record.tops.copy()
    tops[:, 0] += 60 * MILLISECOND
    tops[:, [1, 3]] += 600
    late = msgspec.structs.replace(record, venue=PERPETUAL.venue, tops=tops)
    profile = profile_of_pair(record, late)
    figures = profile.figures
    assert profile.name == "binance BTCUSDT and binance_usdm BTCUSDT"
    assert figures["lead_peak_ms"] == 60.0
    ratio = figures["lead_ratio"]
    assert ratio is not None
    assert ratio > 10
    scales = ("100_ms", "1_s", "10_s")
    near, far, farthest = (figures[f"return_correlation_{scale}"] for scale in scales)
    assert near is not None
    assert far is not None
    assert farthest is not None
    assert 0 < near < far < farthest < 1.0
    assert figures["basis_mean_bps"] == pytest.approx(1.0, abs=0.01)
    deviation = figures["basis_deviation_bps"]
    assert deviation is not None
    assert 0 < deviation < 0.01


def test_a_pair_is_measured_where_both_are_seen(record: BookRecord) -> None:
    late = record.part(record.start_ns + 30 * SECOND, record.end_ns)
    assert profile_of_pair(record, late).seconds == pytest.approx(90, abs=0.1)
