"""The local venues as the desk's child: started, joined, started again, gone with the desk."""

import asyncio
import os
import signal
from pathlib import Path
from urllib.parse import urlsplit

from hftlib.desk.market_child import MarketChild
from hftlib.io.local.ports_file import FILE, Addresses, write_addresses
from tests.local_support.market_process import market_process


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


async def test_a_market_is_started_revived_and_ended(tmp_path: Path) -> None:
    child = MarketChild(tmp_path)
    addresses = await child.open()
    try:
        assert {"binance", "coinbase", "control"} <= set(addresses)
        assert await answers(addresses["binance"])
        assert os.getpriority(os.PRIO_PROCESS, child.pid) == 10
        assert await MarketChild(tmp_path)._join() is None, "it ends with its desk"

        killed = child.pid
        os.kill(killed, signal.SIGKILL)

        async def is_revived() -> bool:
            return child.pid != killed and await answers(addresses["binance"])

        await until(is_revived)
        assert child.restarts == 1
    finally:
        pid = child.pid
        await child.close()
    assert not is_alive(pid)
    assert not await answers(addresses["binance"])


async def test_a_market_that_runs_is_joined_and_replaced_when_it_ends(tmp_path: Path) -> None:
    child = MarketChild(tmp_path)
    with market_process(tmp_path) as market:
        assert await child.open() == market.addresses
        assert child.pid is None
        market.stop()

        async def is_replaced() -> bool:
            return child.pid is not None and await answers(market.addresses["binance"])

        try:
            await until(is_replaced)
        finally:
            await child.close()


async def test_word_of_a_market_that_is_gone_is_not_believed(tmp_path: Path) -> None:
    write_addresses(tmp_path / FILE, Addresses({"control": "http://127.0.0.1:9"}, "", 1))
    child = MarketChild(tmp_path)
    assert await child._join() is None
