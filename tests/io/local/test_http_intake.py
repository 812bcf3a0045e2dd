import asyncio
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from hftlib.io.local.http_intake import HttpIntake, check_handshake, read_body

HEAD = b"POST / HTTP/1.1\r\nHost: here\r\n"
KEY = b"dGhlIHNhbXBsZSBub25jZQ=="


@asynccontextmanager
async def intake(handle, **settings):
    served = HttpIntake(handle, **settings)
    listener = await asyncio.get_running_loop().create_server(served, "127.0.0.1", 0)
    yield listener.sockets[0].getsockname()[1]
    listener.close()
    await served.shutdown(0.1)


async def answer_to(port, text):
    """Return all that comes until the server hangs up, or the first answer's end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(text)
    read = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return read


async def told(request):
    body = await read_body(request, 0.05)
    answer = web.Response(body=body)
    answer.force_close()
    return answer


async def test_a_body_is_read(caplog):
    async with intake(told) as port:
        assert (await answer_to(port, HEAD + b"Content-Length: 3\r\n\r\nabc")).endswith(b"abc")
    assert caplog.records == []


@pytest.mark.parametrize(
    ("text", "status"),
    [(b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", b"400"),
     (b"Connection: close\r\nContent-Length: 3\r\n\r\na", b"408"),
     (b"Content-Length: many\r\n\r\n", b"400"),
     (b"Transfer-Encoding: chunked\r\n\r\nnonsense", b"400")],
)  # fmt: skip
async def test_what_is_no_body_is_refused_and_no_fault_of_ours(caplog, text, status):
    async with intake(told) as port:
        assert (await answer_to(port, HEAD + text)).split()[1] == status
    assert caplog.records == []


async def test_who_leaves_within_a_body_is_no_fault_of_ours(caplog):
    ended = asyncio.Event()

    async def handle(request):
        try:
            return web.Response(body=await read_body(request))
        finally:
            ended.set()

    async with intake(handle) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD + b"Content-Length: 3\r\n\r\na")
        await writer.drain()
        writer.close()
        await asyncio.wait_for(ended.wait(), 10)
    assert caplog.records == []


async def test_faults_of_ours_are_logged(caplog):
    async def broken(_request):
        raise ArithmeticError("a fault of ours")

    async with intake(broken) as port:
        assert (await answer_to(port, HEAD + b"\r\n")).split()[1] == b"500"
    assert [record.exc_info[0] for record in caplog.records] == [ArithmeticError]


async def test_who_sends_no_request_is_cut():
    async with intake(told, first_request_s=0.05) as port:
        assert await answer_to(port, HEAD) == b""


async def test_who_sends_a_request_in_time_is_not_cut():
    async def slow(_request):
        await asyncio.sleep(0.1)
        answer = web.Response(text="done")
        answer.force_close()
        return answer

    async with intake(slow, first_request_s=0.05) as port:
        assert (await answer_to(port, HEAD + b"\r\n")).endswith(b"done")


@pytest.mark.parametrize(
    ("method", "key", "status"),
    [(b"GET", KEY, b"200"), (b"POST", KEY, b"400"), (b"GET", b"", b"400"),
     (b"GET", b"short", b"400"), (b"GET", b"c2hvcnQ=", b"400"), (b"GET", b"\xff\xfe", b"400")],
)  # fmt: skip
async def test_what_is_no_handshake_is_refused(method, key, status):
    async def handle(request):
        check_handshake(request)
        return web.Response()

    text = method + b" / HTTP/1.1\r\nHost: here\r\nConnection: close\r\nSec-WebSocket-Key: " + key
    async with intake(handle) as port:
        assert (await answer_to(port, text + b"\r\n\r\n")).split()[1] == status
