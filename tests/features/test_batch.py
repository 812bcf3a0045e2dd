"""Batch columns equal what the live path tells, room is made, and the book is left standing."""

import math

import numpy as np
import pytest

from hftlib.book.book import FIRST_LEVELS, Book
from hftlib.core.states import BookState
from hftlib.features.batch import HOT_NAMES, measure
from hftlib.features.measurer import Measurer
from hftlib.features.stored import rows_of
from tests.features.feature_events import (
    INSTRUMENT,
    SECOND,
    START,
    delta_of,
    new_measurer,
    snapshot_of,
    trade_of,
)

EVENTS = [
    snapshot_of(START, [(9_990, 1_000)], [(10_010, 1_000)]),
    trade_of(START + 1, 10_010, 700, 1),
    delta_of(START + 2, [(9_991, 30)], [(10_010, 300)]),
    delta_of(START + 3, [(10_011, 30)], []),
    delta_of(START + 3 * SECOND, [(10_011, 0)], []),
]


def test_columns_hold_a_value_for_every_row() -> None:
    measurer = new_measurer()
    columns = measure(measurer, rows_of(EVENTS, INSTRUMENT), ["mid", "cvd", "buy_price_small"])
    assert list(columns) == ["ts", "mid", "cvd", "buy_price_small"]
    assert columns["ts"].tolist() == [START + k for k in (0, 1, 2, 3, 3, 3 * SECOND)]
    mids = [100.0, 100.0, 100.005, None, None, 100.005]
    mids[3] = (10_011 + 10_010) / 200  # the frame crosses, then is forgotten
    np.testing.assert_array_equal(columns["mid"], [math.nan if m is None else m for m in mids])
    assert columns["cvd"].tolist() == [0, 0.7, 0.7, 0.7, 0.7, 0.7]
    assert columns["buy_price_small"][2] == 100.1
    assert math.isnan(columns["buy_price_small"][4])


def test_batch_leaves_the_measurer_as_live_does() -> None:
    live, batch = new_measurer(), new_measurer()
    for event in EVENTS[:3]:
        if event is EVENTS[0]:
            live.on_snapshot(event)
        elif event is EVENTS[1]:
            live.on_trade(event)
        else:
            live.on_delta(event)
    columns = measure(batch, rows_of(EVENTS[:3], INSTRUMENT))
    assert list(columns) == ["ts", *HOT_NAMES]
    assert batch.vector().values == live.vector().values
    assert batch.book.state is BookState.LIVE
    assert batch.book.ts_event == START + 2
    assert batch.book.levels(0)[0].tolist() == live.book.levels(0)[0].tolist()


def test_nothing_stored_changes_nothing() -> None:
    measurer = new_measurer()
    assert measure(measurer, rows_of([], INSTRUMENT))["mid"].size == 0
    assert measurer.book.state is BookState.SYNCING
    measure(measurer, rows_of([trade_of(START, 1, 1, 1)], INSTRUMENT))
    assert measurer.book.state is BookState.SYNCING


def test_room_is_made_on_the_way() -> None:
    bids = [(100_000 - k, 1) for k in range(3 * FIRST_LEVELS)]
    asks = [(200_000 + k, 1) for k in range(FIRST_LEVELS)]
    events = [EVENTS[0], snapshot_of(START + 1, bids, asks), delta_of(START + 2, bids[:9], [])]
    measurer = Measurer(Book(INSTRUMENT, window_bits=13))
    columns = measure(measurer, rows_of(events, INSTRUMENT), ["mid", "ofi_restarts"])
    assert columns["mid"].tolist() == [100.0, 1_500.0, 1_500.0]
    assert columns["ofi_restarts"].tolist() == [0, 1, 1]
    assert measurer.book.bid_levels == 3 * FIRST_LEVELS
    assert measurer.book.unknown_deletes == 0


def test_an_unknown_feature_is_named() -> None:
    with pytest.raises(KeyError, match="nonsense"):
        measure(new_measurer(), rows_of([], INSTRUMENT), ["nonsense"])
