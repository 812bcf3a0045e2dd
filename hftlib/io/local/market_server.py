"""The local market as it runs: venues behind their ports, and the task that lets time pass."""

import asyncio
import gc
import logging
import ssl
from collections.abc import Mapping
from typing import Final, Protocol

from hftlib.core.errors import HftlibError
from hftlib.core.venue import COINBASE
from hftlib.exchange.faults import Faults
from hftlib.exchange.messages import STEP_NS, VenueServer
from hftlib.io.clock import WallClock
from hftlib.io.local.certificates import certificates, server_context
from hftlib.io.local.front import VenueFront
from hftlib.io.local.settings import TLS, LocalSettings

TICK_NS: Final = 50_000_000
"""How often connections are told the time."""
CATCH_UP_NS: Final = 500_000_000
"""Market time that passes at most before clients are served again."""

_log: Final = logging.getLogger(__name__)


class LiveMarket(Protocol):
    """Be the venues and the market behind them."""

    @property
    def servers(self) -> Mapping[str, VenueServer]:
        """Return the venues by name."""

    def step(self, now_ns: int) -> None:
        """Let time pass up to `now_ns` and publish."""


class MarketServer:
    """Serve the venues of one market until it is stopped."""

    def __init__(
        self, market: LiveMarket, faults: Faults, settings: LocalSettings, clock: WallClock
    ) -> None:
        """Prepare; nothing listens yet."""
        self.market = market
        self.faults = faults
        self.settings = settings
        self.clock = clock
        self.started_ns = clock.now_ns()
        self.addresses: dict[str, str] = {}
        self.authority = ""
        self.fronts = {
            name: VenueFront(server, faults, clock, self.step)
            for name, server in market.servers.items()
        }
        self.worst_lag_ns = 0
        self._reached_ns = self.started_ns
        self._stopping = asyncio.Event()

    async def listen(self) -> None:
        """Open the ports of every venue. Raises HftlibError when one is taken."""
        for name, front in self.fronts.items():
            self.addresses[name] = await self._open(front, name, None)
        if COINBASE in self.fronts:
            files = certificates(self.settings.data_dir)
            context = server_context(files)
            self.addresses[TLS] = await self._open(self.fronts[COINBASE], TLS, context)
            self.authority = str(files.authority.resolve())

    async def _open(self, front: VenueFront, name: str, context: ssl.SSLContext | None) -> str:
        port = self.settings.ports.get(name, 0)
        try:
            host, bound = await front.listen(self.settings.host, port, context)
        except OSError as error:
            raise HftlibError(
                f"cannot listen on {self.settings.host}:{port} for {name}: {error.strerror}; "
                f"choose another port, or 0 for a free one"
            ) from None
        return url_of("http" if context is None else "https", host, bound)

    def stop(self) -> None:
        """Let `run` return."""
        self._stopping.set()

    async def run(self) -> None:
        """Let the market's time pass with the wall clock's until `stop`; then hang up.

        Raises what the market raised: a broken invariant ends it.
        """
        gc.collect()
        gc.freeze()
        passing = asyncio.create_task(self._pass_time())
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait((passing, stopping), return_when=asyncio.FIRST_COMPLETED)
        for task in (passing, stopping):
            task.cancel()
        await asyncio.gather(*(front.stop() for front in self.fronts.values()))
        ended = await asyncio.gather(passing, return_exceptions=True)
        if isinstance(ended[0], Exception):
            raise ended[0]

    def step(self, now_ns: int) -> None:
        """Let the market's time pass up to `now_ns`, or as far as clients can be made to wait.

        Clients' requests come through here, too: what is due is published before they act, so
        that no frame tells of what happened after its stamp.
        """
        self.worst_lag_ns = max(self.worst_lag_ns, now_ns - self._reached_ns - STEP_NS)
        self._reached_ns = max(self._reached_ns, min(now_ns, self._reached_ns + CATCH_UP_NS))
        self.market.step(self._reached_ns)

    async def _pass_time(self) -> None:
        self._reached_ns = tick_at = self.clock.now_ns()
        while True:
            now_ns = self.clock.now_ns()
            self.step(now_ns)
            if now_ns >= tick_at:
                self._tick(now_ns)
                tick_at = now_ns + TICK_NS
            for front in self.fronts.values():
                front.flush(now_ns)
            # The point after the time that was stepped to: it may be reached already.
            await asyncio.sleep(max(next_point(now_ns) - self.clock.now_ns(), 0) / 1e9)

    def _tick(self, now_ns: int) -> None:
        for front in self.fronts.values():
            front.tick(now_ns)


def next_point(now_ns: int) -> int:
    """Return the first point of the grid after `now_ns`."""
    return (now_ns // STEP_NS + 1) * STEP_NS


def url_of(scheme: str, host: str, port: int) -> str:
    """Return a URL at which this machine reaches a listener."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"{scheme}://{f'[{reachable}]' if ':' in reachable else reachable}:{port}"
