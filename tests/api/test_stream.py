"""The stream over a real socket: snapshots, deltas, sequences, refusals, slow clients."""

import contextlib
import json
import random
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from hftlib.api.stream_client import MOST_SUBSCRIPTIONS
from hftlib.client.connection import DeskConnection, feed_url, stream_url
from hftlib.client.picture import Picture, book_of
from hftlib.core.states import BookState
from hftlib.wire import feed
from hftlib.wire.feed import Kind
from hftlib.wire.messages import BookReply, FeaturesReply, Health
from hftlib.wire.stream import (
    BODIES,
    BookTopic,
    CandlesTopic,
    ClockTopic,
    Delta,
    Encoding,
    FeaturesTopic,
    FeedTopic,
    HealthTopic,
    HeatmapTopic,
    Message,
    Ping,
    Pong,
    Refused,
    SignalsTopic,
    Snapshot,
    StatisticsTopic,
    Subscribe,
    Subscribed,
    Topic,
    TradesTopic,
    Unsubscribe,
    Unsubscribed,
    decode_body,
    decode_message,
    encode,
    unwrap_heatmap,
)
from tests.api.raw_stream import RawStream
from tests.desk_support.recording import FIRST_ID, START_NS, STEP_NS, SYMBOL, VENUE, write_tape
from tests.desk_support.server import DeskInThread, eventually, playing

BOOK = BookTopic(VENUE, SYMBOL, 5)
TOPICS: tuple[Any, ...] = (
    BOOK,
    FeaturesTopic(VENUE, SYMBOL),
    TradesTopic(VENUE, SYMBOL, 7),
    CandlesTopic(VENUE, SYMBOL, "1s", 9),
    SignalsTopic(),
    StatisticsTopic(),
    FeedTopic(),
    HealthTopic(),
    ClockTopic(),
)


class Talk:
    """Speak with the stream in one encoding, and read what comes by its types."""

    def __init__(self, opened: ClientConnection, encoding: Encoding) -> None:
        self.opened = opened
        self.encoding = encoding

    def say(self, request: object) -> None:
        data = encode(request, self.encoding)
        self.opened.send(data.decode() if self.encoding is Encoding.JSON else data)

    def hear(self) -> Message:
        return decode_message(self.opened.recv(timeout=30), self.encoding)

    def until(self, wanted: Callable[[Message], bool]) -> Message:
        while not wanted(message := self.hear()):
            pass
        return message

    def follow(self, identity: int, topic: Topic) -> None:
        self.say(Subscribe(identity, topic))


@contextlib.contextmanager
def talking(desk: DeskInThread, encoding: Encoding = Encoding.JSON) -> Iterator[Talk]:
    address = f"{stream_url(desk.url)}?encoding={encoding.value}"
    with connect(address, compression=None, proxy=None, close_timeout=0.1) as opened:
        yield Talk(opened, encoding)


@pytest.fixture
def moving(tape: Path, tmp_path: Path) -> Iterator[DeskInThread]:
    """Return a desk that plays at ten times the recorded pace."""
    with playing(tape, tmp_path, speed=10.0) as running:
        running.until_running()
        yield running


@pytest.mark.parametrize("encoding", list(Encoding))
def test_every_topic_begins_with_answer_and_snapshot(
    desk: DeskInThread, encoding: Encoding
) -> None:
    with talking(desk, encoding) as talk:
        for identity, topic in enumerate(TOPICS):
            talk.follow(identity, topic)
        answers: dict[int, Message] = {}
        bodies: dict[int, Any] = {}
        while len(bodies) < len(TOPICS):
            message = talk.hear()
            if isinstance(message, Subscribed):
                answers[message.id] = message
            if isinstance(message, Snapshot):
                assert (message.sequence, message.skipped) == (0, 0)
                assert message.id in answers, "the snapshot came before the answer"
                bodies[message.id] = decode_body(TOPICS[message.id], message, encoding)
    assert [answers[place].topic for place in range(len(TOPICS))] == list(TOPICS)
    connection = desk.connection()
    assert bodies[0] == connection.book(VENUE, SYMBOL, 5)
    assert bodies[1] == connection.latest_features(VENUE, SYMBOL)
    assert bodies[2].trades == []
    assert bodies[5] == connection.statistics()
    assert [one.symbol for one in bodies[6]] == [SYMBOL, "ETHUSDT"]
    assert bodies[7].origin == "test session"
    assert bodies[8] == connection.clock()
    assert {type(topic) for topic in TOPICS} == set(BODIES)


