"""Never more than a venue allows, whoever asks and whenever."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hftlib.io.feeds.pace import Pace, Window

SECOND_NS = 1_000_000_000
gaps = st.lists(st.integers(0, 2 * SECOND_NS), min_size=1, max_size=60)


def dues(limit: Window | Pace, gaps_: list[int]) -> list[int]:
    """Return when each of some askers may go, who come one after the other."""
    now_ns, found = 0, []
    for gap_ns in gaps_:
        now_ns += gap_ns
        found.append(now_ns + round(limit.reserve_s(now_ns) * SECOND_NS))
    return found


@given(gaps_=gaps, most=st.integers(1, 8))
def test_no_window_holds_more_than_is_allowed(gaps_, most):
    found = dues(Window(most, 3.0), gaps_)
    assert found == sorted(found)
    for early, late in zip(found, found[most:], strict=False):
        assert late - early >= 3 * SECOND_NS - 1_000


def test_a_free_window_lets_everybody_go_at_once():
    window = Window(3, 10.0)
    assert [window.reserve_s(0) for _ in range(4)] == [0.0, 0.0, 0.0, 10.0]
    assert window.reserve_s(11 * SECOND_NS) == 0.0


@given(gaps_=gaps)
def test_messages_keep_their_distance(gaps_):
    found = dues(Pace(4.0), gaps_)
    for early, late in pairwise(found):
        assert late - early >= SECOND_NS // 4 - 1_000


def test_without_a_limit_nobody_waits():
    pace = Pace(0.0)
    assert [pace.reserve_s(0) for _ in range(100)] == [0.0] * 100
