"""Which events count, and when."""

import pytest

from hftlib.core.events import FeedStatus
from hftlib.core.states import FeedCondition
from hftlib.features.admission import TradeGate, breaks_trust, time_of
from tests.features.feature_events import INSTRUMENT, START, snapshot_of, trade_of


def test_event_time_rules_where_there_is_one() -> None:
    assert time_of(trade_of(START, 1, 1, 1)) == START
    assert time_of(snapshot_of(START + 5, [], [], ts_event=False)) == START + 5


@pytest.mark.parametrize(
    ("venue", "symbol", "condition", "breaks"),
    [
        ("binance", "ABCUSD", FeedCondition.GAP, True),
        ("binance", "", FeedCondition.CLOSED, True),
        ("binance", "ABCUSD", FeedCondition.OVERFLOW, True),
        ("binance", "ABCUSD", FeedCondition.CROSSED, True),
        ("binance", "ABCUSD", FeedCondition.DRIFT, True),
        ("binance", "XYZUSD", FeedCondition.GAP, False),
        ("coinbase", "ABCUSD", FeedCondition.GAP, False),
        ("binance", "ABCUSD", FeedCondition.HEARTBEAT, False),
        ("binance", "ABCUSD", FeedCondition.STALE, False),
    ],
)
def test_what_breaks_trust(venue, symbol, condition, breaks) -> None:
    status = FeedStatus(venue, "ws", symbol, None, START, condition, "why")
    assert breaks_trust(status, INSTRUMENT) is breaks


def test_each_volume_counts_once() -> None:
    gate = TradeGate()
    assert not gate.admits(trade_of(START, 1, 1, 1, historical=True))
    assert gate.admits(trade_of(START, 1, 1, 1, aggregate=True))
    assert not gate.admits(trade_of(START, 1, 1, 1))
    assert gate.admits(trade_of(START, 1, 1, -1, aggregate=True))
    assert gate.refused == 2