@pytest.mark.parametrize("encoding", list(Encoding))
def test_deltas_are_numbered_one_by_one(moving: DeskInThread, encoding: Encoding) -> None:
    heard: dict[int, list[int]] = {}
    with talking(moving, encoding) as talk:
        for identity, topic in enumerate(TOPICS):
            talk.follow(identity, topic)
        while len(heard.get(0, [])) < 20 or len(heard.get(8, [])) < 2:
            message = talk.hear()
            if isinstance(message, Snapshot | Delta):
                heard.setdefault(message.id, []).append(message.sequence)
                decode_body(TOPICS[message.id], message, encoding)
    for numbers in heard.values():
        assert numbers == list(range(len(numbers)))
    assert len(heard[0]) >= 20
    assert len(heard[1]) > 10


def test_the_book_followed_is_the_book_asked_for_at_every_update(
    tape: Path, tmp_path: Path
) -> None:
    """Step by step: whatever changed, the picture equals the REST answer at the same update."""
    with playing(tape, tmp_path, paused=True, loop=False) as running:
        connection = running.until_running()
        picture = Picture(BOOK)
        with talking(running, Encoding.MSGPACK) as talk:
            talk.follow(0, BOOK)
            for number in range(FIRST_ID + 1, FIRST_ID + 22):
                asked = _stepped_to(connection, number)
                while picture.body is None or picture.body.last_update_id < number:
                    message = talk.hear()
                    if isinstance(message, Snapshot):
                        picture.begin(decode_body(BOOK, message, talk.encoding))
                    if isinstance(message, Delta):
                        picture.change(decode_body(BOOK, message, talk.encoding))
                assert book_of(picture) == asked


def _stepped_to(connection: DeskConnection, number: int) -> BookReply:
    """Step to an update of the book; some events on the way are trades."""
    while (book := connection.book(VENUE, SYMBOL, 5)).last_update_id < number:
        stands = connection.clock().time_ms
        connection.step()
        eventually(lambda before=stands: connection.clock().time_ms > before)
    return book


def test_features_followed_are_those_asked_for(tape: Path, tmp_path: Path) -> None:
    topic = FeaturesTopic(VENUE, SYMBOL)
    with playing(tape, tmp_path, paused=True, loop=False) as running:
        connection = running.until_running()
        picture = Picture(topic)
        with talking(running) as talk:
            talk.follow(0, topic)
            connection.step(40)
            asked = eventually(lambda: _after(connection, FIRST_ID + 30))
            while picture.body is None or picture.body.last_update_id < asked.last_update_id:
                message = talk.hear()
                if isinstance(message, Snapshot):
                    picture.begin(decode_body(topic, message, talk.encoding))
                if isinstance(message, Delta):
                    picture.change(decode_body(topic, message, talk.encoding))
        assert picture.body == connection.latest_features(VENUE, SYMBOL)


def _after(connection: DeskConnection, update_id: int) -> FeaturesReply | None:
    reply = connection.latest_features(VENUE, SYMBOL)
    return reply if reply.last_update_id >= update_id else None


def test_a_jump_of_the_clock_begins_anew(tape: Path, tmp_path: Path) -> None:
    with playing(tape, tmp_path, paused=True) as running:
        connection = running.until_running()
        with talking(running) as talk:
            talk.follow(1, TradesTopic(VENUE, SYMBOL))
            talk.follow(2, BOOK)
            talk.until(lambda message: isinstance(message, Snapshot) and message.id == 2)
            connection.seek(START_NS + 300 * STEP_NS)
            eventually(lambda: not connection.clock().seeking)
            trades = talk.until(lambda message: isinstance(message, Snapshot) and message.id == 1)
            assert trades.skipped == 0
            picture = Picture(BOOK)
            while picture.body is None or picture.body.last_update_id != FIRST_ID + 300:
                message = talk.hear()
                if isinstance(message, Snapshot) and message.id == 2:
                    picture.begin(decode_body(BOOK, message, Encoding.JSON))
                if isinstance(message, Delta) and message.id == 2:
                    picture.change(decode_body(BOOK, message, Encoding.JSON))
        assert book_of(picture) == connection.book(VENUE, SYMBOL, 5)


