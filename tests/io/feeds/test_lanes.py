"""Lanes against a venue that misbehaves: refusals, cuts, silence, hand-overs, renewals."""

import asyncio
import json
from http import HTTPStatus

import msgspec
import pytest
from websockets.asyncio.server import ServerConnection

from hftlib.core.frames import FrameKind
from hftlib.io.feeds.lane import OVERLAP_S, RENEWAL_S
from hftlib.io.feeds.link import LARGEST_BYTES
from hftlib.io.feeds.watch import PING_EVERY_S, PONG_WITHIN_S
from hftlib.venues.lanes import lanes_for
from hftlib.venues.plans import Addresses
from tests.io.feeds.lane_harness import plan, rig_of_nothing, rig_on

DEPTH = '{"stream":"btcusdt@depth@100ms","data":{}}'


async def listen(socket: ServerConnection) -> None:
    """Say nothing, hear everything."""
    async for _ in socket:
        pass


def saying(*messages: str | bytes):
    async def handler(socket: ServerConnection) -> None:
        for message in messages:
            await socket.send(message)
        await listen(socket)

    return handler


# frames -----------------------------------------------------------------------------------------


async def test_frames_are_handed_over_in_order_and_stamped_with_their_lane():
    async with rig_on(saying("one", b"two", "drei ✓")) as rig:
        rig.lanes.open(plan(rig.url, sent=(b"hello",)))
        await rig.taker.until(lambda: len(rig.taker.of(FrameKind.WS)) == 3)
        opened, sent, *messages = rig.taker.frames
        assert (opened.kind, opened.request) == (FrameKind.OPENED, rig.url)
        assert (sent.kind, sent.payload) == (FrameKind.SENT, b"hello")
        assert [one.payload for one in messages] == [b"one", b"two", "drei ✓".encode()]
        assert {(one.venue, one.connection) for one in rig.taker.frames} == {("binance", "ws")}


async def test_a_message_in_pieces_is_put_together():
    async def handler(socket: ServerConnection) -> None:
        await socket.send(iter(["one", " ", "whole"]))
        await socket.send("next")
        await listen(socket)

    async with rig_on(handler) as rig:
        rig.lanes.open(plan(rig.url))
        await rig.taker.until(lambda: len(rig.taker.of(FrameKind.WS)) == 2)
        assert [one.payload for one in rig.taker.of(FrameKind.WS)] == [b"one whole", b"next"]


async def test_a_snapshot_of_five_megabytes_fits():
    body = "x" * 5_500_000
    async with rig_on(saying(body)) as rig:
        rig.lanes.open(plan(rig.url))
        await rig.taker.until(lambda: rig.taker.of(FrameKind.WS))
        assert rig.taker.of(FrameKind.WS)[0].payload == body.encode()


async def test_a_message_that_is_too_large_ends_the_lane_in_words():
    async with rig_on(saying("x" * (LARGEST_BYTES + 1))) as rig:
        rig.lanes.open(plan(rig.url))
        reason = (await rig.closed()).payload.decode()
        # The venue may answer our close frame before the socket is gone; the reason is ours.
        assert reason.startswith(("given up: 1009", "closed by the venue: 1009"))
        assert str(LARGEST_BYTES) in reason


