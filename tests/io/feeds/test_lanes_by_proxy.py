"""A lane through the proxy that the environment names: the name is resolved at its other end."""

import asyncio
import contextlib

from hftlib.core.frames import FrameKind
from tests.io.feeds.lane_harness import plan, rig_on
from tests.io.feeds.test_lanes import saying


async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
    writer.close()


async def test_a_lane_goes_through_the_proxy_of_the_environment(monkeypatch):
    asked: list[bytes] = []

    async with rig_on(saying("hello from afar")) as rig:
        port = int(rig.url.rstrip("/").rpartition(":")[2])

        async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await asyncio.gather(pipe(reader, far_writer), pipe(far_reader, writer))

        proxy = await asyncio.start_server(tunnel, "127.0.0.1", 0)
        address = proxy.sockets[0].getsockname()
        monkeypatch.setenv("WS_PROXY", f"http://{address[0]}:{address[1]}")
        monkeypatch.setenv("NO_PROXY", "")
        rig.lanes.open(plan("ws://stream.exchange.invalid:9443/stream"))
        await rig.taker.until(lambda: rig.taker.of(FrameKind.WS))
        assert asked[0].startswith(b"CONNECT stream.exchange.invalid:9443 ")
        assert rig.taker.of(FrameKind.WS)[0].payload == b"hello from afar"
        proxy.close()


async def test_a_proxy_that_refuses_is_told(monkeypatch):
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
        writer.close()

    async with rig_on(saying()) as rig:
        proxy = await asyncio.start_server(refuse, "127.0.0.1", 0)
        address = proxy.sockets[0].getsockname()
        monkeypatch.setenv("WS_PROXY", f"http://{address[0]}:{address[1]}")
        monkeypatch.setenv("NO_PROXY", "")
        rig.lanes.open(plan("ws://stream.exchange.invalid:9443/stream"))
        await rig.taker.until(lambda: rig.lanes.failures("binance") >= 1)
        (status,) = rig.lanes.statuses()
        assert "403" in status.reason
        proxy.close()