def test_no_more_than_twenty_messages_a_second(tape: Path, tmp_path: Path) -> None:
    """At twenty times the pace 200 updates a second happen; each topic still has its ticks."""
    with playing(tape, tmp_path, speed=20.0, loop=False) as running:
        running.until_running()
        with talking(running) as talk:
            talk.follow(0, BOOK)
            first = talk.until(lambda message: isinstance(message, Delta))
            began = running.connection().health().uptime_s
            last = talk.until(lambda m: isinstance(m, Delta) and m.sequence == first.sequence + 20)
            took_s = running.connection().health().uptime_s - began
    assert last.sequence == first.sequence + 20
    assert took_s > 20 * 0.05 * 0.8


def test_the_heatmap_comes_with_its_number_before_it(desk: DeskInThread) -> None:
    with talking(desk, Encoding.MSGPACK) as talk:
        talk.follow(70_000, HeatmapTopic(VENUE, SYMBOL, 10, 4))
        assert isinstance(talk.hear(), Subscribed)
        kinds = []
        for _ in range(5):
            data = talk.opened.recv(timeout=30)
            assert isinstance(data, bytes)
            identity, message = unwrap_heatmap(data) or (None, b"")
            assert identity == 70_000
            kinds.append(feed.decode(message)[0].kind)
        talk.say(Unsubscribe(70_000))
        while (data := talk.opened.recv(timeout=30))[0] == 0:
            pass
    assert kinds[0] is Kind.DESCRIPTION
    assert decode_message(data, Encoding.MSGPACK) == Unsubscribed(70_000)


def test_a_topic_in_the_address_is_followed_at_once(desk: DeskInThread) -> None:
    address = f"{stream_url(desk.url)}?topic=book&venue={VENUE}&symbol={SYMBOL}&depth=5"
    with connect(address, compression=None, proxy=None) as opened:
        talk = Talk(opened, Encoding.JSON)
        assert talk.hear() == Subscribed(0, BOOK)
        snapshot = talk.hear()
    assert isinstance(snapshot, Snapshot)
    assert decode_body(BOOK, snapshot, Encoding.JSON).state is BookState.LIVE


def test_what_is_unsubscribed_comes_no_more(moving: DeskInThread) -> None:
    with talking(moving) as talk:
        talk.follow(1, BOOK)
        talk.until(lambda message: isinstance(message, Delta))
        talk.say(Unsubscribe(1))
        talk.until(lambda message: message == Unsubscribed(1))
        talk.follow(1, HealthTopic())
        snapshot = talk.until(lambda message: isinstance(message, Snapshot | Delta))
        assert isinstance(decode_body(HealthTopic(), snapshot, Encoding.JSON), Health)
    connection = moving.connection()
    eventually(lambda: connection.health().clients == 0)
    eventually(lambda: connection.health().topics == 0)


def test_a_ping_is_answered(desk: DeskInThread) -> None:
    with talking(desk) as talk:
        talk.say(Ping(4_294_967_295))
        pong = talk.hear()
    assert isinstance(pong, Pong)
    assert pong.ts_desk > START_NS


BEGIN = '{"op": "subscribe", "id": 5, "topic": '
OF = '{"name": "book", "venue": "binance", "symbol": '


