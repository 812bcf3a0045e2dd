"""The two ways of counting, at the moments where a count could be too small."""

import pytest

from hftlib.io.rest.allowances import MINUTE_NS, SECOND_NS, BucketAllowance, MinuteAllowance

MINUTE = 1_000 * MINUTE_NS
MARGIN_NS = SECOND_NS // 4


def known(limit=1_000, offset_ns=0):
    allowance = MinuteAllowance(limit)
    allowance.know_clock(offset_ns, MARGIN_NS)
    return allowance


def test_a_little_is_left_for_others():
    assert known(1_000).free(MINUTE + SECOND_NS) == 980


def test_a_new_minute_begins_empty():
    allowance = known()
    allowance.settle(allowance.send(700, MINUTE + SECOND_NS), MINUTE + 2 * SECOND_NS)
    assert allowance.free(MINUTE + 59 * SECOND_NS) == 280
    assert allowance.free(MINUTE + 61 * SECOND_NS) == 980
    assert allowance.used(MINUTE + 59 * SECOND_NS) == 700
    assert allowance.used(MINUTE + 61 * SECOND_NS) == 0


def test_room_comes_when_the_full_minute_is_surely_over():
    allowance = known(offset_ns=10 * SECOND_NS)
    allowance.send(700, MINUTE + SECOND_NS)
    assert allowance.free_at_ns(200, MINUTE + SECOND_NS) == MINUTE + SECOND_NS
    over_ns = MINUTE + 50 * SECOND_NS + MARGIN_NS
    assert allowance.free_at_ns(500, MINUTE + SECOND_NS) == over_ns


def test_a_request_under_way_counts_in_the_minute_that_begins_meanwhile():
    allowance = known()
    sent = allowance.send(700, MINUTE + 58 * SECOND_NS)
    assert allowance.free(MINUTE + 63 * SECOND_NS) == 280
    allowance.settle(sent, MINUTE + 64 * SECOND_NS)
    assert allowance.free(MINUTE + 65 * SECOND_NS) == 280


def test_a_request_that_is_over_counts_in_the_minute_of_its_answer():
    allowance = known()
    sent = allowance.send(700, MINUTE + 58 * SECOND_NS)
    allowance.settle(sent, MINUTE + 63 * SECOND_NS)
    assert allowance.free(MINUTE + 63 * SECOND_NS) == 280


@pytest.mark.parametrize("at_ns", [-MARGIN_NS + 1, MARGIN_NS - 1])
def test_near_the_end_of_a_minute_both_count(at_ns):
    allowance = known()
    allowance.settle(allowance.send(700, MINUTE + at_ns), MINUTE + at_ns)
    assert allowance.free(MINUTE - 3 * SECOND_NS) == 280
    assert allowance.free(MINUTE + 3 * SECOND_NS) == 280


@pytest.mark.parametrize("off_s", [-29, 29])
def test_a_clock_that_is_not_known_may_be_half_a_minute_off(off_s):
    allowance = MinuteAllowance(1_000)
    allowance.settle(allowance.send(700, MINUTE + off_s * SECOND_NS), MINUTE + off_s * SECOND_NS)
    assert allowance.free(MINUTE + SECOND_NS) == 280
    assert allowance.free(MINUTE - SECOND_NS) == 280


def test_what_is_told_and_not_ours_is_others():
    allowance = known()
    at_ns = MINUTE + 10 * SECOND_NS
    first = allowance.send(100, at_ns)
    allowance.tell(first, 400, at_ns + 1)
    allowance.settle(first, at_ns + 1)
    assert allowance.used(at_ns + 1) == 400
    second = allowance.send(50, at_ns + 2)
    allowance.tell(second, 450, at_ns + 3)
    allowance.settle(second, at_ns + 3)
    assert allowance.used(at_ns + 3) == 450


def test_an_answer_that_may_be_of_either_minute_tells_nothing():
    allowance = known()
    sent = allowance.send(10, MINUTE + 59 * SECOND_NS)
    allowance.tell(sent, 900, MINUTE + 61 * SECOND_NS)
    assert allowance.used(MINUTE + 62 * SECOND_NS) == 10


def test_while_the_clock_is_not_known_it_tells_of_both():
    allowance = MinuteAllowance(1_000)
    allowance.tell(allowance.send(10, MINUTE), 500, MINUTE + 1)
    assert allowance.used(MINUTE + SECOND_NS) == 500


def test_an_older_request_does_not_unsay_what_a_newer_one_told():
    allowance = known()
    older, newer = (allowance.send(1, MINUTE + one * SECOND_NS) for one in (1, 2))
    allowance.tell(newer, 502, MINUTE + 3 * SECOND_NS)
    allowance.tell(older, 1, MINUTE + 3 * SECOND_NS)
    assert allowance.used(MINUTE + 4 * SECOND_NS) >= 502


def test_what_others_used_is_kept_free_for_them_in_the_minutes_to_come():
    allowance = known()
    sent = allowance.send(1, MINUTE + SECOND_NS)
    allowance.tell(sent, 401, MINUTE + 2 * SECOND_NS)
    allowance.settle(sent, MINUTE + 2 * SECOND_NS)
    assert allowance.free(MINUTE + 3 * MINUTE_NS) == 600
    assert allowance.free(MINUTE + 20 * MINUTE_NS) == 980


def test_a_refused_minute_is_used_up_and_the_next_is_not():
    allowance = known()
    allowance.exhaust(MINUTE + SECOND_NS)
    assert allowance.free(MINUTE + 2 * SECOND_NS) == 0
    assert allowance.used(MINUTE + 2 * SECOND_NS) == 1_000
    assert allowance.free(MINUTE + 62 * SECOND_NS) == 980


def test_the_limit_is_what_the_venue_tells():
    allowance = known()
    allowance.allow(2_000)
    assert (allowance.limit, allowance.free(MINUTE)) == (2_000, 1_960)
    assert allowance.per_second == pytest.approx(2_000 / 60)


def test_a_bucket_fills_from_the_answer_on():
    bucket = BucketAllowance(10, 15)
    assert (bucket.limit, bucket.per_second, bucket.free(0)) == (15, 10, 15)
    sent = bucket.send(1, 0)
    assert bucket.free(5 * SECOND_NS) == 14
    bucket.settle(sent, 5 * SECOND_NS)
    assert bucket.free(5 * SECOND_NS) == 14
    assert bucket.free(5 * SECOND_NS + SECOND_NS // 20) == 14.5
    assert bucket.free(6 * SECOND_NS) == 15
    assert bucket.used(5 * SECOND_NS) == 1


def test_a_bucket_tells_when_it_holds_enough():
    bucket = BucketAllowance(10, 2)
    assert bucket.free_at_ns(2, 0) == 0
    bucket.settle(bucket.send(1, 0), 0)
    bucket.settle(bucket.send(1, 0), 0)
    assert bucket.free_at_ns(1, 0) == pytest.approx(SECOND_NS / 10, abs=2)


def test_a_bucket_holds_no_more_than_the_venue_says():
    bucket = BucketAllowance(10, 15)
    sent = bucket.send(1, 0)
    bucket.tell(sent, 3, 0)
    bucket.settle(sent, 0)
    assert bucket.free(0) == 3
    bucket.exhaust(0)
    assert bucket.free(0) == 0
    bucket.exhaust(SECOND_NS)
    assert bucket.free(2 * SECOND_NS) == 10
