"""Make events for the tests of features, and feed them to a measurer and to the reference."""

import json

from hftlib.book.book import Book
from hftlib.core.events import BookDelta, BookSnapshot, Layout, Trade
from hftlib.core.instrument import Instrument
from hftlib.core.states import Side
from hftlib.features.measurer import Measurer

INSTRUMENT = Instrument("binance", "ABCUSD", "ABC", "USD", "0.01", "0.001")
SECOND = 1_000_000_000
START = 1_723_161_600 * SECOND


def text_of(levels) -> bytes:
    rows = [
        [INSTRUMENT.price_text(ticks), INSTRUMENT.size_text(quanta)] for ticks, quanta in levels
    ]
    return json.dumps(rows).encode()


def snapshot_of(ts, bids, asks, *, ts_event=True) -> BookSnapshot:
    return BookSnapshot(
        "binance",
        "ABCUSD",
        ts if ts_event else None,
        ts,
        1,
        Layout.PAIRS,
        text_of(bids),
        text_of(asks),
    )


def delta_of(ts, bids, asks) -> BookDelta:
    return BookDelta(
        "binance", "ABCUSD", ts, ts + 7, 2, 2, Layout.PAIRS, text_of(bids), text_of(asks)
    )


def trade_of(ts, ticks, quanta, sign, **flags) -> Trade:
    side = Side.BUY if sign > 0 else Side.SELL
    return Trade("binance", "ABCUSD", ts, ts + 7, 3, ticks, quanta, side, **flags)


def feed(measurer: Measurer, event: tuple) -> None:
    """Feed (kind, ts, ...): snapshot and delta with levels, trade with ticks, quanta, sign."""
    kind, ts, *rest = event
    if kind == "snapshot":
        measurer.on_snapshot(snapshot_of(ts, *rest))
    elif kind == "delta":
        measurer.on_delta(delta_of(ts, *rest))
    elif kind == "trade":
        measurer.on_trade(trade_of(ts, *rest))
    else:
        measurer.distrust(ts)


def feed_reference(reference, event: tuple) -> None:
    kind, ts, *rest = event
    if kind == "trade":
        reference.trade(ts, *rest)
    elif kind == "forget":
        reference.forget(ts)
    else:
        reference.frame(ts, *rest, snapshot=kind == "snapshot")


def new_measurer(*settings, instrument=INSTRUMENT) -> Measurer:
    return Measurer(Book(instrument, window_bits=13), *settings)
