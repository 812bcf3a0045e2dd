"""The compiled matching engine equals the plain one: answers, logs, state, command by command."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hftlib.market.matching import MatchingBook
from hftlib.market.orders import Outflow
from tests.conftest import UNCOMPILED
from tests.reference.market_commands import history, rows_of
from tests.reference.plain_matching import PlainMatching


def assert_history_is_equal(
    seed: int, count: int, room: tuple[int, int], prices: tuple[int, int], log_rows: int
) -> PlainMatching:
    """Assert that both engines say and become the same over a generated history."""
    orders, triggers = room
    plain = PlainMatching(orders, triggers)
    book = MatchingBook(orders=orders, triggers=triggers, window_bits=13, log_rows=log_rows)
    for commands, expected in history(plain, seed, count, *prices):
        answers = np.zeros(len(commands), np.int64)
        book.run(rows_of(commands), answers)
        assert answers.tolist() == [int(answer) for answer in expected]
        for name, told, plainly in zip(Outflow._fields, book.drain(), plain.drain(), strict=True):
            assert told.tolist() == plainly.tolist(), name
        assert book.state_hash() == plain.state_hash()
    return plain


def test_a_hundred_thousand_commands_leave_both_engines_equal() -> None:
    count = 3_000 if UNCOMPILED else 100_000
    plain = assert_history_is_equal(20261120, count, (16_384, 1_024), (50_000, 12), log_rows=300)
    assert plain.next_trade > count // 5


@settings(max_examples=60)
@given(
    st.integers(0, 2**32),
    st.sampled_from((9, 80, 700, 2000)),
    st.sampled_from(((16, 0), (24, 5), (300, 40))),
    st.sampled_from(((40, 6), (50_000, 2), (50_000, 12), (50_000, 400), (2**39, 5000))),
    st.sampled_from((1, 40, 4096)),
)
def test_a_short_history_leaves_both_engines_equal(seed, count, room, prices, log_rows) -> None:
    count = min(count, 300) if UNCOMPILED else count
    assert_history_is_equal(seed, count, room, prices, log_rows)
