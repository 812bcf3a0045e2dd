"""Stored events: every layout of levels, trust, and what is passed over."""

import msgspec
import pytest

from hftlib.core.errors import DecimalError
from hftlib.core.events import BestBidOffer, BookDelta, BookSnapshot, FeedStatus, Layout
from hftlib.core.states import FeedCondition
from hftlib.features.layout import DELTA, FORGET, SNAPSHOT, TRADE
from hftlib.features.stored import levels_of, rows_of
from tests.features.feature_events import INSTRUMENT, START, delta_of, snapshot_of, trade_of

BIDS, ASKS = [(9_990, 1_000), (9_980, 5)], [(10_010, 1_000)]


def _status(condition, ts_event=None, symbol="ABCUSD") -> FeedStatus:
    return FeedStatus("binance", "ws", symbol, ts_event, START, condition, "why")


def test_rows_stand_in_order_with_their_levels() -> None:
    events = [
        snapshot_of(START, BIDS, ASKS),
        trade_of(START + 1, 10_010, 7, 1),
        trade_of(START + 2, 9_990, 8, -1),
        delta_of(START + 3, [], [(10_010, 0)]),
    ]
    rows = rows_of(events, INSTRUMENT)
    assert rows.kinds.tolist() == [SNAPSHOT, TRADE, TRADE, DELTA]
    assert rows.stamps.tolist() == [START, START + 1, START + 2, START + 3]
    assert rows.starts.tolist() == [0, 2, 3, 4, 4, 4, 5, 5, 6]
    assert rows.ticks.tolist() == [9_990, 9_980, 10_010, 10_010, 9_990, 10_010]
    assert rows.quanta.tolist() == [1_000, 5, 1_000, 7, 8, 0]
    assert rows.levels == 6


def test_others_and_other_kinds_are_passed_over() -> None:
    other = msgspec.structs.replace(snapshot_of(START, BIDS, ASKS), symbol="XYZUSD")
    ticker = BestBidOffer("binance", "ABCUSD", START, START, 1, 1, 1, 2, 1)
    events = [
        other,
        ticker,
        trade_of(START, 1, 1, 1, historical=True),
        _status(FeedCondition.HEARTBEAT),
        _status(FeedCondition.GAP),  # nothing to forget yet
    ]
    assert rows_of(events, INSTRUMENT).kinds.size == 0


def test_broken_trust_is_stored() -> None:
    bad = BookDelta("binance", "ABCUSD", START + 5, START, 2, 2, Layout.PAIRS, b"[[")
    crossed = delta_of(START + 6, [(10_010, 1)], [])
    events = [
        snapshot_of(START, BIDS, ASKS),
        _status(FeedCondition.GAP),
        _status(FeedCondition.CLOSED, START + 4, symbol=""),
        bad,
        snapshot_of(START + 6, BIDS, ASKS),
        crossed,
    ]
    rows = rows_of(events, INSTRUMENT)
    assert rows.kinds.tolist() == [SNAPSHOT, FORGET, FORGET, FORGET, SNAPSHOT, DELTA, FORGET]
    offsets = [stamp - START for stamp in rows.stamps.tolist()]
    assert offsets == [0, 0, 4, 5, 6, 6, 6]


@pytest.mark.parametrize(
    ("layout", "texts", "expected"),
    [
        (
            Layout.PAIRS,
            {"bids": b'[["99.90","1.5"],[99.8,2]]', "asks": b'[["100.10","0.000","extra"]]'},
            ([(9_990, 1_500), (9_980, 2_000)], [(10_010, 0)]),
        ),
        (
            Layout.OBJECTS,
            {"bids": b'[{"size":"1","price":"99.9"}]', "asks": b"[]"},
            ([(9_990, 1_000)], []),
        ),
        (
            Layout.CHANGES,
            {"changes": b'[["sell","100.1","3"],["buy","99.9","0"]]'},
            ([(9_990, 0)], [(10_010, 3_000)]),
        ),
        (
            Layout.UPDATES,
            {
                "changes": b'[{"side":"offer","event_time":"x","price_level":"100.1",'
                b'"new_quantity":"3"},{"side":"bid","price_level":"99.9","new_quantity":"2"}]'
            },
            ([(9_990, 2_000)], [(10_010, 3_000)]),
        ),
    ],
)
def test_every_layout_is_read(layout, texts, expected) -> None:
    event = BookSnapshot("binance", "ABCUSD", START, START, 1, layout, **texts)
    assert levels_of(event, INSTRUMENT) == expected
    rows = rows_of([event], INSTRUMENT)
    assert rows.kinds.tolist() == [SNAPSHOT]
    assert rows.ticks.tolist() == [ticks for side in expected for ticks, _ in side]


def test_bad_text_says_so() -> None:
    event = BookSnapshot("binance", "ABCUSD", START, START, 1, Layout.PAIRS, b'[["1.001","1"]]')
    with pytest.raises(DecimalError):
        levels_of(event, INSTRUMENT)
    with pytest.raises(msgspec.DecodeError):
        levels_of(msgspec.structs.replace(event, bids=b"[["), INSTRUMENT)
