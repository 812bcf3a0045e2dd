import asyncio
from contextlib import asynccontextmanager

import pytest

from hftlib.exchange.faults import Faults
from hftlib.io.local.clock import WallClock
from hftlib.io.local.market_server import MarketServer
from hftlib.io.local.settings import LocalSettings
from tests.local_support import TinyMarket, TinyVenue


class Running:
    """A tiny market behind real loopback sockets."""

    def __init__(self, server, venues):
        self.server = server
        self.venues = venues
        self.faults = server.faults

    @property
    def venue(self):
        return self.venues[0]

    def http(self, name="binance"):
        return self.server.addresses[name]

    def ws(self, name="binance"):
        return self.http(name).replace("http", "ws", 1)

    async def until(self, condition):
        """Let the server work until something has become true."""
        for _ in range(2_000):
            if condition():
                return
            await asyncio.sleep(0.005)
        raise AssertionError("it never became true")


@pytest.fixture
def serving(tmp_path):
    @asynccontextmanager
    async def serve(*venues):
        venues = venues or (TinyVenue(),)
        names = [venue.name for venue in venues]
        settings = LocalSettings(data_dir=tmp_path, ports=dict.fromkeys(names, 0))
        market, clock = TinyMarket(*venues), WallClock()
        server = MarketServer(market, Faults(1), settings, clock)
        await server.listen()
        running = asyncio.create_task(server.run())
        try:
            yield Running(server, venues)
        finally:
            server.stop()
            await running

    return serve
