"""The relay: one socket to the desk per topic, the whole picture to each tab, nobody else."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from hftlib.core.errors import UnavailableError
from hftlib.ui.relay import Address, Held, Relay
from hftlib.wire import feed
from hftlib.wire.feed import BUY, Column, Kind, TradeMark
from hftlib.wire.messages import ErrorReply
from tests.ui_support.fake_desk import FakeDesk
from tests.ui_support.serving import free_port

QUERY = "venue=binance&symbol=BTCUSDT&depth=25"


class Server:
    """Serve an ASGI app on this loop."""

    def __init__(self, app: Starlette, port: int | None = None) -> None:
        self.port = port or free_port()
        config = uvicorn.Config(app, port=self.port, log_level="error", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)

    async def __aenter__(self) -> "Server":
        self._task = asyncio.create_task(self._server.serve())
        while not self._server.started:
            await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.should_exit = True
        await self._task


class Desk(FakeDesk):
    """Count the sockets that are opened."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = 0

    async def feed(self, websocket) -> None:
        self.opened += 1
        await super().feed(websocket)


@pytest.fixture
async def desk() -> AsyncIterator[tuple[Desk, str]]:
    desk = Desk()
    async with Server(desk.app()) as server:
        yield desk, f"http://127.0.0.1:{server.port}"


@pytest.fixture
async def relay(desk: tuple[Desk, str]) -> AsyncIterator[tuple[Relay, int]]:
    async def locate() -> Address:
        return Address(desk[1], "")

    relay = Relay(locate, most_clients=3, linger_s=0.0)
    app = Starlette(routes=[WebSocketRoute("/api/feed", relay.endpoint)])
    async with Server(app) as server:
        yield relay, server.port
    relay.close()


def tab(port: int, query: str = QUERY, origin: str | None = None) -> connect:
    return connect(
        f"ws://127.0.0.1:{port}/api/feed?{query}",
        origin=origin or f"http://127.0.0.1:{port}",
        proxy=None,
        max_size=None,
    )


async def until(socket: ClientConnection, kind: Kind) -> bytes:
    async for message in socket:
        assert isinstance(message, bytes)
        if feed.read_head(message).kind is kind:
            return message
    raise AssertionError(f"no {kind.name} came")


async def test_tabs_share_one_socket_and_all_get_the_picture(
    desk: tuple[Desk, str], relay: tuple[Relay, int]
) -> None:
    async with tab(relay[1]) as first:
        await until(first, Kind.STATUS)
        async with tab(relay[1]) as second:
            description = await until(second, Kind.DESCRIPTION)
            columns = await until(second, Kind.COLUMNS)
            await until(second, Kind.LADDER)
            await until(second, Kind.TRADES)
            await until(second, Kind.STATUS)
            assert relay[0].client_count == 2
    assert desk[0].opened == 1
    assert feed.decode(description)[1].symbol == "BTCUSDT"
    assert feed.read_head(columns).flags & feed.HISTORY
    assert len(feed.decode(columns)[1]) >= 600


async def test_another_row_height_is_another_socket(
    desk: tuple[Desk, str], relay: tuple[Relay, int]
) -> None:
    async with tab(relay[1]) as first, tab(relay[1], f"{QUERY}&row_ticks=100") as second:
        assert feed.decode(await until(first, Kind.DESCRIPTION))[1].row_ticks == 50
        assert feed.decode(await until(second, Kind.DESCRIPTION))[1].row_ticks == 100
        assert relay[0].stream_count == 2
    assert desk[0].opened == 2


