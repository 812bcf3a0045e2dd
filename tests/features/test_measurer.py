"""The measurer drives the book as the book alone would, and tells features by name."""

import pytest

from hftlib.book.book import FIRST_LEVELS, Book, Outcome
from hftlib.core.errors import TapeError
from hftlib.core.events import BookDelta, Layout
from hftlib.core.states import BookState
from hftlib.features.catalogue import NAMES
from hftlib.features.measurer import Measurer
from tests.features.feature_events import (
    INSTRUMENT,
    SECOND,
    START,
    delta_of,
    feed,
    new_measurer,
    snapshot_of,
    trade_of,
)

BIDS, ASKS = [(9_990, 1_000)], [(10_010, 1_000)]


def _bad(text: bytes) -> BookDelta:
    return BookDelta("binance", "ABCUSD", START + 1, START + 1, 2, 2, Layout.PAIRS, text)


def test_book_is_kept_as_by_itself() -> None:
    measurer, book = new_measurer(), Book(INSTRUMENT, window_bits=13)
    for event in (snapshot_of(START, BIDS, ASKS), delta_of(START + 1, [(9_991, 7)], [])):
        change, apply = (
            (measurer.on_snapshot, book.apply_snapshot)
            if event.last_update_id == 1
            else (measurer.on_delta, book.apply_delta)
        )
        assert change(event) is apply(event) is Outcome.APPLIED
    assert measurer.book.state_hash() == book.state_hash()
    assert measurer.book.state is BookState.LIVE
    assert (measurer.book.ts_event, measurer.book.ts_recv) == (START + 1, START + 8)


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (b'[["100.00","1"', Outcome.MALFORMED),
        (b'[["100.001","1"]]', Outcome.OFF_QUANTUM),
        (b'[["100.00","99999999999999999999"]]', Outcome.TOO_LARGE),
    ],
)
def test_a_refused_frame_changes_nothing_and_ends_the_trust(text, outcome) -> None:
    measurer = new_measurer()
    measurer.on_snapshot(snapshot_of(START, BIDS, ASKS))
    before = measurer.book.state_hash()
    assert measurer.on_delta(_bad(text)) is outcome
    assert measurer.book.state_hash() == before
    assert measurer.value("mid") is None
    assert measurer.value("ofi_restarts") == 1


def test_a_crossed_frame_ends_the_trust() -> None:
    measurer = new_measurer()
    measurer.on_snapshot(snapshot_of(START, BIDS, ASKS))
    assert measurer.on_delta(delta_of(START + 1, [(10_010, 5)], [])) is Outcome.CROSSED
    assert measurer.value("mid") is None


def test_a_great_snapshot_makes_room() -> None:
    measurer = new_measurer()
    bids = [(100_000 - k, 1 + k) for k in range(2 * FIRST_LEVELS)]
    asks = [(200_000 + 5 * k, 1) for k in range(2 * FIRST_LEVELS)]
    assert measurer.on_snapshot(snapshot_of(START, bids, asks)) is Outcome.APPLIED
    assert measurer.book.bid_levels == 2 * FIRST_LEVELS
    assert measurer.value("best_bid_price") == 1_000.0
    assert measurer.value("imbalance_1") == 0


def test_receive_time_stands_in_for_event_time() -> None:
    measurer = new_measurer()
    measurer.on_snapshot(snapshot_of(START, BIDS, ASKS, ts_event=False))
    measurer.on_snapshot(snapshot_of(START + 3 * SECOND, BIDS, ASKS, ts_event=False))
    assert measurer.value("bars_held") == 3


def test_vector_holds_every_feature_and_no_nan() -> None:
    measurer = new_measurer()
    empty = measurer.vector()
    assert (empty.ts_event, empty.ts_recv, empty.last_update_id) == (None, None, 0)
    feed(measurer, ("snapshot", START, BIDS, ASKS))
    vector = measurer.vector()
    assert (vector.venue, vector.symbol) == ("binance", "ABCUSD")
    assert (vector.ts_event, vector.ts_recv, vector.last_update_id) == (START, START, 1)
    assert len(vector.values) == len(NAMES)
    assert all(value is None or value == value for value in vector.values)
    assert vector.as_dict()["mid"] == 100.0
    assert vector.as_dict()["buy_price_small"] == 100.1
    assert vector.as_dict() == {name: measurer.value(name) for name in NAMES}
    with pytest.raises(KeyError, match="nonsense"):
        measurer.value("nonsense")


def test_trades_of_one_kind_count() -> None:
    measurer = new_measurer()
    assert measurer.on_trade(trade_of(START, 10_000, 5, 1))
    assert not measurer.on_trade(trade_of(START, 10_000, 5, 1, aggregate=True))
    assert not measurer.on_trade(trade_of(START, 10_000, 5, 1, historical=True))
    assert measurer.value("trades") == 1
    assert measurer.gate.refused == 2


def test_distrust_without_event_time_stands_at_the_latest() -> None:
    measurer = new_measurer()
    measurer.distrust()
    assert measurer.vector() == new_measurer().vector()
    feed(measurer, ("snapshot", START + SECOND // 2, BIDS, ASKS))
    feed(measurer, ("delta", START + 3 * SECOND, [], []))
    measurer.distrust()
    assert measurer.value("mid") is None
    assert measurer.value("bars_held") == 3


def test_a_checkpoint_goes_on_where_it_stopped() -> None:
    first = new_measurer()
    events = [("snapshot", START, BIDS, ASKS), ("trade", START + 5, 10_010, 300, 1)]
    rest = [("delta", START + 2 * SECOND, [(9_990, 500)], []), ("trade", START + 9, 9_990, 5, -1)]
    for event in events:
        feed(first, event)
    second = new_measurer()
    second.book.load(first.book.dump())
    second.load(first.dump())
    for event in rest:
        feed(first, event)
        feed(second, event)
    assert first.vector() == second.vector()
    assert second.gate.aggregate is False


@pytest.mark.parametrize("blob", [b"", b"\x93\x01", b"\x94\x01\xc4\x00\xc0\x00"])
def test_a_broken_checkpoint_is_refused(blob) -> None:
    measurer = new_measurer()
    with pytest.raises(TapeError, match="checkpoint of features"):
        measurer.load(blob)
    assert measurer.vector() == Measurer(Book(INSTRUMENT)).vector()
