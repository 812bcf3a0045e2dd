"""The micro-price is what Stoikov's chain gives, next to a dense reference."""

import numpy as np
import pytest

from hftlib.features import layout
from hftlib.features.settings import FeatureSettings
from tests.features.feature_events import INSTRUMENT, START, feed, new_measurer
from tests.reference.features_reference import micro_price_table

STEP = 100_000_000


def _quotes(count, seed=7):
    """Make quotes whose imbalance foretells the next move."""
    generator = np.random.default_rng(seed)
    bid, rows = 10_000, []
    for _ in range(count):
        share = generator.uniform(0.01, 0.99)
        spread = int(generator.choice([1, 2, 5], p=[0.6, 0.3, 0.1]))
        sizes = max(1, round(1_000 * share)), max(1, round(1_000 * (1 - share)))
        rows.append((bid, sizes[0], bid + spread, sizes[1]))
        if generator.uniform() < 0.3:
            bid += 1 if generator.uniform() < share else -1
    return rows


def _feed(measurer, rows) -> None:
    before = None
    for number, (bid, bid_size, ask, ask_size) in enumerate(rows):
        bids, asks = [(bid, bid_size)], [(ask, ask_size)]
        if before is not None:
            bids = [(before[0], 0), *bids]
            asks = [(before[2], 0), *asks]
        kind = "snapshot" if before is None else "delta"
        feed(measurer, (kind, START + number * STEP, bids, asks))
        before = (bid, bid_size, ask, ask_size)


@pytest.fixture(scope="module")
def taught():
    measurer = new_measurer()
    rows = _quotes(1_001)
    _feed(measurer, rows)
    return measurer, rows


def test_table_equals_the_reference(taught) -> None:
    measurer, rows = taught
    model = measurer.micro_price_model()
    expected = micro_price_table(rows)
    assert model.moves > layout.MINIMUM_MOVES
    for found, wanted in zip(model.adjustment_ticks, expected, strict=True):
        assert found == pytest.approx(wanted, rel=1e-9, abs=1e-9)


def test_more_bids_pull_it_up(taught) -> None:
    table = taught[0].micro_price_model().adjustment_ticks
    assert table[9] > table[7] > 0 > table[2] > table[0]
    assert table[0] == pytest.approx(-table[9], abs=1e-9)


def test_price_is_mid_and_adjustment(taught) -> None:
    measurer, rows = taught
    bid, bid_size, ask, ask_size = rows[-1]
    adjustment = measurer.micro_price_model().adjustment(bid_size, ask_size, ask - bid)
    price = ((bid + ask) / 2 + adjustment) / 100
    assert measurer.value("micro_price") == pytest.approx(price)


def test_a_state_never_seen_stays_missing() -> None:
    measurer = new_measurer()
    rows = [(bid, size, bid + 1, ask_size) for bid, size, _, ask_size in _quotes(1_001)]
    _feed(measurer, rows)
    table = measurer.micro_price_model().adjustment_ticks
    assert None not in table[:10]
    assert set(table[10:]) == {None}
    assert table[:10] == pytest.approx(micro_price_table(rows)[:10], rel=1e-9, abs=1e-9)


def test_nothing_before_enough_is_seen() -> None:
    measurer = new_measurer()
    _feed(measurer, _quotes(1_000))
    assert measurer.micro_price_model() is None
    assert measurer.value("micro_price") is None
    still = new_measurer()
    _feed(still, [(10_000, 5, 10_001, 5)] * 1_200)
    assert still.micro_price_model() is None
    assert still.floats[layout.MICRO_WAIT] == 1_199


def test_states_that_never_move_give_no_estimate() -> None:
    """Moves far from a class that only leads to itself leave I - Q singular."""
    measurer = new_measurer()
    _feed(measurer, [(10_000 + k % 2, 1_000, 10_005 + k % 2, 999) for k in range(300)])
    feed(measurer, ("snapshot", START + 300 * STEP, [(10_000, 1_000)], [(10_001, 1)]))
    for number in range(301, 1_050):
        feed(measurer, ("delta", START + number * STEP, [], []))
    assert measurer.floats[layout.MICRO_MOVES] >= layout.MINIMUM_MOVES
    assert measurer.floats[layout.MICRO_WAIT] < layout.MINIMUM_MOVES
    assert measurer.micro_price_model() is None


def test_a_given_model_is_used_as_it_is(taught) -> None:
    model = taught[0].micro_price_model()
    measurer = new_measurer(FeatureSettings(micro_price=model))
    _feed(measurer, _quotes(30, seed=1))
    bid, bid_size, ask, ask_size = _quotes(30, seed=1)[-1]
    price = ((bid + ask) / 2 + model.adjustment(bid_size, ask_size, ask - bid)) / 100
    assert measurer.value("micro_price") == pytest.approx(price)
    assert measurer.micro_price_model() == model


def test_an_empty_side_is_no_state(taught) -> None:
    measurer = new_measurer()
    feed(measurer, ("snapshot", START, [(10_000, 5)], [(10_001, 5)]))
    feed(measurer, ("delta", START, [(10_000, 0)], []))
    assert measurer.floats[layout.MICRO_STATE] == -1
    feed(measurer, ("delta", START, [(9_000, 5)], []))
    assert measurer.floats[layout.MICRO_MOVES] == 0


def test_a_snapshot_is_no_transition() -> None:
    measurer = new_measurer()
    for ticks in (10_000, 10_100, 10_200):
        feed(measurer, ("snapshot", START, [(ticks, 5)], [(ticks + 1, 5)]))
    assert measurer.floats[layout.MICRO_WAIT] == 0
    assert INSTRUMENT.price_increment == "0.01"
