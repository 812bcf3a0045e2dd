"""Token buckets: bursts, refilling, and clients that are forgotten when they are rested."""

from hypothesis import given
from hypothesis import strategies as st

from hftlib.exchange.coinbase import token_bucket
from hftlib.exchange.coinbase.token_bucket import TokenBuckets

SECOND_NS = 1_000_000_000


def test_a_burst_is_granted_and_no_more():
    buckets = TokenBuckets(10, 15)
    assert [buckets.take("a", 0) for _ in range(17)] == [True] * 15 + [False] * 2
    assert buckets.take("b", 0), "each client has its own"


def test_tokens_come_back_at_the_rate():
    buckets = TokenBuckets(10, 15)
    for _ in range(15):
        buckets.take("a", 0)
    assert not buckets.take("a", SECOND_NS // 10 - 1)
    assert buckets.take("a", SECOND_NS // 10)
    assert not buckets.take("a", SECOND_NS // 10)
    assert buckets.remaining("a", 20 * SECOND_NS) == 15


def test_the_time_until_all_is_back_is_told():
    buckets = TokenBuckets(10, 10)
    assert buckets.full_in_seconds("a", 0) == 0
    buckets.take("a", 0)
    assert buckets.full_in_seconds("a", 0) == 1
    assert buckets.remaining("a", 0) == 9


def test_time_that_goes_back_gives_nothing():
    buckets = TokenBuckets(1, 1)
    assert buckets.take("a", SECOND_NS)
    assert not buckets.take("a", 0)


@given(st.lists(st.integers(0, SECOND_NS), max_size=60))
def test_never_more_than_the_burst_and_the_rate(gaps):
    buckets, now_ns, granted = TokenBuckets(5, 7), 0, 0
    for gap in gaps:
        now_ns += gap
        granted += buckets.take("a", now_ns)
        assert granted <= 7 + now_ns * 5 // SECOND_NS


def test_rested_clients_are_forgotten():
    buckets = TokenBuckets(1_000, 1)
    for number in range(token_bucket._KEPT + 100):
        buckets.take(str(number), number * SECOND_NS)
    assert len(buckets._buckets) <= token_bucket._KEPT


def test_a_client_who_waits_is_not_forgotten():
    buckets = TokenBuckets(1, 2)
    for number in range(token_bucket._KEPT + 5):
        buckets.take(str(number), 0)
    buckets.take("last", 10**9)
    assert buckets.remaining("last", 10**9) == 1
    for _ in range(2):
        buckets.take("waits", 0)
    for number in range(5):
        buckets.take(f"more {number}", 0)
    assert not buckets.take("waits", 0)
