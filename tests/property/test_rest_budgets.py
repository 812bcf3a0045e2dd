"""However requests storm and the network delays them, no venue ever has to refuse one."""

from hypothesis import given, settings
from hypothesis import strategies as st

from hftlib.io.rest.allowances import BucketAllowance, MinuteAllowance
from hftlib.io.rest.budgets import SLOTS, Budget
from hftlib.venues.plans import Purpose
from tests.reference.rest_venue import (
    SECOND_NS,
    START_NS,
    BucketVenue,
    MinuteVenue,
    Network,
    Trip,
    depths,
)

purposes = st.sampled_from(list(Purpose))
seconds = st.integers(0, 150_000).map(lambda ms: ms * 1_000_000)
trips = st.lists(
    st.builds(
        Trip,
        st.integers(0, 3_000).map(lambda ms: ms * 1_000_000),
        st.integers(0, 3_000).map(lambda ms: ms * 1_000_000),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
)
quick_trips = st.lists(
    st.builds(
        Trip,
        st.integers(0, 1_500).map(lambda ms: ms * 1_000_000),
        st.integers(0, 1_500).map(lambda ms: ms * 1_000_000),
        st.just(False),
    ),
    min_size=1,
    max_size=8,
)
weights = st.sampled_from([(250, 50, 25, 5), (20, 10, 5), (5,), (2,), (1,)])
storms = st.lists(
    st.tuples(seconds, purposes, weights, st.integers(1, 60)), min_size=1, max_size=12
)
near_minutes = st.lists(
    st.tuples(
        st.builds(
            lambda minute, ms: (minute * 60_000 + ms) * 1_000_000,
            st.integers(1, 3),
            st.integers(-4_000, 4_000),
        ),
        purposes,
        weights,
        st.integers(1, 60),
    ),
    min_size=1,
    max_size=12,
)
"""Storms around the minutes of the venue's clock, where a request may count in either."""
LATEST_NS = START_NS + 3 * 3_600 * SECOND_NS


@settings(max_examples=100, deadline=None)
@given(
    storms | near_minutes,
    trips,
    st.integers(-29_000, 29_000),
    st.integers(-200, 200),
    st.sampled_from([60, 300, 1_200, 6_000]),
    st.booleans(),
)
def test_the_weight_of_a_minute_is_never_exceeded(
    storms, trips, offset_ms, error_ms, limit, is_clock_known
):
    budget = Budget("binance", MinuteAllowance(limit))
    network = Network(budget, MinuteVenue(limit, offset_ms * 1_000_000), trips)
    if is_clock_known:
        told_ns = (offset_ms + error_ms) * 1_000_000
        network.at(START_NS, lambda: budget.know_clock(told_ns, 250_000_000))
    shift_ns = 60 * SECOND_NS - offset_ms * 1_000_000
    for later_ns, purpose, weighing, number in storms:
        for _ in range(number):
            network.ask(START_NS + later_ns + shift_ns, depths(purpose, weighing))
    assert network.run(LATEST_NS), "requests wait for ever"
    assert len(network.statuses) == sum(number for *_, number in storms)
    assert set(network.statuses) == {200}


@settings(max_examples=80, deadline=None)
@given(storms, trips, st.sampled_from([(10, 15), (10, 10)]), st.booleans())
def test_a_bucket_is_never_overdrawn(storms, trips, bucket, tells):
    budget = Budget("coinbase", BucketAllowance(*bucket))
    network = Network(budget, BucketVenue(*bucket, tells=tells), trips)
    for later_ns, purpose, _, number in storms:
        for _ in range(number):
            network.ask(START_NS + later_ns, depths(purpose, (1,), "coinbase"))
    assert network.run(LATEST_NS), "requests wait for ever"
    assert len(network.statuses) == sum(number for *_, number in storms)
    assert set(network.statuses) == {200}


@settings(max_examples=40, deadline=None)
@given(quick_trips, st.integers(0, 2_500), st.integers(0, 20))
def test_what_other_programs_use_is_left_to_them(trips, theirs, second):
    """Once an answer has told of them, they and we stay below the limit together."""
    limit, venue = 6_000, MinuteVenue(6_000, 0)
    budget = Budget("binance", MinuteAllowance(limit))
    budget.know_clock(0, 250_000_000)
    network = Network(budget, venue, trips)
    begin_ns = START_NS - START_NS % (60 * SECOND_NS) + second * SECOND_NS
    for minute in range(4):
        at_ns = begin_ns + minute * 60 * SECOND_NS
        network.at(at_ns, lambda: venue.others(theirs, network.now_ns))
        network.ask(at_ns + 1, depths(Purpose.TIME, (1,)))
        for _ in range(100):
            network.ask(at_ns + 8 * SECOND_NS, depths(Purpose.SNAPSHOT, (250, 50, 25, 5)))
    assert network.run(LATEST_NS)
    assert set(network.statuses) == {200}


@given(st.lists(purposes, min_size=2, max_size=40))
def test_the_most_urgent_goes_first_and_equals_in_their_order(asked):
    budget = Budget("binance", MinuteAllowance(6_000))
    tickets = [budget.enter(depths(purpose, (1,)), START_NS) for purpose in asked]
    started = []
    while len(started) < len(tickets):
        batch = budget.start(START_NS)
        assert 0 < len(batch) <= SLOTS
        for ticket in batch:
            budget.answered(ticket, 200, {}, b"", "", START_NS)
        started += batch
    order = [(ticket.request.purpose, ticket.number) for ticket in started]
    assert order == sorted(order)
