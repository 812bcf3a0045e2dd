"""The line of one venue: order, depth, slots, waits, counts and words."""

import pytest

from hftlib.core import venue as names
from hftlib.io.rest.allowances import BucketAllowance, MinuteAllowance
from hftlib.io.rest.budgets import LONGEST_WAIT_NS, QUEUE_LIMIT, SLOTS, Budget, allowance_for
from hftlib.venues.plans import Purpose
from tests.reference.rest_venue import SECOND_NS, START_NS, depths

DEPTHS = (250, 50, 25, 5)


def budget(limit=6_000):
    made = Budget("binance", MinuteAllowance(limit))
    made.know_clock(0, SECOND_NS // 4)
    return made


def enter(line, purpose=Purpose.SNAPSHOT, weights=DEPTHS, number=1, at_ns=START_NS + SECOND_NS):
    return [line.enter(depths(purpose, weights), at_ns) for _ in range(number)]


def start(line, at_ns=START_NS + SECOND_NS):
    return [ticket.request.weight for ticket in line.start(at_ns)]


def answer(line, ticket, status=200, headers=None, body=b"", at_ns=START_NS + SECOND_NS):
    return line.answered(ticket, status, headers or {}, body, "no connection", at_ns)


def test_one_snapshot_is_the_deepest():
    line = budget()
    enter(line)
    assert start(line) == [250]


@pytest.mark.parametrize(
    ("waiting", "deepest"), [(14, 250), (15, 50), (108, 50), (109, 25), (226, 25), (227, 5)]
)
def test_the_more_wait_the_shallower_are_they(waiting, deepest):
    line = budget()
    enter(line, number=waiting)
    assert start(line)[0] == deepest


def test_a_nearly_used_minute_still_gives_shallow_snapshots():
    line = budget(1_000)
    line.allowance.send(900, START_NS + SECOND_NS)
    enter(line)
    assert start(line) == [5]


def test_what_is_less_urgent_leaves_room_for_snapshots():
    line = budget(1_000)
    line.allowance.send(500, START_NS + SECOND_NS)
    enter(line, Purpose.STATISTICS, (2,), number=2)
    assert start(line) == []
    assert line.delayed == 2
    assert start(line) == []
    assert line.delayed == 2
    enter(line, Purpose.POLL, (5,))
    assert start(line) == [5]


def test_the_last_slot_is_a_snapshots():
    line = budget()
    enter(line, Purpose.COMPARISON, (1,), number=SLOTS)
    assert len(start(line)) == SLOTS - 1
    assert line.next_ns(START_NS + SECOND_NS) is None
    enter(line)
    assert start(line) == [250]


def test_who_waits_is_told_when_to_come_again():
    line = budget(1_000)
    assert line.next_ns(START_NS) is None
    line.allowance.send(979, START_NS + SECOND_NS)
    enter(line)
    assert start(line) == []
    assert line.next_ns(START_NS + SECOND_NS) == START_NS + 60 * SECOND_NS + SECOND_NS // 4


def test_a_refusal_stops_everything_until_its_time_is_over():
    line = budget()
    first, second = enter(line, number=2)
    assert len(line.start(START_NS + SECOND_NS)) == 2
    meaning = answer(line, first, 429, {"retry-after": "5"})
    assert meaning.may_retry
    enter(line)
    assert start(line, START_NS + 3 * SECOND_NS) == []
    assert line.next_ns(START_NS + 3 * SECOND_NS) == START_NS + 6 * SECOND_NS
    told = line.status(START_NS + 3 * SECOND_NS)
    assert told.trouble.startswith("429: too many requests")
    assert (told.refused, told.requests, told.used) == (1, 2, 500)
    answer(line, second)
    assert line.status(START_NS).trouble == ""
    assert start(line, START_NS + 70 * SECOND_NS) == [250]


def test_a_refusal_that_tells_no_time_ends_the_minute():
    line = budget()
    (ticket,) = enter(line)
    line.start(START_NS + SECOND_NS)
    answer(line, ticket, 429)
    assert line.status(START_NS + SECOND_NS).used == 6_000
    enter(line)
    assert start(line, START_NS + 59 * SECOND_NS) == []
    assert start(line, START_NS + 61 * SECOND_NS) == [250]


def test_a_ban_is_shown_while_it_lasts_and_nobody_waits_for_a_long_one():
    line = budget()
    (ticket,) = enter(line)
    line.start(START_NS + SECOND_NS)
    answer(line, ticket, 418, {"retry-after": "600"})
    told = line.status(START_NS + 2 * SECOND_NS)
    assert told.banned_until_ms == (START_NS + 601 * SECOND_NS) / 1e6
    assert "banned" in told.trouble
    assert enter(line, at_ns=START_NS + 2 * SECOND_NS) == [None]
    assert line.status(START_NS).refused == 2
    late_ns = START_NS + 601 * SECOND_NS - LONGEST_WAIT_NS
    assert enter(line, at_ns=late_ns) != [None]
    over = line.status(START_NS + 601 * SECOND_NS)
    assert (over.banned_until_ms, over.trouble) == (None, "")


def test_a_full_line_refuses():
    line = budget()
    enter(line, number=QUEUE_LIMIT)
    assert enter(line) == [None]


def test_who_leaves_is_not_sent():
    line = budget()
    first, second = enter(line, number=2)
    line.leave(first)
    assert line.start(START_NS) == [second]
    line.leave(second)
    line.leave(first)


def test_no_answer_is_trouble_and_no_refusal():
    line = budget()
    (ticket,) = enter(line)
    line.start(START_NS + SECOND_NS)
    assert answer(line, ticket, 0).may_retry
    told = line.status(START_NS)
    assert (told.trouble, told.refused) == ("no connection", 0)


def test_the_weight_in_the_header_counts():
    line = budget()
    (ticket,) = enter(line)
    line.start(START_NS + SECOND_NS)
    answer(line, ticket, headers={"x-mbx-used-weight-1m": "5900"})
    assert line.status(START_NS + SECOND_NS).used == 5_900


@pytest.mark.parametrize("text", ["", "many", "-5", "1" * 20])
def test_a_header_without_a_number_is_none(text):
    line = budget()
    (ticket,) = enter(line)
    line.start(START_NS + SECOND_NS)
    answer(line, ticket, headers={"x-mbx-used-weight-1m": text})
    assert line.status(START_NS + SECOND_NS).used == 250


def test_the_requests_left_in_the_header_count():
    line = Budget("coinbase", BucketAllowance(10, 10))
    (ticket,) = enter(line, weights=(1,))
    line.start(START_NS)
    answer(line, ticket, headers={"x-ratelimit-remaining": "2"}, at_ns=START_NS)
    assert line.status(START_NS).used == 8


def test_the_limit_and_the_clock_are_learnt():
    line = budget()
    rates = '{"rateLimits":[{"rateLimitType":"%s","interval":"MINUTE","intervalNum":1,"limit":%d}]}'
    for body in (b"[]", (rates % ("ORDERS", 5)).encode(), (rates % ("REQUEST_WEIGHT", 0)).encode()):
        line.learn(body)
    assert line.allowance.limit == 6_000
    line.learn((rates % ("REQUEST_WEIGHT", 1_200)).encode())
    assert line.status(START_NS).limit == 1_200
    line.know_clock(-1_500_000, 1)
    assert line.status(START_NS).clock_offset_ms == -1.5


def test_a_bucket_learns_no_limit_and_shows_the_clock():
    line = Budget("coinbase", BucketAllowance(10, 10))
    line.learn(b"{}")
    line.know_clock(2_000_000, 1)
    assert line.status(START_NS).clock_offset_ms == 2.0


@pytest.mark.parametrize(
    ("venue", "limit"),
    [
        (names.BINANCE, 6_000),
        (names.BINANCE_US, 1_200),
        (names.BINANCE_USDM, 2_400),
        (names.BINANCE_COINM, 2_400),
        (names.COINBASE, 10),
        (names.COINBASE_EXCHANGE, 15),
    ],
)
def test_every_venue_has_its_documented_allowance(venue, limit):
    assert allowance_for(venue).limit == limit
