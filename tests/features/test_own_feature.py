"""A function of one's own sees each frame once, immutably, and never across a gap."""

import math

import pytest

from hftlib.core.events import BestBidOffer, BookDelta, FeedStatus, Layout
from hftlib.core.states import FeedCondition
from hftlib.features.own_feature import BookView, run_over
from tests.features.feature_events import (
    INSTRUMENT,
    SECOND,
    START,
    delta_of,
    snapshot_of,
    trade_of,
)

BIDS, ASKS = [(9_990, 1_000), (9_980, 2_000)], [(10_010, 1_000)]


def test_values_stand_beside_their_stamps() -> None:
    def spread(view: BookView, state: None) -> tuple[float | None, None]:
        if not view.bid_ticks.size or not view.ask_ticks.size:
            return None, None
        return (view.ask_ticks[0] - view.bid_ticks[0]) * view.tick_size, None

    events = [
        snapshot_of(START, BIDS, ASKS, ts_event=False),
        delta_of(START + 1, [], [(10_010, 0)]),
        delta_of(START + 2, [], [(10_005, 1)]),
    ]
    columns = run_over(events, spread, INSTRUMENT)
    assert columns["ts"].tolist() == [START, START + 1, START + 2]
    assert columns["ts_recv"].tolist() == [START, START + 8, START + 9]
    assert columns["last_update_id"].tolist() == [1, 2, 2]
    assert columns["value"][0] == pytest.approx(0.2)
    assert math.isnan(columns["value"][1])
    assert columns["value"][2] == pytest.approx(0.15)


def test_state_is_handed_on_and_ends_at_gap_and_snapshot() -> None:
    seen = []

    def count(view: BookView, state: int | None) -> tuple[float, int]:
        seen.append(state)
        return float(state or 0), (state or 0) + 1

    gap = FeedStatus("binance", "ws", "ABCUSD", None, START, FeedCondition.GAP, "lost")
    calm = FeedStatus("binance", "ws", "ABCUSD", None, START, FeedCondition.HEARTBEAT, "")
    bad = BookDelta("binance", "ABCUSD", START + 9, START, 2, 2, Layout.PAIRS, b"[[")
    events = [
        snapshot_of(START, BIDS, ASKS),
        calm,
        delta_of(START + 1, [], []),
        gap,
        delta_of(START + 2, [], []),
        delta_of(START + 3, [], []),
        snapshot_of(START + 4, BIDS, ASKS),
        delta_of(START + 5, [], []),
        bad,
        delta_of(START + 10, [], []),
    ]
    columns = run_over(events, count, INSTRUMENT)
    assert seen == [None, 1, None, 1, None, 1, None]
    assert columns["value"].size == 7


def test_view_shows_trades_features_and_depth() -> None:
    views: list[BookView] = []

    def keep(view: BookView, state: None) -> tuple[None, None]:
        views.append(view)
        return None, None

    trade = trade_of(START + 1, 10_010, 5, 1)
    events = [
        snapshot_of(START, BIDS, ASKS),
        trade,
        trade_of(START + 1, 10_010, 5, 1, aggregate=True),
        BestBidOffer("binance", "ABCUSD", START, START, 1, 1, 1, 2, 1),
        snapshot_of(START, BIDS, ASKS).__class__("coinbase", "B", None, 1, 1, Layout.PAIRS),
        delta_of(START + SECOND, [], []),
        delta_of(START + SECOND + 1, [], [(10_010, 0)]),
    ]
    run_over(events, keep, INSTRUMENT, features=("mid", "trade_flow_100"), depth=1)
    assert [view.trades for view in views] == [(), (trade,), ()]
    assert views[0].features == {"mid": 100.0, "trade_flow_100": None}
    assert views[1].features == {"mid": 100.0, "trade_flow_100": 1.0}
    assert views[2].features["mid"] is None
    assert (views[0].bid_ticks.tolist(), views[0].bid_quanta.tolist()) == ([9_990], [1_000])
    assert views[0].quantum_size == 0.001
    with pytest.raises(ValueError, match="read-only"):
        views[0].bid_ticks[0] = 1
    with pytest.raises(AttributeError):
        views[0].tick_size = 2.0  # type: ignore[misc]


def test_whole_depth_may_be_asked_for() -> None:
    def levels(view: BookView, state: None) -> tuple[float, None]:
        return float(view.bid_ticks.size), None

    columns = run_over([snapshot_of(START, BIDS, ASKS)], levels, INSTRUMENT, depth=None)
    assert columns["value"].tolist() == [2]


def test_no_frames_give_empty_columns() -> None:
    columns = run_over([], lambda view, state: (None, None), INSTRUMENT)
    assert [column.size for column in columns.values()] == [0, 0, 0, 0]
    with pytest.raises(KeyError, match="nonsense"):
        run_over(
            [snapshot_of(START, BIDS, ASKS)],
            lambda view, state: (None, None),
            INSTRUMENT,
            features=["nonsense"],
        )
