"""A market process of its own for the REST tests, and clients that ask it."""

import asyncio
import random

import pytest

from hftlib.io.clock import WallClock
from hftlib.io.rest.client import RestClient
from hftlib.venues.plans import Addresses
from tests.local_support.market_process import market_process

VENUES = ("binance", "binance_usdm", "coinbase", "coinbase_exchange")


@pytest.fixture(scope="package")
def running(tmp_path_factory):
    with market_process(tmp_path_factory.mktemp("market")) as market:
        yield market


@pytest.fixture
def market(running):
    running.control("DELETE", "faults")
    running.reset_limits()
    yield running
    running.control("DELETE", "faults")


@pytest.fixture
def addresses(market):
    return {venue: Addresses(venue, market.addresses[venue], "") for venue in VENUES}


class Asking:
    """Run a client on a loop of its own; `taken` holds the frames that it handed on."""

    def __init__(self):
        self.taken = []
        self.client = None

    def take(self, *frame):
        self.taken.append(frame)

    def run(self, work):
        """Run `work(client)`, then close the client; return what it returned."""

        async def whole():
            self.client = RestClient(self.take, WallClock(), random.Random(1))
            try:
                async with asyncio.timeout(60):
                    return await work(self.client)
            finally:
                self.statuses = {one.venue: one for one in self.client.statuses()}
                await self.client.close()

        return asyncio.run(whole())


@pytest.fixture
def asking():
    return Asking()
