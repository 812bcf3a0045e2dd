import asyncio
import time
from contextlib import asynccontextmanager

import pytest

from hftlib.exchange.faults import Faults
from hftlib.io.clock import WallClock
from hftlib.io.local.market_server import MarketServer
from hftlib.io.local.settings import LocalSettings
from tests.local_support import TinyMarket, TinyVenue
from tests.local_support.market_process import market_process

MOVING_BOOKS = (("binance", "BTCUSDT"), ("binance_usdm", "BTCUSDT"), ("coinbase", "BTC-USD"))


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


@pytest.fixture(scope="session")
def market(tmp_path_factory):
    """One market in a process, for all tests that throw rubbish at it."""
    with market_process(tmp_path_factory.mktemp("market")) as running:
        yield running


@pytest.fixture
def unharmed(market):
    """Hold that the market is as well after a test as before: it logs nothing, its books move."""
    before = len(market.log)
    yield market
    assert market.log[before:] == ""
    at_first = {name: market.book_id(*name) for name in MOVING_BOOKS}
    deadline = time.monotonic() + 20
    for name, update_id in at_first.items():
        while market.book_id(*name) == update_id:
            assert time.monotonic() < deadline, f"{name} stands still"
