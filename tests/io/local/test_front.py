import asyncio
import ssl

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from hftlib.exchange.fault_kinds import FaultKind, FaultSpec, OrderAnswer
from hftlib.io.local import front as front_module
from hftlib.io.local import link as link_module
from tests.local_support import TinyVenue


async def test_a_request_reaches_the_venue_as_it_was_sent(serving):
    async with serving() as market, httpx.AsyncClient() as client:
        url = f"{market.http()}/api/v3/order?symbol=%42TC&x=1%202&signature=a%2Bb"
        answer = await client.post(url, content=b"price=1", headers={"X-MBX-APIKEY": "key"})
        (request,) = market.venue.requests
        assert (request.method, request.path) == ("POST", "/api/v3/order")
        assert request.query == "symbol=%42TC&x=1%202&signature=a%2Bb"
        assert (request.body, request.address) == (b"price=1", "127.0.0.1")
        assert request.headers["x-mbx-apikey"] == "key"
        assert abs(request.now_ns - market.server.clock.now_ns()) < 5e9
        assert answer.status_code == 200
        assert answer.headers["X-MBX-USED-WEIGHT-1M"] == "1"
        assert answer.headers["Content-Type"] == "application/json;charset=UTF-8"


async def test_a_text_is_answered_on_the_same_socket(serving):
    async with serving() as market, connect(f"{market.ws()}/ws/btcusdt@trade?x=1") as socket:
        await socket.send("hello")
        assert await socket.recv() == "echo hello"
        (opening,) = market.venue.openings
        assert (opening.path, opening.query) == ("/ws/btcusdt@trade", "x=1")
        assert opening.headers["upgrade"] == "websocket"


async def test_what_the_venue_says_by_itself_goes_out_at_the_next_step(serving):
    async with serving() as market, connect(market.ws()) as socket:
        await market.until(lambda: market.venue.connections)
        (connection,) = market.venue.connections.values()
        for text in ("one", "two"):
            connection.say(text, 0)
        assert [await socket.recv(), await socket.recv()] == ["one", "two"]


async def test_a_message_is_framed_once_for_all_clients(serving):
    async with serving() as market, connect(market.ws()) as first, connect(market.ws()) as second:
        await market.until(lambda: len(market.venue.connections) == 2)
        one, two = market.venue.connections.values()
        one.say("shared", 0)
        (message,) = one.outbox
        two.outbox.append(message)
        assert [await first.recv(), await second.recv()] == ["shared", "shared"]
        assert message.framed is not None


async def test_time_passes_for_market_and_connections(serving):
    async with serving() as market, connect(market.ws()):
        await market.until(lambda: market.venue.connections)
        (connection,) = market.venue.connections.values()
        await market.until(lambda: len(connection.ticks) > 2)
        stepped = market.server.market.stepped
        assert stepped == sorted(stepped)
        assert abs(stepped[-1] - market.server.clock.now_ns()) < 5e9


async def test_pings_go_both_ways(serving):
    async with serving() as market, connect(market.ws()) as socket:
        waiter = await socket.ping(b"mine")
        assert await waiter >= 0
        (connection,) = market.venue.connections.values()
        assert connection.pings == [b"mine"]
        await socket.send("ping me")
        await market.until(lambda: connection.pongs == [b"payload"])


async def test_the_venue_closes_with_its_code_and_reason(serving):
    async with serving() as market, connect(market.ws()) as socket:
        await socket.send("bye")
        with pytest.raises(Exception, match="as you wish") as closed:
            await socket.recv()
        assert closed.value.rcvd.code == 1001
        await market.until(lambda: market.venue.gone == ["binance-1"])


async def test_an_abrupt_end_has_no_close_frame(serving):
    async with serving() as market, connect(market.ws()) as socket:
        await socket.send("cut me")
        with pytest.raises(ConnectionClosedError) as closed:
            await socket.recv()
        assert closed.value.rcvd is None
        await market.until(lambda: market.venue.gone == ["binance-1"])


