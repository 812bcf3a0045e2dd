import msgspec
import pytest

from hftlib.exchange.fault_kinds import MEANINGS, FaultKind, FaultSpec, OrderAnswer
from hftlib.exchange.faults import Faults, Withheld
from hftlib.exchange.messages import Close, Message, Opening, Ping, Request, Response
from tests.local_support import TinyConnection, TinyVenue

NOW = 1_700_000_000_000_000_000
SECOND = 1_000_000_000


@pytest.fixture
def faults():
    return Faults(seed=5)


@pytest.fixture
def connection():
    return TinyConnection("binance-1")


def taken(faults, connection, now_ns=NOW):
    """Return what goes on the socket, messages as their text."""
    told = faults.take(connection, now_ns)
    return [item.text.decode() if isinstance(item, Message) else item for item in told]


def said(connection, *texts, topic="btcusdt@depth"):
    for text in texts:
        connection.say(text, NOW, topic)


def opening(path="/ws", address="127.0.0.1"):
    return Opening(path, "", {}, address, NOW)


def request(method="GET", path="/api/v3/time", query="", address="127.0.0.1"):
    return Request(method, path, query, {}, b"", address, NOW)


def test_every_kind_has_a_meaning():
    assert set(MEANINGS) == set(FaultKind)


def test_a_spec_is_refused_when_it_says_what_cannot_be():
    for wrong in (
        {"kind": "typhoon"},
        {"kind": "drop", "probability": 2},
        {"kind": "drop", "x": 1},
    ):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(wrong, FaultSpec)


def test_without_faults_everything_passes_in_order(faults, connection):
    said(connection, "one", "two")
    connection.outbox.append(Ping(b"p"))
    connection.outbox.append(Close(1000))
    assert taken(faults, connection) == ["one", "two", Ping(b"p"), Close(1000)]
    assert connection.outbox == []
    assert faults.log() == []


def test_a_dropped_frame_never_comes_and_is_logged(faults, connection):
    number = faults.add(FaultSpec(FaultKind.DROP, count=1), NOW)
    said(connection, "one", "two")
    assert taken(faults, connection) == ["two"]
    (event,) = faults.log()
    assert (event.number, event.fault, event.time_ns, event.kind) == (1, number, NOW, "drop")
    assert (event.venue, event.connection) == ("binance", "binance-1")
    assert (event.topic, event.detail) == ("btcusdt@depth", "one")
    assert faults.counts == {FaultKind.DROP: 1}


def test_a_duplicate_comes_twice(faults, connection):
    faults.add(FaultSpec(FaultKind.DUPLICATE, count=1), NOW)
    said(connection, "one", "two")
    assert taken(faults, connection) == ["one", "one", "two"]


def test_a_reordered_frame_comes_behind_the_next_of_its_stream(faults, connection):
    faults.add(FaultSpec(FaultKind.REORDER, topic="btc*", count=1), NOW)
    said(connection, "one")
    said(connection, "other", topic="ethusdt@depth")
    assert taken(faults, connection) == ["other"]
    said(connection, "two", "three")
    assert taken(faults, connection) == ["two", "one", "three"]


def test_reordering_without_end_swaps_pairs(faults, connection):
    faults.add(FaultSpec(FaultKind.REORDER), NOW)
    said(connection, "one", "two", "three", "four")
    assert taken(faults, connection) == ["two", "one", "four", "three"]
    assert faults.counts == {FaultKind.REORDER: 2}


def test_a_swapped_frame_waits_on_when_its_successor_is_dropped(faults, connection):
    faults.add(FaultSpec(FaultKind.REORDER, count=1), NOW)
    faults.add(FaultSpec(FaultKind.DROP, count=1), NOW)
    said(connection, "one", "two", "three")
    assert taken(faults, connection) == ["three", "one"]


