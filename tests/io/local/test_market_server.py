import asyncio
import socket

import pytest

from hftlib.core.errors import HftlibError
from hftlib.exchange.faults import Faults
from hftlib.exchange.messages import STEP_NS
from hftlib.io.clock import WallClock
from hftlib.io.local.market_server import CATCH_UP_NS, MarketServer, next_point, url_of
from hftlib.io.local.settings import LocalSettings
from tests.local_support import TinyMarket, TinyVenue


class HeldClock(WallClock):
    """A clock that leaps when it is told to."""

    def __init__(self):
        super().__init__()
        self.leap_ns = 0

    def now_ns(self):
        return super().now_ns() + self.leap_ns


def made(tmp_path, market=None, clock=None, **settings):
    market = market or TinyMarket(TinyVenue())
    settings = LocalSettings(data_dir=tmp_path, **{"ports": {"binance": 0}, **settings})
    return MarketServer(market, Faults(1), settings, clock or WallClock())


def test_the_next_point_is_never_the_time_itself():
    assert next_point(0) == STEP_NS
    assert next_point(STEP_NS - 1) == STEP_NS
    assert next_point(STEP_NS) == 2 * STEP_NS


def test_addresses_are_reachable_from_here():
    assert url_of("http", "0.0.0.0", 80) == "http://127.0.0.1:80"
    assert url_of("https", "::", 443) == "https://[::1]:443"
    assert url_of("http", "127.0.0.1", 1) == "http://127.0.0.1:1"


async def test_a_taken_port_is_told(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = made(tmp_path, ports={"binance": port})
        with pytest.raises(HftlibError, match=f"cannot listen on 127.0.0.1:{port} for binance"):
            await server.listen()


async def test_a_market_that_breaks_ends_the_run(tmp_path):
    market = TinyMarket(TinyVenue())

    def broken(_):
        raise RuntimeError("an invariant is broken")

    market.step = broken
    server = made(tmp_path, market)
    await server.listen()
    with pytest.raises(RuntimeError, match="an invariant"):
        await server.run()


async def test_lost_time_is_caught_up_in_pieces(tmp_path):
    clock, market = HeldClock(), TinyMarket(TinyVenue())
    server = made(tmp_path, market, clock)
    running = asyncio.create_task(server.run())
    while len(market.stepped) < 3:
        await asyncio.sleep(0.001)
    before = len(market.stepped)
    clock.leap_ns = 3 * CATCH_UP_NS
    while market.stepped[-1] < clock.now_ns() - CATCH_UP_NS:
        await asyncio.sleep(0.001)
    server.stop()
    await running
    steps = zip(market.stepped[before - 1 :], market.stepped[before:])
    assert max(after - then for then, after in steps) <= CATCH_UP_NS
    assert len(market.stepped) - before >= 3
    assert server.worst_lag_ns >= 3 * CATCH_UP_NS - STEP_NS - 1e9