async def test_a_client_that_closes_is_answered_and_forgotten(serving):
    async with serving() as market:
        async with connect(market.ws()) as socket:
            await socket.close(4000, "done")
        assert (socket.close_code, socket.protocol.close_rcvd.code) == (4000, 4000)
        await market.until(lambda: market.venue.gone == ["binance-1"])
        assert market.server.fronts["binance"].links == {}


async def test_a_binary_message_is_text_when_it_can_be_read(serving):
    async with serving() as market, connect(market.ws()) as socket:
        await socket.send(b"bytes")
        assert await socket.recv() == "echo bytes"
        await socket.send(b"\xff\xfe")
        with pytest.raises(ConnectionClosedError) as closed:
            await socket.recv()
        assert closed.value.rcvd.code == 1007


async def test_a_giant_of_a_client_is_refused(serving):
    async with serving() as market, connect(market.ws()) as socket:
        await socket.send("x" * (front_module.MOST_FROM_CLIENT + 1))
        with pytest.raises(ConnectionClosedError) as closed:
            await socket.recv()
        assert closed.value.rcvd.code == 1009
        await market.until(lambda: market.venue.gone == ["binance-1"])


async def test_a_refused_handshake_has_the_venues_answer(serving):
    async with serving() as market:
        market.venue.refuses = True
        with pytest.raises(InvalidStatus) as refused:
            await connect(market.ws())
        assert refused.value.response.status_code == 403
        assert refused.value.response.body == b'{"code":-1}'


async def test_a_broken_handshake_leaves_no_connection(serving):
    async with serving() as market, httpx.AsyncClient() as client:
        answer = await client.get(market.http(), headers={"Upgrade": "websocket"})
        assert answer.status_code == 400
        assert market.venue.connections == {}


async def test_a_client_that_takes_nothing_is_cut_and_counted(serving, monkeypatch):
    monkeypatch.setattr(link_module, "BACKLOG_BYTES", 100_000)
    async with serving() as market:
        link = None
        reader, writer = await asyncio.open_connection("127.0.0.1", _port(market.http()))
        writer.write(_HANDSHAKE)
        await reader.readuntil(b"\r\n\r\n")
        await market.until(lambda: market.venue.connections)
        (connection,) = market.venue.connections.values()
        link = market.server.fronts["binance"].links[connection.name]
        link._backlog_bytes = 100_000
        writer.transport.pause_reading()

        def swamp():
            if connection.name in market.venue.connections:
                connection.say("x" * 1_000_000, 0)
            return market.server.fronts["binance"].cut_slow == 1

        await market.until(swamp)
        assert market.venue.gone == ["binance-1"]
        writer.transport.abort()


async def test_a_withheld_answer_never_comes(serving, monkeypatch):
    monkeypatch.setattr(front_module, "WITHHELD_S", 0.05)
    async with serving() as market, httpx.AsyncClient() as client:
        spec = FaultSpec(FaultKind.ORDER_TIMEOUT, answer=OrderAnswer.SILENCE)
        market.faults.add(spec, market.server.clock.now_ns())
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post(f"{market.http()}/api/v3/order")
        assert len(market.venue.requests) == 1


async def test_https_is_trusted_with_the_authority_and_only_with_it(serving):
    async with serving(TinyVenue("coinbase")) as market:
        url = market.http("coinbase_tls")
        assert url.startswith("https://127.0.0.1:")
        trusting = ssl.create_default_context(cafile=market.server.authority)
        async with httpx.AsyncClient(verify=trusting) as client:
            assert (await client.get(f"{url}/time")).status_code == 200
        with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
            await httpx.AsyncClient().get(f"{url}/time")
        async with connect(url.replace("https", "wss"), ssl=trusting) as socket:
            await socket.send("safe")
            assert await socket.recv() == "echo safe"


async def test_every_client_is_told_when_the_market_stops(serving):
    async with serving() as market:
        socket = await connect(market.ws())
        await market.until(lambda: market.venue.connections)
    with pytest.raises(Exception, match="closing") as closed:
        await socket.recv()
    assert closed.value.rcvd.code == 1001


def _port(url):
    return int(url.rpartition(":")[2])


_HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
