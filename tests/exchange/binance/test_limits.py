"""Weights, order counts and bans, on the wall clock's windows."""

import pytest

from hftlib.exchange.binance.limits import (
    CONNECTIONS,
    ORDERS,
    RATE_LIMITS,
    RAW_REQUESTS,
    Limits,
)
from hftlib.exchange.binance.refusal import BinanceError
from tests.reference.spot_desk import SECOND_NS, START_NS

HERE, THERE = "10.0.0.1", "10.0.0.2"
MINUTE_NS = 60 * SECOND_NS


def refused(limits: Limits, weight: int, now_ns: int) -> BinanceError:
    with pytest.raises(BinanceError) as caught:
        limits.charge(HERE, weight, now_ns)
    return caught.value


def test_limits_are_told_as_exchange_info_tells_them() -> None:
    assert [limit.described() for limit in RATE_LIMITS] == [
        {
            "rateLimitType": kind,
            "interval": interval,
            "intervalNum": number,
            "limit": limit,
        }
        for kind, interval, number, limit in (
            ("REQUEST_WEIGHT", "MINUTE", 1, 6_000),
            ("ORDERS", "SECOND", 10, 100),
            ("ORDERS", "DAY", 1, 200_000),
            ("RAW_REQUESTS", "MINUTE", 5, 300_000),
        )
    ]
    assert [limit.header for limit in ORDERS] == ["10S", "1D"]
    assert ORDERS[0].described(7)["count"] == 7


def test_weight_is_counted_by_address_and_forgotten_with_the_minute() -> None:
    limits = Limits()
    limits.charge(HERE, 5_999, START_NS)
    limits.charge(HERE, 1, START_NS + MINUTE_NS - 1)
    limits.charge(THERE, 7, START_NS)

    assert limits.used(HERE, START_NS + MINUTE_NS - 1) == 6_000
    assert limits.used(THERE, START_NS) == 7
    assert limits.used(HERE, START_NS + MINUTE_NS) == 0


def test_one_weight_too_many_is_refused_until_the_next_minute() -> None:
    limits = Limits()
    limits.charge(HERE, 6_000, START_NS)

    refusal = refused(limits, 1, START_NS + 17 * SECOND_NS + 1)

    assert (refusal.status, refusal.code) == (429, -1003)
    assert refusal.text.startswith(
        "Too much request weight used; current limit is 6000 request weight per 1 MINUTE. "
    )
    assert refusal.headers == {"Retry-After": "43"}
    assert limits.retry_ns(HERE, START_NS) == START_NS + MINUTE_NS
    limits.charge(HERE, 1, START_NS + MINUTE_NS)


def test_weight_can_be_given_back() -> None:
    limits = Limits()
    limits.charge(HERE, 5, START_NS)
    limits.give_back(HERE, 3, START_NS)

    assert limits.used(HERE, START_NS) == 2
    limits.give_back(HERE, 3, START_NS + MINUTE_NS)
    assert limits.used(HERE, START_NS + MINUTE_NS) == 0


def test_address_that_goes_on_is_banned_and_each_time_for_longer() -> None:
    limits = Limits(weight=10, patience=2)
    now_ns, lengths = START_NS, []
    for _ in range(13):
        limits.charge(HERE, 10, now_ns)
        assert [refused(limits, 1, now_ns).status for _ in range(3)] == [429, 429, 429]
        assert limits.is_banned(HERE, now_ns)
        banned = refused(limits, 1, now_ns)
        assert (banned.status, banned.code) == (418, -1003)
        until_ns = limits.retry_ns(HERE, now_ns)
        assert f"IP banned until {until_ns // 1_000_000}. " in banned.text
        assert banned.headers == {"Retry-After": str((until_ns - now_ns) // SECOND_NS)}
        lengths.append((until_ns - now_ns) // MINUTE_NS)
        now_ns = until_ns
        assert not limits.is_banned(HERE, now_ns)

    assert lengths[:3] == [2, 4, 8]
    assert lengths[-1] == 3 * 24 * 60
    assert not limits.is_banned(THERE, START_NS)


def test_patience_lasts_for_a_minute() -> None:
    limits = Limits(weight=1, patience=1)
    for minute in range(3):
        now_ns = START_NS + minute * MINUTE_NS
        limits.charge(HERE, 1, now_ns)
        assert refused(limits, 1, now_ns).status == 429

    assert not limits.is_banned(HERE, START_NS + 3 * MINUTE_NS)


def test_requests_are_counted_without_their_weight() -> None:
    limits = Limits()
    for _ in range(RAW_REQUESTS.limit):
        limits.charge(HERE, 0, START_NS)

    refusal = refused(limits, 0, START_NS + 1)

    assert (refusal.status, refusal.code, refusal.text) == (
        429,
        -1003,
        "Too many requests queued.",
    )
    assert refusal.headers == {"Retry-After": "300"}


def test_handshakes_are_counted() -> None:
    limits = Limits()
    for _ in range(CONNECTIONS.limit):
        limits.connect(HERE, 2, START_NS)

    assert limits.used(HERE, START_NS) == 600
    with pytest.raises(BinanceError, match="Too many requests queued"):
        limits.connect(HERE, 2, START_NS)


def test_orders_are_counted_by_account_until_they_fill() -> None:
    limits = Limits()
    for _ in range(100):
        limits.check_orders(1_000, START_NS)
        limits.count_order(1_000, START_NS)

    with pytest.raises(BinanceError) as caught:
        limits.check_orders(1_000, START_NS)
    refusal = caught.value
    assert (refusal.status, refusal.code, refusal.headers) == (429, -1015, {})
    assert refusal.text == "Too many new orders; current limit is 100 orders per 10 SECOND."
    assert limits.orders_retry_ns(1_000, START_NS) == START_NS + 10 * SECOND_NS
    limits.check_orders(1_001, START_NS)

    limits.count_first_fill(1_000, False, START_NS)
    assert [count for _, count in limits.order_counts(1_000, START_NS)] == [99, 99]
    limits.count_first_fill(1_000, True, START_NS)
    assert [count for _, count in limits.order_counts(1_000, START_NS)] == [94, 94]
    later = START_NS + 10 * SECOND_NS
    assert [count for _, count in limits.order_counts(1_000, later)] == [0, 94]
    limits.count_first_fill(1_000, True, later)
    assert [count for _, count in limits.order_counts(1_000, later)] == [0, 89]
    assert limits.orders_retry_ns(1_000, later) == later


def test_everything_can_be_forgotten() -> None:
    limits = Limits(weight=1, patience=0)
    limits.charge(HERE, 1, START_NS)
    assert refused(limits, 1, START_NS).status == 429
    limits.count_order(1_000, START_NS)

    limits.clear()

    limits.charge(HERE, 1, START_NS)
    assert [count for _, count in limits.order_counts(1_000, START_NS)] == [0, 0]


def test_addresses_are_bounded() -> None:
    limits = Limits()
    for number in range(10_001):
        limits.charge(str(number), 1, START_NS)

    assert limits.used("10000", START_NS) == 1
    assert limits.used("0", START_NS) == 0
