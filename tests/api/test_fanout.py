import contextlib
import socket
import struct
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from hftlib.client.connection import feed_url, stream_url
from hftlib.core.states import BookState
from hftlib.wire import feed
from hftlib.wire.feed import Kind
from hftlib.wire.stream import Encoding, Refused, decode_message
from tests.desk_support.recording import BEST_BID, START_NS, STEP_NS, SYMBOL, VENUE
from tests.desk_support.server import DeskInThread, eventually, playing


@pytest.fixture
def moving(tape: Path, tmp_path: Path) -> Iterator[DeskInThread]:
    """Return a desk that plays at ten times the recorded pace."""
    with playing(tape, tmp_path, speed=10.0) as running:
        running.until_running()
        yield running


@contextlib.contextmanager
def listening(desk: DeskInThread, symbol: str = SYMBOL, **query: int) -> Iterator[ClientConnection]:
    address = feed_url(desk.url, VENUE, symbol, **query)
    with connect(address, compression=None, max_size=None, proxy=None) as opened:
        yield opened


def take(opened: ClientConnection, *kinds: Kind):
    """Return head and body of the next message of one of these kinds."""
    while True:
        head, body = feed.decode(opened.recv(timeout=30))
        if head.kind in kinds:
            return head, body


def test_a_client_is_greeted_with_all_it_needs_in_order(desk: DeskInThread) -> None:
    with listening(desk, depth=5) as opened:
        messages = [feed.decode(opened.recv(timeout=30)) for _ in range(5)]
    heads, bodies = zip(*messages, strict=True)
    assert [head.kind for head in heads] == [
        Kind.DESCRIPTION,
        Kind.COLUMNS,
        Kind.LADDER,
        Kind.TRADES,
        Kind.STATUS,
    ]
    description, columns, ladder, trades, status = bodies
    assert heads[1].flags == feed.HISTORY
    assert (description.tick, description.quote, description.column_ms) == ("0.01", "USDT", 100)
    assert ladder.bid_ticks.tolist() == [BEST_BID - level for level in range(5)]
    assert ladder.ask_sizes.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert (ladder.state, ladder.verified) == (BookState.LIVE, True)
    assert status.features["mid"] == pytest.approx(BEST_BID / 100 + 0.005)
    assert (trades, columns) == ([], columns)


def test_columns_come_ten_a_second_of_run_time_and_none_twice(moving: DeskInThread) -> None:
    times: list[float] = []
    with listening(moving, row_ticks=10) as opened:
        while len(times) < 60:
            _, columns = take(opened, Kind.COLUMNS)
            times += [column.time_ms for column in columns]
    steps = {round(later - earlier) for earlier, later in pairwise(times)}
    assert steps == {100}


def test_binned_sizes_are_those_of_the_book(desk: DeskInThread, moving: DeskInThread) -> None:
    with listening(moving, row_ticks=25) as opened:
        description = take(opened, Kind.DESCRIPTION)[1]
        column = next(c for c in take(opened, Kind.COLUMNS)[1] + take(opened, Kind.COLUMNS)[1])
    assert description.row_ticks == 25
    assert column.best_bid_ticks == BEST_BID
    assert column.best_ask_ticks == BEST_BID + 1
    held = sum(size for size in column.sizes.tolist() if size < 0)
    assert -50 * 51 / 2 <= held <= -50


def test_trades_come_once(moving: DeskInThread) -> None:
    times: list[float] = []
    with listening(moving, row_ticks=10) as opened:
        while len(times) < 20:
            times += [trade.time_ms for trade in take(opened, Kind.TRADES)[1]]
    steps = {round(later - earlier) for earlier, later in pairwise(times)}
    assert steps == {500}


def test_after_a_seek_the_feed_begins_again(tape: Path, tmp_path: Path) -> None:
    with playing(tape, tmp_path, paused=True) as running:
        connection = running.until_running()
        with listening(running, row_ticks=10) as opened:
            take(opened, Kind.STATUS)
            connection.seek(START_NS + 300 * STEP_NS)
            take(opened, Kind.DESCRIPTION)
            head, columns = take(opened, Kind.COLUMNS)
            assert head.flags == feed.HISTORY
            times = [column.time_ms for column in columns]
            while len(times) < 298:
                times += [column.time_ms for column in take(opened, Kind.COLUMNS)[1]]
            status = eventually(
                lambda: next(
                    body
                    for _, body in iter(lambda: take(opened, Kind.STATUS), None)
                    if not body.clock.seeking
                )
            )
    assert times == sorted(set(times))
    assert times[-1] <= (START_NS + 300 * STEP_NS) / 1e6
    assert status.clock.time_ms == (START_NS + 300 * STEP_NS) / 1e6


