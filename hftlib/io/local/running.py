"""Run a local market in this process: open it, tell where it answers, serve until told to stop."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Final

from hftlib.core.compiled import are_compiled, compile_all
from hftlib.core.errors import ConfigurationError, HftlibError
from hftlib.exchange.accounts import Accounts
from hftlib.exchange.exchanges import Exchanges
from hftlib.exchange.faults import Faults
from hftlib.exchange.floor import TradingFloor
from hftlib.io.clock import WallClock
from hftlib.io.local.control import Control
from hftlib.io.local.guard import ControlGuard
from hftlib.io.local.http_intake import HttpIntake
from hftlib.io.local.market_server import MarketServer, url_of
from hftlib.io.local.ports_file import Addresses, remove_addresses, write_addresses
from hftlib.io.local.settings import CONTROL, LocalSettings, check
from hftlib.io.local.steering import Steering
from hftlib.io.loops import loop_factory
from hftlib.market.scenario import SCENARIOS
from hftlib.market.world import World

_QUIET_S: Final = 0.2

_COMPILE: Final = f"import {__name__}; {__name__}.compile_all()"

Prepare = Callable[[Callable[[], None]], None]
"""Called within the running loop with what stops the market from any thread."""


def run(
    settings: LocalSettings, tell: Callable[[Addresses], None], prepare: Prepare | None = None
) -> None:
    """Run a market until SIGINT, SIGTERM, or a call of what `prepare` was handed.

    `tell` is called once everything answers. Raises ConfigurationError for settings that cannot
    be, HftlibError when a port is taken.
    """
    check(settings)
    unknown = [name for name in settings.scenarios if name not in SCENARIOS]
    if unknown:
        raise ConfigurationError(f"no scenario {unknown[0]!r}: one of {', '.join(SCENARIOS)}")
    _compile()
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(settings, tell, prepare))


def _compile() -> None:
    """Load the kernels; the first time a process of its own compiles them.

    Compiling takes hundreds of megabytes, which go with that process.
    """
    if not are_compiled():
        print("hftlib: compiling kernels, once", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-c", _COMPILE], stdin=subprocess.DEVNULL, check=False)
    compile_all()


async def _serve(
    settings: LocalSettings, tell: Callable[[Addresses], None], prepare: Prepare | None
) -> None:
    clock = WallClock()
    exchanges = open_exchanges(settings, clock.now_ns())
    faults = Faults(settings.seed, exchanges.truth)
    server = MarketServer(exchanges, faults, settings, clock)
    steering = Steering(exchanges)
    if settings.lifetime_s:
        steering.set_lifetime(settings.lifetime_s)
    guard = ControlGuard(settings.host, settings.token)
    control = HttpIntake(Control(server, steering, guard).handle)
    try:
        await server.listen()
        server.addresses[CONTROL] = await _listen(control, settings)
        _stop_when_told(server.stop, prepare)
        told = Addresses(server.addresses, server.authority, os.getpid())
        write_addresses(settings.ports_file, told)
        tell(told)
        await server.run()
    finally:
        remove_addresses(settings.ports_file)
        await control.shutdown(_QUIET_S)


def open_exchanges(settings: LocalSettings, now_ns: int) -> Exchanges:
    """Return the venues of a fresh market whose time begins now, its scenarios started."""
    world = World(settings.seed, now_ns)
    for name in settings.scenarios:
        world.start(name, now_ns)
    return Exchanges(TradingFloor(world, settings.seed), Accounts())


async def _listen(control: HttpIntake, settings: LocalSettings) -> str:
    port = settings.ports.get(CONTROL, 0)
    try:
        listener = await asyncio.get_running_loop().create_server(control, settings.host, port)
    except OSError as error:
        raise HftlibError(f"cannot listen on {settings.host}:{port}: {error.strerror}") from None
    host, bound = listener.sockets[0].getsockname()[:2]
    return url_of("http", host, bound)


def _stop_when_told(stop: Callable[[], None], prepare: Prepare | None) -> None:
    loop = asyncio.get_running_loop()

    def stop_from_anywhere() -> None:
        loop.call_soon_threadsafe(stop)

    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:  # Windows' loop has no such thing
            signal.signal(number, lambda *_: stop_from_anywhere())
    if prepare is not None:
        prepare(stop_from_anywhere)
