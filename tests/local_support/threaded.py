"""A still market behind sockets, served by a thread, for tests that are not asynchronous."""

import asyncio
import logging
import threading

from aiohttp import web

from hftlib.exchange.accounts import Accounts
from hftlib.exchange.exchanges import Exchanges
from hftlib.exchange.faults import Faults
from hftlib.io.clock import WallClock
from hftlib.io.local.control import Control
from hftlib.io.local.guard import ControlGuard
from hftlib.io.local.market_server import MarketServer, url_of
from hftlib.io.local.settings import CONTROL, PORTS, LocalSettings
from hftlib.io.local.steering import Steering
from hftlib.market.orders import BookSide
from tests.local_support.still import StillMarket

KEYS = (("binance", "BTCUSDT"), ("binance_usdm", "BTCUSDT"), ("coinbase", "BTC-USD"))


class Complaints(logging.Handler):
    """Keep what the servers log as errors: a traceback is one."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.told = []

    def emit(self, record):
        self.told.append(self.format(record))


class ThreadedMarket:
    """Serve books of two levels a side; `addresses` by venue, and `control`."""

    def __init__(self, data_dir):
        self.complaints = Complaints()
        self._data_dir = data_dir
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self):
        logging.getLogger().addHandler(self.complaints)
        self._thread.start()
        assert self._ready.wait(120)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self.server.stop)
        self._thread.join(20)
        logging.getLogger().removeHandler(self.complaints)

    async def _serve(self):
        clock, self._loop = WallClock(), asyncio.get_running_loop()
        market = StillMarket(*KEYS, start_ns=clock.now_ns())
        for key in KEYS:
            middle = market.feed(*key).listing.opening_ticks
            for side, sign in ((BookSide.BID, -1), (BookSide.ASK, 1)):
                for step in (1, 2):
                    market.rest(*key, side, middle + sign * step, 100, market.now_ns)
        exchanges = Exchanges(market.floor, Accounts())
        settings = LocalSettings(data_dir=self._data_dir, ports=dict.fromkeys(PORTS, 0))
        self.server = MarketServer(exchanges, Faults(1, exchanges.truth), settings, clock)
        await self.server.listen()
        control = Control(self.server, Steering(exchanges), ControlGuard("127.0.0.1", ""))
        front = web.Server(control.handle, access_log=None)
        listener = await self._loop.create_server(front, "127.0.0.1", 0)
        self.addresses = dict(self.server.addresses)
        self.addresses[CONTROL] = url_of("http", *listener.sockets[0].getsockname()[:2])
        self._ready.set()
        await self.server.run()
        listener.close()
        await front.shutdown(0.1)