def test_an_unknown_book_is_told_and_closed(desk: DeskInThread) -> None:
    with listening(desk, "DOGE") as opened:
        _, error = take(opened, Kind.ERROR)
        assert error.code == "UNKNOWN_BOOK"
        assert "BTCUSDT" in error.message
        with pytest.raises(ConnectionClosed):
            opened.recv(timeout=30)


def refusal_of(address: str) -> tuple[Refused, int]:
    """Return the one sentence that a connection is told, and the code of the close after it."""
    with connect(address, compression=None, proxy=None) as opened:
        told = decode_message(opened.recv(timeout=30), Encoding.JSON)
        with pytest.raises(ConnectionClosed) as closed:
            opened.recv(timeout=30)
    assert isinstance(told, Refused)
    assert closed.value.rcvd is not None
    return told, closed.value.rcvd.code


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("venue=binance", "INVALID_MESSAGE"),
        ("topic=heatmap&venue=binance", "INVALID_MESSAGE"),
        ("topic=book&venue=binance&symbol=BTCUSDT&row_ticks=5", "INVALID_MESSAGE"),
        ("topic=nothing", "UNKNOWN_TOPIC"),
        ("encoding=xml", "UNKNOWN_ENCODING"),
        *(
            (f"topic=heatmap&venue=binance&symbol=BTCUSDT&row_ticks={text}", "INVALID_MESSAGE")
            for text in ("0", "-5", "x", "9" * 4_300, "1" + "0" * 17)
        ),
    ],
)
def test_an_address_that_says_nothing_is_told_so_and_closed(
    desk: DeskInThread, query: str, code: str
) -> None:
    refused, close = refusal_of(f"{stream_url(desk.url)}?{query}")
    assert (refused.id, refused.code, close) == (None, code, 1008)
    assert refused.message


def test_another_origin_is_refused(desk: DeskInThread) -> None:
    address = feed_url(desk.url, VENUE, SYMBOL)
    with (
        pytest.raises(InvalidStatus) as refusal,
        connect(address, origin="http://evil.example", proxy=None),
    ):
        pytest.fail("it opened")
    assert refusal.value.response.status_code == 403
    assert b"ORIGIN_REFUSED" in refusal.value.response.body


def test_clients_are_counted_and_forgotten(desk: DeskInThread) -> None:
    connection = desk.connection()
    eventually(lambda: connection.health().clients == 0)
    with listening(desk) as first, listening(desk) as second:
        take(first, Kind.STATUS)
        take(second, Kind.STATUS)
        health = connection.health()
        assert (health.clients, health.topics) == (2, 1)
    eventually(lambda: connection.health().clients == 0)
    assert connection.health().topics == 0


def upgrade(desk: DeskInThread) -> socket.socket:
    """Open a feed by hand over a socket with the smallest of buffers, and read no frame of it."""
    opened = socket.socket()
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
    opened.connect(("127.0.0.1", desk.port))
    path = feed_url(desk.url, VENUE, SYMBOL, row_ticks=1, depth=1_000).partition(str(desk.port))[2]
    opened.sendall(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    return opened


def read_frames(opened: socket.socket) -> Iterator[bytes]:
    """Yield the messages of a websocket read by hand, as the server sends them: unmasked, whole."""
    stream = opened.makefile("rb")
    while stream.readline() != b"\r\n":
        pass
    while True:
        first, length = struct.unpack("!BB", stream.read(2))
        if length >= 126:
            wide = "!H" if length == 126 else "!Q"
            (length,) = struct.unpack(wide, stream.read(struct.calcsize(wide)))
        payload = stream.read(length)
        if first & 0x0F == 2:
            yield payload


def test_a_client_that_does_not_read_is_not_waited_for_and_loses_no_column(
    tape: Path, tmp_path: Path
) -> None:
    with playing(tape, tmp_path, paused=True, loop=False, send_buffer=16_384) as running:
        connection = running.until_running()
        opened = upgrade(running)
        eventually(lambda: connection.health().clients == 1)
        connection.set_speed(50)
        connection.play()
        with listening(running, row_ticks=10) as quick:
            while not take(quick, Kind.STATUS)[1].clock.ended:
                pass
        times: list[float] = []
        sequences: list[int] = []
        largest = 0
        for message in read_frames(opened):
            head, body = feed.decode(message)
            sequences.append(head.sequence)
            if head.kind is Kind.COLUMNS:
                times += [column.time_ms for column in body]
                largest = max(largest, len(body))
            if head.kind is Kind.STATUS and body.clock.ended:
                break
        opened.close()
    steps = {round(later - earlier) for earlier, later in pairwise(times)}
    assert steps == {100}
    assert len(times) >= 595
    assert largest > 50, "nothing was joined: the client was never behind"
    assert sequences == sorted(sequences)
