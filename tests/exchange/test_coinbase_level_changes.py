"""Changes of levels gathered: the last total of each, bids then asks, best first."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hftlib.core.venue import COINBASE
from hftlib.exchange.coinbase.level_changes import LevelChanges, side_of, whole_book
from hftlib.market.listings import listing_of
from hftlib.market.orders import BookSide
from tests.reference.coinbase_floor import Desk

BTC = listing_of(COINBASE, "BTC-USD")
changes = st.lists(
    st.tuples(st.sampled_from(BookSide), st.integers(1, 9), st.integers(0, 5)), max_size=12
)


def rows_of(given_changes, first: int) -> np.ndarray:
    rows = [
        (100 + first + at, first + at, int(side), ticks, lots)
        for at, (side, ticks, lots) in enumerate(given_changes)
    ]
    return np.array(rows, np.int64).reshape(-1, 5)


@given(st.lists(changes, max_size=3))
def test_the_last_total_of_each_level(batches):
    gathered, last, count = LevelChanges(BTC), {}, 0
    for batch in batches:
        gathered.take(rows_of(batch, count))
        count += len(batch)
        last.update({(int(side), ticks): lots for side, ticks, lots in batch})
    drained = gathered.drain()
    assert gathered.drain() is None
    if not count:
        assert drained is None
        return
    assert drained.time_ns == 99 + count
    levels = list(zip(*(column.tolist() for column in drained.levels), strict=True))
    assert levels == sorted(
        ((side, ticks, lots) for (side, ticks), lots in last.items()),
        key=lambda row: (row[0], row[1] if row[0] else -row[1]),
    )
    assert all(column.flags.c_contiguous for column in drained.levels)


def test_a_whole_book_is_best_first():
    desk = Desk()
    desk.place(BookSide.BID, 100, 5)
    desk.place(BookSide.BID, 101, 6)
    desk.place(BookSide.ASK, 103, 7)
    desk.place(BookSide.ASK, 102, 8)
    book = desk.feed().book
    assert [column.tolist() for column in whole_book(book, 1)] == [
        [0, 0, 1, 1],
        [101, 100, 102, 103],
        [6, 5, 8, 7],
    ]
    assert side_of(book, BookSide.BID, 10).quanta.tolist() == [60, 50]
