"""What a teller says of a book, and bounded subscriptions, by hand."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from hftlib.api.stream_channels import (
    MOST_WAITING,
    MOST_WAITING_BYTES,
    BodySubscription,
    Channel,
)
from hftlib.api.stream_tellers import _changed
from hftlib.core.instrument import Instrument
from hftlib.wire.messages import ClockReply
from hftlib.wire.stream import ClockTopic, Delta, Encoding, Snapshot, decode_body, decode_message

SPOT = Instrument("binance", "BTCUSDT", "BTC", "USDT", "0.01", "0.0001")
SIDE = st.dictionaries(st.integers(1, 60), st.integers(1, 5), max_size=25)


@given(SIDE, SIDE)
def test_changes_make_one_side_of_a_book_the_other(
    before: dict[int, int], now: dict[int, int]
) -> None:
    def texts(side: dict[int, int]) -> dict[str, str]:
        return {SPOT.price_text(ticks): SPOT.size_text(size) for ticks, size in side.items()}

    held = texts(before)
    changes = _changed(before, now, SPOT)
    for price, size in changes:
        if size == "0":
            del held[price]
        else:
            assert held.get(price) != size
            held[price] = size
    assert held == texts(now)
    assert len(dict(changes)) == len(changes)


class Counting:
    """Tell a clock that moves by one each time."""

    period_s = 0.0

    def __init__(self) -> None:
        self.count = 0

    def all(self) -> object:
        return ClockReply(self.count, 0.0, 0.0, 1.0, False)

    def change(self) -> object:
        self.count += 1
        return self.all()


def heard(subscription: BodySubscription) -> list[Snapshot | Delta]:
    found = []
    while (data := subscription.pop()) is not None:
        message = decode_message(data, Encoding.MSGPACK)
        assert isinstance(message, Snapshot | Delta)
        found.append(message)
    return found


def subscribed(channel: Channel) -> BodySubscription:
    subscription = BodySubscription(3, channel, Encoding.MSGPACK, lambda _: None)
    subscription.begin()
    return subscription


def value(message: Snapshot | Delta) -> float:
    told = decode_body(ClockTopic(), message, Encoding.MSGPACK)
    assert isinstance(told, ClockReply)
    return told.time_ms


def test_what_came_before_the_first_snapshot_is_in_it_and_was_not_skipped() -> None:
    channel = Channel(Counting())
    subscription = subscribed(channel)
    for _ in range(100):
        channel.publish(0.0)
    (snapshot,) = heard(subscription)
    assert isinstance(snapshot, Snapshot)
    assert (snapshot.skipped, value(snapshot)) == (0, 100)


def test_a_client_behind_its_bound_is_skipped_to_the_newest() -> None:
    channel = Channel(Counting())
    subscription = subscribed(channel)
    heard(subscription)
    for _ in range(MOST_WAITING):
        channel.publish(0.0)
    assert [one.sequence for one in heard(subscription)] == list(range(1, MOST_WAITING + 1))
    for _ in range(MOST_WAITING + 10):
        channel.publish(0.0)
    snapshot, *rest = heard(subscription)
    assert isinstance(snapshot, Snapshot)
    assert (snapshot.skipped, rest) == (MOST_WAITING + 10, [])
    assert value(snapshot) == 2 * MOST_WAITING + 10
    channel.publish(0.0)
    (delta,) = heard(subscription)
    assert (delta.sequence, value(delta)) == (1, 2 * MOST_WAITING + 11)


def test_waiting_bytes_are_bounded_too() -> None:
    channel = Channel(Counting())
    subscription = subscribed(channel)
    heard(subscription)
    body = msgspec.msgpack.encode("x" * (MOST_WAITING_BYTES // 2 - 100))
    for _ in range(2):
        subscription.put(body)
    subscription.put(body)
    (snapshot,) = heard(subscription)
    assert isinstance(snapshot, Snapshot)
    assert snapshot.skipped == 3


def test_it_is_encoded_once_for_all() -> None:
    channel = Channel(Counting())
    bodies: list[bytes] = []

    class Noting(BodySubscription):
        def put(self, body: bytes) -> None:
            bodies.append(body)

    for _ in range(3):
        Noting(1, channel, Encoding.JSON, lambda _: None).begin()
    channel.publish(0.0)
    assert len(bodies) == 3
    assert len({id(body) for body in bodies}) == 1


def test_who_left_is_handed_nothing() -> None:
    channel = Channel(Counting())
    subscription = subscribed(channel)
    heard(subscription)
    subscription.leave()
    channel.publish(0.0)
    assert heard(subscription) == []
