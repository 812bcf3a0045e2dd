"""Collapsed changes against a dictionary of the last totals."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hftlib.exchange.binance.collapse import collapse
from hftlib.market.orders import BookSide, Change

changes = st.lists(
    st.tuples(st.integers(0, 1), st.integers(1, 12), st.integers(0, 5)), min_size=1, max_size=60
)


@given(changes=changes)
def test_every_level_stands_once_with_its_last_total_best_first(changes):
    rows = np.zeros((len(changes), len(Change)), np.int64)
    for number, (side, ticks, lots) in enumerate(changes):
        rows[number] = (1_000 + number, number, side, ticks, lots)
    plain = {(side, ticks): lots for side, ticks, lots in changes}
    found = collapse(rows)
    for side, half, sign in ((BookSide.BID, found.bids, -1), (BookSide.ASK, found.asks, 1)):
        wanted = sorted((sign * ticks, lots) for (s, ticks), lots in plain.items() if s == side)
        assert half.ticks.tolist() == [sign * ticks for ticks, _ in wanted]
        assert half.lots.tolist() == [lots for _, lots in wanted]
    assert found.last_ns == 1_000 + len(changes) - 1