@pytest.mark.parametrize(
    ("sent", "identity", "code", "words"),
    [
        ('{"op": "subscribe", "id": 3}', 3, "INVALID_MESSAGE", "topic"),
        ('{"op": "shout", "id": 3}', 3, "UNKNOWN_OP", "unsubscribe"),
        ('{"id": 3}', 3, "UNKNOWN_OP", "subscribe"),
        ('{"op": "ping", "id": -1}', None, "INVALID_MESSAGE", ">= 0"),
        ('{"op": "ping", "id": 1.5}', None, "INVALID_MESSAGE", "int"),
        ('{"op": "ping", "id": true}', None, "INVALID_MESSAGE", "int"),
        ('{"op": "ping", "id": 1, "more": 2}', 1, "INVALID_MESSAGE", "more"),
        (BEGIN + '{"name": "boook"}}', 5, "UNKNOWN_TOPIC", "stats24h"),
        (BEGIN + '{"name": "health", "venue": "v"}}', 5, "INVALID_MESSAGE", "venue"),
        (BEGIN + OF + '"BTCUSDT", "depth": 1001}}', 5, "INVALID_MESSAGE", "1000"),
        (BEGIN + OF + '"DOGE"}}', 5, "UNKNOWN_BOOK", "BTCUSDT, ETHUSDT"),
        ('{"op": "unsubscribe", "id": 5}', 5, "UNKNOWN_ID", "5"),
        ("", None, "INVALID_MESSAGE", ""),
        ("[" * 4_000, None, "INVALID_MESSAGE", ""),
        ("null", None, "INVALID_MESSAGE", "object"),
        (" " * 4_097, None, "TOO_LARGE", "4097"),
        (b"\xc1", None, "INVALID_MESSAGE", ""),
        (b"\x81\xa2id\x07", 7, "UNKNOWN_OP", ""),
    ],
)
def test_what_is_not_understood_is_answered_and_the_talk_goes_on(
    desk: DeskInThread, sent: str | bytes, identity: int | None, code: str, words: str
) -> None:
    with talking(desk) as talk:
        talk.opened.send(sent)
        refused = talk.hear()
        assert isinstance(refused, Refused)
        assert (refused.id, refused.code) == (identity, code)
        assert words in refused.message
        talk.say(Ping(1))
        assert isinstance(talk.hear(), Pong)


def test_a_number_is_given_once(desk: DeskInThread) -> None:
    with talking(desk) as talk:
        talk.follow(1, BOOK)
        talk.follow(1, FeedTopic())
        refused = talk.until(lambda message: isinstance(message, Refused))
    assert refused.code == "ID_IN_USE"


def test_subscriptions_are_bounded(desk: DeskInThread) -> None:
    with talking(desk) as talk:
        for identity in range(MOST_SUBSCRIPTIONS + 1):
            talk.follow(identity, StatisticsTopic())
        refused = talk.until(lambda message: isinstance(message, Refused))
    assert (refused.id, refused.code) == (MOST_SUBSCRIPTIONS, "TOO_MANY_SUBSCRIPTIONS")


def test_who_asks_too_fast_is_told_and_closed(desk: DeskInThread) -> None:
    with talking(desk) as talk:
        with contextlib.suppress(ConnectionClosed):
            for identity in range(3_000):
                talk.say(Ping(identity))
        last = talk.until(lambda message: isinstance(message, Refused))
        assert last.code == "TOO_FAST"
        with pytest.raises(ConnectionClosed) as closed:
            talk.hear()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


def test_a_message_beyond_all_bounds_ends_the_connection(desk: DeskInThread) -> None:
    with talking(desk) as talk:
        talk.opened.send("x" * 70_000)
        with pytest.raises(ConnectionClosed) as closed:
            talk.hear()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


def test_a_slow_client_is_skipped_to_the_newest_and_nobody_waits(
    tape: Path, tmp_path: Path
) -> None:
    topic = BookTopic(VENUE, SYMBOL, 1_000)
    with playing(tape, tmp_path, speed=10.0, loop=False, send_buffer=4_096) as running:
        running.until_running()
        with RawStream(running.port, receive_buffer=4_096) as slow, talking(running) as quick:
            slow.say({"op": "subscribe", "id": 1, "topic": _plain(topic)})
            for identity in range(30):
                slow.say({"op": "subscribe", "id": 10 + identity, "topic": _plain(topic)})
            quick.follow(0, topic)
            quick.until(lambda message: isinstance(message, Delta) and message.sequence >= 80)
            picture = Picture(topic)
            skipped = []
            for text in slow.texts():
                message = decode_message(text, Encoding.JSON)
                if not isinstance(message, Snapshot | Delta) or message.id != 1:
                    continue
                body = decode_body(topic, message, Encoding.JSON)
                if isinstance(message, Snapshot):
                    skipped.append(message.skipped)
                    picture.begin(body)
                    expected = 1
                else:
                    assert message.sequence == expected
                    expected += 1
                    picture.change(body)
                if len(skipped) > 1:
                    break
        assert skipped[0] == 0
        assert skipped[1] > 0
        best = book_of(picture)
        assert best.state is BookState.LIVE
        assert best.bids[0][0] < best.asks[0][0]


