"""One websocket of the streams: what it may do, what it is told, and when it is closed."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hftlib.exchange.binance.stream_connection import DAY_NS, SECOND_NS, SPOT_RULES
from hftlib.exchange.binance.streams import SpotStreams
from hftlib.exchange.messages import Close, Message, Opening, Ping
from hftlib.venues.binance.encode import listing
from tests.reference.still_market import START_NS, StillMarket, bodies

TRADE = "btcusdt@trade"


@pytest.fixture
def streams():
    return SpotStreams(StillMarket().floor.feeds)


def opened(streams, path="/ws", query=""):
    return streams.connect(Opening(path, query, {}, "127.0.0.1", START_NS))


def ask(connection, method, params=None, identifier=1, now_ns=START_NS):
    body = {"method": method, "id": identifier}
    if params is not None:
        body["params"] = params
    connection.receive(json.dumps(body), now_ns)
    return bodies(connection)


def test_streams_come_and_go(streams):
    connection = opened(streams, f"/ws/{TRADE}")
    assert ask(connection, "LIST_SUBSCRIPTIONS") == [{"result": [TRADE], "id": 1}]
    assert ask(connection, "SUBSCRIBE", ["a@b", TRADE, "a@b"], "x-1", START_NS + SECOND_NS) == [
        {"result": None, "id": "x-1"}
    ]
    later = START_NS + 2 * SECOND_NS
    assert ask(connection, "LIST_SUBSCRIPTIONS", None, None, later) == [
        {"result": [TRADE, "a@b"], "id": None}
    ]
    assert ask(connection, "UNSUBSCRIBE", [TRADE, "never"], 3, later) == [{"result": None, "id": 3}]
    assert ask(connection, "LIST_SUBSCRIPTIONS", None, 4, later) == [{"result": ["a@b"], "id": 4}]


def test_the_answer_is_the_venues_own_bytes(streams):
    connection = opened(streams, f"/ws/{TRADE}")
    connection.receive('{"method":"LIST_SUBSCRIPTIONS","id":3}', START_NS)
    connection.receive('{"method":"SUBSCRIBE","params":["x"],"id":4}', START_NS)
    assert [one.text for one in connection.outbox] == [
        listing([TRADE], 3),
        b'{"result":null,"id":4}',
    ]


@pytest.mark.parametrize(("path", "before"), [("/ws", False), ("/stream", True)])
def test_the_property_is_told_and_set(streams, path, before):
    connection = opened(streams, path)
    assert ask(connection, "GET_PROPERTY", ["combined"]) == [{"result": before, "id": 1}]
    assert ask(connection, "SET_PROPERTY", ["combined", not before], 2) == [
        {"result": None, "id": 2}
    ]
    assert ask(connection, "GET_PROPERTY", ["combined"], 3) == [{"result": not before, "id": 3}]


def test_what_is_wrong_is_answered(streams):
    connection = opened(streams)
    connection.receive("{", START_NS)
    assert bodies(connection)[0]["code"] == 3
    assert ask(connection, "SUBSCRIBE", [1])[0]["code"] == 2


def test_at_most_1024_streams(streams):
    connection = opened(streams)
    names = [f"x{number}@trade" for number in range(SPOT_RULES.streams)]
    assert ask(connection, "SUBSCRIBE", names) == [{"result": None, "id": 1}]
    assert ask(connection, "SUBSCRIBE", [names[0]], 2) == [{"result": None, "id": 2}]
    refused = ask(connection, "SUBSCRIBE", ["one@more"], 3)
    assert (refused[0]["code"], refused[0]["id"]) == (2, 3)
    listed = ask(connection, "LIST_SUBSCRIPTIONS", None, 4)
    assert listed[0]["result"] == names


def test_five_messages_a_second_pings_and_pongs_among_them(streams):
    connection = opened(streams)
    connection.receive_ping(b"", START_NS)
    connection.receive_pong(b"", START_NS)
    for number in range(3):
        connection.receive('{"method":"LIST_SUBSCRIPTIONS","id":1}', START_NS + number)
    assert not connection.is_closed
    connection.receive('{"method":"LIST_SUBSCRIPTIONS","id":1}', START_NS + SECOND_NS)
    connection.receive_pong(b"", START_NS + SECOND_NS + 1)
    assert not connection.is_closed
    connection.receive_ping(b"", START_NS + SECOND_NS + 1)
    assert not connection.is_closed
    connection.receive_ping(b"", START_NS + SECOND_NS)
    assert connection.is_closed
    assert connection.outbox[-1] == Close(1008, "Too many requests")
    told = len(connection.outbox)
    connection.receive("{", START_NS + 9 * SECOND_NS)
    connection.receive_pong(b"", START_NS + 9 * SECOND_NS)
    connection.tick(START_NS + 9 * DAY_NS)
    assert len(connection.outbox) == told
    assert list(streams.hub.connections) == []


@pytest.mark.parametrize("late", [0, 1])
def test_the_limit_is_a_second(streams, late):
    connection = opened(streams)
    for _ in range(5):
        connection.receive_ping(b"", START_NS)
    connection.receive_ping(b"", START_NS + SECOND_NS - 1 + late)
    assert connection.is_closed == (late == 0)


def pings(connection):
    found = [one.payload for one in connection.outbox if isinstance(one, Ping)]
    connection.outbox.clear()
    return found


def test_pings_every_20_seconds_and_a_pong_within_a_minute(streams):
    connection = opened(streams)
    connection.tick(START_NS + 20 * SECOND_NS - 1)
    assert pings(connection) == []
    connection.tick(START_NS + 20 * SECOND_NS)
    (first,) = pings(connection)
    assert first == str((START_NS + 20 * SECOND_NS) // 1_000_000).encode()
    connection.tick(START_NS + 40 * SECOND_NS)
    (second,) = pings(connection)
    connection.receive_pong(b"unsolicited", START_NS + 41 * SECOND_NS)
    connection.receive_pong(second, START_NS + 42 * SECOND_NS)
    for seconds in range(43, 121):
        connection.tick(START_NS + seconds * SECOND_NS)
    assert len(pings(connection)) == 4
    connection.tick(START_NS + 121 * SECOND_NS)
    assert connection.outbox == [Close(1008, "Pong timeout")]


def test_a_connection_ends_after_a_day_or_when_it_is_told_so(streams):
    connection = opened(streams)
    later = opened(streams)
    connection.tick(START_NS + DAY_NS)
    assert connection.outbox == [Close(1001, "24 hours are over")]
    later.tick(START_NS + 2 * SECOND_NS)
    assert not later.is_closed
    streams.hub.rules = SPOT_RULES._replace(lifetime_ns=2 * SECOND_NS)
    later.tick(START_NS + 2 * SECOND_NS)
    assert later.is_closed


def test_a_shutdown_is_told_to_all_in_their_form(streams):
    bare, wrapped = opened(streams), opened(streams, "/stream", "timeUnit=microsecond")
    streams.shutdown(START_NS)
    assert bare.outbox[0].text == b'{"e":"serverShutdown","E":%d}' % (START_NS // 1_000_000)
    assert wrapped.outbox[0].text == (
        b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":%d}}' % (START_NS // 1_000)
    )


steps = st.lists(
    st.tuples(
        st.sampled_from(["text", "ping", "pong", "tick"]),
        st.text(max_size=30)
        | st.sampled_from(
            [
                '{"method":"SUBSCRIBE","params":["btcusdt@trade","!x"],"id":1}',
                '{"method":"UNSUBSCRIBE","params":["btcusdt@trade"],"id":1}',
                '{"method":"SET_PROPERTY","params":["combined",true],"id":1}',
            ]
        ),
        st.integers(0, 30 * SECOND_NS),
    ),
    max_size=30,
)


@settings(max_examples=100, deadline=None)
@given(steps=steps)
def test_whatever_a_client_does_it_is_answered_or_closed(streams_of_all, steps):
    connection, now_ns = opened(streams_of_all), START_NS
    texts = 0
    for what, text, wait_ns in steps:
        now_ns += wait_ns
        if what == "tick":
            connection.tick(now_ns)
        elif what == "text":
            texts += not connection.is_closed
            connection.receive(text, now_ns)
        else:
            act = connection.receive_ping if what == "ping" else connection.receive_pong
            act(text.encode(errors="replace"), now_ns)
    answers = [one for one in connection.outbox if isinstance(one, Message)]
    assert texts - int(connection.is_closed) <= len(answers) <= texts
    for one in answers:
        assert isinstance(json.loads(one.text), dict)
    streams_of_all.disconnect(connection)


@pytest.fixture(scope="module")
def streams_of_all():
    return SpotStreams(StillMarket().floor.feeds)
