"""The local venues as the desk's child: started, joined, started again, gone with the desk."""

import asyncio
import os
import signal
from pathlib import Path
from urllib.parse import urlsplit

from hftlib.desk.market_child import MarketChild
from hftlib.io.local.ports_file import FILE, Addresses, write_addresses


async def answers(url: str) -> bool:
    parts = urlsplit(url)
    try:
        _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    except OSError:
        return False
    writer.close()
    return True


async def until(is_so, within_s: float = 120.0) -> None:
    async with asyncio.timeout(within_s):
        while not await is_so():
            await asyncio.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_market_is_started_joined_revived_and_ended(tmp_path: Path) -> None:
    first, second = MarketChild(tmp_path), MarketChild(tmp_path)
    addresses = await first.open()
    try:
        assert {"binance", "coinbase", "control"} <= set(addresses)
        assert await answers(addresses["binance"])
        assert os.getpriority(os.PRIO_PROCESS, first.pid) == 10

        assert await second.open() == addresses
        assert second.pid is None
        await second.close()
        assert await answers(addresses["binance"])

        killed = first.pid
        os.kill(killed, signal.SIGKILL)

        async def is_revived() -> bool:
            return first.pid != killed and await answers(addresses["binance"])

        await until(is_revived)
        assert first.restarts == 1
    finally:
        pid = first.pid
        await first.close()
    assert not is_alive(pid)
    assert not await answers(addresses["binance"])


async def test_word_of_a_market_that_is_gone_is_not_believed(tmp_path: Path) -> None:
    write_addresses(tmp_path / FILE, Addresses({"control": "http://127.0.0.1:9"}, "", 1))
    child = MarketChild(tmp_path)
    assert await child._join() is None