def _plain(topic: BookTopic) -> dict[str, object]:
    return dict(json.loads(encode(topic, Encoding.JSON)))


def test_a_client_that_cuts_the_line_is_forgotten(desk: DeskInThread) -> None:
    connection = desk.connection()
    with RawStream(desk.port) as rude:
        rude.say({"op": "subscribe", "id": 1, "topic": _plain(BOOK)})
        eventually(lambda: connection.health().topics == 1)
        rude.socket.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00"
        )
    eventually(lambda: connection.health().clients == 0)
    assert connection.health().topics == 0


def test_another_source_ends_the_streams(tape: Path, tmp_path: Path) -> None:
    """Who follows the run that was left is told and closed, and finds the new one."""
    other = write_tape(tmp_path / "other.tape", 50)
    with playing(tape, tmp_path / "data", paused=True) as running:
        connection = running.until_running()
        address = feed_url(running.url, VENUE, SYMBOL)
        with (
            talking(running) as talk,
            connect(address, proxy=None, max_size=None) as heatmap,
            talking(running) as idle,
        ):
            talk.follow(1, BOOK)
            talk.until(lambda message: isinstance(message, Snapshot))
            assert feed.read_head(heatmap.recv(timeout=10)).kind is Kind.DESCRIPTION
            idle.say(Ping(1))
            connection.switch_source(f"tape:{other}")
            refused = talk.until(lambda message: isinstance(message, Refused))
            assert refused.code == "SOURCE_CHANGED"
            for opened in (talk.opened, heatmap, idle.opened):
                assert close_code(opened) == 1012
        eventually(lambda: connection.health().state == "running")
        with talking(running) as again:
            again.follow(1, BOOK)
            snapshot = again.until(lambda message: isinstance(message, Snapshot))
    assert decode_body(BOOK, snapshot, Encoding.JSON).symbol == SYMBOL


def close_code(opened: ClientConnection) -> int:
    with pytest.raises(ConnectionClosed) as closed:
        list(iter(lambda: opened.recv(timeout=10), None))
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


FRAMES = [
    (0x81, b"\xff\xfe"),
    (0x81, b""),
    (0x82, b""),
    (0x01, b'{"op":'),
    (0x80, b"no beginning"),
    (0x8B, b"no such opcode"),
    (0xC1, b"a reserved bit"),
    (0x89, b"x" * 126),
    (0x88, b"\x00"),
    (0x88, b"\x03\xe8\xff"),
]


@pytest.mark.parametrize(("first", "payload"), FRAMES)
def test_frames_that_break_the_protocol_harm_nobody(
    desk: DeskInThread, first: int, payload: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with RawStream(desk.port) as rude, contextlib.suppress(OSError):
        rude.frame(first, payload)
        rude.say({"op": "ping", "id": 1})
        rude.frame(0x88, b"\x03\xe8")
        list(rude.texts())
    connection = desk.connection()
    eventually(lambda: connection.health().clients == 0)
    assert "Traceback" not in caplog.text


def test_random_bytes_are_answered_or_closed(
    desk: DeskInThread, caplog: pytest.LogCaptureFixture
) -> None:
    """Whole requests mutated byte by byte, and frames of noise; the desk goes on and says why."""
    chance = random.Random(11)
    whole = json.dumps({"op": "subscribe", "id": 1, "topic": _plain(BOOK)}).encode()
    with talking(desk) as talk:
        for _ in range(300):
            broken = bytearray(whole)
            for _ in range(chance.randint(1, 4)):
                broken[chance.randrange(len(broken))] = chance.randrange(128)
            talk.opened.send(broken.decode() if chance.random() < 0.7 else bytes(broken))
        talk.say(Ping(77))
        talk.until(lambda message: isinstance(message, Pong) and message.id == 77)
    for _ in range(40):
        with RawStream(desk.port) as rude, contextlib.suppress(OSError):
            rude.socket.sendall(chance.randbytes(chance.randint(1, 400)))
            rude.socket.shutdown(socket.SHUT_WR)
    connection = desk.connection()
    eventually(lambda: connection.health().clients == 0)
    assert "Traceback" not in caplog.text