def test_a_delay_holds_everything_behind_it(faults, connection):
    faults.add(FaultSpec(FaultKind.DELAY, seconds=2, count=1), NOW)
    said(connection, "one", "two")
    connection.outbox.append(Ping(b"p"))
    assert taken(faults, connection) == []
    said(connection, "three")
    assert taken(faults, connection, NOW + SECOND) == []
    assert taken(faults, connection, NOW + 2 * SECOND) == ["one", "two", Ping(b"p"), "three"]


def test_delays_do_not_overtake_each_other(faults, connection):
    faults.add(FaultSpec(FaultKind.DELAY, topic="slow", seconds=3), NOW)
    faults.add(FaultSpec(FaultKind.DELAY, topic="quick", seconds=1), NOW)
    said(connection, "one", topic="slow")
    said(connection, "two", topic="quick")
    assert taken(faults, connection) == []
    assert taken(faults, connection, NOW + SECOND) == []
    assert taken(faults, connection, NOW + 3 * SECOND) == ["one", "two"]


def test_a_negative_delay_is_none(faults, connection):
    faults.add(FaultSpec(FaultKind.DELAY, seconds=-3, count=1), NOW)
    said(connection, "one")
    assert taken(faults, connection) == []
    assert taken(faults, connection) == ["one"]


def test_what_is_held_back_comes_after_the_fault_is_taken_back(faults, connection):
    faults.add(FaultSpec(FaultKind.DELAY, seconds=2), NOW)
    said(connection, "one")
    assert taken(faults, connection) == []
    assert faults.clear() == 1
    assert taken(faults, connection, NOW + 2 * SECOND) == ["one"]
    assert faults._lines == {}


def test_a_stall_is_silent_and_pings_go_on(faults, connection):
    faults.add(FaultSpec(FaultKind.STALL, for_s=5), NOW)
    said(connection, "one", "two")
    connection.outbox.append(Ping(b"p"))
    assert taken(faults, connection) == [Ping(b"p")]
    assert not faults.is_mute(connection, NOW)
    said(connection, "three")
    assert taken(faults, connection, NOW + 5 * SECOND) == ["three"]
    assert faults.counts == {FaultKind.STALL: 2}
    assert len(faults.log()) == 1


def test_a_close_passes_every_fault(faults, connection):
    faults.add(FaultSpec(FaultKind.STALL, mute=True), NOW)
    connection.outbox.append(Close(1008))
    assert taken(faults, connection) == [Close(1008)]


def test_a_mute_stall_keeps_pings_back_too(faults, connection):
    faults.add(FaultSpec(FaultKind.STALL, mute=True, for_s=5), NOW)
    connection.outbox.append(Ping(b"p"))
    assert taken(faults, connection) == []
    assert faults.is_mute(connection, NOW)
    assert not faults.is_mute(connection, NOW + 5 * SECOND)


def test_garbage_takes_the_place_of_a_frame(faults, connection):
    faults.add(FaultSpec(FaultKind.GARBAGE, count=1), NOW)
    said(connection, '{"e":"depthUpdate"}')
    (text,) = taken(faults, connection)
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(text)


def test_a_giant_is_of_the_size_asked_for(faults, connection):
    faults.add(FaultSpec(FaultKind.OVERSIZED, bytes=5_000, count=1), NOW)
    said(connection, "{}", "{}")
    assert [len(text) for text in taken(faults, connection)] == [5_000, 2]


def test_a_changed_frame_is_not_changed_for_others(faults, connection):
    other = TinyConnection("binance-2")
    faults.add(FaultSpec(FaultKind.OVERSIZED, connection="binance-1", bytes=100), NOW)
    said(connection, "{}")
    other.outbox.append(connection.outbox[0])
    assert len(taken(faults, connection)[0]) == 100
    assert taken(faults, other) == ["{}"]