async def test_the_socket_goes_when_the_last_tab_is_gone(relay: tuple[Relay, int]) -> None:
    async with tab(relay[1]) as socket:
        await until(socket, Kind.STATUS)
    async with asyncio.timeout(5):
        while relay[0].stream_count:
            await asyncio.sleep(0)


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:1", "null"])
async def test_pages_of_other_origins_are_refused(relay: tuple[Relay, int], origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with tab(relay[1], origin=origin):
            pass
    assert refused.value.response.status_code == 403
    assert relay[0].stream_count == 0


async def test_a_foreign_name_that_points_here_is_refused(relay: tuple[Relay, int]) -> None:
    port = relay[1]
    foreign = connect(
        f"ws://evil.example:{port}/api/feed?{QUERY}",
        origin=f"http://evil.example:{port}",
        host="127.0.0.1",
        proxy=None,
    )
    with pytest.raises(InvalidStatus):
        async with foreign:
            pass


async def test_one_tab_too_many_is_refused(relay: tuple[Relay, int]) -> None:
    async with tab(relay[1]) as one, tab(relay[1]) as two, tab(relay[1]) as three:
        for socket in (one, two, three):
            await until(socket, Kind.STATUS)
        with pytest.raises((InvalidStatus, ConnectionClosed)):
            async with tab(relay[1]) as fourth:
                await fourth.recv()
    assert relay[0].client_count <= 3


async def test_an_unknown_book_stays_told(relay: tuple[Relay, int]) -> None:
    async with tab(relay[1], "venue=binance&symbol=NOSUCH&row_ticks=x&depth=") as socket:
        codes = {feed.decode(await until(socket, Kind.ERROR))[1].code for _ in range(2)}
    assert codes == {"UNKNOWN_BOOK"}


async def test_a_desk_that_goes_and_comes_back_elsewhere_is_followed() -> None:
    places: list[Address | None] = [None]

    async def locate() -> Address:
        if places[0] is None:
            raise UnavailableError("no desk here")
        return places[0]

    relay = Relay(locate)
    app = Starlette(routes=[WebSocketRoute("/api/feed", relay.endpoint)])
    async with Server(app) as server, tab(server.port) as socket:
        error = feed.decode(await until(socket, Kind.ERROR))[1]
        assert error == ErrorReply("DESK_UNAVAILABLE", "no desk here")
        async with Server(FakeDesk().app()) as first:
            places[0] = Address(f"http://127.0.0.1:{first.port}", "")
            await until(socket, Kind.DESCRIPTION)
        assert feed.decode(await until(socket, Kind.ERROR))[1].code == "DESK_UNREACHABLE"
        async with Server(FakeDesk().app()) as second:
            places[0] = Address(f"http://127.0.0.1:{second.port}", "")
            await until(socket, Kind.DESCRIPTION)
            relay.close()


def column(time_ms: float) -> bytes:
    rows, sizes = np.array([1.0]), np.array([2.0], np.float32)
    return feed.encode_column(Column(time_ms, 1, 2, False, rows, sizes))


def pack(kind: Kind, body: bytes, flags: int = 0) -> bytes:
    return feed.pack(kind, body, sequence=1, time_ms=2.0, flags=flags)


def test_a_newcomer_gets_history_joined_and_the_newest_of_the_rest() -> None:
    held = Held()
    held.put(pack(Kind.DESCRIPTION, b"{}"))
    held.put(pack(Kind.COLUMNS, feed.join_columns([column(1), column(2)]), feed.HISTORY))
    held.put(pack(Kind.COLUMNS, feed.join_columns([column(3)])))
    for size in (0.5, 0.7):
        held.put(pack(Kind.TRADES, feed.encode_trades([TradeMark(1, 1, size, BUY)])))
    held.put(pack(Kind.STATUS, b"old"))
    held.put(pack(Kind.STATUS, b"new"))
    kinds = {feed.read_head(message).kind: message for message in held.greeting()}
    assert list(kinds) == [Kind.DESCRIPTION, Kind.COLUMNS, Kind.TRADES, Kind.STATUS]
    assert [one.time_ms for one in feed.decode(kinds[Kind.COLUMNS])[1]] == [1, 2, 3]
    assert [one.size for one in feed.decode(kinds[Kind.TRADES])[1]] == [0.5, 0.7]
    assert feed.body_of(kinds[Kind.STATUS]) == b"new"


def test_a_new_description_voids_what_was_held() -> None:
    held = Held()
    held.put(pack(Kind.DESCRIPTION, b"{}"))
    held.put(pack(Kind.COLUMNS, feed.join_columns([column(1)])))
    held.put(pack(Kind.TRADES, feed.encode_trades([TradeMark(1, 1, 1, BUY)])))
    held.put(pack(Kind.DESCRIPTION, b"[]"))
    assert [feed.body_of(message) for message in held.greeting()] == [b"[]"]


def test_before_a_description_only_an_error_is_told() -> None:
    held = Held()
    assert held.greeting() == []
    held.put(pack(Kind.STATUS, b"{}"))
    held.put(pack(Kind.ERROR, b"{}"))
    assert [feed.read_head(message).kind for message in held.greeting()] == [Kind.ERROR]
