"""A watch tells changes of side, once each."""

import math

from hftlib.book.book import Book
from hftlib.core.instrument import Instrument
from hftlib.features import layout
from hftlib.features.measurer import Measurer
from hftlib.signals.imbalance import ImbalanceSignal
from hftlib.signals.signal import SignalSide
from hftlib.signals.watch import SignalWatch

BTC = Instrument("binance", "BTCUSDT", "BTC", "USDT", "0.01", "0.00000001")


class Watched:
    """A watch over a measurer whose features are set by hand."""

    def __init__(self):
        self.measurer = Measurer(Book(BTC))
        self.watch = SignalWatch(self.measurer, [ImbalanceSignal()])
        self.now = 0

    def see(self, imbalance, spread_bps=1.0):
        self.now += 1
        self.measurer.floats[layout.IMBALANCE_20] = imbalance
        self.measurer.floats[layout.SPREAD_BPS] = spread_bps
        return self.watch.look(self.now)


def test_a_side_is_told_when_it_changes_and_only_then():
    watched = Watched()
    assert watched.see(0.0) is None
    (buy,) = watched.see(0.3)
    assert (buy.venue, buy.symbol, buy.name, buy.ts_recv) == ("binance", "BTCUSDT", "imbalance", 2)
    assert (buy.side, buy.score, buy.spread_bps) == (SignalSide.BUY, 0.3, 1.0)
    assert watched.see(0.4) is None
    (sell,) = watched.see(-0.4)
    (neutral,) = watched.see(math.nan)
    assert (sell.side, neutral.side) == (SignalSide.SELL, SignalSide.NEUTRAL)
    assert neutral.confidence is None


def test_an_end_is_told_where_a_side_was_taken():
    watched = Watched()
    assert watched.watch.end(1, "gap") == []
    watched.see(0.3)
    (ended,) = watched.watch.end(9, "the book is GAP")
    assert (ended.side, ended.score, ended.reason) == (SignalSide.NEUTRAL, None, "the book is GAP")
    (again,) = watched.see(0.3)
    assert again.side is SignalSide.BUY


def test_sides_go_through_a_checkpoint():
    watched, other = Watched(), Watched()
    watched.see(0.3)
    assert watched.watch.dump() == {"imbalance": SignalSide.BUY}
    other.watch.load(watched.watch.dump())
    assert other.see(0.4) is None
    other.watch.load({})
    assert other.see(0.4) is not None