def test_late_heartbeats_come_late_and_the_rest_in_time(faults, connection):
    faults.add(FaultSpec(FaultKind.LATE_HEARTBEAT, seconds=2), NOW)
    said(connection, '{"type":"heartbeat"}', topic="BTC-USD")
    said(connection, "beat", topic="heartbeats")
    said(connection, "one")
    assert taken(faults, connection) == ["one"]
    assert taken(faults, connection, NOW + 2 * SECOND) == ['{"type":"heartbeat"}', "beat"]


def test_a_wrong_clock_shows_in_frames_and_answers(faults, connection):
    faults.add(FaultSpec(FaultKind.CLOCK_SKEW, seconds=-1), NOW)
    said(connection, '{"E":1700000000000}', '{"E":1700000000000}')
    assert taken(faults, connection) == ['{"E":1699999999000}'] * 2
    assert len(faults.log()) == 1
    assert faults.counts == {FaultKind.CLOCK_SKEW: 2}
    venue = TinyVenue()
    venue.request = lambda _: Response(200, b'{"serverTime":1700000000000}')
    assert faults.answer(venue, request()).body == b'{"serverTime":1699999999000}'


def test_a_venue_judges_by_the_wrong_clock_while_it_is_wrong(faults):
    venue = TinyVenue()
    faults.set_clock(venue, NOW)
    venue.clock_skew_ns = 7
    faults.add(FaultSpec(FaultKind.CLOCK_SKEW, venue="binance", seconds=-3, for_s=2), NOW)
    faults.add(FaultSpec(FaultKind.CLOCK_SKEW, venue="coinbase", seconds=9), NOW)
    faults.set_clock(venue, NOW)
    assert venue.clock_skew_ns == -3 * SECOND
    faults.set_clock(venue, NOW + 2 * SECOND)
    assert venue.clock_skew_ns == 0


def test_an_answer_is_changed_only_for_whom_it_is_meant(faults):
    faults.add(FaultSpec(FaultKind.UNRELATED_SNAPSHOT, venue="binance_usdm"), NOW)
    answer = faults.answer(TinyVenue(), request(path="/api/v3/depth"))
    assert b'"lastUpdateId":100,' in answer.body


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(FaultKind.CUT, (True, 1000)), (FaultKind.NO_PONG, (False, 1008)),
     (FaultKind.LIFETIME, (False, 1001))],
)  # fmt: skip
def test_a_connection_is_ended_once(faults, connection, kind, expected):
    faults.add(FaultSpec(kind, count=1), NOW)
    said(connection, "one")
    text, close = taken(faults, connection)
    assert (text, close.abrupt, close.code) == ("one", *expected)
    assert taken(faults, TinyConnection("binance-2")) == []


def test_an_end_without_a_count_meets_every_connection_once(faults, connection):
    faults.add(FaultSpec(FaultKind.CUT), NOW)
    assert len(taken(faults, connection)) == 1
    assert taken(faults, connection) == []
    assert len(taken(faults, TinyConnection("binance-2"))) == 1


def test_an_end_that_did_not_strike_a_connection_never_will(faults, connection):
    faults.add(FaultSpec(FaultKind.CUT, probability=0), NOW)
    assert taken(faults, connection) == []
    assert faults.log() == []


def test_an_end_means_who_it_names(faults, connection):
    faults.add(FaultSpec(FaultKind.CUT, connection="coinbase-*"), NOW)
    assert taken(faults, connection) == []


@pytest.mark.parametrize(
    ("path", "text"),
    [("/ws/btcusdt@depth", '{"e":"serverShutdown","E":1700000000000}'),
     ("/stream", '{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1700000000000}}'),
     ("/ws-api/v3", '{"event":{"e":"serverShutdown","E":1700000000000}}')],
)  # fmt: skip
def test_a_shutdown_is_announced_in_the_connections_own_form(faults, path, text):
    connection = faults.connect(TinyVenue(), opening(path))
    faults.add(FaultSpec(FaultKind.SHUTDOWN, seconds=3, count=1), NOW)
    assert taken(faults, connection) == [text]
    assert taken(faults, connection, NOW + 2 * SECOND) == []
    (close,) = taken(faults, connection, NOW + 3 * SECOND)
    assert (close.code, close.abrupt) == (1001, False)


