"""Features of recorded markets: live and batch are equal to the bit, and the reference agrees."""

import math
from itertools import islice

import numpy as np
import pytest

from hftlib.book.book import Book
from hftlib.core.events import BookDelta, BookSnapshot, Trade
from hftlib.core.instrument import Instrument
from hftlib.features import layout
from hftlib.features.batch import HOT_NAMES, measure
from hftlib.features.measurer import Measurer
from hftlib.features.stored import levels_of, rows_of
from hftlib.venues.registry import open_session
from tests.reference.capture_reader import hftbacktest_frames
from tests.reference.features_reference import Reference, micro_price_table

BITCOIN = Instrument("binance", "BTCUSDT", "BTC", "USDT", "0.01", "0.00000001")
COIN_M = Instrument(
    "binance_coinm", "BTCUSD_PERP", "BTC", "USD", "0.1", "1", multiplier="100", inverse=True
)


def _events(folder, pattern, instrument):
    session = open_session(instrument.venue, {instrument.symbol: instrument})
    paths = sorted(folder.glob(pattern))
    for frame in hftbacktest_frames(paths, instrument.venue, instrument.symbol):
        for event in session.receive(frame):
            if isinstance(event, BookSnapshot | BookDelta | Trade):
                yield event


@pytest.fixture(scope="module")
def bitcoin(captures) -> list:
    return list(_events(captures("binance-spot-btc-20240808"), "btcusdt_*.gz", BITCOIN))


def _live(measurer, events) -> np.ndarray:
    """Feed events one by one; return the features of the frame after each."""
    rows = []
    for event in events:
        if isinstance(event, BookSnapshot):
            measurer.on_snapshot(event)
        elif isinstance(event, BookDelta):
            measurer.on_delta(event)
        else:
            measurer.on_trade(event)
        rows.append(measurer.floats[: layout.HOT_COUNT].copy())
    return np.array(rows)


def _assert_live_is_batch(events, instrument) -> Measurer:
    live, batch = Measurer(Book(instrument)), Measurer(Book(instrument))
    expected = _live(live, events)
    columns = measure(batch, rows_of(events, instrument))
    found = np.column_stack([columns[name] for name in HOT_NAMES])
    np.testing.assert_array_equal(found, expected)
    assert batch.vector().values == live.vector().values
    return live


def test_bitcoin_live_is_batch(bitcoin) -> None:
    measurer = _assert_live_is_batch(bitcoin, BITCOIN)
    assert measurer.value("trades") == 19_904
    assert measurer.value("best_bid_price") == 61602.01
    assert measurer.value("trade_window_overflows") == 0
    assert (measurer.book.bid_levels, measurer.book.ask_levels) == (1_971, 2_962)


def test_coin_margined_live_is_batch(captures) -> None:
    folder = captures("binance-3venue-btc-20240808")
    events = list(islice(_events(folder, "coinm_*.gz", COIN_M), 12_000))
    assert _assert_live_is_batch(events, COIN_M).value("amihud") is not None


def test_bitcoin_agrees_with_the_reference(bitcoin) -> None:
    measurer = Measurer(Book(BITCOIN))
    costs = (10**7, 10**8, 10**9)
    reference = Reference(tick=0.01, quantum=1e-8, costs=costs, window=60)
    frames = 0
    for event in islice(bitcoin, 4_000):
        if isinstance(event, Trade):
            measurer.on_trade(event)
            sign = 1 if event.side == "BUY" else -1
            reference.trade(event.ts_event, event.price_ticks, event.size_quanta, sign)
            continue
        is_snapshot = isinstance(event, BookSnapshot)
        (measurer.on_snapshot if is_snapshot else measurer.on_delta)(event)
        stamp = event.ts_recv if event.ts_event is None else event.ts_event
        reference.frame(stamp, *levels_of(event, BITCOIN), snapshot=is_snapshot)
        frames += 1
        if frames % 250 == 0:
            _compare(measurer, reference)
    assert frames > 700


def _compare(measurer: Measurer, reference: Reference) -> None:
    found = measurer.vector().as_dict()
    for name, value in reference.features().items():
        if value is None:
            assert found[name] is None, name
        else:
            assert found[name] == pytest.approx(value, rel=1e-7, abs=1e-7), name


def test_bitcoin_micro_price_agrees_with_the_series(bitcoin) -> None:
    measurer = Measurer(Book(BITCOIN))
    quotes, known = [], 0
    for event in bitcoin:
        if not isinstance(event, Trade):
            _live(measurer, [event])
            quotes.append((*measurer.book.best_bid, *measurer.book.best_ask))
            if measurer.floats[layout.MICRO_WAIT] == 0:
                known = len(quotes)
    assert known > 5_000
    table = measurer.micro_price_model().adjustment_ticks
    for found, expected in zip(table, micro_price_table(quotes[:known]), strict=True):
        assert found == (None if expected is None else pytest.approx(expected, rel=1e-6))


def test_bitcoin_flow_of_windows_is_a_difference(bitcoin) -> None:
    """The mid moves with the flow of the same second, though frames are 100 ms apart."""
    depth = [event for event in bitcoin if not isinstance(event, Trade)]
    columns = measure(Measurer(Book(BITCOIN)), rows_of(depth, BITCOIN), ["ofi_1", "mid"])
    flow, change = np.diff(columns["ofi_1"][::10]), np.diff(columns["mid"][::10])
    assert math.isfinite(flow.sum())
    assert np.corrcoef(flow, change)[0, 1] > 0.3
