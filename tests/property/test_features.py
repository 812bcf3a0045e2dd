"""Features over generated histories: incremental, batch and reference are one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hftlib.book.book import Book
from hftlib.features import layout
from hftlib.features.batch import measure
from hftlib.features.catalogue import NAMES
from hftlib.features.measurer import Measurer
from hftlib.features.settings import FeatureSettings
from hftlib.features.stored import Rows
from tests.features.feature_events import (
    INSTRUMENT,
    SECOND,
    START,
    delta_of,
    feed,
    feed_reference,
    snapshot_of,
)
from tests.reference.features_reference import Reference

SETTINGS = FeatureSettings(window_bars=12, cost_sizes=(0.02, 0.1, 0.4), vpin_bucket=0.003)
COSTS = (20, 100, 400)
NOT_IN_REFERENCE = {"micro_price", "trade_window_overflows", "realised_spread_overflows"}

sizes = st.integers(0, 60)
bids = st.lists(st.tuples(st.integers(9_950, 9_999), sizes), max_size=14)
asks = st.lists(st.tuples(st.integers(10_001, 10_050), sizes), max_size=14)
full_bids = st.lists(st.tuples(st.integers(9_800, 9_999), st.integers(1, 60)), max_size=25)
full_asks = st.lists(st.tuples(st.integers(10_001, 10_200), st.integers(1, 60)), max_size=25)
frames = st.one_of(
    st.tuples(st.just("delta"), bids, asks),
    st.tuples(st.just("delta"), bids, asks),
    st.tuples(st.just("snapshot"), full_bids, full_asks),
)
trades = st.tuples(
    st.just("trade"), st.integers(9_940, 10_060), st.integers(1, 40), st.sampled_from([1, -1])
)
steps = st.one_of(
    st.integers(0, SECOND),
    st.sampled_from([0, SECOND, -SECOND, 5 * SECOND, 13 * SECOND, -61 * SECOND, 700 * SECOND]),
)
happenings = st.lists(
    st.tuples(steps, st.one_of(frames, trades, trades, st.tuples(st.just("forget")))), max_size=60
)


def _dated(happenings):
    now = START
    events = [("snapshot", now, [(9_999, 5), (9_700, 8)], [(10_001, 5), (10_300, 8)])]
    for step, (kind, *rest) in happenings:
        now += step
        events.append((kind, now, *rest))
    return events


def _measurer() -> Measurer:
    return Measurer(Book(INSTRUMENT, window_bits=13), SETTINGS)


def _rows_of(events) -> Rows:
    kinds, stamps, starts, ticks, quanta = [], [], [0], [], []
    numbers = {"delta": 0, "snapshot": 1, "trade": 2, "forget": 3}
    for kind, ts, *rest in events:
        kinds.append(numbers[kind])
        stamps.append(ts)
        sides = rest
        if kind == "trade":
            sides = ([rest[:2]], []) if rest[2] > 0 else ([], [rest[:2]])
        for levels in sides or ([], []):
            ticks += [level[0] for level in levels]
            quanta += [level[1] for level in levels]
            starts.append(len(ticks))
    return Rows(
        *(np.array(each, dtype=np.int64) for each in (kinds, stamps, starts, ticks, quanta))
    )


@settings(max_examples=60)
@given(happenings)
def test_incremental_equals_the_reference(happenings) -> None:
    measurer = _measurer()
    reference = Reference(tick=0.01, quantum=0.001, costs=COSTS, bucket=3, window=12)
    for event in _dated(happenings):
        feed(measurer, event)
        feed_reference(reference, event)
    found, expected = measurer.vector().as_dict(), reference.features()
    assert set(found) - NOT_IN_REFERENCE == set(expected)
    for name, value in expected.items():
        if value is None:
            assert found[name] is None, name
        else:
            assert found[name] == pytest.approx(value, rel=1e-9, abs=1e-7), name


@settings(max_examples=60)
@given(happenings)
def test_incremental_equals_batch(happenings) -> None:
    events = _dated(happenings)
    one_by_one, at_once = _measurer(), _measurer()
    vectors = []
    for event in events:
        feed(one_by_one, event)
        vectors.append(one_by_one.vector().values)
    columns = measure(at_once, _rows_of(events), NAMES)
    table = np.column_stack([columns[name] for name in NAMES])
    expected = np.array(vectors, dtype=np.float64)
    np.testing.assert_array_equal(table, expected)
    np.testing.assert_array_equal(
        at_once.floats[: layout.WALK_SIZE], one_by_one.floats[: layout.WALK_SIZE]
    )
    np.testing.assert_array_equal(
        at_once.floats[layout.EFFECTIVE_RING :], one_by_one.floats[layout.EFFECTIVE_RING :]
    )


@settings(max_examples=30)
@given(full_bids, full_asks)
def test_a_snapshot_alone_and_by_deltas_look_alike(bids, asks) -> None:
    by_snapshot, by_deltas = _measurer(), _measurer()
    by_snapshot.on_snapshot(snapshot_of(START, bids, asks))
    by_deltas.on_snapshot(snapshot_of(START, [], []))
    by_deltas.on_delta(delta_of(START, bids, asks))
    flows = {name for name in NAMES if name.startswith("ofi_")}
    first, second = by_snapshot.vector().as_dict(), by_deltas.vector().as_dict()
    for name in set(NAMES) - flows:
        assert first[name] == second[name], name
    total = sum(dict(bids).values()) if len(dict(bids)) <= 1 else None
    if total is not None and not asks:
        assert second["ofi_1"] == pytest.approx(total * 0.001)