def test_coinbase_shuts_down_without_a_word(faults):
    connection = faults.connect(TinyVenue("coinbase"), opening("/"))
    faults.add(FaultSpec(FaultKind.SHUTDOWN, seconds=0, count=1), NOW)
    assert taken(faults, connection) == []
    assert taken(faults, connection)[0].code == 1001


def test_faults_begin_and_end_at_their_time(faults, connection):
    number = faults.add(FaultSpec(FaultKind.DROP, after_s=1, for_s=2), NOW)
    came = []
    for second in range(5):
        said(connection, str(second))
        came += taken(faults, connection, NOW + second * SECOND)
    assert came == ["0", "3", "4"]
    (state,) = faults.states(NOW + 5 * SECOND)
    assert (state.fault, state.hits, state.is_over, state.planted_ns) == (number, 2, True, NOW)


def test_patterns_choose_venue_connection_and_topic(faults, connection):
    faults.add(FaultSpec(FaultKind.DROP, venue="coin*"), NOW)
    faults.add(FaultSpec(FaultKind.DROP, connection="binance-9"), NOW)
    faults.add(FaultSpec(FaultKind.DROP, topic="*@trade"), NOW)
    said(connection, "depth")
    said(connection, "trade", topic="btcusdt@trade")
    assert taken(faults, connection) == ["depth"]


def test_chance_is_seeded_and_each_connection_has_its_own():
    def dropped(seed, name):
        faults = Faults(seed)
        faults.add(FaultSpec(FaultKind.DROP, probability=0.3), NOW)
        connection = TinyConnection(name)
        said(connection, *map(str, range(2_000)))
        return set(map(str, range(2_000))) - set(taken(faults, connection))

    first = dropped(5, "binance-1")
    assert 500 < len(first) < 700
    assert first == dropped(5, "binance-1")
    assert first != dropped(6, "binance-1")
    assert first != dropped(5, "binance-2")


def test_a_fault_is_taken_back(faults, connection):
    first, second = (faults.add(FaultSpec(FaultKind.DROP), NOW) for _ in range(2))
    assert faults.remove(first)
    assert not faults.remove(first)
    said(connection, "one")
    assert taken(faults, connection) == []
    assert faults.remove(second)
    said(connection, "two")
    assert taken(faults, connection) == ["two"]
    assert [state.is_over for state in faults.states(NOW)] == [True, True]


def test_a_fault_that_is_over_costs_nothing_a_second_later(faults, connection):
    faults.add(FaultSpec(FaultKind.DROP, count=1), NOW)
    said(connection, "one")
    taken(faults, connection)
    assert faults._planted != []
    taken(faults, connection, NOW + SECOND)
    assert faults._planted == []
    taken(faults, connection, NOW + SECOND)
    assert faults._lines == {}


def test_a_connection_that_is_gone_leaves_nothing(faults):
    connection = faults.connect(TinyVenue(), opening())
    faults.add(FaultSpec(FaultKind.DROP, probability=0.5), NOW)
    faults.add(FaultSpec(FaultKind.DELAY), NOW)
    said(connection, "one")
    taken(faults, connection)
    faults.forget(connection)
    assert (faults._lines, faults._paths) == ({}, {})
    assert faults._planted[0]._chances == {}


def test_the_log_is_read_from_a_number_on_and_bounded(faults, connection, monkeypatch):
    faults.add(FaultSpec(FaultKind.DROP), NOW)
    for _ in range(30):
        said(connection, *["x"] * 1_000)
        taken(faults, connection)
    assert faults.log()[0].number == 10_001
    assert [event.number for event in faults.log(after=29_998)] == [29_999, 30_000]


