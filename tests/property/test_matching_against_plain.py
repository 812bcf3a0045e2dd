"""The compiled matching engine equals the plain one: answers, logs, state, command by command."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hftlib.market.matching import MatchingBook
from hftlib.market.orders import Outflow
from tests.conftest import UNCOMPILED
from tests.reference.market_commands import history, rows_of
from tests.reference.plain_matching import PlainMatching


def assert_history_is_equal(
    seed: int, count: int, orders: int, triggers: int, reach: int, log_rows: int
) -> PlainMatching:
    """Assert that both engines say and become the same over a generated history."""
    plain = PlainMatching(orders, triggers)
    book = MatchingBook(orders=orders, triggers=triggers, window_bits=13, log_rows=log_rows)
    for commands, expected in history(plain, seed, count, reach):
        answers = np.zeros(len(commands), np.int64)
        book.run(rows_of(commands), answers)
        assert answers.tolist() == [int(answer) for answer in expected]
        for name, told, plainly in zip(Outflow._fields, book.drain(), plain.drain(), strict=True):
            assert told.tolist() == plainly.tolist(), name
        assert book.state_hash() == plain.state_hash()
    return plain


@pytest.mark.skipif(UNCOMPILED, reason="a long history is for the compiled engine")
def test_a_hundred_thousand_commands_leave_both_engines_equal() -> None:
    plain = assert_history_is_equal(
        seed=20261120, count=100_000, orders=16_384, triggers=1_024, reach=12, log_rows=300
    )
    assert plain.next_trade > 20_000


@settings(max_examples=30)
@given(
    st.integers(0, 2**32),
    st.integers(1, 1500),
    st.sampled_from(((16, 0), (24, 5), (300, 40))),
    st.sampled_from((2, 12, 400)),
    st.sampled_from((1, 40, 4096)),
)
def test_a_short_history_leaves_both_engines_equal(seed, count, room, reach, log_rows) -> None:
    orders, triggers = room
    count = min(count, 300) if UNCOMPILED else count
    assert_history_is_equal(seed, count, orders, triggers, reach, log_rows)