async def test_pieces_that_grow_too_large_end_the_lane_too():
    async def handler(socket: ServerConnection) -> None:
        await socket.send(iter(["x" * 1_000_000] * (LARGEST_BYTES // 1_000_000 + 2)))

    async with rig_on(handler) as rig:
        rig.lanes.open(plan(rig.url))
        assert b"more than" in (await rig.closed()).payload


async def test_messages_keep_the_venues_pace():
    heard: list[float] = []

    async def handler(socket: ServerConnection) -> None:
        async for _ in socket:
            heard.append(asyncio.get_running_loop().time())
            await socket.send("heard")

    async with rig_on(handler) as rig:
        rig.lanes.open(plan(rig.url, sent=(b"1", b"2", b"3"), messages_per_s=20.0))
        await rig.taker.until(lambda: len(rig.taker.of(FrameKind.WS)) == 3)
        assert [one.payload for one in rig.taker.of(FrameKind.SENT)] == [b"1", b"2", b"3"]
        assert heard[1] - heard[0] >= 0.04
        assert heard[2] - heard[1] >= 0.04


# the end ----------------------------------------------------------------------------------------


async def test_a_close_frame_is_told_with_its_code_and_reason():
    async def handler(socket: ServerConnection) -> None:
        await socket.close(1001, "maintenance")

    async with rig_on(handler) as rig:
        rig.lanes.open(plan(rig.url))
        ended = await rig.closed()
        assert ended.payload == b"closed by the venue: 1001 maintenance"
        assert ended.request == ""
        await rig.opened(count=2)


async def test_a_cut_without_a_word_is_told_as_such_and_opened_anew():
    async def handler(socket: ServerConnection) -> None:
        await socket.send("hello")
        socket.transport.abort()

    async with rig_on(handler) as rig:
        rig.lanes.open(plan(rig.url))
        assert (await rig.closed()).payload == b"cut without a close frame"
        await rig.opened(count=3)
        (status,) = rig.lanes.statuses()
        assert status.reconnects >= 2


async def test_each_opening_is_followed_by_the_subscriptions():
    async def handler(socket: ServerConnection) -> None:
        await socket.recv()
        socket.transport.abort()

    async with rig_on(handler) as rig:
        rig.lanes.open(plan(rig.url, sent=(b"subscribe",)))
        await rig.opened(count=3)
        kinds = [one.kind for one in rig.taker.frames if one.kind is not FrameKind.CLOSED]
        assert kinds[:4] == [FrameKind.OPENED, FrameKind.SENT] * 2


async def test_silence_ends_a_lane():
    async with rig_on(saying("hello")) as rig:
        rig.lanes.open(plan(rig.url, silence_s=10.0))
        await rig.taker.until(lambda: rig.taker.of(FrameKind.WS))
        rig.pass_s(1.0)
        rig.pass_s(10.0)
        assert not rig.taker.of(FrameKind.CLOSED)
        rig.pass_s(1.0)
        assert (await rig.closed()).payload == b"silent for 11.0 s"
        await rig.opened(count=2)


async def test_the_venues_pings_are_answered_and_are_signs_of_life():
    pongs: list[float] = []

    async def handler(socket: ServerConnection) -> None:
        pongs.append(await (await socket.ping(b"are you there")))
        await socket.send("thanks")
        await listen(socket)

    async with rig_on(handler) as rig:
        rig.lanes.open(plan(rig.url, silence_s=10.0))
        await rig.taker.until(lambda: rig.taker.of(FrameKind.WS))
        assert len(pongs) == 1


async def test_a_missing_pong_ends_a_lane_that_still_brings_frames():
    going_on, done = asyncio.Event(), asyncio.Event()

    async def handler(socket: ServerConnection) -> None:
        socket.protocol.recv_frame = lambda frame: None  # hears nothing, so pings too
        await going_on.wait()
        await socket.send("still here")
        await done.wait()
        socket.transport.abort()

    async with rig_on(handler) as rig:
        rig.lanes.open(plan(rig.url, silence_s=60.0))
        await rig.opened()
        rig.pass_s(PING_EVERY_S)
        going_on.set()
        await rig.taker.until(lambda: rig.taker.of(FrameKind.WS))
        rig.pass_s(PONG_WITHIN_S + 1)
        assert (await rig.closed()).payload == b"no pong within 11.0 s"
        done.set()


async def test_a_pong_keeps_a_lane():
    heard = asyncio.Event()

    async def handler(socket: ServerConnection) -> None:
        received = socket.protocol.recv_frame

        def hear(frame: object) -> None:
            received(frame)
            heard.set()

        socket.protocol.recv_frame = hear
        await heard.wait()
        await socket.send("the pong is out")
        await listen(socket)

    async with rig_on(handler) as rig:
        rig.lanes.open(plan(rig.url, silence_s=100.0))
        await rig.opened()
        rig.pass_s(PING_EVERY_S)
        await rig.taker.until(lambda: rig.taker.of(FrameKind.WS))
        rig.pass_s(PONG_WITHIN_S + 1)
        assert not rig.taker.of(FrameKind.CLOSED)


async def test_a_lane_may_be_reconnected_and_closed_by_its_owner():
    async with rig_on(listen) as rig:
        rig.lanes.open(plan(rig.url))
        await rig.opened()
        rig.lanes.reconnect("binance", "ws", "it is stale")
        assert (await rig.closed()).payload == b"it is stale"
        await rig.opened(count=2)
        rig.lanes.close("binance", "ws")
        assert (await rig.closed(count=2)).payload == b"closed by this side"
        assert rig.lanes.statuses() == []
        rig.lanes.close("binance", "ws")
        rig.lanes.reconnect("binance", "ws", "not there")
        rig.lanes.hand_over("binance", "ws", "not there")


async def test_a_plan_is_opened_once():
    async with rig_on(listen) as rig:
        rig.lanes.open(plan(rig.url))
        with pytest.raises(ValueError, match="open already"):
            rig.lanes.open(plan(rig.url))


# refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS, "451: the venue does not serve this place"),
        (HTTPStatus.IM_A_TEAPOT, "418: this address is banned"),
        (HTTPStatus.SERVICE_UNAVAILABLE, "handshake refused: 503"),
    ],
)
async def test_a_refused_handshake_is_told_in_words(status, words):
    def refuse(socket: ServerConnection, _request: object):
        return socket.respond(status, "no")

    async with rig_on(listen, process_request=refuse) as rig:
        rig.lanes.open(plan(rig.url))
        await rig.taker.until(lambda: rig.lanes.failures("binance") >= 3)
        (status_row,) = rig.lanes.statuses()
        assert words in status_row.reason
        assert status_row.state in ("WAITING", "OPENING")
        assert rig.taker.frames == []
        assert not rig.lanes.is_open("binance")


async def test_the_venues_plea_for_patience_is_heeded():
    def refuse(socket: ServerConnection, _request: object):
        response = socket.respond(HTTPStatus.TOO_MANY_REQUESTS, "slow down")
        response.headers["Retry-After"] = "30"
        return response

    async with rig_on(listen, process_request=refuse) as rig:
        rig.lanes.open(plan(rig.url))
        await rig.taker.until(lambda: rig.taker.told)
        assert "next in 30.0 s" in rig.taker.told[0]


async def test_nobody_there_is_a_failure_that_counts():
    async with rig_of_nothing() as rig:
        rig.lanes.open(plan("ws://127.0.0.1:1/"))
        await rig.taker.until(lambda: rig.lanes.failures("binance") >= 2)
        (status,) = rig.lanes.statuses()
        assert status.reason.startswith("no connection")


async def test_an_opening_after_failures_clears_them():
    calls = []

    def refuse_twice(socket: ServerConnection, _request: object):
        calls.append(1)
        return socket.respond(HTTPStatus.BAD_GATEWAY, "no") if len(calls) < 3 else None

    async with rig_on(listen, process_request=refuse_twice) as rig:
        rig.lanes.open(plan(rig.url))
        await rig.opened()
        assert rig.lanes.failures("binance") == 0
        assert rig.lanes.is_open("binance")
        assert not rig.lanes.is_open("coinbase")


# hand-over --------------------------------------------------------------------------------------


async def test_a_lane_is_handed_over_before_it_is_cut():
    async with rig_on(saying(DEPTH)) as rig:
        rig.lanes.open(plan(rig.url + "?streams=btcusdt@depth@100ms", lifetime_s=40.0))
        await rig.opened()
        rig.pass_s(14.0)
        assert len(rig.taker.of(FrameKind.OPENED)) == 1
        rig.pass_s(16.0)
        await rig.taker.until(lambda: rig.taker.of(FrameKind.WS, "ws+"))
        assert not rig.taker.of(FrameKind.CLOSED)
        assert [status.connection for status in rig.lanes.statuses()] == ["ws", "ws+"]
        rig.pass_s(1.0)
        ended = await rig.closed("ws")
        assert ended.payload.startswith(b"handed over: the venue cuts it")
        assert ended.request == "ws+"
        (status,) = rig.lanes.statuses()
        assert (status.connection, status.reason) == ("ws+", "")


async def test_names_alternate():
    async with rig_on(saying(DEPTH)) as rig:
        rig.lanes.open(plan(rig.url))
        for count, (old, new) in enumerate([("ws", "ws+"), ("ws+", "ws")]):
            await rig.opened(old)
            rig.lanes.hand_over("binance", old, "announced")
            rig.lanes.hand_over("binance", old, "announced again")
            await rig.opened(new, count=1 + count)
            rig.pass_s(OVERLAP_S + 1)
            assert (await rig.closed(old)).request == new


async def test_a_successor_that_brings_nothing_takes_over_after_a_while():
    async with rig_on(listen) as rig:
        rig.lanes.open(plan(rig.url))
        await rig.opened()
        rig.lanes.hand_over("binance", "ws", "announced")
        await rig.opened("ws+")
        rig.pass_s(OVERLAP_S - 1)
        assert not rig.taker.of(FrameKind.CLOSED)
        rig.pass_s(1.0)
        assert (await rig.closed("ws")).request == "ws+"


async def test_a_predecessor_that_dies_early_names_its_successor():
    sockets: list[ServerConnection] = []

    async def handler(socket: ServerConnection) -> None:
        sockets.append(socket)
        await listen(socket)

    async with rig_on(handler) as rig:
        rig.lanes.open(plan(rig.url))
        await rig.opened()
        rig.lanes.hand_over("binance", "ws", "announced")
        await rig.opened("ws+")
        sockets[0].transport.abort()
        ended = await rig.closed("ws")
        assert (ended.payload, ended.request) == (b"cut without a close frame", "ws+")
        assert [status.connection for status in rig.lanes.statuses()] == ["ws+"]


async def test_a_successor_that_dies_leaves_the_lane_to_its_predecessor_and_is_tried_again():
    async def handler(socket: ServerConnection) -> None:
        if len(sockets) == 1:
            socket.transport.abort()
        sockets.append(socket)
        await listen(socket)

    sockets: list[ServerConnection] = []
    async with rig_on(handler) as rig:
        rig.lanes.open(plan(rig.url))
        await rig.opened()
        rig.lanes.hand_over("binance", "ws", "announced")
        assert (await rig.closed("ws+")).request == "ws"
        await rig.opened("ws+", count=2)
        rig.lanes.hand_over("binance", "ws+", "this one, too, will go")
        assert (await rig.closed("ws+", count=2)).payload == b"this one, too, will go"
        await rig.opened("ws+", count=3)


async def test_what_comes_after_the_farewell_is_not_taken():
    sockets: list[ServerConnection] = []

    async def handler(socket: ServerConnection) -> None:
        sockets.append(socket)
        await listen(socket)

    async with rig_on(handler) as rig:
        rig.lanes.open(plan(rig.url))
        await rig.opened()
        rig.lanes.hand_over("binance", "ws", "announced")
        await rig.opened("ws+")
        rig.pass_s(OVERLAP_S)
        await sockets[0].send("too late")
        await sockets[1].send("in time")
        await rig.taker.until(lambda: rig.taker.of(FrameKind.WS))
        await sockets[0].wait_closed()
        assert [one.payload for one in rig.taker.of(FrameKind.WS)] == [b"in time"]


# renewals ---------------------------------------------------------------------------------------


def coinbase(url: str):
    (found,) = lanes_for(Addresses("coinbase", "", url), ["BTC-USD", "ETH-USD"])
    return msgspec.structs.replace(found, silence_s=100.0)


async def test_books_are_renewed_together_in_two_messages():
    async def handler(socket: ServerConnection) -> None:
        async for message in socket:
            asked = json.loads(message)
            for symbol in asked["product_ids"] if asked["type"] == "unsubscribe" else []:
                head = '{"channel":"l2_data","sequence_num":0,"events":[{"type":"snapshot",'
                await socket.send(f'{head}"product_id":"{symbol}","updates":[]}}]}}')

    async with rig_on(handler) as rig:
        rig.lanes.open(coinbase(rig.url))
        await rig.taker.until(lambda: len(rig.taker.of(FrameKind.SENT)) == 4)
        for symbol in ("BTC-USD", "ETH-USD", "BTC-USD", "SOL-USD"):
            rig.lanes.renew("coinbase", symbol)
        await rig.taker.until(lambda: len(rig.taker.of(FrameKind.SENT)) == 6)
        asked = [json.loads(one.payload) for one in rig.taker.of(FrameKind.SENT)[4:]]
        assert [one["type"] for one in asked] == ["unsubscribe", "subscribe"]
        assert asked[0]["product_ids"] == ["BTC-USD", "ETH-USD"]
        await rig.taker.until(lambda: len(rig.taker.of(FrameKind.WS)) == 2)
        rig.pass_s(RENEWAL_S - 1)
        rig.pass_s(1.5)
        assert not rig.taker.of(FrameKind.CLOSED)


async def test_a_renewal_that_brings_no_snapshot_ends_in_a_reconnect():
    async with rig_on(listen) as rig:
        rig.lanes.open(coinbase(rig.url))
        await rig.taker.until(lambda: len(rig.taker.of(FrameKind.SENT)) == 4)
        rig.lanes.renew("coinbase", "ETH-USD")
        rig.pass_s(RENEWAL_S - 1)
        assert not rig.taker.of(FrameKind.CLOSED)
        rig.pass_s(1.0)
        assert b"no snapshot of ETH-USD" in (await rig.closed()).payload


async def test_pushed_books_are_not_handed_over_but_begun_anew():
    async with rig_on(listen) as rig:
        rig.lanes.open(coinbase(rig.url))
        await rig.opened()
        rig.lanes.hand_over("coinbase", "ws", "announced")
        ended = await rig.closed()
        assert (ended.payload, ended.request) == (b"announced", "")
        await rig.opened(count=2)


async def test_nothing_is_renewed_where_rest_brings_the_books():
    async with rig_on(listen) as rig:
        rig.lanes.open(plan(rig.url))
        rig.lanes.renew("binance", "BTCUSDT")
        await rig.opened()
        rig.lanes.renew("binance", "BTCUSDT")
        rig.pass_s(RENEWAL_S + 1)
        assert not rig.taker.of(FrameKind.SENT)
        assert not rig.taker.of(FrameKind.CLOSED)


# broken invariants ------------------------------------------------------------------------------


async def test_what_the_engine_raises_is_not_swallowed():
    going_on = asyncio.Event()

    async def handler(socket: ServerConnection) -> None:
        await going_on.wait()
        await socket.send("hello")
        await listen(socket)

    async with rig_on(handler) as rig:
        rig.lanes.open(plan(rig.url))
        await rig.opened()
        rig.taker.fails = True
        going_on.set()
        with pytest.raises(RuntimeError, match="an invariant is broken"):
            await asyncio.wait_for(rig.lanes.broken, 10)
        rig.taker.fails = False