def test_requests_pass_when_nothing_is_planted_for_them(faults):
    venue = TinyVenue()
    assert faults.answer(venue, request()).body == b"{}"
    faults.add(FaultSpec(FaultKind.DROP), NOW)
    faults.add(FaultSpec(FaultKind.HTTP, venue="coinbase*"), NOW)
    faults.add(FaultSpec(FaultKind.STALE_SNAPSHOT), NOW)
    assert faults.answer(venue, request()).body == b"{}"
    assert faults.log() == []


def test_an_http_fault_answers_in_the_venues_place(faults):
    venue = TinyVenue()
    faults.add(FaultSpec(FaultKind.HTTP, status=429, topic="/api/v3/*", count=1), NOW)
    assert faults.answer(venue, request()).status == 429
    assert venue.requests == []
    assert faults.answer(venue, request()).status == 200
    (event,) = faults.log()
    assert (event.topic, event.detail) == ("/api/v3/time", "GET /api/v3/time?")


def test_handshakes_are_refused_only_when_asked_for(faults):
    venue = TinyVenue()
    faults.add(FaultSpec(FaultKind.HTTP, status=451), NOW)
    assert not isinstance(faults.connect(venue, opening()), Response)
    faults.add(FaultSpec(FaultKind.HTTP, status=451, topic="ws:*", count=1), NOW)
    assert faults.connect(venue, opening()).status == 451
    venue.refuses = True
    assert faults.connect(venue, opening()).status == 403


@pytest.mark.parametrize("answer", list(OrderAnswer))
def test_an_order_is_placed_and_its_answer_is_lost(faults, answer):
    venue = TinyVenue()
    faults.add(FaultSpec(FaultKind.ORDER_TIMEOUT, answer=answer), NOW)
    assert faults.answer(venue, request("GET", "/api/v3/order")).status == 200
    told = faults.answer(venue, request("POST", "/api/v3/order"))
    assert len(venue.requests) == 2
    if answer is OrderAnswer.SILENCE:
        assert isinstance(told, Withheld)
    else:
        assert told.status == 504
    assert len(faults.log()) == 1


def test_an_order_that_was_refused_is_answered(faults):
    venue = TinyVenue()
    venue.request = lambda _: Response(400, b"{}")
    faults.add(FaultSpec(FaultKind.ORDER_TIMEOUT), NOW)
    assert faults.answer(venue, request("POST", "/api/v3/order")).status == 400


def test_nothing_is_changed_in_an_answer_that_never_comes(faults):
    faults.add(FaultSpec(FaultKind.ORDER_TIMEOUT), NOW)
    faults.add(FaultSpec(FaultKind.CLOCK_SKEW), NOW)
    assert isinstance(faults.answer(TinyVenue(), request("POST", "/api/v3/order")), Withheld)


def test_a_snapshot_that_fits_nothing(faults):
    faults.add(FaultSpec(FaultKind.UNRELATED_SNAPSHOT, shift=50, count=1), NOW)
    venue = TinyVenue()
    assert faults.answer(venue, request()).body == b"{}"
    answer = faults.answer(venue, request(path="/api/v3/depth"))
    assert answer.body == b'{"lastUpdateId":150,"bids":[],"asks":[]}'
    assert answer.headers == {"X-MBX-USED-WEIGHT-1M": "1"}


def test_forgeries_need_the_truth(faults, connection):
    for kind in (FaultKind.CROSSED, FaultKind.UNKNOWN_DELETE, FaultKind.STALE_SNAPSHOT):
        faults.add(FaultSpec(kind), NOW)
    said(connection, '{"e":"depthUpdate","s":"BTCUSDT","b":[],"a":[]}')
    assert taken(faults, connection) == ['{"e":"depthUpdate","s":"BTCUSDT","b":[],"a":[]}']
    answer = faults.answer(TinyVenue(), request(path="/api/v3/depth", query="symbol=BTCUSDT"))
    assert b'"lastUpdateId":100' in answer.body
    assert faults.log() == []
